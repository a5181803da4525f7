"""Files written again at older versions, for a rollback: load, dump, read back, compare, replace.

The durable way of upgrades: a file is replaced whole or not at all, and one that fails stays as it
was. Loading runs the code that the pickles name, as far as the policy lets them, and migrations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from pickle_migrate import codecs, graphs, remake, store
from pickle_migrate.discovery import Found
from pickle_migrate.downgrades.asking import Lossy, writing_versions
from pickle_migrate.downgrades.plan import Backward, backward
from pickle_migrate.errors import (
    ContentError,
    FileError,
    PickleFormatError,
    VerificationError,
)
from pickle_migrate.file_plans import new_planner
from pickle_migrate.findings import COPIED, FAILED, NO_PICKLE, NOT_REACHED, Problem
from pickle_migrate.interrupts import Interrupts
from pickle_migrate.limits import UPGRADE_LIMITS
from pickle_migrate.planner import Planner
from pickle_migrate.policy import Policy
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT
from pickle_migrate.scanner import Scan, scan_all
from pickle_migrate.stamps import StampedClass, StampText

DOWNGRADED: Final = "downgraded"
WOULD_DOWNGRADE: Final = "would downgrade"
UNCHANGED: Final = "unchanged"
BAD: Final = frozenset([FAILED, NOT_REACHED])


@attrs.frozen
class Rollback:
    """What files are brought to. ``versions``: ref, as a text, to version; ``lossy`` as for
    ``dumps``; ``to``: the folder of the new files, None: the old ones are replaced, and stay as
    backups with ``backup``; ``dry_run``: all but writing. ``encoding`` is for strings of Python 2.
    """

    versions: Mapping[str, int]
    lossy: Lossy = "refuse"
    to: str | None = None
    backup: bool = True
    dry_run: bool = False
    encoding: str = "ASCII"
    policy: Policy | None = None


@attrs.frozen
class RolledBack:
    """What became of one file: ``result`` is "downgraded", "would downgrade", "unchanged" (nothing
    in it is newer), "copied" (the same, with ``to``), "failed", "not a pickle" or "not reached".
    ``classes``: what it held and what it holds, as phrases. ``output``, ``backup``: paths.
    """

    path: str
    result: str
    classes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    output: str | None = None
    backup: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_bad(self) -> bool:
        """Whether the file was to be downgraded and is not."""
        return self.result in BAD


def roll_back(found: Iterable[Found], wanted: Rollback) -> Iterator[RolledBack]:
    """Downgrade files one at a time, and give what became of each, in order.

    Loads pickles, runs migrations, writes files. After an interrupt the rest is "not reached".
    Raises what ``writing_versions`` raises for a wrong request, before the first file.
    """
    with writing_versions(wanted.versions, lossy=wanted.lossy):
        planner = new_planner(wanted.policy)
    with Interrupts() as interrupts:
        for one in found:
            if interrupts.came:
                yield RolledBack(one.path, NOT_REACHED)
                continue
            try:
                with interrupts.breakable():
                    made = _made(one, planner, wanted)
                yield made if isinstance(made, RolledBack) else _written(one, *made, wanted)
            except KeyboardInterrupt:
                interrupts.came = True
                yield RolledBack(one.path, NOT_REACHED)
            except Exception as error:
                yield RolledBack(one.path, FAILED, problems=(Problem.of(error, "downgrading"),))


_Made = tuple[store.Snapshot, bytes, tuple[str, ...]]


def _made(one: Found, planner: Planner, wanted: Rollback) -> RolledBack | _Made:
    """The new bytes of a file and what changes in it, or what became of it already."""
    if one.error is not None:
        raise one.error
    snapshot = store.read(one.path)
    unwrapped = codecs.unwrap(snapshot.data)
    try:
        scans = scan_all(unwrapped.payload, limits=UPGRADE_LIMITS)
    except PickleFormatError:
        if one.explicit or snapshot.data[:1] == b"\x80":
            raise
        return RolledBack(one.path, NO_PICKLE)
    if scans.trailing:
        raise ContentError(f"holds {scans.trailing} bytes after its last pickle", _REMEDY)
    plans = tuple(planner.plan(scan) for scan in scans.pickles)
    problems = tuple(problem for plan in plans for problem in plan.problems)
    if problems:
        return RolledBack(one.path, FAILED, problems=problems)
    ways = _ways(wanted.versions)
    held = dict.fromkeys(one for scan in scans.pickles for one in _stamped(scan))
    newer = tuple(_described(one, way) for one in held if (way := _way_of_newer(one, ways)))
    if not newer:
        return snapshot, snapshot.data, ()
    row = remake.Row(unwrapped.payload, scans.pickles, plans, wanted.policy)
    new = downgraded(row, wanted)
    wrapped = codecs.wrap(new, unwrapped.layers)
    if codecs.unwrap(wrapped) != codecs.Unwrapped(new, unwrapped.layers):
        raise VerificationError("is another one when its compression is taken off again")
    return snapshot, wrapped, newer


_REMEDY: Final = "Take them off, if you know what they are."


def downgraded(row: remake.Row, wanted: Rollback) -> bytes:
    """The same pickles with their classes at older versions, each at its own protocol.

    The result is checked: its stamps are those that were asked for, and, unless loss is allowed, it
    reads back as what was loaded. Raises DowngradeError, VerificationError, and what loading does.
    """
    objects = remake.load(row, wanted.encoding)
    with writing_versions(wanted.versions, lossy=wanted.lossy):
        new = remake.dump(row, objects, None)
    scans = scan_all(new).pickles
    _require_versions(scans, _ways(wanted.versions))
    again = remake.load(attrs.evolve(row, payload=new, scans=_sharing(scans, row)), "ASCII")
    if wanted.lossy == "refuse" and not _may_differ(wanted.versions):
        for old, read in zip(objects, again, strict=True):
            found = graphs.differences(old, read, limit=3)
            if found:
                what = "reads back as something else than was written"
                raise VerificationError(what, tuple(map(str, found)))
    return new


def _may_differ(versions: Mapping[str, int]) -> bool:
    """Whether a way back makes values of values, which may round, or was told to drop some."""
    steps = [step for way in _ways(versions).values() for step in way.steps]
    return any(step.lossy or not step.only_names for step in steps)


def _sharing(scans: Sequence[Scan], row: remake.Row) -> tuple[Scan, ...]:
    return tuple(attrs.evolve(scan, carries_memo=row.shares_memo) for scan in scans)


def _ways(versions: Mapping[str, int]) -> dict[GlobalRef, Backward]:
    plans = [backward(name, version, DEFAULT) for name, version in versions.items()]
    return {plan.ref: plan for plan in plans}


def _stamped(scan: Scan) -> Iterator[StampedClass]:
    """Every class of every stamp of a pickle."""
    for text in scan.stamps:
        yield from StampText.decode(text).classes


def _way_of(one: StampedClass, ways: Mapping[GlobalRef, Backward]) -> Backward | None:
    return ways.get(DEFAULT.current_ref(one.ref, one.version or None, one.fingerprint))


def _way_of_newer(one: StampedClass, ways: Mapping[GlobalRef, Backward]) -> Backward | None:
    """The way that a class of a stamp has to go, if the reader would not read it as it is."""
    way = _way_of(one, ways)
    if way is None or one.version < way.version:
        return None
    other_name = way.name is not None and one.ref != way.name
    # A stamp without a fingerprint is read by every release of that version.
    other_fields = one.fingerprint not in (None, way.fingerprint)
    is_newer = one.version > way.version or (one.version and (other_name or other_fields))
    return way if is_newer else None


def _described(one: StampedClass, way: Backward) -> str:
    name = "" if way.name in (None, one.ref) else f"{way.name} "
    return f"{one.ref} {one.version} -> {name}{way.version or 'no stamp'}"


def _require_versions(scans: Sequence[Scan], ways: Mapping[GlobalRef, Backward]) -> None:
    for scan in scans:
        for one in _stamped(scan):
            way = _way_of(one, ways)
            if way is not None and one.version > way.version:
                raise VerificationError(f"still holds {one.ref} at version {one.version}")


def _written(
    one: Found, snapshot: store.Snapshot, data: bytes, classes: tuple[str, ...], wanted: Rollback
) -> RolledBack:
    if wanted.dry_run:
        return RolledBack(one.path, WOULD_DOWNGRADE if classes else UNCHANGED, classes)
    if wanted.to is not None:
        output = str(Path(wanted.to, one.relative))
        store.create(output, data, like=snapshot)
        return RolledBack(one.path, DOWNGRADED if classes else COPIED, classes, output=output)
    if not classes:
        return RolledBack(one.path, UNCHANGED)
    done = store.replace(snapshot, data, backup=wanted.backup)
    if done.outcome != "ok":
        raise FileError(one.path, "was changed by others meanwhile", "Run the command again.")
    return RolledBack(
        one.path, DOWNGRADED, classes, (), one.path, done.backup, tuple(done.warnings)
    )
