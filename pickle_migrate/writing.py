"""Bytes to disk: a temporary file beside the target, complete and durable before it gets a name.

This is the lower half of ``store``, the one door for writing files; nothing else uses it. Nothing
here unpickles or imports what files name. Functions raise OSError as it comes; ``store`` tells it
as a FileError. Whatever fails, no temporary file is left, unless the process is killed.
"""

# System calls by name, since their order is the point; Path hides some of them.
# ruff: noqa: PTH105, PTH108, PTH118

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from typing import Final

from pickle_migrate.errors import FileError

#: Temporary files are named so that whoever finds one after a power cut knows what it is.
TEMPORARY = re.compile(r"\.pickle-migrate-[0-9a-f]{16}\.tmp")

_PIECE: Final = 1024 * 1024
# A file system without the call at hand says so with one of these.
_UNSUPPORTED = frozenset(
    [errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EMLINK]
)

_ADVICE = {
    errno.ENOSPC: "Free some space on that file system.",
    errno.EDQUOT: "Free some space: the quota is used up.",
    errno.EACCES: "Run it as a user who may read the file and write in its folder, or use --to.",
    errno.EPERM: "Run it as the owner of the file, or use --to.",
    errno.EROFS: "Remount the file system for writing, or use --to.",
    errno.EIO: "Look at the disk: it reports an error of its own.",
    errno.EBUSY: "The file is a mount point of its own: upgrade it where it is mounted from.",
    errno.ENOENT: "Look whether it was moved or removed.",
    errno.ENAMETOOLONG: "Give it a shorter name.",
    errno.ELOOP: "Its symbolic links lead round in a circle: correct them.",
    errno.EISDIR: "Name the files in it, or the folder as a whole.",
    errno.EMFILE: "Raise the limit on open files (ulimit -n).",
}


@contextlib.contextmanager
def telling(path: str, doing: str) -> Iterator[None]:
    """Tell an OSError as a FileError about ``path``; ``doing`` is as in "read" or "replaced"."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = _ADVICE.get(error.errno or 0, "")
        raise FileError(path, f"cannot be {doing}: {reason}", remedy) from error


def write_temporary(
    folder: str, data: bytes, finish: Callable[[int], None], *, mode: int = 0o600, sync: bool = True
) -> str:
    """Write ``data`` to a new file in ``folder`` and give its path.

    ``finish`` gets the open file, to give it its attributes; until then nobody else may read it,
    unless ``mode`` says otherwise. What was written is read back and compared. With ``sync``, it is
    on disk when this returns.
    """
    path = os.path.join(folder, f".pickle-migrate-{os.urandom(8).hex()}.tmp")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    file = os.open(path, flags, mode)
    try:
        try:
            _write(file, data)
            if not holds(file, data):
                raise OSError(errno.EIO, "what was written reads back otherwise")
            finish(file)
            if sync:
                os.fsync(file)
        finally:
            os.close(file)
    except BaseException:
        remove(path)
        raise
    return path


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def holds(file: int, data: bytes) -> bool:
    """Whether the open file's content is ``data``."""
    view, place = memoryview(data), 0
    while piece := os.pread(file, _PIECE, place):
        if view[place : place + len(piece)] != piece:
            return False
        place += len(piece)
    return place == len(data)


def file_holds(path: str, data: bytes) -> bool:
    """Whether ``path`` is a regular file, itself and not by a link, whose content is ``data``."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a symbolic link; a socket
            return False
        raise
    try:
        status = os.fstat(file)
        return stat.S_ISREG(status.st_mode) and status.st_size == len(data) and holds(file, data)
    finally:
        os.close(file)


def remove(path: str) -> None:
    """Remove a file of ours if it is there. Raises no OSError: it is what cleans up after one."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def sync_file(path: str) -> None:
    """Have the content of a file on disk."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def sync_folder(path: str) -> None:
    """Have the names in a folder on disk. Some file systems cannot; that is not an error."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    finally:
        os.close(file)


def publish(temporary: str, path: str) -> None:
    """Give a temporary file its name, which must be free: raises FileExistsError if it is not.

    A hard link does that in one step. Where there are none, the name is taken with an empty file
    first; a process killed just then leaves that empty file.
    """
    try:
        os.link(temporary, path, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    else:
        remove(temporary)
        return
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        os.replace(temporary, path)
    except BaseException:
        remove(path)
        raise
