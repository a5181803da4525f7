"""The faces of a check: lines, JSON, JUnit, Markdown, annotations, for any text whatever."""

from __future__ import annotations

import json
import re
import unicodedata
from xml.etree import ElementTree

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.check_report import github, json_document, junit, markdown, text
from pickle_migrate.checks.values import (
    BROKEN,
    COULD_NOT_RUN,
    CheckedItem,
    CheckFinding,
    CheckReport,
)

DRIFT = CheckFinding(
    "drift",
    BROKEN,
    "shop.models:Order",
    "It changed since version 2 was locked, and is still version 2.",
    "Make it version 3 with a migration from 2: pickle-migrate make",
    "shop/models.py",
    12,
    ("+ gift: bool", "- note: str"),
    {"version": 2},
)
STATE = CheckFinding("other-state", BROKEN, "a.pickle", "It loads with another state.", "Look.")
RECORD = CheckFinding("record", COULD_NOT_RUN, "b.pickle", "Its record is no YAML.", "Correct it.")
REPORT = CheckReport(
    (
        CheckedItem("class", "shop.models:Order", (DRIFT,)),
        CheckedItem("class", "shop.models:Gift"),
        CheckedItem("pickle", "a.pickle", (STATE,)),
        CheckedItem("pickle", "b.pickle", (RECORD,)),
        CheckedItem("pickle", "c.pickle"),
    )
)
KEPT = CheckReport((CheckedItem("class", "shop.models:Gift"), CheckedItem("pickle", "c.pickle")))
EMPTY = CheckReport(())
NASTY = "a|b`c\x00\x1b[31m\u202e\ud800<!--&\"'\n::error::%0A,:]]>\r\x85\ufffe"


def lines(report: CheckReport, *, verbose: bool = False) -> list[str]:
    return [line.plain for line in text.text_lines(report, verbose=verbose)]


def nasty(words: str) -> CheckReport:
    found = CheckFinding("drift", BROKEN, words, words, words, words, 1, (words,), {"a": words})
    return CheckReport((CheckedItem("pickle", words, (found,)),))


# --- text -------------------------------------------------------------------------------------


def test_what_is_broken_is_told_and_what_is_kept_is_counted():
    assert lines(REPORT) == [
        "broken  drift  shop.models:Order",
        "    It changed since version 2 was locked, and is still version 2.",
        "      + gift: bool",
        "      - note: str",
        "    Make it version 3 with a migration from 2: pickle-migrate make",
        "",
        "broken  other-state  a.pickle",
        "    It loads with another state.",
        "    Look.",
        "",
        "could not run  record  b.pickle",
        "    Its record is no YAML.",
        "    Correct it.",
        "",
        "2 classes: 1 kept, 1 broken.",
        "3 archived pickles: 1 kept, 1 broken, 1 could not run.",
        "Findings: 1 drift, 1 other-state, 1 record.",
        "Broken (backward-transitive).",
    ]


def test_all_is_kept():
    assert lines(KEPT) == [
        "1 class: 1 kept.",
        "1 archived pickle: 1 kept.",
        "Kept (backward-transitive).",
    ]
    assert "kept  c.pickle" in lines(KEPT, verbose=True)


def test_nothing_looked_at_is_broken():
    """A check that finds no files fails (traps.md, "Checks that check nothing")."""
    assert lines(EMPTY) == ["Broken (backward-transitive)."]
    assert ElementTree.fromstring(junit.junit_xml(EMPTY)).get("failures") == "1"
    assert json.loads(json_document.document(EMPTY))["outcome"] == "broken"


def test_the_same_a_thousand_times_is_cut_and_its_advice_given_once():
    items = tuple(CheckedItem("pickle", f"{n}.pickle", (STATE,)) for n in range(1_000))
    told = lines(CheckReport(items))
    assert len(told) < 50
    assert told.count("    Look.") == 1
    assert "And 990 more of other-state. --verbose tells all." in told
    assert len(lines(CheckReport(items), verbose=True)) > 3_000


def test_colours_lie_on_the_words():
    first = next(text.text_lines(REPORT))
    assert [(first.plain[m.start : m.end], m.style) for m in first.marks] == [("broken", "red")]


@given(st.text())
def test_no_text_steers_a_terminal(words):
    for line in lines(nasty(words), verbose=True):
        assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


# --- JSON -------------------------------------------------------------------------------------


def test_the_document():
    found = json.loads(json_document.document(REPORT))
    assert found["summary"] == {
        "kept": 2,
        "broken": 2,
        "could_not_run": 1,
        "rules": {"drift": 1, "other-state": 1, "record": 1},
    }
    first = found["items"][0]
    assert (first["group"], first["subject"], first["outcome"]) == (
        "class",
        "shop.models:Order",
        "broken",
    )
    assert first["findings"][0]["facts"] == {"version": 2}
    assert first["findings"][0]["details"] == ["+ gift: bool", "- note: str"]


