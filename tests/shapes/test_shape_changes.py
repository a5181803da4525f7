"""Classes that keep their state in another way today than when the pickle was written."""

from __future__ import annotations

import pickle
import sys
import textwrap

import pytest
from releases import HEADER, LOADERS, Releases, fields_of, install, written

from pickle_migrate.errors import StateError, UnknownClassError, UnknownFieldError

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


NAMEDTUPLE = """
    from typing import NamedTuple
    @versioned({version})
    class C(NamedTuple):
        {fields}
    """


@pytest.mark.parametrize("after", [name for name in NEW if name not in ("exception", "newargs")])
def test_namedtuple_that_became_another_class(stamped_releases: Releases, after: str) -> None:
    """Its values stand in the arguments, where ``object.__new__`` drops them unseen if the class
    has an ``__init__``. The stamp says so, and they are the state.
    """
    stamped_releases.check(
        old=NAMEDTUPLE.format(version=1, fields="a: object"),
        new={"shop.steps": CHANGE, "shop": NEW[after]},
        make=MAKE,
        view=lambda obj: obj._asdict() if hasattr(obj, "_asdict") else fields_of(obj),
        expected=EXPECTED,
    )


@pytest.mark.parametrize("loader", LOADERS)
def test_namedtuple_that_became_a_dataclass_at_the_same_version(loader: str) -> None:
    """Nobody raised the version, and fields and fingerprint are the same. Nothing is lost."""
    old = install(HEADER + textwrap.dedent(NAMEDTUPLE.format(version=1, fields="a: int")))
    pickles = written([old.C(1), old.C(2)])
    install(
        HEADER
        + textwrap.dedent("""
            import dataclasses
            @versioned(1)
            @dataclasses.dataclass
            class C:
                a: int
            """)
    )
    for one in pickles:
        assert [vars(obj) for obj in LOADERS[loader](one.data)] == [{"a": 1}, {"a": 2}]


def test_enum_that_became_another_class(stamped_releases: Releases) -> None:
    """A step sees name and value, as for every enum, and makes fields of them."""
    stamped_releases.check(
        old="""
            import enum
            @versioned(1)
            class C(enum.Enum):
                RED = 1
                BLUE = 2
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("name", "label"), RemoveField("value"))
            @versioned(2)
            class C:
                def __init__(self, label):
                    self.label = label
            """,
        make="[C.RED, C.BLUE]",
        view=lambda obj: getattr(obj, "label", None) or obj.name,
        expected=["RED", "BLUE"],
    )


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("before", [name for name in OLD if name != "getstate and setstate"])
@pytest.mark.parametrize("after", ["namedtuple", "enum"])
def test_class_that_became_a_namedtuple_or_an_enum(before: str, after: str, loader: str) -> None:
    """An enum or a namedtuple must have its value when it is made, and the pickle gives it later:
    refused, with a way out.
    """
    releases = Releases("stamped")
    pickles = written([releases.install_old(OLD[before][0]).C(1)])
    enum = "import enum\n@versioned(2)\nclass C(enum.Enum):\n    A = 1\n"
    new = enum if after == "enum" else NAMEDTUPLE.format(version=2, fields="b: int")
    releases.install_new({"shop.steps": CHANGE, "shop": new})
    for one in pickles:
        with pytest.raises(StateError, match="another name") as caught:
            LOADERS[loader](one.data)
        assert (caught.value.ref, caught.value.version) == ("shop:C", 1)


# Classes that are built from arguments, which a plain class of today does not take.
BUILT = {
    "str": """
    @versioned(1, unstamped=1)
    class C(str):
        def __init__(self, a):
            self.a = a
    """,
    "newargs": """
    @versioned(1, unstamped=1)
    class C:
        def __new__(cls, a):
            return object.__new__(cls)
        def __init__(self, a):
            self.a = a
        def __getnewargs__(self):
            return (self.a,)
    """,
    "own reduce": """
    @versioned(1, unstamped=1)
    class C:
        def __init__(self, a):
            self.a = a
        def __reduce__(self):
            return C, (self.a,), {"a": self.a}
    """,
    "exception": """
    @versioned(1, unstamped=1)
    class C(Exception):
        def __init__(self, a):
            super().__init__(a)
            self.a = a
    """,
}


@pytest.mark.parametrize("before", BUILT)
def test_arguments_of_a_class_that_takes_none_today(before: str) -> None:
    """What stood in the arguments may stand nowhere else: refused, unless a step says that they can
    go.
    """
    releases = Releases("stamped")
    pickles = written([releases.install_old(BUILT[before]).C("x"), sys.modules["shop"].C("y")])
    gone = '@migrates("shop:C", 1)\ndef gone(state):\n    state.pop("args", None)\n'
    new = "@versioned(2)\nclass C:\n    def __init__(self, one, two): raise TypeError('called')\n"
    releases.install_new({"shop.steps": gone, "shop": new})
    for one in pickles:
        for loads in LOADERS.values():
            with pytest.raises(StateError, match=r"arguments=function") as caught:
                loads(one.data)
            assert (caught.value.ref, caught.value.version) == ("shop:C", 1)
    dropped = """
        def step(state):
            state.pop("args", None)
        Lineage("shop:C").upgrade(1, step, arguments=lambda args, kwargs: ((), kwargs))
        """
    calm = "@versioned(2)\nclass C:\n    pass\n"
    releases.install_new({"shop.steps": dropped, "shop": calm})
    for one in pickles:
        for loads in LOADERS.values():
            assert [vars(obj) for obj in loads(one.data)] == [{"a": "x"}, {"a": "y"}]


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
