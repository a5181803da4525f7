"""What of a pickle can be upgraded without loading it, global by global."""

import pickle
import sys
import types

import pytest

from pickle_migrate import AddField, Lineage, Registry, versioned
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import scan
from pickle_migrate.stamps import MODULE
from pickle_migrate.static_plan import StaticPlanner, loaded
from pickle_migrate.static_source import SourceClass


class Shop:
    """A module ``plan_shop`` with classes, and a registry of its own."""

    def __init__(self, monkeypatch):
        self.module = types.ModuleType("plan_shop")
        monkeypatch.setitem(sys.modules, "plan_shop", self.module)
        self.registry = Registry()

    def cls(self, name, version=None, bases=(), **keywords):
        cls = type(name, bases, {"__module__": "plan_shop", "__qualname__": name})
        setattr(self.module, name, cls)
        if version:
            versioned(version, registry=self.registry, **keywords)(cls)
        return cls

    def lineage(self, name):
        return Lineage(f"plan_shop:{name}", registry=self.registry)

    def plan(self, data, **keywords):
        return StaticPlanner(registry=self.registry, **keywords).plan(scan(data))


@pytest.fixture
def shop(monkeypatch):
    return Shop(monkeypatch)


def changes(plan):
    return {str(ref): str(change.written) for ref, change in plan.changes.items()}


def reasons(plan):
    return [str(reason.reason) for reason in plan.reasons]


def made(cls, **fields):
    obj = cls()
    vars(obj).update(fields)
    return obj


def test_current_pickles_need_nothing(shop):
    """Nothing is old, whatever else the pickle names."""
    data = pickle.dumps([made(shop.cls("Order", 1)), shop.cls("Note")()])
    plan = shop.plan(data)
    assert (plan.changes, plan.reasons, plan.shown.is_old) == ({}, (), False)
    assert [c.describe() for c in plan.shown.classes] == ["plan_shop:Order 1"]


def test_an_older_stamp(shop):
    """It is told as the planner tells it."""
    data = pickle.dumps(made(shop.cls("Order", 1)))
    shop.cls("Order", 2)
    shop.lineage("Order").upgrade(1, AddField("a", default=1))
    plan = shop.plan(data)
    assert changes(plan) == {f"{MODULE}:plan_shop:Order@1": f"{MODULE}:plan_shop:Order@2"}
    assert plan.shown.is_old
    assert plan.shown.steps == ("plan_shop:Order 1 to 2: add 'a' = 1",)
    assert not plan.only_names


def test_an_unstamped_class(shop):
    """Its objects are made by a stamp afterwards; the class as a value keeps its name."""
    old = shop.cls("Order")
    data = pickle.dumps([made(old, a=1), old])
    shop.cls("Order", 1, unstamped=1)
    [change] = shop.plan(data).changes.values()
    assert (str(change.written), change.stamp.qualname) == ("plan_shop:Order", "plan_shop:Order@1")


def test_a_class_as_a_value_needs_nothing(shop):
    """Only its name could change."""
    data = pickle.dumps(shop.cls("Order", 1, unstamped=1))
    assert shop.plan(data).changes == {}
    shop.registry.rename("plan_shop:Order", "plan_shop:Purchase")
    assert changes(shop.plan(data)) == {"plan_shop:Order": "plan_shop:Purchase"}


def test_a_renamed_stamp_is_a_name(shop):
    """No state changes, so names alone do."""
    data = pickle.dumps(made(shop.cls("Order", 1), a=1))
    shop.cls("Purchase", 1)
    shop.lineage("Purchase").renamed_from("plan_shop:Order")
    shop.registry._classes.pop(GlobalRef("plan_shop", "Order"))
    del shop.module.Order
    planner = StaticPlanner(registry=shop.registry)
    plan = planner.plan(scan(data), lambda text: False)
    assert plan.only_names
    assert changes(plan) == {f"{MODULE}:plan_shop:Order@1": f"{MODULE}:plan_shop:Purchase@1"}
    # Private attributes, which hold the class's name, might be among the fields.
    assert not planner.plan(scan(data)).only_names


