"""The checks of classes: the lock against the code, steps, samples. Pure: values in, findings out.

``today`` is the lock that the code itself would give. Nothing is imported, loaded or written.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from pickle_migrate.checks import places
from pickle_migrate.checks.modes import Mode
from pickle_migrate.checks.plain import unlocked_fields
from pickle_migrate.checks.rules import (
    DRIFT,
    GAP,
    GONE,
    NO_SAMPLE,
    NOT_LOCKED,
    OLDER_THAN_LOCK,
)
from pickle_migrate.checks.values import BROKEN, CheckedItem, CheckFinding
from pickle_migrate.errors import GapError, PickleMigrateError
from pickle_migrate.filling.changes import allows
from pickle_migrate.lock.changes import Change, ClassChange, between
from pickle_migrate.lock.values import Lock, LockedClass
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry
from pickle_migrate.routes import steps_between


@attrs.frozen
class Known:
    """What the checks of classes go by. ``samples``: today's ref to the versions that archived
    pickles hold; ``filled``: the classes that say ``fill=True``, whose fields may come and go.
    ``lock_path`` is for messages.
    """

    lock: Lock
    today: Lock
    samples: dict[GlobalRef, frozenset[int]]
    mode: Mode
    lock_path: str = ""
    filled: frozenset[GlobalRef] = frozenset()
    registry: Registry = DEFAULT

    def versions(self, ref: GlobalRef) -> list[int]:
        """The versions of a class that the lock, the code or the archive knows."""
        locked = [one.of(ref) for one in (self.lock, self.today)]
        found = {v.version for one in locked if one is not None for v in one.versions}
        unstamped = {one.unstamped for one in locked if one is not None and one.unstamped}
        return sorted(found | unstamped | self.samples.get(ref, frozenset()))


def check_classes(known: Known) -> Iterator[CheckedItem]:
    """Every class of the code and of the lock, in the order of their refs, with what is found."""
    changes = {change.ref: change for change in between(known.lock, known.today)}
    refs = {one.ref for one in known.today.classes} | changes.keys()
    for ref in sorted(refs):
        found: list[CheckFinding] = []
        change = changes.get(ref)
        if change is not None:
            found += _of_change(change, known)
        now = known.today.of(ref)
        if now is not None and not any(one.rule == DRIFT for one in found):
            found += _set_since(now, known)
        if now is not None:
            found += _gaps(now, known)
            found += _without_samples(now, known)
        yield CheckedItem("class", str(ref), tuple(found))


def with_findings(
    items: Iterator[CheckedItem], told: dict[GlobalRef, list[CheckFinding]]
) -> Iterator[CheckedItem]:
    """The items of classes, with these findings added to those that they are of; a class that has
    no item gets one.
    """
    left = {str(ref): tuple(found) for ref, found in told.items()}
    for item in items:
        more = left.pop(item.subject, ())
        yield attrs.evolve(item, findings=(*item.findings, *more)) if more else item
    for subject, found in left.items():
        yield CheckedItem("class", subject, found)


def finding(rule: str, ref: GlobalRef, what: str, advice: str, **facts: object) -> CheckFinding:
    """A finding of a class, with the place where it is declared."""
    place = places.of_class(ref)
    return CheckFinding(
        rule,
        BROKEN,
        str(ref),
        what,
        advice,
        place.path,
        place.line,
        facts={"ref": str(ref), **facts},
    )


# --- the lock against the code ----------------------------------------------------------------


def _of_change(change: ClassChange, known: Known) -> Iterator[CheckFinding]:
    before, after, ref = change.before, change.after, change.ref
    if after is None:
        assert before is not None
        yield _gone(before)
    elif before is None:
        what = f"It is at version {after.head.version}, and the lock does not have it."
        yield finding(NOT_LOCKED, ref, what, _LOCK, version=after.head.version)
    elif after.head.version < before.head.version:
        yield _older(before, after)
    elif after.head.version > before.head.version:
        what = (
            f"It is at version {after.head.version}, and the newest one in the lock is "
            f"{before.head.version}."
        )
        details = tuple(one.describe() for one in change.changes)
        found = finding(NOT_LOCKED, ref, what, _LOCK, version=after.head.version)
        yield attrs.evolve(found, details=details)
    elif drift := _drift_in(change, known):
        yield _drift(attrs.evolve(change, drift=drift))
    elif any(one.kind == "moved" for one in change.changes):
        what = f"It is {ref} today, and the lock has it as {before.ref}."
        yield finding(NOT_LOCKED, ref, what, _LOCK, version=after.head.version)


_LOCK = "Write the lock, and commit it: pickle-migrate lock"


def _drift_in(change: ClassChange, known: Known) -> tuple[Change, ...]:
    # What was only seen, in some archived pickles, may lack what others have.
    is_seen = change.after is not None and change.after.head.seen
    found = tuple(one for one in change.drift if not is_seen or one.kind == "added")
    if change.ref not in known.filled:
        return found
    cls = known.registry.class_at(change.ref)
    return tuple(one for one in found if not _is_filled(cls, one))


def _is_filled(cls: type | None, change: Change) -> bool:
    if cls is None:
        return change.kind in ("added", "removed")
    return allows(cls, change.kind, change.name)


def _drift(change: ClassChange) -> CheckFinding:
    version = change.version or 1
    what = f"It changed since version {version} was locked, and is still version {version}."
    advice = (
        f"Make it version {version + 1} with a migration from {version}: pickle-migrate make\n"
        f"If no pickle of version {version} was ever kept, lock it as it is: pickle-migrate lock "
        f"--accept {change.ref}"
    )
    details = tuple(one.describe() for one in change.drift)
    fields = [one.name for one in change.drift if one.name]
    found = finding(DRIFT, change.ref, what, advice, version=version, fields=fields)
    return attrs.evolve(found, details=details)


def _set_since(now: LockedClass, known: Known) -> Iterator[CheckFinding]:
    """Drift of a class that declares no fields, by what its ``__init__`` sets."""
    locked = known.lock.of(now.ref)
    if locked is None or locked.head.version != now.head.version or now.ref in known.filled:
        return
    names = unlocked_fields(locked, known.lock, known.registry)
    if names:
        added = tuple(Change("added", name) for name in names)
        yield _drift(ClassChange(now.ref, locked, now, drift=added, version=locked.head.version))


def _older(before: LockedClass, after: LockedClass) -> CheckFinding:
    newest, now = before.head.version, after.head.version
    what = f"The code has version {now}, and the lock has version {newest}."
    advice = (
        f"Pickles of version {newest} may be out there, and this code refuses them. Take the code "
        f"of version {newest} back, or go on to version {newest + 1}."
    )
    return finding(OLDER_THAN_LOCK, after.ref, what, advice, version=now, locked=newest)


def _gone(before: LockedClass) -> CheckFinding:
    ref = before.ref
    what = f"The lock has its versions up to {before.head.version}, and the code does not have it."
    advice = (
        f'If it is called otherwise today, say so: Lineage("NEW:NAME").renamed_from("{ref}"), or '
        "run pickle-migrate make. If its module is not imported, name that in the setting modules. "
        f"If its pickles are gone for good: pickle-migrate lock --forget {ref}"
    )
    return finding(GONE, ref, what, advice, version=before.head.version)


# --- steps and samples ------------------------------------------------------------------------


def _gaps(now: LockedClass, known: Known) -> Iterator[CheckFinding]:
    ref, current = now.ref, now.head.version
    versions = known.versions(ref)
    told: set[int] = set()
    for version in versions:
        if version >= current or not known.mode.reads(version, versions, current):
            continue
        try:
            _, gaps = steps_between(ref, version, current, known.registry.family(ref))
        except PickleMigrateError as error:
            yield finding(GAP, ref, error.what(), error.advice(), **error.facts())
            return
        for gap in gaps:
            if isinstance(gap, GapError) and gap.missing not in told:
                told.add(gap.missing)
                yield _gap(gap, ref)


def _gap(gap: GapError, ref: GlobalRef) -> CheckFinding:
    what = f"No migration leads from version {gap.missing} to {gap.missing + 1}."
    advice = f"{gap.advice()}\nOr have it written: pickle-migrate make"
    return finding(GAP, ref, what, advice, missing=gap.missing, current=gap.current)


def _without_samples(now: LockedClass, known: Known) -> Iterator[CheckFinding]:
    ref = now.ref
    locked = known.lock.of(ref) or now
    samples = known.samples.get(ref, frozenset())
    versions = known.versions(ref)
    for one in locked.versions:
        version = one.version
        if version in samples or not known.mode.reads(version, versions, now.head.version):
            continue
        what = f"No archived pickle holds its version {version}."
        yield finding(NO_SAMPLE, ref, what, _sample_advice(version, now), version=version)


def _sample_advice(version: int, now: LockedClass) -> str:
    if version >= now.head.version:
        return (
            "Archive one, from a file or from your tests: pickle-migrate archive FILE, or "
            "pytest --pickle-archive"
        )
    return (
        "Old bytes are written by old code: archive a file that was kept, or let the old release "
        "write one: pickle-migrate archive --release 'PACKAGE==VERSION' --writer write_samples.py"
    )
