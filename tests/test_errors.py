"""Errors: each says what and what to do, and is data."""

import copy
import inspect
import pickle
import traceback

import pytest

from pickle_migrate import errors
from pickle_migrate.errors import (
    DeclarationError,
    DuplicateStepError,
    GapError,
    MigrationError,
    PickleFormatError,
    PickleMigrateError,
    StateError,
    StepFailedError,
    TooDeepError,
    UnknownClassError,
)

SAMPLES = {
    "str": "shop.models:Order",
    "int": 73,
    "tuple[str, ...]": ("first thing", "second thing"),
}
CLASSES = [
    cls
    for cls in vars(errors).values()
    if inspect.isclass(cls) and issubclass(cls, PickleMigrateError) and cls._fields
]
each_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)


def facts_of(cls):
    """Different values for all fields, as their annotations ask."""
    kinds = {name: kind for k in cls.__mro__ for name, kind in inspect.get_annotations(k).items()}
    facts = {}
    for number, name in enumerate(cls._fields):
        sample = SAMPLES[kinds[name]]
        if isinstance(sample, str):
            sample = f"{name} of it"
        facts[name] = sample + number if isinstance(sample, int) else sample
    return facts


def made(cls):
    return cls(**facts_of(cls))


def test_every_error_class_is_tried():
    """A class without facts is a base of others, and there are three of those."""
    found = [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, Exception)]
    bases = {PickleMigrateError, DeclarationError, MigrationError}
    assert set(found) - set(CLASSES) == bases
    assert len(CLASSES) >= 20


@each_class
def test_the_message_holds_every_fact(cls):
    """What a program can ask for, a person can read."""
    error = made(cls)
    shown = {name: value for name, value in facts_of(cls).items() if name != "depth_limit"}
    for value in shown.values():
        for part in value if isinstance(value, tuple) else [value]:
            assert str(part) in str(error)


@each_class
def test_the_message_says_what_happened_and_what_to_do(cls):
    """Both are sentences, and the text is the one followed by the other."""
    error = made(cls)
    assert error.what().endswith(".")
    assert error.advice()
    assert str(error) == f"{error.what()} {error.advice()}"
    assert "\n" not in str(error)


@each_class
def test_the_facts_are_attributes(cls):
    """By name, and all of them in the order of the fields; they are the error's args, too."""
    error, facts = made(cls), facts_of(cls)
    assert {name: getattr(error, name) for name in facts} == facts
    assert error.facts() == facts
    assert list(error.facts()) == list(cls._fields)
    assert error.args == tuple(facts.values())


@each_class
def test_facts_are_given_by_position_or_by_name(cls):
    """Both make the same error."""
    facts = facts_of(cls)
    assert cls(*facts.values()).facts() == cls(**facts).facts() == facts


@each_class
@pytest.mark.parametrize("protocol", range(6))
def test_an_error_survives_pickling(cls, protocol):
    """With its facts, its message, its notes and what was set on it later, at every protocol."""
    error = made(cls)
    error.add_note("a note")
    error.place = "line 3"
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is cls
    assert (again.facts(), str(again), again.args) == (error.facts(), str(error), error.args)
    assert (again.__notes__, again.place) == (["a note"], "line 3")


@each_class
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_an_error_survives_copying(cls, duplicate):
    """As a copy of its own."""
    error = made(cls)
    again = duplicate(error)
    assert type(again) is cls
    assert again is not error
    assert (again.facts(), str(again)) == (error.facts(), str(error))


@each_class
def test_wrong_arguments_are_a_type_error(cls):
    """One too many, one unknown, one given twice; the message names the fields."""
    facts = facts_of(cls)
    first = cls._fields[0]
    for positional, named in [
        ((*facts.values(), "one more"), {}),
        ((), {**facts, "unknown": 1}),
        (tuple(facts.values()), {first: "twice"}),
    ]:
        with pytest.raises(TypeError, match=first):
            cls(*positional, **named)


def test_a_missing_fact_is_a_type_error_unless_it_has_a_default():
    """StateError's remedy may be left out."""
    with pytest.raises(TypeError, match="ref, version, problem, remedy"):
        StateError("shop:Order", 1)
    error = StateError("shop:Order", 1, "it is a list")
    assert error.remedy == ""
    assert str(error) == "shop:Order, version 1: it is a list."
    assert pickle.loads(pickle.dumps(error)).facts() == error.facts()


def test_a_migration_error_is_pickle_s_own_error():
    """Code that catches pickle.UnpicklingError around a load goes on doing so."""
    children = [c for c in CLASSES if issubclass(c, MigrationError)]
    assert len(children) >= 10
    assert issubclass(MigrationError, pickle.UnpicklingError)
    with pytest.raises(pickle.UnpicklingError):
        raise GapError("shop:Order", 1, 1, 2)


def test_errors_of_bytes_and_depth_are_pickle_s_own_too():
    """What pickle would raise there is caught by the same except clause."""
    assert issubclass(PickleFormatError, pickle.UnpicklingError)
    assert issubclass(TooDeepError, pickle.PicklingError)


def test_declaring_wrongly_is_no_error_of_loading():
    """The two groups can be told apart."""
    declared = {c for c in CLASSES if issubclass(c, DeclarationError)}
    migrated = {c for c in CLASSES if issubclass(c, MigrationError)}
    assert declared
    assert declared.isdisjoint(migrated)
    assert not any(issubclass(c, pickle.PickleError) for c in declared)


def test_messages_as_a_person_reads_them():
    """A few in full."""
    assert str(GapError("shop:Order", 1, 2, 3)) == (
        "shop:Order: the pickle holds version 1, the code is at version 3, and no migration leads "
        "from 2 to 3. Declare it: Lineage('shop:Order').upgrade(2, ...) or "
        "@migrates('shop:Order', 2). If it is declared in a module of its own, name that module in "
        "versioned(migrations=...), in [tool.pickle_migrate] migrations, or with --import."
    )
    assert str(DuplicateStepError("shop:Order", 1, "shop, line 3", "shop, line 9")) == (
        "shop:Order has two migrations from version 1: one at shop, line 3, one at shop, line 9. "
        "Keep one, or renumber the later one and raise the class's version."
    )
    assert "at version" not in str(UnknownClassError("shop:Order", 0, "it is gone"))


def test_a_traceback_shows_the_message():
    """Exceptions are printed by their text, not by the tuple of their facts."""
    error = GapError("shop:Order", 1, 1, 2)
    assert traceback.format_exception_only(error) == [f"{GapError.__module__}.GapError: {error}\n"]


def test_the_cause_of_a_failed_step_stays_the_cause():
    """The function's own exception can be looked at."""

    def split(state):
        try:
            return state["total"]
        except KeyError as error:
            raise StepFailedError("shop:Order", 1, "split", "KeyError: 'total'") from error

    with pytest.raises(StepFailedError, match="the exception's cause") as caught:
        split({})
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_user_s_own_error_may_be_a_child():
    """A child adds fields to those of its parent."""

    class ShopError(GapError):
        shop: str

    error = ShopError("shop:Order", 1, 1, 2, "north")
    assert error.facts()["shop"] == "north"
    assert ShopError._fields == (*GapError._fields, "shop")
    assert GapError._fields == ("ref", "written", "missing", "current")
