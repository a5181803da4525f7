"""Two locks made one: what both branches added is kept, and what both numbered alike is renumbered.

The other branch came first: its versions keep their numbers, and those that this branch made since
follow after them. What their fields are then, only the merged code knows; `lock` fills that in.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from pickle_migrate.lock.against import same_class, two_heads
from pickle_migrate.lock.changes import Change, between_versions
from pickle_migrate.lock.update import seen_together
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.refs import GlobalRef
from pickle_migrate.schema import Schema


@attrs.frozen
class Renumbered:
    """A class of which both branches made versions. ``numbers``: old number to new, of ours.

    ``base`` is the newest version where both parted, ``theirs`` the newest on the other branch.
    ``mine`` is what changed on this branch since, ``others`` what changed on the other.
    ``differs``: a version that both made is not the same.
    """

    ref: GlobalRef
    numbers: Mapping[int, int]
    base: int
    theirs: int
    mine: tuple[Change, ...] = ()
    others: tuple[Change, ...] = ()
    differs: bool = True

    @property
    def head(self) -> int:
        """The newest version afterwards."""
        return max(self.numbers.values())

    @property
    def touched_by_both(self) -> tuple[str, ...]:
        """The fields that both branches changed, sorted: there, steps may not fit each other."""
        other = {one.name for one in self.others}
        return tuple(sorted({one.name for one in self.mine if one.name and one.name in other}))


@attrs.frozen
class Merged:
    """One lock of two. ``renumbered`` are the classes of which both made the same version, in the
    order of their refs.
    """

    lock: Lock
    renumbered: tuple[Renumbered, ...] = ()


def merged(base: Lock, ours: Lock, theirs: Lock) -> Merged:
    """The lock of both branches. Nothing that stands in one of them is forgotten."""
    clashes: dict[GlobalRef, bool] = {}
    for one in two_heads(base, ours, theirs):
        clashes[one.ref] = one.differs or clashes.get(one.ref, False)
    classes: list[LockedClass] = []
    renumbered: list[Renumbered] = []
    for mine in ours.classes:
        other = same_class(theirs, mine)
        before = same_class(base, mine) or (same_class(base, other) if other else None)
        if other is None:
            classes.append(mine)
        elif mine.ref in clashes:
            number = _renumbered(mine, other, before, differs=clashes[mine.ref])
            renumbered.append(number)
            classes.append(_joined(mine, other, before, _after(mine, other, number)))
        else:
            classes.append(_joined(mine, other, before, _both(mine, other, before)))
    classes += [one for one in theirs.classes if same_class(ours, one) is None]
    lock = Lock(tuple(sorted(classes, key=lambda one: one.ref)))
    return Merged(lock, tuple(sorted(renumbered, key=lambda one: one.ref)))


def _renumbered(
    mine: LockedClass, other: LockedClass, before: LockedClass | None, *, differs: bool
) -> Renumbered:
    parted = before.head.version if before is not None else 0
    # A version that both accepted to be other stands at the old number: it follows as well.
    first = min(
        (one.version for one in mine.versions if _is_new(one, before, other)), default=parted + 1
    )
    shift = max(other.head.version - first + 1, 0)
    new = [one.version for one in mine.versions if one.version >= first]
    old = before.head if before is not None else None
    return Renumbered(
        mine.ref,
        {number: number + shift for number in new},
        parted,
        other.head.version,
        between_versions(old, mine.head) if old is not None else (),
        between_versions(old, other.head) if old is not None else (),
        differs,
    )


def _is_new(one: LockedVersion, before: LockedClass | None, other: LockedClass) -> bool:
    known = before.at(one.version) if before is not None else None
    if known is None:
        return before is None or one.version > before.head.version
    return one not in (known, other.at(one.version)) and known.fields is not None


def _after(mine: LockedClass, other: LockedClass, number: Renumbered) -> list[LockedVersion]:
    versions = {one.version: one for one in mine.versions if one.version not in number.numbers}
    versions.update({one.version: one for one in other.versions})
    for old, new in number.numbers.items():
        found = mine.at(old)
        assert found is not None, "it is one of ours"
        versions[new] = LockedVersion(new, None, None, found.state)
    return list(versions.values())


def _both(mine: LockedClass, other: LockedClass, before: LockedClass | None) -> list[LockedVersion]:
    versions = {one.version: one for one in mine.versions}
    for one in other.versions:
        known = versions.get(one.version)
        old = before.at(one.version) if before is not None else None
        if known is None or known == old or known.fields is None:
            versions[one.version] = one
        elif known.seen and one.seen:
            versions[one.version] = seen_together(known, one)
        elif known.fill and one.fill and old is not None and one != old:
            versions[one.version] = _filled(old, known, one)
    return list(versions.values())


def _filled(old: LockedVersion, mine: LockedVersion, other: LockedVersion) -> LockedVersion:
    """One version to which both branches added fields, and from which both may have taken some."""
    before, ours, theirs = (dict(one.fields or ()) for one in (old, mine, other))
    gone = {name for name in before if name not in ours or name not in theirs}
    fields = {name: kind for name, kind in (theirs | ours).items() if name not in gone}
    now = tuple(sorted(fields.items()))
    return attrs.evolve(mine, fields=now, fingerprint=Schema(now).fingerprint())


def _joined(
    mine: LockedClass,
    other: LockedClass,
    before: LockedClass | None,
    versions: list[LockedVersion],
) -> LockedClass:
    moved = before is not None and mine.ref == before.ref != other.ref
    ref = other.ref if moved else mine.ref
    unstamped = mine.unstamped
    if before is not None and mine.unstamped == before.unstamped:
        unstamped = other.unstamped
    names = {*mine.old_names, *other.old_names, str(mine.ref), str(other.ref)} - {str(ref)}
    return LockedClass(
        ref,
        tuple(sorted(versions, key=lambda one: one.version)),
        unstamped,
        tuple(sorted(names)),
    )
