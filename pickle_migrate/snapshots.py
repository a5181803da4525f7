"""A file as it was read, once, and whether it is still the same.

Part of ``store``. Nothing here writes, unpickles or imports what a file names.
"""

# System calls by name, since their order is the point; Path hides some of them.
# ruff: noqa: PTH116, PTH123

from __future__ import annotations

import contextlib
import io
import mmap
import os
import stat
from collections.abc import Iterator
from typing import Literal

from attrs import field, frozen

from pickle_migrate import writing
from pickle_migrate.errors import FileError
from pickle_migrate.writing import telling

AnyPath = str | os.PathLike[str]


@frozen
class Token:
    """What tells one state of a file from the next. Two equal tokens, and the same content, are
    taken for the same file unchanged.
    """

    device: int
    inode: int
    modified_ns: int
    size: int

    @classmethod
    def of(cls, status: os.stat_result) -> Token:
        """The token of a file with this status."""
        return cls(status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)

    def is_of(self, status: os.stat_result) -> bool:
        """Whether it is a token of the file with this status, changed since or not."""
        return (self.device, self.inode) == (status.st_dev, status.st_ino)


@frozen
class Snapshot:
    """A file as it was read, once: all that is done with it is done with these bytes.

    ``path`` is as it was named. ``target`` is the file itself, where symbolic links lead; it is
    what ``replace`` replaces.
    """

    path: str
    target: str
    data: bytes = field(repr=False)
    token: Token
    status: os.stat_result = field(repr=False, eq=False)


def read(path: AnyPath) -> Snapshot:
    """Read a file, following symbolic links. Writes nothing.

    Raises FileError: not there, not a regular file, not allowed, or changed while it was read.
    """
    name = os.fspath(path)
    with telling(name, "read"):
        target = os.path.realpath(name, strict=True)
        with _opened(name, target) as (file, before):
            data = file.readall()
            after = os.fstat(file.fileno())
    if Token.of(before) != Token.of(after) or len(data) != after.st_size:
        raise FileError(name, "was changed by others while it was read", "Try again later.")
    return Snapshot(name, target, data, Token.of(before), before)


#: Larger files are mapped rather than read.
MAPPED_FROM = 64 * 1024**2


def look_at(path: AnyPath) -> bytes | mmap.mmap:
    """The bytes of a file that is only looked at: those of a large one stay on disk until they are
    needed. Raises FileError as ``read`` does. Whoever cuts a mapped file short meanwhile ends this
    process, so nothing that is to be loaded is read so.
    """
    name = os.fspath(path)
    with (
        telling(name, "read"),
        _opened(name, os.path.realpath(name, strict=True)) as (file, status),
    ):
        if status.st_size >= MAPPED_FROM:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return read(path).data


@contextlib.contextmanager
def _opened(name: str, target: str) -> Iterator[tuple[io.FileIO, os.stat_result]]:
    """The regular file at ``target``, which was named ``name``, and its status."""
    _require_regular(name, os.stat(target))
    # Not blocking: it may have become a pipe since.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(os.open(target, flags), "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        _require_regular(name, status)
        yield file, status


def _require_regular(name: str, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise FileError(name, "is a folder, not a file", "Name the files in it.")
    if not stat.S_ISREG(status.st_mode):
        raise FileError(name, "is not a regular file", "Leave it out: it holds no stored bytes.")


def changed_since(
    snapshot: Snapshot, *, look_inside: bool = False
) -> Literal["stale", "gone"] | None:
    """ "stale" or "gone" when the file is not what was read; None when it is.

    ``look_inside`` compares the content too: a file that is changed twice within one tick of the
    file system's clock may look the same from outside.
    """
    try:
        named, real = os.stat(snapshot.path), os.lstat(snapshot.target)
        if not Token.of(named) == Token.of(real) == snapshot.token:
            return "stale"
        if look_inside and not writing.file_holds(snapshot.target, snapshot.data):
            return "stale"
    except (FileNotFoundError, NotADirectoryError):
        return "gone"
    return None
