"""Classes with pickle's methods of their own: they are kept, and called as pickle calls them."""

from __future__ import annotations

import copy
import copyreg
import pickle

import pytest
from releases import LOADERS, PICKLERS, PROTOCOLS, Releases, fields_of, install, written

from pickle_migrate.errors import UnsupportedShapeError

RENAME = """
    Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
    """
MAKE = "[C(1), C('x')]"
EXPECTED = [{"b": 1, "z": 9}, {"b": "x", "z": 9}]


# --- __getstate__ and __setstate__ ------------------------------------------------------------


def test_getstate_and_setstate(releases: Releases) -> None:
    """Steps see what ``__getstate__`` gave; the class's ``__setstate__`` gets what they return."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a, self.lock = a, object()
                def __getstate__(self):
                    return {"a": self.a}
                def __setstate__(self, state):
                    self.a = state["a"]
            """,
        new=RENAME
        + """
    @versioned(2, unstamped=1)
    class C:
        def __getstate__(self):
            return {"b": self.b, "z": self.z}
        def __setstate__(self, state):
            self.b, self.z, self.lock = state["b"], state["z"], object()
    """,
        make=MAKE,
        view=lambda obj: {k: v for k, v in fields_of(obj).items() if k != "lock"},
        expected=EXPECTED,
    )


def test_getstate_only(releases: Releases) -> None:
    """A class's ``__getstate__`` without ``__setstate__``: the state goes into ``__dict__``."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a, self.cache = a, [a]
                def __getstate__(self):
                    state = self.__dict__.copy()
                    del state["cache"]
                    return state
            """,
        new=RENAME
        + """
    @versioned(2, unstamped=1)
    class C:
        def __getstate__(self):
            return {k: v for k, v in self.__dict__.items() if k != "cache"}
    """,
        make=MAKE,
        view=lambda obj: {k: v for k, v in fields_of(obj).items() if k != "cache"},
        expected=EXPECTED,
    )


def test_setstate_only(releases: Releases) -> None:
    """A class's ``__setstate__`` without ``__getstate__``: it gets the migrated fields."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __setstate__(self, state):
                    self.__dict__.update(state)
            """,
        new=RENAME
        + """
    @versioned(2, unstamped=1)
    class C:
        def __setstate__(self, state):
            assert sorted(state) == ["b", "z"]
            self.__dict__.update(state)
    """,
        make=MAKE,
        expected=EXPECTED,
    )


def test_setstate_only_with_slots(releases: Releases) -> None:
    """A class with slots and its own ``__setstate__`` gets the pair that pickle would give it."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                __slots__ = ("a",)
                def __init__(self, a):
                    self.a = a
                def __setstate__(self, state):
                    for name, value in state[1].items():
                        setattr(self, name, value)
            """,
        new=RENAME
        + """
    @versioned(2, unstamped=1)
    class C:
        __slots__ = ("b", "z")
        def __setstate__(self, state):
            nothing, fields = state
            assert nothing is None
            for name, value in fields.items():
                setattr(self, name, value)
    """,
        make=MAKE,
        expected=EXPECTED,
        lowest_protocol=2,
    )


@pytest.mark.parametrize(
    "form", ["self.a", "(self.a, 1)", "[self.a]", "str(self.a)", "{'a': self.a}"]
)
def test_getstate_that_gives_anything_at_all(releases: Releases, form: str) -> None:
    """Trap: ``__getstate__`` may give anything at all, and a step gets just that."""
    releases.check(
        old=f"""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __getstate__(self):
                    return {form}
                def __setstate__(self, state):
                    self.a = {{"1": 1, "2": 2}}[[c for c in str(state) if c in "12"][0]]
            """,
        new="""
            @migrates("shop:C", 1)
            def step(state):
                return ["version 2", state]
            @versioned(2, unstamped=1)
            class C:
                def __getstate__(self):
                    return ["version 2", self.raw]
                def __setstate__(self, state):
                    mark, self.raw = state
                    assert mark == "version 2"
            """,
        make="[C(1), C(2)]",
        expected=[
            {"raw": eval(form.replace("self.a", "1"))},
            {"raw": eval(form.replace("self.a", "2"))},
        ],
    )


