"""The checks of archived pickles. Loading runs their code; nothing is written.

All are loaded once, in order. Those whose steps have to be watched are loaded again when the first
pass is over, all in one, since steps that are exchanged for watched ones have to be compiled anew.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from pickle_migrate import codecs, resolver, stamps
from pickle_migrate.archive import folder, loads, yaml_text
from pickle_migrate.archive.loads import Loaded
from pickle_migrate.archive.state_compare import differences
from pickle_migrate.archive.states import state_of
from pickle_migrate.archive.values import Record
from pickle_migrate.checks import places
from pickle_migrate.checks.again import Again, load_again
from pickle_migrate.checks.material import Material
from pickle_migrate.checks.modes import Mode
from pickle_migrate.checks.plans import NOWHERE, story_of
from pickle_migrate.checks.rules import (
    BYTES_CHANGED,
    DOES_NOT_LOAD,
    MISSING_REF,
    NOT_DETERMINISTIC,
    OTHER_STATE,
    RECORD,
    TOUCHES_OTHERS,
)
from pickle_migrate.checks.samples import today_of
from pickle_migrate.checks.values import BROKEN, COULD_NOT_RUN, CheckedItem, CheckFinding
from pickle_migrate.checks.watching import Touch, Watch, watched
from pickle_migrate.errors import ArchiveError, ContentError
from pickle_migrate.findings import Problem
from pickle_migrate.hooks import entry_of
from pickle_migrate.refs import GlobalRef
from pickle_migrate.unbuilt import is_older

#: Archived pickles of one combination of classes and versions that are loaded under watch.
WATCHED: Final = 10
# Loads whose objects are kept until they are compared with the second load.
_KEPT: Final = 500
#: Lines of a difference.
LINES: Final = 40
Step = Callable[[str], None]
_Ref = tuple[str, str]


class Pickles:
    """Looks at the records of an archive, one after the other."""

    def __init__(
        self,
        material: Material,
        mode: Mode,
        *,
        thorough: bool = False,
        imports: tuple[str, ...] = (),
    ) -> None:
        self._imports = imports
        self._material = material
        self._mode = mode
        self._most = None if thorough else WATCHED
        self._root = str(material.archive.root)
        self._shown = places.shown(self._root)
        self._old: dict[_Ref, bool] = {}
        self._kinds: Counter[frozenset[_Ref]] = Counter()

    def check(self, step: Step) -> list[CheckedItem]:
        """An item for each record, in their order. ``step`` is called after each."""
        found: dict[str, list[CheckFinding]] = {}
        again: list[tuple[Record, Loaded | None]] = []
        for record in self._material.archive.records:
            subject = self.subject(record)
            told: list[CheckFinding] = []
            found[subject] = told
            if (loaded := self._look(record, subject, told)) is not None:
                again.append((record, loaded if len(again) < _KEPT else None))
            step(subject)
        self._watch(again, found)
        if self._most is None and again:
            self._elsewhere([record for record, _ in again], found)
        return [CheckedItem("pickle", subject, tuple(told)) for subject, told in found.items()]

    def check_one(self, record: Record) -> CheckedItem:
        """The item of one record, all by itself. Many are checked faster together."""
        subject = self.subject(record)
        told: list[CheckFinding] = []
        if (loaded := self._look(record, subject, told)) is not None:
            self._watch([(record, loaded)], {subject: told})
        return CheckedItem("pickle", subject, tuple(told))

    def _look(self, record: Record, subject: str, told: list[CheckFinding]) -> Loaded | None:
        """Add what is found to ``told``; give what was loaded if it is to be loaded again."""
        if not self._is_asked(record):
            told += self._of_bytes(record, subject)
            return None
        loaded = loads.load_record(record)
        told += self._of_load(loaded, subject)
        is_other = any(one.rule == OTHER_STATE for one in told)
        return loaded if loaded.problem is None and (self._is_watched(loaded) or is_other) else None

    def subject(self, record: Record) -> str:
        """The path of a pickle as findings tell it."""
        path = record.file
        if path.startswith(self._root + os.sep):
            return f"{self._shown}/{path[len(self._root) + 1 :]}"
        return places.shown(path)

    # --- which, and how -----------------------------------------------------------------------

    def _is_asked(self, record: Record) -> bool:
        """Whether the mode asks that today's code reads the record."""
        if self._mode.backward and self._mode.transitive:
            return True
        held = self._material.samples.of.get(record.file, ())
        return all(self._material.is_read(one, self._mode) for one in held)

    def _is_watched(self, loaded: Loaded) -> bool:
        """Whether steps ran, and their like has not been watched often enough."""
        old = [ref for ref in loaded.refs if self._is_old(ref)]
        if not old:
            return False
        kind = frozenset(old)
        self._kinds[kind] += 1
        return self._most is None or self._kinds[kind] <= self._most

    def _is_old(self, ref: _Ref) -> bool:
        found = self._old.get(ref)
        if found is None:
            found = self._old[ref] = self._needs_steps(ref)
        return found

    def _needs_steps(self, pair: _Ref) -> bool:
        module, name = pair
        if module == stamps.MODULE and stamps.looks_like_stamp(name):
            cls = resolver.class_of_stamp(name)
            return cls is not None and entry_of(cls).stamp.text != name
        registry, ref = self._material.registry, GlobalRef(module, name)
        today = today_of(ref, registry)
        if registry.is_foreign(ref) or registry.is_foreign(today):
            return True  # its version stands in the state, which nobody has read here
        named = registry.class_at(today)
        return named is not None and is_older(named)

    # --- findings -----------------------------------------------------------------------------

    def _of_bytes(self, record: Record, subject: str) -> Iterator[CheckFinding]:
        try:
            data = folder.read_bytes(record.file)
        except OSError as error:
            yield _cannot_be_read(record, subject, error)
            return
        if hashlib.sha256(data).hexdigest() != record.sha256:
            yield _bytes_changed(record, subject)

    def _of_load(self, loaded: Loaded, subject: str) -> Iterator[CheckFinding]:
        record = loaded.record
        if loaded.sha256 and not loaded.is_intact:
            yield _bytes_changed(record, subject)
        elif loaded.problem is not None:
            yield from _does_not_load(record, subject, loaded.problem)
        else:
            try:
                lines = loads.compare(loaded, limit=LINES)
            except ArchiveError as error:
                path = places.shown(error.path)
                yield CheckFinding(
                    RECORD, COULD_NOT_RUN, subject, error.what(), error.advice(), path
                )
                return
            if lines:
                yield _other_state(record, subject, lines)

    def _watch(
        self, again: list[tuple[Record, Loaded | None]], found: dict[str, list[CheckFinding]]
    ) -> None:
        """Load records again, under watch, and add what is found."""
        if not again:
            return
        with watched(self._material.registry) as watch:
            for record, before in again:
                subject = self.subject(record)
                found[subject] += _of_watch(record, before, subject, watch)

    def _elsewhere(self, records: list[Record], found: dict[str, list[CheckFinding]]) -> None:
        """Load records in another process, and add what is other there. Raises RequestError."""
        from pickle_migrate.checks import elsewhere  # only --thorough pays for it

        there = elsewhere.states_elsewhere(records, self._material.settings, self._imports)
        for record in records:
            loaded = loads.load_record(record)
            other, here = there.get(record.file, ""), elsewhere.told(loaded)
            subject = self.subject(record)
            told = found[subject]
            if other != here and not any(one.rule == NOT_DETERMINISTIC for one in told):
                lines = _text_differences(here, other)
                told.append(_differs(record, subject, tuple(lines), " in another process"))


