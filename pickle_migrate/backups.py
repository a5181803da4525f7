"""The old bytes of a replaced file: kept beside it, under a name that shows what they are.

Part of ``store``; nothing else writes through it. Nothing here unpickles or imports what files
name. Functions raise OSError as it comes.
"""

# System calls by name, since their order is the point; Path hides some of them.
# ruff: noqa: PTH118, PTH120

from __future__ import annotations

import errno
import itertools
import os
import re
import time

from attrs import frozen

from pickle_migrate import attributes, writing
from pickle_migrate.writing import TEMPORARY

#: What a backup's name ends with, unless another suffix is asked for. The second is .bak1.
SUFFIX = ".bak"

# Why a hard link cannot be made although a copy may be: no such links here, one too many, or not
# allowed on files of others.
_NO_LINKS = frozenset(
    [errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM, errno.EMLINK, errno.EACCES]
)


@frozen
class Backup:
    """A backup's path, and whether it was made now or had been there."""

    path: str
    is_new: bool


def original_of(name: str, suffix: str = SUFFIX) -> str | None:
    """The name of the file that a file of this name is a backup of; None when it is no backup's."""
    match = re.fullmatch(rf"(.+){re.escape(suffix)}(?:[1-9][0-9]*)?", name, re.DOTALL)
    return match[1] if match else None


def keep(target: str, data: bytes, status: os.stat_result, suffix: str = SUFFIX) -> Backup:
    """Keep the file ``target``, whose content is ``data``, under the first name that is free.

    A file under such a name that holds the same bytes is the backup already. The backup is a hard
    link, so nothing is copied and everything is kept; where that cannot be, it is a copy.
    """
    for number in itertools.count():
        path = f"{target}{suffix}{number or ''}"
        try:
            _link_or_copy(target, data, status, path)
        except FileExistsError:
            if writing.file_holds(path, data):
                writing.sync_file(path)
                return Backup(path, is_new=False)
        else:
            return Backup(path, is_new=True)
    raise AssertionError("itertools.count() does not end")


def _link_or_copy(target: str, data: bytes, status: os.stat_result, path: str) -> None:
    try:
        os.link(target, path, follow_symlinks=False)
        return
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise

    def finish(file: int) -> None:
        attributes.copy_attributes(file, target, status)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    temporary = writing.write_temporary(os.path.dirname(target), data, finish)
    try:
        writing.publish(temporary, path)
    except BaseException:
        writing.remove(temporary)
        raise


def other_names(target: str, status: os.stat_result, suffix: str = SUFFIX) -> int:
    """How many other names the file has that are not ours.

    A process that was killed may have left a backup, or a temporary file, that is a hard link to
    the file: those are no one else's names.
    """
    if status.st_nlink < 2:
        return 0
    folder, name = os.path.split(target)
    ours = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if original_of(entry.name, suffix) == name or TEMPORARY.fullmatch(entry.name):
                found = entry.stat(follow_symlinks=False)
                ours += (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino)
    return status.st_nlink - 1 - ours


# --- what a killed run leaves -----------------------------------------------------------------


def find_leftovers(folder: str, *, older_than: float = 3600) -> list[str]:
    """Our temporary files in a folder and those below it, by name. Links are not followed.

    Only those that nobody has touched for ``older_than`` seconds: a younger one may belong to a run
    that is still at work. Folders that cannot be listed are left out.
    """
    found = []
    latest = time.time() - older_than
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(place, name)
            # Not the time of its content, which may be that of an old file.
            if TEMPORARY.fullmatch(name) and os.lstat(path).st_ctime <= latest:
                found.append(path)
    return found


def clean_leftovers(folder: str, *, older_than: float = 3600) -> list[str]:
    """Remove the files that ``find_leftovers`` finds. The paths of those that are gone now."""
    found = find_leftovers(folder, older_than=older_than)
    for path in found:
        writing.remove(path)
    return [path for path in found if not os.path.lexists(path)]
