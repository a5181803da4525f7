"""Plans for pickles that old releases wrote. Nothing of a pickle is run to make one."""

from __future__ import annotations

import copyreg
import io
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from scratch import scratch_at
from world import World

from pickle_migrate import resolver
from pickle_migrate.findings import ClassFound, PicklePlan
from pickle_migrate.planner import Planner
from pickle_migrate.scanner import scan


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two releases of a shop; modules of the new one can be imported here."""
    made = World(tmp_path)
    made.old_release()
    made.new_release()
    with scratch_at(made.new):
        yield made


def plan(data: bytes) -> PicklePlan:
    planner = Planner(resolver.import_ref, resolver.import_migrations)
    return planner.plan(scan(data))


def written(world: World, code: str) -> bytes:
    """The file ``it.pkl`` that old code writes."""
    world.write(code)
    return (world.data / "it.pkl").read_bytes()


def dumped(world: World, expression: str, protocol: int = 4) -> bytes:
    """A pickle of an expression, written by the old release."""
    code = f"import shop; pickle.dump({expression}, open('it.pkl', 'wb'), {protocol})"
    return written(world, code)


def errors(made: PicklePlan) -> list[str]:
    return [problem.error for problem in made.problems]


# --- unstamped pickles --------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(6))
def test_an_unstamped_class_has_the_version_that_the_decorator_says(world, protocol):
    """Its steps come in order, and its objects are to be watched while they are loaded."""
    made = plan(dumped(world, "[shop.Order(qty=1)]", protocol))
    assert made.classes == (ClassFound("shop:Order", "shop:Order", 1, 3, stamped=False),)
    assert made.steps == (
        "shop:Order 1 to 2: rename 'qty' to 'quantity'",
        "shop:Order 2 to 3: run add_currency",
    )
    assert (made.protocol, made.is_old, made.watched) == (protocol, True, ("shop:Order",))
    assert made.problems == ()


def test_without_a_declared_version_an_unstamped_class_is_a_problem(world):
    """Guessing would load wrong values."""
    world.new_release("@versioned(2)\nclass Order: pass", steps="")
    made = plan(dumped(world, "shop.Order()"))
    assert errors(made) == ["UnstampedError"]
    assert "unstamped=1" in made.problems[0].advice
    assert made.classes[0].written is None


def test_a_class_at_its_first_version_needs_only_its_stamp(world):
    """No steps, nothing to watch; and yet the file would be another one today."""
    world.new_release("@versioned(1)\nclass Order: pass", steps="")
    made = plan(dumped(world, "shop.Order()"))
    assert (made.is_old, made.steps, made.watched, made.problems) == (True, (), (), ())


def test_a_class_that_is_only_named_has_nothing_to_migrate(world):
    """A pickle may hold the class itself, as data."""
    made = plan(dumped(world, "{'kind': shop.Order}"))
    assert (made.is_old, made.classes, made.steps) == (False, (), ())


def test_the_bases_migrate_too(world):
    """A registered subclass, of which the pickle names no base."""
    world.old_release("class Item: pass\nclass Book(Item): pass")
    world.new_release(
        """
        @versioned(2, unstamped=1)
        class Item: pass
        @versioned(3, unstamped=2)
        class Book(Item): pass
        Lineage(Item).upgrade(1, AddField("price", default=0))
        Lineage(Book).upgrade(2, AddField("isbn", default=""))
        """
    )
    made = plan(dumped(world, "shop.Book()"))
    assert [(c.today, c.written, c.current) for c in made.classes] == [
        ("shop:Book", 2, 3),
        ("shop:Item", 1, 2),
    ]
    assert [step.partition(":")[0] + step.partition(":")[2][:5] for step in made.steps] == [
        "shopItem ",
        "shopBook ",
    ]


def test_a_subclass_that_nobody_registered_migrates_as_its_base(world):
    """It will be stamped with its base's version."""
    world.old_release("class Order: pass\nclass Rush(Order): pass")
    world.new_release("@versioned(2, unstamped=1)\nclass Order: pass\nclass Rush(Order): pass")
    made = plan(dumped(world, "shop.Rush()"))
    assert errors(made) == ["GapError"]
    assert ClassFound("shop:Order", "shop:Order", 1, 2) in made.classes


# --- stamped pickles ----------------------------------------------------------------------------