def _text_differences(here: str, there: str) -> list[str]:
    if there.startswith("problem: "):
        return [there]
    try:
        return differences(yaml_text.read(here), yaml_text.read(there), limit=LINES)
    except ContentError:
        return []


def _of_watch(
    record: Record, before: Loaded | None, subject: str, watch: Watch
) -> Iterator[CheckFinding]:
    if before is None:
        before = loads.load_record(record)
        watch.forget()
    try:
        payload = codecs.unwrap(folder.read_bytes(record.file)).payload
        again = load_again(payload, record.encoding, watch)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        again, problem = Again((), ()), Problem.of(error, "loading it a second time")
        yield _differs(record, subject, (problem.what,))
    else:
        if before.problem is not None:
            yield _differs(record, subject, (before.problem.what,))
        else:
            lines = _state_lines(before.objects, again.objects)
            if lines:
                yield _differs(record, subject, tuple(lines))
    yield from (_touches(record, subject, touch) for touch in again.touches)


def _state_lines(first: tuple[Any, ...], second: tuple[Any, ...]) -> list[str]:
    old, new = [[state_of(obj) for obj in objects] for objects in (first, second)]
    if len(old) == len(new) == 1:
        return differences(old[0], new[0], limit=LINES)
    return differences(old, new, limit=LINES)


