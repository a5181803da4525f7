"""The files that paths lead to: files, folders and patterns, each file once, in a fixed order.

Part of ``store``. Nothing here writes, unpickles or imports what a file names. Every file is
yielded, whatever it holds: whoever reads it decides. Only what may be a record of the archive is
looked into.
"""

# System calls by name, as in the rest of the store.
# ruff: noqa: PTH100, PTH112, PTH116, PTH118, PTH119

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import translate

from attrs import evolve, field, frozen

from pickle_migrate import backups
from pickle_migrate.errors import FileError
from pickle_migrate.snapshots import AnyPath
from pickle_migrate.writing import TEMPORARY, telling

#: Folders that hold no one's data.
SKIPPED_FOLDERS = frozenset(["__pycache__", ".git", ".hg", ".svn"])

# A record of ``archive``, and how one begins.
_RECORD, _RECORD_BEGINS = ".yaml", b"pickle: "
_MAGIC = re.compile(r"[*?[]")


@frozen
class Found:
    """A file that a path leads to.

    ``relative`` is its path below the folder, or the fixed part of the pattern, through which it
    was found; a file that was named has its bare name. ``explicit``: it was named itself, so
    whoever named it takes it for a pickle. ``error``: a folder that could not be listed or holds no
    file; there is nothing to read then.
    """

    path: str
    relative: str
    explicit: bool = False
    error: FileError | None = field(default=None, eq=False)


def discover(
    paths: Sequence[AnyPath], *, once: bool = True, suffix: str = backups.SUFFIX
) -> Iterator[Found]:
    """The files that ``paths`` lead to, in the order of ``paths``, and by name within each.

    A path is a file, a folder (with all below it; symbolic links to folders are not followed), or
    a pattern with ``*``, ``?``, ``[...]`` and ``**``, as shells have them. What is there under
    that very name is never taken for a pattern.

    Left out are our temporary files; our backups, in folders and patterns, and named ones when
    their original is named too, as by the shell for ``data/*``; records of archived pickles, in
    folders and patterns; ``__pycache__`` and the folders of
    version control; what is no regular file, in folders and patterns. With ``once``, of several
    names for the same file only the first counts; otherwise each path counts once.

    Raises FileError, before the first file is yielded, for a path or pattern that matches nothing.
    """
    named = [os.fspath(path) for path in paths]
    starts = [start for path in named for start in _starts(path)]
    files = {_key(s.path, once) for s in starts if s.explicit and not s.is_folder}
    return _distinct(_all(starts, suffix), files, once)


@frozen
class _Start:
    """Where to look: a file, or a folder and all below it; or an error to tell."""

    path: str
    relative: str
    is_folder: bool = False
    explicit: bool = False
    error: FileError | None = None


def _starts(path: str) -> list[_Start]:
    with telling(path, "found"):
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return _matches(path)
    if os.path.isdir(path):
        return [_Start(path, "", is_folder=True, explicit=True)]
    return [_Start(path, os.path.basename(path), explicit=True)]


def _all(starts: Sequence[_Start], suffix: str) -> Iterator[Found]:
    named = {os.path.abspath(start.path) for start in starts if start.explicit}
    for start in starts:
        if start.is_folder:
            yield from _walk(start, suffix)
        elif not (start.explicit and _is_backup(os.path.abspath(start.path), named, suffix)):
            yield Found(start.path, start.relative, start.explicit, start.error)


def _is_backup(path: str, others: set[str], suffix: str) -> bool:
    return backups.original_of(path, suffix) in others


def _distinct(found: Iterator[Found], named: set[object], once: bool) -> Iterator[Found]:
    """Each file the first time; as one that was named if it is named anywhere."""
    seen = set()
    for one in found:
        key = _key(one.path, once)
        if key not in seen:
            seen.add(key)
            yield evolve(one, explicit=True) if key in named else one


def _key(path: str, once: bool) -> object:
    """What two paths have in common that are to count as one."""
    if not once:
        return os.path.abspath(path)
    try:
        status = os.stat(path)
    except OSError:  # whoever reads it tells why
        return path
    return status.st_dev, status.st_ino


# --- folders --------------------------------------------------------------------------------------