def stamped(world: World, version: int, body: str = "pass") -> bytes:
    """A pickle of an order, by a release that had it at a version."""
    world.old_release(
        f"from pickle_migrate import *\n@versioned({version})\nclass Order:\n    {body}\n"
    )
    return dumped(world, "shop.Order()")


def test_a_current_pickle_needs_nothing(world):
    """Nor are the migrations imported for it."""
    made = plan(stamped(world, 3))
    assert (made.is_old, made.steps, made.problems) == (False, (), ())
    assert made.classes == (ClassFound("shop:Order", "shop:Order", 3, 3, stamped=True),)
    assert "shop" in sys.modules
    assert "shop_steps" not in sys.modules


def test_an_older_stamp_starts_at_its_version(world):
    """Only the steps from there on. Nothing is watched: its objects get their steps in any case."""
    made = plan(stamped(world, 2))
    assert made.steps == ("shop:Order 2 to 3: run add_currency",)
    assert (made.is_old, made.watched) == (True, ())


def test_all_gaps_are_listed(world):
    """A person wants to write the missing steps at once."""
    world.new_release("@versioned(5)\nclass Order: pass", steps="")
    made = plan(stamped(world, 2))
    assert [(p.error, p.facts["missing"]) for p in made.problems] == [
        ("GapError", 2),
        ("GapError", 3),
        ("GapError", 4),
    ]


def test_a_newer_pickle_is_a_problem(world):
    """Written by newer code than this."""
    assert errors(plan(stamped(world, 4))) == ["NewerVersionError"]


def test_another_branch_is_a_problem(world):
    """The same version, other fields."""
    world.new_release("@versioned(2)\nclass Order:\n    a: int", steps="")
    assert errors(plan(stamped(world, 2, "b: int"))) == ["FingerprintError"]


def test_a_stamp_of_a_class_that_is_no_longer_versioned_is_a_problem(world):
    """The decorator was taken away."""
    world.new_release("class Order: pass", steps="")
    made = plan(stamped(world, 2))
    assert errors(made) == ["UnknownClassError"]
    assert "not registered" in made.problems[0].what


def test_a_stamp_that_cannot_be_read_is_a_problem(world):
    """A newer pickle_migrate may write other stamps."""
    made = plan(b"cpickle_migrate.stamps\nshop:Order@x\n)R.")
    assert errors(made) == ["StampError"]


# --- renames ------------------------------------------------------------------------------------


def test_renames_of_unstamped_and_stamped_classes(world):
    """A class that moved to another module."""
    old, new = dumped(world, "shop.Order()"), stamped(world, 2)
    (world.new / "shop.py").unlink()
    world.new_release(
        "@versioned(2, unstamped=2)\nclass Bestellung: pass\n"
        "Lineage(Bestellung).renamed_from('shop:Order')",
        module="store",
        steps=None,
    )
    __import__("store")
    for data in (old, new):
        [found] = plan(data).classes
        assert (found.ref, found.today, found.written) == ("shop:Order", "store:Bestellung", 2)
        assert plan(data).is_old
        assert plan(data).problems == ()


def test_a_class_without_versions_is_renamed_too(world):
    """A rename of a whole module, by the settings."""
    from pickle_migrate.project import Settings

    data = dumped(world, "shop.Plain()")
    (world.new / "shop.py").rename(world.new / "store.py")
    resolver.use_settings(Settings(renames={"shop": "store"}))
    made = plan(data)
    assert made.classes == (ClassFound("shop:Plain", "store:Plain"),)
    assert (made.is_old, made.problems) == (True, ())


