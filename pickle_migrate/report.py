"""Showing plans and results: lines for people, one JSON document for programs.

All text that comes from a pickle, a path or an exception passes through ``escaped`` before it
reaches a terminal. Nothing here decides anything, opens a file or imports user code.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from pickle_migrate.findings import (
    COPIED,
    CURRENT,
    FAILED,
    NO_PICKLE,
    NOT_REACHED,
    REFUSED,
    UPGRADED,
    WOULD_UPGRADE,
    ClassFound,
    FileResult,
    PicklePlan,
    Problem,
)

# A pickle may hold hundreds of classes, and a path may fill the line.
_CLASSES_SHOWN = 4
_WIDEST_PATH = 60
_TEXT_LIMIT = 1_500
# Controls, formats (bidirectional ones among them), surrogates, private use, not assigned, and the
# two separators that break lines.
_ESCAPED = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])

#: What may become of a file, in the order of the summary, with its colour on a terminal.
STYLES = {
    UPGRADED: "green",
    WOULD_UPGRADE: "green",
    CURRENT: "dim",
    COPIED: "dim",
    REFUSED: "red",
    FAILED: "red",
    NOT_REACHED: "yellow",
    NO_PICKLE: "dim",
}
_STATUS_WIDTH = max(map(len, STYLES))
#: What stands in front of lines below a file's own.
INDENT = " " * (_STATUS_WIDTH + 2)


def escaped(text: str, limit: int = _TEXT_LIMIT) -> str:
    """The text with everything written out that could steer a terminal, hide or reorder, as in
    ``\\x1b`` and ``\\u202e``. Cut at ``limit`` characters.
    """
    if len(text) > limit:
        text = text[:limit] + "..."
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(c) if unicodedata.category(c) in _ESCAPED else c for c in text)


def _spelled(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


# --- lines for people -------------------------------------------------------------------------


@attrs.frozen
class Mark:
    """A colour, as rich names it, for the characters from ``start`` to ``end`` of a line."""

    start: int
    end: int
    style: str


@attrs.frozen
class Line:
    """A line to print: perhaps a coloured word, then text. Both are escaped."""

    text: str
    status: str = ""

    @property
    def plain(self) -> str:
        """The line as it stands in a file."""
        return f"{self.status:<{_STATUS_WIDTH}}  {self.text}" if self.status else self.text

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The colour of the word, as rich names it."""
        style = STYLES.get(self.status, "")
        return (Mark(0, len(self.status), style),) if style else ()

    @property
    def indent(self) -> str:
        """What stands in front of what doesn't fit into the line."""
        return INDENT


