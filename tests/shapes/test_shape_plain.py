"""Classes that keep their state in ``__dict__``, in slots, or in both."""

from __future__ import annotations

import sys

from releases import Releases, fields_of

CHANGE = """
    Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
    """
MAKE = "[C(1), C('x'), C([2, {3: 4}])]"
EXPECTED = [{"b": 1, "z": 9}, {"b": "x", "z": 9}, {"b": [2, {3: 4}], "z": 9}]


def test_plain_class(releases: Releases) -> None:
    """A class without any of pickle's methods: its state is its ``__dict__``."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
            """,
        new=CHANGE
        + """
    @versioned(2, unstamped=1)
    class C:
        pass
    """,
        make=MAKE,
        expected=EXPECTED,
    )


def test_slots(releases: Releases) -> None:
    """A class with slots and no ``__dict__``; unregistered, it pickles from protocol 2 on."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                __slots__ = ("a",)
                def __init__(self, a):
                    self.a = a
            """,
        new=CHANGE
        + """
    @versioned(2, unstamped=1)
    class C:
        __slots__ = ("z", "b")
    """,
        make=MAKE,
        expected=EXPECTED,
        lowest_protocol=2,
    )


def test_one_slot_as_a_text(releases: Releases) -> None:
    """``__slots__`` may be one text instead of a tuple of texts."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                __slots__ = "amount"
                def __init__(self, amount):
                    self.amount = amount
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("amount", "total"))
            @versioned(2, unstamped=1)
            class C:
                __slots__ = "total"
            """,
        make="[C(1), C(2)]",
        expected=[{"total": 1}, {"total": 2}],
        lowest_protocol=2,
    )


def test_slots_of_which_some_were_never_set(releases: Releases) -> None:
    """An unset slot has no value; it stays unset, it does not become None."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                __slots__ = ("a", "unset")
                def __init__(self, a):
                    self.a = a
            """,
        new=CHANGE
        + """
    @versioned(2, unstamped=1)
    class C:
        __slots__ = ("z", "b", "unset")
    """,
        make="[C(1), C(2)]",
        expected=[{"b": 1, "z": 9}, {"b": 2, "z": 9}],
        lowest_protocol=2,
    )


def test_slots_with_bases_and_private_names(releases: Releases) -> None:
    """Slots of several classes of the MRO; the compiler mangles those with two underscores, and
    renaming the class renames them.
    """
    releases.check(
        old="""
            class Base:
                __slots__ = ("__key", "shared")
            @versioned(1, unstamped=1)
            class C(Base):
                __slots__ = ("a", "__secret")
                def __init__(self, a):
                    self._Base__key, self.shared = "key", "shared"
                    self.a, self.__secret = a, [a]
            """,
        new="""
            class Base:
                __slots__ = ("__key", "shared")
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
            @versioned(2, unstamped=1)
            class C(Base):
                __slots__ = ("b", "z", "__secret")
            """,
        make="[C(1), C(2)]",
        expected=[
            {"_Base__key": "key", "shared": "shared", "_C__secret": [1], "b": 1, "z": 9},
            {"_Base__key": "key", "shared": "shared", "_C__secret": [2], "b": 2, "z": 9},
        ],
        lowest_protocol=2,
    )


def test_slots_and_dict(releases: Releases) -> None:
    """A class with both gives a pair of dict and slots; steps see one mapping of fields."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                __slots__ = ("a", "__dict__", "__weakref__")
                def __init__(self, a):
                    self.a = a
                    self.free = [a]
            """,
        new="""
            @migrates("shop:C", 1)
            def swap(state):
                assert set(state) == {"a", "free"}
                state["b"], state["more"] = state.pop("free"), state.pop("a")
            @versioned(2, unstamped=1)
            class C:
                __slots__ = ("b", "__dict__")
            """,
        make="[C(1), C('x')]",
        expected=[{"b": [1], "more": 1}, {"b": ["x"], "more": "x"}],
        lowest_protocol=2,
    )


def test_slots_whose_subclass_has_a_dict(releases: Releases) -> None:
    """Slots in the base and a ``__dict__`` in the class."""
    releases.check(
        old="""
            class Base:
                __slots__ = ("a",)
            @versioned(1, unstamped=1)
            class C(Base):
                def __init__(self, a):
                    self.a, self.n = a, None
            """,
        new="""
            class Base:
                __slots__ = ("b", "z")
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
            @versioned(2, unstamped=1)
            class C(Base):
                pass
            """,
        make="[C(1), C('x')]",
        expected=[{"b": 1, "z": 9, "n": None}, {"b": "x", "z": 9, "n": None}],
        lowest_protocol=2,
    )


def test_empty_objects_of_a_stamped_class(stamped_releases: Releases) -> None:
    """Trap: for an empty ``__dict__`` pickle writes no BUILD; stamped ones get one, and migrate."""
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                pass
            """,
        new="""
            Lineage("shop:C").upgrade(1, AddField("z", factory=list))
            @versioned(2, unstamped=1)
            class C:
                pass
            """,
        make="[C(), C(), C()]",
        expected=[{"z": []}, {"z": []}, {"z": []}],
    )


def test_empty_slots_of_a_stamped_class(stamped_releases: Releases) -> None:
    """As above for slots: none of them was ever set."""
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                __slots__ = ("unset",)
            """,
        new="""
            Lineage("shop:C").upgrade(1, AddField("z", default=9))
            @versioned(2, unstamped=1)
            class C:
                __slots__ = ("unset", "z")
            """,
        make="[C(), C()]",
        expected=[{"z": 9}, {"z": 9}],
    )


