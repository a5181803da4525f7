"""What belongs to a file beside its content: owner, group, mode, extended attributes.

Part of ``store``. Nothing here unpickles or imports what files name.
"""

from __future__ import annotations

import errno
import os
import stat

# A file system without extended attributes says so with one of these.
_UNSUPPORTED = frozenset([errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM])

_ACCESS_LIST = "system.posix_acl_access"


def copy_attributes(file: int, source: str, status: os.stat_result) -> list[str]:
    """Give an open file the owner, group, extended attributes and mode of ``source``.

    What the system forbids is left out, and told in the sentences that are returned. A group that
    could not be kept leaves its rights behind: another group gets what everyone has.
    """
    mode = stat.S_IMODE(status.st_mode)
    lost = _copy_owner(file, status)
    if lost:
        mode &= 0o1777
    if "group" in lost:
        mode = mode & ~0o070 | (mode & (mode & 0o007) << 3)
    warnings = [f"the {what} could not be kept" for what in lost]
    warnings += _copy_extended(file, source)
    os.fchmod(file, mode)  # last, since a change of owner drops some bits
    return warnings


def _copy_owner(file: int, status: os.stat_result) -> list[str]:
    mine = os.fstat(file)
    if (mine.st_uid, mine.st_gid) == (status.st_uid, status.st_gid):
        return []
    lost = []
    for what, owner, group, kept in (
        ("group", -1, status.st_gid, mine.st_gid == status.st_gid),
        ("owner", status.st_uid, -1, mine.st_uid == status.st_uid),
    ):
        try:
            if not kept:
                os.fchown(file, owner, group)
        except PermissionError:
            lost.append(what)
    return lost


def _copy_extended(file: int, source: str) -> list[str]:
    if not hasattr(os, "listxattr"):  # only Linux has these calls
        return []
    wanted, present = _extended(source), _extended(file)
    if _ACCESS_LIST in present and _ACCESS_LIST not in wanted:
        # The folder gives it to new files; the old one was open to fewer.
        os.removexattr(file, _ACCESS_LIST)
    warnings = []
    for name in wanted:
        try:
            value = os.getxattr(source, name)
            if name not in present or os.getxattr(file, name) != value:
                os.setxattr(file, name, value)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            warnings.append(f"the extended attribute {name} could not be kept")
    return warnings


def _extended(file: str | int) -> list[str]:
    try:
        return sorted(os.listxattr(file))
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return []
        raise
