"""A migration as a value: what it takes, refuses, says, and how it leads back."""

import functools

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import (
    FieldExistsError,
    MissingFieldError,
    OperationError,
    RefError,
    VersionNumberError,
)
from pickle_migrate.migration import Migration
from pickle_migrate.operations import (
    AddField,
    ConvertField,
    MergeFields,
    RemoveField,
    RenameField,
    RunFunction,
    SplitField,
)
from pickle_migrate.refs import GlobalRef


def tidy(state):
    state["tidy"] = True


def migration(*operations, version=2):
    return Migration("shop.models:Order", version, operations, "shop.migrations, line 3")


def test_holds_a_ref_and_operations():
    """A text becomes a ref, any row of operations a tuple, a function a RunFunction."""
    made = Migration("shop.models:Order", 2, [RenameField("a", "b"), tidy], "here")
    assert made.ref == GlobalRef("shop.models", "Order")
    assert made.operations == (RenameField("a", "b"), RunFunction(tidy))
    assert (made.version, made.origin, made.arguments) == (2, "here", None)


def test_one_operation_or_function_need_no_tuple():
    """A single one stands for a row of one."""
    assert Migration("m:A", 1, RemoveField("a")).operations == (RemoveField("a"),)
    assert Migration("m:A", 1, tidy).operations == (RunFunction(tidy),)


def test_a_class_gives_its_ref():
    """The class may be given itself, or its ref."""
    assert Migration(GlobalRef, 1).ref == GlobalRef("pickle_migrate.refs", "GlobalRef")
    assert Migration(GlobalRef("m", "A"), 1).ref == GlobalRef("m", "A")


def test_is_frozen_and_equal_by_value():
    """A migration is a value."""
    assert migration(RemoveField("a")) == migration(RemoveField("a"))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        migration().version = 3


def test_a_wrong_ref_is_refused():
    """A text that does not name a class."""
    with pytest.raises(RefError):
        Migration("shop.models.Order", 1)


@pytest.mark.parametrize("version", [0, -1, "1", 1.0, True, None])
def test_a_version_is_a_whole_number_from_1(version):
    """Anything else is refused, True too."""
    with pytest.raises(VersionNumberError):
        Migration("m:A", version)


@pytest.mark.parametrize("given", [3, None, "tidy", (RemoveField("a"),)])
def test_a_step_is_an_operation_or_a_function(given):
    """Anything else in the row is refused."""
    with pytest.raises(OperationError, match="operation or a function"):
        migration(given)


def test_an_operation_without_its_arguments_is_refused():
    """``AddField`` instead of ``AddField("a", ...)`` is callable, but no function of a state."""
    with pytest.raises(OperationError, match="without its arguments"):
        migration(RemoveField)


def test_arguments_are_a_function():
    """What cannot be called is refused."""
    with pytest.raises(OperationError, match="arguments="):
        Migration("m:A", 1, (), "", "text")


# --- contradictions -----------------------------------------------------------------------------

contradictions = [
    (RemoveField("a"), RenameField("a", "b")),
    (RemoveField("a"), RemoveField("a")),
    (RenameField("a", "b"), ConvertField("a", str)),
    (RenameField("a", "b"), RenameField("a", "c")),
    (SplitField("a", ("b", "c"), str.split), RemoveField("a")),
    (MergeFields(("a", "b"), "c", max), ConvertField("b", str)),
    (RemoveField("a", missing_ok=True), ConvertField("a", str)),
    (RenameField("a", "b", missing_ok=True), RemoveField("a")),
    (AddField("a", 1), AddField("a", 2)),
    (AddField("a", 1), RenameField("b", "a")),
    (RenameField("b", "a"), AddField("a", 1)),
    (ConvertField("a", str), AddField("a", 1)),
    (ConvertField("a", str), MergeFields(("b", "c"), "a", max)),
    (SplitField("x", ("a", "b"), str.split), AddField("b", 1)),
    (AddField("a", 1, keep_existing=True), AddField("a", 1)),
    (RemoveField("a"), AddField("a", 1, keep_existing=True), RenameField("b", "a")),
]


