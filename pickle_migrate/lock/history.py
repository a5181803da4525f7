"""All that is known of one class: its versions, the steps between them, the pickles of each."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from pickle_migrate.errors import RequestError
from pickle_migrate.lineage import LineageRecord
from pickle_migrate.lock.of_project import Sightings
from pickle_migrate.lock.seen import Sighting
from pickle_migrate.lock.sorted_fields import At, version_of
from pickle_migrate.lock.update import continued
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.migration import Migration
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry

_CANDIDATES = 5


@attrs.frozen
class StepKnown:
    """A step that leads from one version to another; ``operations`` are lines that describe it,
    ``origin`` says where it is declared. ``missing``: nobody declared it.
    """

    source: int
    target: int
    operations: tuple[str, ...] = ()
    origin: str = ""
    missing: bool = False


@attrs.frozen
class VersionKnown:
    """A version, with the pickles of the archive that hold it, by path, and the steps from it."""

    version: LockedVersion
    pickles: tuple[str, ...] = ()
    steps: tuple[StepKnown, ...] = ()


@attrs.frozen
class History:
    """All that is known of a class, versions ascending. ``current`` is that of the code, None for a
    class that is gone; ``locked`` the newest one of the lock, None if it is not in it.
    """

    ref: GlobalRef
    versions: tuple[VersionKnown, ...]
    old_names: tuple[str, ...] = ()
    unstamped: int | None = None
    current: int | None = None
    locked: int | None = None


def find_class(name: str, lock: Lock, today: Lock) -> GlobalRef:
    """The class that a user means: a ref, also one that it had before, or the end of one that no
    other class has. Raises RequestError, which lists what it may be.
    """
    moved = {old.ref for olds in continued(lock, today).values() for old in olds}
    kept = [one for one in lock.classes if one.ref not in moved]
    known = {one.ref: one for one in (*kept, *today.classes)}
    exact = [ref for ref in known if str(ref) == name]
    found = exact or [ref for ref, one in known.items() if name in one.old_names]
    found = found or [ref for ref in known if _ends_with(ref, name)]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(sorted(map(str, found)))
        raise RequestError(f"{name!r} may be any of {several}", "Write it as module:qualname.")
    near = sorted(map(str, known))[:_CANDIDATES]
    more = "" if len(known) <= _CANDIDATES else f", and {len(known) - _CANDIDATES} more"
    listed = f"Known are {', '.join(near)}{more}." if near else "No class is known."
    raise RequestError(f"there is no class {name!r} in the lock or the code", listed)


def _ends_with(ref: GlobalRef, name: str) -> bool:
    text = str(ref)
    return text.endswith((f":{name}", f".{name}"))


def history(
    ref: GlobalRef, lock: Lock, today: Lock, sightings: Sightings, registry: Registry = DEFAULT
) -> History:
    """What is known of a class that ``find_class`` found. The modules of its steps are imported
    already; imports and writes nothing.
    """
    locked, now = lock.of(ref), today.of(ref)
    if locked is None and now is not None:
        locked = next(iter(continued(lock, today)[ref]), None)
    versions = _versions(locked, now)
    records = registry.family(ref)
    pickles = _pickles(ref, sightings, registry)
    newest = max(versions)
    known = [
        VersionKnown(one, tuple(pickles.get(number, ())), tuple(_steps(number, newest, records)))
        for number, one in sorted(versions.items())
    ]
    present = now or locked
    assert present is not None, "it was found"
    names_of = {name for one in (locked, now) if one is not None for name in one.old_names}
    return History(
        ref,
        tuple(known),
        tuple(sorted(names_of)),
        present.unstamped,
        now.head.version if now is not None else None,
        locked.head.version if locked is not None else None,
    )


def _versions(locked: LockedClass | None, now: LockedClass | None) -> dict[int, LockedVersion]:
    found: dict[int, LockedVersion] = {}
    for known in (now, locked):
        for one in known.versions if known is not None else ():
            before = found.get(one.version)
            if before is None or one.fields is not None:
                found[one.version] = one
    return found


def _steps(version: int, newest: int, records: list[LineageRecord]) -> Iterator[StepKnown]:
    if version >= newest:
        return
    single = next((r.steps[version] for r in records if version in r.steps), None)
    if single is not None:
        yield _step(single)
    for record in records:
        if version in record.squashed:
            yield _step(record.squashed[version])
    if single is None:
        finishers = [f for record in records for f in record.finishers.get(version, ())]
        lines = tuple(f"finish with {getattr(f, '__name__', 'a function')}" for f in finishers)
        yield StepKnown(version, version + 1, lines, missing=not finishers)


def _step(migration: Migration) -> StepKnown:
    lines = [operation.describe() for operation in migration.operations]
    if migration.arguments is not None:
        lines.append("change the constructor arguments")
    return StepKnown(migration.source, migration.target, tuple(lines), migration.origin)


def _pickles(ref: GlobalRef, sightings: Sightings, registry: Registry) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for path, seen in sightings.items():
        for at in sorted({at for one in seen for at in _all_at(one, registry)}):
            if at[0] == ref:
                found.setdefault(at[1], []).append(path)
    return found


def _all_at(one: Sighting, registry: Registry) -> Iterator[At]:
    if not one.stamped:
        at = version_of(registry, one.ref, None)
        if at is not None:
            yield at
    for stamped in one.stamped:
        at = version_of(registry, stamped.ref, stamped.version or None, stamped.fingerprint)
        if at is not None and stamped.version:
            yield at
