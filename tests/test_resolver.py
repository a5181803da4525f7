"""The resolver: what a pickle names is imported here, and so are modules of migrations."""

import gc
import pickle
import sys
import threading

import pytest

import pickle_migrate
from pickle_migrate import Lineage, Registry, resolver, stamps
from pickle_migrate.errors import (
    GapError,
    OperationError,
    SettingsError,
    StampError,
    UnknownClassError,
)
from pickle_migrate.project import VARIABLE, Settings
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT

LOADERS = [pickle.loads, pickle._loads, pickle_migrate.loads]
each_loader = pytest.mark.parametrize("loads", LOADERS, ids=["C", "Python", "pickle_migrate"])
FIRST = """
    @versioned(1)
    class Order:
        def __init__(self, qty=1):
            self.qty = qty
"""
SECOND = """
    @versioned(2, migrations="res_steps")
    class Order:
        pass
"""
STEPS = """
    import sys
    sys.res_log = [*getattr(sys, "res_log", []), __name__]
    Lineage("res_shop:Order").upgrade(1, RenameField("qty", "quantity"))
"""


@pytest.fixture(autouse=True)
def log(scratch):
    """Which modules of migrations were run, in order."""
    yield lambda: getattr(sys, "res_log", [])
    vars(sys).pop("res_log", None)


@pytest.fixture
def old(scratch):
    """A pickle of version 1, written by the code of version 1, which is gone."""
    data = pickle.dumps(scratch.module("res_shop", FIRST).Order(3))
    scratch.remove("res_shop")
    return data


# --- settings ---------------------------------------------------------------------------------


def test_settings_are_read_when_first_asked_for_and_kept(scratch, tmp_path, monkeypatch):
    """A later change of the file, of the folder or of the variable changes nothing."""
    path = tmp_path / "s.toml"
    path.write_text('migrations = "one"')
    monkeypatch.setenv(VARIABLE, str(path))
    assert resolver.settings().migrations == ("one",)
    path.write_text('migrations = "two"')
    monkeypatch.setenv(VARIABLE, "")
    assert resolver.settings().migrations == ("one",)
    resolver.use_settings(None)
    assert resolver.settings() == Settings()


def test_settings_may_be_given(scratch):
    """Their renames go into the default registry."""
    chosen = Settings(renames={"res_old": "res_new", "res_m:A": "res_m:B"})
    resolver.use_settings(chosen)
    assert resolver.settings() is chosen
    assert str(DEFAULT.current_ref(GlobalRef("res_old.x", "C"))) == "res_new.x:C"
    assert str(DEFAULT.current_ref(GlobalRef("res_m", "A"))) == "res_m:B"


@pytest.mark.parametrize(
    ("renames", "problem"),
    [({"a:B": "c"}, "does not name a class"), ({"a": "b", "b": "a"}, "in a circle")],
)
def test_a_wrong_rename_is_an_error_of_the_settings(
    scratch, tmp_path, monkeypatch, renames, problem
):
    """Every load says so until it is corrected; none goes on with half of the renames."""
    path = tmp_path / "s.toml"
    path.write_text("[renames]\n" + "".join(f'"{k}" = "{v}"\n' for k, v in renames.items()))
    monkeypatch.setenv(VARIABLE, str(path))
    for _ in range(2):
        with pytest.raises(SettingsError, match=problem) as caught:
            resolver.settings()
        assert caught.value.path == str(path)
    path.write_text("")
    assert resolver.settings().renames == {}


# --- refs -------------------------------------------------------------------------------------


def test_a_ref_is_imported(scratch):
    """A class, a nested one, a function; the module is imported for it."""
    scratch.write("res_pack.inner", "class A:\n    class B:\n        pass\ndef f(): pass\n")
    found = resolver.import_ref(GlobalRef("res_pack.inner", "A.B"))
    assert found is sys.modules["res_pack.inner"].A.B
    assert resolver.import_ref(GlobalRef("res_pack.inner", "f")).__name__ == "f"


@pytest.mark.parametrize(
    ("module", "qualname", "error"),
    [
        ("res_no_such", "A", ModuleNotFoundError),
        ("res_m.no_such", "A", ModuleNotFoundError),
        ("res_m", "B", AttributeError),
        ("res_m", "A.B", AttributeError),
        ("res_broken", "A", ZeroDivisionError),
    ],
)
def test_what_cannot_be_imported_is_python_s_own_error(scratch, module, qualname, error):
    """The resolver adds nothing."""
    scratch.write("res_m", "class A:\n    pass\n")
    scratch.write("res_broken", "1 / 0\n")
    with pytest.raises(error):
        resolver.import_ref(GlobalRef(module, qualname))


