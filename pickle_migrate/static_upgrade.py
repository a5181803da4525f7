"""Bytes of old pickles in, bytes of today's pickles out, without loading one.

``upgraded`` does what ``remake.remade`` does, on stand-ins: nothing that the pickle names is
imported or called. Where nothing but names changes, ``rewriter`` edits the bytes and nothing is
built at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import attrs

from pickle_migrate import collector, rewriter
from pickle_migrate.errors import ContentError, StaticError, VerificationError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import Global, Scan, Scans, scan_all
from pickle_migrate.shims_rows import check_content, dumped, roots_of, shares_memo, with_memo
from pickle_migrate.static_plan import Change, StaticPlan, StaticPlanner
from pickle_migrate.static_world import StaticTable, StaticWorld

Way: TypeAlias = Literal["spliced", "static", "live"]
SPLICED: Final = "spliced"
STATIC: Final = "static"
LIVE: Final = "live"
#: Up to this protocol, pickle itself maps the names that Python 2 had for its modules.
_FIX_IMPORTS: Final = 2


@attrs.frozen
class StaticRow:
    """The pickles of one file, scanned and planned."""

    payload: bytes = attrs.field(repr=False)
    scans: tuple[Scan, ...]
    plans: tuple[StaticPlan, ...]

    @property
    def shares_memo(self) -> bool:
        """Whether one Pickler wrote them, and later ones refer to objects of earlier ones."""
        return shares_memo(self.scans)

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
        if protocol is not None and protocol > _FIX_IMPORTS:
            world.map_names(min(scan.protocol for scan in row.scans))
        return dumped(roots, row.scans, protocol, StaticTable())


# --- verifying --------------------------------------------------------------------------------


def check(new: bytes, row: StaticRow, planner: StaticPlanner, *, content: bool = True) -> None:
    """Raise VerificationError unless ``new`` is current, and reads back as what was written.
    ``content=False`` leaves out the second, for bytes that ``rewriter`` has checked.
    """
    again = _require_current(new, scan_all(new), row, planner)
    if content:
        check_content(new, with_memo(again.scans, row.shares_memo))


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