def test_getstate_that_gives_a_false_value(stamped_releases: Releases) -> None:
    """Trap: where ``__getstate__`` gives None, pickle writes no BUILD. A stamped object has one,
    and other empty states (0, "", an empty tuple) reach the step as they are.
    """
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __getstate__(self):
                    return self.a
                def __setstate__(self, state):
                    self.a = state
            """,
        new="""
            @migrates("shop:C", 1)
            def step(state):
                return repr(state)
            @versioned(2, unstamped=1)
            class C:
                def __getstate__(self):
                    return self.text
                def __setstate__(self, state):
                    self.text = state
            """,
        make="[C(0), C(''), C(()), C(False)]",
        expected=[{"text": "0"}, {"text": "''"}, {"text": "()"}, {"text": "False"}],
    )


def test_getstate_and_setstate_that_call_super(releases: Releases) -> None:
    """Methods that call ``super()`` reach the base's method, and no step runs twice."""
    releases.check(
        old="""
            class Base:
                def __getstate__(self):
                    return {"base": self.__dict__.get("base")}
                def __setstate__(self, state):
                    self.base = state["base"]
            @versioned(1, unstamped=1)
            class C(Base):
                def __init__(self, a):
                    self.base, self.a = [a], a
                def __getstate__(self):
                    return {**super().__getstate__(), "a": self.a}
                def __setstate__(self, state):
                    super().__setstate__(state)
                    self.a = state["a"]
            """,
        new="""
            class Base:
                def __getstate__(self):
                    return {"base": self.__dict__.get("base")}
                def __setstate__(self, state):
                    self.base = state["base"]
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
            @versioned(2, unstamped=1)
            class C(Base):
                def __getstate__(self):
                    return {**super().__getstate__(), "b": self.b, "z": self.z}
                def __setstate__(self, state):
                    super().__setstate__(state)
                    self.b, self.z = state["b"], state["z"]
            """,
        make=MAKE,
        expected=[{"base": [1], "b": 1, "z": 9}, {"base": ["x"], "b": "x", "z": 9}],
    )


def test_setstate_that_calls_a_registered_bases_setstate(releases: Releases) -> None:
    """Both classes have their own ``__setstate__`` and their own lineage; the base's is reached by
    ``super()`` with the migrated state, and runs once.
    """
    source = """
        calls = []
        @versioned(VERSION, unstamped=1)
        class Base:
            def __init__(self, a):
                self.a = a
            def __setstate__(self, state):
                calls.append("Base")
                self.__dict__.update(state)
        @versioned(VERSION, unstamped=1)
        class C(Base):
            def __setstate__(self, state):
                calls.append("C")
                super().__setstate__({**state, "seen": True})
        """
    steps = """
        Lineage("shop:Base").upgrade(1, RenameField("a", "b"))
        Lineage("shop:C").upgrade(1, AddField("z", default=9))
        """
    releases.check(
        old=source.replace("VERSION", "1"),
        new={"shop.steps": steps, "shop": source.replace("VERSION", "2")},
        make="[C(1), Base(2)]",
        view=lambda obj: {k: v for k, v in fields_of(obj).items() if k != "seen"},
        expected=[{"b": 1, "z": 9}, {"b": 2}],
    )
    new = install(
        {
            "shop.steps": releases.new_source(steps),
            "shop": releases.new_source(source.replace("VERSION", "2")),
        }
    )
    pickle.loads(pickle.dumps(new.C(1)))
    assert new.calls == ["C", "Base"]


def test_setstate_that_reads_default_state_of_object(releases: Releases) -> None:
    """``super().__getstate__()`` of a class without bases is Python 3.11's default."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __getstate__(self):
                    return dict(super().__getstate__(), extra=1)
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), RemoveField("extra"))
            @versioned(2, unstamped=1)
            class C:
                pass
            """,
        make=MAKE,
        view=lambda obj: {k: v for k, v in fields_of(obj).items() if k != "extra"},
        expected=[{"b": 1}, {"b": "x"}],
    )


