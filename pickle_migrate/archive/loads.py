"""An archived pickle, loaded by today's code and compared with its expected state.

Archived pickles belong to the repository as its code does, so they are loaded without a policy:
loading imports and runs what they name. Whoever takes a pickle in, ``archive.freeze``, asks the
policy first.
"""

from __future__ import annotations

import hashlib
from typing import Any

import attrs

from pickle_migrate.archive import noting, state_compare
from pickle_migrate.archive.folder import expectations, place_of, read_bytes
from pickle_migrate.archive.noting import load_all
from pickle_migrate.archive.state_text import Writer
from pickle_migrate.archive.states import state_of
from pickle_migrate.archive.values import Place, Record
from pickle_migrate.errors import ArchiveError, ContentError
from pickle_migrate.findings import Problem
from pickle_migrate.refs import GlobalRef


@attrs.frozen(eq=False)
class Loaded:
    """What came of an archived pickle. ``problem``: why it does not load; None: it does.

    ``objects``: those of all pickles of the file, in order. ``refs``: the names that were
    resolved, as pairs of module and qualified name, in order, stamps included. ``sha256``: of the
    bytes that were read and loaded; empty: none could be read.
    """

    record: Record
    objects: tuple[Any, ...] = ()
    refs: tuple[tuple[str, str], ...] = ()
    sha256: str = ""
    problem: Problem | None = None

    @property
    def is_intact(self) -> bool:
        """Whether the bytes are those that were archived."""
        return self.sha256 == self.record.sha256

    @property
    def states(self) -> tuple[Any, ...]:
        """The state of each object as plain data. Made anew each time it is asked for."""
        return tuple(state_of(obj) for obj in self.objects)


def load_record(record: Record) -> Loaded:
    """Load all pickles of a record's file with today's code. Imports and runs what they name, and
    their migrations; writes nothing. Never raises for what a pickle or the code of its classes
    does, SystemExit included: that is the ``problem``.
    """
    try:
        data = read_bytes(record.file)
    except OSError as error:
        reason = f"The file cannot be read: {error.strerror}."
        return Loaded(record, problem=Problem(type(error).__name__, reason))
    digest = hashlib.sha256(data).hexdigest()
    refs: dict[tuple[str, str], None] = {}
    try:
        objects = load_all(data, record.encoding, refs)
    except (KeyboardInterrupt, MemoryError, GeneratorExit):
        raise
    except BaseException as error:
        return Loaded(record, (), tuple(refs), digest, Problem.of(error, "loading"))
    return Loaded(record, objects, tuple(refs), digest)


def load_bytes(record: Record, data: bytes) -> Loaded:
    """As ``load_record``, of bytes that are at hand."""
    refs: dict[tuple[str, str], None] = {}
    digest = hashlib.sha256(data).hexdigest()
    try:
        objects = load_all(data, record.encoding, refs)
    except (KeyboardInterrupt, MemoryError, GeneratorExit):
        raise
    except BaseException as error:
        return Loaded(record, (), tuple(refs), digest, Problem.of(error, "loading"))
    return Loaded(record, objects, tuple(refs), digest)


def compare(loaded: Loaded, record: Record | None = None, limit: int = 20) -> list[str]:
    """The lines that tell where what was loaded differs from what the record expects; empty when it
    does not. Raises ArchiveError if the expected states cannot be read.
    """
    record = record or loaded.record
    if record.expected_in:
        return _compare_places(loaded, record, limit)
    if _WRITER.text(loaded.objects) == record.expected_text:
        return []
    return _compare_states(expected_of(record), list(loaded.states), limit)


_WRITER = Writer()


def forget() -> None:
    """Forget what is kept from one load and comparison to the next, all of which is found again."""
    global _WRITER
    _WRITER = Writer()
    noting.forget()


def expected_of(record: Record) -> list[Any]:
    """The expected states in a record itself. Raises ArchiveError."""
    try:
        return list(record.expected)
    except ContentError as error:
        raise ArchiveError(str(record.record_path), error.problem, error.remedy) from error


def _compare_states(expected: list[Any], found: list[Any], limit: int) -> list[str]:
    if len(expected) != len(found):
        return [f"expected {_pickles(len(expected))}, found {_pickles(len(found))}"]
    lines: list[str] = []
    for number, (one, other) in enumerate(zip(expected, found, strict=True)):
        told = state_compare.differences(one, other, limit=limit - len(lines))
        before = f"pickle {number + 1}, " if len(found) > 1 else ""
        lines += [before + line for line in told]
        if len(lines) >= limit:
            break
    return lines


def _pickles(count: int) -> str:
    return "1 pickle" if count == 1 else f"{count} pickles"


def _compare_places(loaded: Loaded, record: Record, limit: int) -> list[str]:
    if len(record.expected_in) != len(loaded.objects):
        counts = _pickles(len(record.expected_in)), _pickles(len(loaded.objects))
        return [f"expected {counts[0]}, found {counts[1]}"]
    expected, found = [], []
    for place, obj in zip(record.expected_in, loaded.objects, strict=True):
        expected.append(_expected_at(place, record))
        found.append(_found_for(place, obj))
    return _compare_states(expected, found, limit)


def _expected_at(place: Place, record: Record) -> Any:
    if not isinstance(place, str):
        return {"dict": {key: _expected_at(value, record) for key, value in place.items()}}
    file, key = place_of(place, record.root)
    known = expectations(file)
    if key not in known:
        remedy = f"Write it there, or correct 'expected in' of {record.record_path.name}."
        raise ArchiveError(str(file), f"there is no expected state {key!r}", remedy)
    return known[key]


def _found_for(place: Place, obj: Any) -> Any:
    if isinstance(place, str) or type(obj) is not dict:
        return state_of(obj)
    return {"dict": {key: state_of(value) for key, value in obj.items()}}


def refs_of(loaded: Loaded) -> tuple[GlobalRef, ...]:
    """The names that a load asked for, without stamps."""
    from pickle_migrate import stamps

    return tuple(GlobalRef(*pair) for pair in loaded.refs if pair[0] != stamps.MODULE)
