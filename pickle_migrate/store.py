"""Files: read once, replaced whole or not at all.

The one door for writing: no other module of this package writes a file. Nothing here unpickles or
imports what a file names. Every OSError comes out as a FileError that says which file, what
happened and what to do; the file is then byte for byte as it was, and no temporary file is left.

How a file is replaced: the new bytes are written to a temporary file in the same folder, get the
old file's mode, owner, group and extended attributes, are synced and read back. Then the old file
is kept as a backup and looked at again, and the temporary file takes over its name in one step. So
at each moment, also when the process is killed or the power fails, the name leads to the old bytes
or to the new ones, complete. A kill may leave a temporary file, which ``clean_leftovers`` removes.

Of its times: a replaced file has a new modification time, so that backups, ``make`` and readers
that watch it see the change; ``keep_times`` keeps the old one. Between the last look at the old
file and the step that replaces it lie some microseconds, in which a change by others is not seen.
"""

# System calls by name, since their order is the point; Path hides some of them.
# ruff: noqa: PTH100, PTH102, PTH105, PTH108, PTH112, PTH120

from __future__ import annotations

import contextlib
import os
import stat
from typing import Literal

from pickle_migrate import replacing, writing
from pickle_migrate.backups import clean_leftovers, find_leftovers
from pickle_migrate.batch import Batch
from pickle_migrate.discovery import Found, discover
from pickle_migrate.errors import FileError
from pickle_migrate.replacing import Outcome, Replaced
from pickle_migrate.snapshots import AnyPath, Snapshot, Token, changed_since, look_at, read
from pickle_migrate.writing import telling

__all__ = [
    "Batch",
    "Found",
    "Outcome",
    "Replaced",
    "Snapshot",
    "Token",
    "check_replaceable",
    "clean_leftovers",
    "create",
    "discard",
    "discover",
    "find_leftovers",
    "look_at",
    "read",
    "replace",
]


def replace(
    snapshot: Snapshot,
    data: bytes,
    *,
    backup: bool | str = True,
    break_hard_links: bool = False,
    keep_times: bool = False,
) -> Replaced:
    """Put ``data`` in the place of the file that was read, if it is still the same.

    Keeps mode, owner, group and extended attributes. The old bytes stay beside it as ``NAME.bak``,
    or ``.bak1`` and so on: no backup is ever overwritten, one with the same bytes is used again.
    ``backup`` may be another suffix; False keeps none. Writes nothing when ``data`` is what the
    file holds already. A file with several names (hard links) would lose the others: it is refused,
    unless ``break_hard_links``.

    Raises FileError when it could not be done; the file is then as it was.
    """
    with telling(snapshot.path, "replaced"):
        settled = replacing.settle(snapshot, data, backup=backup, break_hard_links=break_hard_links)
        if settled:
            return settled
        try:
            temporary, warnings = replacing.prepare(snapshot, data, keep_times=keep_times)
            try:
                return _swap(snapshot, temporary, backup, warnings)
            finally:
                writing.remove(temporary)  # it is gone when all went well
        except FileNotFoundError:
            changed = changed_since(snapshot)
            if changed is None:
                raise
            return Replaced(changed)


def check_replaceable(
    snapshot: Snapshot, *, backup: bool | str = True, break_hard_links: bool = False
) -> None:
    """Raise the FileError that ``replace`` would raise, as far as can be told without writing."""
    if not break_hard_links:
        with telling(snapshot.path, "replaced"):
            replacing.require_one_name(snapshot, backup)
    folder = os.path.dirname(snapshot.target)
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = "Run it as a user who may write there, or use --to."
        raise FileError(snapshot.path, f"cannot be replaced: {folder} is read-only", remedy)


def _swap(snapshot: Snapshot, temporary: str, backup: bool | str, warnings: list[str]) -> Replaced:
    folder = os.path.dirname(snapshot.target)
    kept = None
    try:
        kept = replacing.keep_backup(snapshot, backup)
        if kept:
            writing.sync_folder(folder)
        changed = changed_since(snapshot, look_inside=True)
        if changed:
            return Replaced(changed)
        os.replace(temporary, snapshot.target)
    finally:
        replacing.discard_backup(kept, temporary)
    try:
        writing.sync_folder(folder)
    except OSError as error:
        warnings.append(replacing.not_synced(error))
    return replacing.success(kept, warnings)


# --- new files ------------------------------------------------------------------------------------


def create(
    path: AnyPath, data: bytes, *, like: Snapshot | None = None, overwrite: bool = False
) -> Literal["created", "same", "replaced"]:
    """Write a new file, whole or not at all, and the folders it needs.

    With ``like`` it gets that file's mode (without set-user-id and set-group-id) and modification
    time; its owner is who runs this. A file that is there and holds the same bytes is left alone:
    "same". Any other is refused with FileError, unless ``overwrite``. A symbolic link is never
    followed: it is a file in the way.
    """
    name = os.fspath(path)
    target = os.path.abspath(name)
    with telling(name, "written"):
        state = _state_of(target, data)
        if state == "same":
            return "same"
        if like and state == "other" and like.token.is_of(os.lstat(target)):
            raise FileError(name, "is the file that was read", "Name another folder.")
        if state == "free":
            _make_folders(os.path.dirname(target))
        elif not overwrite:
            raise FileError(
                name,
                "is there already, with other content",
                "Move it away, or name another folder.",
            )
        _write_new(target, data, like, overwrite=state == "other")
    return "created" if state == "free" else "replaced"


def discard(path: AnyPath) -> None:
    """Remove a file that this package made, if it is there. Raises FileError."""
    name = os.fspath(path)
    with telling(name, "removed"), contextlib.suppress(FileNotFoundError):
        os.unlink(name)
        writing.sync_folder(os.path.dirname(os.path.abspath(name)))


def _state_of(target: str, data: bytes) -> Literal["free", "same", "other"]:
    try:
        return "same" if writing.file_holds(target, data) else "other"
    except FileNotFoundError:
        return "free"


def _write_new(target: str, data: bytes, like: Snapshot | None, *, overwrite: bool) -> None:
    def finish(file: int) -> None:
        if like:
            os.fchmod(file, stat.S_IMODE(like.status.st_mode) & 0o777)
            os.utime(file, ns=(like.status.st_atime_ns, like.status.st_mtime_ns))

    folder = os.path.dirname(target)
    temporary = writing.write_temporary(folder, data, finish, mode=0o600 if like else 0o666)
    try:
        if overwrite:
            os.replace(temporary, target)
        else:
            writing.publish(temporary, target)
        writing.sync_folder(folder)
    except BaseException:
        if not overwrite and not os.path.lexists(temporary):
            writing.remove(target)
        raise
    finally:
        writing.remove(temporary)


def _make_folders(folder: str) -> None:
    """Make a folder and those above it, and have their names on disk."""
    missing = []
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for path in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(path)
        writing.sync_folder(os.path.dirname(path))
