"""Bytes in, values out: what a pickle names, and how it uses what it names.

A pickle is a program. A scan reads it as CPython's C unpickler would (Modules/_pickle.c) and runs
nothing: no module is imported, nothing is called, nothing is written.

``scan`` reads one pickle, ``scan_all`` every pickle in a row. Both take any bytes-like object, and
read it in place: a memory-mapped file is never copied as a whole. Both end in a result or in
PickleFormatError, which says at which byte.

What is decided as C decides it
    Unknown opcodes, truncated arguments, lengths and frames beyond the end, negative lengths, texts
    of numbers, memo keys that are not set, extension codes, protocols, marks and stack underflow.
What is not
    What only shows when a value is made: whether text is valid UTF-8, whether a key is hashable,
    whether a call succeeds. So a scan accepts what C accepts, and some that C refuses.
What is refused though C takes it
    An argument that goes beyond the end of its frame: from a file C reads something else there than
    from memory.
"""

from __future__ import annotations

from array import array
from typing import Final

import attrs

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.limits import NO_LIMITS, Limits
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_entries import EXPANSION_CAP, Named, Use
from pickle_migrate.scan_memo import Memo, Places
from pickle_migrate.scan_model import Machine
from pickle_migrate.scan_reader import Data, Reader
from pickle_migrate.scan_run import run
from pickle_migrate.scan_steps import protocol_of
from pickle_migrate.scan_values import (
    Effect,
    Extension,
    Global,
    Located,
    Scan,
    Scans,
    Unresolvable,
    mapped,
)

__all__ = [
    "EXPANSION_CAP",
    "Effect",
    "Extension",
    "Global",
    "Located",
    "Scan",
    "Scans",
    "Unresolvable",
    "mapped",
    "scan",
    "scan_all",
    "scan_to",
    "scan_with",
]

_STRONGEST_FIRST: Final[tuple[Use, ...]] = ("instantiated", "called", "named")


def scan(data: Data, offset: int = 0, limits: Limits | None = None) -> Scan:
    """Read the pickle that starts at ``offset``, up to its STOP. What follows is not looked at.

    ``limits``: what the pickle may ask for; None: anything.
    Raises PickleFormatError and LimitError. Imports and runs nothing that the pickle names.
    """
    return _result(_read_well(_Job(_plain_view(data), limits or NO_LIMITS), offset))


def scan_all(
    data: Data, offset: int = 0, limits: Limits | None = None, *, locate: bool = False
) -> Scans:
    """Read every pickle from ``offset`` on, one after the other.

    Each pickle is read by itself. Where one refers to memo keys that it never set, the row was
    written by one Pickler, and all of it is read again with one memo. ``locate``: keep the places
    of all names, which needs memory for each of them. ``limits`` hold for each pickle by itself.
    Raises PickleFormatError if not even one pickle stands there, and LimitError.
    """
    job = _Job(_plain_view(data), limits or NO_LIMITS, locate)
    apart = _row(job, offset, shares_memo=False)
    if apart.problem is None:
        return apart
    joined = _row(job, offset, shares_memo=True)
    return joined if joined.end > apart.end else apart


@attrs.frozen
class _Job:
    """What is read, and how. ``watches``: see ``scan_model.Machine``."""

    view: Data
    limits: Limits
    locate: bool = False
    watches: bool = False


def _row(job: _Job, offset: int, *, shares_memo: bool) -> Scans:
    found: list[Scan] = []
    problem, at, memo = None, offset, None
    while at < len(job.view) or not found:
        try:
            reader = _read(job, at, memo) if shares_memo else _read_well(job, at)
        except PickleFormatError as error:
            if not found:
                raise
            problem = error
            break
        if shares_memo:
            if _must_watch(reader):  # the memo is not what it was when this pickle began
                return _row(attrs.evolve(job, watches=True), offset, shares_memo=True)
            memo = reader.machine.memo
        at = reader.at
        found.append(_result(reader))
    return Scans(tuple(found), found[-1].end, len(job.view), problem)


def _read(job: _Job, offset: int, memo: Memo | None = None) -> Reader:
    reader = Reader(job.view, offset, memo, job.limits)
    reader.machine.places = Places(len(job.view)) if job.locate else None
    reader.machine.watches = job.watches
    run(reader)
    return reader