# --- modules of migrations --------------------------------------------------------------------


@each_loader
def test_migrations_are_imported_for_old_pickles_only(scratch, log, old, loads):
    """A program whose pickles are all current never imports them."""
    order = scratch.module("res_shop", SECOND).Order
    scratch.write("res_steps", STEPS)
    assert vars(loads(pickle.dumps(order()))) == {}
    assert "res_steps" not in sys.modules
    assert loads(old).quantity == 3
    assert log() == ["res_steps"]


@each_loader
def test_migrations_are_imported_once(scratch, log, old, loads):
    """However many old pickles are loaded, and even if the module was taken away since."""
    scratch.module("res_shop", SECOND)
    scratch.write("res_steps", STEPS)
    assert [loads(old).quantity for _ in range(3)] == [3, 3, 3]
    scratch.forget("res_steps")
    Lineage("res_shop:Order").accept_fingerprint(1, "aa")
    assert loads(old).quantity == 3
    assert log() == ["res_steps"]


@each_loader
def test_migrations_that_the_settings_name(scratch, log, old, loads):
    """All of them, in their order, before those that the class names."""
    scratch.module("res_shop", SECOND)
    scratch.write("res_steps", STEPS)
    scratch.write("res_b", "import sys\nsys.res_log = ['res_b']\n")
    scratch.write("res_a", "import sys\nsys.res_log += ['res_a']\n")
    resolver.use_settings(Settings(migrations=("res_b", "res_a")))
    assert loads(old).quantity == 3
    assert log() == ["res_b", "res_a", "res_steps"]


@each_loader
def test_a_rename_in_a_module_of_migrations_is_found(scratch, old, loads):
    """The old class is not there, so the modules of the settings are asked."""
    scratch.module("res_store", "@versioned(2)\nclass Sale:\n    pass\n")
    source = """
        Lineage("res_store:Sale").renamed_from("res_shop:Order").upgrade(1)
    """
    scratch.write("res_steps", source)
    with pytest.raises(UnknownClassError, match="res_shop:Order at version 1"):
        loads(old)
    resolver.use_settings(Settings(migrations=("res_steps",)))
    assert type(loads(old)).__name__ == "Sale"
    assert loads(old).qty == 3


@each_loader
def test_a_swap_in_the_classes_own_migrations_is_found(scratch, loads):
    """The name in the pickle is a class's today, and only its migrations know that it was
    another's then.
    """
    pair = "@versioned({v}, migrations={m!r})\nclass {name}:\n    was = {was!r}\n"

    def source(version, migrations, **names):
        return "".join(
            pair.format(v=version, m=migrations, name=name, was=was) for name, was in names.items()
        )

    before = scratch.module("res_swap", source(1, (), A="first", B="second"))
    data = [pickle.dumps(before.A()), pickle.dumps(before.B())]
    scratch.module("res_swap", source(2, "res_swap_steps", A="second", B="first"))
    declared = [
        f"Lineage('res_swap:{new}').renamed_from('res_swap:{old}', until=1).upgrade(1)\n"
        for new, old in ("AB", "BA")
    ]
    scratch.write("res_swap_steps", "".join(declared))
    assert [loads(d).was for d in data] == ["first", "second"]


BROKEN = [
    ("import res_no_such_module\n", "No module named 'res_no_such_module'"),
    ("from res_shop import Gone\n", "cannot import name 'Gone'"),
    ("1 / 0\n", "ZeroDivisionError"),
    ("Lineage('res_shop:Order').upgrde(1)\n", "'Lineage' object has no attribute 'upgrde'"),
    ("def (:\n", "SyntaxError"),
]


@each_loader
@pytest.mark.parametrize(("source", "reason"), BROKEN)
def test_a_broken_module_of_migrations_is_named(scratch, old, loads, source, reason):
    """With what is wrong in it; what it raised is the cause, whatever it is."""
    scratch.module("res_shop", SECOND)
    scratch.write("res_steps", source)
    with pytest.raises(SettingsError) as caught:
        loads(old)
    assert "'res_steps'" in caught.value.problem
    assert reason in caught.value.problem
    assert caught.value.path == "versioned()"
    assert caught.value.__cause__ is not None


@each_loader
def test_a_module_of_migrations_that_is_not_there_is_named(scratch, old, loads):
    """With the settings file that names it."""
    scratch.module("res_shop", SECOND)
    resolver.use_settings(Settings(migrations=("res_no_such",), source="shop.toml"))
    with pytest.raises(SettingsError, match="No module named 'res_no_such'") as caught:
        loads(old)
    assert caught.value.path == "shop.toml"


