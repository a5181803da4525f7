"""The answer of a check as lines for people: what is broken in detail, what is kept as a number.

Everything that comes from pickles, paths and exceptions is escaped. Nothing here decides anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import attrs

from pickle_migrate.checks.values import (
    BROKEN,
    COULD_NOT_RUN,
    KEPT,
    CheckedItem,
    CheckFinding,
    CheckReport,
)
from pickle_migrate.report import Mark, escaped

#: Findings of one rule that are told in full; ``--verbose`` tells all.
SHOWN = 10
#: Lines of one finding's details.
DETAILS = 40
_STYLES = {KEPT: "green", BROKEN: "red", COULD_NOT_RUN: "yellow"}
_DETAIL_STYLES = {"-": "red", "+": "green"}
_INDENT = "    "
GROUPS = {"class": ("class", "classes"), "pickle": ("archived pickle", "archived pickles")}


@attrs.frozen
class Line:
    """A line to print, escaped; ``marks`` are its colours on a terminal."""

    plain: str
    marks: tuple[Mark, ...] = ()
    indent: str = _INDENT


def text_lines(report: CheckReport, *, verbose: bool = False) -> Iterator[Line]:
    """All lines, in the order of the report; the counts and the outcome stand at the end.

    ``verbose``: a line for each thing that is kept too, and every finding in full.
    """
    teller = _Teller(None if verbose else SHOWN)
    for item in report.items:
        if item.findings:
            for found in item.findings:
                yield from teller.finding(found)
        elif verbose:
            yield _coloured(KEPT, f"{KEPT}  {escaped(item.subject)}")
    yield from teller.left_out()
    yield from _closing(report)


class _Teller:
    """Tells findings one after the other. The same advice is given once for each rule."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._told: Counter[str] = Counter()
        self._advised: set[str] = set()

    def finding(self, found: CheckFinding) -> Iterator[Line]:
        self._told[found.rule] += 1
        if self._most is not None and self._told[found.rule] > self._most:
            return
        head = f"{found.outcome}  {found.rule}  {escaped(found.subject)}"
        yield _coloured(found.outcome, head)
        yield from (Line(_INDENT + escaped(part)) for part in found.what.splitlines())
        details = found.details if self._most is None else found.details[:DETAILS]
        yield from (_detail(text) for text in details)
        if len(details) < len(found.details):
            yield Line(f"{_INDENT}  ... {len(found.details) - len(details)} more lines")
        if found.advice and found.advice not in self._advised:
            self._advised.add(found.advice)
            yield from (Line(_INDENT + escaped(part)) for part in found.advice.splitlines())
        yield Line("")

    def left_out(self) -> Iterator[Line]:
        """How many findings were not told, rule by rule."""
        if self._most is None:
            return
        more = {rule: n - self._most for rule, n in self._told.items() if n > self._most}
        for rule, number in more.items():
            yield Line(f"And {number} more of {rule}. --verbose tells all.")
        if more:
            yield Line("")


def _detail(text: str) -> Line:
    plain = f"{_INDENT}  {escaped(text)}"
    style = _DETAIL_STYLES.get(text[:1], "")
    marks = (Mark(len(_INDENT) + 2, len(plain), style),) if style else ()
    indent = plain[: len(plain) - len(plain.lstrip())]
    return Line(plain, marks, f"{indent}  ")


def _coloured(outcome: str, text: str) -> Line:
    return Line(text, (Mark(0, len(outcome), _STYLES[outcome]),))


def _closing(report: CheckReport) -> Iterator[Line]:
    for group in dict.fromkeys(item.group for item in report.items):
        items = [item for item in report.items if item.group == group]
        yield Line(f"{_counted(group, items)}: {outcomes(items)}.")
    rules = Counter(found.rule for found in report.findings)
    if rules:
        told = ", ".join(f"{number} {rule}" for rule, number in rules.items())
        yield Line(f"Findings: {told}.")
    text = f"{report.outcome[0].upper()}{report.outcome[1:]}"
    mark = Mark(0, len(text), f"bold {_STYLES[report.outcome]}")
    yield Line(f"{text} ({report.mode}).", (mark,))


def _counted(group: str, items: Sequence[CheckedItem]) -> str:
    one, many = GROUPS.get(group, (group, group if group.endswith("s") else f"{group}s"))
    return f"{len(items)} {one if len(items) == 1 else many}"


def outcomes(items: Sequence[CheckedItem]) -> str:
    """How many items have each outcome, as in ``120 kept, 2 broken``."""
    counts = Counter(item.outcome for item in items)
    return ", ".join(f"{counts[word]} {word}" for word in _STYLES if counts[word])