@pytest.mark.parametrize("operations", contradictions, ids=lambda o: "; ".join(map(str, o)))
def test_what_cannot_work_for_any_state_is_refused(operations):
    """The error names the operation that cannot work, the field, and the one before it."""
    with pytest.raises(OperationError) as caught:
        migration(*operations)
    assert caught.value.operation == operations[-1].describe()
    assert operations[-2].describe() in caught.value.problem or len(operations) == 3


@pytest.mark.parametrize("operations", contradictions, ids=lambda o: "; ".join(map(str, o)))
@given(present=st.sets(st.sampled_from("abcx")))
def test_what_is_refused_would_have_failed(operations, present):
    """No state at all goes through operations that are refused as contradictions."""
    state = dict.fromkeys(sorted(present), "1 2")
    with pytest.raises((MissingFieldError, FieldExistsError)):
        functools.reduce(lambda state, operation: operation.apply(state), operations, state)


@pytest.mark.parametrize(
    "operations",
    [
        (RenameField("a", "t"), RenameField("b", "a"), RenameField("t", "b")),
        (RemoveField("a"), AddField("a", 1)),
        (RemoveField("a"), tidy, ConvertField("a", str)),
        (AddField("a", 1), tidy, AddField("a", 2)),
        (AddField("a", 1), RemoveField("a")),
        (RemoveField("a"), ConvertField("a", str, missing_ok=True)),
        (AddField("a", 1), AddField("a", 2, keep_existing=True)),
        (RenameField("a", "b", missing_ok=True), AddField("b", 1, keep_existing=True)),
        (RenameField("a", "b", missing_ok=True), ConvertField("b", str)),
    ],
)
def test_what_may_work_is_taken(operations):
    """Two fields that exchange names, a field made anew, and all that a function may have done."""
    assert len(migration(*operations).operations) == len(operations)


# --- words and the way back ---------------------------------------------------------------------


def test_describe():
    """One line: the class, the versions, and what each operation says of itself."""
    made = migration(RenameField("a", "b"), AddField("c", 1), tidy)
    assert made.describe() == "shop.models:Order 2 to 3: rename 'a' to 'b'; add 'c' = 1; run tidy"
    assert Migration("m:A", 1).describe() == "m:A 1 to 2: nothing"
    arguments = Migration("m:A", 1, arguments=lambda args, kwargs: (args, kwargs))
    assert arguments.describe() == "m:A 1 to 2: change the constructor arguments"


def test_lossy_if_one_operation_is():
    """A removal makes the whole migration lossy."""
    assert migration(AddField("a", 1), RemoveField("b")).lossy
    assert not migration(AddField("a", 1), tidy).lossy


def test_inverse_leads_back():
    """The inverse operations in the opposite order; its source is the newer version."""
    made = migration(RenameField("a", "b"), AddField("c", 1), ConvertField("b", str, int))
    back = made.inverse()
    assert (back.source, back.target) == (3, 2)
    assert back.describe().startswith("shop.models:Order 3 to 2: convert 'b' with int; remove 'c'")
    assert back.apply(made.apply({"a": 7})) == {"a": 7}
    assert back.inverse() == made


@pytest.mark.parametrize(
    "made",
    [
        migration(RenameField("a", "b"), ConvertField("b", str)),
        migration(RenameField("a", "b"), tidy),
        migration(RemoveField("a")),
        Migration("m:A", 1, arguments=lambda args, kwargs: (args, kwargs)),
    ],
)
def test_no_inverse_if_one_operation_has_none(made):
    """Then the migration is irreversible."""
    assert made.inverse() is None


def test_apply_runs_the_operations_in_order():
    """And names the version that the states come from."""
    made = migration(RenameField("a", "b"), AddField("a", 0), tidy)
    state = {"a": 1}
    assert made.apply(state) == {"b": 1, "a": 0, "tidy": True}
    assert state == {"a": 1}
    with pytest.raises(MissingFieldError) as caught:
        made.apply({})
    assert (caught.value.ref, caught.value.version) == ("shop.models:Order", 2)


def test_errors_of_the_way_back_name_the_newer_version():
    """What goes wrong on the way from 3 to 2 goes wrong with a state of version 3."""
    with pytest.raises(MissingFieldError) as caught:
        migration(AddField("c", 1)).inverse().apply({})
    assert caught.value.version == 3
