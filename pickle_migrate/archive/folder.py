"""A folder of archived pickles: its records, and what in it nobody reads.

Every file below the folder counts: one with a record is an archived pickle, one without is a
pickle that nobody checks. Passed over are hidden files, what Python leaves behind, our own
temporary files, and documents and code by their suffix. Nothing here loads a pickle.
"""

# os.scandir and system calls, since an archive has thousands of small files.
# ruff: noqa: PTH116

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from pickle_migrate.archive import records, yaml_text
from pickle_migrate.archive.values import (
    DAMAGED,
    NO_PICKLE,
    NO_RECORD,
    SUFFIX,
    UNREADABLE,
    UNUSED,
    Archive,
    Record,
    Unread,
)
from pickle_migrate.errors import ArchiveError, ContentError
from pickle_migrate.project import Settings

#: Files with these suffixes are no pickles.
NO_PICKLES: Final = (".md", ".rst", ".txt", ".py", ".json", ".toml", ".cfg", ".ini")
_NAME: Final = "fixtures"
_SKIPPED: Final = frozenset(["__pycache__"])
# As large as most records and pickles; a larger one is allocated for each read.
_PIECE: Final = 1 << 14


def archive_of(settings: Settings) -> Path:
    """The folder of the archived pickles: what the settings say, else ``fixtures`` beside them."""
    if settings.archive:
        return Path(settings.archive)
    return Path(settings.source).absolute().parent / _NAME if settings.source else Path(_NAME)


def read_archive(folder: Path | str) -> Archive:
    """The records below a folder, sorted by path, and what nobody reads, also by path. Raises
    ArchiveError if the folder itself is not there or cannot be listed.
    """
    root = Path(folder)
    if not root.is_dir():
        problem = "there is no such folder" if not root.exists() else "it is no folder"
        remedy = "Name the archive in the settings (archive = ...), or begin one: pickle-migrate "
        raise ArchiveError(str(root), problem, f"{remedy}archive PATH...")
    found: list[Record] = []
    unread: list[Unread] = []
    for path, has_record, has_pickle in _files(str(root), unread):
        if has_record:
            _add(path, root, found, unread)
        elif not has_pickle:
            unread.append(_lone(path))
    found.sort(key=attrgetter("file"))
    unread = [one for one in unread if not _is_expectation(one, found, root)]
    unread += unused_expectations(found, root)
    return Archive(root, tuple(found), tuple(sorted(unread, key=lambda one: one.path)))


def _files(folder: str, unread: list[Unread]) -> Iterator[tuple[str, bool, bool]]:
    """Each file below a folder, whether it has a record, and whether it is the record of one."""
    folders = [folder]
    while folders:
        here = folders.pop()
        try:
            with os.scandir(here) as entries:
                listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        except OSError as error:
            unread.append(_unreadable(here, error))
            continue
        files = {name for name, is_folder in listed if not is_folder}
        for name, is_folder in listed:
            if name[0] == "." or name in _SKIPPED:
                continue
            path = f"{here}/{name}"
            if is_folder:
                folders.append(path)
            elif not name.endswith(NO_PICKLES):
                is_record = name.endswith(SUFFIX) and name[: -len(SUFFIX)] in files
                yield path, not is_record and name + SUFFIX in files, is_record


def _unreadable(folder: str, error: OSError) -> Unread:
    problem = f"this folder cannot be listed: {error.strerror}"
    return Unread(UNREADABLE, Path(folder), problem, "Give it back its rights, and check again.")


def _add(path: str, root: Path, found: list[Record], unread: list[Unread]) -> None:
    try:
        found.append(records.parse(read_text(path + SUFFIX), path, root))
    except ArchiveError as error:
        unread.append(Unread(DAMAGED, Path(path + SUFFIX), error.problem, error.remedy, 1))
    except (OSError, UnicodeDecodeError) as error:
        problem = f"this record cannot be read: {getattr(error, 'strerror', None) or error}"
        remedy = "Put the file back from version control."
        unread.append(Unread(DAMAGED, Path(path + SUFFIX), problem, remedy, 1))


def _lone(path: str) -> Unread:
    if path.endswith((SUFFIX, ".yml")):
        if _begins_as_record(path):
            remedy = "Put the pickle back from version control, or delete the record too."
            return Unread(NO_PICKLE, Path(path), "its pickle is gone", remedy, 1)
        remedy = "Name it in a record (expected in: ...), or move it away."
        return Unread(UNUSED, Path(path), "no record names this file", remedy, 1)
    remedy = f"Archive it: pickle-migrate archive {shlex.quote(path)}"
    return Unread(NO_RECORD, Path(path), "this pickle has no record, so nobody checks it", remedy)


def _begins_as_record(path: str) -> bool:
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError):
        return False
    return re.search(r"^(pickle|sha256):", text, re.MULTILINE) is not None


# --- expected states in files of their own ----------------------------------------------------


def places_of(record: Record) -> list[tuple[Path, str]]:
    """The files and keys that a record names for its expected states."""
    texts = [
        text
        for place in record.expected_in
        for text in ([place] if isinstance(place, str) else place.values())
    ]
    return [place_of(text, record.root) for text in texts]


def place_of(text: str, root: Path) -> tuple[Path, str]:
    """The file, as its normalised path, and the key, of ``file#key``."""
    file, _, key = text.partition("#")
    return Path(os.path.normpath(root / file)), key


def expectations(path: Path) -> dict[str, Any]:
    """The expected states of a file, by key. Read anew only when the file has changed. Raises
    ArchiveError.
    """
    try:
        status = os.stat(path)
        return _expectations(str(path), status.st_mtime_ns, status.st_size)
    except (OSError, UnicodeDecodeError) as error:
        problem = f"this file of expected states cannot be read: {error}"
        raise ArchiveError(str(path), problem, "Correct 'expected in' of the record.") from error


@lru_cache(maxsize=32)
def _expectations(path: str, changed: int, size: int) -> dict[str, Any]:
    try:
        data = yaml_text.read(read_text(path))
    except ContentError as error:
        raise ArchiveError(path, error.problem, error.remedy) from error
    if not isinstance(data, dict):
        raise ArchiveError(path, "it is no mapping of keys to expected states", "Correct it.")
    return data


def _is_expectation(one: Unread, found: list[Record], root: Path) -> bool:
    if one.kind != UNUSED:
        return False
    path = Path(os.path.normpath(one.path))
    return any(path == file for record in found for file, _ in places_of(record))


def unused_expectations(found: list[Record], root: Path) -> Iterator[Unread]:
    """Expected states that no record names, in files that some record names."""
    used: dict[Path, set[str]] = {}
    for record in found:
        if record.expected_in:
            for file, key in places_of(record):
                used.setdefault(file, set()).add(key)
    for file, keys in used.items():
        try:
            known = expectations(file)
        except ArchiveError:  # told by each record that names it
            continue
        for key in known:
            if key not in keys:
                problem = f"no record names the expected state {key!r}"
                yield Unread(UNUSED, file, problem, "Name it in a record, or delete it.")


# --- reading ----------------------------------------------------------------------------------


def read_text(path: str) -> str:
    """The text of a small file. Raises OSError and UnicodeDecodeError."""
    text = read_bytes(path).decode("utf-8")
    return text.replace("\r\n", "\n") if "\r" in text else text


def read_bytes(path: str) -> bytes:
    """The bytes of a file, by as few system calls as can be. Raises OSError."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(file, _PIECE)
        if len(data) < _PIECE:
            return data
        pieces = [data]
        while piece := os.read(file, 64 * _PIECE):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(file)
