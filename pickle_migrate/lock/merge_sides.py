"""The three locks of a merge: where both branches parted, ours, and theirs, as git has them."""

from __future__ import annotations

from pathlib import Path

import attrs

from pickle_migrate.errors import LockError
from pickle_migrate.lock import files, toml_lines
from pickle_migrate.lock.against import lock_at, lock_of_commit
from pickle_migrate.lock.git import Repository
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.schema import Schema

#: Git's names for the commit that is being brought in, and whether it is ours: a rebase puts our
#: commits on top of theirs one by one.
_UNDER_WAY = (("MERGE_HEAD", False), ("REBASE_HEAD", True), ("CHERRY_PICK_HEAD", True))


@attrs.frozen
class Sides:
    """The three locks of a merge. ``theirs_commit`` is the newest commit of the other branch,
    ``name`` what the user calls it. ``ours_commit`` is this branch before the merge; None: it is
    the work tree, or nobody knows.
    """

    base: Lock
    ours: Lock
    theirs: Lock
    theirs_commit: str
    name: str
    ours_commit: str | None = None


def sides_of(path: Path, against: str | None) -> Sides:
    """The locks to merge. ``against`` names the other branch; None: that of the merge, rebase or
    cherry-pick that is under way. Runs git, which changes nothing. Raises LockError.
    """
    repository = Repository.of(path)
    if against is None:
        for name, is_ours in _UNDER_WAY:
            if repository.has(name):
                return _under_way(repository, path, name, is_ours)
        if repository.has("HEAD^2"):  # a merge that git finished by itself
            return sides_of(path, "HEAD^2")
        raise LockError(
            str(path),
            "no merge is under way here",
            "Name the branch that yours is merged with: --against origin/main",
        )
    commit = repository.commit_of(against)
    mine = repository.merged(against)
    base_commit = repository.merge_base(against, mine or "HEAD")
    base, theirs = (lock_of_commit(repository, one, path) for one in (base_commit, commit))
    if mine is not None:
        ours = lock_of_commit(repository, mine, path)
    elif (now := lock_now(path)) is not None:
        ours = now
    else:
        base, ours = _untangled(path, theirs)
    return Sides(base, ours, theirs, commit, against, mine)


def _under_way(repository: Repository, path: Path, name: str, is_ours: bool) -> Sides:
    mine, theirs = (name, "HEAD") if is_ours else ("HEAD", name)
    ours_commit, commit = repository.commit_of(mine), repository.commit_of(theirs)
    if not is_ours:
        base = lock_of_commit(repository, repository.merge_base(theirs), path)
    else:
        base = lock_at(path, f"{mine}^") if repository.has(f"{mine}^") else Lock()
    ours, other = (lock_of_commit(repository, one, path) for one in (ours_commit, commit))
    return Sides(base, ours, other, commit, theirs, ours_commit)


def _untangled(path: Path, theirs: Lock) -> tuple[Lock, Lock]:
    """Where both parted, and ours, out of a lock whose lines contradict each other: what a rebase
    leaves that git finished by itself. Whatever is contradicted was made by both; the fields of
    ours are not told any more, but for a class that fills, which has those of both. Raises
    LockError for a lock that is damaged otherwise.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    contradicted = {line.path[:2] for _, line in toml_lines.twice(text) if _is_version(line.path)}
    found = [line for line in toml_lines.lines(text) if _is_version(line.path)]
    base, ours = [], []
    changed = False
    for one in theirs.classes:
        numbers = [int(at[1]) for at in contradicted if at[0] == str(one.ref)]
        lines = [line for line in found if line.path[0] == str(one.ref)]
        changed = changed or bool(numbers)
        base_of, ours_of = _untangled_class(one, sorted(numbers), lines)
        base += [base_of] if base_of.versions else []
        ours.append(ours_of)
    if not changed:
        files.read_lock(path)  # which says what is wrong with it
    return Lock(tuple(base)), Lock(tuple(ours))


def _is_version(path: toml_lines.Path) -> bool:
    return len(path) > 2 and path[1].isdigit()


def _untangled_class(
    one: LockedClass, numbers: list[int], lines: list[toml_lines.Line]
) -> tuple[LockedClass, LockedClass]:
    if not numbers:
        return one, one
    together = [one.at(number) for number in numbers]
    if all(version is not None and (version.fill or version.seen) for version in together):
        mine = {v.version: _with_all(v, lines) for v in together if v is not None}
        return one, attrs.evolve(
            one, versions=tuple(mine.get(version.version, version) for version in one.versions)
        )
    before = tuple(version for version in one.versions if version.version < numbers[0])
    newest = max(int(line.path[1]) for line in lines)
    made = tuple(
        LockedVersion(number, None, None, one.head.state)
        for number in range(numbers[0], newest + 1)
    )
    return attrs.evolve(one, versions=before), attrs.evolve(one, versions=(*before, *made))


def _with_all(version: LockedVersion, lines: list[toml_lines.Line]) -> LockedVersion:
    """A version with every field that either branch has for it."""
    at = (str(version.version), "fields")
    fields = tuple(sorted({x.path[3]: str(x.value) for x in lines if x.path[1:3] == at}.items()))
    fingerprint = version.fingerprint if version.seen else Schema(fields).fingerprint()
    return attrs.evolve(version, fields=fields, fingerprint=fingerprint)


def lock_now(path: Path) -> Lock | None:
    """The lock that is there; None if it cannot be read, as git may have left it."""
    try:
        return files.read_lock(path)
    except LockError:
        return None
