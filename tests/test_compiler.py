"""The compiled chain gives what the operations give one after the other, errors included."""

import inspect
import traceback
from collections import OrderedDict, UserDict

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pickle_migrate.compiler import compile_chain
from pickle_migrate.errors import (
    FieldExistsError,
    GapError,
    MissingFieldError,
    OperationError,
    StateError,
    StepFailedError,
)
from pickle_migrate.migration import Migration
from pickle_migrate.operations import (
    AbsentField,
    AddField,
    ConvertField,
    MergeFields,
    Operation,
    RemoveField,
    RenameField,
    SplitField,
)


def chain(*steps):
    """Each step an operation, a function, or a tuple of them; versions count from 1."""
    return [Migration("shop.models:Order", version, step) for version, step in enumerate(steps, 1)]


def run(*steps):
    return compile_chain(chain(*steps))


def one_by_one(migrations, state):
    for migration in migrations:
        state = migration.apply(state)
    return state


def outcome(function, *arguments):
    """What came of a call, comparable: the value with the order of its fields, or the error."""
    try:
        result = function(*arguments)
    except Exception as error:
        cause = error.__cause__
        return type(error), error.args, type(cause), getattr(cause, "args", None)
    if isinstance(result, dict):
        return type(result), list(result.items())
    return type(result), result


def assert_same(migrations, make_state, calls=None):
    """Compare the compiled chain with the plain one; also which functions ran, in which order."""
    seen = []
    for function in (lambda s: one_by_one(migrations, s), compile_chain(migrations)):
        given = make_state()
        kept = make_state()
        if calls is not None:
            calls.clear()
        seen.append((outcome(function, given), list(calls or ())))
        assert outcome(lambda g=given: g) == outcome(lambda k=kept: k), "the given state changed"
    assert seen[0] == seen[1]
    return seen[0][0]


# --- the law ------------------------------------------------------------------------------------

calls = []


class Odd(Exception):
    pass


def recorded(name, function):
    """A function that writes down its calls, and refuses values that contain a 3."""

    def call(*values):
        calls.append((name, [dict(v) if isinstance(v, dict) else v for v in values]))
        if any("3" in str(value) for value in values):
            raise Odd(name, *map(str, values))
        return function(*values)

    call.__qualname__ = name
    return call


names = st.sampled_from(["a", "b", "c", "d", "it's", "ü"])
distinct = st.lists(names, min_size=2, max_size=3, unique=True)
values = st.one_of(st.integers(0, 9), st.text("xy3", max_size=2), st.none())
converters = st.sampled_from(
    [recorded("text", str), recorded("pair", lambda v: (v, v)), recorded("keep", lambda v: v)]
)
splitters = st.sampled_from(
    [
        recorded("two", lambda v: (v, 0)),
        recorded("three", lambda v: [v, 0, None]),
        recorded("named", lambda v: {"a": v, "b": 0}),
        recorded("letters", lambda v: "ab"),
        recorded("lazy", lambda v: (x for x in (v, 1))),
    ]
)
mergers = st.sampled_from([recorded("all", lambda *v: v), recorded("first", lambda *v: v[0])])


def a_view(state):
    calls.append(("view", list(state.items())))
    return len(state)


def in_place(state):
    calls.append(("in place", dict(state)))
    state["d"] = 1


def anew(state):
    return {name: value for name, value in state.items() if name != "a"}


def itself(state):
    return state


def to_tuple(state):
    return tuple(state.values())


def ours(state):
    raise GapError("m:A", 1, 1, 2)


class Upper(Operation):
    def apply(self, state, ref="", version=0):
        calls.append(("upper", ref, version))
        return {f"{name}".lower(): value for name, value in state.items()}


