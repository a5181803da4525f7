"""What has to change when two branches both made a version: a plan, before anything is written."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import attrs

from pickle_migrate.errors import LockError
from pickle_migrate.lock import files, toml_lines
from pickle_migrate.lock.against import is_settled, lock_at, lock_of_commit, same_class
from pickle_migrate.lock.git import Repository
from pickle_migrate.lock.merging import Merged, Renumbered, merged
from pickle_migrate.lock.numbers_in_source import Number, numbers_of, renumbered
from pickle_migrate.lock.values import Lock, LockedVersion
from pickle_migrate.refs import GlobalRef

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


@attrs.frozen
class SourceChange:
    """One file of source code, before and after. Both are text as it stands in the file."""

    path: Path
    before: str
    after: str

    def diff(self, shown: str) -> list[str]:
        """The difference in lines, as ``diff -u`` has it, with the path as ``shown``."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), shown, shown, lineterm="", n=1
        )
        return list(lines)


@attrs.frozen
class MergePlan:
    """What ``merge`` will do.

    ``classes`` are those whose versions get other numbers, ``same`` those whose new version is the
    same on both branches, so that it stays. ``by_hand`` says in sentences what nobody but a person
    can do, ``advice`` what a person should look at. With one of ``problems``, nothing may be
    written.
    """

    sides: Sides
    lock: Lock
    classes: tuple[Renumbered, ...] = ()
    same: tuple[GlobalRef, ...] = ()
    sources: tuple[SourceChange, ...] = ()
    by_hand: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


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
    elif (now := _now(path)) is not None:
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
    ours are not told any more. Raises LockError for a lock that is damaged otherwise.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    known = {str(one.ref) for one in theirs.classes}
    first: dict[str, int] = {}
    newest: dict[str, int] = {}
    for _, line in toml_lines.twice(text):
        ref, number = (*line.path, "", "")[:2]
        if number.isdigit() and ref in known:
            first[ref] = min(int(number), first.get(ref, int(number)))
    for line in toml_lines.lines(text):
        ref, number = (*line.path, "", "")[:2]
        if ref in first and number.isdigit():
            newest[ref] = max(int(number), newest.get(ref, 0))
    if not first:
        files.read_lock(path)  # which says what is wrong with it
    base, ours = [], []
    for one in theirs.classes:
        start = first.get(str(one.ref))
        if start is None:
            base.append(one)
            ours.append(one)
            continue
        before = tuple(version for version in one.versions if version.version < start)
        mine = range(start, newest[str(one.ref)] + 1)
        made = tuple(LockedVersion(number, None, None, one.head.state) for number in mine)
        base += [attrs.evolve(one, versions=before)] if before else []
        ours.append(attrs.evolve(one, versions=(*before, *made)))
    return Lock(tuple(base)), Lock(tuple(ours))


def merge_plan(path: Path, against: str | None = None) -> MergePlan:
    """What has to change so that this branch's versions follow those of the other. Reads the lock
    and the source code of the work tree, imports nothing, writes nothing. Raises LockError.
    """
    sides = sides_of(path, against)
    now = _now(path)
    found = _without_settled(merged(sides.base, sides.ours, sides.theirs), sides, now)
    if not found.renumbered:
        return MergePlan(sides, found.lock)
    return _with_sources(Repository.of(path), sides, found)


def _now(path: Path) -> Lock | None:
    """The lock that is there; None if it cannot be read, as git may have left it."""
    try:
        return files.read_lock(path)
    except LockError:
        return None


def _without_settled(found: Merged, sides: Sides, now: Lock | None) -> Merged:
    """What is left to do where the lock can be read: it is kept, but for the classes that still
    have two heads. What can't be read is made anew of both branches.
    """
    if now is None:
        return found
    left = tuple(
        one for one in found.renumbered if not is_settled(one.ref, sides.ours, sides.theirs, now)
    )
    new = [one for number in left if (one := found.lock.of(number.ref)) is not None]
    kept = [one for one in now.classes if same_class(Lock(tuple(new)), one) is None]
    return Merged(Lock(tuple(sorted([*kept, *new], key=lambda one: one.ref))), left)


@attrs.define
class _Edits:
    """The sources while one class after the other is renumbered in them."""

    repository: Repository
    sides: Sides
    before: dict[Path, str] = attrs.field(factory=dict)
    now: dict[Path, str] = attrs.field(factory=dict)
    problems: list[str] = attrs.field(factory=list)

    def text_in(self, commit: str, path: Path) -> str | None:
        """A file as it is in a commit, None if it was not there."""
        data = self.repository.read_at_top(commit, path)
        return None if data is None else data.decode(errors="replace")

    def is_ours_too(self, path: Path, module: str, one: Renumbered, number: Number) -> bool:
        """Whether a declaration of theirs stood in the same file of ours, before the merge."""
        if self.sides.ours_commit is None:
            return True
        text = self.text_in(self.sides.ours_commit, path)
        try:
            ours = numbers_of(text or "", module, one.ref)
        except SyntaxError:
            return False
        return any(other.text == number.text for other in ours)


