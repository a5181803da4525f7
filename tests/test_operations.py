"""The operations as values: what they refuse when declared, what they do, how they lead back."""

import decimal
import enum
import functools
import pickle
import types
from collections import OrderedDict, UserDict, defaultdict, deque

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import (
    FieldExistsError,
    GapError,
    MissingFieldError,
    OperationError,
    StateError,
    StepFailedError,
)
from pickle_migrate.operations import (
    AddField,
    ConvertField,
    MergeFields,
    Operation,
    RemoveField,
    RenameField,
    RunFunction,
    SplitField,
)


class Color(enum.Enum):
    RED = 1


def split_name(name):
    return name.split(" ", 1)


def join_name(first, last):
    return f"{first} {last}"


def fails(*values):
    raise ValueError("bad value")


def fails_with_ours(*values):
    raise GapError("m:A", 1, 1, 2)


def facts(error):
    return type(error), error.args


STATE = {"a": 1, "b": 2, "c": 3}
ALL = [
    AddField("new", default=0),
    RemoveField("a"),
    RenameField("a", "new"),
    ConvertField("a", str),
    SplitField("a", ("new", "newer"), lambda value: (value, value)),
    MergeFields(("a", "b"), "new", lambda a, b: a + b),
    RunFunction(lambda state: {**state, "new": 0}),
]
all_operations = pytest.mark.parametrize("operation", ALL, ids=lambda o: type(o).__name__)
on_fields = pytest.mark.parametrize("operation", ALL[:-1], ids=lambda o: type(o).__name__)


# --- all of them --------------------------------------------------------------------------------


@all_operations
def test_the_given_state_is_not_changed(operation):
    """Two objects may share one state, so apply never changes what it is given."""
    state = dict(STATE)
    assert operation.apply(state, "m:A", 1) != STATE
    assert state == STATE


@all_operations
def test_is_frozen_and_equal_by_value(operation):
    """An operation is a value."""
    assert attrs.evolve(operation) == operation
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        operation.name = "x"


@all_operations
def test_describes_itself_in_one_line(operation):
    """The words of an operation are one line that is not empty."""
    assert operation.describe()
    assert "\n" not in operation.describe()


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (AddField("a", default="EUR"), "add 'a' = 'EUR'"),
        (AddField("a", factory=list, keep_existing=True), "add 'a' = list() if missing"),
        (RemoveField("a"), "remove 'a'"),
        (RemoveField("a", missing_ok=True), "remove 'a' if there"),
        (RenameField("a", "b"), "rename 'a' to 'b'"),
        (RenameField("a", "b", missing_ok=True), "rename 'a' to 'b' if there"),
        (ConvertField("a", str), "convert 'a' with str"),
        (ConvertField("a", int, missing_ok=True), "convert 'a' with int if there"),
        (SplitField("a", ("b", "c"), split_name), "split 'a' into 'b', 'c' with split_name"),
        (MergeFields(("a", "b"), "c", join_name), "merge 'a', 'b' into 'c' with join_name"),
        (RunFunction(split_name), "run split_name"),
        (RunFunction(functools.partial(split_name)), "run split_name"),
        (ConvertField("a", "x".format), "convert 'a' with str.format"),
    ],
)
def test_words(operation, words):
    """What each operation says of itself."""
    assert operation.describe() == words


def test_a_long_default_is_shortened():
    """A default of any length leaves the description short."""
    assert len(AddField("a", default="x" * 10_000).describe()) < 100


@on_fields
@pytest.mark.parametrize("state", [(1, 2), [1], None, 7, "text", {1, 2}])
def test_declared_operations_need_a_mapping(operation, state):
    """A state of another form raises StateError, which names the step and the form."""
    with pytest.raises(StateError) as caught:
        operation.apply(state, "m:A", 4)
    assert (caught.value.ref, caught.value.version) == ("m:A", 4)
    assert type(state).__name__ in caught.value.problem


@on_fields
@pytest.mark.parametrize("form", [UserDict, types.MappingProxyType])
def test_other_mappings_become_dicts(operation, form):
    """Any mapping is taken, and a dict comes out."""
    given = form(dict(STATE))
    assert operation.apply(given) == operation.apply(STATE)
    assert type(operation.apply(given)) is dict


@on_fields
def test_a_subclass_of_dict_stays_one(operation):
    """An OrderedDict comes out as one."""
    assert type(operation.apply(OrderedDict(STATE))) is OrderedDict


def test_a_defaultdict_does_not_invent_fields():
    """A missing field of a defaultdict is missing, whatever its factory says."""
    with pytest.raises(MissingFieldError):
        RenameField("x", "y").apply(defaultdict(int, STATE), "m:A", 1)