operations = st.one_of(
    st.builds(AddField, names, default=values, keep_existing=st.booleans()),
    st.builds(
        AddField,
        names,
        factory=st.sampled_from([list, recorded("made", lambda: 5), a_view]),
        keep_existing=st.booleans(),
    ),
    st.builds(RemoveField, names, missing_ok=st.booleans()),
    st.builds(AbsentField, names),
    st.builds(lambda n, ok: RenameField(n[0], n[1], ok), distinct, st.booleans()),
    st.builds(ConvertField, names, converters, missing_ok=st.booleans()),
    st.builds(SplitField, names, distinct, splitters),
    st.builds(MergeFields, distinct, names, mergers),
)
others = st.sampled_from([in_place, anew, itself, to_tuple, ours, Upper()])
states = st.one_of(
    st.dictionaries(names, values, max_size=6),
    st.dictionaries(names, values, max_size=4).map(OrderedDict),
    st.dictionaries(names, values, max_size=3).map(lambda d: {**d, 7: "x", None: "y"}),
)


@st.composite
def fitting(draw):
    """A state and operations that mostly find the fields that they need, so that chains get far."""
    state = draw(st.dictionaries(names, values, min_size=2, max_size=4))
    there, steps = set(state), []
    for kind in draw(st.lists(st.integers(0, 7), min_size=1, max_size=8)):
        old, new = draw(st.permutations(sorted(there))), sorted({*"abcdefgh"} - there)
        step = _fitting(kind, old, new) if kind < 7 and old and new else draw(operations)
        there = (there - step.removes) | step.writes
        steps.append(step)
    return steps, state


def _fitting(kind, old, new):
    if kind == 0:
        return AddField(new[0], default=new[0])
    if kind == 1:
        return RemoveField(old[0])
    if kind == 2:
        return RenameField(old[0], new[0])
    if kind == 3:
        return ConvertField(old[0], recorded("text", str))
    if kind == 4:
        return MergeFields(old[:3], new[-1], recorded("all", lambda *v: v))
    if kind == 5:
        return MergeFields(old[:2], old[0], recorded("first", lambda *v: v[0]))
    return SplitField(old[0], [new[0], old[0]], recorded("two", lambda v: (v, 0)))


def same_law(steps, state):
    """One version for each operation: contradictions inside one migration would be refused."""
    migrations = chain(*steps)
    kind = type(state)
    return assert_same(migrations, lambda: kind(state), calls)


@settings(max_examples=400)
@given(st.lists(operations, max_size=7), states)
@example([RenameField("a", "b"), RenameField("b", "a")], {"a": 1, "c": 2})
@example([AddField("a", 1), RemoveField("a"), RenameField("b", "a")], {"b": 1})
@example([ConvertField("a", recorded("text", str)), AddField("b", 1)], {"a": 3, "b": 1})
def test_declared_chains_equal_their_operations(steps, state):
    """Random operations on random states: the same fields in the same order, or the same error
    from the same step, with the same cause; and the same functions called with the same values.
    """
    same_law(steps, state)


@settings(max_examples=400)
@given(fitting())
def test_long_declared_chains_equal_their_operations(made):
    """The same for chains whose operations mostly find their fields."""
    same_law(*made)


@settings(max_examples=300)
@given(st.lists(st.one_of(operations, others), max_size=7), states)
@example([to_tuple, RemoveField("a")], {"a": 1})
@example([in_place, AddField("c", factory=a_view), anew, RenameField("d", "a")], {"b": 2})
def test_mixed_chains_equal_their_operations(steps, state):
    """The same with plain functions and operations of the user's own between them."""
    same_law(steps, state)


@given(st.lists(st.lists(operations, max_size=3).map(tuple), max_size=3), states)
def test_migrations_of_several_operations(steps, state):
    """The same with several operations in a migration, unless they contradict each other."""
    try:
        migrations = chain(*steps)
    except OperationError:
        return
    kind = type(state)
    assert_same(migrations, lambda: kind(state), calls)


