"""The lock of a project that its code and its archive say now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pickle_migrate.archive.folder import archive_of, read_archive
from pickle_migrate.archive.values import NO_RECORD
from pickle_migrate.lock.seen import Sighting, sightings_of_file
from pickle_migrate.lock.today import lock_of
from pickle_migrate.lock.values import Lock
from pickle_migrate.project import Settings
from pickle_migrate.registry import DEFAULT, Registry

Sightings = Mapping[str, set[Sighting]]

__all__ = ["archive_of", "sightings_of", "today_of", "today_with"]


def today_of(settings: Settings, registry: Registry = DEFAULT) -> Lock:
    """What code and archive say. The modules of the classes are imported already. Imports nothing,
    writes nothing. Raises ArchiveError for an archive that cannot be listed.
    """
    return today_with(sightings_of(settings), registry)


def today_with(sightings: Sightings, registry: Registry = DEFAULT) -> Lock:
    """As ``today_of``, with what was seen in the archive."""
    return lock_of(registry, {one for seen in sightings.values() for one in seen})


def sightings_of(settings: Settings) -> Sightings:
    """What is seen in each pickle of the archive, those without a record too, by its path relative
    to the archive, in the order of the paths. Nothing where there is no archive. Raises
    ArchiveError.
    """
    folder = archive_of(settings)
    if not folder.exists():
        return {}
    archive = read_archive(folder)
    paths: list[Path] = [record.path for record in archive.records]
    paths += [one.path for one in archive.unread if one.kind == NO_RECORD]
    return {
        path.relative_to(folder).as_posix(): seen
        for path in sorted(paths)
        if (seen := sightings_of_file(str(path)))
    }