@pytest.mark.parametrize(
    ("operation", "reads", "writes", "removes"),
    [
        (AddField("a", 1), "", "a", ""),
        (RemoveField("a"), "a", "", "a"),
        (RenameField("a", "b"), "a", "b", "a"),
        (ConvertField("a", str), "a", "a", ""),
        (SplitField("a", ("b", "c"), str), "a", "bc", "a"),
        (SplitField("a", ("a", "c"), str), "a", "ac", ""),
        (MergeFields(("a", "b"), "c", max), "ab", "c", "ab"),
        (MergeFields(("a", "b"), "a", max), "ab", "a", "b"),
        (RunFunction(str), "", "", ""),
    ],
)
def test_knows_its_fields(operation, reads, writes, removes):
    """What an operation reads, writes and removes, without running anything."""
    assert (operation.reads, operation.writes, operation.removes) == (
        frozenset(reads),
        frozenset(writes),
        frozenset(removes),
    )


def test_only_functions_are_opaque_and_only_removal_is_lossy():
    """Nothing is known of what a function touches; a removal drops a value on purpose."""
    assert [o.opaque for o in ALL] == [False] * 6 + [True]
    assert [o.lossy for o in ALL] == [False, True, False, False, False, False, False]


@pytest.mark.parametrize(
    "operation",
    [
        RemoveField("x"),
        RenameField("x", "y"),
        ConvertField("x", str),
        SplitField("x", ("y", "z"), str),
        MergeFields(("a", "x", "y"), "z", max),
    ],
    ids=lambda o: type(o).__name__,
)
def test_a_missing_source_is_an_error(operation):
    """The error names class, version, field and operation, and what the state has."""
    with pytest.raises(MissingFieldError) as caught:
        operation.apply(STATE, "m:A", 2)
    expected = MissingFieldError("m:A", 2, "x", operation.describe(), ("a", "b", "c"))
    assert facts(caught.value) == facts(expected)
    assert facts(pickle.loads(pickle.dumps(caught.value))) == facts(expected)


@pytest.mark.parametrize(
    "operation",
    [
        AddField("b", 0),
        AddField("b", factory=list),
        RenameField("a", "b"),
        RenameField("a", "b", missing_ok=True),
        SplitField("a", ("new", "b"), split_name),
        MergeFields(("a", "c"), "b", max),
    ],
    ids=lambda o: o.describe(),
)
def test_an_existing_target_is_an_error(operation):
    """A value that would be overwritten is not lost: the step is refused."""
    with pytest.raises(FieldExistsError) as caught:
        operation.apply(STATE, "m:A", 2)
    assert facts(caught.value) == facts(FieldExistsError("m:A", 2, "b", operation.describe()))


@pytest.mark.parametrize(
    "operation",
    [
        AddField("a", 9, keep_existing=True),
        AddField("a", factory=fails, keep_existing=True),
        RemoveField("x", missing_ok=True),
        RenameField("x", "y", missing_ok=True),
        RenameField("x", "a", missing_ok=True),
        ConvertField("x", fails, missing_ok=True),
    ],
    ids=lambda o: o.describe(),
)
def test_lenient_operations_leave_the_state_as_it_is(operation):
    """missing_ok and keep_existing do nothing where there is nothing to do, and call nothing."""
    assert operation.apply(STATE, "m:A", 1) == STATE


@pytest.mark.parametrize(
    "operation",
    [
        AddField("new", factory=fails),
        ConvertField("a", fails),
        SplitField("a", ("x", "y"), fails),
        MergeFields(("a", "b"), "x", fails),
        RunFunction(fails),
    ],
    ids=lambda o: type(o).__name__,
)
def test_an_exception_of_a_function_is_the_cause(operation):
    """StepFailedError names the step, keeps the exception as its cause and its words as reason."""
    with pytest.raises(StepFailedError) as caught:
        operation.apply(STATE, "m:A", 3)
    expected = StepFailedError("m:A", 3, operation.describe(), "ValueError: bad value")
    assert facts(caught.value) == facts(expected)
    assert type(caught.value.__cause__) is ValueError


@pytest.mark.parametrize(
    "operation", [ConvertField("a", fails_with_ours), RunFunction(fails_with_ours)]
)
def test_an_error_of_this_package_passes(operation):
    """A function that raises one of our errors is not wrapped."""
    with pytest.raises(GapError):
        operation.apply(STATE, "m:A", 3)


def test_leaving_the_program_is_not_a_failed_step():
    """KeyboardInterrupt and SystemExit pass."""

    def interrupted(value):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ConvertField("a", interrupted).apply(STATE)


