"""Problems, classes and plans as values."""

from __future__ import annotations

import pytest

from pickle_migrate.errors import GapError, UnknownFieldError
from pickle_migrate.findings import (
    MESSAGE_LIMIT,
    ClassFound,
    FilePlan,
    FileResult,
    PicklePlan,
    Problem,
)


def test_a_problem_of_our_own_error_keeps_its_facts():
    """A program reads the fields; tuples are lists, as in JSON."""
    problem = Problem.of(GapError("shop:Order", 1, 2, 3), "loading")
    assert problem.error == "GapError"
    assert problem.facts == {"ref": "shop:Order", "written": 1, "missing": 2, "current": 3}
    assert problem.message == str(GapError("shop:Order", 1, 2, 3))
    assert Problem.of(UnknownFieldError("m:C", 1, ("a",), ())).facts["fields"] == ["a"]


class _MuteError(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (ValueError("bad"), "ValueError: bad"),
        (ValueError(), "ValueError"),
        (_MuteError(), "_MuteError"),
        (ValueError("x" * 5000), "ValueError: " + "x" * MESSAGE_LIMIT + "..."),
    ],
)
def test_a_problem_of_a_foreign_exception(error, what):
    """Type and message; a message may be missing, broken or endless."""
    assert Problem.of(error).what == what
    assert Problem.of(error, "loading").what == f"loading failed with {what}"
    assert Problem.of(error).facts == {}


@pytest.mark.parametrize(
    ("found", "text", "changes"),
    [
        (ClassFound("m:A", "m:A", 1, 3), "m:A 1 -> 3", True),
        (ClassFound("m:A", "m:A", 3, 3), "m:A 3", False),
        (ClassFound("m:A", "n:B", 1, 3), "m:A 1 -> n:B 3", True),
        (ClassFound("m:A", "n:B", 3, 3), "m:A 3 -> n:B 3", True),
        (ClassFound("m:A", "n:B"), "m:A -> n:B", True),
        (ClassFound("m:A", "m:A", None, 3), "m:A ? -> 3", True),
        (ClassFound("m:A", "m:A"), "m:A", False),
    ],
)
def test_a_class_in_one_phrase(found, text, changes):
    """Names and versions, old and new, as far as they differ."""
    assert found.describe() == text
    assert found.changes is changes


def test_a_file_plan_says_each_thing_once():
    """A row of a thousand pickles has one gap, not a thousand."""
    gap, other = Problem("GapError", "gap"), Problem("FileError", "file")
    found = ClassFound("m:A", "m:A", 1, 2)
    pickle_plan = PicklePlan(4, (found,), ("step",), (gap,))
    plan = FilePlan("f", "refuse", (), (pickle_plan, pickle_plan), (other,))
    assert plan.all_problems() == (other, gap)
    assert plan.all_classes() == (found,)
    assert plan.all_steps() == ("step",)


@pytest.mark.parametrize(
    ("result", "is_bad"),
    [
        ("upgraded", False),
        ("would upgrade", False),
        ("current", False),
        ("copied", False),
        ("not a pickle", False),
        ("refused", True),
        ("failed", True),
        ("not reached", True),
    ],
)
def test_which_results_are_failures(result, is_bad):
    """They decide the exit code."""
    assert FileResult(FilePlan("f", "upgrade"), result).is_bad is is_bad