def test_versions_by_hand_inside_the_state(releases: Releases) -> None:
    """What users do today: a version key that ``__setstate__`` looks at. It keeps working."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __getstate__(self):
                    return {"_v": 3, **self.__dict__}
                def __setstate__(self, state):
                    assert state.pop("_v") == 3
                    self.__dict__.update(state)
            """,
        new=RENAME
        + """
    @versioned(2, unstamped=1)
    class C:
        def __getstate__(self):
            return {"_v": 3, **self.__dict__}
        def __setstate__(self, state):
            assert state.pop("_v") == 3
            self.__dict__.update(state)
    """,
        make=MAKE,
        expected=EXPECTED,
    )


# --- __reduce__ and __reduce_ex__ -------------------------------------------------------------


def test_reduce_with_arguments_and_state(releases: Releases) -> None:
    """``__reduce__`` with constructor arguments and a state."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __reduce__(self):
                    return C, (0,), self.__dict__
            """,
        new=RENAME
        + """
    @versioned(2, unstamped=1)
    class C:
        def __init__(self, a):
            pass
        def __reduce__(self):
            return C, (0,), self.__dict__
    """,
        make=MAKE,
        expected=EXPECTED,
    )


def test_reduce_with_arguments_only(stamped_releases: Releases) -> None:
    """Everything stands in the arguments: a step with ``arguments=`` changes them."""
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a, n):
                    self.a, self.n = a, n
                def __reduce__(self):
                    return C, (self.a, self.n)
            """,
        new="""
            @migrates("shop:C", 1, arguments=True)
            def swap(args, kwargs):
                a, n = args
                return (9, n, a), kwargs
            @versioned(2, unstamped=1)
            class C:
                def __init__(self, z, n, b):
                    self.z, self.n, self.b = z, n, b
                def __reduce__(self):
                    return C, (self.z, self.n, self.b)
            """,
        make="[C(1, 2), C(3, 4)]",
        expected=[{"z": 9, "n": 2, "b": 1}, {"z": 9, "n": 4, "b": 3}],
    )


def test_reduce_by_a_function(releases: Releases) -> None:
    """``__reduce__`` that names a module's function; the function must stay, or be renamed."""
    releases.check(
        old="""
            def rebuild(kind):
                return object.__new__(C)
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __reduce__(self):
                    return rebuild, ("kind",), {"a": self.a}
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
            def rebuild(kind):
                return object.__new__(C)
            @versioned(2, unstamped=1)
            class C:
                def __reduce__(self):
                    return rebuild, ("kind",), {"b": self.b, "z": self.z}
            """,
        make=MAKE,
        expected=EXPECTED,
    )


def test_reduce_by_a_classmethod(releases: Releases) -> None:
    """``__reduce__`` that names a class method of the class."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                @classmethod
                def make(cls):
                    return object.__new__(cls)
                def __init__(self, a):
                    self.a = a
                def __reduce__(self):
                    return C.make, (), self.__dict__
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
            @versioned(2, unstamped=1)
            class C:
                @classmethod
                def make(cls):
                    return object.__new__(cls)
                def __reduce__(self):
                    return C.make, (), self.__dict__
            """,
        make=MAKE,
        expected=EXPECTED,
    )


def test_reduce_ex(releases: Releases) -> None:
    """A class's own ``__reduce_ex__`` that calls ``super()``."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __reduce_ex__(self, protocol):
                    return super().__reduce_ex__(max(protocol, 2))
            """,
        new=RENAME
        + """
    @versioned(2, unstamped=1)
    class C:
        def __reduce_ex__(self, protocol):
            return super().__reduce_ex__(max(protocol, 2))
    """,
        make=MAKE,
        expected=EXPECTED,
    )


def test_reduce_ex_of_its_own_form(releases: Releases) -> None:
    """A ``__reduce_ex__`` that makes its own tuple."""
    releases.check(
        old="""
            import copyreg
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __reduce_ex__(self, protocol):
                    return copyreg.__newobj__, (type(self),), {"a": self.a}
            """,
        new="""
            import copyreg
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
            @versioned(2, unstamped=1)
            class C:
                def __reduce_ex__(self, protocol):
                    return copyreg.__newobj__, (type(self),), self.__dict__
            """,
        make=MAKE,
        expected=EXPECTED,
    )