@each_loader
def test_a_wrong_declaration_in_it_says_itself_where_it_is(scratch, old, loads):
    """It is not wrapped."""
    scratch.module("res_shop", SECOND)
    scratch.write("res_steps", "Lineage('res_shop:Order').upgrade(1, RenameField)\n")
    with pytest.raises(OperationError, match="RenameField"):
        loads(old)


@each_loader
def test_a_broken_module_is_tried_again(scratch, old, loads):
    """After it was corrected, the same program goes on."""
    scratch.module("res_shop", SECOND)
    scratch.write("res_steps", "1 / 0\n")
    for _ in range(2):
        with pytest.raises(SettingsError):
            loads(old)
    scratch.write("res_steps", STEPS)
    assert loads(old).quantity == 3


# --- classes ----------------------------------------------------------------------------------


@each_loader
def test_what_a_user_s_module_fails_to_import_is_shown_as_it_is(scratch, old, loads):
    """Its own ModuleNotFoundError is not taken for its absence."""
    for source, name in [
        ("import res_absent", "res_absent"),
        ("import res_shop.part", "res_shop.part"),
        ("import res_shop_too", "res_shop_too"),
    ]:
        scratch.write("res_shop", source + "\n")
        scratch.forget("res_shop")
        with pytest.raises(ModuleNotFoundError) as caught:
            loads(old)
        assert caught.value.name == name


@each_loader
@pytest.mark.parametrize("error", ["ZeroDivisionError", "ImportError", "KeyError"])
def test_what_a_user_s_module_raises_is_shown_as_it_is(scratch, old, loads, error):
    """As plain pickle shows it."""
    scratch.write("res_shop", f"raise {error}('mine')\n")
    with pytest.raises(Exception, match="mine") as caught:
        loads(old)
    assert type(caught.value).__name__ == error


ABSENT = [
    (None, "no such class can be imported"),
    ("", "no such class can be imported"),
    ("Order = 5\n", "no such class can be imported"),
    ("class Order:\n    pass\n", "not registered with @versioned"),
]


@each_loader
@pytest.mark.parametrize(("source", "reason"), ABSENT)
def test_a_stamp_without_its_class_is_an_error(scratch, loads, source, reason):
    """It names the class, its version, and why: absent, no class, or not registered."""
    data = pickle.dumps(scratch.module("res_absent", FIRST).Order())
    scratch.remove("res_absent")
    if source is not None:
        scratch.write("res_absent", source)
    with pytest.raises(UnknownClassError, match=reason) as caught:
        loads(data)
    assert (caught.value.ref, caught.value.version) == ("res_absent:Order", 1)


@each_loader
def test_a_renamed_class_that_is_absent_is_named_with_both_names(scratch, old, loads):
    """The one in the pickle and the one that it has by now."""
    scratch.write("res_shop", "")
    Lineage("res_store:Sale").renamed_from("res_shop:Order")
    with pytest.raises(UnknownClassError, match=r"res_shop:Order .*renamed to res_store:Sale"):
        loads(old)


def test_a_class_is_found_where_it_is_registered(scratch):
    """Though its module has no such name: it was made by a function."""
    source = """
        def make():
            class Order:
                pass
            Order.__qualname__ = "Order"
            return versioned(2)(Order)
        made = make()
        """
    module = scratch.module("res_made", source)
    assert type(resolver.find_stamp("res_made:Order@2")()) is module.made


@pytest.mark.parametrize("text", ["res_shop:Order", "res_shop:Order@", "a:b:c@1"])
def test_a_malformed_stamp_is_refused(scratch, text):
    """Before anything is imported."""
    scratch.write("res_shop", "1 / 0\n")
    with pytest.raises(StampError):
        resolver.find_stamp(text)


# --- what is remembered -----------------------------------------------------------------------


def test_a_stamp_is_found_once(scratch, old):
    """The same callable serves every pickle."""
    scratch.module(
        "res_shop", "Lineage('res_shop:Order').upgrade(1)\n@versioned(2)\nclass Order: pass\n"
    )
    found = resolver.find_stamp("res_shop:Order@1")
    assert resolver.find_stamp("res_shop:Order@1") is found
    assert getattr(stamps, "res_shop:Order@1") is found


