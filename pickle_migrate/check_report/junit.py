"""The answer of a check as JUnit XML, which CI services read as results of tests.

A suite for each group, a case for each thing that was looked at; broken is a failure, could not run
an error. The format is that of Ant's JUnit task, with the attribute ``file`` that GitLab and
CircleCI read. Characters that XML 1.0 does not allow (its section 2.2) are written out, ``\\x1b``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from pickle_migrate.checks.values import BROKEN, CheckedItem, CheckFinding, CheckReport

# Controls, surrogates and the two non-characters are no part of XML; the C1 controls and the
# separators are, and steer terminals and editors.
_REFUSED = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_NAME = "pickle-migrate check"


def junit_xml(report: CheckReport) -> str:
    """The document, with its declaration, in UTF-8 when it is encoded so."""
    root = ElementTree.Element("testsuites", _totals(report.items, _NAME))
    for group in dict.fromkeys(item.group for item in report.items) or ("pickle",):
        items = [item for item in report.items if item.group == group]
        suite = ElementTree.SubElement(root, "testsuite", _totals(items, f"{_NAME}: {group}"))
        for item in items:
            suite.append(_case(item))
    if not report.items:  # nothing looked at is broken, and a suite without cases is green
        _without_items(root)
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _without_items(root: ElementTree.Element) -> None:
    case = ElementTree.SubElement(root[0], "testcase", {"classname": _NAME, "name": "anything"})
    ElementTree.SubElement(case, "failure", {"type": "nothing", "message": "Nothing was checked."})
    for element in (root, root[0]):
        element.attrib |= {"tests": "1", "failures": "1"}


def _totals(items: Sequence[CheckedItem], name: str) -> dict[str, str]:
    bad = [item.outcome for item in items if item.findings]
    failures = bad.count(BROKEN)
    return {
        "name": name,
        "tests": str(len(items)),
        "failures": str(failures),
        "errors": str(len(bad) - failures),
        "skipped": "0",
    }


def _case(item: CheckedItem) -> ElementTree.Element:
    case = ElementTree.Element("testcase", {"classname": item.group, "name": _xml(item.subject)})
    path = next((found.path for found in item.findings if found.path), "")
    if path:
        case.set("file", _xml(path))
    line = next((found.line for found in item.findings if found.line), None)
    if line:
        case.set("line", str(line))
    # A case has one result for most readers: the worst, with all that was found in its text.
    if item.findings:
        kind = "failure" if item.outcome == BROKEN else "error"
        first = next(found for found in item.findings if found.outcome == item.outcome)
        told = ElementTree.SubElement(
            case, kind, {"type": _xml(first.rule), "message": _xml(first.what)}
        )
        told.text = _xml("\n\n".join(_text(found) for found in item.findings))
    return case


def _text(found: CheckFinding) -> str:
    lines = [f"{found.outcome}: {found.rule}", found.what, *found.details, found.advice]
    return "\n".join(line for line in lines if line)


def _xml(text: str) -> str:
    return _REFUSED.sub(lambda found: _spelled(found.group()), text)


def _spelled(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
