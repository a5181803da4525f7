"""``fill=True``: missing fields are filled by the class's own defaults, unknown ones are kept."""

import copy
import dataclasses
import gc
import io
import pickle

import attrs
import pytest

import pickle_migrate
from pickle_migrate import dumps, loads, writing_versions
from pickle_migrate.errors import FingerprintError, MissingFieldError
from pickle_migrate.filling import asides
from pickle_migrate.hooks import entry_of
from pickle_migrate.scanner import scan

KINDS = {
    "dataclass": "@dataclass",
    "frozen": "@dataclass(frozen=True)",
    "slots": "@dataclass(slots=True, weakref_slot=True)",
    "frozen slots": "@dataclass(frozen=True, slots=True, weakref_slot=True)",
    "kw_only": "@dataclass(kw_only=True)",
    "attrs": "@attrs.define",
    "attrs dict": "@attrs.define(slots=False)",
    "attrs frozen": "@attrs.frozen",
}
HEAD = "import attrs\nfrom dataclasses import dataclass, field\n"


def shop(scratch, kind, *fields, version="1, unstamped=1", fill=", fill=True", more=""):
    """A module with one class, whose fields are lines of its body."""
    body = "".join(f"    {line}\n" for line in fields)
    source = f"{HEAD}\n@versioned({version}{fill})\n{KINDS[kind]}\nclass Order:\n{body}{more}"
    return scratch.module("shop", source)


def unstamped(scratch, kind, *fields):
    body = "".join(f"    {line}\n" for line in fields)
    return scratch.module("shop", f"{HEAD}\n{KINDS[kind]}\nclass Order:\n{body}")


def factory(kind, text):
    return f"attrs.field(factory={text})" if "attrs" in kind else f"field(default_factory={text})"


each_kind = pytest.mark.parametrize("kind", KINDS)
each_load = pytest.mark.parametrize("load", [loads, pickle.loads], ids=["ours", "pickle"])


# --- missing fields -----------------------------------------------------------------------------


@each_kind
@each_load
@pytest.mark.parametrize("protocol", [2, 5])
def test_new_fields_are_filled_at_the_same_version(scratch, kind, load, protocol):
    """Each object gets its own from a factory; the fingerprint is another and is accepted."""
    old = shop(scratch, kind, "a: int")
    data = pickle.dumps([old.Order(a=1), old.Order(a=2)], protocol)
    new = shop(scratch, kind, "a: int", "b: str = 'x'", f"tags: list = {factory(kind, 'list')}")
    first, second = load(data)
    assert [first, second] == [new.Order(a=1), new.Order(a=2)]
    assert first.tags is not second.tags


@each_kind
@each_load
def test_unstamped_pickles_are_filled_too(scratch, kind, load):
    old = unstamped(scratch, kind, "a: int")
    data = pickle.dumps(old.Order(a=1))
    new = shop(scratch, kind, "a: int", "b: str = 'x'")
    if kind == "frozen slots":
        pickle_migrate.Lineage("shop:Order").fields(1, "a")
    assert load(data) == new.Order(a=1)


@each_load
def test_unstamped_pickles_of_a_class_that_says_nothing_of_them_are_filled(scratch, load):
    """At version 1, where they count as version 1."""
    data = pickle.dumps(unstamped(scratch, "dataclass", "a: int").Order(1))
    new = shop(scratch, "dataclass", "a: int", "b: list = field(default_factory=list)", version="1")
    assert load(data) == new.Order(1, [])


@each_kind
def test_without_fill_other_fields_are_refused(scratch, kind):
    data = dumps(shop(scratch, kind, "a: int", fill="").Order(a=1))
    shop(scratch, kind, "a: int", "b: str = 'x'", fill="")
    with pytest.raises(FingerprintError):
        loads(data)


@each_kind
def test_a_missing_field_without_a_default_is_named(scratch, kind):
    data = dumps(shop(scratch, kind, "b: int = 0").Order(b=1))
    shop(scratch, kind, "a: int", "b: int = 0")
    with pytest.raises(MissingFieldError, match="'a'") as caught:
        loads(data)
    assert (caught.value.field, caught.value.present) == ("a", ("b",))
    assert "Give the field a default in the class" in str(caught.value)


def test_defaults_of_attrs_may_look_at_the_object_and_are_converted(scratch):
    """In the order of the fields, as attrs' own ``__init__`` has it; init=False ones too."""
    old = shop(scratch, "attrs", "a: int")
    data = dumps(old.Order(3))
    product = "attrs.Factory(lambda self: self.b * self.a, takes_self=True)"
    new = shop(
        scratch,
        "attrs",
        "a: int",
        "b: str = attrs.field(default=7, converter=str)",
        f"c: str = attrs.field(default={product})",
        "d: int = attrs.field(init=False, default=9, converter=float)",
    )
    made = loads(data)
    assert made == new.Order(3)
    assert (made.b, made.c, made.d) == ("7", "777", 9.0)


