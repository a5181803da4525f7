"""What stands around a pickle in files that are none by themselves, taken off and put back.

joblib's files (``joblib_files``), NumPy's array files whose items are objects, and pickles of
protocol 0 that went through a file in text mode, so that each of their line feeds stands behind a
carriage return. Bytes in, bytes out: nothing is opened, imported or made.

Sources: numpy/lib/format.py (.npy 1.0 to 3.0: a header, then the pickle of the array).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import attrs

from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.foreign import joblib_files
from pickle_migrate.limits import UPGRADE_LIMITS
from pickle_migrate.registry import Registry
from pickle_migrate.scanner import scan_all

_NPY: Final = b"\x93NUMPY"
_OBJECT_TYPE: Final = re.compile(rb"""['"][|<>=]?O\d*['"]""")
# Protocol 0 ends names, texts and numbers with a line feed; those inside of texts are escaped.
_TEXT_MODE: Final = re.compile(rb"[^\x80\r\n\x93][^\r\n]*\r\n")
_LONE_LINE_FEED: Final = re.compile(rb"(?<!\r)\n")


@attrs.frozen(eq=False)
class Outer:
    """``plain`` are the pickles inside. ``put_back`` makes the file of new ones. ``is_old``: the
    file is to be written anew, also if they need nothing.
    """

    plain: bytes = attrs.field(repr=False)
    put_back: Callable[[bytes], bytes]
    is_old: bool = False


def taken_off(data: bytes, registry: Registry) -> Outer | None:
    """What stands around the pickles of a file; None if nothing does. Raises ContentError for a
    joblib file that is not read to its end, and what ``shims`` raise.
    """
    opened = joblib_files.opened(data)
    if opened is not None:
        today = opened.renamed(registry)
        return Outer(opened.plain, today.closed, today is not opened)
    return _array_file(data) or _text_mode(data, registry)


def plain_of(data: bytes, registry: Registry) -> bytes:
    """The pickles of a file, whatever stands around them. As ``taken_off``."""
    found = taken_off(data, registry)
    return data if found is None else found.plain


def _array_file(data: bytes) -> Outer | None:
    if data[:6] != _NPY or len(data) < 10:
        return None
    width = 2 if data[6] == 1 else 4
    start = 8 + width + int.from_bytes(data[8 : 8 + width], "little")
    if start > len(data) or not _OBJECT_TYPE.search(data, 8 + width, start):
        return None
    head = data[:start]
    return Outer(data[start:], lambda new: head + new)


def _text_mode(data: bytes, registry: Registry) -> Outer | None:
    if not registry.tells_strings_apart or not _TEXT_MODE.match(data):
        return None
    if _LONE_LINE_FEED.search(data):
        return None
    plain = data.replace(b"\r\n", b"\n")
    try:
        if scan_all(plain, limits=UPGRADE_LIMITS).trailing:
            return None
    except PickleMigrateError:
        return None
    return Outer(plain, lambda new: new, is_old=True)
