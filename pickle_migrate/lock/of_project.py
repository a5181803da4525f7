"""The lock of a project that its code and its archive say now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pickle_migrate.archive.folder import archive_of, read_archive
from pickle_migrate.archive.values import NO_RECORD, Record
from pickle_migrate.errors import RefError
from pickle_migrate.lock.seen import Sighting, sightings_of_file
from pickle_migrate.lock.shape_words import members_of
from pickle_migrate.lock.sorted_fields import version_of
from pickle_migrate.lock.today import lock_of
from pickle_migrate.lock.values import Lock
from pickle_migrate.project import Settings
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry, declaration_of
from pickle_migrate.schema import schema_of

Sightings = Mapping[str, set[Sighting]]

__all__ = ["archive_of", "sightings_of", "today_of", "today_with"]


def today_of(settings: Settings, registry: Registry = DEFAULT, *, newest: bool = False) -> Lock:
    """What code and archive say. ``newest``: of the archive, only those pickles are read that hold
    today's version of a class that declares no fields; that is quick, and enough to see whether
    the code has drifted from its lock.

    The modules of the classes are imported already. Imports nothing, writes nothing. Raises
    ArchiveError for an archive that cannot be listed.
    """

    def wanted(record: Record) -> bool:
        return any(_is_newest_of_undeclared(registry, text) for text in record.classes)

    return today_with(sightings_of(settings, wanted if newest else None), registry)


def today_with(sightings: Sightings, registry: Registry = DEFAULT) -> Lock:
    """As ``today_of``, with what was seen in the archive."""
    return lock_of(registry, {one for seen in sightings.values() for one in seen})


def sightings_of(settings: Settings, wanted: Callable[[Record], bool] | None = None) -> Sightings:
    """What is seen in each pickle of the archive, by its path relative to the archive, in the order
    of the paths. ``wanted`` chooses among the records; None: all, and pickles without a record too.
    Nothing where there is no archive. Raises ArchiveError.
    """
    folder = archive_of(settings)
    if not folder.exists():
        return {}
    return {
        path.relative_to(folder).as_posix(): seen
        for path in _files(folder, wanted)
        if (seen := sightings_of_file(str(path)))
    }


def _files(folder: Path, wanted: Callable[[Record], bool] | None) -> Iterator[Path]:
    archive = read_archive(folder)
    if wanted is not None:
        return (record.path for record in archive.records if wanted(record))
    lone = [one.path for one in archive.unread if one.kind == NO_RECORD]
    return iter(sorted([record.path for record in archive.records] + lone))


def _is_newest_of_undeclared(registry: Registry, text: str) -> bool:
    """Whether ``module:qualname@version`` is today's version of a class that declares no fields."""
    name, _, number = text.rpartition("@")
    try:
        at = version_of(registry, GlobalRef.parse(name), int(number) if number.isdigit() else None)
    except RefError:
        return False
    cls = registry.class_at(at[0]) if at is not None else None
    if cls is None or at is None or declaration_of(cls).version != at[1]:
        return False
    return schema_of(cls) is None and members_of(cls) is None
