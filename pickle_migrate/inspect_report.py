"""Showing what an inspection found: lines for people, one JSON document for programs.

Every text that comes from a pickle or a path is escaped and cut, and the number of lines is
bounded, whatever the pickle holds. Nothing here decides anything or opens a file.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import attrs

from pickle_migrate.findings import DANGER, Finding
from pickle_migrate.inspected import (
    CLEAN,
    COMPLETE,
    DANGEROUS,
    NO_PICKLE,
    NONE,
    SUSPICIOUS,
    UNKNOWN,
    FileFound,
    GlobalFound,
    PickleFound,
)
from pickle_migrate.report import Mark, escaped
from pickle_migrate.tree_view import Cut, draw

ERROR: Final = "error"
_STYLES: Final = {
    CLEAN: "green",
    SUSPICIOUS: "yellow",
    DANGEROUS: "bold red",
    UNKNOWN: "yellow",
    NONE: "dim",
    ERROR: "bold red",
    "danger": "bold red",
    "warning": "yellow",
    "allowed": "green",
    "refused": "red",
}
#: Globals, findings, pickles and steps of one thing that are shown; the rest is counted.
SHOWN: Final = 40
_WIDEST: Final = 60
_ORDER: Final = (DANGEROUS, SUSPICIOUS, UNKNOWN, CLEAN, NONE)


@attrs.frozen
class Line:
    """A line to print. Its text is escaped; ``word`` is the part of it that is coloured."""

    plain: str
    word: str = ""

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The colour of the word."""
        start = self.plain.find(self.word) if self.word else -1
        style = _STYLES.get(self.word, "bold")
        return (Mark(start, start + len(self.word), style),) if start >= 0 else ()

    @property
    def indent(self) -> str:
        """Two more spaces than the line's own."""
        return " " * (len(self.plain) - len(self.plain.lstrip()) + 2)


def bytes_text(count: int) -> str:
    """A number of bytes in words."""
    return "1 byte" if count == 1 else f"{count:,} bytes"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


# --- one file -------------------------------------------------------------------------------------


