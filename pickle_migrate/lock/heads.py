"""The newest version of each class: in the lock, in the code, and on another branch."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from pickle_migrate.lock.against import OtherBranch, TwoHeads, same_class
from pickle_migrate.lock.changes import CONTENT, Change, ClassChange, between
from pickle_migrate.lock.values import Lock, LockedClass
from pickle_migrate.refs import GlobalRef


@attrs.frozen
class Head:
    """The newest versions of one class, each None where it is not there.

    ``lock`` is that of the lock, ``code`` that of the code; ``base`` and ``theirs`` those where the
    branches parted and on the other branch. ``change``: what is other in the code than in the lock.
    ``clashes``: the versions that both branches made.
    """

    ref: GlobalRef
    lock: int | None
    code: int | None
    base: int | None = None
    theirs: int | None = None
    change: ClassChange | None = None
    clashes: tuple[TwoHeads, ...] = ()

    def differences(self) -> tuple[Change, ...]:
        """What pickles of the code's newest version hold otherwise than those of the lock's."""
        if self.change is None or self.lock is None or self.code is None:
            return ()
        every = (*self.change.drift, *self.change.changes)
        return tuple(one for one in every if one.kind in CONTENT)

    def remarks(self) -> tuple[str, ...]:
        """What there is to say of it, in phrases."""
        told = [clash.describe().partition(": ")[2] for clash in self.clashes]
        change = self.change
        if self.code is None and self.lock is None:
            told.append("not here")
        elif self.code is None:
            told.append("gone from the code")
        elif self.lock is None:
            told.append("not locked yet")
        elif change is not None and change.drift:
            told.append("changed without a new version")
        elif self.code < self.lock:
            told.append("the code is behind the lock")
        elif self.code > self.lock:
            told.append("not locked yet")
        return tuple(told)


def heads(
    lock: Lock,
    today: Lock,
    other: OtherBranch | None = None,
    clashes: Sequence[TwoHeads] = (),
) -> tuple[Head, ...]:
    """The newest versions of every class of the lock, the code and the other branch, by ref."""
    changes = {one.ref: one for one in between(lock, today)}
    every = today
    for known in (lock, other.theirs if other is not None else Lock()):
        more = [one for one in known.classes if same_class(every, one) is None]
        every = Lock((*every.classes, *more))
    return tuple(
        _head(one, lock, today, other, changes.get(one.ref), clashes)
        for one in sorted(every.classes, key=lambda one: one.ref)
    )


def _head(
    one: LockedClass,
    lock: Lock,
    today: Lock,
    other: OtherBranch | None,
    change: ClassChange | None,
    clashes: Sequence[TwoHeads],
) -> Head:
    code = today.of(one.ref)
    return Head(
        one.ref,
        _newest(lock, one),
        code.head.version if code is not None else None,
        _newest(other.base, one) if other is not None else None,
        _newest(other.theirs, one) if other is not None else None,
        change,
        tuple(clash for clash in clashes if _is_of(clash, one)),
    )


def _newest(lock: Lock, one: LockedClass) -> int | None:
    found = same_class(lock, one)
    return found.head.version if found is not None else None


def _is_of(clash: TwoHeads, one: LockedClass) -> bool:
    return clash.ref == one.ref or str(clash.ref) in one.old_names
