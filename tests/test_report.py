"""Lines for people and the document for programs."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate import report
from pickle_migrate.findings import ClassFound, FilePlan, FileResult, PicklePlan, Problem

ORDER = ClassFound("shop:Order", "shop:Order", 1, 3)


def result(path: str, became: str, *classes: ClassFound, **more: object) -> FileResult:
    steps = tuple(f"{c.today} {v} to {v + 1}: run f" for c in classes for v in (1, 2, 10))
    plan = FilePlan(path, "upgrade", pickles=(PicklePlan(4, classes, steps),))
    return FileResult(plan, became, **more)


def plain(lines: list[report.Line]) -> list[str]:
    return [line.plain for line in lines]


# --- escaping -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ünïcödé 漢字", "plain text, ünïcödé 漢字"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("two\nlines\r", r"two\nlines\r"),
        ("a\u202eb", r"a\u202eb"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("\ud800", r"\ud800"),
        ("\u2028", r"\u2028"),
        ("\U000e0041", r"\U000e0041"),
        ("\x85", r"\x85"),
    ],
)
def test_what_could_steer_a_terminal_is_spelled_out(text, shown):
    """Controls, bidirectional marks, surrogates, invisible characters, breaks of lines."""
    assert report.escaped(text) == shown


@given(st.text(alphabet=st.characters()))
def test_nothing_dangerous_is_left(text):
    """Whatever a pickle is named after, no control, format or surrogate comes through."""
    categories = {unicodedata.category(c) for c in report.escaped(text)}
    assert categories.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def test_long_texts_are_cut():
    """A pickle may name a class by a megabyte of text."""
    assert report.escaped("x" * 10_000, limit=5) == "xxxxx..."
    assert len(report.escaped("x" * 1_000_000)) < 2_000


# --- lines --------------------------------------------------------------------------------------


def test_lines_are_aligned():
    """One line a file: what became of it, the file, and what changed."""
    results = [
        result("a.pkl", "upgraded", ORDER),
        result("folder/b.pkl", "current", ORDER),
        result("c.pkl", "copied", ORDER),
        result("d.pkl", "upgraded"),
    ]
    lines = report.Lines(r.plan.path for r in results)
    assert plain([line for r in results for line in lines.of_file(r)]) == [
        "upgraded       a.pkl         shop:Order 1 -> 3",
        "current        folder/b.pkl",
        "copied         c.pkl         already current",
        "upgraded       d.pkl         stamped",
    ]


def test_only_the_first_classes_are_named():
    """A line stays a line."""
    classes = [ClassFound(f"m:C{n}", f"m:C{n}", 1, 2) for n in range(7)]
    [line] = report.Lines(["a"]).of_file(result("a", "upgraded", *classes))
    assert line.text == "a  m:C0 1 -> 2, m:C1 1 -> 2, m:C2 1 -> 2, m:C3 1 -> 2 and 3 more"


def test_reasons_stand_below_and_advice_is_given_once():
    """A missing step is often the same for a thousand files."""
    problem = Problem("GapError", "There is a gap.", "Declare the step.")
    lines = report.Lines(["a"])
    bad = result("a", "refused", ORDER, problems=(problem,))
    assert plain(lines.of_file(bad)) == [
        "refused        a",
        "               There is a gap.",
        "               Declare the step.",
    ]
    assert plain(lines.of_file(bad)) == ["refused        a", "               There is a gap."]


def test_other_files_of_a_folder_have_no_line():
    """They are counted, unless there is something to say."""
    lines = report.Lines(["a"])
    assert lines.of_file(result("a", "not a pickle")) == []
    problem = Problem("ContentError", "It is a text file.")
    assert len(lines.of_file(result("a", "not a pickle", problems=(problem,)))) == 2


def test_warnings_have_a_line():
    """What could not be kept of a file that was replaced."""
    lines = report.Lines(["a"]).of_file(result("a", "upgraded", warnings=("its owner is lost",)))
    assert lines[1].plain.strip() == "Note: its owner is lost."


def test_names_in_lines_are_escaped():
    """Paths, classes, problems and steps."""
    evil = "\x1b[2J"
    found = ClassFound(f"m:{evil}", f"n:{evil}", 1, 2)
    bad = result(evil, "upgraded", found, problems=(Problem(evil, evil, evil),), warnings=(evil,))
    lines = report.Lines([evil]).of_file(bad)
    lines += report.step_lines([result("a", "would upgrade", found)])
    assert "\x1b" not in "".join(plain(lines))
    assert sum(line.count(r"\x1b[2J") for line in plain(lines)) >= 7


def test_every_step_of_a_dry_run_once_in_order():
    """Those of files that would be upgraded; version 10 comes after 2."""
    results = [result(p, "would upgrade", ORDER) for p in "ab"] + [result("c", "current")]
    assert plain(report.step_lines(results)) == [
        "",
        "Steps:",
        "  shop:Order 1 to 2: run f",
        "  shop:Order 2 to 3: run f",
        "  shop:Order 10 to 11: run f",
    ]
    assert report.step_lines(results[2:]) == []


@pytest.mark.parametrize(
    ("results", "lines"),
    [
        ([result("a", "current")], ["1 file: 1 current."]),
        (
            [result("a", "failed"), result("b", "upgraded"), result("c", "upgraded")],
            ["3 files: 2 upgraded, 1 failed."],
        ),
        (
            [result("a", "upgraded"), result("b", "not reached")],
            ["Interrupted. 2 files: 1 upgraded, 1 not reached."],
        ),
        (
            [result("a", "upgraded", backup="a.bak")],
            ["1 file: 1 upgraded.", "The old files stand beside the new ones, as NAME.bak."],
        ),
        (
            [result("a", "would upgrade")],
            [
                "1 file: 1 would upgrade.",
                "Nothing was changed. To do it, give --to DIR or --in-place.",
            ],
        ),
    ],
)
def test_the_summary(results, lines):
    """What became of how many, and what may be done next."""
    assert plain(report.closing_lines(results)) == ["", *lines]


def test_every_result_has_a_colour_and_a_place_in_the_summary():
    """A new kind of result must not vanish from the count."""
    from pickle_migrate import findings

    others = ("UPGRADE", "REFUSE", "DANGER", "WARNING")
    known = {
        value
        for name, value in vars(findings).items()
        if name.isupper() and isinstance(value, str) and name not in others
    }
    assert known == set(report.STYLES)


# --- the document -------------------------------------------------------------------------------


def test_the_document_is_ascii_and_whole():
    """No terminal takes it for a command, and every fact of a problem is there."""
    problem = Problem("GapError", "A \x1b gap.", "Declare it.", {"ref": "m:\ud800", "missing": 2})
    bad = result("a\u202e", "refused", ORDER, problems=(problem,))
    text = report.document([bad])
    assert text.isascii()
    assert "\x1b" not in text
    document = json.loads(text)
    assert document["files"][0]["problems"] == [
        {"error": "GapError", "message": "A \x1b gap. Declare it.", "ref": "m:\ud800", "missing": 2}
    ]
    assert document["summary"]["files"] == document["summary"]["refused"] == 1
    assert document["summary"]["would_upgrade"] == 0


class _Loud:
    def __repr__(self) -> str:
        raise AssertionError("its repr was asked")


def test_facts_of_other_types_are_never_asked_for_their_repr():
    """A fact may be something from a pickle."""
    problem = Problem("E", "what", "", {"fact": _Loud()})
    document = json.loads(report.document([result("a", "failed", problems=(problem,))]))
    assert document["files"][0]["problems"][0]["fact"] == "_Loud"