@pytest.mark.parametrize(
    "result",
    [
        (1, 2),
        [1, 2],
        (1,),
        [1, 2, 3],
        "ab",
        {"b": 1, "c": 2},
        {"b": 1},
        {1, 2},
        pytest.param(iter([1, 2]), id="iterator"),  # its repr differs between pytest's processes
        7,
    ],
    ids=repr,
)
def test_what_a_split_may_give(result):
    """The compiled chain takes and refuses the same results as the operation."""
    results = [result, iter([1, 2])] if hasattr(result, "__next__") else [result, result]
    steps = chain(SplitField("a", ("b", "c"), lambda value: results.pop()), RemoveField("b"))
    assert_same(steps, lambda: {"a": 1, "d": 2})


@pytest.mark.parametrize("state", [None, 7, "text", (1, 2), [1], UserDict(a=1), object])
def test_states_that_are_no_dict(state):
    """A declared operation takes a mapping of any kind and refuses all else, as apply does."""
    assert_same(chain(RenameField("a", "b"), AddField("c", 1)), lambda: state)


# --- what it must not do ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "steps",
    [
        (RenameField("a", "b"), RemoveField("c")),
        (RemoveField("c", missing_ok=True),),
        (RenameField("a", "b", missing_ok=True),),
        (AddField("z", 1, keep_existing=True),),
        (AddField("z", factory=lambda state: 0),),
        (lambda state: state.clear(),),
        (lambda state: state, RemoveField("a")),
    ],
)
def test_two_objects_that_share_a_state(steps):
    """A pickle may give one state to two objects: the second one finds it as it was."""
    migrate = run(*steps)
    shared = {"a": 1, "c": 2}
    first, second = migrate(shared), migrate(shared)
    assert first == second
    assert first is not second
    assert shared == {"a": 1, "c": 2}


def test_what_a_function_returns_is_not_changed_by_later_steps():
    """A function may return a dict that it keeps; neither operations, nor functions, nor the
    object that takes the result for its ``__dict__`` spoil it.
    """
    kept = {"a": 1}
    for later in (RenameField("a", "b"), lambda state: state.clear(), AddField("x", 1)):
        run(lambda state: kept, later)({})
        assert kept == {"a": 1}
    assert run(lambda state: kept)({}) == kept
    assert run(lambda state: kept)({}) is not kept


def test_a_list_that_others_hold_is_not_changed():
    """A state may be a container that belongs to another object of the graph."""
    shared = [1, 2]
    assert run(lambda state: state.append(3))(shared) == [1, 2, 3]
    assert shared == [1, 2]


def test_no_function_runs_after_the_step_that_fails():
    """And those before it have run, as they would have one by one."""
    ran = []
    steps = [
        ConvertField("a", ran.append),
        AddField("b", 1),
        ConvertField("c", ran.append),
    ]
    with pytest.raises(FieldExistsError):
        run(*steps)({"a": "first", "b": 0, "c": "last"})
    assert ran == ["first"]


def test_no_function_runs_twice():
    """An error in a late step does not run the earlier ones again."""
    ran = []
    steps = [lambda state: ran.append("function"), ConvertField("a", ran.append), RemoveField("x")]
    with pytest.raises(MissingFieldError):
        run(*steps)({"a": 1})
    assert ran == ["function", 1]


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "state", "error"),
    [
        ([RenameField("a", "b"), RemoveField("x")], {"a": 1}, (MissingFieldError, 2, "x")),
        ([RemoveField("x"), RemoveField("y")], {}, (MissingFieldError, 1, "x")),
        ([RenameField("a", "b"), AddField("c", 1)], {"a": 1, "c": 0}, (FieldExistsError, 2, "c")),
        ([RenameField("a", "b"), RemoveField("a")], {"a": 1}, (MissingFieldError, 2, "a")),
        ([AddField("a", 1), AddField("a", 1)], {}, (FieldExistsError, 2, "a")),
    ],
)
def test_the_error_names_the_step(steps, state, error):
    """The version is that of the step, and the field is the one that the step misses or finds."""
    with pytest.raises(error[0]) as caught:
        run(*steps)(state)
    assert (caught.value.ref, caught.value.version, caught.value.field) == (
        "shop.models:Order",
        *error[1:],
    )


