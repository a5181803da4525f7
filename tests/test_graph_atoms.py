"""Values, classes and texts, found without asking the objects."""

import enum
import sys
import types

import pytest

from pickle_migrate.graph_atoms import (
    ATOMS,
    canonical,
    class_names,
    is_found,
    key_of,
    mro,
    same_atom,
    same_class,
    text,
    type_name,
)

NAN = float("nan")
DIFFERENT = [
    None,
    ...,
    NotImplemented,
    True,
    1,
    1.0,
    0,
    False,
    0.0,
    -0.0,
    NAN,
    float("inf"),
    1j,
    complex(0.0, -0.0),
    complex(-0.0, 0.0),
    complex(NAN, 0.0),
    "",
    "1",
    b"",
    b"1",
    range(0),
    range(1, 1),
    range(3),
    2**70,
    compile("1", "a", "eval"),
    compile("2", "a", "eval"),
]


class Colour(enum.Flag):
    RED = 1
    BLUE = 2


class Outer:
    class Inner:
        """Found by a name with a dot."""

        @staticmethod
        def called():
            """Found as the function that it is."""


def test_atoms_are_told_apart():
    """No two of these are the same atom, and each is the same as itself, by both rules."""
    for left in DIFFERENT:
        for right in DIFFERENT:
            assert same_atom(left, right) == (left is right), (left, right)
            assert (canonical(left) == canonical(right)) == (left is right), (left, right)


def test_all_nans_are_one():
    """Two NaNs are the same atom, for a pickle of protocol 0 keeps no more of them."""
    assert same_atom(NAN, -float("nan"))
    assert canonical(NAN) == canonical(float("inf") - float("inf"))


def test_atoms_are_exact_types():
    """A subclass of int or str is no atom: it may have attributes."""
    assert id(int) in ATOMS
    assert id(type("Number", (int,), {})) not in ATOMS


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((1, "a"), (True, "a")),
        ((1, ("a",)), (1, ("b",))),
        (frozenset([1]), frozenset([1.0])),
        (frozenset([1]), (1,)),
        (Colour.RED, Colour.BLUE),
        (Colour.RED, 1),
    ],
)
def test_keys_by_value(left, right):
    """Small tuples, frozensets and enum members are keys by value, types included."""
    assert key_of(left) is not None
    assert key_of(left) != key_of(right)
    assert key_of((left, right)) == key_of((left, right))


@pytest.mark.parametrize("key", [object(), (1, object()), tuple(range(100)), ((((((1,),),),),),)])
def test_keys_by_shape(key):
    """Objects, and immutables that hold them or are large, are no keys by value."""
    assert key_of(key) is None


def test_names_past_a_metaclass():
    """What a metaclass says of its class is not heard."""

    class Meta(type):
        __mro__ = property(lambda cls: ())

        def __getattribute__(cls, name):
            return "wrong"

    made = Meta("Made", (), {"__module__": "m"})
    assert class_names(made) == ("m", "Made")
    assert mro(made) == (made, object)
    odd = type("Odd", (), {"__module__": 5})
    assert class_names(odd) == ("?", "Odd")


def test_found_by_name():
    """A name leads through imported modules and classes, and imports nothing."""
    assert is_found(Outer.Inner, __name__, "Outer.Inner")
    assert is_found(Outer.Inner.called, __name__, "Outer.Inner.called")
    assert not is_found(Outer, __name__, "Outer.Inner")
    assert not is_found(Outer, "no.such.module", "Outer")
    assert not is_found(Outer, __name__, "test_found_by_name.Outer")


def test_a_modules_getattr_is_not_called(monkeypatch):
    """A module's own __getattr__ may do anything, and is left alone."""
    module = types.ModuleType("answering")
    module.__getattr__ = lambda name: pytest.fail("must not be called")
    monkeypatch.setitem(sys.modules, "answering", module)
    assert not is_found(Outer, "answering", "Outer")


def test_copies_of_a_class():
    """Two classes of one name are copies if the name leads to neither."""

    def make(module):
        return type("Outer", (), {"__module__": module, "__qualname__": "Outer"})

    assert same_class(make("gone"), make("gone"))
    assert not same_class(make(__name__), Outer)
    assert not same_class(make("gone"), make("lost"))


class Bare:
    def __repr__(self):
        raise AssertionError("must not be called")


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (1, "1"),
        (10**100, "int of 333 bits"),
        ("a'b", '"a\'b"'),
        ("\x1b[0m", "'\\x1b[0m'"),
        (b"\x00", "b'\\x00'"),
        ([1, 2], "list of 2"),
        ({}, "dict of 0"),
        (Bare(), "Bare object"),
        (Bare, f"class {__name__}.Bare"),
        (int, "class int"),
        (Colour.RED, "Colour.RED"),
        (Colour.RED | Colour.BLUE, "Colour.RED|BLUE"),
        (test_found_by_name, "function test_found_by_name"),
        (range(3), "range object"),
        (types, "module object"),
    ],
)
def test_texts(obj, expected):
    """An object in a few words, by its type where its own __repr__ would have to be asked."""
    assert text(obj) == expected


def test_long_texts_are_cut():
    """Long values and names are cut to a line, and escaped."""
    assert text("x" * 500).endswith("(500 long)")
    assert len(text("\x00" * 500)) < 80
    assert len(type_name(type("N" * 500, (), {}))) <= 60
    assert type_name(type("a\x1b", (), {})).isprintable()