def test_operations_of_importable_functions_survive_pickling():
    """As values they can be sent to another process."""
    for operation in [AddField("a", 1), RemoveField("a"), SplitField("a", ("b", "c"), split_name)]:
        assert pickle.loads(pickle.dumps(operation)) == operation


def test_an_operation_of_ones_own_needs_only_apply():
    """The base class answers all else: it may touch anything, and there is no way back."""

    class Upper(Operation):
        def apply(self, state, ref="", version=0):
            return {name.upper(): value for name, value in state.items()}

    operation = Upper()
    assert operation.apply({"a": 1}) == {"A": 1}
    assert operation.opaque
    assert operation.inverse() is None
    assert operation.describe() == "Upper"


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [3, None, b"a", "", ("a",)])
@pytest.mark.parametrize(
    "make",
    [
        lambda name: AddField(name, 1),
        RemoveField,
        lambda name: RenameField("a", name),
        lambda name: RenameField(name, "a"),
        lambda name: ConvertField(name, str),
        lambda name: SplitField(name, ("a", "b"), str),
        lambda name: SplitField("a", ("b", name), str),
        lambda name: MergeFields(("a", "b"), name, max),
    ],
)
def test_a_field_name_is_a_text(make, name):
    """Anything else is refused when it is declared."""
    with pytest.raises(OperationError, match="text"):
        make(name)


@pytest.mark.parametrize("names", ["ab", b"ab", (), ("a", "a"), 7])
def test_several_names_are_a_tuple_of_different_names(names):
    """One text is not taken apart into letters, and no name stands there twice."""
    with pytest.raises(OperationError):
        SplitField("x", names, str)
    with pytest.raises(OperationError):
        MergeFields(names, "x", max)


def test_a_list_of_names_will_do():
    """Lists and other iterables are kept as tuples."""
    assert SplitField("x", ["a", "b"], str).into == ("a", "b")
    assert MergeFields(iter(["a", "b"]), "x", max).names == ("a", "b")


def test_names_of_any_text():
    """A field's name need not be an identifier: mangled, quoted, not ASCII, or a str subclass."""

    class Name(str):
        __slots__ = ()

    name = 'it\'s "ü"\n\ud800'
    assert RenameField("a", name).apply({"a": 1}) == {name: 1}
    assert type(RemoveField(Name("a")).name) is str


# --- each of them -------------------------------------------------------------------------------


def test_add_field_with_a_default():
    """The field stands at the end; the default may be given by position."""
    assert list(AddField("d", default=4).apply(STATE).items())[-1] == ("d", 4)
    assert AddField("d", 4) == AddField("d", default=4)
    assert AddField("d", None).apply({}) == {"d": None}


def test_add_field_with_a_factory():
    """Each object gets a value of its own."""
    operation = AddField("tags", factory=list)
    one, other = operation.apply({}), operation.apply({})
    assert one == other == {"tags": []}
    assert one["tags"] is not other["tags"]


@pytest.mark.parametrize(
    ("factory", "value"),
    [
        (lambda state: state["a"] + state["b"], 3),
        (lambda: 7, 7),
        (lambda *args, **kwargs: len(args), 0),
        (lambda state=None: state, None),
        (functools.partial(max, 1, 2), 2),
        (dict, {}),
        (len, 3),
    ],
)
def test_a_factory_with_one_required_parameter_gets_the_state(factory, value):
    """One required parameter means the state; without one it is called without arguments."""
    assert AddField("new", factory=factory).apply(STATE)["new"] == value


def test_a_factory_cannot_change_the_state():
    """What it gets is a read-only view: an operation does what it declares and nothing else."""

    def cheeky(state):
        state["a"] = 0

    with pytest.raises(StepFailedError, match="TypeError"):
        AddField("new", factory=cheeky).apply(STATE)


@pytest.mark.parametrize("factory", [lambda a, b: 0, lambda *, a: 0, 3])
def test_a_factory_that_cannot_be_called_is_refused(factory):
    """Two required parameters, a required keyword, or no function at all."""
    with pytest.raises(OperationError, match="factory"):
        AddField("a", factory=factory)


@pytest.mark.parametrize(
    "default", [[], {}, set(), bytearray(), deque(), ([],), ((1, {}),), defaultdict(int)]
)
@pytest.mark.parametrize("operation", [AddField, RemoveField])
def test_a_default_that_could_be_changed_is_refused(operation, default):
    """All objects would share it: the error says to use factory=."""
    with pytest.raises(OperationError, match="use factory="):
        operation("a", default=default)


