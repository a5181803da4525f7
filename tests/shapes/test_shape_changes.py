"""Classes that keep their state in another way today than when the pickle was written."""

from __future__ import annotations

import pickle

import pytest
from releases import LOADERS, Releases, fields_of, install, written

from pickle_migrate.errors import UnknownClassError, UnknownFieldError

CHANGE = """
    Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
    """
MAKE = "[C(1), C('x'), C(None)]"
EXPECTED = [{"b": 1, "z": 9}, {"b": "x", "z": 9}, {"b": None, "z": 9}]

# How the class is written in the old release, with the field a, and the lowest protocol at which an
# unregistered one can be pickled.
OLD = {
    "dict": (
        """
    @versioned(1, unstamped=1)
    class C:
        def __init__(self, a):
            self.a = a
    """,
        0,
    ),
    "slots": (
        """
    @versioned(1, unstamped=1)
    class C:
        __slots__ = ("a",)
        def __init__(self, a):
            self.a = a
    """,
        2,
    ),
    "slots and dict": (
        """
    @versioned(1, unstamped=1)
    class C:
        __slots__ = ("__dict__", "a")
        def __init__(self, a):
            self.a = a
    """,
        2,
    ),
    "dataclass": (
        """
    import dataclasses
    @versioned(1, unstamped=1)
    @dataclasses.dataclass
    class C:
        a: object
    """,
        0,
    ),
    "frozen dataclass with slots": (
        """
    import dataclasses
    @versioned(1, unstamped=1)
    @dataclasses.dataclass(frozen=True, slots=True)
    class C:
        a: object
    """,
        2,
    ),
    "attrs": (
        """
    import attrs
    @versioned(1, unstamped=1)
    @attrs.define
    class C:
        a: object
    """,
        0,
    ),
    "attrs with dict": (
        """
    import attrs
    @versioned(1, unstamped=1)
    @attrs.define(slots=False)
    class C:
        a: object
    """,
        0,
    ),
    "getstate and setstate": (
        """
    @versioned(1, unstamped=1)
    class C:
        def __init__(self, a):
            self.a, self.lock = a, object()
        def __getstate__(self):
            return {"a": self.a}
        def __setstate__(self, state):
            self.__dict__.update(state, lock=object())
    """,
        0,
    ),
}
# How the class is written in the new release, with the fields b and z.
NEW = {
    "dict": """
    @versioned(2, unstamped=1)
    class C:
        pass
    """,
    "slots": """
    @versioned(2, unstamped=1)
    class C:
        __slots__ = ("z", "b")
    """,
    "slots and dict": """
    @versioned(2, unstamped=1)
    class C:
        __slots__ = ("__dict__", "b")
    """,
    "dataclass": """
    import dataclasses
    @versioned(2, unstamped=1)
    @dataclasses.dataclass
    class C:
        z: int
        b: object
    """,
    "frozen dataclass with slots": """
    import dataclasses
    @versioned(2, unstamped=1)
    @dataclasses.dataclass(frozen=True, slots=True)
    class C:
        z: int
        b: object
    """,
    "attrs": """
    import attrs
    @versioned(2, unstamped=1)
    @attrs.define
    class C:
        z: int
        b: object
    """,
    "frozen attrs with dict": """
    import attrs
    @versioned(2, unstamped=1)
    @attrs.frozen(slots=False)
    class C:
        z: int
        b: object
    """,
    "getstate and setstate": """
    @versioned(2, unstamped=1)
    class C:
        def __getstate__(self):
            return {"b": self.b, "z": self.z}
        def __setstate__(self, state):
            assert set(state) == {"b", "z"}
            self.b, self.z = state["b"], state["z"]
    """,
    "setstate": """
    @versioned(2, unstamped=1)
    class C:
        def __setstate__(self, state):
            assert set(state) == {"b", "z"}
            self.__dict__.update(state)
    """,
    "exception": """
    @versioned(2, unstamped=1)
    class C(Exception):
        pass
    """,
    "own reduce": """
    def rebuild():
        return object.__new__(C)
    @versioned(2, unstamped=1)
    class C:
        def __reduce__(self):
            return rebuild, (), self.__dict__
    """,
    "newargs": """
    @versioned(2, unstamped=1)
    class C:
        def __new__(cls, key=None):
            return object.__new__(cls)
        def __getnewargs__(self):
            return ("key",)
    """,
    "dict subclass": """
    @versioned(2, unstamped=1)
    class C(dict):
        pass
    """,
}


@pytest.mark.parametrize("after", NEW)
@pytest.mark.parametrize("before", OLD)
def test_class_that_changed_its_shape(releases: Releases, before: str, after: str) -> None:
    """Every way to keep a state, from every other way: the steps see fields by name in between."""
    old, lowest_protocol = OLD[before]
    # Protocols 0 and 1 name the builtin base in an unstamped pickle: object, which it is no more.
    lowest_protocol = 2 if after in ("exception", "dict subclass") else lowest_protocol
    # Values by position, and pairs of dict and slots for a class that has a __getstate__ today.
    by_names = ("slots" in before and after == "getstate and setstate") or "frozen" in before
    names = 'Lineage("shop:C").fields(1, "a")\n' if by_names else ""
    releases.check(
        old=old,
        new={"shop.steps": CHANGE, "shop.names": names, "shop": NEW[after]},
        make=MAKE,
        view=lambda obj: {k: v for k, v in fields_of(obj).items() if k != "lock"},
        expected=EXPECTED,
        lowest_protocol=lowest_protocol,
    )