def test_empty_current_objects(releases: Releases) -> None:
    """Empty objects stay empty, and only current ones have no step to run."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                pass
            """,
        new="""
            @versioned(1, unstamped=1)
            class C:
                pass
            """,
        make="[C(), C()]",
        expected=[{}, {}],
    )


def test_private_attributes(releases: Releases) -> None:
    """Private attributes are stored under the class's name."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.__a = a
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("_C__a", "_C__b"))
            @versioned(2, unstamped=1)
            class C:
                def get(self):
                    return self.__b
            """,
        make="[C(1), C(2)]",
        expected=[{"_C__b": 1}, {"_C__b": 2}],
    )


def test_nested_classes(releases: Releases) -> None:
    """A class inside a class inside a class; below protocol 4 pickle asks for it by getattr."""
    releases.check(
        old="""
            class Outer:
                class Middle:
                    @versioned(1, unstamped=1)
                    class C:
                        def __init__(self, a):
                            self.a = a
            """,
        new="""
            Lineage("shop:Outer.Middle.C").upgrade(1, RenameField("a", "b"))
            class Outer:
                class Middle:
                    @versioned(2, unstamped=1)
                    class C:
                        pass
            """,
        make="[Outer.Middle.C(1), Outer.Middle.C('x')]",
        expected=[{"b": 1}, {"b": "x"}],
    )


def test_generic_class(releases: Releases) -> None:
    """A ``Generic[T]``; an object made by ``C[int](...)`` keeps ``__orig_class__`` (PEP 560)."""
    releases.check(
        old="""
            from typing import Generic, TypeVar
            T = TypeVar("T")
            @versioned(1, unstamped=1)
            class C(Generic[T]):
                def __init__(self, a):
                    self.a = a
            """,
        new="""
            from typing import Generic, TypeVar
            T = TypeVar("T")
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class C(Generic[T]):
                pass
            """,
        make="[C[int](1), C('x'), C[list[str]](['x'])]",
        view=lambda obj: {k: str(v) for k, v in fields_of(obj).items()},
        expected=[
            {"b": "1", "__orig_class__": "shop.C[int]"},
            {"b": "x"},
            {"b": "['x']", "__orig_class__": "shop.C[list[str]]"},
        ],
    )


def test_generic_with_slots(releases: Releases) -> None:
    """A subclass of ``Generic[T]`` with slots has nowhere to keep ``__orig_class__``."""
    releases.check(
        old="""
            from typing import Generic, TypeVar
            T = TypeVar("T")
            @versioned(1, unstamped=1)
            class C(Generic[T]):
                __slots__ = ("a",)
                def __init__(self, a):
                    self.a = a
            """,
        new="""
            from typing import Generic, TypeVar
            T = TypeVar("T")
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class C(Generic[T]):
                __slots__ = ("b",)
            """,
        make="[C[int](1), C('x')]",
        expected=[{"b": 1}, {"b": "x"}],
        lowest_protocol=2,
    )


def test_abstract_class(releases: Releases) -> None:
    """A concrete class of an abstract one; the metaclass is in nobody's way."""
    releases.check(
        old="""
            import abc
            @versioned(1, unstamped=1)
            class Base(abc.ABC):
                @abc.abstractmethod
                def price(self): ...
            @versioned(1, unstamped=1)
            class C(Base):
                def __init__(self, a):
                    self.a = a
                def price(self):
                    return self.a
            """,
        new="""
            import abc
            Lineage("shop:Base").upgrade(1, AddField("currency", default="EUR"))
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class Base(abc.ABC):
                @abc.abstractmethod
                def price(self): ...
            @versioned(2, unstamped=1)
            class C(Base):
                def price(self):
                    return self.b
            """,
        make="[C(1), C(2)]",
        view=lambda obj: (obj.price(), fields_of(obj)),
        expected=[(1, {"b": 1, "currency": "EUR"}), (2, {"b": 2, "currency": "EUR"})],
    )


def test_class_with_a_metaclass_and_init_subclass(releases: Releases) -> None:
    """No subclass is made behind the scenes: neither a metaclass nor ``__init_subclass__`` runs."""
    source = """
        made = []
        class Meta(type):
            def __new__(meta, name, bases, body, **keywords):
                made.append(("new", name))
                return super().__new__(meta, name, bases, body, **keywords)
        class Base(metaclass=Meta):
            def __init_subclass__(cls, **keywords):
                made.append(("subclass", cls.__name__))
        @versioned(VERSION, unstamped=1)
        class C(Base):
            def __init__(self, a):
                self.a = a
        """
    releases.check(
        old=source.replace("VERSION", "1"),
        new={"shop.steps": CHANGE, "shop": source.replace("VERSION", "2")},
        make="[C(1), C(2)]",
        expected=[{"b": 1, "z": 9}, {"b": 2, "z": 9}],
    )
    assert sys.modules["shop"].made == [("new", "Base"), ("new", "C"), ("subclass", "C")]


def test_class_with_getattr_setattr_and_properties(releases: Releases) -> None:
    """As under plain pickle, neither ``__setattr__`` nor ``__getattr__`` nor a property is run."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.__dict__["a"] = a
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class C:
                def __getattr__(self, name):
                    if name.startswith("__") and name.endswith("__"):
                        raise AttributeError(name)
                    raise ValueError(name)
                def __setattr__(self, name, value):
                    raise ValueError(name)
                @property
                def b(self):
                    return self.__dict__["b"] * 10
            """,
        make="[C(1), C(2)]",
        view=lambda obj: dict(vars(obj)),
        expected=[{"b": 1}, {"b": 2}],
    )
