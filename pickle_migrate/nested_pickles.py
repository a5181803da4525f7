"""Pickles inside of a pickle: texts and bytes that are pickles themselves.

Whoever loads the outer one may well load the inner one too, and no scan of the outer one sees what
that names. Where the tree was built, every text and every bytes value is looked at. In the rest of
a large pickle, base64 and names of globals are searched for, and taken for a nested pickle where
they stand in an argument of an opcode. Pickles with a header are found anywhere, by ``row``.

Nothing is loaded or imported. The work is bounded: so many bytes are tried, so many candidates.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Final

import attrs

from pickle_migrate import scan_texts
from pickle_migrate.scan_reader import Data
from pickle_migrate.tree_texts import Value

#: What is expanded of a nested value that is compressed or in base64.
EXPANDED: Final = 16 * 1024**2
_CANDIDATES: Final = 2_000
_WINDOW: Final = 4_096

_BASE64_HEADER: Final = re.compile(rb"gA[I-X][A-Za-z0-9+/_-]{8}")
_BASE64: Final = re.compile(rb"gA[I-X][A-Za-z0-9+/_-]+={0,2}\s*\Z")
_ZLIB: Final = re.compile(rb"x[\x01\x5e\x9c\xda]")
_GZIP: Final = re.compile(rb"\x1f\x8b\x08")
# The second line of a GLOBAL or an INST; that there is a first one is looked at afterwards.
_NAME_LINE: Final = re.compile(rb"\n[A-Za-z_][\w.]*+(?=\n)")
_NAMED: Final = re.compile(rb"[ci][A-Za-z_][\w.]*+\n[A-Za-z_][\w.]*+\n")

# Opcodes with a length prefix, by the bytes of the prefix.
_PREFIXED: Final = {1: b"CU\x8c", 4: b"BTX", 8: b"\x8e\x8d\x96"}
_LONG_HEADER: Final = re.compile(rb"(?s)(?=([BTX])(...)\0)")
_SHORT_HEADER: Final = re.compile(rb"(?s)(?=[CU\x8c](.))")
_STOP: Final = 0x2E


@attrs.frozen
class Nested:
    """Bytes that may be a pickle. ``start`` is the offset of the value in the outer data; ``form``
    says how the bytes were wrapped there: "", "base64", "zlib", "gzip" or "escaped".
    """

    start: int
    payload: bytes = attrs.field(repr=False)
    form: str = ""


class Budget:
    """How much may still be tried, shared by all pickles of one file and all that is nested in
    them: bytes of values, how many of these, and opcodes of trees, which stay in memory.
    """

    def __init__(self, size: int, opcodes: int = 400_000) -> None:
        self.bytes = 4 * size + EXPANDED
        self.candidates = _CANDIDATES
        self.opcodes = opcodes

    def take(self, size: int) -> bool:
        """Whether so many bytes may be tried. They count as tried then."""
        if self.candidates <= 0 or size > self.bytes:
            self.candidates = 0
            return False
        self.candidates -= 1
        self.bytes -= size
        return True

    @property
    def is_used_up(self) -> bool:
        """Whether something was not tried."""
        return self.candidates <= 0


def of_values(data: Data, values: tuple[Value, ...], budget: Budget) -> Iterator[Nested]:
    """The texts and bytes among ``values`` that may be pickles, unwrapped."""
    for value in values:
        if not budget.take(value.end - value.start):
            return
        raw = bytes(data[value.start : value.end])
        if value.name in ("STRING", "UNICODE"):
            yield from _of_line(value, raw)
        else:
            yield from _unwrapped(value.start, raw)


def of_rest(data: Data, start: int, end: int, budget: Budget) -> Iterator[Nested]:
    """Candidates between two offsets, where no tree was built: base64, and names of globals."""
    for found in _BASE64_HEADER.finditer(data, start, end):
        length = length_before(data, found.start(), end)
        if length is not None:
            if not budget.take(length):
                return
            raw = bytes(data[found.start() : found.start() + length])
            yield from _unwrapped(found.start(), raw)
    yield from _around_names(data, start, end, budget)


def _unwrapped(start: int, raw: bytes) -> Iterator[Nested]:
    if _BASE64.match(raw):
        try:
            text = raw.strip().replace(b"-", b"+").replace(b"_", b"/")
            yield Nested(start, binascii.a2b_base64(text + b"=" * (-len(text) % 4)), "base64")
        except binascii.Error:
            return
    elif _ZLIB.match(raw):
        yield from _inflated(start, raw, "zlib", 15)
    elif _GZIP.match(raw):
        yield from _inflated(start, raw, "gzip", 31)
    else:
        yield Nested(start, raw)


def _inflated(start: int, raw: bytes, form: str, bits: int) -> Iterator[Nested]:
    import zlib

    try:
        payload = zlib.decompressobj(bits).decompress(raw, EXPANDED)
    except zlib.error:
        return
    yield Nested(start, payload, form)


def _of_line(value: Value, raw: bytes) -> Iterator[Nested]:
    """A line of protocol 0, where escapes spell what has no letter."""
    if b"\\" not in raw:
        yield from _unwrapped(value.start, raw)
        return
    if value.name == "STRING":
        line = b"'" + raw + b"'"
        if scan_texts.is_quoted(line):
            yield Nested(value.start, scan_texts.unquoted(line), "escaped")
        return
    text = scan_texts.unescaped(raw)
    if text is not None:
        yield Nested(value.start, text.encode("latin-1", "replace"), "escaped")


def length_before(data: Data, at: int, end: int) -> int | None:
    """The length that the opcode right before ``at`` claims for its argument; None: none does."""
    for width, codes in _PREFIXED.items():
        if at - width - 1 >= 0 and data[at - width - 1] in codes:
            length = int.from_bytes(data[at - width : at], "little")
            if 0 < length <= end - at:
                return length
    return None


def _around_names(data: Data, start: int, end: int, budget: Budget) -> Iterator[Nested]:
    """Pickles without a header, as protocols 0 and 1 write them: found by a GLOBAL in them."""
    tried = start
    for found in _NAME_LINE.finditer(data, start, end):
        at, after = found.start(), found.end() + 1
        if at < tried:
            continue
        base = max(start, at - _WINDOW)
        window = bytes(data[base:after])
        if _NAMED.search(window, max(0, len(window) - 200 - (after - at))) is None:
            continue
        if budget.candidates <= 0:
            return
        for place, length in _arguments_over(window, base, after, end):
            if data[place + length - 1] == _STOP:
                if not budget.take(length):
                    return
                tried = place + length
                yield Nested(place, bytes(data[place : place + length]))
                break


def _arguments_over(window: bytes, base: int, at: int, end: int) -> Iterator[tuple[int, int]]:
    """Where an argument may begin that reaches beyond ``at``, with its length, first ones first."""
    places = []
    for header in _LONG_HEADER.finditer(window):
        places.append((base + header.start() + 5, int.from_bytes(header.group(2), "little")))
    for header in _SHORT_HEADER.finditer(window, max(0, len(window) - 257)):
        places.append((base + header.start() + 2, header.group(1)[0]))
    for place, length in sorted(places):
        if place < at <= place + length <= end:
            yield place, length