class Lines:
    """Turns results into aligned lines. Says each piece of advice once, since a missing step is
    often the same for a thousand files.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        widest = max((len(escaped(path)) for path in paths), default=0)
        self._width = min(widest, _WIDEST_PATH)
        self._given: set[str] = set()

    def of_file(self, result: FileResult) -> list[Line]:
        """One line that says what became of the file, and below it what was in the way. None for
        what lies in a folder and is no pickle: those are counted at the end.
        """
        if result.result == NO_PICKLE and not result.problems:
            return []
        path = escaped(result.plan.path).ljust(self._width)
        text = f"{path}  {_what_changed(result)}".rstrip()
        lines = [Line(text, result.result)]
        for problem in result.problems:
            lines += self._of_problem(problem)
        lines += [Line(f"{INDENT}Note: {escaped(text)}.") for text in result.warnings]
        return lines

    def _of_problem(self, problem: Problem) -> list[Line]:
        lines = [Line(INDENT + escaped(problem.what))]
        if problem.advice and problem.advice not in self._given:
            self._given.add(problem.advice)
            lines.append(Line(INDENT + escaped(problem.advice)))
        return lines


def _what_changed(result: FileResult) -> str:
    if result.result == COPIED:
        return "already current"
    if result.result not in (UPGRADED, WOULD_UPGRADE):
        return ""
    way = f"  ({result.way})" if result.way else ""
    changed = [c.describe() for c in result.plan.all_classes() if c.changes]
    if not changed:
        steps = result.plan.all_steps()
        return f"{escaped(steps[0])}{way}" if steps else f"stamped{way}"
    more = len(changed) - _CLASSES_SHOWN
    shown = ", ".join(escaped(text) for text in changed[:_CLASSES_SHOWN])
    return f"{shown} and {more} more{way}" if more > 0 else f"{shown}{way}"


def step_lines(results: Iterable[FileResult]) -> list[Line]:
    """Every migration that the files to be upgraded need, each once, for ``--dry-run``."""
    waiting = (r.plan for r in results if r.result == WOULD_UPGRADE)
    steps = dict.fromkeys(step for plan in waiting for step in plan.all_steps())
    if not steps:
        return []
    return [
        Line(""),
        Line("Steps:"),
        *(Line(f"  {escaped(step)}") for step in sorted(steps, key=_in_order)),
    ]


def _in_order(step: str) -> list[tuple[int, str]]:
    # By class, then by version, so that 10 comes after 2.
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in step.split(" ")]


def trust_lines(results: Iterable[FileResult]) -> list[Line]:
    """What ``--trust`` let in, each once, with the first file that holds it."""
    first: dict[str, str] = {}
    for result in results:
        for pickle in result.plan.pickles:
            for text in pickle.let_in:
                first.setdefault(text, result.plan.path)
    if not first:
        return [Line(""), Line("--trust let in nothing: all of it is allowed anyway.")]
    lines = [Line(f"  {escaped(text)}  ({escaped(path)})") for text, path in first.items()]
    return [Line(""), Line("Let in by --trust:"), *lines]


def closing_lines(results: Sequence[FileResult]) -> list[Line]:
    """How many files there were and what became of them, and what may be done next."""
    lines = [Line(""), _summary(results)]
    if any(r.result == WOULD_UPGRADE for r in results):
        lines.append(Line("Nothing was changed. To do it, give --to DIR or --in-place."))
    if any(r.backup for r in results):
        lines.append(Line("The old files stand beside the new ones, as NAME.bak."))
    return lines


def _summary(results: Sequence[FileResult]) -> Line:
    counts = Counter(r.result for r in results)
    parts = [f"{counts[word]} {word}" for word in STYLES if counts[word]]
    files = "1 file" if len(results) == 1 else f"{len(results)} files"
    stopped = "Interrupted. " if counts[NOT_REACHED] else ""
    return Line(f"{stopped}{files}: {', '.join(parts)}.")


# --- the document for programs ----------------------------------------------------------------


def document(results: Sequence[FileResult]) -> str:
    """All results as one JSON document, in ASCII, which no terminal takes for a command."""
    counts = Counter(r.result for r in results)
    summary: dict[str, Any] = {"files": len(results)}
    summary.update({word.replace(" ", "_"): counts[word] for word in STYLES})
    content = {"files": [_file(r) for r in results], "summary": summary}
    return json.dumps(content, indent=1, default=_kind)


def _kind(value: object) -> str:
    # Never repr: that would run the code of what a pickle held.
    return type(value).__name__


def _file(result: FileResult) -> dict[str, Any]:
    plan = result.plan
    return {
        "path": plan.path,
        "action": plan.action,
        "result": result.result,
        "way": result.way or None,
        "codecs": list(plan.codecs),
        "pickles": [_pickle(pickle) for pickle in plan.pickles],
        "problems": [_problem(problem) for problem in result.problems],
        "output": result.output,
        "backup": result.backup,
        "warnings": list(result.warnings),
    }


def _pickle(plan: PicklePlan) -> dict[str, Any]:
    found = {
        "protocol": plan.protocol,
        "classes": [_class(c) for c in plan.classes],
        "steps": list(plan.steps),
    }
    return {**found, "let_in": list(plan.let_in)} if plan.let_in else found


def _class(found: ClassFound) -> dict[str, Any]:
    return {
        "ref": found.ref,
        "written": found.written,
        "current": found.current,
        "today": found.today,
        "stamped": found.stamped,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    facts = {n: v for n, v in problem.facts.items() if n not in ("error", "message")}
    return {"error": problem.error, "message": problem.message, **facts}
