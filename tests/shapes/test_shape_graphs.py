"""Graphs of objects: cycles, shared references, members of sets, keys, arrays."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from releases import LOADERS, Releases, install, written

import pickle_migrate

# The state of a class, kept in each of the ways that take different paths through the code.
SHAPES = {
    "dict": """
        @versioned(VERSION, unstamped=1)
        class C:
            pass
        """,
    "slots": """
        @versioned(VERSION, unstamped=1)
        class C:
            __slots__ = ("me", "other", "others", "b", "z", "a")
        """,
    "own methods": """
        @versioned(VERSION, unstamped=1)
        class C:
            def __getstate__(self):
                return dict(self.__dict__)
            def __setstate__(self, state):
                self.__dict__.update(state)
        """,
    "own reduce": """
        @versioned(VERSION, unstamped=1)
        class C:
            def __reduce__(self):
                return object.__new__, (C,), self.__dict__
        """,
    "list subclass": """
        @versioned(VERSION, unstamped=1)
        class C(list):
            __hash__ = object.__hash__
        """,
    "exception": """
        @versioned(VERSION, unstamped=1)
        class C(Exception):
            pass
        """,
}
STEPS = """
    Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
    """
every_shape = pytest.mark.parametrize("shape", SHAPES)


def check_graph(
    releases: Releases, shape: str, build: Callable[[Any], Any], check: Callable[[Any], None]
) -> None:
    """``build`` makes a graph of the old class's objects, ``check`` looks at what came of it."""
    source = SHAPES[shape]
    old = releases.install_old(source.replace("VERSION", "1"))
    lowest = 2 if shape == "slots" and not releases.are_stamped else 0
    pickles = written(build(old), lowest)
    releases.install_new({"shop.steps": STEPS, "shop": source.replace("VERSION", "2")})
    for one in pickles:
        for loads in LOADERS.values():
            loaded = loads(one.data)
            check(loaded)
            check(loads(pickle.dumps(loaded, one.protocol)))


def make(module: Any, a: Any) -> Any:
    obj = module.C()
    obj.a = a
    return obj


@every_shape
def test_object_that_refers_to_itself(releases: Releases, shape: str) -> None:
    """Trap: state inside the reduce arguments plus a cycle gives an object with an empty
    ``__dict__`` and no error. State is the third element, written when the object is known.
    """

    def build(shop: Any) -> Any:
        obj = make(shop, 1)
        obj.me = obj
        return [obj, obj]

    def check(loaded: Any) -> None:
        obj, again = loaded
        assert obj is again
        assert obj.me is obj
        assert (obj.b, obj.z) == (1, 9)
        assert not hasattr(obj, "a")

    check_graph(releases, shape, build, check)


@every_shape
def test_objects_that_refer_to_each_other(releases: Releases, shape: str) -> None:
    """Trap: in a cycle, the inner object's state is put while the outer one is still empty."""

    def build(shop: Any) -> Any:
        one, two, three = (make(shop, n) for n in (1, 2, 3))
        one.other, two.other, three.other = two, three, one
        return [one, two, three]

    def check(loaded: Any) -> None:
        one, two, three = loaded
        assert (one.other, two.other, three.other) == (two, three, one)
        assert [(c.b, c.z) for c in loaded] == [(1, 9), (2, 9), (3, 9)]

    check_graph(releases, shape, build, check)


# A list that holds what is equal to it recurses when it is compared.
@pytest.mark.parametrize("shape", [name for name in SHAPES if name != "list subclass"])
def test_cycles_through_containers(releases: Releases, shape: str) -> None:
    """A cycle through a list, a dict (as value and as key), a set and a tuple."""

    def build(shop: Any) -> Any:
        obj = make(shop, 1)
        obj.others = [obj, {"value": obj}, {obj: "key"}, {obj}, (obj,)]
        return [obj.others, obj]

    def check(loaded: Any) -> None:
        others, obj = loaded
        assert obj.others is others
        assert others[0] is obj
        assert others[1]["value"] is obj
        assert list(others[2]) == [obj]
        assert others[2][obj] == "key"
        assert obj in others[3]
        assert others[4][0] is obj
        assert (obj.b, obj.z) == (1, 9)

    check_graph(releases, shape, build, check)


