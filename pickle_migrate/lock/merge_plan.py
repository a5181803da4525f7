"""What has to change when two branches both made a version: a plan, before anything is written."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import attrs

from pickle_migrate.lock.against import is_settled, same_class
from pickle_migrate.lock.git import Repository
from pickle_migrate.lock.merge_sides import Sides, lock_now, sides_of
from pickle_migrate.lock.merging import Merged, Renumbered, merged
from pickle_migrate.lock.numbers_in_source import Number, numbers_of, renumbered
from pickle_migrate.lock.values import Lock
from pickle_migrate.refs import GlobalRef


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


def merge_plan(path: Path, against: str | None = None) -> MergePlan:
    """What has to change so that this branch's versions follow those of the other. Reads the lock
    and the source code of the work tree, imports nothing, writes nothing. Raises LockError.
    """
    sides = sides_of(path, against)
    now = lock_now(path)
    found = _without_settled(merged(sides.base, sides.ours, sides.theirs), sides, now)
    if not found.renumbered:
        return MergePlan(sides, found.lock)
    return _with_sources(Repository.of(path), sides, found)


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
