"""The lock of a project that its code and its archive say now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pickle_migrate.archive.values import SUFFIX
from pickle_migrate.lock.seen import Sighting, sightings_of_file
from pickle_migrate.lock.today import lock_of
from pickle_migrate.lock.values import Lock
from pickle_migrate.project import Settings
from pickle_migrate.registry import DEFAULT, Registry

_ARCHIVE = "fixtures"
Sightings = Mapping[str, set[Sighting]]


def today_of(settings: Settings, registry: Registry = DEFAULT) -> Lock:
    """What code and archive say. The modules of the classes are imported already. Imports nothing,
    writes nothing.
    """
    return today_with(sightings_of(settings), registry)


def today_with(sightings: Sightings, registry: Registry = DEFAULT) -> Lock:
    """As ``today_of``, with what was seen in the archive."""
    return lock_of(registry, {one for seen in sightings.values() for one in seen})


def sightings_of(settings: Settings) -> Sightings:
    """What is seen in each pickle of the archive, by its path relative to the archive, in the order
    of the paths. Nothing without an archive.
    """
    folder = archive_of(settings)
    return {
        path.relative_to(folder).as_posix(): seen
        for path in _files(folder)
        if (seen := sightings_of_file(str(path)))
    }


def archive_of(settings: Settings) -> Path:
    """The folder of the archived pickles: what the settings say, else ``fixtures`` beside them."""
    if settings.archive:
        return Path(settings.archive)
    return Path(settings.source).absolute().parent / _ARCHIVE if settings.source else Path(_ARCHIVE)


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.endswith((SUFFIX, ".py", ".md")):
                yield Path(parent, name)