@every_shape
def test_shared_references_stay_shared(releases: Releases, shape: str) -> None:
    """One object in many places is one object; a mutable value that two objects share is shared
    still, and equal objects that were two stay two.
    """

    def build(shop: Any) -> Any:
        shared = [1]
        one, two = make(shop, shared), make(shop, shared)
        return {"one": one, "again": one, "two": two, "list": shared}

    def check(loaded: Any) -> None:
        assert loaded["one"] is loaded["again"]
        assert loaded["one"] is not loaded["two"]
        assert loaded["one"].b is loaded["two"].b is loaded["list"]
        assert loaded["list"] == [1]

    check_graph(releases, shape, build, check)


@every_shape
def test_many_objects(releases: Releases, shape: str) -> None:
    """Trap: a hook that is removed after one call migrates the first instance only, because the
    pickle memoises the global. Test lists of several objects, never one.
    """
    check_graph(
        releases,
        shape,
        lambda shop: [make(shop, n) for n in range(50)],
        lambda loaded: _numbered(loaded, 50),
    )


def _numbered(loaded: list[Any], count: int) -> None:
    assert [(c.b, c.z) for c in loaded] == [(n, 9) for n in range(count)]


def test_current_and_old_objects_of_one_class_in_a_row() -> None:
    """Several pickles, old and new, through one Unpickler each and one after the other."""
    old = install("""
        from pickle_migrate import *
        @versioned(1)
        class C: pass
        """)
    before = written([make(old, 1), make(old, 2)])
    new = install("""
        from pickle_migrate import *
        Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
        @versioned(2, unstamped=1)
        class C: pass
        """)
    current = new.C()
    current.b, current.z = 7, 8
    after = written([current, current])
    for loads in LOADERS.values():
        for one, two in zip(before, after, strict=True):
            for _turn in range(2):
                assert [vars(c) for c in loads(one.data)] == [{"b": 1, "z": 9}, {"b": 2, "z": 9}]
                assert [vars(c) for c in loads(two.data)] == [{"b": 7, "z": 8}] * 2


def test_steps_do_not_share_the_state_of_two_objects(stamped_releases: Releases) -> None:
    """Two objects whose ``__getstate__`` gave one and the same dict: a step that changes it in
    place must not change it twice.
    """
    stamped_releases.check(
        old="""
            SHARED = {"a": 1}
            @versioned(1, unstamped=1)
            class C:
                def __init__(self):
                    self.__dict__.update(SHARED)
                def __getstate__(self):
                    return SHARED
                def __setstate__(self, state):
                    self.__dict__.update(state)
            """,
        new="""
            @migrates("shop:C", 1)
            def step(state):
                state["a"] += 1
            @versioned(2, unstamped=1)
            class C:
                def __getstate__(self):
                    return dict(self.__dict__)
                def __setstate__(self, state):
                    self.__dict__.update(state)
            """,
        make="[C(), C(), C()]",
        expected=[{"a": 2}, {"a": 2}, {"a": 2}],
    )


def test_objects_whose_dict_is_also_elsewhere_in_the_graph() -> None:
    """An object's ``__dict__`` that other data refers to: plain pickle keeps the two apart, and so
    must a newborn that makes the unpickled dict its own.
    """
    shop = install("""
        from pickle_migrate import *
        @versioned(1)
        class Stamped: pass
        @versioned(2, unstamped=1)
        class Hooked: pass
        Lineage("shop:Hooked").upgrade(1)
        """)
    for cls in (shop.Stamped, shop.Hooked):
        obj = cls()
        obj.a = 1
        for one in written([obj, obj.__dict__]):
            for loads in LOADERS.values():
                loaded, fields = loads(one.data)
                assert vars(loaded) == {"a": 1} == fields
                loaded.b = 2
                assert fields == {"a": 1}, (cls, str(one))


