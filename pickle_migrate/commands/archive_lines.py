"""What the command ``archive`` prints."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pickle_migrate.findings import Problem
from pickle_migrate.report import Line, escaped

if TYPE_CHECKING:
    from pickle_migrate.archive.freeze import Accepted
    from pickle_migrate.archive.taking import Taken
    from pickle_migrate.archive.values import Archive, Record

#: With more pickles than this, each is one line, without its state.
WHOLE: Final = 5
_STATE_LINES: Final = 40
_INDENT: Final = "          "
_LONG: Final = 400


def _texts(texts: Iterator[str]) -> Iterator[Line]:
    return (Line(escaped(text, _LONG)) for text in texts)


def of_taken(taken: Taken, *, whole: bool) -> Iterator[Line]:
    """What became of one file, and the state that it must give from now on."""
    return _texts(_of_taken(taken, whole=whole))


def _of_taken(taken: Taken, *, whole: bool) -> Iterator[str]:
    if taken.problem is not None:
        yield f"refused   {taken.job.path}"
        yield f"{_INDENT}{_reason(taken.problem)}"
        return
    assert taken.frozen is not None, "it is taken or refused"
    record, outcome = taken.frozen.record, taken.frozen.outcome
    yield f"{outcome:<8}  {record.name}  {' '.join(record.classes)}".rstrip()
    if whole and outcome == "archived":
        lines = record.expected_text.strip("\n").split("\n")
        yield from (f"{_INDENT}{line[2:]}" for line in lines[:_STATE_LINES])
        if len(lines) > _STATE_LINES:
            more = len(lines) - _STATE_LINES
            yield f"{_INDENT}... {more} more lines in {record.record_path.name}"


def _reason(problem: Problem) -> str:
    """What is in the way, without the path, which stands above it."""
    if problem.error != "ArchiveError":
        return problem.message
    what = str(problem.facts["problem"])
    return f"{what[:1].upper()}{what[1:]}. {problem.advice}".strip()


def closing(taken: Sequence[Taken], root: Path, *, dry: bool) -> Iterator[Line]:
    """The summary, and what to do next."""
    counts = Counter("refused" if t.frozen is None else t.frozen.outcome for t in taken)

    def lines() -> Iterator[str]:
        told = [f"{counts[one]} {one}" for one in ("archived", "refused") if counts[one]]
        told += [f"{counts['same']} archived before"] if counts["same"] else []
        yield f"{', '.join(told)}; the archive is {root}"
        if counts["archived"] and not dry:
            yield (
                "Read the expected states before you commit them: they are what today's code "
                "gives, right or wrong."
            )
        if dry:
            yield "Nothing was written (--dry-run)."

    return _texts(lines())


def document(taken: Sequence[Taken]) -> str:
    """All of it for programs."""
    return json.dumps({"pickles": [_taken_data(one) for one in taken]}, indent=1)


def _taken_data(taken: Taken) -> dict[str, Any]:
    if taken.frozen is None:
        assert taken.problem is not None, "it is taken or refused"
        data = {"path": taken.job.path, "name": taken.job.name, "outcome": "refused"}
        return {**data, **_problem(taken.problem)}
    data = {"path": taken.job.path, "outcome": taken.frozen.outcome}
    return {**data, **record_data(taken.frozen.record)}


def _problem(problem: Problem) -> dict[str, Any]:
    return {"error": problem.error, "what": problem.what, "advice": problem.advice}


def record_data(record: Record) -> dict[str, Any]:
    """A record for programs, without its states."""
    said = record.provenance
    return {
        "name": record.name,
        "sha256": record.sha256,
        "classes": list(record.classes),
        "release": said.release,
        "python": said.python,
        "protocol": said.protocol,
        "libraries": dict(said.libraries),
        "writer": said.writer,
    }


# --- accepting --------------------------------------------------------------------------------


def of_accepted(name: str, accepted: Accepted | Problem) -> Iterator[Line]:
    """What became of one expected state; nothing where it was the right one."""
    return _texts(_of_accepted(name, accepted))


def _of_accepted(name: str, accepted: Accepted | Problem) -> Iterator[str]:
    if isinstance(accepted, Problem):
        yield f"refused   {name}"
        yield f"{_INDENT}{_reason(accepted)}"
    elif accepted.outcome == "accepted":
        yield f"accepted  {name}"
        yield from (f"{_INDENT}{line}" for line in accepted.lines)


def accepted_closing(
    done: Sequence[tuple[str, Accepted | Problem]], *, dry: bool
) -> Iterator[Line]:
    """The summary."""
    counts = Counter("refused" if isinstance(one, Problem) else one.outcome for _, one in done)

    def lines() -> Iterator[str]:
        names = {"accepted": "accepted", "refused": "refused", "kept": "as expected before"}
        told = [f"{counts[key]} {name}" for key, name in names.items() if counts[key]]
        yield ", ".join(told) or "There is no archived pickle."
        if dry:
            yield "Nothing was written (--dry-run)."

    return _texts(lines())


def accepted_document(done: Sequence[tuple[str, Accepted | Problem]]) -> str:
    """The same for programs."""
    found = [
        {"name": name, "outcome": "refused", **_problem(one)}
        if isinstance(one, Problem)
        else {"name": name, "outcome": one.outcome, "difference": list(one.lines)}
        for name, one in done
    ]
    return json.dumps({"pickles": found}, indent=1)


# --- listing ----------------------------------------------------------------------------------


def listed(archive: Archive, records: Sequence[Record]) -> Iterator[str]:
    """Each archived pickle in a line, then what nobody reads."""
    for record in records:
        said = record.provenance
        python = f"Python {said.python}" if said.python else ""
        protocol = "" if said.protocol is None else f"protocol {said.protocol}"
        by = ", ".join(part for part in (said.release, python, protocol) if part) or "unknown"
        classes = " ".join(record.classes) or "no versioned class"
        yield escaped(f"{record.name}  {by}  {classes}", _LONG)
    for one in archive.unread:
        yield escaped(f"{one.path}: {one.problem}. {one.remedy}", _LONG)
    yield f"{len(records)} archived in {archive.root}, {len(archive.unread)} not read"


def listed_document(archive: Archive, records: Sequence[Record]) -> str:
    """The same for programs."""
    unread = [
        {"kind": one.kind, "path": str(one.path), "what": one.problem, "advice": one.remedy}
        for one in archive.unread
    ]
    found = {"archive": str(archive.root), "pickles": [record_data(one) for one in records]}
    return json.dumps({**found, "unread": unread}, indent=1)
