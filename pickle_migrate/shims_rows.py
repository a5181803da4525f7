"""The pickles of one file as stand-ins, and back to bytes: some that stand by themselves, or a row
that one Pickler wrote, whose later ones refer to objects of earlier ones.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

import attrs

from pickle_migrate import collector, graphs
from pickle_migrate.errors import VerificationError
from pickle_migrate.scanner import Scan, scan_all
from pickle_migrate.shims_reader import ShimUnpickler, load_with, placeholders
from pickle_migrate.shims_world import World
from pickle_migrate.shims_writer import Table, written

_DIFFERENCES_SHOWN: Final = 3


def shares_memo(scans: Sequence[Scan]) -> bool:
    """Whether one Pickler wrote the pickles, and later ones refer to objects of earlier ones."""
    return any(scan.carries_memo for scan in scans)


def roots_of(payload: bytes, scans: Sequence[Scan], world: World, encoding: str) -> list[Any]:
    """The objects of all pickles of a row, as stand-ins; empty buffers for those out of band."""
    if not shares_memo(scans):
        parts = [payload[scan.start : scan.end] for scan in scans]
        return [
            _load(_unpickler(part, world, encoding, scan.buffers), scan)
            for part, scan in zip(parts, scans, strict=True)
        ]
    unpickler = _unpickler(payload, world, encoding)
    return [_load(unpickler, scan) for scan in scans]


def _unpickler(data: bytes, world: World, encoding: str, buffers: int = 0) -> ShimUnpickler:
    absent = placeholders(data) if buffers else ()
    unpickler = ShimUnpickler(io.BytesIO(data), encoding=encoding, buffers=absent)
    unpickler.world = world
    return unpickler


def _load(unpickler: ShimUnpickler, scan: Scan) -> Any:
    return load_with(unpickler.load, scan.end - scan.start)


def dumped(roots: list[Any], scans: Sequence[Scan], protocol: int | None, table: Table) -> bytes:
    """The pickles of roots, each at the protocol that it had, or all at ``protocol``."""
    protocols = [scan.protocol if protocol is None else protocol for scan in scans]
    if shares_memo(scans):
        return written(roots, max(protocols), table)
    pairs = zip(roots, protocols, strict=True)
    return b"".join(written([root], number, table) for root, number in pairs)


def check_content(new: bytes, scans: Sequence[Scan]) -> None:
    """Raise VerificationError unless what is read back is what was written. ``scans`` are of
    ``new``, and say whether the pickles share a memo.

    What is read back is written again: the same bytes come from the same objects. Where sets come
    in another order, the graphs are compared instead.
    """
    world = World()
    with collector.paused():
        first = roots_of(new, scans, world, "ASCII")
        second = dumped(first, scans, None, Table())
        if second == new:
            return
        again = with_memo(scan_all(second).pickles, shares_memo(scans))
        read = roots_of(second, again, world, "ASCII")
    found = graphs.differences(first, read, limit=_DIFFERENCES_SHOWN)
    if found:
        what = "reads back as something else than was written"
        raise VerificationError(what, tuple(map(str, found)))


def with_memo(scans: Sequence[Scan], shares: bool) -> tuple[Scan, ...]:
    """The scans of pickles that share a memo, or do not."""
    return tuple(attrs.evolve(scan, carries_memo=shares) for scan in scans)