def test_a_dict_that_nothing_else_refers_to_is_not_copied() -> None:
    """The usual case costs no copy; how Python counts references differs between its releases."""
    shop = install("""
        from pickle_migrate import *
        @versioned(2, unstamped=1)
        class C: pass
        """)
    obj = shop.C()
    obj.a = 1
    assert id(obj.__reduce_ex__(4)[2]) == id(obj.__dict__)
    held = obj.__dict__
    state = obj.__reduce_ex__(4)[2]
    assert state == held
    assert state is not held


# --- sets and keys ----------------------------------------------------------------------------

HASHED = """
    @versioned(VERSION, unstamped=1)
    class C:
        def __init__(self, a, key="k"):
            self.a, self.key = a, key
        def __eq__(self, other):
            return self.__dict__.get("key") == other.__dict__.get("key")
        def __hash__(self):
            return hash(self.__dict__.get("key"))
    """


def test_members_of_sets_and_keys(releases: Releases) -> None:
    """Objects in sets, frozensets and dict keys whose hash is of a field. Outside of a cycle, their
    state is put before they are hashed, migrated.
    """
    old = releases.install_old(HASHED.replace("VERSION", "1"))
    one, two = old.C(1, "one"), old.C(2, "two")
    pickles = written([{one, two}, frozenset([one, two]), {one: 1, two: 2}, one])
    new = releases.install_new({"shop.steps": STEPS, "shop": HASHED.replace("VERSION", "2")})
    for pickled in pickles:
        for loads in LOADERS.values():
            members, frozen, keys, first = loads(pickled.data)
            probe = new.C(0, "two")
            assert first in members
            assert first in frozen
            assert keys[first] == 1
            assert probe in members
            assert keys[probe] == 2
            assert sorted(c.b for c in members) == [1, 2]


def test_hashed_field_that_a_step_changes(releases: Releases) -> None:
    """Trap: objects in sets and keys are hashed before their state is set. When a step changes the
    hashed field, the member is found under its new value, and not under its old one.
    """
    old = releases.install_old(HASHED.replace("VERSION", "1"))
    pickles = written([{old.C(1, "one")}, {old.C(2, "two"): "value"}])
    new = releases.install_new(
        {
            "shop.steps": 'Lineage("shop:C").upgrade(1, ConvertField("key", str.upper))',
            "shop": HASHED.replace("VERSION", "2"),
        }
    )
    for pickled in pickles:
        for loads in LOADERS.values():
            members, keys = loads(pickled.data)
            assert new.C(0, "ONE") in members
            assert new.C(0, "one") not in members
            assert keys[new.C(0, "TWO")] == "value"


def test_frozen_dataclasses_as_keys(releases: Releases) -> None:
    """A frozen dataclass hashes all its fields; the new one has more of them."""
    releases.check(
        old="""
            import dataclasses
            @versioned(1, unstamped=1)
            @dataclasses.dataclass(frozen=True)
            class C:
                a: int
            class Box:
                def __init__(self, *keys):
                    self.by_key = {C(key): key for key in keys}
            """,
        new="""
            import dataclasses
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
            @versioned(2, unstamped=1)
            @dataclasses.dataclass(frozen=True)
            class C:
                z: int
                b: int
            class Box:
                pass
            """,
        make="[Box(1, 2), Box(3)]",
        view=lambda box: {
            (getattr(key, "b", None) or key.a): box.by_key[key] for key in box.by_key
        },
        expected=[{1: 1, 2: 2}, {3: 3}],
        copies=False,
    )


def test_set_in_a_cycle_with_its_member(releases: Releases) -> None:
    """A member that refers to the set it is in is hashed while it is empty: as under plain pickle,
    its ``__hash__`` must do without its fields.
    """
    old = releases.install_old(HASHED.replace("VERSION", "1"))
    one = old.C(1, "one")
    one.group = {one}
    pickles = written([one])
    releases.install_new({"shop.steps": STEPS, "shop": HASHED.replace("VERSION", "2")})
    for pickled in pickles:
        for loads in LOADERS.values():
            [loaded] = loads(pickled.data)
            assert len(loaded.group) == 1
            assert next(iter(loaded.group)) is loaded
            assert (loaded.b, loaded.key) == (1, "one")


