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
from collections.abc import Iterator, Set
from typing import Final

import attrs

#: How far a text's key is searched for; beyond, a search would cost more than the bytes it saves.
WINDOW: Final = 1 << 20
#: How many bytes are looked at for all texts of one pickle.
BUDGET: Final = 1 << 24

_PREFIXES: Final = {0x8C: 1, 0x58: 4, 0x8D: 8}
_MEMOIZE, _BINPUT, _LONG_BINPUT, _PUT, _UNICODE = 0x94, 0x71, 0x72, 0x70, 0x56
UNKNOWN_KEY: Final = -1


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
    module_text = _text(data, module, keys - 2 if is_last else UNKNOWN_KEY)
    if module_text is not None and module_text.after == name:
        return Operands(at, name_text, module_text)
    fetch = _fetch_before(data, name)
    return None if fetch is None else Operands(at, name_text, None, *fetch)


def _fetch_before(data: bytes, end: int) -> tuple[int, int] | None:
    """The offset and the key of BINGET or LONG_BINGET that ends where another opcode starts.

    Bytes are read backwards here, and may only look like GET. That is harmless: a real GET of the
    same key is found by ``lookalikes`` wherever it stands, and must be one of these as well.
    """
    if data[end - 2 : end - 1] == b"h":
        return end - 2, data[end - 1]
    if data[end - 5 : end - 4] == b"j":
        return end - 5, int.from_bytes(data[end - 4 : end], "little")
    return None


def _text(data: bytes, at: int, next_key: int) -> Text | None:
    end = after_text(data, at)
    if end is None or data[at] == _UNICODE:
        return None
    after, key = after_put(data, end)
    if key == UNKNOWN_KEY:
        key = max(next_key, UNKNOWN_KEY)
    return Text(at, end, after, key)


def after_text(data: bytes, at: int) -> int | None:
    """Where the opcode that pushes a text ends; None if another one stands there."""
    code = data[at]
    if code == _UNICODE:
        return data.index(b"\n", at) + 1
    width = _PREFIXES.get(code)
    if width is None:
        return None
    return at + 1 + width + int.from_bytes(data[at + 1 : at + 1 + width], "little")


def after_put(data: bytes, at: int) -> tuple[int, int | None]:
    """Where the opcode ends that puts the topmost value into the memo, and the key: that of PUT,
    ``UNKNOWN_KEY`` for MEMOIZE. ``at`` itself and None if another opcode stands there.
    """
    code = data[at]
    if code == _MEMOIZE:
        return at + 1, UNKNOWN_KEY
    if code == _BINPUT:
        return at + 2, data[at + 1]
    if code == _LONG_BINPUT:
        return at + 5, int.from_bytes(data[at + 1 : at + 5], "little")
    if code == _PUT:
        end = data.index(b"\n", at) + 1
        digits = data[at + 1 : end - 1]
        return end, int(digits) if digits.isdigit() and len(digits) < 10 else UNKNOWN_KEY
    return at, None


@attrs.define
class Search:
    """Looks for what fetches texts of one pickle from the memo. ``stop``: how far that may be.

    ``left``: bytes that may still be looked at, so that many texts cost no more than many bytes.
    """

    data: bytes
    stop: int
    left: int = BUDGET

    def is_unread(self, text: Text, but: Set[int] = frozenset()) -> bool:
        """Whether nothing fetches a text from the memo, but the opcodes at ``but``. False if that
        cannot be said.
        """
        if text.key is None:
            return True
        found = self.lookalikes(text.key, text.after) if text.key >= 0 else None
        return found is not None and all(start in but for start, _ in found)

    def lookalikes(self, key: int, start: int) -> Iterator[tuple[int, int]] | None:
        """All bytes from ``start`` on that look like GET of a key, each with its end; None if that
        is too much to search.
        """
        size = self.stop - start
        if size > WINDOW or size > self.left:
            return None
        self.left -= size
        gets = (get.finditer(self.data, start, self.stop) for get in _gets(key))
        return (match.span() for matches in gets for match in matches)


def _gets(key: int) -> list[re.Pattern[bytes]]:
    short = [re.compile(re.escape(b"h" + bytes([key])))] if key < 256 else []
    # GET's number is read as Python's int() reads it: spaces, a sign, zeros, underscores.
    digits = b"_?".join(b"%c" % digit for digit in str(key).encode())
    return [
        *short,
        re.compile(re.escape(b"j" + struct.pack("<I", key))),
        re.compile(rb"g[\s+0_]*" + digits + rb"\s*(?:\0[^\n]*)?\n"),
    ]