def test_problems_are_those_of_loading(shop):
    """A gap, a newer version, a version that nothing tells, a damaged stamp."""
    data = pickle.dumps(made(shop.cls("Order", 2)))
    shop.cls("Order", 3)
    assert [p.error for p in shop.plan(data).shown.problems] == ["GapError"]
    shop.cls("Order", 1)
    assert [p.error for p in shop.plan(data).shown.problems] == ["NewerVersionError"]
    unstamped = b"cplan_shop\nOrder\n)R."
    shop.cls("Order", 3)
    assert [p.error for p in shop.plan(unstamped).shown.problems] == ["UnstampedError"]
    damaged = b"cpickle_migrate.stamps\na:b@x\n."
    assert [p.error for p in shop.plan(damaged).shown.problems] == ["StampError"]


def test_unstamped_objects_of_a_lineage_without_class(shop):
    """Only the decorator knows their version."""
    shop.lineage("Gone").upgrade(1, AddField("a", default=1))
    plan = shop.plan(b"\x80\x02cplan_shop\nGone\n)\x81.")
    [reason] = plan.reasons
    assert reason.reason == "carries no version, and nothing here says which it has"
    assert "--import" in reason.remedy
    assert "unstamped(1)" in reason.remedy
    assert plan.shown.is_old


def test_a_lineage_may_say_which_version_they_have(shop):
    """For a class that is gone; its current version is the head of the lineage."""
    data = b"\x80\x02cplan_shop\nGone\n)\x81."
    step = AddField("a", default=1)
    shop.lineage("Gone").upgrade(1, step).upgrade(2, step).unstamped(2)
    plan = shop.plan(data)
    [change] = plan.changes.values()
    assert (str(change.written), change.stamp.qualname) == ("plan_shop:Gone", "plan_shop:Gone@3")
    assert plan.shown.steps == ("plan_shop:Gone 2 to 3: add 'a' = 1",)
    shop.lineage("Gone").unstamped(3)
    assert not shop.plan(data).shown.is_old


def source(version, unstamped=None, reason=None):
    return lambda ref: SourceClass(version, unstamped, reason)


def test_unstamped_objects_of_a_class_that_is_not_imported(shop):
    """Its source tells their version, and which one is current."""
    data = b"\x80\x02cplan_shop\nGone\n)\x81."
    shop.lineage("Gone").upgrade(1, AddField("a", default=1))
    [change] = shop.plan(data, read_source=source(2, 1)).changes.values()
    assert (str(change.written), change.stamp.qualname) == ("plan_shop:Gone", "plan_shop:Gone@2")
    assert reasons(shop.plan(data, read_source=source(3, 1))) == [
        "needs steps that no imported module declares"
    ]
    plan = shop.plan(data, read_source=source(2, 1, "has a __slots__ of its own"))
    assert reasons(plan) == ["has a __slots__ of its own"]
    assert plan.reasons[0].remedy == "Name the module that says so with --import."
    plan = shop.plan(data, read_source=source(2))
    assert [p.error for p in plan.shown.problems] == ["UnstampedError"]
    assert not shop.plan(data, read_source=source(2, 2)).shown.is_old
    named = b"cplan_shop\nGone\n."
    assert not shop.plan(named, read_source=source(2, 1)).shown.is_old


def test_importing_is_no_remedy_for_functions(shop):
    """Whatever is imported, a step that is a function has to run."""
    data = b"\x80\x02cplan_shop\nGone\n)\x81."
    shop.lineage("Gone").upgrade(1, print).unstamped(1)
    plan = shop.plan(data)
    assert reasons(plan) == ["a step has to run print (step 1 to 2)"]
    assert plan.reasons[0].remedy == ""


def test_stamps_of_a_class_that_is_not_imported(shop):
    """The current version is the source's, above or below what the lineage says."""
    shop.lineage("Gone").upgrade(1, AddField("a", default=1))
    data = b"cpickle_migrate.stamps\nplan_shop:Gone@%d\n)R."
    plan = shop.plan(data % 1, read_source=source(2))
    assert changes(plan) == {f"{MODULE}:plan_shop:Gone@1": f"{MODULE}:plan_shop:Gone@2"}
    assert not shop.plan(data % 1, read_source=source(1)).shown.is_old
    plan = shop.plan(data % 3, read_source=source(2))
    assert [p.error for p in plan.shown.problems] == ["NewerVersionError"]


