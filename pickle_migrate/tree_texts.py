"""The beginning of a plain value as text, without making the value.

A str may have gigabytes and an int a million digits: what is read of each is a few dozen bytes.
"""

from __future__ import annotations

import re
import struct
from typing import Final

import attrs

from pickle_migrate import scan_texts
from pickle_migrate.opcodes import Opcode
from pickle_migrate.scan_reader import Data
from pickle_migrate.tree_nodes import Node

#: Bytes of a text that are kept, unless it may be a name.
TEXT_KEPT: Final = 2_000
_DIGITS_SHOWN: Final = 40
_NUMBER_BYTES: Final = 16
_LINE_FEED: Final = re.compile(b"\n")

_PLAIN: Final = {
    "NONE": ("None", "None"),
    "NEWTRUE": ("bool", "True"),
    "NEWFALSE": ("bool", "False"),
}
_TEXTS: Final = frozenset(["SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"])
_EIGHT_BIT: Final = frozenset(["BINSTRING", "SHORT_BINSTRING"])

# What may be a pickle by itself has a header, plain, in base64 or compressed; in a line of text a
# backslash may spell it. Or it begins like one and ends with STOP.
_HEADER: Final = re.compile(rb"\x80[\x02-\x05]|\\x80|gA[I-X]|\x1f\x8b|x[\x01\x5e\x9c\xda]")
_BEGINS: Final = frozenset(b"(c]})\x8cUXTVSKJIMNGFLCBP\x82\x83\x84\x8f\x95")
# The shortest that names something: c, two letters with line feeds, and STOP.
_SHORTEST: Final = 6
_STOP: Final = 0x2E


def line_end(data: Data, start: int) -> int | None:
    """The offset after the next line feed; None without one."""
    found = _LINE_FEED.search(data, start)
    return None if found is None else found.end()


@attrs.frozen
class Value:
    """A stretch of bytes, from ``start`` to ``end``, that is the argument of the opcode ``name``
    and may be a pickle itself.
    """

    start: int
    end: int
    name: str


def atom(data: Data, op: Opcode, at: int, end: int) -> tuple[Node, Value | None]:
    """The node of a plain value, and where that may be a pickle itself, its bytes."""
    if op.name in _PLAIN:
        kind, text = _PLAIN[op.name]
        return Node(kind, at, end, text), None
    if op.lines:
        line = bytes(data[at + 1 : min(end - 1, at + 1 + TEXT_KEPT)])
        quote = int(op.name == "STRING")
        is_text = quote or op.name == "UNICODE"
        value = _candidate(data, op, at + 1 + quote, end - 1 - quote) if is_text else None
        return _of_line(op, line, at, end), value
    if not op.prefix or op.name in ("LONG1", "LONG4"):
        return _number(data, op, at, end), None
    start = at + 1 + op.prefix
    head = bytes(data[start : min(end, start + TEXT_KEPT)])
    if op.name in _TEXTS:
        node = Node("str", at, end, _text(head), end - start)
    elif op.name in _EIGHT_BIT:
        node = Node("8-bit str", at, end, head.decode("latin-1"), end - start)
    else:
        kind = "bytearray" if op.name == "BYTEARRAY8" else "bytes"
        node = Node(kind, at, end, head.decode("latin-1"), end - start)
    return node, _candidate(data, op, start, end)


def _text(head: bytes) -> str:
    """As the unpickler decodes it; the last character may be cut, and any may be malformed."""
    for end in range(len(head), max(-1, len(head) - 4), -1):
        try:
            return head[:end].decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            continue
    return head.decode("utf-8", "surrogateescape")


def _candidate(data: Data, op: Opcode, start: int, end: int) -> Value | None:
    if end - start < _SHORTEST:
        return None
    if data[end - 1] == _STOP and data[start] in _BEGINS:
        return Value(start, end, op.name)
    return Value(start, end, op.name) if _HEADER.match(data, start) else None


def _number(data: Data, op: Opcode, at: int, end: int) -> Node:
    raw_start = at + 1 + op.prefix
    if op.name == "BINFLOAT":
        (value,) = struct.unpack(">d", bytes(data[at + 1 : end]))
        return Node("float", at, end, repr(value))
    if end - raw_start > _NUMBER_BYTES:
        return Node("int", at, end, f"a number of {end - raw_start} bytes")
    signed = op.name in ("BININT", "LONG1", "LONG4")
    number = int.from_bytes(bytes(data[raw_start:end]), "little", signed=signed)
    return Node("int", at, end, str(number))


def _of_line(op: Opcode, line: bytes, at: int, end: int) -> Node:
    size = end - at - 2
    if op.name == "UNICODE":
        # The last escape may be cut; what is shown is the beginning.
        return Node("str", at, end, scan_texts.unescaped(line) or line.decode("latin-1"), size)
    if op.name == "STRING":
        whole = line if scan_texts.is_quoted(line) else None
        raw = scan_texts.unquoted(whole) if whole is not None else line[1:]
        return Node("8-bit str", at, end, raw.decode("latin-1"), len(raw) if whole else size)
    text = line.decode("latin-1").removesuffix("L")
    if op.name == "INT" and text in ("00", "01"):
        return Node("bool", at, end, "True" if text == "01" else "False")
    if size > _DIGITS_SHOWN:
        text = f"a number of {size} digits"
    return Node("float" if op.name == "FLOAT" else "int", at, end, text)
