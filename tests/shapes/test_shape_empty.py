"""Objects without attributes in unstamped pickles.

Trap: an object with an empty ``__dict__``, or whose ``__getstate__`` gives None, gets no BUILD at
any protocol. Stamped ones always do. Of unstamped ones our loader takes care; plain pickle cannot.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import pytest
from releases import LOADERS, Releases, fields_of, install, written

import pickle_migrate
from pickle_migrate.errors import MissingFieldError

ADD = 'Lineage("shop:C").upgrade(1, AddField("z", factory=list))\n'


def check_unstamped(
    old: str, new: str, make: str, expected: list[Any], view: Any = fields_of, lowest: int = 0
) -> None:
    """Unstamped objects, some of them empty, by our loader; and what it gave, written again."""
    releases = Releases("unstamped")
    shop = releases.install_old(old)
    pickles = written(eval(make, vars(shop)), lowest)
    releases.install_new({"shop.steps": ADD, "shop": new})
    for one in pickles:
        loaded = pickle_migrate.loads(one.data)
        assert [view(obj) for obj in loaded] == expected, str(one)
        for loads in LOADERS.values():
            assert [view(obj) for obj in loads(pickle.dumps(loaded, one.protocol))] == expected


EMPTY = """
    @versioned({}, unstamped=1)
    class C:
        pass
    def mk(**fields):
        c = C()
        c.__dict__.update(fields)
        return c
    """


def test_plain_objects() -> None:
    """Empty ones among others, each migrated once."""
    check_unstamped(
        EMPTY.format(1),
        EMPTY.format(2),
        "[C(), mk(a=1), C(), mk(a=2)]",
        [{"z": []}, {"a": 1, "z": []}, {"z": []}, {"a": 2, "z": []}],
    )


def test_the_root_of_a_pickle_and_members_of_everything() -> None:
    """The only object of a pickle, and objects inside of sets, keys, tuples and other objects."""
    releases = Releases("unstamped")
    shop = releases.install_old(EMPTY.format(1))
    root = written(shop.C())
    inner = shop.C()
    nested = written([{shop.C()}, {shop.C(): (shop.C(),)}, shop.mk(a=inner), inner])
    releases.install_new({"shop.steps": ADD, "shop": EMPTY.format(2)})
    for one in root:
        assert vars(pickle_migrate.loads(one.data)) == {"z": []}
    for one in nested:
        members, keys, outer, last = pickle_migrate.loads(one.data)
        [[key, (value,)]] = keys.items()
        assert outer.a is last
        for obj in (*members, key, value, last):
            assert vars(obj) == {"z": []}


def test_slots_of_which_none_was_set() -> None:
    """The state of such an object is None as well."""
    slots = """
    @versioned({}, unstamped=1)
    class C:
        __slots__ = ("a", "z")
    """
    check_unstamped(slots.format(1), slots.format(2), "[C(), C()]", [{"z": []}] * 2, lowest=2)


def test_getstate_that_gave_none() -> None:
    """A class's own ``__getstate__`` that gives None: the steps get an empty mapping."""
    own = """
    @versioned({}, unstamped=1)
    class C:
        def __getstate__(self):
            return self.__dict__ or None
        def __setstate__(self, state):
            self.__dict__.update(state)
    """
    check_unstamped(own.format(1), own.format(2), "[C(), C()]", [{"z": []}] * 2)


def test_setstate_that_keeps_its_state_elsewhere() -> None:
    """An object may look empty though it was given a state: its steps do not run again."""
    elsewhere = """
    kept = {{}}
    @versioned({}, unstamped=1)
    class C:
        def __getstate__(self):
            return {{"n": kept[id(self)]["n"]}}
        def __setstate__(self, state):
            assert id(self) not in kept
            kept[id(self)] = state
    def mk(n):
        c = C()
        kept[id(c)] = {{"n": n}}
        return c
    """
    releases = Releases("unstamped")
    shop = releases.install_old(elsewhere.format(1))
    pickles = written([shop.mk(1), shop.mk(2)])
    shop = releases.install_new({"shop.steps": ADD, "shop": elsewhere.format(2)})
    for one in pickles:
        shop.kept.clear()
        loaded = pickle_migrate.loads(one.data)
        assert [shop.kept[id(obj)] for obj in loaded] == [{"n": 1, "z": []}, {"n": 2, "z": []}]