def test_what_is_hidden(shop):
    """Names that are computed, and classes that a pickle brings along."""
    computed = b"\x80\x04ca\nb\n\x8c\x01a\x93."
    assert reasons(shop.plan(computed)) == ["the pickle computes names"]


def test_classes_that_a_pickle_brings_along(shop):
    """Only their program knows them; a stamp that needs nothing is no hindrance."""
    data = b"cpickle_migrate.stamps\ntext_only\n(S'm:C@1'\ntR."
    assert not shop.plan(data).shown.is_old
    Lineage("m:C", registry=shop.registry).upgrade(1, AddField("a", default=1))
    assert reasons(shop.plan(data)) == ["is in the pickle by value, which only its program knows"]


def test_nested_classes_below_protocol_4(shop):
    """A call gives them, not a name: they move all the same. As a value beside its objects, one
    would need two names.
    """
    shop.registry.rename("plan_shop:Order.Line", "plan_shop:Line")
    getattr_line = b"c__builtin__\ngetattr\ncplan_shop\nOrder\nX\x04\0\0\0Line\x86R"
    data = b"\x80\x02" + getattr_line + b")\x81."
    assert changes(shop.plan(data)) == {"plan_shop:Order.Line": "plan_shop:Line"}
    shop.cls("Line", 1, unstamped=1)
    [change] = shop.plan(data).changes.values()
    assert change.stamp.qualname == "plan_shop:Line@1"
    both = b"\x80\x02" + getattr_line + b"q\1)\x81h\1\x86."
    [reason] = reasons(shop.plan(both))
    assert reason.startswith("is a value too, and nested")


def test_an_unregistered_subclass(shop):
    """It is entered, as loading would, when its module is there."""
    base = shop.cls("Base", 1, unstamped=1)
    shop.cls("Gift", bases=(base,))
    [change] = shop.plan(b"\x80\x02cplan_shop\nGift\n)\x81.").changes.values()
    assert change.stamp.qualname == "plan_shop:Gift@0+plan_shop:Base@1"


def test_migrations_that_a_class_names_are_imported(shop):
    """The application names them, not the pickle; once for each pickle."""
    data = pickle.dumps(made(shop.cls("Order", 1)))
    shop.cls("Order", 2, migrations="steps_of_shop")
    asked = []

    def declare(modules):
        asked.append(list(modules))
        shop.lineage("Order").upgrade(1, AddField("a", default=1))

    plan = shop.plan(data, import_migrations=declare)
    assert asked == [["steps_of_shop"]]
    assert plan.shown.problems == ()


def test_loaded_looks_and_never_imports(monkeypatch):
    """Among the modules that are there, past any ``__getattr__`` that would run."""

    class Loud(type):
        def __getattr__(cls, name):
            raise AssertionError

    module = types.ModuleType("plan_loud")
    module.__getattr__ = lambda name: pytest.fail("run")
    module.Outer = Loud("Outer", (), {"Inner": int})
    module.Derived = Loud("Derived", (module.Outer,), {})
    monkeypatch.setitem(sys.modules, "plan_loud", module)
    assert loaded(GlobalRef("plan_loud", "Outer.Inner")) is int
    assert loaded(GlobalRef("plan_loud", "Derived.Inner")) is int
    assert loaded(GlobalRef("plan_loud", "Missing")) is None
    assert loaded(GlobalRef("plan_loud", "Outer.Missing.More")) is None
    assert loaded(GlobalRef("antigravity", "x")) is None
    assert "antigravity" not in sys.modules


def test_a_look_up_that_fails_is_no_error(shop):
    """Then the registry is asked."""
    data = pickle.dumps(made(shop.cls("Order", 1)))
    shop.cls("Order", 2)
    shop.lineage("Order").upgrade(1, AddField("a", default=1))

    def fail(ref):
        raise ImportError(ref)

    assert len(shop.plan(data, look_up=fail).changes) == 1
