"""Values and functions as source text: what it means is what it was."""

import datetime
import decimal
import enum
import fractions
import functools
import math
import pathlib
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.make.layout import Import
from pickle_migrate.make.sources import function_source, importable, value_source


class Kind(enum.Enum):
    NEW = 1


class Outer:
    def method(self):
        pass

    @staticmethod
    def made():
        return 1


def named(value):
    return value


FACTOR = 3
tripled = lambda value: value * FACTOR  # noqa: E731
first, second = (lambda v: v + 1), (lambda v: v + 2)


def run(found):
    """The value of a text, with its imports and nothing else."""
    names = {}
    for one in found.imports:
        text = f"from {one.module} import {one.name}" if one.name else f"import {one.module}"
        exec(text, names)
    return eval(found.text, names)


plain = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        st.text(max_size=9),
        st.binary(max_size=9),
        st.decimals(allow_nan=False, places=3),
        st.dates(),
        st.datetimes(),
        st.timedeltas(),
        st.uuids(),
        st.fractions(),
        st.just(Kind.NEW),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.sets(st.integers(), max_size=3),
        st.frozensets(st.text(max_size=3), max_size=3),
    ),
    max_leaves=8,
)


@given(plain)
def test_the_text_means_the_value(value):
    """Of plain values, members of enums and a few types of the standard library."""
    found = value_source(value)
    assert found is not None
    made = run(found)
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("it's", '"it\'s"'),
        (-1, "-1"),
        (math.inf, 'float("inf")'),
        (Kind.NEW, "Kind.NEW"),
        ((1,), "(1,)"),
        (set(), "set()"),
        (frozenset({"b", "a"}), 'frozenset({"a", "b"})'),
        (decimal.Decimal("1.50"), 'Decimal("1.50")'),
        (fractions.Fraction(1, 3), 'Fraction("1/3")'),
        (uuid.UUID(int=1), 'UUID("00000000-0000-0000-0000-000000000001")'),
        (datetime.date(2020, 1, 2), "datetime.date(2020, 1, 2)"),
        (datetime.UTC, "datetime.UTC"),
        (pathlib.PurePosixPath("/a"), 'PurePosixPath("/a")'),
    ],
)
def test_how_it_reads(value, text):
    """As a person would write it."""
    assert value_source(value).text == text


@pytest.mark.parametrize(
    "value", [object(), [object()], datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), Outer()]
)
def test_what_has_no_text(value):
    """None, and whoever asked has to say what is meant."""
    assert value_source(value) is None


def test_what_makes_a_new_object_is_told():
    """Objects must not share it."""
    assert value_source([]).makes
    assert value_source(([],)).makes
    assert not value_source((1, "a")).makes


@pytest.mark.parametrize(
    ("function", "text", "arguments"),
    [
        (named, "named", (5,)),
        (str.upper, "str.upper", ("a",)),
        (int, "int", ("4",)),
        (decimal.Decimal, "Decimal", ("4",)),
        (Outer.made, "Outer.made", ()),
        ("{}-{}".format, '"{}-{}".format', (1, 2)),
        ({1: 2}.get, "{1: 2}.get", (1,)),
        ({1: 2}.__getitem__, "{1: 2}.__getitem__", (1,)),
        (math.floor, "floor", (1.5,)),
        (tripled, "lambda value: value * FACTOR", (2,)),
        (second, "lambda v: v + 2", (2,)),
    ],
)
def test_functions(function, text, arguments):
    """By their name, or by the text of the lambda that they are."""
    found = function_source(function)
    assert found.text == text
    assert run(found)(*arguments) == function(*arguments)


def adding(number):
    return lambda value: value + number


@pytest.mark.parametrize(
    "function", [adding(1), functools.partial(named, 1), Outer().method, eval("lambda: 1")]
)
def test_functions_that_have_no_name(function):
    """What closes over a variable, or stands in no file."""
    assert function_source(function) is None


def test_a_name_is_the_public_one():
    """``Decimal`` is made in ``_decimal`` on some Pythons."""
    assert importable(decimal.Decimal).imports == {Import("decimal", "Decimal")}
