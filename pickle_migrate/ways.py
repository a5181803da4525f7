"""Which way each file goes: by names alone, on stand-ins, or by loading it.

Without loading is the first choice, wherever it gives what loading would give. ``Ways`` plans and
carries out for one file's bytes; it opens nothing. When nothing may be loaded, nothing that a
pickle names is imported either.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from pickle_migrate import graphs, remake, shims_rows, static_upgrade
from pickle_migrate.errors import ContentError, UnknownClassError
from pickle_migrate.findings import PicklePlan, Problem
from pickle_migrate.foreign.wanted import Wanted, file_beside
from pickle_migrate.limits import UPGRADE_LIMITS
from pickle_migrate.planner import Planner
from pickle_migrate.scanner import Scan, scan_all
from pickle_migrate.shims_world import World
from pickle_migrate.static_plan import StaticPlanner
from pickle_migrate.static_upgrade import LIVE, SPLICED, STATIC, StaticRow, Way

if TYPE_CHECKING:
    from pickle_migrate.foreign.rewriting import Foreign

#: Up to this protocol, pickles may hold 8-bit strings of Python 2.
_EIGHT_BIT = 2


@attrs.frozen
class Wishes:
    """What the new pickles shall be like. ``encoding`` is for the 8-bit strings of Python 2;
    ``protocol``: None writes each pickle at the protocol that it had.
    """

    encoding: str = "ASCII"
    protocol: int | None = None


class Ways:
    """Plans and upgrades bytes. ``live``: the planner for loading; None: nothing is loaded."""

    def __init__(
        self,
        live: Planner | None,
        static: StaticPlanner,
        wishes: Wishes,
        load: Callable[[bytes], Any] | None = None,
    ) -> None:
        self.live = live
        self.registry = static.registry
        self._static = static
        self._wishes = wishes
        # What steps of others' classes may look at; None with --static.
        self._wanted = Wanted(static.registry, wishes.encoding, load, protocol=wishes.protocol)

    # --- planning ---------------------------------------------------------------------------------

    def plan(
        self, payload: bytes, scans: Sequence[Scan], place: str = ""
    ) -> tuple[tuple[PicklePlan, ...], str]:
        """The plans for the pickles of one file, and which way it goes; "" if it stays. ``place``:
        the path of the file, for what it keeps in files beside it.
        """
        try:
            found = self._foreign(payload, scans, place)
        except Exception as error:
            problem = Problem.of(error, "upgrading")
            return (PicklePlan(scans[0].protocol, problems=(problem,), is_old=True),), STATIC
        if found is None:
            return self._plan(payload, scans)
        again = scan_all(found.data, limits=UPGRADE_LIMITS).pickles
        plans, way = self._plan(found.data, again, gone=True)
        first = attrs.evolve(
            plans[0],
            classes=(*found.classes, *plans[0].classes),
            steps=(*found.steps, *plans[0].steps),
            is_old=True,
        )
        return (first, *plans[1:]), LIVE if way == LIVE else STATIC

    def _foreign(self, payload: bytes, scans: Sequence[Scan], place: str) -> Foreign | None:
        if not self._static.registry.has_foreign:
            return None
        from pickle_migrate.foreign import rewriting  # only those who declare such steps pay

        wanted = self._wanted
        if place:
            wanted = attrs.evolve(wanted, beside=partial(file_beside, place))
        return rewriting.rewritten(payload, scans, wanted)

    def _plan(
        self, payload: bytes, scans: Sequence[Scan], *, gone: bool = False
    ) -> tuple[tuple[PicklePlan, ...], str]:
        """``gone``: a name that cannot be imported is no problem, for nothing need be loaded."""
        if self.live is None:
            row = self._row(payload, scans)
            plans = tuple(_with_reasons(plan.shown, plan.reasons) for plan in row.plans)
            return plans, self._way(row) if any(plan.is_old for plan in plans) else ""
        plans = tuple(self.live.plan(scan) for scan in scans)
        known = tuple(_without_gone(plan) for plan in plans) if gone else plans
        if not any(plan.is_old for plan in plans):
            return known, ""
        problems = [problem for plan in known for problem in plan.problems]
        if problems and not all(map(_only_loading, problems)):
            return plans, LIVE
        row = self._row(payload, scans)
        if row.reasons or _hides(row) or any(plan.shown.problems for plan in row.plans):
            return plans, LIVE
        return tuple(attrs.evolve(plan, problems=()) for plan in plans), self._way(row)

    def _row(self, payload: bytes, scans: Sequence[Scan]) -> StaticRow:
        return static_upgrade.row_of(payload, scans, self._static)

    def _way(self, row: StaticRow) -> Way:
        # Whoever names an encoding wants texts, and names alone would leave 8-bit strings.
        is_old = any(scan.protocol <= _EIGHT_BIT for scan in row.scans)
        if is_old and self._wishes.encoding != Wishes().encoding:
            return STATIC
        return row.way(self._wishes.protocol)

    # --- doing ------------------------------------------------------------------------------------

    def upgraded(self, payload: bytes, place: str = "") -> tuple[bytes, Way]:
        """The new pickles, checked, and which way they went.

        Where both ways are open, what goes wrong without loading is left to loading, which then
        succeeds or says why not. Raises LimitError before anything is built, and what
        ``static_upgrade`` and ``remake`` raise.
        """
        scans = scan_all(payload, limits=UPGRADE_LIMITS, locate=True).pickles
        found = self._foreign(payload, scans, place)
        if found is None:
            return self._upgraded(payload, scans)
        again = scan_all(found.data, limits=UPGRADE_LIMITS, locate=True).pickles
        plans, _ = self._plan(found.data, again, gone=True)
        if not any(plan.is_old for plan in plans):
            return found.data, STATIC
        new, way = self._upgraded(found.data, again, gone=True)
        return new, LIVE if way == LIVE else STATIC

    def _upgraded(
        self, payload: bytes, scans: Sequence[Scan], *, gone: bool = False
    ) -> tuple[bytes, Way]:
        if self.live is None:
            return self._without_loading(self._row(payload, scans))
        plans, way = self._plan(payload, scans, gone=gone)
        if not any(plan.is_old for plan in plans):
            return payload, STATIC
        if way in (SPLICED, STATIC):
            with contextlib.suppress(Exception):
                return self._without_loading(self._row(payload, scans))
        row = self._live_row(payload, scans, self.live)
        wishes = self._wishes
        new = remake.remade(row, self.live.plan, encoding=wishes.encoding, protocol=wishes.protocol)
        return new, LIVE

    def _without_loading(self, row: StaticRow) -> tuple[bytes, Way]:
        way = self._way(row)
        if way == SPLICED:
            return static_upgrade.spliced(row, self._static), way
        wishes = self._wishes
        new = static_upgrade.upgraded(row, way, encoding=wishes.encoding, protocol=wishes.protocol)
        static_upgrade.check(new, row, self._static, content=way == STATIC)
        return new, way

    @staticmethod
    def _live_row(payload: bytes, scans: Sequence[Scan], live: Planner) -> remake.Row:
        plans = tuple(live.plan(scan) for scan in scans)
        return remake.Row(payload, tuple(scans), plans, live.policy)

    def same(self, new: bytes, there: bytes) -> bool:
        """Whether two files of pickles hold the same, as today's versions."""
        if _same_stand_ins(new, there):
            return True
        if self.live is None:
            return False
        # Below protocol 4 sets are made of lists, whose order may differ.
        row = self._live_row(new, scan_all(new).pickles, self.live)
        try:
            objects = remake.load(row, "ASCII")
            remake.check(there, objects, row.shares_memo, self.live.plan, self.live.policy)
        except Exception:
            return False
        return True


def _with_reasons(plan: PicklePlan, reasons: Sequence[BaseException]) -> PicklePlan:
    return attrs.evolve(plan, problems=(*plan.problems, *map(Problem.of, reasons)))


def _without_gone(plan: PicklePlan) -> PicklePlan:
    """The plan of a pickle of which nothing is loaded: what cannot be imported need not be."""
    kept = [p for p in plan.problems if p.error != UnknownClassError.__name__]
    return attrs.evolve(plan, problems=tuple(kept))


def _only_loading(problem: Problem) -> bool:
    """Whether a problem is one of loading alone: what the pickle leaves to its program."""
    return problem.error == ContentError.__name__


def _hides(row: StaticRow) -> bool:
    """Whether a pickle may hold old classes that no scan can see."""
    return any(scan.extensions or scan.unresolvable for scan in row.scans)


def _same_stand_ins(new: bytes, there: bytes) -> bool:
    world = World()
    try:
        roots = [
            shims_rows.roots_of(data, scan_all(data).pickles, world, "bytes")
            for data in (new, there)
        ]
    except Exception:
        return False
    return graphs.same(*roots)
