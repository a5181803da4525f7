"""The checks of archived pickles. Loading runs their code; nothing is written.

All are loaded once, in order. Those whose steps have to be watched are loaded again when the first
pass is over, all in one, since steps that are exchanged for watched ones have to be compiled anew.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pickle_migrate import codecs, collector, resolver, stamps
from pickle_migrate.archive import folder, loads, yaml_text
from pickle_migrate.archive.loads import Loaded
from pickle_migrate.archive.state_compare import differences
from pickle_migrate.archive.states import state_of
from pickle_migrate.archive.values import Record
from pickle_migrate.checks import pickle_words, places
from pickle_migrate.checks.again import Again, load_again
from pickle_migrate.checks.material import Material
from pickle_migrate.checks.modes import Mode
from pickle_migrate.checks.rules import (
    NOT_DETERMINISTIC,
    OTHER_STATE,
    RECORD,
)
from pickle_migrate.checks.samples import today_of
from pickle_migrate.checks.values import COULD_NOT_RUN, CheckedItem, CheckFinding
from pickle_migrate.checks.watching import Watch, watched
from pickle_migrate.errors import ArchiveError, ContentError
from pickle_migrate.findings import Problem
from pickle_migrate.hooks import entry_of
from pickle_migrate.refs import GlobalRef
from pickle_migrate.unbuilt import is_older

#: Archived pickles of one combination of classes and versions that are loaded under watch.
WATCHED: Final = 10
# How many loads' objects are kept until they are compared with the second load, and how large their
# files may be; the others are loaded three times.
_KEPT, _KEPT_SIZE = 500, 100_000
# Characters of expected states that make a batch, and what counts where they stand elsewhere.
_BATCH, _UNKNOWN_SIZE = 50_000, 2_000
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
        for batch in _batches(self._material.archive.records):
            with collector.paused():
                for record in batch:
                    subject = self.subject(record)
                    found[subject] = self._first_look(record, subject, again)
                    step(subject)
        self._watch(again, found)
        if self._most is None and again:
            self._elsewhere([record for record, _ in again], found)
        return [CheckedItem("pickle", subject, tuple(told)) for subject, told in found.items()]

    def _first_look(
        self, record: Record, subject: str, again: list[tuple[Record, Loaded | None]]
    ) -> list[CheckFinding]:
        """What is found; added to ``again`` is what has to be loaded a second time."""
        told: list[CheckFinding] = []
        if (loaded := self._look(record, subject, told)) is not None:
            is_kept = len(again) < _KEPT and Path(record.file).stat().st_size < _KEPT_SIZE
            again.append((record, loaded if is_kept else None))
        return told

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
            return cls is not None and not entry_of(cls).writes(name)
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
            yield pickle_words.cannot_be_read(record, subject, error)
            return
        if hashlib.sha256(data).hexdigest() != record.sha256:
            yield pickle_words.bytes_changed(record, subject)

    def _of_load(self, loaded: Loaded, subject: str) -> Iterator[CheckFinding]:
        record = loaded.record
        if loaded.sha256 and not loaded.is_intact:
            yield pickle_words.bytes_changed(record, subject)
        elif loaded.problem is not None:
            yield from pickle_words.does_not_load(record, subject, loaded.problem)
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
                yield pickle_words.other_state(record, subject, lines)

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
                told.append(
                    pickle_words.differs(record, subject, tuple(lines), " in another process")
                )


def _batches(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Records in rows so small that the garbage collector may wait for the end of each. It walks
    all that is kept again and again, which takes half of the time.
    """
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.expected_text) or _UNKNOWN_SIZE
        if size > _BATCH:
            yield batch
            batch, size = [], 0
    yield batch


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
        yield pickle_words.differs(record, subject, (problem.what,))
    else:
        if before.problem is not None:
            yield pickle_words.differs(record, subject, (before.problem.what,))
        else:
            lines = _state_lines(before.objects, again.objects)
            if lines:
                yield pickle_words.differs(record, subject, tuple(lines))
    yield from (pickle_words.touches(record, subject, touch) for touch in again.touches)


def _state_lines(first: tuple[Any, ...], second: tuple[Any, ...]) -> list[str]:
    old, new = [[state_of(obj) for obj in objects] for objects in (first, second)]
    if len(old) == len(new) == 1:
        return differences(old[0], new[0], limit=LINES)
    return differences(old, new, limit=LINES)