@pytest.mark.parametrize(
    "default",
    [
        0,
        1.5,
        "x",
        b"x",
        None,
        True,
        (),
        (1, ("a",)),
        frozenset({1}),
        Color.RED,
        ...,
        decimal.Decimal(1),
    ],
)
def test_other_defaults_are_kept_as_they_are(default):
    """Numbers, texts, tuples, members of an Enum and other hashable values."""
    assert AddField("a", default=default).apply({})["a"] is default


@pytest.mark.parametrize("default", [list, lambda: 0, len])
def test_a_function_as_default_is_refused(default):
    """Django calls a callable default; here it would be stored unseen, so it is not taken."""
    with pytest.raises(OperationError, match="use factory="):
        AddField("tags", default=default)


def test_add_field_needs_exactly_one_source():
    """Neither default nor factory, or both, is refused."""
    with pytest.raises(OperationError, match="needs default= or factory="):
        AddField("a")
    with pytest.raises(OperationError, match="not both"):
        AddField("a", default=1, factory=list)
    with pytest.raises(OperationError, match="not both"):
        RemoveField("a", default=1, factory=list)


def test_remove_field():
    """The field is gone, the others stay."""
    assert RemoveField("b").apply(STATE) == {"a": 1, "c": 3}
    assert RemoveField("b", missing_ok=True).apply(STATE) == {"a": 1, "c": 3}


def test_rename_field():
    """The value moves to the new name, which stands at the end."""
    assert list(RenameField("a", "z").apply(STATE).items()) == [("b", 2), ("c", 3), ("z", 1)]
    assert RenameField(old="a", new="z") == RenameField("a", "z")


def test_rename_to_itself_is_refused():
    """It would do nothing, so it is a mistake."""
    with pytest.raises(OperationError, match="same"):
        RenameField("a", "a")


def test_convert_field_keeps_its_place():
    """Only the value changes."""
    assert list(ConvertField("b", str).apply(STATE).items()) == [("a", 1), ("b", "2"), ("c", 3)]


@pytest.mark.parametrize("given", [3, None, "str"])
def test_a_function_is_needed(given):
    """What cannot be called is refused when it is declared."""
    with pytest.raises(OperationError, match="function"):
        ConvertField("a", given)
    with pytest.raises(OperationError, match="function"):
        SplitField("a", ("b", "c"), given)
    with pytest.raises(OperationError, match="function"):
        MergeFields(("a", "b"), "c", given)
    with pytest.raises(OperationError, match="function"):
        RunFunction(given)


def test_an_inverse_is_a_function():
    """What cannot be called is refused as an inverse too."""
    with pytest.raises(OperationError, match="function"):
        ConvertField("a", str, inverse="int")


@pytest.mark.parametrize(
    "result",
    [
        ("Ann", "Lee"),
        ["Ann", "Lee"],
        {"first": "Ann", "last": "Lee"},
        {"last": "Lee", "first": "Ann"},
        types.MappingProxyType({"first": "Ann", "last": "Lee"}),
        deque(["Ann", "Lee"]),
        {"Ann": 1, "Lee": 2}.keys(),
    ],
    ids=lambda r: type(r).__name__,
)
def test_split_field_takes_values_by_order_or_by_name(result):
    """A sequence in the order of the names, or a mapping of exactly these names."""
    operation = SplitField("name", ("first", "last"), lambda name: result)
    assert list(operation.apply({"name": "x", "id": 1}).items()) == [
        ("id", 1),
        ("first", "Ann"),
        ("last", "Lee"),
    ]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (("a",), "gave 1 values"),
        ([1, 2, 3], "gave 3 values"),
        ("ab", "gave a str"),
        (b"ab", "gave a bytes"),
        ({1, 2}, "gave a set"),
        ({"first": 1}, "gave the names 'first'"),
        ({"first": 1, "last": 2, "more": 3}, "gave the names 'first', 'last', 'more'"),
        (7, "TypeError"),
        (None, "TypeError"),
    ],
)
def test_split_field_refuses_other_results(result, reason):
    """Too few, too many, other names, no order, or a text that would be taken apart in letters."""
    operation = SplitField("name", ("first", "last"), lambda name: result)
    with pytest.raises(StepFailedError) as caught:
        operation.apply({"name": "x"}, "m:A", 5)
    assert reason in caught.value.reason
    assert (caught.value.ref, caught.value.version) == ("m:A", 5)


def test_split_field_that_keeps_its_source():
    """A source among the new names is not removed and not in the way."""
    operation = SplitField("name", ("name", "title"), lambda name: (name[4:], name[:3]))
    assert operation.apply({"name": "Dr. Lee", "id": 1}) == {
        "name": "Lee",
        "title": "Dr.",
        "id": 1,
    }


