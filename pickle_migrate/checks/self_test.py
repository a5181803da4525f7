"""The check of the check: break something on purpose, in memory, and see that it is noticed.

Loads archived pickles, which runs their code. Nothing is written, and all that was exchanged is put
back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from pickle_migrate.archive import loads
from pickle_migrate.archive.loads import Loaded
from pickle_migrate.archive.records import states_text
from pickle_migrate.archive.values import Record
from pickle_migrate.checks import places
from pickle_migrate.checks.classes import Known, check_classes
from pickle_migrate.checks.falsify import falsified
from pickle_migrate.checks.material import Material
from pickle_migrate.checks.modes import Mode
from pickle_migrate.checks.rules import DRIFT, NOT_NOTICED
from pickle_migrate.checks.samples import today_of
from pickle_migrate.checks.steps import all_finishers, all_steps, changed_steps
from pickle_migrate.checks.values import BROKEN, CheckedItem, CheckFinding
from pickle_migrate.errors import ArchiveError
from pickle_migrate.lineage import LineageRecord
from pickle_migrate.lock.values import Lock, LockedClass
from pickle_migrate.migration import Migration
from pickle_migrate.refs import GlobalRef

GROUP: Final = "self-test"
#: Archived pickles that are tried for one step, before it counts as not noticed.
TRIED: Final = 5
_NEW: Final = "_renamed_by_the_self_test"
Step = Callable[[str], None]


class SelfTest:
    """Breaks one thing after the other. ``kept``: the archived pickles that are as they should be,
    for only those can tell.
    """

    def __init__(self, material: Material, mode: Mode, kept: list[Record]) -> None:
        self._material = material
        self._mode = mode
        self._kept = kept
        self._paths = {record.file for record in kept}
        self._naming: dict[GlobalRef, list[Record]] = {}
        registry = material.registry
        # The steps of a pack are proved by the pack's own pickles.
        self._steps = [s for s in all_steps(registry) if registry.pack_of(s.ref) is None]
        self._finishers = [
            one for one in all_finishers(registry) if registry.pack_of(one[0].ref) is None
        ]

    @property
    def total(self) -> int:
        """How many archived pickles and steps there are to break."""
        return len(self._kept) + len(self._steps) + len(self._finishers)

    def check(self, known: Known | None, step: Step) -> Iterator[CheckedItem]:
        """An item for each thing that was broken. ``known``: what the checks of classes go by; None
        leaves them out.
        """
        if known is not None:
            for now in known.today.classes:
                yield from _of_class(now, known)
        for record in self._kept:
            yield self._of_record(record)
            step(record.file)
        yield from self._of_steps(step)
        yield from self._of_finishers(step)

    # --- expectations -------------------------------------------------------------------------

    def _of_record(self, record: Record) -> CheckedItem:
        subject = f"the expectation of {places.shown(record.file)}"
        loaded = loads.load_record(record)
        for ref in loads.refs_of(loaded):
            self._naming.setdefault(today_of(ref, self._material.registry), []).append(record)
        missed = [] if loaded.problem is not None else list(_unnoticed(loaded))
        if not missed:
            return CheckedItem(GROUP, subject)
        what = f"With {', '.join(missed)} falsified in the record, the same was found."
        return _not_noticed(subject, what, "This is an error of pickle_migrate: please report it.")

    # --- steps --------------------------------------------------------------------------------

    def _of_steps(self, step: Step) -> Iterator[CheckedItem]:
        for migration in self._steps:
            step(str(migration.ref))
            ref = self._heir(migration.ref, migration.version)
            if self._is_asked(ref, migration.version) and not self._is_covered(migration):
                yield self._of_step(ref, migration)

    def _of_step(self, ref: GlobalRef, migration: Migration) -> CheckedItem:
        subject = f"the step of {migration.ref} from {migration.source} to {migration.target}"

        def dropped(one: Migration) -> Migration | None:
            # A squashed step and a single one from the same version stand in for each other.
            is_it = one.ref == migration.ref and one.version == migration.version
            return None if is_it else one

        tried = self._candidates(ref, migration.version)
        with changed_steps(dropped, registry=self._material.registry):
            if any(_is_noticed(record) for record in tried):
                return CheckedItem(GROUP, subject)
        return _step_not_noticed(subject, tried, places.of_step(migration.origin))

    def _of_finishers(self, step: Step) -> Iterator[CheckedItem]:
        for lineage, version, finisher in self._finishers:
            step(str(lineage.ref))
            ref = self._heir(lineage.ref, version)
            if not self._is_asked(ref, version):
                continue
            name = getattr(finisher, "__qualname__", type(finisher).__name__)
            subject = f"the finishing stage {name} of {lineage.ref} from {version}"

            def dropped(record: LineageRecord, at: int, one: Any, gone: Any = finisher) -> Any:
                return None if one is gone else one

            tried = self._candidates(ref, version)
            with changed_steps(lambda s: s, dropped, registry=self._material.registry):
                noticed = any(_is_noticed(record) for record in tried)
            place = places.of_function(finisher)
            yield (
                CheckedItem(GROUP, subject) if noticed else _step_not_noticed(subject, tried, place)
            )

    def _candidates(self, ref: GlobalRef, version: int) -> list[Record]:
        found = self._material.samples.up_to(ref, version)
        found = [record for record in found if record.file in self._paths]
        # Of a class that is not the project's own, records do not say the version.
        return (found or self._naming.get(ref, []))[:TRIED]

    def _heir(self, ref: GlobalRef, version: int) -> GlobalRef:
        return today_of(ref, self._material.registry, version)

    def _is_asked(self, ref: GlobalRef, version: int) -> bool:
        now = self._material.today.of(ref)
        if now is None:
            return True
        return self._mode.reads(version, self._material.versions(ref), now.head.version)

    def _is_covered(self, migration: Migration) -> bool:
        """Whether a squashed migration leads over this step, so that old pickles pass it by."""
        return any(
            one is not migration
            and one.ref == migration.ref
            and one.version <= migration.version
            and one.target >= migration.target
            and one.target - one.version > 1
            for one in self._steps
        )


def _unnoticed(loaded: Loaded) -> Iterator[str]:
    """What was falsified in the expectation of a loaded pickle and made no difference."""
    states = list(loaded.states)
    for words, new in falsified(states):
        text = states_text(new)
        record = attrs.evolve(loaded.record, expected_text=text, expected_in=())
        try:
            if not loads.compare(loaded, record):
                yield words
        except ArchiveError:
            continue  # noticed: it cannot even be read


def _is_noticed(record: Record) -> bool:
    loaded = loads.load_record(record)
    if loaded.problem is not None:
        return True
    try:
        return bool(loads.compare(loaded))
    except ArchiveError:
        return False


def _not_noticed(
    subject: str, what: str, advice: str, place: places.Place | None = None
) -> CheckedItem:
    place = place or places.Place()
    found = CheckFinding(
        NOT_NOTICED, BROKEN, subject, what, advice, place.path, place.line, facts={"what": subject}
    )
    return CheckedItem(GROUP, subject, (found,))


def _step_not_noticed(subject: str, tried: list[Record], place: places.Place) -> CheckedItem:
    if not tried:
        what = "Nothing noticed that it was dropped: no archived pickle needs it."
    else:
        names = ", ".join(places.shown(record.file) for record in tried[:3])
        what = f"Nothing noticed that it was dropped: {names} load the same without it."
    advice = (
        "Archive a pickle that needs it, written by the code of that version, and whose state is "
        "another one without it: pickle-migrate archive"
    )
    return _not_noticed(subject, what, advice, place)


_UNKNOWN = "Nobody knows its fields, so nothing would notice if one had another name."
_DECLARE = "Declare them in the class, or archive a pickle of it, and run pickle-migrate lock"


# --- fields -----------------------------------------------------------------------------------


def _of_class(now: LockedClass, known: Known) -> Iterator[CheckedItem]:
    """Rename a field of today's version, and see that it is drift."""
    locked = known.lock.of(now.ref)
    if locked is None or locked.head.version != now.head.version or now.ref in known.filled:
        return
    fields, subject = locked.head.fields, f"the fields of {now.ref}"
    if fields is None and now.head.fields is not None:
        what = "The lock does not know its fields, and archived pickles show them by now."
        place = places.of_class(now.ref)
        yield _not_noticed(subject, what, "Write it again: pickle-migrate lock", place)
        return
    if fields is None:
        if now.head.version not in known.samples.get(now.ref, frozenset()):
            yield _not_noticed(subject, _UNKNOWN, _DECLARE, places.of_class(now.ref))
        return
    (name, kind), *rest = fields or (("", ""),)
    new = tuple(sorted(((name + _NEW, kind), *rest)))
    head = attrs.evolve(now.head, fields=new, fingerprint=None)
    other = attrs.evolve(now, versions=(*now.versions[:-1], head))
    changed = attrs.evolve(known, lock=Lock((locked,)), today=Lock((other,)))
    found = [one.rule for item in check_classes(changed) for one in item.findings]
    if DRIFT in found:
        yield CheckedItem(GROUP, subject)
    else:
        what = f"Nothing noticed that {name or 'a new field'} had another name."
        advice = "This is an error of pickle_migrate: please report it."
        yield _not_noticed(subject, what, advice, places.of_class(now.ref))
