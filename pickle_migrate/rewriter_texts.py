"""Whether the texts that STACK_GLOBAL takes its name from can be changed where they stand.

Protocol 4 memoises the texts of module and name, and everything else in the pickle that is the same
text may fetch them from the memo: other globals, and the user's data. A text that something else
reads must stay as it is.

Rules
    - A text without a memo key is read once, where it stands.
    - A text with a key is read by nobody else if no bytes that could fetch that key follow. Bytes
      that only look like it, inside of some argument, count as well: so the answer "nobody else" is
      certain and the other one is not.
    - Only the next ``WINDOW`` bytes are searched; in a longer pickle a text with a key counts as
      shared.

Offsets count bytes from the start of the data. Nothing is decoded or changed here.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Set
from typing import Final

import attrs

#: How far a text's key is searched for; beyond, a search would cost more than the bytes it saves.
WINDOW: Final = 1 << 20

_PREFIXES: Final = {0x8C: 1, 0x58: 4, 0x8D: 8}
_MEMOIZE, _BINPUT, _LONG_BINPUT = 0x94, 0x71, 0x72
_UNKNOWN_KEY: Final = -1


@attrs.frozen
class Text:
    """A text as it stands in the data: its opcode from ``start`` to ``end``, then what puts it into
    the memo, up to ``after``. ``key``: None without any, -1 if the key is not known.
    """

    start: int
    end: int
    after: int
    key: int | None


@attrs.frozen
class Operands:
    """The texts of one STACK_GLOBAL at ``at``: both stand in front of it, one after the other.

    ``module`` is None where the module's text comes out of the memo: by the opcode at ``fetch``,
    under the key ``fetched``.
    """

    at: int
    name: Text
    module: Text | None
    fetch: int = -1
    fetched: int = -1


def operands(data: bytes, at: int, module: int, name: int, keys: int) -> Operands | None:
    """How STACK_GLOBAL at ``at`` gets its texts, whose opcodes stand at ``module`` and ``name``.

    ``keys`` is as in ``scan_model.SITE``. None where they come in another way than picklers write.
    """
    name_text = _text(data, name, keys - 1)
    if name_text is None or name_text.after != at:
        return None
    is_last = name_text.key is not None and data[name_text.end] == _MEMOIZE and keys
    module_text = _text(data, module, keys - 2 if is_last else _UNKNOWN_KEY)
    if module_text is not None and module_text.after == name:
        return Operands(at, name_text, module_text)
    fetch = _fetch_before(data, name)
    return None if fetch is None else Operands(at, name_text, None, *fetch)


def _fetch_before(data: bytes, end: int) -> tuple[int, int] | None:
    """The offset and the key of BINGET or LONG_BINGET that ends where another opcode starts.

    Bytes are read backwards here. What only looks like GET is harmless unless it keeps the text
    that is on top of the stack, under another key or twice: DUP, MEMOIZE, PUT and LONG_BINPUT,
    which could end in such bytes, are left out.
    """
    key = data[end - 1]
    if data[end - 2 : end - 1] == b"h" and key not in b"2\x94\n" and data[end - 5] != _LONG_BINPUT:
        return end - 2, key
    if data[end - 5 : end - 4] == b"j" and data[end - 2 : end] == b"\0\0":
        return end - 5, int.from_bytes(data[end - 4 : end], "little")
    return None


def _text(data: bytes, at: int, next_key: int) -> Text | None:
    width = _PREFIXES.get(data[at])
    if width is None:
        return None
    end = at + 1 + width + int.from_bytes(data[at + 1 : at + 1 + width], "little")
    code = data[end]
    if code == _MEMOIZE:
        return Text(at, end, end + 1, max(next_key, _UNKNOWN_KEY))
    if code == _BINPUT:
        return Text(at, end, end + 2, data[end + 1])
    if code == _LONG_BINPUT:
        return Text(at, end, end + 5, int.from_bytes(data[end + 1 : end + 5], "little"))
    return Text(at, end, end, None)


def is_unread(data: bytes, text: Text, stop: int, but: Set[int] = frozenset()) -> bool:
    """Whether nothing up to ``stop`` fetches a text from the memo, but the opcodes at ``but``."""
    if text.key is None:
        return True
    if text.key < 0 or stop - text.after > WINDOW:
        return False
    return all(
        match.start() in but
        for pattern in _gets(text.key)
        for match in pattern.finditer(data, text.after, stop)
    )


def _gets(key: int) -> list[re.Pattern[bytes]]:
    short = [re.compile(re.escape(b"h" + bytes([key])))] if key < 256 else []
    # GET's number is read as Python's int() reads it: spaces, a sign, zeros, underscores.
    digits = b"_?".join(b"%c" % digit for digit in str(key).encode())
    return [
        *short,
        re.compile(re.escape(b"j" + struct.pack("<I", key))),
        re.compile(rb"g[\s+0_]*" + digits + rb"\s*(?:\0[^\n]*)?\n"),
    ]
