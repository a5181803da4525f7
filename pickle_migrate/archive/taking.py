"""Which files are taken into the archive, under which names, one after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from pickle_migrate import discovery, scanner, store
from pickle_migrate.archive import freeze
from pickle_migrate.archive.folder import NO_PICKLES, read_archive
from pickle_migrate.archive.values import SUFFIX, Archive, Provenance, Record
from pickle_migrate.errors import ArchiveError, PickleMigrateError
from pickle_migrate.findings import Problem
from pickle_migrate.policy import Policy


@attrs.frozen
class Job:
    """A file that is to be archived, and its name there, a path with slashes."""

    path: str
    name: str


@attrs.frozen
class Taken:
    """What became of a job: ``frozen``, or why it was refused."""

    job: Job
    frozen: freeze.Frozen | None = None
    problem: Problem | None = None


def jobs_for(paths: Sequence[str], root: Path, into: str) -> list[Job]:
    """The files that paths lead to. One that lies in the archive already keeps its place, and
    needs only a record. Raises FileError and ArchiveError: nothing is there, or two would have the
    same name.
    """
    jobs = []
    for found in discovery.discover(paths):
        if found.error is not None:
            raise found.error
        if not found.explicit and found.path.endswith((SUFFIX, *NO_PICKLES)):
            continue
        jobs.append(Job(found.path, _name(found.path, found.relative, root, into)))
    if not jobs:
        raise ArchiveError(", ".join(paths), "no file was found", "Name files that hold pickles.")
    _require_names(jobs)
    return jobs


def _name(path: str, relative: str, root: Path, into: str) -> str:
    inside = os.path.relpath(os.path.realpath(path), os.path.realpath(root))
    if inside != os.pardir and not inside.startswith(os.pardir + os.sep):
        return Path(inside).as_posix()
    return f"{into}/{Path(relative).as_posix()}" if into else Path(relative).as_posix()


def _require_names(jobs: Sequence[Job]) -> None:
    seen: dict[str, str] = {}
    for job in jobs:
        if job.name in seen:
            problem = f"{seen[job.name]} and this one would have the same name, {job.name}"
            raise ArchiveError(job.path, problem, "Archive them one by one, with --into.")
        seen[job.name] = job.path


def take(
    jobs: Sequence[Job],
    root: Path,
    provenance: Provenance,
    encoding: str,
    policy: Policy | None,
    *,
    write: bool = True,
) -> Iterator[Taken]:
    """Take each file in, or, not to ``write``, say what would become of it. One that is refused
    does not stop the others. Imports and runs what the
    pickles name, as far as the policy lets it.
    """
    for job in jobs:
        try:
            data = store.read(job.path).data
            used = encoding if _may_hold_byte_strings(data) else "ASCII"
            frozen = freeze.freeze(
                data, job.name, root, provenance, encoding=used, policy=policy, write=write
            )
        except PickleMigrateError as error:
            yield Taken(job, None, Problem.of(error))
        else:
            yield Taken(job, frozen)


def _may_hold_byte_strings(data: bytes) -> bool:
    """Whether Python 2 may have written it: its protocols end at 2."""
    from pickle_migrate import codecs

    try:
        return scanner.scan(codecs.unwrap(data).payload).protocol <= 2
    except PickleMigrateError:  # told by whoever archives it
        return True


def chosen(root: Path, paths: Sequence[str]) -> tuple[Archive, list[Record]]:
    """The archive, and those records that paths lead to, or all of them. A path is that of a
    pickle, its record, or a folder. Raises ArchiveError.
    """
    archive = read_archive(root)
    if not paths:
        return archive, list(archive.records)
    found: dict[str, Record] = {}
    for path in paths:
        below = os.path.realpath(path).removesuffix(SUFFIX)
        mine = [one for one in archive.records if _is_below(one.file, below)]
        if not mine:
            remedy = "pickle-migrate archive --list names those that are there."
            raise ArchiveError(path, "no archived pickle has this path", remedy)
        found.update((one.file, one) for one in mine)
    return archive, [one for one in archive.records if one.file in found]


def _is_below(file: str, folder: str) -> bool:
    real = os.path.realpath(file)
    return real == folder or real.startswith(folder + os.sep)