def test_reduce_ex_that_changes_the_default(releases: Releases) -> None:
    """A ``__reduce_ex__`` that asks ``super()`` and changes the state of the tuple."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __reduce_ex__(self, protocol):
                    function, args, state, *rest = super().__reduce_ex__(2)
                    return (function, args, {**state, "wrapped": True}, *rest)
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), RemoveField("wrapped"))
            @versioned(2, unstamped=1)
            class C:
                pass
            """,
        make=MAKE,
        view=lambda obj: {k: v for k, v in fields_of(obj).items() if k != "wrapped"},
        expected=[{"b": 1}, {"b": "x"}],
    )


def test_reduce_with_items_and_pairs(releases: Releases) -> None:
    """Elements four and five of the tuple: for ``extend`` (or ``append``) and ``__setitem__``."""
    methods = """
        @versioned(VERSION, unstamped=1)
        class C:
            def __init__(self):
                self.items, self.pairs = [], {}
            def append(self, item):
                self.items.append(item)
            def extend(self, items):
                self.items.extend(items)
            def __setitem__(self, key, value):
                self.pairs[key] = value
            def __reduce__(self):
                state = {k: v for k, v in vars(self).items() if k not in ("items", "pairs")}
                return C, (), state, iter(self.items), iter(self.pairs.items())
        """
    make = """
        def mk(a, *items, **pairs):
            c = C()
            c.a = a
            c.extend(items)
            for key, value in pairs.items():
                c[key] = value
            return c
        """
    steps = """
        Lineage("shop:C").upgrade(1, RenameField("a", "b"))
        """
    releases.check(
        old=methods.replace("VERSION", "1") + make,
        new={"shop.steps": steps, "shop": methods.replace("VERSION", "2")},
        make="[mk(1, 2, 3, x=4), mk('a')]",
        expected=[
            {"items": [2, 3], "pairs": {"x": 4}, "b": 1},
            {"items": [], "pairs": {}, "b": "a"},
        ],
    )


def test_reduce_with_six_elements(stamped_releases: Releases) -> None:
    """Trap: a state setter as the sixth element makes copy and deepcopy raise TypeError. A stamped
    one carries the setter in its state instead, and can be copied.
    """
    stamped_releases.check(
        old="""
            def put(obj, state):
                obj.a = state["a"]
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
                def __reduce__(self):
                    return object.__new__, (C,), {"a": self.a}, None, None, put
            """,
        new="""
            def put(obj, state):
                obj.b = state["b"]
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class C:
                def __reduce__(self):
                    return object.__new__, (C,), {"b": self.b}, None, None, put
            """,
        make=MAKE,
        expected=[{"b": 1}, {"b": "x"}],
    )


@pytest.mark.parametrize(
    "state", ["('x', self.a)", "[self.a]", "self.a", "({'a': self.a}, {'q': 1})", "(1, 2, self.a)"]
)
def test_reduce_with_a_state_of_its_own_form(releases: Releases, state: str) -> None:
    """What a class's own ``__reduce__`` gives as state is for its own ``__setstate__``: it is never
    read as fields by position, nor as a pair of dict and slots.
    """
    source = f"""
        @versioned(VERSION, unstamped=1)
        class C:
            def __init__(self, a=None):
                self.a = a
            def __reduce__(self):
                return C, (), {state}
            def __setstate__(self, state):
                self.raw = state
                self.a = eval("state", {{"state": state}})
        """
    first, second = eval(state.replace("self.a", "1")), eval(state.replace("self.a", "2"))
    step = """
        @migrates("shop:C", 1)
        def step(state):
            return ["migrated", state]
        """
    shop = releases.install_old(source.replace("VERSION", "1"))
    pickles = written([shop.C(1), shop.C(2)])
    for one in pickles:
        for loads in LOADERS.values():
            assert [obj.raw for obj in loads(one.data)] == [first, second]
    releases.install_new({"shop.steps": step, "shop": source.replace("VERSION", "2")})
    for one in pickles:
        for loads in LOADERS.values():
            found = [obj.raw for obj in loads(one.data)]
            assert found == [["migrated", first], ["migrated", second]]


