"""Several steps as one: the same states, the same refusals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pickle_migrate.errors import FieldExistsError, MissingFieldError, PickleMigrateError
from pickle_migrate.make.composing import compose
from pickle_migrate.operations import (
    AbsentField,
    AddField,
    ConvertField,
    MergeFields,
    RemoveField,
    RenameField,
    RunFunction,
    SplitField,
)


def text(value):
    return f"t{value}"


def pair(value):
    return (f"{value}1", f"{value}2")


def joined(*values):
    return "+".join(map(str, values))


def run(operations, state):
    for operation in operations:
        state = operation.apply(state, "m:C", 1)
    return state


# --- examples -------------------------------------------------------------------------------------

CASES = [
    (
        "a field renamed twice",
        [RenameField("a", "b"), RenameField("b", "c")],
        [AbsentField("b"), RenameField("a", "c")],
    ),
    (
        "a field renamed three times",
        [RenameField("a", "b"), RenameField("b", "c"), RenameField("c", "d")],
        [AbsentField("b"), AbsentField("c"), RenameField("a", "d")],
    ),
    (
        "added, then renamed",
        [AddField("a", default=1), RenameField("a", "b")],
        [AbsentField("a"), AddField("b", default=1)],
    ),
    (
        "added, then removed",
        [AddField("a", factory=list), RenameField("x", "y"), RemoveField("a")],
        [AbsentField("a"), RenameField("x", "y")],
    ),
    (
        "added, renamed, then removed",
        [AddField("a", default=0), RenameField("a", "b"), RemoveField("b")],
        [AbsentField("a"), AbsentField("b")],
    ),
    (
        "renamed, then removed",
        [RenameField("a", "b"), RemoveField("b")],
        [AbsentField("b"), RemoveField("a")],
    ),
    (
        "converted between two renames",
        [RenameField("a", "b"), ConvertField("b", text), RenameField("b", "c")],
        [AbsentField("b"), ConvertField("a", text), RenameField("a", "c")],
    ),
    (
        "conversions stay, in order",
        [ConvertField("a", text), ConvertField("a", str.upper)],
        [ConvertField("a", text), ConvertField("a", str.upper)],
    ),
    (
        "converted, then removed: the call stays",
        [ConvertField("a", text), RemoveField("a")],
        [ConvertField("a", text), RemoveField("a")],
    ),
    (
        "merged, then renamed",
        [MergeFields(("a", "b"), "c", joined), RenameField("c", "d")],
        [AbsentField("c"), MergeFields(("a", "b"), "d", joined)],
    ),
    (
        "renamed, then split",
        [RenameField("a", "b"), SplitField("b", ("c", "d"), pair)],
        [AbsentField("b"), SplitField("a", ("c", "d"), pair)],
    ),
    (
        "two fields change places",
        [RenameField("a", "t"), RenameField("b", "a"), RenameField("t", "b")],
        [RenameField("a", "t"), RenameField("b", "a"), RenameField("t", "b")],
    ),
    (
        "a name that was freed before needs no check",
        [RemoveField("b"), RenameField("a", "b"), RenameField("b", "c")],
        [RemoveField("b"), RenameField("a", "c")],
    ),
    (
        "nothing moves over a function",
        [RenameField("a", "b"), RunFunction(text), RenameField("b", "c")],
        [RenameField("a", "b"), RunFunction(text), RenameField("b", "c")],
    ),
    (
        "nor over what depends on whether a field is there",
        [RenameField("a", "b"), RemoveField("x", missing_ok=True), RenameField("b", "c")],
        [RenameField("a", "b"), RemoveField("x", missing_ok=True), RenameField("b", "c")],
    ),
    (
        "a factory that somebody may notice is called",
        [AddField("a", factory=lambda: 1), RemoveField("a")],
        None,
    ),
]


@pytest.mark.parametrize(("before", "after"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_becomes_of_it(before, after):
    """Each pair is written down by hand."""
    assert compose(before) == tuple(before if after is None else after)


def test_fields_that_are_known_need_no_check():
    """With slots there can be no other field."""
    chain = [RenameField("a", "b"), RenameField("b", "c")]
    assert compose(chain, ["a", "x"]) == (RenameField("a", "c"),)
    assert compose(chain, ["a", "b"]) == (AbsentField("b"), RenameField("a", "c"))


def test_a_function_may_make_any_field():
    """After it, the fields of the start say nothing."""
    chain = [RunFunction(text), RenameField("a", "b"), RenameField("b", "c")]
    assert AbsentField("b") in compose(chain, ["a"])


def test_the_name_in_between_is_still_refused():
    """The chain would have refused it."""
    made = compose([RenameField("a", "b"), RenameField("b", "c")])
    with pytest.raises(FieldExistsError, match="'b'"):
        run(made, {"a": 1, "b": 2})
    with pytest.raises(MissingFieldError, match="'a'"):
        run(made, {"x": 1})


# --- the law --------------------------------------------------------------------------------------

NAMES = "abcde"
name = st.sampled_from(NAMES)
some = st.lists(name, min_size=1, max_size=3, unique=True).map(tuple)
calls = []


def noted(label):
    def function(*values):
        calls.append(label)
        return f"{label}({', '.join(map(str, values))})"

    return function


def noted_pair(label):
    def function(value):
        calls.append(label)
        return [f"{label}1({value})", f"{label}2({value})"]

    return function


def touch(state):
    calls.append("touch")
    if "a" in state:
        state["e"] = state.pop("a")


renames = st.tuples(name, name).filter(lambda p: p[0] != p[1])
operations = st.one_of(
    renames.map(lambda p: RenameField(*p)),
    renames.map(lambda p: RenameField(*p)),
    name.map(lambda n: AddField(n, default="new")),
    name.map(lambda n: AddField(n, factory=list)),
    name.map(lambda n: AddField(n, factory=noted(f"make {n}"))),
    name.map(lambda n: AddField(n, factory=lambda state: sorted(state))),
    name.map(lambda n: AddField(n, default=0, keep_existing=True)),
    name.map(lambda n: RemoveField(n)),
    name.map(lambda n: RemoveField(n, missing_ok=True)),
    name.map(lambda n: ConvertField(n, noted(f"convert {n}"))),
    renames.map(lambda p: SplitField(p[0], p, noted_pair("split"))),
    st.tuples(name, name, name)
    .filter(lambda t: t[1] != t[2])
    .map(lambda t: SplitField(t[0], t[1:], noted_pair("split"))),
    st.tuples(some, name).map(lambda t: MergeFields(*t, noted("merge"))),
    name.map(AbsentField),
    st.just(RunFunction(touch)),
)
states = st.dictionaries(name, st.integers(0, 3), max_size=5)


def outcome(chain, state):
    """What a chain makes of a state, in which order, with which calls; or that it refuses."""
    calls.clear()
    given = dict(state)
    try:
        found = run(chain, state)
    except PickleMigrateError as error:
        assert state == given
        return "refused", error
    return list(found.items()), list(calls)


@settings(max_examples=400)
@given(st.lists(operations, max_size=8), st.lists(states, min_size=1, max_size=6))
def test_the_same_state_or_the_same_refusal(chain, several):
    """For random chains and states: the same fields in the same order, the same calls in the same
    order; and what the chain refuses is refused.
    """
    made = compose(chain)
    assert len([m for m in made if not isinstance(m, AbsentField)]) <= len(chain)
    for state in several:
        want, got = outcome(chain, state), outcome(made, state)
        assert (got[0] == "refused") is (want[0] == "refused"), (made, want, got)
        if want[0] != "refused":
            assert got == want, made


@settings(max_examples=300)
@given(st.lists(operations, max_size=6), st.sets(name), st.integers(0, 9))
def test_the_law_holds_with_known_fields(chain, fields, value):
    """Where the fields are known, states have just these."""
    made = compose(chain, fields)
    state = dict.fromkeys(sorted(fields), value)
    want, got = outcome(chain, state), outcome(made, state)
    assert (got[0] == "refused") is (want[0] == "refused"), made
    if want[0] != "refused":
        assert got == want, made


@given(st.lists(operations, max_size=6))
def test_what_is_composed_stays_as_it_is(chain):
    """Composing twice gives what composing once gives."""
    made = compose(chain)
    assert compose(made) == made


@settings(max_examples=300)
@given(st.lists(operations, max_size=7), st.sets(name))
def test_one_reason_gives_the_same_error(chain, fields):
    """A field that is missing or in the way is told under its own name, if it is the only one."""
    made = compose(chain)
    state = dict.fromkeys(sorted(fields), 1)
    kind, error = outcome(chain, state)
    if kind != "refused":
        return
    _, other = outcome(made, state)
    reasons = {n for n in NAMES if _lets_pass(chain, state, n)}
    if len(reasons) == 1 and not any(isinstance(o, RunFunction) for o in chain):
        assert type(other) in (MissingFieldError, FieldExistsError)
        assert type(other) is type(error)


def _lets_pass(chain, state, changed):
    """Whether the chain would run if this one field were there, or were not."""
    other = {n: v for n, v in state.items() if n != changed} if changed in state else None
    return outcome(chain, {**state, changed: 1} if other is None else other)[0] != "refused"
