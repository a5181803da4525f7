"""Bytes of old pickles in, bytes of today's pickles out, without loading one.

``upgraded`` does what ``remake.remade`` does, on stand-ins: nothing that the pickle names is
imported or called. Where nothing but names changes, ``rewriter`` edits the bytes and nothing is
built at all.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

import attrs

from pickle_migrate import collector, graphs, rewriter
from pickle_migrate.errors import ContentError, StaticError, VerificationError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import Global, Scan, Scans, scan_all
from pickle_migrate.shims_reader import ShimUnpickler, load_with
from pickle_migrate.shims_world import World
from pickle_migrate.shims_writer import Table, written
from pickle_migrate.static_plan import Change, StaticPlan, StaticPlanner
from pickle_migrate.static_world import StaticTable, StaticWorld

Way: TypeAlias = Literal["spliced", "static", "live"]
SPLICED: Final = "spliced"
STATIC: Final = "static"
LIVE: Final = "live"

_DIFFERENCES_SHOWN: Final = 3


@attrs.frozen
class StaticRow:
    """The pickles of one file, scanned and planned."""

    payload: bytes = attrs.field(repr=False)
    scans: tuple[Scan, ...]
    plans: tuple[StaticPlan, ...]

    @property
    def shares_memo(self) -> bool:
        """Whether one Pickler wrote them, and later ones refer to objects of earlier ones."""
        return any(scan.carries_memo for scan in self.scans)

    @property
    def reasons(self) -> tuple[StaticError, ...]:
        """All that stands against upgrading them without loading."""
        return tuple(reason for plan in self.plans for reason in plan.reasons)

    def way(self, protocol: int | None) -> Way:
        """How it is upgraded: by names alone, or on stand-ins."""
        if protocol is not None and any(scan.protocol != protocol for scan in self.scans):
            return STATIC
        return SPLICED if all(plan.only_names for plan in self.plans) else STATIC


def row_of(payload: bytes, scans: Sequence[Scan], planner: StaticPlanner) -> StaticRow:
    """The row of a file's pickles. Imports nothing that ``planner`` does not."""

    def mentions(text: str) -> bool:
        return text.encode("utf-8", "surrogatepass") in payload

    plans = tuple(planner.plan(scan, mentions) for scan in scans)
    return StaticRow(payload, tuple(scans), plans)


def upgraded(row: StaticRow, way: Way, *, encoding: str, protocol: int | None) -> bytes:
    """The same pickles at today's versions. ``way`` is that of the row, or ``STATIC``.

    ``encoding`` is for the 8-bit strings of Python 2, which become text, except where only names
    are edited. ``protocol``: None keeps that of each pickle. Raises StaticError for what has to be
    loaded, the errors of migrations, ShimError, and UnicodeDecodeError. Imports nothing.
    """
    for reason in row.reasons:
        raise reason
    changes = _changes(row.plans)
    if way == SPLICED:
        return _spliced(row, changes).data
    return _rewritten(row, changes, encoding, protocol)


def _changes(plans: Sequence[StaticPlan]) -> dict[GlobalRef, Change]:
    found: dict[GlobalRef, Change] = {}
    for plan in plans:
        found.update(plan.changes)
    return found


def spliced(row: StaticRow, planner: StaticPlanner) -> bytes:
    """What ``upgraded`` and ``check`` do together for a row in which only names change. The scans
    that are there serve for both. Raises what they raise; imports nothing.
    """
    for reason in row.reasons:
        raise reason
    found = _spliced(row, _changes(row.plans))
    _require_current(found.data, found.scans, row, planner)
    return found.data


def _spliced(row: StaticRow, changes: dict[GlobalRef, Change]) -> rewriter.Rewritten:
    def new_ref(named: Global) -> GlobalRef | None:
        change = changes.get(named.ref)
        return None if change is None else change.written

    try:
        if any(scan.located is None for scan in row.scans):
            scans = rewriter.scanned(row.payload)
        else:
            scans = Scans(row.scans, row.scans[-1].end, len(row.payload))
        return rewriter.rewritten(row.payload, scans, new_ref)
    except ContentError as error:
        raise StaticError("", error.problem, error.remedy) from error