def test_reduce_with_dict_state_for_slots(releases: Releases) -> None:
    """A class with slots whose ``__reduce__`` gives a dict gets a dict back, not a pair."""
    source = """
        @versioned({}, unstamped=1)
        class C:
            __slots__ = ("a",)
            def __init__(self, a=None):
                self.a = a
            def __reduce__(self):
                return C, (), {{"a": self.a}}
            def __setstate__(self, state):
                assert type(state) is dict
                self.a = state["a"]
        """
    releases.check(
        old=source.format(1),
        new={
            "shop.steps": 'Lineage("shop:C").upgrade(1, ConvertField("a", str))',
            "shop": source.format(2),
        },
        make="[C(1), C(2)]",
        expected=[{"a": "1"}, {"a": "2"}],
    )


def test_reduce_that_gives_a_text(releases: Releases) -> None:
    """A ``__reduce__`` that gives a text names a global, as ``None`` and ``Ellipsis`` do; there is
    no state that a version could be of.
    """
    source = """
        @versioned(VERSION, unstamped=1)
        class C:
            def __init__(self, name):
                self.name = name
            def __reduce__(self):
                return self.name
        NOTHING = C("NOTHING")
        EVERYTHING = C("EVERYTHING")
        """
    old = install(releases.old_source(source.replace("VERSION", "1")))
    pickles = [
        (name, PICKLERS[name]([old.NOTHING, old.EVERYTHING], protocol))
        for protocol in PROTOCOLS
        for name in ("C pickler", "Python pickler")
    ]
    new = install(releases.new_source(source.replace("VERSION", "2")))
    for _name, data in pickles:
        for loads in LOADERS.values():
            nothing, everything = loads(data)
            assert nothing is new.NOTHING
            assert everything is new.EVERYTHING


# --- __getnewargs__ and __getnewargs_ex__ -----------------------------------------------------


def test_getnewargs(releases: Releases) -> None:
    """Arguments of ``__new__``, beside the state."""
    source = """
        @versioned(VERSION, unstamped=1)
        class C:
            def __new__(cls, key="none"):
                self = object.__new__(cls)
                self.key = key
                return self
            def __init__(self, key="none"):
                self.a = key
            def __getnewargs__(self):
                return (self.key,)
        """
    releases.check(
        old=source.replace("VERSION", "1"),
        new={"shop.steps": RENAME, "shop": source.replace("VERSION", "2")},
        make=MAKE,
        expected=[{"key": 1, "b": 1, "z": 9}, {"key": "x", "b": "x", "z": 9}],
    )


def test_getnewargs_swapped_by_a_step(stamped_releases: Releases) -> None:
    """Trap: ``__getnewargs__`` is positional, so swapped arguments load swapped. A step with
    ``arguments=`` puts them in today's order before ``__new__`` sees them.
    """
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(tuple):
                def __new__(cls, first, second):
                    return super().__new__(cls, (first, second))
                def __getnewargs__(self):
                    return tuple(self)
            """,
        new="""
            Lineage("shop:C").upgrade(1, arguments=lambda args, kwargs: (args[::-1], kwargs))
            @versioned(2, unstamped=1)
            class C(tuple):
                def __new__(cls, second, first):
                    return super().__new__(cls, (second, first))
                def __getnewargs__(self):
                    return tuple(self)
            """,
        make="[C(1, 2), C('a', 'b')]",
        view=tuple,
        expected=[(2, 1), ("b", "a")],
    )


def test_getnewargs_ex_with_a_renamed_keyword(stamped_releases: Releases) -> None:
    """Trap: a renamed keyword of ``__getnewargs_ex__`` fails in ``__new__``, before any hook."""
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __new__(cls, *, size):
                    self = object.__new__(cls)
                    self.size = size
                    return self
                def __getnewargs_ex__(self):
                    return (), {"size": self.size}
            """,
        new="""
            @migrates("shop:C", 1, arguments=True)
            def rename(args, kwargs):
                kwargs["length"] = kwargs.pop("size")
                return args, kwargs
            Lineage("shop:C2")
            @versioned(2, unstamped=1)
            class C:
                def __new__(cls, *, length):
                    self = object.__new__(cls)
                    self.length = length
                    return self
                def __getnewargs_ex__(self):
                    return (), {"length": self.length}
            """,
        make="[C(size=1), C(size=2)]",
        view=lambda obj: getattr(obj, "length", None) or obj.size,
        expected=[1, 2],
    )