def _walk(start: _Start, suffix: str) -> Iterator[Found]:
    """All files below a folder; one Found with an error if there are none."""
    count = 0
    # A stack rather than recursion: a path may have two thousand levels.
    waiting = [iter([start])]
    while waiting:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
        elif entry.is_folder:
            waiting.append(_listing(entry, suffix))
        else:
            count += 1
            yield Found(entry.path, entry.relative, error=entry.error)
    if start.explicit and not count:
        error = FileError(start.path, "holds no files", "Name the folder that holds the pickles.")
        yield Found(start.path, start.relative, error=error)


def _listing(folder: _Start, suffix: str, *, follow: bool = False) -> Iterator[_Start]:
    """What is in a folder, by name, without what is not to be looked at. Links to folders count as
    folders only with ``follow``.
    """
    try:
        with telling(folder.path, "listed"), os.scandir(folder.path or ".") as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except FileError as error:
        yield _Start(folder.path, folder.relative, error=error)
        return
    names = {entry.name for entry in found}
    for entry in found:
        path = os.path.join(folder.path, entry.name)
        relative = os.path.join(folder.relative, entry.name)
        if entry.is_dir(follow_symlinks=follow):
            if entry.name not in SKIPPED_FOLDERS:
                yield _Start(path, relative, is_folder=True)
        elif _is_wanted(entry, names, suffix) and not _is_record(entry, names):
            yield _Start(path, relative)


def _is_wanted(entry: os.DirEntry[str], names: set[str], suffix: str) -> bool:
    if TEMPORARY.fullmatch(entry.name) or _is_backup(entry.name, names, suffix):
        return False
    try:
        return entry.is_file()
    except OSError:  # a link that cannot be followed: whoever reads it tells why
        return True


def _is_record(entry: os.DirEntry[str], names: set[str]) -> bool:
    """Whether a file is the archive's record of the file beside it."""
    if not entry.name.endswith(_RECORD) or entry.name.removesuffix(_RECORD) not in names:
        return False
    try:
        with open(entry.path, "rb") as file:  # noqa: PTH123 - as the other calls here
            return file.read(len(_RECORD_BEGINS)) == _RECORD_BEGINS
    except OSError:  # whoever reads it tells why
        return False


# --- patterns -------------------------------------------------------------------------------------


def _matches(pattern: str) -> list[_Start]:
    parts = pattern.split("/")
    fixed = next((n for n, part in enumerate(parts) if _MAGIC.search(part)), None)
    if fixed is None:
        raise FileError(pattern, "is not there", "Look at its spelling, and at the current folder.")
    base = "/".join(parts[:fixed]) or ("/" if pattern.startswith("/") else "")
    rest = [part for part in parts[fixed:] if part]
    found = (
        list(_expand(_Start(base, "", is_folder=True), rest)) if os.path.isdir(base or ".") else []
    )
    if not found:
        problem = "matches no file"
        raise FileError(pattern, problem, "Look at its spelling; quote it if the shell changed it.")
    return found


def _expand(folder: _Start, parts: Sequence[str], *, follow: bool = True) -> Iterator[_Start]:
    """What a pattern's remaining parts match in a folder. Links to folders count as folders only
    with ``follow``: below ``**`` they could lead round in circles.
    """
    part, rest = parts[0], parts[1:]
    if part == "**":
        for below in _below(folder):
            if not rest:
                yield below  # the whole folder is meant
                return
            yield from _expand(below, rest, follow=False) if below.error is None else [below]
        return
    fits = re.compile(translate(part)).fullmatch
    for entry in _listing(folder, backups.SUFFIX, follow=follow):
        name = os.path.basename(entry.path)
        if entry.error:
            yield entry
        elif fits(name) and (part.startswith(".") or not name.startswith(".")):
            if not rest:
                yield entry
            elif entry.is_folder:
                yield from _expand(entry, rest, follow=follow)


def _below(folder: _Start) -> Iterator[_Start]:
    """A folder and all folders below it, apart from hidden ones; errors where one was met."""
    waiting = [folder]
    while waiting:
        below = waiting.pop()
        yield below
        if below.error is None:
            found = [entry for entry in _listing(below, backups.SUFFIX) if _leads_on(entry)]
            waiting += reversed(found)


def _leads_on(entry: _Start) -> bool:
    hidden = os.path.basename(entry.path).startswith(".")
    return entry.error is not None or (entry.is_folder and not hidden)
