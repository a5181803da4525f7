"""What changed: between two versions of a class, and between two locks. Values, and no opinions
but one: whether a change that no new version tells of is drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import attrs

from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.refs import GlobalRef

Kind: TypeAlias = Literal[
    "added",
    "removed",
    "type",
    "state",
    "order",
    "known",
    "new",
    "gone",
    "moved",
    "raised",
    "lowered",
    "recorded",
    "unstamped",
]
#: Changes of what a pickle holds; without a new version, such a change is drift.
CONTENT: tuple[Kind, ...] = ("added", "removed", "type", "state", "order")
#: State shapes whose fields are the members of an enum: new ones strand no old pickle.
ENUM = "enum"


@attrs.frozen
class Change:
    """One thing that is other than before.

    ``kind``: "added", "removed", "type" are of the field ``name``, with types in ``before`` and
    ``after`` (empty: not declared); "state" is the shape of the state, "order" that of its
    positions; "known": the fields were not known and are now (``after`` counts them). "new",
    "gone", "moved" (``before`` is the old ref) are of the class; "raised" and "lowered" of its
    newest version, "recorded" of an older one that was not in the lock; "unstamped" of that number.
    ``harmless``: no pickle that was written before is touched by it.
    """

    kind: Kind
    name: str = ""
    before: str = ""
    after: str = ""
    harmless: bool = False

    @property
    def is_drift(self) -> bool:
        """Whether a new version should have told of it."""
        return self.kind in CONTENT and not self.harmless

    def describe(self) -> str:
        """It in a line, without the class."""
        before, after = self.before or "not declared", self.after or "not declared"
        match self.kind:
            case "added" | "removed":
                mark, kind = "+-"[self.kind == "removed"], self.after or self.before
                return f"{mark} {self.name}: {kind}" if kind else f"{mark} {self.name}"
            case "type":
                return f"~ {self.name}: {before} -> {after}"
            case "state":
                return f"~ the state: {before} -> {after}"
            case "order":
                return f"~ the order of positional states: {before} -> {after}"
            case "known":
                fields = "field" if self.after == "1" else "fields"
                return f"version {self.name}: {self.after} {fields} known now"
            case "new":
                return f"new, at version {self.after}"
            case "gone":
                return f"gone from the code; version {self.before} was the newest"
            case "moved":
                return f"moved, was {self.before}"
            case "unstamped":
                return f"unstamped: {self.before or 'none'} -> {self.after or 'none'}"
            case "recorded":
                return f"version {self.after} is in the lock now"
        return f"version {self.before} -> {self.after}"


def between_versions(before: LockedVersion, after: LockedVersion) -> tuple[Change, ...]:
    """How the fields and the shape of the state differ, fields in the order of their names.

    Fields of which one side knows nothing differ in nothing. A type counts where both sides are
    declared. What was only seen may not have been seen everywhere: a field that is missing on a
    side that was seen is told only where the other side was seen too, or declares all it has.
    """
    return (*_fields(before, after), *_state(before, after), *_order(before, after))


def _fields(before: LockedVersion, after: LockedVersion) -> Iterator[Change]:
    if before.fields is None or after.fields is None:
        return
    old, new = dict(before.fields), dict(after.fields)
    declared = not before.seen and not after.seen
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield Change("removed", name, before=old[name], harmless=after.fill)
        elif name not in old:
            yield Change("added", name, after=new[name], harmless=_is_filled(after, name))
        elif declared and old[name] != new[name]:
            yield Change("type", name, old[name], new[name])


def _is_filled(version: LockedVersion, name: str) -> bool:
    """Whether a pickle without a field is as good as one with it."""
    if version.state == ENUM:
        return True
    return version.fill and (version.fillable is None or name in version.fillable)


def _state(before: LockedVersion, after: LockedVersion) -> Iterator[Change]:
    known = {before.state, after.state}
    if len(known) == 2 and "unknown" not in known:
        yield Change("state", "", before.state, after.state)


def _order(before: LockedVersion, after: LockedVersion) -> Iterator[Change]:
    # Fields that were added or removed are told by themselves; these changed places.
    if before.order is None or after.order is None:
        return
    old = [name for name in before.order if name in after.order]
    new = [name for name in after.order if name in before.order]
    if old != new:
        yield Change("order", "", ", ".join(old), ", ".join(new))


@attrs.frozen
class ClassChange:
    """What is other about one class. ``ref`` is the newer name. ``before`` and ``after`` are the
    class on both sides, None where it is not there. ``version``: the newest version that both
    sides have, which ``drift`` is of; None if there is none.
    """

    ref: GlobalRef
    before: LockedClass | None
    after: LockedClass | None
    changes: tuple[Change, ...] = ()
    drift: tuple[Change, ...] = ()
    version: int | None = None

    def describe(self) -> tuple[str, ...]:
        """It in lines, the first of which names the class."""
        first = str(self.ref)
        if self.drift:
            first = f"{first}, version {self.version}: changed without a new version"
        return (first, *(f"  {one.describe()}" for one in (*self.drift, *self.changes)))


def between_classes(before: LockedClass | None, after: LockedClass | None) -> ClassChange:
    """What is other about a class, newest version against newest version.

    Where the versions are the same and the content is not, that is drift; where the newer side has
    a newer version, it is told what changed from the one to the other.
    """
    if before is None or after is None:
        present = after or before
        assert present is not None, "one side at least has the class"
        at = str(present.head.version)
        change = Change("new", after=at) if after is not None else Change("gone", before=at)
        return ClassChange(present.ref, before, after, (change,))
    told = (*_of_class(before, after), *_of_known(before, after))
    old, new = before.head, after.head
    content = between_versions(old, new)
    if old.version != new.version:
        kind: Kind = "raised" if new.version > old.version else "lowered"
        told = (*told, Change(kind, "", str(old.version), str(new.version)), *content)
        return ClassChange(after.ref, before, after, told)
    drift = tuple(one for one in content if one.is_drift)
    told = (*told, *(one for one in content if not one.is_drift))
    return ClassChange(after.ref, before, after, told, drift, new.version)


def _of_class(before: LockedClass, after: LockedClass) -> Iterator[Change]:
    if before.ref != after.ref:
        yield Change("moved", before=str(before.ref))
    if before.unstamped != after.unstamped:
        yield Change("unstamped", "", _number(before.unstamped), _number(after.unstamped))


def _of_known(before: LockedClass, after: LockedClass) -> Iterator[Change]:
    for version in after.versions:
        old = before.at(version.version)
        if old is None and version.version < after.head.version:
            yield Change("recorded", after=str(version.version))
        elif old is not None and old.fields is None and version.fields is not None:
            yield Change("known", str(version.version), after=str(len(version.fields)))


def _number(version: int | None) -> str:
    return "" if version is None else str(version)


def between(before: Lock, after: Lock) -> tuple[ClassChange, ...]:
    """What is other between two locks, class by class in the order of their refs; classes about
    which nothing is, are left out. A class is matched by its ref, else by an old name of it.
    """
    pairs = _pairs(before, after)
    matched = {one.ref for one, _ in pairs.values() if one is not None}
    found = [between_classes(*pair) for pair in pairs.values()]
    found += [between_classes(one, None) for one in before.classes if one.ref not in matched]
    told = (one for one in found if one.changes or one.drift)
    return tuple(sorted(told, key=lambda one: one.ref))


def _pairs(before: Lock, after: Lock) -> Mapping[GlobalRef, tuple[LockedClass | None, LockedClass]]:
    refs = {one.ref for one in after.classes}
    by_ref = {one.ref: one for one in before.classes}
    pairs: dict[GlobalRef, tuple[LockedClass | None, LockedClass]] = {}
    taken = {ref for ref in refs if ref in by_ref}
    for one in after.classes:
        old = by_ref.get(one.ref)
        if old is None:
            names = [GlobalRef.parse(name) for name in one.old_names]
            old = next((by_ref[n] for n in names if n in by_ref and n not in taken), None)
            if old is not None:
                taken.add(old.ref)
        pairs[one.ref] = (old, one)
    return pairs