def test_converters_of_attrs_may_take_the_object_and_the_field(scratch):
    if not hasattr(attrs, "Converter"):
        pytest.skip("from attrs 24.1 on")
    data = dumps(shop(scratch, "attrs", "a: int").Order(3))
    convert = "attrs.Converter(lambda v, self, f: (v, self.a, f.name), True, True)"
    convert = convert.replace("True, True", "takes_self=True, takes_field=True")
    new = shop(
        scratch, "attrs", "a: int", f"b: object = attrs.field(default=1, converter={convert})"
    )
    assert loads(data) == new.Order(3)
    assert loads(data).b == (1, 3, "b")


def test_inherited_fields_are_filled(scratch):
    """Of a class whose base got a field, whether the base fills or not."""
    source = """
        from dataclasses import dataclass

        @versioned(1, unstamped=1{fill_base})
        @dataclass
        class Base:
            a: int = 0
            {base}

        @versioned(1, unstamped=1, fill=True)
        @dataclass
        class Gift(Base):
            note: str = ""
            {gift}

        @dataclass
        class Other(Base):
            pass
    """
    for fill_base in ("", ", fill=True"):
        text = source.replace("{fill_base}", fill_base)
        old = scratch.module("shop", text.replace("{base}", "").replace("{gift}", ""))
        data = dumps(old.Gift(1, "x"))
        new = scratch.module(
            "shop", text.replace("{base}", "b: int = 5").replace("{gift}", "to: str = 'me'")
        )
        if not fill_base:
            with pytest.raises(FingerprintError):  # the base says that its fields are settled
                loads(data)
        else:
            assert loads(data) == new.Gift(a=1, note="x")


def test_an_unregistered_subclass_does_as_its_base(scratch):
    source = """
        from dataclasses import dataclass

        @versioned(1, fill=True)
        @dataclass
        class Base:
            a: int = 0
            {0}

        @dataclass
        class Sub(Base):
            b: int = 0
            {1}
    """
    for base in ("", "c: int = 3"):
        old = scratch.module("shop", source.replace("{0}", "").replace("{1}", ""))
        data = dumps(old.Sub(1, 2))
        new = scratch.module("shop", source.replace("{0}", base).replace("{1}", "d: list = None"))
        assert loads(data) == new.Sub(a=1, b=2)
        assert "d" in vars(loads(data))


def test_fields_of_bases_that_nobody_registered_are_filled(scratch):
    """No version tells of them, so the fingerprint of a class that fills does."""
    source = """
        from dataclasses import dataclass

        @dataclass
        class Base:
            a: int = 0
            {0}

        @versioned(1, fill=True)
        @dataclass
        class Order(Base):
            b: int = 0
    """
    data = dumps(scratch.module("shop", source.replace("{0}", "")).Order(1, 2))
    new = scratch.module("shop", source.replace("{0}", "c: list = None"))
    assert vars(loads(data)) == vars(new.Order(a=1, b=2))


def test_steps_run_first(scratch):
    """What they add is not filled again."""
    data = dumps(shop(scratch, "dataclass", "qty: int").Order(3))
    new = shop(
        scratch,
        "dataclass",
        "quantity: int",
        "currency: str = 'EUR'",
        "note: str = 'new'",
        version="2, unstamped=1",
    )
    pickle_migrate.Lineage("shop:Order").upgrade(
        1,
        pickle_migrate.RenameField("qty", "quantity"),
        pickle_migrate.AddField("currency", default="USD"),
    )
    assert loads(data) == pickle.loads(data) == new.Order(3, "USD", "new")


def test_cycles_are_filled(scratch):
    old = shop(scratch, "slots", "next: object = None")
    one, other = old.Order(), old.Order()
    one.next, other.next = other, one
    data = dumps(one)
    shop(scratch, "slots", "next: object = None", "b: int = 2")
    made = loads(data)
    assert made.next.next is made
    assert (made.b, made.next.b) == (2, 2)


# --- unknown fields -----------------------------------------------------------------------------


@each_kind
@each_load
def test_unknown_fields_are_kept_and_written_again(scratch, kind, load):
    """By every pickler; equality and repr do not know of them; a later release reads them."""
    newer = shop(scratch, kind, "a: int", "b: list = None")
    data = dumps([newer.Order(a=1, b=[2])])
    older = shop(scratch, kind, "a: int")
    made = load(data)
    assert made == [older.Order(a=1)]
    assert repr(made[0]) == repr(older.Order(a=1))
    python = io.BytesIO()
    pickle._Pickler(python).dump(made)
    written = [dumps(made), pickle.dumps(made, 2), python.getvalue()]
    assert [load(again) for again in written] == [made] * 3
    newer = shop(scratch, kind, "a: int", "b: list = None")
    assert [load(again) for again in written] == [[newer.Order(a=1, b=[2])]] * 3


