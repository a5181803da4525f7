"""What a check looks at, read and imported once: the lock, the code, the records of the archive.

Reads files and imports modules; loads no pickle and writes nothing. What cannot be had is a finding
with the outcome "could not run", and the rest is checked all the same.
"""

from __future__ import annotations

from pathlib import Path

import attrs

from pickle_migrate.archive.folder import archive_of, read_archive
from pickle_migrate.archive.values import Archive
from pickle_migrate.checks import modules, places
from pickle_migrate.checks.modes import Mode
from pickle_migrate.checks.rules import LOCK
from pickle_migrate.checks.samples import Held, Samples, samples_of
from pickle_migrate.checks.values import COULD_NOT_RUN, CheckFinding
from pickle_migrate.errors import ArchiveError, LockError
from pickle_migrate.lock import files, seen, today
from pickle_migrate.lock.values import Lock
from pickle_migrate.project import Settings
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry

#: Archived pickles of one class that are looked into for fields that its code does not declare.
SEEN = 20


@attrs.frozen
class Material:
    """Everything that is there. ``lock`` is None where there is a file that cannot be read.

    ``is_complete``: all code was imported; otherwise its classes are not to be judged.
    ``missing``: why there is no folder of archived pickles.
    """

    settings: Settings
    lock: Lock | None
    today: Lock
    lock_path: str
    archive: Archive
    samples: Samples
    problems: tuple[CheckFinding, ...] = ()
    is_complete: bool = True
    missing: str = ""
    registry: Registry = DEFAULT

    def versions(self, ref: GlobalRef) -> list[int]:
        """The versions of a class that the lock, the code or the archive knows."""
        locked = [one.of(ref) for one in (self.lock or Lock(), self.today)]
        found = {v.version for one in locked if one is not None for v in one.versions}
        unstamped = {one.unstamped for one in locked if one is not None and one.unstamped}
        return sorted(found | unstamped | self.samples.by_version.get(ref, {}).keys())

    def is_read(self, held: Held, mode: Mode) -> bool:
        """Whether a mode asks that today's code reads this version of a class."""
        now = self.today.of(held.ref)
        if now is None:
            return True
        return mode.reads(held.version, self.versions(held.ref), now.head.version)


def read_material(settings: Settings, lock_file: Path | None = None) -> Material:
    """Read and import all that the settings name. ``lock_file``: another lock than theirs."""
    lock_path = lock_file or files.path_of(settings)
    lock, problems = _lock(lock_path)
    problem = modules.import_code(settings)
    if problem is not None:
        problems.append(problem)
    elif not settings.modules and lock is not None:
        modules.import_locked(lock)
    archive, missing = _archive(archive_of(settings))
    samples = samples_of(archive.records)
    return Material(
        settings,
        lock,
        today.with_old_names(lock or Lock(), _today(samples)),
        places.shown(lock_path),
        archive,
        samples,
        tuple(problems),
        is_complete=problem is None,
        missing=missing,
    )


def _archive(path: Path) -> tuple[Archive, str]:
    """The archive, and what it says if there is none."""
    try:
        return read_archive(path), ""
    except ArchiveError as error:
        return Archive(path), error.what()


def _lock(path: Path) -> tuple[Lock | None, list[CheckFinding]]:
    try:
        return files.read_lock(path), []
    except LockError as error:
        name = places.shown(path)
        problem = CheckFinding(LOCK, COULD_NOT_RUN, name, error.what(), error.advice(), name)
        return None, [problem]


def _today(samples: Samples) -> Lock:
    """What the code says now. Of classes that declare no fields, what archived pickles hold."""
    declared = today.lock_of()
    silent = [one for one in declared.classes if one.head.fields is None]
    paths: dict[str, None] = {}
    for one in silent:
        found = samples.by_version.get(one.ref, {}).get(one.head.version, [])
        paths.update(dict.fromkeys(record.file for record in found[:SEEN]))
    sightings = {one for path in paths for one in seen.sightings_of_file(path)}
    return today.lock_of(sightings=sightings) if sightings else declared
