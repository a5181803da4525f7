"""What all operations share: the rules of presence, the checks at declaration, the words."""

import functools
from collections import Counter, OrderedDict, defaultdict

import attrs
import pytest

from pickle_migrate.errors import (
    FieldExistsError,
    GapError,
    MissingFieldError,
    OperationError,
    StepFailedError,
)
from pickle_migrate.fieldrules import (
    NOTHING,
    FieldOperation,
    Fields,
    Nothing,
    called,
    check_functions,
    field_name,
    field_names,
    listed,
    name_of,
    own_copy,
    step_failed,
    takes_state,
)
from pickle_migrate.operations import RemoveField


@attrs.frozen
class Swap(FieldOperation):
    """Two fields exchange their values: an operation as a user might write one."""

    one: str
    other: str

    @property
    def fields(self):
        return Fields(needed=(self.one, self.other), changed=(self.one, self.other))

    def change(self, state, ref, version):
        state[self.one], state[self.other] = state[self.other], state[self.one]


def test_an_operation_of_ones_own_on_fields():
    """``fields`` and ``change`` are enough; presence, names and errors are the base's."""
    swap = Swap("a", "b")
    assert swap.apply({"a": 1, "b": 2, "c": 3}) == {"a": 2, "b": 1, "c": 3}
    assert (swap.reads, swap.writes, swap.removes) == ({"a", "b"}, {"a", "b"}, frozenset())
    with pytest.raises(MissingFieldError, match="'b'"):
        swap.apply({"a": 1}, "m:A", 1)


def test_the_first_missing_field_is_named_before_an_existing_one():
    """Needed fields are asked for first, in their order; then those that would be made."""

    class Both(FieldOperation):
        fields = Fields(needed=("a", "b"), made=("c", "d"))

        def change(self, state, ref, version):
            state.update(c=1, d=1)

    for state, error, name in [
        ({"c": 1, "d": 1}, MissingFieldError, "a"),
        ({"a": 1, "d": 1}, MissingFieldError, "b"),
        ({"a": 1, "b": 1, "d": 1}, FieldExistsError, "d"),
    ]:
        with pytest.raises(error) as caught:
            Both().apply(state)
        assert caught.value.field == name


def test_the_error_of_a_missing_field_lists_any_keys():
    """A state may have keys that are no text; the list in the error is of texts."""
    with pytest.raises(MissingFieldError) as caught:
        RemoveField("a").apply({7: 1, None: 2})
    assert caught.value.present == ("7", "None")


@pytest.mark.parametrize(
    "state",
    [{"a": 1}, [1], {1}, bytearray(b"x"), OrderedDict(a=1), defaultdict(int, a=1), Counter("aab")],
    ids=lambda s: type(s).__name__,
)
def test_own_copy_of_what_can_be_changed(state):
    """The same type and content, another object."""
    copied = own_copy(state)
    assert (copied, type(copied)) == (state, type(state))
    assert copied is not state


@pytest.mark.parametrize("state", [None, (1, [2]), "text", 7, frozenset({1}), object()])
def test_own_copy_leaves_all_else(state):
    """What cannot be changed, or is not known, is handed on as it is."""
    assert own_copy(state) is state


def test_step_failed():
    """The exception becomes the cause; errors of this package pass."""
    error = ValueError("bad")
    with pytest.raises(StepFailedError) as caught:
        step_failed(RemoveField("a"), ("m:A", 3), error)
    assert caught.value.args == ("m:A", 3, "remove 'a'", "ValueError: bad")
    assert caught.value.__cause__ is error
    gap = GapError("m:A", 1, 1, 2)
    with pytest.raises(GapError) as passed:
        step_failed(RemoveField("a"), ("m:A", 3), gap)
    assert passed.value is gap


def test_called_gives_what_the_function_returns():
    """And wraps what it raises."""
    assert called(RemoveField("a"), ("m:A", 1), max, 1, 2) == 2
    with pytest.raises(StepFailedError, match="TypeError"):
        called(RemoveField("a"), ("m:A", 1), max)


def test_nothing_is_no_value():
    """None is a default like any other; what stands for no default survives pickling as itself."""
    assert NOTHING is Nothing.NOTHING
    assert attrs.evolve(RemoveField("a")).default is NOTHING
    assert attrs.evolve(RemoveField("a", default=None)).default is None


def test_field_names_come_back_as_plain_texts():
    """A subclass of str is made a str; a list becomes a tuple."""
    assert field_name("a") == "a"
    assert field_names(["a", "b"]) == ("a", "b")
    with pytest.raises(OperationError):
        field_name(b"a")
    with pytest.raises(OperationError):
        field_names("ab")


def test_check_functions():
    """The first must be callable, the second may be None."""
    check_functions("x", len)
    check_functions("x", len, None)
    with pytest.raises(OperationError):
        check_functions("x", None)
    with pytest.raises(OperationError):
        check_functions("x", len, 7)


class WithArguments:
    def __init__(self, state, more=1):
        pass


@pytest.mark.parametrize(
    ("factory", "expected"),
    [
        (list, False),
        (lambda: 1, False),
        (lambda a=1: a, False),
        (lambda *a: a, False),
        (lambda a: a, True),
        (lambda a, b=2: a, True),
        (WithArguments, True),
        (functools.partial(lambda a, b: a, 1), True),
        (functools.partial(lambda a, b: a, 1, 2), False),
    ],
)
def test_takes_state(factory, expected):
    """One required parameter means that the factory wants the state."""
    assert takes_state("x", factory) is expected


def test_words():
    """Names in a sentence, and what functions are called."""
    assert listed(["a", "b"]) == "'a', 'b'"
    assert listed([]) == "nothing"
    assert name_of(functools.partial(len)) == "len"
    assert name_of(WithArguments) == "WithArguments"
    assert name_of(WithArguments(1)) == "WithArguments"