def _read_well(job: _Job, offset: int) -> Reader:
    """Read one pickle, and once more where the first time was not enough."""
    reader = _read(job, offset)
    if _must_watch(reader):
        reader = _read(attrs.evolve(job, watches=True), offset)
    return reader


def _must_watch(reader: Reader) -> bool:
    machine = reader.machine
    if machine.watches or not machine.unsure_state:
        return False
    return machine.computed_keys or reader.names_dunders()


def scan_to(data: Data, offset: int, until: int) -> tuple[Scan, Machine]:
    """Read the pickle that starts at ``offset`` to the first opcode at ``until`` or after it: what
    was seen up to there, and the machine as it is there. The scan's ``end`` is that place.

    STOP must come later. Raises PickleFormatError. Imports and runs nothing.
    """
    reader = Reader(_plain_view(data), offset, None, NO_LIMITS)
    run(reader, until)
    return _result(reader), reader.machine


def scan_with(
    data: Data, offset: int, memo: Memo | None, limits: Limits | None = None
) -> tuple[Scan, Memo]:
    """As ``scan``, by an unpickler whose memo is not empty, and the memo as it is afterwards. The
    memo that is given changes; what it says of texts has to stand in the same data.
    """
    job = _Job(_plain_view(data), limits or NO_LIMITS, watches=True)
    reader = _read(job, offset, memo)
    return _result(reader), reader.machine.memo


def _plain_view(data: Data) -> Data:
    if not isinstance(data, memoryview):
        return data
    return data.cast("B") if data.c_contiguous else memoryview(data.tobytes())


def _result(reader: Reader) -> Scan:
    machine = reader.machine
    named = machine.named.values()
    if machine.late:
        _weigh_again(reader)
    return Scan(
        start=reader.start,
        end=reader.at,
        protocol=protocol_of(reader),
        globals=tuple(_global(n) for n in named if n.via != "extension"),
        extensions=tuple(
            Extension(n.code, n.offset, _uses(n), n.count) for n in named if n.via == "extension"
        ),
        unresolvable=tuple(Unresolvable(*pair) for pair in machine.unresolvable),
        opcodes=reader.opcodes,
        frames=reader.frames,
        longest=reader.longest,
        memo=len(machine.memo),
        highest_key=machine.memo.highest,
        marks=machine.deepest,
        builds=reader.builds,
        persistent_ids=reader.persistent_ids,
        persistent_id_offsets=tuple(reader.persistent_id_offsets),
        buffers=reader.buffers,
        buffer_offsets=tuple(reader.buffer_offsets),
        carries_memo=reader.carries_memo,
        effects=_effects(machine),
        differences=reader.differences.findings(),
        depth=machine.depth,
        expansion=machine.weight,
        hashed_expansion=machine.hash_weight,
        hashed_depth=machine.hash_depth,
        located=_located(machine),
    )


def _weigh_again(reader: Reader) -> None:
    from pickle_migrate.scan_graph import weighed  # only for what few pickles do

    machine, at = reader.machine, reader.at - 1
    machine.late = False
    machine.depth, machine.weight = weighed(reader)
    machine.check("depth", machine.depth, at)
    machine.check("expansion", machine.weight, at)


def _located(machine: Machine) -> Located | None:
    if machine.places is None:
        return None
    named = (n for n in machine.named.values() if n.via != "extension")
    return Located(machine.places.frames, tuple(n.sites or array("Q") for n in named))


def _effects(machine: Machine) -> tuple[Effect, ...]:
    # Two globals of one ref, named under two protocols, are one here.
    found: dict[tuple[str, GlobalRef | None], Effect] = {}
    for (kind, by), (offset, count) in machine.effects.items():
        ref = None if by is None or by.via == "extension" else by.ref
        told = found.get((kind, ref))
        count += told.count if told else 0
        found[kind, ref] = Effect(kind, ref, told.offset if told else offset, count)
    return tuple(found.values())


def _global(named: Named) -> Global:
    return Global(named.ref, named.offset, _uses(named), named.count, named.protocol, named.via)


def _uses(named: Named) -> tuple[Use, ...]:
    return tuple(use for use in _STRONGEST_FIRST if use in named.uses) or ("named",)
