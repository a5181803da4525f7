"""Text arguments, read as CPython's C unpickler reads them.

Protocol 0 writes numbers, strings and memo keys as lines of text. What a number is differs between
C's ``strtol``, Python's ``int`` and ``pickletools``. These functions follow Modules/_pickle.c: it
tries ``strtol`` first and ``int`` second, and takes a NUL byte for the end of the line.

Arguments are bytes: the line without its line feed, unless said otherwise. Nothing is imported.
"""

from __future__ import annotations

import re
from typing import Final

# load_int: strtol with base 0, which takes 010 for octal where Python's int refuses it.
_OCTAL: Final = re.compile(rb"[ \t\v\f\r]*[+-]?0[0-7]*\Z")
_LONG: Final = range(-(1 << 63), 1 << 63)
_FLOAT: Final = re.compile(
    rb"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan)\Z", re.IGNORECASE
)
_ESCAPES: Final = re.compile(rb"(?:[^\\]|\\x[0-9a-fA-F]{2}|\\[^x])*+\Z", re.DOTALL)


def _to_nul(line: bytes) -> bytes:
    return line.partition(b"\0")[0]


def is_int(line: bytes) -> bool:
    """Whether INT takes this line (``load_int``). ``True`` and ``False`` are 01 and 00."""
    text = _to_nul(line)
    if not text:
        return line != b""
    if _OCTAL.match(text) and int(text, 8) in _LONG:
        return True
    return _is_python_int(text, 0)


def is_long(line: bytes) -> bool:
    """Whether LONG takes this line (``load_long``), with or without an L at its end."""
    return line != b"" and _is_python_int(_to_nul(line.removesuffix(b"L")), 0)


def is_float(line: bytes) -> bool:
    """Whether FLOAT takes this line (``load_float``): no spaces, no underscores, no overflow."""
    text = _to_nul(line)
    if _FLOAT.match(text) is None:
        return False
    is_named = text[-1:].isalpha()
    return is_named or abs(float(text)) != float("inf")


def memo_key(line: bytes) -> int | None:
    """The number in GET or PUT (``PyLong_FromString``, base 10), or None if it is none."""
    text = _to_nul(line)
    if not line or not _is_python_int(text, 10):
        return None
    key = int(text, 10)
    return key if key in _LONG else None


def is_quoted(line: bytes) -> bool:
    """Whether STRING takes this line (``load_string``): quoted, and its escapes are whole."""
    if len(line) < 2 or line[0] != line[-1] or line[:1] not in (b"'", b'"'):
        return False
    return _ESCAPES.match(line, 1, len(line) - 1) is not None


def unquoted(line: bytes) -> bytes:
    """The bytes that a STRING line stands for. The line is one that ``is_quoted`` takes."""
    import codecs

    return codecs.escape_decode(line[1:-1])[0]


def unescaped(line: bytes) -> str | None:
    """The text that a UNICODE line stands for (raw-unicode-escape), or None if it is malformed."""
    try:
        return line.decode("raw-unicode-escape")
    except UnicodeDecodeError:
        return None


def _is_python_int(text: bytes, base: int) -> bool:
    try:
        int(text, base)
    except ValueError:
        return False
    return True
