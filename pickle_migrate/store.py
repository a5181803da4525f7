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
# ruff: noqa: PTH100, PTH102, PTH105, PTH112, PTH120

from __future__ import annotations

import contextlib
import os
import shlex
import stat
from typing import Literal

from attrs import frozen

from pickle_migrate import backups, writing
from pickle_migrate.backups import Backup
from pickle_migrate.errors import FileError
from pickle_migrate.snapshots import AnyPath, Snapshot, Token, changed_since, read
from pickle_migrate.writing import telling

__all__ = [
    "Outcome",
    "Replaced",
    "Snapshot",
    "Token",
    "check_replaceable",
    "create",
    "read",
    "replace",
]

Outcome = Literal["ok", "stale", "gone"]


@frozen
class Replaced:
    """What became of a file that was to be replaced.

    ``outcome``: "ok"; "stale", it changed since it was read; "gone", it vanished since. Only "ok"
    wrote anything. ``backup`` is the path of the old bytes. ``warnings`` are sentences on what
    could not be kept, each without its full stop.
    """

    outcome: Outcome
    backup: str | None = None
    warnings: tuple[str, ...] = ()


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
        changed = changed_since(snapshot)
        if changed or data == snapshot.data:
            return Replaced(changed or "ok")
        if not break_hard_links:
            require_one_name(snapshot, backup)
        try:
            temporary, warnings = prepare(snapshot, data, keep_times=keep_times)
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
            require_one_name(snapshot, backup)
    folder = os.path.dirname(snapshot.target)
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = "Run it as a user who may write there, or use --to."
        raise FileError(snapshot.path, f"cannot be replaced: {folder} is read-only", remedy)


# --- the steps of replacing, which ``batch`` takes for many files at once -------------------------


def suffix_of(backup: bool | str) -> str | None:
    """The suffix of backups that is asked for; None when there are to be none."""
    if backup is True:
        return backups.SUFFIX
    if backup is False:
        return None
    if not backup or "/" in backup or "\0" in backup:
        raise ValueError(f"a backup suffix is some characters without a slash, not {backup!r}")
    return backup


def require_one_name(snapshot: Snapshot, backup: bool | str) -> None:
    """Raise FileError when the file has other names, whose content would not be replaced."""
    suffix = suffix_of(backup) or backups.SUFFIX
    others = backups.other_names(snapshot.target, os.lstat(snapshot.target), suffix)
    if others > 0:
        names = "1 other name" if others == 1 else f"{others} other names"
        raise FileError(
            snapshot.path,
            f"has {names} (hard links), which would keep the old bytes",
            "Allow it with break_hard_links, or use --to. To find them: "
            f"find -samefile {shlex.quote(snapshot.path)}",
        )


def prepare(
    snapshot: Snapshot, data: bytes, *, keep_times: bool = False, sync: bool = True
) -> tuple[str, list[str]]:
    """Write the new bytes beside the old, with the old file's attributes. The temporary file's
    path, and warnings.
    """
    warnings: list[str] = []

    def finish(file: int) -> None:
        warnings.extend(writing.copy_attributes(file, snapshot.target, snapshot.status))
        if keep_times:
            times = snapshot.status
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    folder = os.path.dirname(snapshot.target)
    return writing.write_temporary(folder, data, finish, sync=sync), warnings


def keep_backup(snapshot: Snapshot, backup: bool | str) -> Backup | None:
    """Keep the old file under a second name, if that is asked for. Not synced yet."""
    suffix = suffix_of(backup)
    if suffix is None:
        return None
    return backups.keep(snapshot.target, snapshot.data, snapshot.status, suffix)


def discard_backup(kept: Backup | None, temporary: str) -> None:
    """Take a backup away that was made for a replacement which did not happen."""
    # An interruption may come just after the replacement: then the backup is all there is.
    if kept and kept.is_new and os.path.lexists(temporary):
        writing.remove(kept.path)


def _swap(snapshot: Snapshot, temporary: str, backup: bool | str, warnings: list[str]) -> Replaced:
    folder = os.path.dirname(snapshot.target)
    kept = None
    try:
        kept = keep_backup(snapshot, backup)
        if kept:
            writing.sync_folder(folder)
        changed = changed_since(snapshot, look_inside=True)
        if changed:
            return Replaced(changed)
        os.replace(temporary, snapshot.target)
    finally:
        discard_backup(kept, temporary)
    try:
        writing.sync_folder(folder)
    except OSError as error:
        warnings.append(f"it is replaced, but may be the old one after a power cut: {error}")
    return Replaced("ok", kept.path if kept else None, tuple(warnings))


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
        if like and state == "other" and Token.of(os.lstat(target)) == like.token:
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