# --- inside other things ----------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["dict", "slots", "own methods"])
def test_objects_inside_a_numpy_object_array(releases: Releases, shape: str) -> None:
    """An array of dtype object holds a list of them in its state."""

    def build(shop: Any) -> Any:
        objects = [make(shop, n) for n in range(4)]
        array = numpy.empty((2, 2), dtype=object)
        array[:] = [[objects[0], objects[1]], [objects[2], objects[0]]]
        return [array, objects[0]]

    def check(loaded: Any) -> None:
        array, first = loaded
        assert array.shape == (2, 2)
        assert array[0, 0] is array[1, 1] is first
        assert [c.b for c in array.flat] == [0, 1, 2, 0]
        assert [c.z for c in array.flat] == [9, 9, 9, 9]

    check_graph(releases, shape, build, check)


def test_object_that_holds_arrays(releases: Releases) -> None:
    """Arrays in the state of a versioned object, given to a step as they are."""
    old = releases.install_old("""
        import numpy
        @versioned(1, unstamped=1)
        class C:
            def __init__(self, n):
                self.a = numpy.arange(n)
        """)
    pickles = written([old.C(3), old.C(0)])
    releases.install_new("""
        Lineage("shop:C").upgrade(1, ConvertField("a", lambda a: a * 2))
        @versioned(2, unstamped=1)
        class C:
            pass
        """)
    for one in pickles:
        for loads in LOADERS.values():
            assert [obj.a.tolist() for obj in loads(one.data)] == [[0, 2, 4], []]


def test_versioned_objects_in_the_state_of_versioned_objects(releases: Releases) -> None:
    """A step of the outer class sees its own state only; the inner objects are complete there when
    they are not part of a cycle.
    """
    old = releases.install_old("""
        @versioned(1, unstamped=1)
        class Line:
            def __init__(self, n):
                self.a = n
        @versioned(1, unstamped=1)
        class C:
            def __init__(self, *lines):
                self.lines = [Line(n) for n in lines]
        """)
    pickles = written([old.C(1, 2), old.C()])
    releases.install_new("""
        Lineage("shop:Line").upgrade(1, RenameField("a", "b"))
        @migrates("shop:C", 1)
        def total(state):
            state["total"] = sum(line.b for line in state["lines"])
        @versioned(2, unstamped=1)
        class Line:
            pass
        @versioned(2, unstamped=1)
        class C:
            pass
        """)
    for one in pickles:
        for loads in LOADERS.values():
            loaded = loads(one.data)
            assert [obj.total for obj in loaded] == [3, 0]
            assert [[vars(line) for line in obj.lines] for obj in loaded] == [
                [{"b": 1}, {"b": 2}],
                [],
            ]


# --- the finishing stage ----------------------------------------------------------------------


def test_finishing_stage_of_a_cycle(releases: Releases) -> None:
    """What needs neighbours runs after the whole graph is loaded: by our loader, once for each
    migrated object; a current object has no finishing.
    """
    old = releases.install_old(SHAPES["dict"].replace("VERSION", "1"))
    one, two = make(old, 1), make(old, 2)
    one.other, two.other = two, one
    pickles = written([one, two])
    releases.install_new(
        {
            "shop.steps": STEPS
            + """
    def finish(obj):
        obj.sums = getattr(obj, "sums", []) + [obj.b + obj.other.b]
    Lineage("shop:C").finish(1, finish)
    """,
            "shop": SHAPES["dict"].replace("VERSION", "2"),
        }
    )
    for pickled in pickles:
        loaded = pickle_migrate.loads(pickled.data)
        assert [c.sums for c in loaded] == [[3], [3]]
        again = pickle_migrate.loads(pickle.dumps(loaded))
        assert [c.sums for c in again] == [[3], [3]]
        plain = pickle.loads(pickled.data)
        assert [hasattr(c, "sums") for c in plain] == [False, False]
