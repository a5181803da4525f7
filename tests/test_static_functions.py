"""Which operations may run without loading, and on what."""

import datetime
import decimal
import functools
import math
import operator
import os

import pytest

from pickle_migrate import (
    AddField,
    ConvertField,
    MergeFields,
    RemoveField,
    RenameField,
    SplitField,
)
from pickle_migrate.compiler import compile_chain
from pickle_migrate.errors import StaticError
from pickle_migrate.fieldrules import FieldOperation, Fields
from pickle_migrate.migration import Migration
from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_types import ShimType
from pickle_migrate.shims_world import World
from pickle_migrate.static_functions import against, is_known, is_plain, on_plain_data


def own(value):
    return value


class Number(int):
    pass


class OwnOperation(FieldOperation):
    fields = Fields()

    def change(self, state, ref, version):
        pass


KNOWN = [
    int,
    str,
    list,
    decimal.Decimal,
    len,
    sorted,
    round,
    str.strip,
    str.split,
    "{} {}".format,
    {"a": 1}.get,
    [1, 2].index,
    dict.fromkeys,
    int.from_bytes,
    datetime.datetime.fromisoformat,
    math.sqrt,
    operator.add,
    operator.itemgetter(0),
    operator.methodcaller("strip"),
    functools.partial(round, ndigits=2),
    int.__add__,
    (1).__add__,
]
UNKNOWN = [
    own,
    lambda value: value,
    Number,
    eval,
    print,
    open,
    getattr,
    os.getcwd,
    datetime.datetime.now,
    datetime.date.today,
    datetime.datetime.fromtimestamp,
    functools.partial(own, 1),
    functools.partial(max, key=own),
    operator.itemgetter(Number(1)),
    [Number(1)].index,
    Number(3).__add__,
    Number.__add__ if False else own,
    functools.lru_cache(own),
]


@pytest.mark.parametrize("function", KNOWN, ids=range(len(KNOWN)))
def test_known_functions(function):
    """Each makes a value of values, and nothing else."""
    assert is_known(function)


@pytest.mark.parametrize("function", UNKNOWN, ids=range(len(UNKNOWN)))
def test_unknown_functions(function):
    """The user's own, what looks at the machine or the clock, and what runs code."""
    assert not is_known(function)


@pytest.mark.parametrize(
    "operation",
    [
        AddField("a", default=1),
        AddField("a", default=Number(1)),
        AddField("a", factory=list),
        RemoveField("a"),
        RenameField("a", "b"),
        ConvertField("a", int),
        SplitField("a", ("b", "c"), str.split),
        MergeFields(("b", "c"), "a", "{}{}".format),
    ],
    ids=lambda operation: operation.describe(),
)
def test_declared_operations(operation):
    """They run on states alone."""
    assert against(Migration("m:C", 1, (operation,))) == ()


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (own, "a step has to run own (step 1 to 2)"),
        (OwnOperation(), "a step has to OwnOperation (step 1 to 2)"),
        (AddField("a", factory=lambda: 1), "a step calls .*<lambda>: add 'a'"),
        (AddField("a", factory=lambda state: 1), "a factory looks at the state: add 'a'"),
        (ConvertField("a", own), "a step calls own: convert 'a' with own"),
    ],
)
def test_functions_of_users(operation, reason):
    """The reason says which step and what it would run."""
    import re

    [found] = against(Migration("m:C", 1, (RenameField("x", "y"), operation)))
    assert re.match(reason.replace("(", r"\(").replace(")", r"\)"), found)


def test_arguments():
    """Constructor arguments are changed by a function."""
    step = Migration("m:C", 1, (), arguments=lambda args, kwargs: (args, kwargs))
    assert against(step) == ("a step changes its constructor arguments (step 1 to 2)",)


def test_every_reason_is_told():
    """A live upgrade is needed for all of them."""
    step = Migration("m:C", 1, (own, ConvertField("a", own), RenameField("x", "y")))
    assert len(against(step)) == 2


SHIM = World().new(ShimType, GlobalRef("m", "C"))()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, True),
        (1.5, True),
        ([1, ("a", {b"x"}), {"k": [None]}], True),
        (Number(1), False),
        ([[[SHIM]]], False),
        ({SHIM: 1}, False),
        ({"k": SHIM}, False),
        (decimal.Decimal(1), False),
    ],
)
def test_plain_data(value, plain):
    """Exact builtin types, all the way down."""
    assert is_plain(value) is plain


def test_plain_data_in_circles():
    """A list that holds itself is looked at once."""
    loop = [1]
    loop.append(loop)
    assert is_plain(loop)


def test_functions_get_plain_data_only():
    """A stand-in would give another result than the object that it stands for."""
    step = on_plain_data(Migration("m:C", 1, (ConvertField("a", str), AddField("b", factory=list))))
    migrate = compile_chain([step])
    assert migrate({"a": 1}) == {"a": "1", "b": []}
    with pytest.raises(StaticError, match="m:C: str would get an object of m:C"):
        migrate({"a": SHIM})
    with pytest.raises(StaticError, match="str would get a list with objects in it"):
        migrate({"a": [SHIM]})