@pytest.mark.parametrize(
    "step",
    [
        'Lineage("shop:C").upgrade(1, RemoveField("a"))',
        '@migrates("shop:C", 1)\ndef step(state):\n    del state["a"]',
        '@migrates("shop:C", 1)\ndef step(state):\n    del state["a"]\n    return {}',
    ],
)
def test_objects_that_a_step_emptied(step: str) -> None:
    """They had a state, and have none now: their steps do not run again."""
    releases = Releases("unstamped")
    shop = releases.install_old(EMPTY.format(1))
    pickles = written([shop.mk(a=n) for n in range(5)])
    releases.install_new({"shop.steps": step, "shop": EMPTY.format(2)})
    for one in pickles:
        for loads in LOADERS.values():
            assert [vars(obj) for obj in loads(one.data)] == [{}] * 5


def test_missing_field_of_an_empty_object() -> None:
    """An empty object lacks a field that a step needs: refused, as for any other object."""
    releases = Releases("unstamped")
    data = pickle.dumps(releases.install_old(EMPTY.format(1)).C())
    releases.install_new(
        {
            "shop.steps": 'Lineage("shop:C").upgrade(1, RenameField("a", "b"))',
            "shop": EMPTY.format(2),
        }
    )
    with pytest.raises(MissingFieldError) as caught:
        pickle_migrate.loads(data)
    assert (caught.value.ref, caught.value.field) == ("shop:C", "a")


BUILTINS = {
    "datetime": ("datetime.datetime", "2020, 1, 2", lambda o: o.isoformat(), "2020-01-02T00:00:00"),
    "timedelta": ("datetime.timedelta", "1, 2", lambda o: (o.days, o.seconds), (1, 2)),
    "Decimal": ("decimal.Decimal", "'1.5'", str, "1.5"),
    "defaultdict": ("collections.defaultdict", "list, {1: [2]}", dict, {1: [2]}),
    "Counter": ("collections.Counter", "'aab'", dict, {"a": 2, "b": 1}),
    "dict": ("dict", "{1: 2}", dict, {1: 2}),
    "list": ("list", "[1, 2]", list, [1, 2]),
    "int": ("int", "5", int, 5),
    "str": ("str", "'x'", lambda o: str.__str__(o), "x"),
    "tuple": ("tuple", "(1, 2)", tuple, (1, 2)),
    "set": ("set", "[1, 2]", set, {1, 2}),
    "Exception": ("ValueError", "'text', 5", lambda o: o.args, ("text", 5)),
    "OSError": ("OSError", "2, 'gone', 'x'", lambda o: (o.errno, o.filename), (2, "x")),
}


@pytest.mark.parametrize("name", BUILTINS)
def test_subclasses_that_have_a_value_and_no_attributes(name: str) -> None:
    """Their value stands elsewhere; attributes there are none, or none that pickle writes."""
    base, value, plain, content = BUILTINS[name]
    source = f"""
    import collections, datetime, decimal
    @versioned(VERSION, unstamped=1)
    class C({base}):
        pass
    """
    check_unstamped(
        source.replace("VERSION", "1"),
        source.replace("VERSION", "2"),
        f"[C({value}), C({value})]",
        [(content, {"z": []})] * 2,
        view=lambda obj: (plain(obj), vars(obj)),
    )


def test_exception_of_which_a_step_changes_the_args() -> None:
    """Exceptions without attributes have no state either, and their args are part of it."""
    releases = Releases("unstamped")
    source = "@versioned({}, unstamped=1)\nclass C(Exception): pass\n"
    pickles = written([releases.install_old(source.format(1)).C("one", 1)])
    step = """
        @migrates("shop:C", 1)
        def step(state):
            state["args"] = (state["args"][0].upper(), *state["args"][1:])
        """
    releases.install_new({"shop.steps": step, "shop": source.format(2)})
    for one in pickles:
        assert pickle_migrate.loads(one.data)[0].args == ("ONE", 1)