@each_kind
def test_copies_keep_unknown_fields_each_its_own(scratch, kind):
    newer = shop(scratch, kind, "a: int", "b: list = None")
    data = dumps(newer.Order(a=1, b=[2]))
    shop(scratch, kind, "a: int")
    made = loads(data)
    copies = [copy.copy(made), copy.deepcopy(made), copy.copy(copy.deepcopy(made))]
    assert copies == [made] * 3
    written = [dumps(one) for one in copies]
    del made
    newer = shop(scratch, kind, "a: int", "b: list = None")
    assert [loads(one).b for one in written] == [[2]] * 3


def test_an_object_that_is_changed_keeps_them(scratch):
    newer = shop(scratch, "slots", "a: int", "b: int = 0")
    data = dumps(newer.Order(1, 2))
    shop(scratch, "slots", "a: int")
    made = loads(data)
    made.a = 10
    written = dumps(made)
    assert loads(shop(scratch, "slots", "a: int", "b: int = 0") and written).b == 2
    assert loads(written).a == 10


def test_what_is_kept_is_forgotten_with_the_object(scratch):
    newer = shop(scratch, "slots", "a: int", "b: int = 0")
    data = dumps(newer.Order(1, 2))
    shop(scratch, "slots", "a: int")
    made = loads(data)
    key = id(made)
    assert asides.kept(made) == {"b": 2}
    del made
    gc.collect()
    assert key not in asides._kept


def test_a_field_that_became_a_method_does_not_hide_it(scratch):
    """Nor is it lost."""
    old = shop(scratch, "dataclass", "a: int", "total: int = 9")
    data = dumps(old.Order(1))
    method = "    def total(self):\n        return 77\n"
    shop(scratch, "dataclass", "a: int", more=method)
    made = loads(data)
    assert made.total() == loads(dumps(made)).total() == copy.copy(made).total() == 77
    written = dumps(made)
    shop(scratch, "dataclass", "a: int", "total: int = 0")
    assert loads(written).total == 9


def test_attributes_that_are_no_fields_stay_attributes(scratch):
    """What ``__post_init__`` sets is in the state, and the program needs it."""
    post = "    def __post_init__(self):\n        self.cache = {}\n"
    data = dumps(shop(scratch, "dataclass", "a: int", more=post).Order(1))
    shop(scratch, "dataclass", "a: int", "b: int = 0", more=post)
    assert loads(data).cache == {}


def test_an_older_version_is_written_with_what_was_kept(scratch):
    newer = shop(scratch, "slots", "q: int", "b: int = 0", version="2")
    data = dumps(newer.Order(1, 2))
    shop(scratch, "slots", "q: int", version="2")
    lineage = pickle_migrate.Lineage("shop:Order")
    lineage.upgrade(1, pickle_migrate.RenameField("a", "q"))
    made = loads(data)
    with writing_versions({"shop:Order": 1}):
        old = pickle.dumps(made)
    shop(scratch, "slots", "a: int", "b: int = 0", version="1")
    assert (loads(old).a, loads(old).b) == (1, 2)


# --- what is current ----------------------------------------------------------------------------


def test_an_up_to_date_pickle_goes_the_way_of_any_class(scratch):
    """The stamp itself makes the object; no Python code of ours runs for one."""
    modern = shop(scratch, "dataclass", "a: int", version="2")
    assert "__setstate__" not in vars(modern.Order)
    assert entry_of(modern.Order).stamp.func is object.__new__
    filled = shop(scratch, "dataclass", "a: int", version="1, unstamped=1")
    (stamp,) = scan(pickle.dumps(filled.Order(1))).stamps
    assert "~" in stamp


def test_other_fields_are_old_and_an_upgrade_ends(scratch):
    """The command sees that a pickle lacks fields, and sees when nothing is left to do."""
    from pickle_migrate.planner import Planner
    from pickle_migrate.resolver import import_migrations, import_ref

    def is_old(data):
        return Planner(import_ref, import_migrations).plan(scan(data)).is_old

    data = dumps(shop(scratch, "slots", "a: int", "gone: int = 1").Order(1))
    shop(scratch, "slots", "a: int", "b: int = 0")
    assert is_old(data)
    again = dumps(loads(data))
    assert not is_old(again)
    assert dumps(loads(again)) == again


def test_it_is_not_upgraded_without_loading(scratch):
    """What is missing, only the class can say."""
    from pickle_migrate.static_plan import StaticPlanner

    data = dumps(shop(scratch, "dataclass", "a: int").Order(1))
    shop(scratch, "dataclass", "a: int", "b: int = 0")
    plan = StaticPlanner().plan(scan(data))
    assert ["fill=True" in reason.reason for reason in plan.reasons] == [True]
    current = dumps(loads(data))
    assert StaticPlanner().plan(scan(current)).changes == {}


def test_cloudpickle_carries_a_class_that_fills(scratch):
    """Written by value, with its declaration."""
    cloudpickle = pytest.importorskip("cloudpickle")

    @pickle_migrate.versioned(1, fill=True)
    @dataclasses.dataclass
    class Local:
        a: int = 1

    assert cloudpickle.loads(cloudpickle.dumps(Local(2))).a == 2
