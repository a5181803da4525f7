"""Text arguments, read as CPython's C unpickler reads them.

Protocol 0 writes numbers, strings and memo keys as lines of text. What a number is differs between
C's ``strtol``, Python's ``int`` and ``pickletools``. These functions follow Modules/_pickle.c: it
tries ``strtol`` first and ``int`` second, and takes a NUL byte for the end of the line.

Arguments are bytes: the line without its line feed, unless said otherwise. Nothing is imported, and
no text costs more time than its length: numbers of many digits are never computed.
"""

from __future__ import annotations

import re
import sys
from typing import Final

# What picklers write; nothing else need be asked of such a text.
PLAIN_INT: Final = re.compile(rb"0[01]?|-?[1-9][0-9]{0,17}")
PLAIN_LONG: Final = re.compile(rb"(?:0|-?[1-9][0-9]{0,638})L?")
PLAIN_FLOAT: Final = re.compile(
    rb"-?(?:[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[+-]?[0-9]{1,2})?|inf|nan)"
)
PLAIN_KEY: Final = re.compile(rb"0|[1-9][0-9]{0,17}")

# load_int: strtol with base 0, which takes 010 for octal where Python's int refuses it.
_OCTAL: Final = re.compile(rb"[ \t\v\f\r]*[+-]?0[0-7]*")
_LONG: Final = range(-(1 << 63), 1 << 63)
_FLOAT: Final = re.compile(
    rb"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf|infinity|nan)", re.IGNORECASE
)
# PyLong_FromString: base 10, and what base 0 takes beside it.
_DECIMAL: Final = re.compile(rb"[ \t\n\v\f\r]*+[+-]?((?:[0-9]_?)*+(?<!_))[ \t\n\v\f\r]*+")
_PREFIXED: Final = re.compile(
    rb"[ \t\n\v\f\r]*+[+-]?0(?:x(?:_?[0-9a-f])++|o(?:_?[0-7])++|b(?:_?[01])++)[ \t\n\v\f\r]*+",
    re.IGNORECASE,
)
_ESCAPE: Final = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))", re.DOTALL)
_ESCAPES: Final = re.compile(rb"(?:[^\\]|\\x[0-9a-fA-F]{2}|\\[^x])*+\Z", re.DOTALL)
_SHORT_ESCAPES: Final = {
    **{bytes([c]): bytes([c]) for c in b"\\'\""},
    **dict(zip(map(bytes, zip(b"abfnrtv")), map(bytes, zip(b"\a\b\f\n\r\t\v")), strict=True)),
    b"\n": b"",
}


def to_nul(line: bytes) -> bytes:
    """What C sees of a line that holds a NUL byte."""
    return line.partition(b"\0")[0]


def decimal_digits(line: bytes) -> int:
    """How many decimal digits ``int`` would have to compute; 0 if it is not a decimal number."""
    if len(line) <= 640:  # below this no Python has a limit
        return 0
    found = _DECIMAL.fullmatch(to_nul(line).removesuffix(b"L"))
    return len(found[1]) - found[1].count(b"_") if found else 0


def is_int(line: bytes) -> bool:
    """Whether INT takes this line (``load_int``). ``True`` and ``False`` are 01 and 00."""
    text = to_nul(line)
    if not text:
        return line != b""
    return octal(text) is not None or is_python_int(text, 0)


def octal(text: bytes) -> int | None:
    """The number that only ``strtol`` sees in a text such as 010, else None."""
    if not _OCTAL.fullmatch(text):
        return None
    # 22 digits are more than a C long has.
    digits = text.strip().lstrip(b"+-").lstrip(b"0")
    number = int(digits or b"0", 8) if len(digits) <= 22 else _LONG.stop
    number = -number if b"-" in text else number
    return number if number in _LONG else None


def is_long(line: bytes) -> bool:
    """Whether LONG takes this line (``load_long``), with or without an L at its end."""
    return line != b"" and is_python_int(to_nul(line.removesuffix(b"L")), 0)


def is_float(line: bytes) -> bool:
    """Whether FLOAT takes this line (``load_float``): no spaces, no underscores, no overflow."""
    text = to_nul(line)
    if _FLOAT.fullmatch(text) is None:
        return False
    is_named = text[-1:].isalpha()
    return is_named or abs(float(text)) != float("inf")


def memo_key(line: bytes) -> int | None:
    """The number in GET or PUT (``PyLong_FromString``, base 10), or None if it is none."""
    text = to_nul(line)
    if not line or not is_python_int(text, 10) or len(text.strip().lstrip(b"+-0_")) > 40:
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
    return _ESCAPE.sub(_unescape, line[1:-1])


def _unescape(found: re.Match[bytes]) -> bytes:
    # codecs.escape_decode would warn of escapes that nobody knows, which an application may forbid.
    hexadecimal, octal, other = found.groups()
    if hexadecimal:
        return bytes.fromhex(hexadecimal.decode())
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    return _SHORT_ESCAPES.get(other, b"\\" + other)


def unescaped(line: bytes) -> str | None:
    """The text that a UNICODE line stands for (raw-unicode-escape), or None if it is malformed."""
    try:
        return line.decode("raw-unicode-escape")
    except UnicodeDecodeError:
        return None


def is_python_int(text: bytes, base: int) -> bool:
    """Whether ``int(text, base)`` gives a number, for the bases 10 and 0; it is not computed."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return base == 0 and _PREFIXED.fullmatch(text) is not None
    digits = found[1].replace(b"_", b"")
    if not digits or (base == 0 and digits[:1] == b"0" and digits.strip(b"0")):
        return False
    most = sys.get_int_max_str_digits()
    return not 0 < most < len(digits)
