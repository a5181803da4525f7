"""Operations as source text: what is written makes the same operation."""

import pytest

from pickle_migrate import fieldrules, operations
from pickle_migrate.errors import RequestError
from pickle_migrate.make.operation_source import operation_source
from pickle_migrate.operations import (
    AbsentField,
    AddField,
    ConvertField,
    MergeFields,
    Rebuild,
    RemoveField,
    RenameField,
    RunFunction,
    SplitField,
)


def double(value):
    return value * 2


def made():
    return []


@pytest.mark.parametrize(
    "operation",
    [
        AbsentField("a"),
        AddField("a", default=1),
        AddField("a", factory=list, keep_existing=True),
        AddField("a", factory=made),
        RemoveField("a"),
        RemoveField("a", default="x", missing_ok=True),
        Rebuild(double),
        RenameField("a", "b"),
        RenameField("a", "b", missing_ok=True),
        ConvertField("a", double),
        ConvertField("a", int, inverse=str, missing_ok=True),
        SplitField("a", ("b", "c"), str.split),
        SplitField("a", ("b",), double, inverse=double),
        MergeFields(("a", "b"), "c", double, inverse=double),
    ],
)
def test_the_text_makes_the_operation(operation):
    """With all its options."""
    found = operation_source(operation)
    names = {}
    for one in found.imports:
        exec(f"from {one.module} import {one.name}", names)
    assert eval(found.text, names) == operation


def test_a_function_on_the_state_is_its_name():
    """As it stands in a chain."""
    assert operation_source(RunFunction(double)).text == "double"


def test_every_operation_can_be_written():
    """A new one has to be thought of here."""
    every = {getattr(operations, name) for name in operations.__all__} - {fieldrules.Operation}
    from pickle_migrate.make.operation_source import _WRITERS

    assert every == {*_WRITERS, RunFunction}


class Mine(fieldrules.Operation):
    def apply(self, state, ref="", version=0):
        return state


@pytest.mark.parametrize(
    "operation",
    [
        Mine(),
        ConvertField("a", eval("lambda value: value")),
        AddField("a", default=Mine()),
    ],
)
def test_what_cannot_be_written(operation):
    """It says which operation, and what to do."""
    with pytest.raises(RequestError, match="cannot be written down"):
        operation_source(operation)