def test_class_that_lost_its_own_getstate_and_a_function_that_knows(releases: Releases) -> None:
    """A function that is the first step gets what ``__getstate__`` gave, named by nobody."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __getstate__(self):
                    return ["mark", self.a, 1, 2, 3]
                def __setstate__(self, state):
                    self.a = state[1]
            """,
        new="""
            @migrates("shop:C", 1)
            def step(state):
                mark, b, *rest = state
                assert (mark, rest) == ("mark", [1, 2, 3])
                return {"b": b, "z": 9}
            @versioned(2, unstamped=1)
            class C:
                pass
            """,
        make=MAKE,
        expected=EXPECTED,
    )


def test_class_that_lost_its_own_state_methods(releases: Releases) -> None:
    """The old ``__getstate__`` gave a tuple; a step makes fields of it, for a class that has no
    methods of its own any more.
    """
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __getstate__(self):
                    return ("mark", self.a)
                def __setstate__(self, state):
                    self.a = state[1]
            """,
        new="""
            Lineage("shop:C").fields(1, "mark", "b")
            Lineage("shop:C").upgrade(1, RemoveField("mark"), AddField("z", default=9))
            @versioned(2, unstamped=1)
            class C:
                pass
            """,
        make=MAKE,
        expected=EXPECTED,
    )


def test_unstamped_slots_of_a_class_that_has_a_getstate_today(releases: Releases) -> None:
    """Nothing in an unstamped pickle tells the pair of dict and slots that Python made from a pair
    that ``__getstate__`` made. Without the names of version 1, the step gets just what is there.
    """
    step = """
        @migrates("shop:C", 1)
        def step(state):
            assert state == STATE, state
            return {"b": 1, "z": 9}
        """
    state = "{'a': 1}" if releases.are_stamped else "(None, {'a': 1})"
    releases.check(
        old=OLD["slots"][0],
        new={"shop.steps": step.replace("STATE", state), "shop": NEW["getstate and setstate"]},
        make="[C(1), C(1)]",
        expected=[{"b": 1, "z": 9}] * 2,
        lowest_protocol=2,
    )


@pytest.mark.parametrize("after", ["exception", "dict subclass"])
def test_unstamped_pickle_of_protocol_0_of_a_class_that_has_a_builtin_base_today(
    after: str,
) -> None:
    """As under plain pickle: ``object.__new__`` cannot make such an object, and says so."""
    releases = Releases("unstamped")
    old = releases.install_old(OLD["dict"][0])
    data = pickle.dumps(old.C(1), 0)
    releases.install_new({"shop.steps": CHANGE, "shop": NEW[after]})
    for loads in LOADERS.values():
        with pytest.raises(TypeError, match="not safe"):
            loads(data)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("after", ["slots", "frozen dataclass with slots", "attrs"])
def test_field_without_a_place(releases: Releases, after: str, loader: str) -> None:
    """A class with slots has no place for a field that no step removed: refused, never dropped."""
    old = releases.install_old("""
        @versioned(1, unstamped=1)
        class C:
            def __init__(self, a):
                self.a, self.extra = a, "precious"
        """)
    pickles = written([old.C(1), old.C(2)])
    releases.install_new({"shop.steps": CHANGE, "shop": NEW[after]})
    for one in pickles:
        with pytest.raises(UnknownFieldError, match="'extra'") as caught:
            LOADERS[loader](one.data)
        error = caught.value
        assert (error.ref, error.version, error.fields) == ("shop:C", 1, ("extra",))
        assert set(error.known) == {"b", "z"}


def test_class_that_became_a_subclass_of_a_builtin(stamped_releases: Releases) -> None:
    """A class that kept a dict in a field and is a dict today: a step cannot make its items, and a
    finishing function of our loader, or the class's ``__setstate__``, can.
    """
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, items):
                    self.items = items
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("items", "start"))
            @versioned(2, unstamped=1)
            class C(dict):
                def __setstate__(self, state):
                    self.update(state.pop("start", {}))
                    self.__dict__.update(state)
            """,
        make="[C({1: 2}), C({})]",
        view=lambda obj: (dict(obj), vars(obj)) if isinstance(obj, dict) else fields_of(obj),
        expected=[({1: 2}, {}), ({}, {})],
    )


def test_class_that_became_a_function_is_refused() -> None:
    """The name stands for something that is no class today: an error, not a strange object."""
    old = install("""
        from pickle_migrate import *
        @versioned(1)
        class C: pass
        """)
    pickles = written(old.C())
    install("""
        def C():
            raise AssertionError("called")
        """)
    for one in pickles:
        for loads in LOADERS.values():
            with pytest.raises(UnknownClassError) as caught:
                loads(one.data)
            assert (caught.value.ref, caught.value.version) == ("shop:C", 1)
