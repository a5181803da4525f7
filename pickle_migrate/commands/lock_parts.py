"""What the commands on the lock do first, and how they show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from pickle_migrate import cli_start, report

if TYPE_CHECKING:
    from pickle_migrate.lock.changes import Change, ClassChange
    from pickle_migrate.lock.of_project import Sightings
    from pickle_migrate.lock.values import Lock


@attrs.frozen
class Project:
    """The lock as it is, what the archive shows, and what the code says."""

    path: Path
    lock: Lock
    sightings: Sightings
    today: Lock


def project(
    settings: str | None, folders: tuple[str, ...], imports: tuple[str, ...], lock_file: str | None
) -> Project:
    """Take the settings, import the code, read the lock and the archive. Raises SettingsError,
    RequestError, LockError, ArchiveError.
    """
    from pickle_migrate import resolver
    from pickle_migrate.lock import files, of_project, today

    cli_start.prepare(settings, folders, imports)
    path = cli_start.lock_path(lock_file)
    lock = files.read_lock(path)
    cli_start.import_code()
    sightings = of_project.sightings_of(resolver.settings())
    now = today.with_old_names(lock, of_project.today_with(sightings))
    return Project(path, lock, sightings, now)


def shown(path: Path) -> str:
    """A path as the user would write it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def lines(texts: Iterable[str]) -> Iterator[report.Line]:
    """Texts as lines to print, with what could steer a terminal written out."""
    return (report.Line(report.escaped(text)) for text in texts)


def change_data(change: ClassChange) -> dict[str, Any]:
    """What changed about a class, for programs."""
    return {
        "class": str(change.ref),
        "version": change.version,
        "drift": [_one(one) for one in change.drift],
        "changes": [_one(one) for one in change.changes],
    }


def _one(change: Change) -> dict[str, Any]:
    return {**attrs.asdict(change), "text": change.describe()}
