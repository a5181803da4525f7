"""The next lock: the one that is there, with what the code says now. Nothing in it is forgotten.

A version that is locked keeps its fields. Where the code has others under the same version, that is
refused, and stays as it is, until somebody consents.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import attrs

from pickle_migrate.lock.changes import ENUM, ClassChange, between, between_classes
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.refs import GlobalRef

UNKNOWN = "unknown"


@attrs.frozen
class Update:
    """What becomes of a lock.

    ``after`` is the next one. ``changes`` says what is other in it. ``refused``: the classes whose
    fields changed while their version did not, and that nobody consented to; in ``after`` they are
    as they were. ``accepted``: those that somebody did. ``behind``: the classes of which the lock
    knows a newer version than the code has. ``gone``: those that the code has no more; they stay,
    but for the ``forgotten`` ones.
    """

    before: Lock
    after: Lock
    changes: tuple[ClassChange, ...] = ()
    refused: tuple[ClassChange, ...] = ()
    accepted: tuple[ClassChange, ...] = ()
    behind: tuple[ClassChange, ...] = ()
    gone: tuple[LockedClass, ...] = ()
    forgotten: tuple[LockedClass, ...] = ()

    @property
    def is_current(self) -> bool:
        """Whether the lock says what the code says."""
        return self.before == self.after and not self.refused and not self.behind


def updated(
    before: Lock,
    today: Lock,
    accept: Collection[GlobalRef] | None = (),
    forget: Collection[GlobalRef] = (),
) -> Update:
    """The lock after today. ``accept``: classes whose locked fields may change under the same
    version; None: all. ``forget``: classes that are gone from the code, and whose pickles are gone
    too. ``today`` is what ``today.lock_of`` gave.
    """
    found = continued(before, today)
    folded = {one.ref for olds in found.values() for one in olds}
    missing = [one for one in before.classes if one.ref not in folded]
    forgotten = tuple(one for one in missing if one.ref in forget)
    gone = tuple(one for one in missing if one.ref not in forget)
    classes = list(gone)
    refused: list[ClassChange] = []
    accepted: list[ClassChange] = []
    behind: list[ClassChange] = []
    for now in today.classes:
        olds = found[now.ref]
        if not olds:
            classes.append(now)
            continue
        old = _joined(now.ref, olds)
        change = between_classes(old, _with_seen(old, now))
        may = accept is None or now.ref in accept
        if change.drift:
            (accepted if may else refused).append(change)
        if old.head.version > now.head.version:
            behind.append(change)
        classes.append(_next(old, now, may))
    after = Lock(tuple(sorted(classes, key=lambda one: one.ref)))
    told = between(before, after)
    named = tuple(refused), tuple(accepted), tuple(behind)
    return Update(before, after, told, *named, gone, forgotten)


def continued(before: Lock, today: Lock) -> Mapping[GlobalRef, tuple[LockedClass, ...]]:
    """The locked classes that each class of today continues: the one of its own ref, and those of
    its old names that are nobody else's.
    """
    refs = {one.ref for one in today.classes}
    claims: dict[str, list[GlobalRef]] = {}
    for one in today.classes:
        for name in one.old_names:
            claims.setdefault(name, []).append(one.ref)
    found: dict[GlobalRef, tuple[LockedClass, ...]] = {}
    for one in today.classes:
        own = before.of(one.ref)
        named = [(name, before.of(GlobalRef.parse(name))) for name in one.old_names]
        others = [
            old
            for name, old in named
            if old is not None and old.ref not in refs and claims[name] == [one.ref]
        ]
        found[one.ref] = _that_agree([own] if own is not None else [], others)
    return found


def _that_agree(own: list[LockedClass], others: list[LockedClass]) -> tuple[LockedClass, ...]:
    """The locked class, and those under older names that say nothing else of the same versions."""
    kept = list(own)
    for other in others:
        if not any(_contradict(one, other) for one in kept):
            kept.append(other)
    return tuple(kept)


def _contradict(one: LockedClass, other: LockedClass) -> bool:
    pairs = [(version, other.at(version.version)) for version in one.versions]
    return any(
        theirs is not None and theirs != mine and None not in (mine.fields, theirs.fields)
        for mine, theirs in pairs
    )


def _joined(ref: GlobalRef, olds: tuple[LockedClass, ...]) -> LockedClass:
    first = olds[0]
    versions: dict[int, LockedVersion] = {}
    for one in reversed(olds):
        for version in one.versions:
            known = versions.get(version.version)
            if known is None or version.fields is not None:
                versions[version.version] = version
    names = {name for one in olds for name in (*one.old_names, str(one.ref))} - {str(ref)}
    return LockedClass(
        first.ref,
        tuple(versions[number] for number in sorted(versions)),
        first.unstamped,
        tuple(sorted(names)),
    )


def _with_seen(old: LockedClass, now: LockedClass) -> LockedClass:
    """Today's class; what was seen of its newest version, here or when it was locked, together."""
    head = old.at(now.head.version)
    if head is None:
        return now
    return attrs.evolve(now, versions=(*now.versions[:-1], _together(head, now.head)))