def file_lines(found: FileFound, cut: Cut | None) -> list[Line]:
    """A file's summary, its own findings, and its pickles. ``cut`` None: summary and findings."""
    lines = [_summary(found)]
    if found.error:
        return lines
    lines += [Line(f"  Note: {escaped(note)}.") for note in found.notes]
    lines += _finding_lines(found.findings, "  ", all_of_it=cut is not None)
    if cut is not None and len(found.pickles) > 1:
        cut = attrs.evolve(cut, lines=max(8, cut.lines // len(found.pickles)))
    # The worst first: what is counted only must not hide it.
    ordered = sorted(found.pickles, key=lambda one: _ORDER.index(one.verdict))
    for one in sorted(ordered[:SHOWN], key=found.pickles.index):
        lines += pickle_lines(one, "  ", cut, alone=len(found.pickles) == 1)
    if len(ordered) > SHOWN:
        rest = Counter(one.verdict for one in ordered[SHOWN:])
        counts = ", ".join(f"{count:,} {word}" for word, count in rest.items())
        lines.append(Line(f"  ... {len(ordered) - SHOWN:,} more pickles: {counts}"))
    return lines


def _summary(found: FileFound) -> Line:
    path = escaped(found.path)
    if found.error:
        return Line(f"{path}: {ERROR}: {escaped(found.error)}", ERROR)
    inner = f" in {', '.join(map(escaped, found.wrappings))}" if found.wrappings else ""
    if found.status == NO_PICKLE:
        what = f"is {found.kind}" if found.kind else "holds no pickle"
        return Line(
            f"{path}: {NONE}: no pickle; it {escaped(what)}, {bytes_text(found.size)}", NONE
        )
    count = _count(len(found.pickles), "pickle") if found.pickles else "no whole pickle"
    parts = [f"{path}: {found.verdict}: {count}{inner}", bytes_text(found.size)]
    if found.status != COMPLETE:
        parts.append(found.status)
    return Line(", ".join(parts), found.verdict)


def pickle_lines(
    found: PickleFound, indent: str, cut: Cut | None, *, alone: bool = False
) -> list[Line]:
    """A pickle: what it is, its graph, its globals, its findings, its steps, what is nested."""
    deeper = indent + "  "
    if cut is None:
        lines = [_head(found, indent)] if found.findings and not alone else []
        return lines + _finding_lines(found.findings, deeper, all_of_it=False)
    lines = [_head(found, indent)]
    if found.tree is not None:
        lines.append(Line(f"{deeper}Graph:", "Graph:"))
        lines += [Line(f"{deeper}  {drawn.plain}") for drawn in draw(found.tree, cut)]
    lines += _global_lines(found.globals, deeper)
    lines += _finding_lines(found.findings, deeper, all_of_it=True)
    if found.steps:
        lines.append(Line(f"{deeper}Steps to today's versions:", "Steps to today's versions:"))
        lines += [Line(f"{deeper}  {escaped(step, 300)}") for step in found.steps[:SHOWN]]
        lines += _more(len(found.steps), deeper)
    smaller = Cut(min(cut.depth, 3), max(6, cut.lines // 4), cut.items)
    for one in found.nested[:SHOWN]:
        lines += pickle_lines(one, deeper, smaller)
    return lines + _more(len(found.nested), indent)


def _head(found: PickleFound, indent: str) -> Line:
    place = f"{escaped(found.place, 200)}, " if found.place else ""
    parts = [
        f"{indent}Pickle in {place}byte {found.offset}: {found.verdict}"
        if place
        else f"{indent}Pickle at byte {found.offset}: {found.verdict}",
        f"protocol {found.protocol}",
        bytes_text(found.size),
        _count(found.opcodes, "opcode"),
        f"depth {found.depth:,}",
    ]
    for number, noun in (
        (found.persistent_ids, "persistent id"),
        (found.buffers, "outside buffer"),
    ):
        parts += [_count(number, noun)] if number else []
    if found.extensions:
        codes = ", ".join(map(str, found.extensions[:8]))
        parts.append(f"extension codes {codes}")
    if found.status != COMPLETE:
        parts.append(found.status)
    return Line(", ".join(parts), found.verdict)


def _more(count: int, indent: str) -> list[Line]:
    return [Line(f"{indent}  ... {count - SHOWN:,} more")] if count > SHOWN else []


def _global_lines(found: Sequence[GlobalFound], indent: str) -> list[Line]:
    if not found:
        return []
    # Those that matter stand first; within them, in the order of the pickle.
    ordered = sorted(found, key=lambda g: (g.danger is None, g.allowed))
    widest = min(_WIDEST, max(len(escaped(_name(g), _WIDEST)) for g in ordered[:SHOWN]))
    lines = [Line(f"{indent}Globals:", "Globals:")]
    for one in ordered[:SHOWN]:
        name = escaped(_name(one), 200).ljust(widest)
        times = f", {one.count:,} times" if one.count > 1 else ""
        text = (
            f"{one.verdict}  {name}  {one.use}{times}, byte {one.offset} ({escaped(one.rule, 120)})"
        )
        lines.append(Line(f"{indent}  {text}", one.verdict))
    return lines + _more(len(found), indent)


def _name(found: GlobalFound) -> str:
    return str(found.ref) if found.today == found.ref else f"{found.ref} (today {found.today})"


def _finding_lines(found: Sequence[Finding], indent: str, *, all_of_it: bool) -> list[Line]:
    if not found:
        return []
    shown = SHOWN if all_of_it else 5
    lines = [Line(f"{indent}Findings:", "Findings:")]
    for one in found[:shown]:
        at = "" if one.offset is None else f" at byte {one.offset}"
        text = f"{one.severity:<7}  {one.rule}{at}: {escaped(one.message, 400)}"
        lines.append(Line(f"{indent}  {text}", one.severity))
    if len(found) > shown:
        rest = found[shown:]
        worst = sum(one.severity == DANGER for one in rest)
        of = f", {worst:,} of them dangers" if worst else ""
        lines.append(Line(f"{indent}  ... {len(rest):,} more{of}"))
    return lines


# --- all files ------------------------------------------------------------------------------------


def closing_lines(files: Sequence[FileFound], passed_over: int = 0) -> list[Line]:
    """How many files there were, and how what was refused may be allowed."""
    counts = Counter(ERROR if one.error else one.verdict for one in files)
    names = {NONE: "no pickle", ERROR: "not read"}
    parts = [f"{counts[word]:,} {names.get(word, word)}" for word in _STYLES if counts.get(word)]
    if passed_over:
        parts.append(f"{passed_over:,} other files in folders are no pickles")
    lines = [Line(f"{_count(len(files), 'file')}: {', '.join(parts) or 'none'}.")]
    return lines + _how_to_allow(files)


def _how_to_allow(files: Iterable[FileFound]) -> list[Line]:
    """One line for all that is refused and no danger."""
    refused = {
        named.today: None
        for one in files
        for pickle in one.all_pickles()
        for named in pickle.globals
        if not named.allowed and named.danger is None and named.stamp is None
    }
    if not refused:
        return []
    if len(refused) == 1:
        (ref,) = refused
        return [Line(f"To allow it, if you trust it: --allow {escaped(str(ref), 200)}")]
    tops = dict.fromkeys(f"--allow '{ref.module.partition('.')[0]}.*'" for ref in refused)
    shown = " ".join(escaped(text, 100) for text in list(tops)[:5])
    more = " and so on" if len(tops) > 5 else ""
    return [Line(f"To allow what is refused, if you trust it: {shown}{more}, or --trust for all.")]


# --- the document for programs --------------------------------------------------------------------


def document(files: Sequence[dict[str, Any]]) -> str:
    """All files as one JSON document, in ASCII, which no terminal takes for a command."""
    counts = Counter(ERROR if one["error"] else one["verdict"] for one in files)
    summary: dict[str, Any] = {"files": len(files)}
    summary.update({word: counts[word] for word in (*_ORDER, ERROR)})
    return json.dumps({"files": list(files), "summary": summary}, indent=1)


def file_document(found: FileFound) -> dict[str, Any]:
    """One file's entry."""
    return {
        "path": found.path,
        "size": found.size,
        "sha256": found.sha256,
        "kind": found.kind,
        "wrappings": list(found.wrappings),
        "status": found.status,
        "verdict": found.verdict,
        "findings": [_finding(one) for one in found.findings],
        "notes": list(found.notes),
        "error": found.error,
        "pickles": [_pickle(one) for one in found.pickles],
    }


def _pickle(found: PickleFound) -> dict[str, Any]:
    return {
        "place": found.place,
        "offset": found.offset,
        "size": found.size,
        "protocol": found.protocol,
        "status": found.status,
        "verdict": found.verdict,
        "globals": [_global(one) for one in found.globals],
        "findings": [_finding(one) for one in found.findings],
        "steps": list(found.steps),
        "opcodes": found.opcodes,
        "depth": found.depth,
        "memo": found.memo,
        "persistent_ids": found.persistent_ids,
        "buffers": found.buffers,
        "extensions": list(found.extensions),
        "nested": [_pickle(one) for one in found.nested],
    }


def _global(found: GlobalFound) -> dict[str, Any]:
    return {
        "ref": str(found.ref),
        "today": str(found.today),
        "offset": found.offset,
        "use": found.use,
        "uses": list(found.uses),
        "count": found.count,
        "verdict": found.verdict,
        "rule": found.rule,
        "danger": found.danger,
        "stamp": found.stamp,
        "via": found.via,
    }


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "rule": found.rule,
        "severity": found.severity,
        "offset": found.offset,
        "message": found.message,
    }
