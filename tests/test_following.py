"""Following operations without a state: where values end up, and what must be asked first."""

import linecache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import FieldExistsError, MissingFieldError, StepFailedError
from pickle_migrate.following import CannotBeFollowed, Run, Source, placed_operations
from pickle_migrate.migration import Migration
from pickle_migrate.operations import (
    AddField,
    ConvertField,
    MergeFields,
    RemoveField,
    RenameField,
    SplitField,
)


def placed(*operations):
    return placed_operations(
        [Migration("m:A", version, operation) for version, operation in enumerate(operations, 1)]
    )


def followed(*operations, names=None):
    """A run that took all of these operations."""
    steps = placed(*operations)
    run = Run(Source(steps), names)
    assert all(run.take(step) for step in steps)
    return run


def test_placed_operations():
    """Numbered from 0 over all migrations, each with the ref and version of its own migration."""
    first = Migration("m:A", 1, (RemoveField("a"), RemoveField("b")))
    second = Migration("m:B", 7, RemoveField("c"))
    found = [
        (p.number, p.operation.name, p.ref, p.version) for p in placed_operations([first, second])
    ]
    assert found == [(0, "a", "m:A", 1), (1, "b", "m:A", 1), (2, "c", "m:B", 7)]


def test_a_row_of_renames_moves_one_value():
    """a to b to c: one value is taken, and both new names must have been free."""
    run = followed(RenameField("a", "b"), RenameField("b", "c"))
    assert list(run.first) == ["a"]
    assert list(run.absent) == ["b", "c"]
    assert run.now == {"c": run.first["a"]}
    assert run.kept == set()


def test_a_field_that_comes_and_goes_leaves_only_its_question():
    """It must not have been there, and nothing is stored."""
    run = followed(AddField("a", 1), RemoveField("a"))
    assert (run.first, list(run.absent), run.now) == ({}, ["a"], {})


def test_exchanged_names_ask_for_both_fields():
    """a and b exchange their values by way of t."""
    run = followed(RenameField("a", "t"), RenameField("b", "a"), RenameField("t", "b"))
    assert run.now == {"a": run.first["b"], "b": run.first["a"]}
    assert list(run.absent) == ["t"]


def test_a_converted_field_keeps_its_place():
    """It never moved, so it stays where it stands in the state."""
    assert followed(ConvertField("a", str)).kept == {"a"}


def test_what_depends_on_the_state_is_not_taken():
    """missing_ok and keep_existing need the state, until it is known whether the field is there."""
    for operation in (
        RemoveField("a", missing_ok=True),
        AddField("a", 1, keep_existing=True),
        AddField("a", factory=len),
    ):
        steps = placed(operation)
        assert not Run(Source(steps)).take(steps[0])
    assert followed(ConvertField("a", str), RemoveField("a", missing_ok=True)).now == {}
    assert followed(RemoveField("a"), RemoveField("a", missing_ok=True)).now == {}
    run = followed(ConvertField("a", str), AddField("a", 1, keep_existing=True))
    assert run.now["a"] != "1"


@pytest.mark.parametrize(
    "operations",
    [
        (RemoveField("a"), ConvertField("a", str)),
        (AddField("a", 1), AddField("a", 1)),
        (RenameField("a", "b"), RenameField("c", "b")),
    ],
)
def test_what_fails_for_every_state_is_said(operations):
    """The run stops there, and whoever writes it hands the state to the plain operations."""
    with pytest.raises(CannotBeFollowed):
        followed(*operations)


def test_with_known_fields_nothing_has_to_be_asked():
    """All fields are there from the start, and all others are known to be missing."""
    run = followed(
        RenameField("a", "b"), AddField("c", 1, keep_existing=True), names=("a", "c", "d")
    )
    assert list(run.now) == ["c", "d", "b"]
    assert run.absent == {}
    with pytest.raises(CannotBeFollowed):
        followed(RenameField("x", "b"), names=("a",))


fields = st.sampled_from("abcd")
pair = st.lists(fields, min_size=2, max_size=3, unique=True)
operations = st.one_of(
    st.builds(AddField, fields, st.integers(), keep_existing=st.booleans()),
    st.builds(AddField, fields, factory=st.just(list)),
    st.builds(RemoveField, fields, missing_ok=st.booleans()),
    st.builds(lambda n, ok: RenameField(n[0], n[1], ok), pair, st.booleans()),
    st.builds(ConvertField, fields, st.just(repr), missing_ok=st.booleans()),
    st.builds(lambda n, i: SplitField(n, i, lambda v: [v] * len(i)), fields, pair),
    st.builds(MergeFields, pair, fields, st.just(lambda *v: v)),
)


@given(st.lists(operations, max_size=6), st.dictionaries(fields, st.integers()))
def test_a_run_with_known_fields_equals_its_operations(row, state):
    """For the fields of any state, what the run says is what the operations do, order included;
    and it refuses exactly the states that they refuse.
    """
    steps = placed(*row)
    source = Source(steps)
    run = Run(source, tuple(state))
    try:
        expected = state
        for step in steps:
            expected = step.operation.apply(expected)
    except (MissingFieldError, FieldExistsError):
        with pytest.raises(CannotBeFollowed):
            all(run.take(step) for step in steps)
        return
    with source.aside() as body:
        assert all(run.take(step) for step in steps)
    if not steps:
        return
    source.add(*(f"{value} = state[{name!a}]" for name, value in run.first.items()))
    source.insert(body)
    source.add("return {" + ", ".join(f"{n!a}: {v}" for n, v in run.now.items()) + "}")
    assert list(source.compiled("build(state)")(state).items()) == list(expected.items())


# --- the source ---------------------------------------------------------------------------------


def test_source_blocks_and_what_is_kept_aside():
    """Lines under a block are indented; lines kept aside are put in later."""
    source = Source(placed(RemoveField("a")))
    with source.aside() as last:
        source.add("return found")
    with source.under("if state:"):
        source.add(f"found = {source.bind('given', 7)}")
    source.add("else:", "    found = None")
    source.insert(last)
    made = source.compiled("choose(state)")
    assert (made(1), made(0)) == (7, None)
    text = "".join(linecache.getlines(made.__code__.co_filename))
    assert text.startswith("def choose(state):\n    if state:\n        found = given\n")


def test_the_file_name_of_the_source_says_class_and_versions():
    """It stands in tracebacks."""
    steps = placed(RemoveField("a"), RemoveField("b"))
    source = Source(steps)
    source.add("return None")
    name = source.compiled("nothing()").__code__.co_filename
    assert name.startswith("<pickle_migrate m:A 1 to 3 ")


def test_a_call_that_raises_names_its_step():
    """The user's exception becomes StepFailedError with the place of the operation."""
    steps = placed(RemoveField("a"), ConvertField("b", int))
    source = Source(steps)
    source.call(steps[1], "made", int, "given")
    source.add("return made")
    made = source.compiled("convert(given)")
    assert made("7") == 7
    with pytest.raises(StepFailedError) as caught:
        made("x")
    assert (caught.value.ref, caught.value.version) == ("m:A", 2)
    assert caught.value.step == "convert 'b' with int"


def test_a_comment_is_one_line_of_ascii():
    """Whatever an operation says of itself, it cannot leave its comment."""
    odd = type("Odd", (), {"__repr__": lambda self: "x\nraise SystemExit  # ü\ud800"})()
    steps = placed(AddField("a", odd))
    source = Source(steps)
    source.comment(steps[0])
    source.add("return None")
    made = source.compiled("nothing()")
    assert made() is None
    assert linecache.getline(made.__code__.co_filename, 2).isascii()
