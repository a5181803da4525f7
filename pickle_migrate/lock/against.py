"""The lock on another branch, and where both branches parted: what both made since.

Git merges two branches that both made a version 4 without a word, if they did so in different
lines. Then some pickles of version 4 hold the one's fields and some the other's, and no step can
tell. So the locks are compared at the merge base.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs

from pickle_migrate.errors import LockError
from pickle_migrate.lock.changes import Change, between_versions
from pickle_migrate.lock.files import lock_of_bytes
from pickle_migrate.lock.git import Repository
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.refs import GlobalRef


@attrs.frozen
class OtherBranch:
    """The lock on another branch. ``ref`` is its name, ``commit`` its newest commit. ``base`` is
    the lock of the commit ``base_commit``, where both parted, ``theirs`` that of the branch. A lock
    that was not there then is empty. ``ours``: where this branch has merged the other, as CI does
    with a pull request, the lock that it had before; None: it is what is there now.
    """

    ref: str
    commit: str
    base_commit: str
    base: Lock
    theirs: Lock
    ours: Lock | None = None


@attrs.frozen
class TwoHeads:
    """A version that both branches made. ``ref`` and ``version`` say which, ``ours`` and ``theirs``
    what it is on each branch, ``base`` what was the newest when they parted (None: the class is new
    on both). ``differs``: they are not the same; the steps to them may differ even if they are.
    """

    ref: GlobalRef
    version: int
    ours: LockedVersion
    theirs: LockedVersion
    base: LockedVersion | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """What is other on our branch than on theirs."""
        return between_versions(self.theirs, self.ours)

    @property
    def differs(self) -> bool:
        """Whether fields, types, the shape of the state or the fingerprint differ."""
        mine, other = self.ours.fingerprint, self.theirs.fingerprint
        return bool(self.changes) or (mine != other and None not in (mine, other))

    def describe(self) -> str:
        """It in a line."""
        how = ", with other fields" if self.differs else ", with the same fields"
        if not self.differs and None in (self.ours.fields, self.theirs.fields):
            how = ""
        return f"{self.ref}: both branches made version {self.version}{how}"


def other_branch(path: Path, ref: str) -> OtherBranch:
    """The lock at ``path`` as it is on another branch and where it parted from this one (HEAD).

    Runs git, which changes nothing. Raises LockError for whatever stands in the way: no repository,
    no such branch, a clone that does not hold where they parted, a lock that cannot be read.
    """
    repository = Repository.of(path)
    commit = repository.commit_of(ref)
    mine = repository.merged(ref)
    base_commit = repository.merge_base(ref, mine or "HEAD")
    return OtherBranch(
        ref,
        commit,
        base_commit,
        lock_of_commit(repository, base_commit, path),
        lock_of_commit(repository, commit, path),
        None if mine is None else lock_of_commit(repository, mine, path),
    )


def made_by_both(path: Path, ref: str, now: Lock) -> tuple[TwoHeads, ...]:
    """The versions that this branch and another both made since they parted, and that nobody has
    put one after the other yet. ``now`` is the lock of this branch, as file or as the code says it.

    Runs git, and raises LockError, as ``other_branch``.
    """
    other = other_branch(path, ref)
    if other.ours is None:
        found = two_heads(other.base, now, other.theirs)
        # Theirs taken over, and more after it: `merge` leaves that on a branch not merged yet.
        return tuple(
            one
            for one in found
            if one.ours != one.theirs or not is_settled(one.ref, other.theirs, other.theirs, now)
        )
    found = two_heads(other.base, other.ours, other.theirs)
    return tuple(one for one in found if not is_settled(one.ref, other.ours, other.theirs, now))


def is_settled(ref: GlobalRef, ours: Lock, theirs: Lock, now: Lock) -> bool:
    """Whether a class has a version more by now than either branch had."""
    newest = [found.head.version for lock in (ours, theirs) if (found := _known(lock, ref))]
    merged = _known(now, ref)
    return merged is not None and merged.head.version > max(newest, default=0)


def _known(lock: Lock, ref: GlobalRef) -> LockedClass | None:
    named = (one for one in lock.classes if str(ref) in one.old_names)
    return lock.of(ref) or next(named, None)


def lock_at(path: Path, ref: str) -> Lock:
    """The lock as it is in a commit; empty if it was not there. Raises LockError."""
    repository = Repository.of(path)
    return lock_of_commit(repository, repository.commit_of(ref), path)


def lock_of_commit(repository: Repository, commit: str, path: Path) -> Lock:
    """The lock as it is in a commit, given by its hash; empty if it was not there then. Raises
    LockError.
    """
    name = Path(os.path.realpath(path)).name
    data = repository.read(commit, name)
    if data is None:
        return Lock()
    try:
        return lock_of_bytes(data, str(path))
    except LockError as error:
        problem = f"in commit {commit[:12]}, {error.problem}"
        raise LockError(str(path), problem, error.remedy) from error


def two_heads(base: Lock, ours: Lock, theirs: Lock) -> tuple[TwoHeads, ...]:
    """The versions that both branches made since they parted, sorted by ref and version.

    A version that is in ``base`` was made before; one that was accepted to be other there since is
    told too, if both branches have it otherwise. Of a class that is new on both branches, only what
    differs is told: the same class came over by a copied commit.
    """
    return tuple(sorted(_two_heads(base, ours, theirs), key=lambda one: (one.ref, one.version)))


def _two_heads(base: Lock, ours: Lock, theirs: Lock) -> Iterator[TwoHeads]:
    for mine in ours.classes:
        other = same_class(theirs, mine)
        if other is None:
            continue
        before = same_class(base, mine) or same_class(base, other)
        for version in mine.versions:
            found = other.at(version.version)
            if found is None:
                continue
            both = TwoHeads(
                mine.ref, version.version, version, found, before.head if before else None
            )
            known = before.at(version.version) if before else None
            if known is None:
                if both.differs or (before is not None and version.version > before.head.version):
                    yield both
            elif (
                both.differs
                and known not in (version, found)
                and known.fields is not None
                and not fields_merge(known, version, found)
            ):
                yield both


def fields_merge(base: LockedVersion, ours: LockedVersion, theirs: LockedVersion) -> bool:
    """Whether what both branches did to the fields of one version can be had together: both saw
    more of it in pickles; or the class says ``fill=True``, no field has another type on each, and
    nothing else differs.
    """
    if ours.seen and theirs.seen:
        return True
    mine, other = dict(ours.fields or ()), dict(theirs.fields or ())
    same = all(mine[name] == other[name] for name in mine.keys() & other.keys())
    forms = {(one.state, one.order) for one in (base, ours, theirs)}
    return ours.fill and theirs.fill and same and len(forms) == 1


def same_class(lock: Lock, one: LockedClass) -> LockedClass | None:
    """The class of another lock that is this one: of its ref, or of a name that it had before, or
    one that had this one's name before.
    """
    found = lock.of(one.ref)
    if found is not None:
        return found
    for other in lock.classes:
        if str(other.ref) in one.old_names or str(one.ref) in other.old_names:
            return other
    return None