def test_two_classes_that_swapped_names(world):
    """Which of them an old name means is only known when the migrations are imported."""
    source = '@versioned(2, unstamped=1, migrations="shop_steps")\nclass {}: pass\n'
    world.new_release(
        source.format("Order") + source.format("Note"),
        steps="""
        Lineage("shop:Order").renamed_from("shop:Note", until=1).upgrade(1)
        Lineage("shop:Note").renamed_from("shop:Order", until=1).upgrade(1)
        """,
    )
    made = plan(dumped(world, "[shop.Order(), shop.Note()]"))
    assert [(c.ref, c.today) for c in made.classes] == [
        ("shop:Order", "shop:Note"),
        ("shop:Note", "shop:Order"),
    ]


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_nested_class(world, protocol):
    """Below protocol 4 it is got from its outer class, which may have another name today."""
    world.old_release("class Outer:\n    class Inner: pass")
    world.new_release(
        """
        class Today:
            @versioned(2, unstamped=1)
            class Inner: pass
        Lineage("shop:Today.Inner").upgrade(1).renamed_from("shop:Outer.Inner")
        Lineage("shop:Today").renamed_from("shop:Outer")
        """
    )
    __import__("shop")
    made = plan(dumped(world, "shop.Outer.Inner()", protocol))
    assert made.problems == ()
    assert ("shop:Today.Inner", 1, 2) in [(c.today, c.written, c.current) for c in made.classes]


# --- what is in the way -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (None, "No module named 'shop'"),
        ("", "module 'shop' has no attribute 'Order'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import gone", "No module named 'gone'"),
    ],
)
def test_a_class_that_cannot_be_imported(world, source, reason):
    """It might be versioned, so nobody can say that its pickle is current."""
    (world.new / "shop.py").unlink()
    if source is not None:
        world.new_release(source)
    made = plan(dumped(world, "shop.Order()"))
    assert errors(made) == ["UnknownClassError"]
    assert reason in made.problems[0].what


def test_migrations_that_cannot_be_imported(world):
    """The reason is given, beside the gaps that it leaves."""
    world.new_release(steps="1 / 0")
    made = plan(dumped(world, "shop.Order()"))
    assert errors(made) == ["SettingsError", "GapError", "GapError"]
    assert "ZeroDivisionError" in made.problems[0].what


def test_python_2_names_are_found(world):
    """Below protocol 3, copy_reg and __builtin__ are Python 2's names."""
    data = b"ccopy_reg\n_reconstructor\n(cshop\nPlain\nc__builtin__\nobject\nNtR."
    assert plan(data).problems == ()


def test_a_class_of_a_script_is_known_to_the_script_alone(world):
    """__main__ is another module in each program."""
    code = "class Mine: pass\npickle.dump(Mine(), open('it.pkl', 'wb'))"
    made = plan(written(world, code))
    assert errors(made) == ["UnknownClassError"]
    assert "script" in made.problems[0].advice


class _Persistent(pickle.Pickler):
    def persistent_id(self, obj):
        return "it" if obj == "outside" else None


def _with_persistent_id() -> bytes:
    file = io.BytesIO()
    _Persistent(file).dump(["outside"])
    return file.getvalue()


def _with_buffer() -> bytes:
    return pickle.dumps(pickle.PickleBuffer(b"data"), 5, buffer_callback=[].append)


ORDER = b"\x8c\x04shop\x8c\x05Order\x93)\x81"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x80\x02\x82\x05)\x81.", "extension codes"),
        (b"\x80\x04cbuiltins\nstr\n)R\x8c\x01a\x93.", "names that it computes"),
        (b"\x80\x04" + ORDER + _with_persistent_id()[2:-1] + b"\x86.", "persistent ids"),
        (b"\x80\x05" + ORDER + _with_buffer()[2:-1] + b"\x86.", "buffers outside of it"),
    ],
)
def test_what_only_its_own_program_can_read(world, data, says):
    """There is no loader for these here."""
    made = plan(data)
    assert errors(made) == ["ContentError"]
    assert says in made.problems[0].what
    assert copyreg._extension_cache == {}


@pytest.mark.parametrize("data", [_with_persistent_id(), _with_buffer()])
def test_where_nothing_is_old_nothing_is_in_the_way(world, data):
    """A pickle that refers to objects outside of it and holds no versioned class."""
    made = plan(data)
    assert (made.is_old, made.problems) == (False, ())


def test_equal_plans_are_one_value(world):
    """A hundred thousand files of one kind have one plan."""
    planner = Planner(resolver.import_ref, resolver.import_migrations)
    data = dumped(world, "shop.Order(qty=1)")
    assert planner.plan(scan(data)) is planner.plan(scan(data))


def test_planning_loads_nothing(world, tmp_path):
    """A call in a pickle is not made."""
    target = tmp_path / "made by the pickle"
    data = b"cos\nmkdir\n(S'" + bytes(target) + b"'\ntR."
    assert plan(data).problems == ()
    assert not target.exists()