def test_getnewargs_ex(releases: Releases) -> None:
    """Keyword arguments of ``__new__``, beside the state. Protocols 0 and 1 know no arguments of
    ``__new__``; a stamp has them at every protocol.
    """
    source = """
        @versioned(VERSION, unstamped=1)
        class C:
            def __new__(cls, *, key=None):
                return object.__new__(cls)
            def __init__(self, *, key=None):
                self.a = key
            def __getnewargs_ex__(self):
                return (), {"key": 0}
        """
    releases.check(
        old=source.replace("VERSION", "1"),
        new={"shop.steps": RENAME, "shop": source.replace("VERSION", "2")},
        make="[C(key=1), C(key='x')]",
        expected=EXPECTED,
    )


def test_getnewargs_and_own_state(releases: Releases) -> None:
    """``__getnewargs__``, ``__getstate__`` and ``__setstate__`` together."""
    source = """
        @versioned(VERSION, unstamped=1)
        class C(str):
            def __new__(cls, text, *more):
                return super().__new__(cls, text)
            def __init__(self, text, a=None):
                self.a = a
            def __getnewargs__(self):
                return (str(self),)
            def __getstate__(self):
                return list(self.__dict__.items())
            def __setstate__(self, state):
                self.__dict__.update(state)
        """
    releases.check(
        old=source.replace("VERSION", "1"),
        new={
            "shop.steps": """
                @migrates("shop:C", 1)
                def step(state):
                    return [("b", value) for name, value in state]
                """,
            "shop": source.replace("VERSION", "2"),
        },
        make="[C('t', 1), C('u', 2)]",
        view=lambda obj: (str.__str__(obj), vars(obj)),
        expected=[("t", {"b": 1}), ("u", {"b": 2})],
    )


def test_copyreg_reducer_of_the_class_is_refused() -> None:
    """copyreg has one place for a class. What the application put there is not thrown away without
    a word.
    """
    with pytest.raises(UnsupportedShapeError, match="copyreg") as caught:
        install("""
            import copyreg
            from pickle_migrate import *
            class C:
                pass
            copyreg.pickle(C, lambda c: (C, ()))
            versioned(1)(C)
            """)
    assert caught.value.ref == "shop:C"


def test_copyreg_reducer_of_an_unregistered_subclass_is_kept() -> None:
    """A subclass that nobody registered, and that the application gave a copyreg reducer."""
    shop = install("""
        import copyreg
        from pickle_migrate import *
        @versioned(1, unstamped=1)
        class Base:
            pass
        class C(Base):
            pass
        def reduce(obj):
            return C, (), {"by": "copyreg"}
        copyreg.pickle(C, reduce)
        """)
    for _turn in range(2):
        for one in written([shop.C(), shop.C()]):
            for loads in LOADERS.values():
                assert [vars(c) for c in loads(one.data)] == [{"by": "copyreg"}] * 2
    assert copyreg.dispatch_table[shop.C] is shop.reduce


def test_copy_methods_of_the_class_are_kept(releases: Releases) -> None:
    """``__copy__`` and ``__deepcopy__`` of the class's own."""
    source = """
        @versioned(VERSION, unstamped=1)
        class C:
            def __init__(self, a):
                self.a = a
            def __copy__(self):
                return type(self)(("copied", self.__dict__.get("a", 0)))
            def __deepcopy__(self, memo):
                return type(self)(("deep", self.__dict__.get("a", 0)))
        """
    new = install(releases.new_source(source.replace("VERSION", "2")))
    assert vars(copy.copy(new.C(1))) == {"a": ("copied", 1)}
    assert vars(copy.deepcopy(new.C(1))) == {"a": ("deep", 1)}
    releases.check(
        old=source.replace("VERSION", "1"),
        new={"shop.steps": RENAME, "shop": source.replace("VERSION", "2")},
        make=MAKE,
        expected=EXPECTED,
        copies=False,
    )