# --- their words ------------------------------------------------------------------------------


def _finding(rule: str, record: Record, subject: str, what: str, advice: str) -> CheckFinding:
    place = places.shown(record.record_path)
    return CheckFinding(
        rule, BROKEN, subject, what, advice, place, record.line, facts={"path": subject}
    )


def _bytes_changed(record: Record, subject: str) -> CheckFinding:
    what = f"Its bytes are not those that were archived: its sha256 is not {record.sha256[:12]}..."
    advice = (
        "Take the file back: git checkout -- FILE. If git changed its line ends, write '*.pickle "
        "binary' into .gitattributes. A pickle that is meant to be another one is archived anew."
    )
    return _finding(BYTES_CHANGED, record, subject, what, advice)


def _cannot_be_read(record: Record, subject: str, error: OSError) -> CheckFinding:
    what = f"The file cannot be read: {error.strerror}."
    return _finding(DOES_NOT_LOAD, record, subject, what, "Give it back its rights.")


def _does_not_load(record: Record, subject: str, problem: Problem) -> Iterator[CheckFinding]:
    story = story_of(record.file)
    for one in story.missing:
        found = _finding(MISSING_REF, record, subject, one.what, one.advice)
        yield attrs.evolve(found, facts={**found.facts, **one.facts})
    if story.missing and problem.error in NOWHERE:  # that is what the load said, too
        return
    others = [
        one for one in story.problems if one not in story.missing and one.what != problem.what
    ]
    details = (*(f"also: {one.what}" for one in others), *_step_lines(story.steps, "Steps:"))
    found = _finding(DOES_NOT_LOAD, record, subject, problem.what, problem.advice)
    facts = {**found.facts, "error": problem.error, **problem.facts}
    yield attrs.evolve(found, details=details, facts=facts)


def _other_state(record: Record, subject: str, lines: list[str]) -> CheckFinding:
    story = story_of(record.file)
    what = "It loads with another state than its record says."
    advice = (
        "If the record is right, correct the step. If the new state is right, accept it: "
        f"pickle-migrate archive --accept {subject}"
    )
    found = _finding(OTHER_STATE, record, subject, what, advice)
    details = (*lines, *_step_lines(story.steps, "Steps that ran:"))
    return attrs.evolve(
        found, details=details, facts={**found.facts, "difference": lines, "steps": story.steps}
    )


def _step_lines(steps: tuple[str, ...], title: str) -> tuple[str, ...]:
    return (title, *(f"  {step}" for step in steps)) if steps else ()


def _differs(record: Record, subject: str, lines: tuple[str, ...], where: str = "") -> CheckFinding:
    story = story_of(record.file)
    what = f"The same bytes gave another state the second time{where}."
    advice = (
        "A step must compute what it gives from the state alone: no clock, no random number, no "
        "counter, no order of a set."
    )
    found = _finding(NOT_DETERMINISTIC, record, subject, what, advice)
    return attrs.evolve(found, details=(*lines, *_step_lines(story.steps, "Steps that ran:")))


def _touches(record: Record, subject: str, touch: Touch) -> CheckFinding:
    step = touch.step
    what = (
        f"The step of {step.ref} from {step.source} to {step.target} ({touch.operation}) changes "
        f"{touch.changed}."
    )
    advice = (
        "Whether that object is migrated by then depends on the order in the pickle. Put a changed "
        "copy into the state; what needs neighbours is for the finishing stage: "
        f"Lineage({str(step.ref)!r}).finish({step.version}, function)"
    )
    found = _finding(TOUCHES_OTHERS, record, subject, what, advice)
    place = places.of_step(step.origin)
    facts = {**found.facts, "step": step.describe(), "origin": step.origin}
    if place.path:
        return attrs.evolve(found, path=place.path, line=place.line, facts=facts)
    return attrs.evolve(found, facts=facts)