def _rewritten(
    row: StaticRow, changes: dict[GlobalRef, Change], encoding: str, protocol: int | None
) -> bytes:
    if any(scan.extensions or scan.buffers for scan in row.scans):
        raise StaticError("", "the pickle holds extension codes, or buffers outside of it")
    world = StaticWorld(changes=changes, decodes=encoding == "bytes")
    with collector.paused():
        roots = roots_of(row.payload, row.scans, world, encoding)
        if world.settle():
            raise StaticError("", "the pickle calls something and drops the result")
        return _dumped(roots, row, protocol, StaticTable())


def roots_of(payload: bytes, scans: Sequence[Scan], world: World, encoding: str) -> list[Any]:
    """The objects of all pickles of a row, as stand-ins."""
    if not any(scan.carries_memo for scan in scans):
        return [
            _load(_unpickler(payload[scan.start : scan.end], world, encoding), scan)
            for scan in scans
        ]
    unpickler = _unpickler(payload, world, encoding)
    return [_load(unpickler, scan) for scan in scans]


def _unpickler(data: bytes, world: World, encoding: str) -> ShimUnpickler:
    unpickler = ShimUnpickler(io.BytesIO(data), encoding=encoding)
    unpickler.world = world
    return unpickler


def _load(unpickler: ShimUnpickler, scan: Scan) -> Any:
    return load_with(unpickler.load, scan.end - scan.start)


def _dumped(roots: list[Any], row: StaticRow, protocol: int | None, table: Table) -> bytes:
    protocols = [scan.protocol if protocol is None else protocol for scan in row.scans]
    if row.shares_memo:
        return written(roots, max(protocols), table)
    pairs = zip(roots, protocols, strict=True)
    return b"".join(written([root], number, table) for root, number in pairs)


# --- verifying --------------------------------------------------------------------------------


def check(new: bytes, row: StaticRow, planner: StaticPlanner, *, content: bool = True) -> None:
    """Raise VerificationError unless ``new`` is current, and reads back as what was written.
    ``content=False`` leaves out the second, for bytes that ``rewriter`` has checked.

    What is read back is written again: the same bytes come from the same objects. Where sets come
    in another order, the graphs are compared instead.
    """
    again = _require_current(new, scan_all(new), row, planner)
    if content:
        again = attrs.evolve(again, scans=_with_memo(again.scans, row.shares_memo))
        _check_content(new, again)


def _require_current(new: bytes, scans: Scans, row: StaticRow, planner: StaticPlanner) -> StaticRow:
    count = len(row.scans)
    if scans.trailing or len(scans.pickles) != count:
        raise VerificationError(f"holds {len(scans.pickles)} pickles where {count} were written")
    again = row_of(new, scans.pickles, planner)
    for plan in again.plans:
        for problem in plan.shown.problems:
            raise VerificationError(f"would be refused itself: {problem.what.rstrip('.')}")
        if plan.shown.is_old:
            names = ", ".join(map(str, plan.changes))
            raise VerificationError(f"is still not current ({names})")
    return again


def _with_memo(scans: tuple[Scan, ...], shares_memo: bool) -> tuple[Scan, ...]:
    return tuple(attrs.evolve(scan, carries_memo=shares_memo) for scan in scans)


def _check_content(new: bytes, row: StaticRow) -> None:
    world = World()
    with collector.paused():
        first = roots_of(new, row.scans, world, "ASCII")
        second = _dumped(first, row, None, Table())
        if second == new:
            return
        read = roots_of(second, scan_all(second).pickles, world, "ASCII")
    found = graphs.differences(first, read, limit=_DIFFERENCES_SHOWN)
    if found:
        what = "reads back as something else than was written"
        raise VerificationError(what, tuple(map(str, found)))
