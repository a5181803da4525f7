"""Bytes of pickles with objects of others' classes in, bytes with these brought up to date out.

Nothing that the pickle names is imported or called: the steps run on stand-ins. What a step asks
for by ``View.real`` is loaded, under a policy, by the function that is given for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from pickle_migrate import collector
from pickle_migrate.errors import ForeignError, VerificationError
from pickle_migrate.findings import ClassFound
from pickle_migrate.foreign.steps import Run, told_of
from pickle_migrate.foreign.strings import LAST_PROTOCOL, RAW, Decoding, hold_strings
from pickle_migrate.foreign.view import PickleView
from pickle_migrate.foreign.wanted import Wanted
from pickle_migrate.registry import Registry
from pickle_migrate.scanner import Scan, scan_all
from pickle_migrate.shims_rows import check_content, dumped, roots_of, shares_memo, with_memo
from pickle_migrate.shims_world import World
from pickle_migrate.shims_writer import Table

_STRINGS = "strings of Python 2"


@attrs.frozen
class Foreign:
    """What became of the pickles of one file: their new bytes, and what was done, to be shown."""

    data: bytes = attrs.field(repr=False)
    steps: tuple[str, ...]
    classes: tuple[ClassFound, ...]


def concerns(scans: Sequence[Scan], registry: Registry) -> bool:
    """Whether pickles may hold objects that the steps of others' classes are for, or strings that
    rules tell apart. Imports nothing.
    """
    if not registry.has_foreign:
        return False
    if registry.tells_strings_apart and any(scan.protocol <= LAST_PROTOCOL for scan in scans):
        return True
    views: dict[int, PickleView] = {}
    for scan in scans:
        view = views.setdefault(scan.protocol, PickleView(World(), registry, scan.protocol))
        if any(told_of(named.ref, view) is not None for named in scan.globals):
            return True
    return False


def rewritten(
    payload: bytes, scans: Sequence[Scan], wanted: Wanted, *, check: bool = True
) -> Foreign | None:
    """The pickles with the steps taken; None if there was nothing to do. ``scans`` are of all the
    pickles of ``payload``. ``check``: read back what was written, and see that it is current.

    Raises ForeignError, the errors of migrations, ShimError, UnicodeDecodeError, and
    VerificationError. Imports nothing that the pickles name, unless a step asks for real values.
    """
    if not concerns(scans, wanted.registry):
        return None
    with collector.paused():
        graph = _Graph.of(payload, scans, wanted)
        if graph is None or not graph.changes():
            return None
        if wanted.protocol is not None and wanted.protocol > LAST_PROTOCOL:
            graph.run.pickle.world.map_names(min(scan.protocol for scan in scans))
        new = dumped(graph.roots, scans, wanted.protocol, Table())
    if check:
        _check(new, scans, wanted)
    return Foreign(new, tuple(graph.run.steps), tuple(graph.run.classes))


@attrs.frozen(eq=False)
class _Graph:
    """The pickles of one file as stand-ins, and the run over them."""

    roots: list[Any]
    run: Run
    decoding: Decoding | None
    dropped: bool
    is_open: bool

    @classmethod
    def of(cls, payload: bytes, scans: Sequence[Scan], wanted: Wanted) -> _Graph:
        protocol = max(scan.protocol for scan in scans)
        is_raw = wanted.registry.tells_strings_apart and protocol <= LAST_PROTOCOL
        world = World()
        roots = roots_of(payload, scans, world, RAW if is_raw else wanted.encoding)
        dropped = bool(world.settle())
        names = frozenset(named.ref for scan in scans for named in scan.globals)
        pickle = PickleView(world, wanted.registry, protocol, names, wanted.load, wanted.beside)
        decoding = None
        if is_raw and hold_strings(roots):
            decoding = Decoding(pickle, wanted.encoding)
        is_open = any(scan.extensions or scan.buffers for scan in scans)
        return cls(roots, Run(pickle), decoding, dropped, is_open)

    def changes(self) -> bool:
        """Do all that is to be done; gives whether that was anything."""
        if self.decoding is not None:
            self.decoding(self.roots)
        self.run(self.roots)
        changed = self.decoding is not None or bool(self.run.steps)
        if changed and self.is_open:
            raise ForeignError("", "it holds extension codes, or buffers outside of it")
        if changed and self.dropped:
            raise ForeignError("", "it calls something and drops the result, which has no place")
        if self.decoding is not None:
            self.run.steps[_STRINGS] = None
        return changed


def _check(new: bytes, scans: Sequence[Scan], wanted: Wanted) -> None:
    """Raise VerificationError unless the new pickles need nothing more and read back as written."""
    found = scan_all(new)
    if found.trailing or len(found.pickles) != len(scans):
        raise VerificationError(f"holds {len(found.pickles)} pickles where {len(scans)} were read")
    again = with_memo(found.pickles, shares_memo(scans))
    check_content(new, again)
    if not concerns(again, wanted.registry):
        return
    graph = _Graph.of(new, again, wanted)
    if graph.decoding is not None:
        raise VerificationError("still holds 8-bit strings of Python 2")
    needed = graph.run.is_needed(graph.roots)
    if needed is not None:
        raise VerificationError(
            f"is still not current: version_of gives an old version for {needed} after its steps"
        )
