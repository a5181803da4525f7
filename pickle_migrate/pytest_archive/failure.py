"""What an archived pickle's failure looks like in pytest: what differs, the plan, what to do."""

from __future__ import annotations

from collections.abc import Iterator

from pickle_migrate.archive.values import Record
from pickle_migrate.checks.values import CheckFinding
from pickle_migrate.pytest_archive.verdict import Entry
from pickle_migrate.report import escaped

#: Lines of details and of the plan; ``-v`` shows all.
LINES = 40
_MAKE = "pickle-migrate make"
# Errors that a step mends which a command can write.
_WRITTEN = ("GapError", "FingerprintError")


class NotKeptError(Exception):
    """An archived pickle is not kept: the findings say why. Its text is what pytest shows."""

    def __init__(
        self, findings: tuple[CheckFinding, ...], entry: Entry | None, *, verbose: bool
    ) -> None:
        lines = failure_lines(findings, entry, verbose=verbose)
        super().__init__("\n".join(escaped(line) for line in lines))
        self.findings = findings

    @property
    def message(self) -> str:
        """What happened, in a line."""
        return escaped(self.findings[0].what.split("\n", 1)[0], 200)


def failure_lines(
    findings: tuple[CheckFinding, ...], entry: Entry | None, *, verbose: bool
) -> Iterator[str]:
    """The lines, not escaped. ``verbose``: all details, and what wrote the pickle."""
    most = None if verbose else LINES
    given: set[str] = set()
    for number, found in enumerate(findings):
        if number:
            yield ""
        yield from found.what.splitlines()
        yield from _at_most(found.details, most)
        if found.advice not in given:
            given.add(found.advice)
            yield from found.advice.splitlines()
            if found.facts.get("error") in _WRITTEN and _MAKE not in found.advice:
                yield f"Or have it written: {_MAKE}"
    if verbose and isinstance(entry, Record) and (written := _written_by(entry)):
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