def test_the_error_of_a_function_names_its_step_and_keeps_its_cause():
    """With two classes in one chain, the error says whose step it was."""
    base = Migration("shop.base:Base", 4, ConvertField("a", lambda value: 1 / value))
    migrate = compile_chain([*chain(RenameField("a", "b"), RenameField("b", "a")), base])
    with pytest.raises(StepFailedError) as caught:
        migrate({"a": 0})
    assert (caught.value.ref, caught.value.version) == ("shop.base:Base", 4)
    assert type(caught.value.__cause__) is ZeroDivisionError


def test_a_traceback_shows_the_compiled_line():
    """linecache knows the source, so a person sees the line and inspect can read it."""

    def fails(state):
        raise ValueError("no")

    migrate = run(RenameField("a", "b"), fails)
    assert "# rename 'a' to 'b' (shop.models:Order, 1)" in inspect.getsource(migrate)
    with pytest.raises(StepFailedError) as caught:
        migrate({"a": 1})
    assert "result = f1(state)" in "".join(traceback.format_exception(caught.value))


def test_a_state_that_became_no_mapping():
    """A function returned a tuple, and the next step needs names: the error names that step."""
    with pytest.raises(StateError, match="tuple") as caught:
        run(lambda state: (1, 2), RemoveField("a"))({})
    assert caught.value.version == 2


def test_names_and_defaults_cannot_become_code():
    """Whatever stands in a name or a default stays a text in the source."""
    name = "a'] = 1; raise SystemExit #\n\\'\"{x}\ud800"
    assert run(RenameField("a", name), AddField("b", name))({"a": 1}) == {name: 1, "b": name}
    odd = type("Odd", (), {"__repr__": lambda self: "x\nraise SystemExit"})()
    assert run(AddField("b", odd))({}) == {"b": odd}


# --- form ---------------------------------------------------------------------------------------


def test_a_chain_without_operations_gives_the_state_itself():
    """Steps that only change constructor arguments leave the state alone, whatever its form."""
    state = {"a": 1}
    assert compile_chain([])(state) is state
    assert compile_chain([Migration("m:A", 1)])(7) == 7


def test_consecutive_operations_make_no_state_in_between():
    """a to b to c is one move; a field that comes and goes is never stored."""
    source = inspect.getsource(
        run(RenameField("a", "b"), RenameField("b", "c"), AddField("t", 1), RemoveField("t"))
    )
    assert source.count(".copy()") == 1
    assert "state['b'] =" not in source
    assert "state['t'] =" not in source


def test_converted_values_are_handed_on_directly():
    """Two conversions of one field store it once."""
    migrate = run(ConvertField("a", str), ConvertField("a", len))
    assert migrate({"a": 1234}) == {"a": 4}
    assert inspect.getsource(migrate).count("state['a'] =") == 1


def test_default_objects_are_kept_as_they_are():
    """A default that is no plain literal is the very object that was declared."""
    default = object()
    assert run(AddField("a", default))({})["a"] is default
    nan = float("nan")
    assert run(AddField("a", nan))({})["a"] is nan


def test_chains_of_the_same_words_do_not_mix():
    """Two chains with the same source text keep their own functions."""
    one, other = run(lambda state: {"n": 1}), run(lambda state: {"n": 2})
    assert (one({}), other({})) == ({"n": 1}, {"n": 2})


def test_a_long_chain():
    """A few hundred versions compile and run."""
    steps = [RenameField(f"f{n}", f"f{n + 1}") for n in range(300)]
    assert run(*steps)({"f0": "x"}) == {"f300": "x"}