@each_loader
def test_a_new_declaration_outdates_what_was_found(scratch, old, loads):
    """A step, a rename, an order of fields: the next load knows it."""
    source = "Lineage('res_shop:Order').upgrade(1)\n@versioned(2)\nclass Order: pass\n"
    scratch.module("res_shop", source)
    seen = []
    assert vars(loads(old)) == {"qty": 3}
    Lineage("res_shop:Order").finish(1, seen.append)
    loads(old)
    assert len(seen) == (loads is pickle_migrate.loads)
    moved = scratch.module("res_store", "@versioned(3)\nclass Sale: pass\n")
    Lineage("res_store:Sale").renamed_from("res_shop:Order", until=1)
    with pytest.raises(GapError):
        loads(old)
    Lineage("res_store:Sale").upgrade(1).upgrade(2)
    assert type(loads(old)) is moved.Sale


@each_loader
def test_a_new_class_outdates_what_was_found(scratch, old, loads):
    """A reloaded module brings another one; no object of the first class is made any more."""
    source = "Lineage('res_shop:Order').upgrade(1)\n@versioned(2)\nclass Order: pass\n"
    first = scratch.module("res_shop", source).Order
    current = pickle.dumps(first())
    assert type(loads(old)) is type(loads(current)) is first
    second = scratch.module("res_shop", source).Order
    assert type(loads(old)) is type(loads(current)) is second


def test_steps_of_a_class_of_another_registry_outdate_it(scratch, old):
    """Plain pickle asks the default one, the class's steps are in its own."""
    source = """
        MINE = Registry()
        @versioned(2, registry=MINE)
        class Order: pass
        Lineage('res_shop:Order', registry=MINE).upgrade(1)
        """
    module = scratch.module("res_shop", source)
    assert vars(pickle.loads(old)) == {"qty": 3}
    Lineage("res_shop:Order", registry=module.MINE).renamed_from("res_shop:Old").fields(1, "x")
    before = resolver.find_stamp("res_shop:Order@1")
    Lineage("res_shop:Order", registry=module.MINE).accept_fingerprint(1, "aa")
    assert resolver.find_stamp("res_shop:Order@1") is not before


def test_registries_do_not_answer_for_each_other(scratch):
    """Not even one that was made where another one had been in memory."""
    module = scratch.module("res_shop", "class A: pass\nclass B: pass\n")
    for number in range(20):
        registry, name = Registry(), "AB"[number % 2]
        cls = type(name, (), {"__module__": "res_shop", "__qualname__": name})
        setattr(module, name, pickle_migrate.versioned(1, registry=registry)(cls))
        Lineage(f"res_shop:{name}", registry=registry).renamed_from("res_gone:C")
        assert type(resolver.find_stamp("res_gone:C@1", registry)()) is cls
        del registry, cls
        gc.collect()


# --- threads ----------------------------------------------------------------------------------


def test_a_module_that_loads_a_pickle_does_not_lock_another_thread_out(scratch, old):
    """One thread imports a module that loads an old pickle as it is run; another one loads that
    pickle, and so needs the module. Neither waits for the other for ever.
    """
    source = f"""
        import threading, pickle
        {SECOND.strip().replace(chr(10), chr(10) + "    ")}
        import res_gate
        res_gate.inside.set()
        res_gate.go_on.wait(20)
        loaded = pickle.loads({old!r})
        """
    scratch.write(
        "res_gate", "import threading\ninside, go_on = threading.Event(), threading.Event()\n"
    )
    scratch.write("res_steps", STEPS)
    scratch.write("res_shop", source)
    gate = resolver.importlib.import_module("res_gate")
    results = {}

    def importing():
        results["module"] = resolver.importlib.import_module("res_shop")

    def loading():
        results["object"] = pickle.loads(old)

    workers = [threading.Thread(target=work, daemon=True) for work in (importing, loading)]
    workers[0].start()
    assert gate.inside.wait(20)
    workers[1].start()
    workers[1].join(0.2)  # it waits for the module by now
    gate.go_on.set()
    for worker in workers:
        worker.join(20)
    assert not any(worker.is_alive() for worker in workers)
    assert results["module"].loaded.quantity == results["object"].quantity == 3


def test_threads_that_load_old_pickles_at_once_import_migrations_once(scratch, old, log):
    """None of them goes on before the module has said all."""
    slow = "import time\ntime.sleep(0.05)\n"
    scratch.module("res_shop", SECOND)
    scratch.write("res_steps", slow + STEPS.replace("    ", "").strip() + "\n")
    start, found = threading.Barrier(4), []

    def load():
        start.wait()
        found.append(pickle.loads(old).quantity)

    workers = [threading.Thread(target=load) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [3] * 4
    assert log() == ["res_steps"]