def _with_sources(repository: Repository, sides: Sides, found: Merged) -> MergePlan:
    edits = _Edits(repository, sides)
    _read_sources(edits, [one.ref for one in found.renumbered])
    classes: list[Renumbered] = []
    same: list[GlobalRef] = []
    by_hand: list[str] = []
    advice: list[str] = []
    for one in found.renumbered:
        before = dict(edits.now)
        changed, kept = _renumber(edits, one)
        if _is_the_same(one, changed, kept):
            edits.now = before
            same.append(one.ref)
            continue
        classes.append(one)
        by_hand += _missing(one, changed)
        by_hand += _touched_by_both(one)
        advice += _to_look_at(one)
    lock = found.lock
    if same:
        theirs = {one.ref: one for one in sides.theirs.classes}
        kept_classes = [
            theirs.get(one.ref, one) if one.ref in same else one for one in lock.classes
        ]
        lock = Lock(tuple(kept_classes))
    sources = [
        SourceChange(path, edits.before[path], text)
        for path, text in edits.now.items()
        if text != edits.before[path]
    ]
    return MergePlan(
        sides,
        lock,
        tuple(classes),
        tuple(same),
        tuple(sources),
        tuple(by_hand),
        tuple(advice),
        tuple(edits.problems),
    )


def _read_sources(edits: _Edits, refs: list[GlobalRef]) -> None:
    names = {ref.qualname.rpartition(".")[2] for ref in refs}
    for path in edits.repository.files("*.py"):
        try:
            text = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            continue
        if any(name in text for name in names):
            edits.before[path] = edits.now[path] = text


def _renumber(edits: _Edits, one: Renumbered) -> tuple[list[tuple[Number, int]], list[Number]]:
    changed: list[tuple[Number, int]] = []
    kept: list[Number] = []
    for path, text in edits.now.items():
        others = edits.text_in(edits.sides.theirs_commit, path)
        module = _module_of(path, one.ref)
        try:
            found = renumbered(text, module, one.ref, one.numbers, others)
        except SyntaxError as error:
            if str(one.ref) in text or module == one.ref.module:
                edits.problems.append(_no_source(path, error))
            continue
        for number, _ in found.changed:
            if number.kind == "class" and number.value > one.head:
                edits.problems.append(
                    f"{path}, line {number.line}: {one.ref} is at version {number.value} already, "
                    f"above {one.head}. Correct it by hand."
                )
        edits.now[path] = found.source
        changed += found.changed
        kept += [number for number in found.kept if edits.is_ours_too(path, module, one, number)]
    return changed, kept


def _module_of(path: Path, ref: GlobalRef) -> str:
    """The class's module if this may be its file: the path ends as the module's does."""
    parts = list(path.with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    wanted = ref.module.split(".")
    return ref.module if parts[-len(wanted) :] == wanted else ""


def _no_source(path: Path, error: SyntaxError) -> str:
    try:
        marked = "<<<<<<<" in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        marked = False
    if marked:
        return (
            f"{path}: git left a conflict there. Resolve it first: keep the steps of both "
            "branches, and leave the numbers as they are."
        )
    return f"{path}, line {error.lineno}: it is no Python: {error.msg}."


def _is_the_same(one: Renumbered, changed: list[tuple[Number, int]], kept: list[Number]) -> bool:
    """Whether every step of ours is one of theirs, word by word, and leads to the same."""
    if one.differs:
        return False
    ours = [number for number, _ in changed if number.kind != "class"]
    steps = {number.value for number in kept if number.kind == "step"}
    return not ours and steps >= {old - 1 for old in one.numbers}


def _missing(one: Renumbered, changed: list[tuple[Number, int]]) -> Iterator[str]:
    if not any(number.kind == "class" for number, _ in changed):
        yield (
            f"Raise {one.ref} to version {one.head}: no @versioned with a number was found for it, "
            "or it is there already."
        )
    steps = {new for number, new in changed if number.kind == "step"}
    for new in one.numbers.values():
        if new > 1 and new - 1 not in steps:
            yield f"Declare the step {new - 1} -> {new} of {one.ref}: none was found that is yours."


def _touched_by_both(one: Renumbered) -> Iterator[str]:
    if one.touched_by_both:
        names = ", ".join(one.touched_by_both)
        yield (
            f"Both branches changed {names} of {one.ref}: your step was written for version "
            f"{one.base}, where that was otherwise."
        )


def _to_look_at(one: Renumbered) -> Iterator[str]:
    first = min(one.numbers.values())
    if first > 1 and one.base:
        told = "; ".join(change.describe() for change in one.others) or "no field changed"
        yield (
            f"Read the step {first - 1} -> {first} of {one.ref} again: it takes what the other "
            f"branch made of version {one.base} ({told})."
        )
