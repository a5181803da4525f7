"""Status and verdict are two things: clean requires complete."""

from __future__ import annotations

import pytest

from pickle_migrate.findings import DANGER, WARNING, Finding
from pickle_migrate.inspected import FileFound, PickleFound, worst

DANGEROUS = (Finding("a", DANGER, 0, "m"),)
DOUBTFUL = (Finding("b", WARNING, 0, "m"),)


def one(status="complete", findings=(), nested=()):
    return PickleFound("", 0, 1, 4, status, findings=findings, nested=nested)


@pytest.mark.parametrize(
    ("pickle", "verdict"),
    [
        (one(), "clean"),
        (one(findings=DOUBTFUL), "suspicious"),
        (one(findings=DOUBTFUL + DANGEROUS), "dangerous"),
        (one("damaged"), "unknown"),
        (one(nested=(one(findings=DANGEROUS),)), "dangerous"),
        (one(nested=(one(nested=(one("damaged"),)),)), "unknown"),
    ],
)
def test_verdicts_of_a_pickle(pickle, verdict):
    """The worst of its own and of what is nested in it."""
    assert pickle.verdict == verdict


@pytest.mark.parametrize(
    ("file", "verdict", "is_clean"),
    [
        (FileFound("f", pickles=(one(),)), "clean", True),
        (FileFound("f", pickles=(one(), one(findings=DANGEROUS))), "dangerous", False),
        (FileFound("f", pickles=(one(),), findings=DOUBTFUL), "suspicious", False),
        (FileFound("f", pickles=(one(),), status="incomplete"), "unknown", False),
        (FileFound("f", status="no pickle"), "none", True),
        (FileFound("f", status="no pickle", findings=DOUBTFUL), "suspicious", False),
        (FileFound("f", error="cannot be read"), "unknown", False),
    ],
)
def test_verdicts_of_a_file(file, verdict, is_clean):
    """What was not read is never clean."""
    assert (file.verdict, file.is_clean) == (verdict, is_clean)


def test_all_pickles_are_told_outer_ones_first():
    """At any depth."""
    deep = one()
    for _ in range(3000):
        deep = one(nested=(deep,))
    assert sum(1 for _ in FileFound("f", pickles=(deep, one())).all_pickles()) == 3002


def test_all_findings():
    """The file's, then its pickles'."""
    file = FileFound("f", pickles=(one(findings=DANGEROUS),), findings=DOUBTFUL)
    assert file.all_findings() == [*DOUBTFUL, *DANGEROUS]


def test_the_worst_verdict():
    """What holds no pickle says nothing."""
    assert worst(["none", "clean"]) == "clean"
    assert worst(["clean", "unknown", "suspicious"]) == "suspicious"
