"""The steps of replacing a file, which ``store`` takes for one file and ``batch`` for many at once.

Part of ``store``. Nothing here unpickles or imports what files name. Functions raise OSError as it
comes.
"""

# System calls by name, as in the rest of the store.
# ruff: noqa: PTH120

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import Literal

from attrs import frozen

from pickle_migrate import attributes, backups, writing
from pickle_migrate.backups import Backup
from pickle_migrate.errors import FileError
from pickle_migrate.snapshots import Snapshot, changed_since

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


def suffix_of(backup: bool | str) -> str | None:
    """The suffix of backups that is asked for; None when there are to be none."""
    if backup is True:
        return backups.SUFFIX
    if backup is False:
        return None
    if not backup or "/" in backup or "\0" in backup:
        raise ValueError(f"a backup suffix is some characters without a slash, not {backup!r}")
    return backup


def settle(
    snapshot: Snapshot, data: bytes, *, backup: bool | str, break_hard_links: bool
) -> Replaced | None:
    """The result, when nothing needs to be written or may be. Raises FileError if it is refused."""
    changed = changed_since(snapshot)
    if changed or data == snapshot.data:
        return Replaced(changed or "ok")
    if not break_hard_links:
        require_one_name(snapshot, backup)
    return None


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
        # As they are now: a change of mode or owner does not make the snapshot stale.
        status = os.lstat(snapshot.target)
        warnings.extend(attributes.copy_attributes(file, snapshot.target, status))
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


def success(kept: Backup | None, warnings: Sequence[str]) -> Replaced:
    """The result of a replacement that took place."""
    return Replaced("ok", kept.path if kept else None, tuple(warnings))


def not_synced(error: OSError) -> str:
    """The warning when a file is replaced and its new name could not be synced."""
    return f"it is replaced, but may be the old one after a power cut: {error.strerror}"