def test_merge_fields():
    """The function gets the values in the order of the names; the sources are gone."""
    operation = MergeFields(("b", "a"), "d", lambda *values: values)
    assert operation.apply(STATE) == {"c": 3, "d": (2, 1)}
    assert MergeFields(("a", "b"), into="d", function=max).apply(STATE) == {"c": 3, "d": 2}


def test_merge_fields_into_one_of_them():
    """That one stays where it is."""
    operation = MergeFields(("a", "b"), "b", lambda a, b: a + b)
    assert list(operation.apply(STATE).items()) == [("b", 3), ("c", 3)]


def test_a_function_returns_a_state_or_changes_its_own():
    """None means that the state it got was changed in place."""

    def change(state):
        state["a"] = 0

    assert RunFunction(change).apply(STATE) == {"a": 0, "b": 2, "c": 3}
    assert RunFunction(lambda state: {"x": 1}).apply(STATE) == {"x": 1}
    assert RunFunction(lambda state: ()).apply(STATE) == ()


@pytest.mark.parametrize("state", [{"a": 1}, [1], {1}, bytearray(b"a"), OrderedDict(a=1)])
def test_a_function_gets_its_own_copy(state):
    """A state may be a container that another object holds: emptying it here leaves that alone."""
    before = type(state)(state)
    assert RunFunction(lambda given: given.clear()).apply(state) == type(state)()
    assert state == before


def test_a_function_takes_states_of_any_form():
    """A class's own __getstate__ may return anything at all."""
    assert RunFunction(lambda state: (*state, 3)).apply((1, 2)) == (1, 2, 3)


# --- the way back -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "inverse"),
    [
        (AddField("a", 1), RemoveField("a", 1)),
        (AddField("a", factory=list), RemoveField("a", factory=list)),
        (RemoveField("a", default=None), AddField("a", None)),
        (RemoveField("a", factory=list), AddField("a", factory=list)),
        (RemoveField("a"), None),
        (RenameField("a", "b"), RenameField("b", "a")),
        (ConvertField("a", str, int), ConvertField("a", int, str)),
        (ConvertField("a", str, inverse=int), ConvertField("a", int, str)),
        (ConvertField("a", str), None),
        (
            SplitField("n", ("f", "l"), split_name, inverse=join_name),
            MergeFields(("f", "l"), "n", join_name, split_name),
        ),
        (SplitField("n", ("f", "l"), split_name), None),
        (MergeFields(("a", "b"), "c", max), None),
        (RunFunction(str), None),
    ],
)
def test_inverse(operation, inverse):
    """Each operation knows the one that leads back, or that there is none; and back again."""
    assert operation.inverse() == inverse
    if inverse is not None and not isinstance(operation, RemoveField):
        assert inverse.inverse() == operation


names = st.sampled_from("abcd")
words = st.text("xyz", min_size=1, max_size=4)
reversible = st.one_of(
    st.builds(AddField, names, st.integers()),
    st.tuples(names, names).filter(lambda n: n[0] != n[1]).map(lambda n: RenameField(*n)),
    st.builds(lambda n: ConvertField(n, lambda v: [v], lambda v: v[0]), names),
    st.lists(names, min_size=3, max_size=3, unique=True).map(
        lambda n: SplitField(n[0], n[1:], lambda v: (v, 0), lambda v, zero: v)
    ),
    st.lists(names, min_size=3, max_size=3, unique=True).map(
        lambda n: MergeFields(n[1:], n[0], lambda *v: v, lambda v: v)
    ),
)


@given(reversible, st.dictionaries(names, words))
def test_the_inverse_leads_back(operation, state):
    """Where an operation goes through, its inverse gives back the state that was there before."""
    try:
        after = operation.apply(state)
    except (MissingFieldError, FieldExistsError):
        return
    back = operation.inverse()
    assert back.apply(after) == state


@given(st.sampled_from(ALL[:-1]), st.dictionaries(st.sampled_from(["a", "b", "new", "z"]), words))
def test_only_declared_fields_are_touched(operation, state):
    """Fields that an operation neither writes nor removes keep their values."""
    before = dict(state)
    operation = SplitField("a", ("new", "q"), tuple) if operation is ALL[4] else operation
    try:
        after = operation.apply(state)
    except (MissingFieldError, FieldExistsError, StepFailedError):
        assert state == before
        return
    touched = operation.writes | operation.removes
    assert {n: v for n, v in after.items() if n not in touched} == {
        n: v for n, v in before.items() if n not in touched
    }
    assert operation.writes <= after.keys()
    assert not operation.removes & after.keys()