def _together(old: LockedVersion, now: LockedVersion) -> LockedVersion:
    """Today's version with what the lock knows besides: nobody sees all instances each time."""
    if now.fields is None:
        if old.fields is None:
            return now
        # A class that declares nothing any more, and of which no instance was seen yet.
        return attrs.evolve(now, fields=old.fields, seen=old.seen)
    if now.seen and old.seen and old.fields is not None:
        return attrs.evolve(now, fields=tuple(sorted(dict([*old.fields, *now.fields]).items())))
    return now


def _next(old: LockedClass, now: LockedClass, may: bool) -> LockedClass:
    versions = {one.version: one for one in old.versions}
    for one in now.versions:
        known = versions.get(one.version)
        if known is None:
            versions[one.version] = one
        elif one is not now.head:
            versions[one.version] = _history(known, one)
        else:
            versions[one.version] = _newest(known, _together(known, one), may)
    names = {*old.old_names, *now.old_names, str(old.ref)} - {str(now.ref)}
    return LockedClass(
        now.ref,
        tuple(versions[number] for number in sorted(versions)),
        now.unstamped,
        tuple(sorted(names)),
    )


def _newest(old: LockedVersion, now: LockedVersion, may: bool) -> LockedVersion:
    change = between_classes(_alone(old), _alone(now))
    return old if change.drift and not may else now


def _alone(version: LockedVersion) -> LockedClass:
    return LockedClass(GlobalRef("-", "-"), (version,))


def _history(old: LockedVersion, now: LockedVersion) -> LockedVersion:
    """An earlier version, of which more may be known by now: pickles came into the archive."""
    if old.fields is None:
        state = now.state if old.state == UNKNOWN or now.fields is not None else old.state
        return attrs.evolve(
            now,
            state=state,
            fingerprint=old.fingerprint or now.fingerprint,
            order=old.order or now.order,
        )
    fingerprint, order = old.fingerprint or now.fingerprint, old.order or now.order
    if not old.seen:
        return old
    return attrs.evolve(seen_together(old, now), fingerprint=fingerprint, order=order)


def seen_together(one: LockedVersion, other: LockedVersion) -> LockedVersion:
    """A version of which fields were seen, with what was seen of it elsewhere."""
    if one.fields is None or other.fields is None:
        return one
    words = {*one.state.split(" or "), *other.state.split(" or ")} - {UNKNOWN}
    return attrs.evolve(
        one,
        fields=tuple(sorted(dict([*one.fields, *other.fields]).items())),
        state=" or ".join(sorted(words)) or UNKNOWN,
    )


def likely_moves(update: Update) -> list[tuple[GlobalRef, GlobalRef]]:
    """Classes that are gone and new ones that look like them, as (old ref, new ref): the same name
    in another module, or the same fields under another name. For a word to the user; a guess.
    """
    new = [one.after for one in update.changes if one.before is None and one.after is not None]
    return [(o.ref, n.ref) for o in update.gone for n in new if _looks_like(o, n)]


def _looks_like(old: LockedClass, new: LockedClass) -> bool:
    if old.ref.qualname == new.ref.qualname:
        return True
    fields = old.head.fields
    return bool(fields) and fields == new.head.fields and new.head.state != ENUM