def test_the_document_is_ascii_and_runs_no_repr():
    class Rude:
        def __repr__(self):
            raise RuntimeError

    item = CheckedItem("class", NASTY, (CheckFinding("x", BROKEN, NASTY, "", facts={"a": Rude()}),))
    made = json_document.document(CheckReport((item,)))
    assert made.isascii()
    assert json.loads(made)["items"][0]["subject"] == NASTY


# --- JUnit ------------------------------------------------------------------------------------


def test_junit_has_a_case_for_each_item():
    root = ElementTree.fromstring(junit.junit_xml(REPORT))
    assert {k: root.get(k) for k in ("tests", "failures", "errors")} == {
        "tests": "5",
        "failures": "2",
        "errors": "1",
    }
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert list(cases) == [
        "shop.models:Order",
        "shop.models:Gift",
        "a.pickle",
        "b.pickle",
        "c.pickle",
    ]
    assert (cases["shop.models:Order"].get("file"), cases["shop.models:Order"].get("line")) == (
        "shop/models.py",
        "12",
    )
    assert [child.tag for child in cases["b.pickle"]] == ["error"]
    assert "+ gift: bool" in cases["shop.models:Order"][0].text
    assert len(cases["c.pickle"]) == 0


@given(st.text(st.characters(), max_size=30))
def test_junit_is_xml_whatever_the_text(words):
    """Control characters, surrogates and non-characters are no part of XML 1.0."""
    made = junit.junit_xml(nasty(words)).encode("utf-8")
    root = ElementTree.fromstring(made)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f]", root.find(".//failure").text)


def test_junit_takes_the_worst():
    assert ElementTree.fromstring(junit.junit_xml(nasty(NASTY))).get("failures") == "1"


# --- Markdown ---------------------------------------------------------------------------------


def test_markdown_is_a_table_and_details():
    made = markdown.markdown(REPORT)
    assert made.startswith("### ❌ pickle-migrate check: broken (backward-transitive)\n")
    assert made.count("\n| ❌ ") == 2
    assert made.count("<details>") == 3
    assert "```diff\n+ gift: bool\n- note: str\n" in made


@given(st.text(st.characters(), max_size=40))
def test_markdown_keeps_its_table_whatever_the_text(words):
    """One row for each finding, with three cells; no HTML of the text's own."""
    made = markdown.markdown(nasty(words))
    (row,) = [line for line in made.split("\n") if line.startswith("| ❌")]
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 4
    assert made.count("<details>") == made.count("</details>") == 1


def test_markdown_is_bounded():
    items = tuple(CheckedItem("pickle", f"{n}.pickle", (STATE,)) for n in range(10_000))
    made = markdown.markdown(CheckReport(items))
    assert len(made) < 65_536
    assert re.search(r"\| \d+ more \|", made)
    assert re.search(r"And \d+ more\.", made)


# --- GitHub -----------------------------------------------------------------------------------


def test_an_annotation_points_at_the_line():
    first = next(github.annotation_lines(REPORT))
    assert first == (
        "::error file=shop/models.py,line=12,title=pickle-migrate%3A drift::shop.models:Order: It "
        "changed since version 2 was locked, and is still version 2.%0A+ gift: bool%0A- note: str"
        "%0AMake it version 3 with a migration from 2: pickle-migrate make"
    )


def test_an_annotation_names_the_file_from_the_root_of_the_repository():
    """Also when the check runs in a folder of it."""
    first = next(github.annotation_lines(REPORT, "backend"))
    assert first.startswith("::error file=backend/shop/models.py,line=12,")
    nowhere = list(github.annotation_lines(REPORT, "backend"))[1]
    assert nowhere.startswith("::error title=")


@pytest.mark.parametrize("words", [NASTY, "100%", "a,b:c", "x\r\n::warning::y"])
def test_no_text_breaks_out_of_an_annotation(words):
    (made,) = github.annotation_lines(nasty(words))
    assert "\n" not in made
    assert "\r" not in made
    properties = made.removeprefix("::error ").split("::")[0]
    assert [part.split("=")[0] for part in properties.split(",")] == ["file", "line", "title"]


def test_each_rule_is_annotated_before_the_second_of_any():
    states = [attrs.evolve(STATE, subject=f"{n}.pickle") for n in range(100)]
    items = tuple(CheckedItem("pickle", found.subject, (found,)) for found in states)
    made = list(github.annotation_lines(CheckReport((*items, CheckedItem("class", "x", (DRIFT,))))))
    assert len(made) == github.LIMIT
    assert "drift" in made[1]