def test_nested_and_unregistered_and_renamed_classes() -> None:
    """All ways in which a pickle may name such a class."""
    releases = Releases("unstamped")
    shop = releases.install_old("""
        class Outer:
            class Inner:
                pass
        class Base:
            pass
        class Free(Base):
            pass
        class Purchase:
            pass
        """)
    pickles = written([shop.Outer.Inner(), shop.Free(), shop.Purchase()])
    releases.install_new("""
        for name in ("Outer.Inner", "Base", "Order"):
            Lineage(f"shop:{name}").upgrade(1, AddField("z", default=9))
        Lineage("shop:Order").renamed_from("shop:Purchase")
        class Outer:
            @versioned(2, unstamped=1)
            class Inner:
                pass
        @versioned(2, unstamped=1)
        class Base:
            pass
        class Free(Base):
            pass
        @versioned(2, unstamped=1)
        class Order:
            pass
        """)
    for one in pickles:
        loaded = pickle_migrate.loads(one.data)
        assert [vars(obj) for obj in loaded] == [{"z": 9}] * 3
        assert type(loaded[2]).__name__ == "Order"


def test_current_empty_objects_beside_their_class() -> None:
    """A stamped pickle that also holds the class as a value: its empty objects are current."""
    shop = install(f"""
        from pickle_migrate import *
        {ADD}
        @versioned(2, unstamped=1)
        class C:
            pass
        """)
    for one in written([shop.C, shop.C(), shop.C()]):
        for loads in LOADERS.values():
            assert [vars(obj) for obj in loads(one.data)[1:]] == [{}, {}]


def test_objects_that_the_pickle_names_and_did_not_make() -> None:
    """A constant of the module, which a pickle names like a class, is nobody's old object."""
    source = """
        @versioned({}, unstamped=1)
        class C:
            def __reduce__(self):
                return "NOTHING" if self is NOTHING else (C, ())
        NOTHING = C()
        """
    releases = Releases("unstamped")
    shop = releases.install_old(source.format(1))
    pickles = written([shop.NOTHING, shop.C(), shop.C])
    shop = releases.install_new({"shop.steps": ADD, "shop": source.format(2)})
    for one in pickles:
        nothing, other, cls = pickle_migrate.loads(one.data)
        assert (nothing, cls) == (shop.NOTHING, shop.C)
        assert vars(nothing) == {}
        assert vars(other) == {"z": []}


def test_one_unpickler_for_several_pickles() -> None:
    """The memo goes on from pickle to pickle; every object is migrated with the pickle it is in."""
    releases = Releases("unstamped")
    shop = releases.install_old(EMPTY.format(1))
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, 4)
    shared = shop.C()
    pickler.dump([shared, shop.C()])
    pickler.dump([shared, shop.C(), shop.mk(a=1)])
    releases.install_new({"shop.steps": ADD, "shop": EMPTY.format(2)})
    stream.seek(0)
    unpickler = pickle_migrate.Unpickler(stream)
    first = unpickler.load()
    assert [vars(obj) for obj in first] == [{"z": []}] * 2
    first[0].z.append(1)
    second = unpickler.load()
    assert second[0] is first[0]
    assert [vars(obj) for obj in second] == [{"z": [1]}, {"z": []}, {"a": 1, "z": []}]


def test_finishing_stage() -> None:
    """Empty objects have one too."""
    releases = Releases("unstamped")
    data = pickle.dumps([releases.install_old(EMPTY.format(1)).C()] * 2)
    finish = """
        def finish(obj):
            obj.finished = obj.__dict__.get("finished", 0) + 1
        Lineage("shop:C").finish(1, finish)
        """
    releases.install_new({"shop.steps": ADD, "shop.finish": finish, "shop": EMPTY.format(2)})
    assert vars(pickle_migrate.loads(data)[0]) == {"z": [], "finished": 1}


@pytest.mark.parametrize("loads", [pickle.loads, pickle._loads])  # type: ignore[attr-defined]
def test_plain_pickle_leaves_them_as_they_are(loads: Any) -> None:
    """Nobody is asked there, as the documentation says: use our loader for unstamped pickles."""
    releases = Releases("unstamped")
    data = pickle.dumps([releases.install_old(EMPTY.format(1)).C()])
    releases.install_new({"shop.steps": ADD, "shop": EMPTY.format(2)})
    assert [vars(obj) for obj in loads(data)] == [{}]
