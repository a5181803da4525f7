"""What an archived pickle's failure looks like in pytest: what differs, the plan, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from pickle_migrate.archive.values import Record, Unread
from pickle_migrate.checks.values import CheckFinding
from pickle_migrate.report import escaped

#: Lines of details and of the plan; ``-v`` shows all.
LINES = 40
_MAKE = "pickle-migrate make"
# Errors that a step mends which a command can write.
_WRITTEN = ("GapError", "FingerprintError")


class NotKeptError(Exception):
    """An archived pickle is not kept: the findings say why."""

    def __init__(self, findings: tuple[CheckFinding, ...], entry: Record | Unread | None) -> None:
        super().__init__("; ".join(found.what for found in findings))
        self.findings = findings
        self.entry = entry


@attrs.frozen
class Crash:
    """Where it failed and with what message, as pytest's short summary shows it."""

    path: str
    lineno: int
    message: str


@attrs.frozen
class Failure:
    """A failure as pytest shows it. ``lines`` are escaped."""

    lines: tuple[str, ...]
    reprcrash: Crash

    @classmethod
    def of(cls, broken: NotKeptError, path: str, *, verbose: bool) -> Failure:
        """The failure of one item: its findings, shown at ``path``."""
        lines = tuple(escaped(line) for line in failure_lines(broken, verbose=verbose))
        message = broken.findings[0].what.split("\n", 1)[0]
        return cls(lines, Crash(path, 1, escaped(message, 200)))

    def toterminal(self, terminal: Any) -> None:
        """Write the lines; the first, which says what happened, as pytest colours errors."""
        for number, line in enumerate(self.lines):
            terminal.line(line, red=not number, bold=not number)

    def __str__(self) -> str:
        return "\n".join(self.lines)


def failure_lines(broken: NotKeptError, *, verbose: bool) -> Iterator[str]:
    """The lines, not escaped. ``verbose``: all details, and what wrote the pickle."""
    most = None if verbose else LINES
    given: set[str] = set()
    for number, found in enumerate(broken.findings):
        if number:
            yield ""
        yield from found.what.splitlines()
        yield from _at_most(found.details, most)
        if found.advice not in given:
            given.add(found.advice)
            yield from found.advice.splitlines()
            if found.facts.get("error") in _WRITTEN and _MAKE not in found.advice:
                yield f"Or have it written: {_MAKE}"
    if verbose and isinstance(broken.entry, Record) and (written := _written_by(broken.entry)):
        yield f"Written by {written}."


def _at_most(lines: tuple[str, ...], most: int | None) -> Iterator[str]:
    shown = lines if most is None else lines[:most]
    yield from (f"  {line}" for line in shown)
    if len(shown) < len(lines):
        yield f"  ... {len(lines) - len(shown)} more lines; -v shows all"


def _written_by(record: Record) -> str:
    said = record.provenance
    parts = [
        said.release,
        f"Python {said.python}" if said.python else "",
        f"protocol {said.protocol}" if said.protocol is not None else "",
        *(f"{name} {version}" for name, version in said.libraries.items()),
        said.writer,
    ]
    return ", ".join(part for part in parts if part)
