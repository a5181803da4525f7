"""Opcodes that push a value whose argument has to be looked at: texts, numbers, codes, buffers.

Each step gets the reader and the opcode's offset, and gives the offset of the next opcode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pickle_migrate import scan_calls, scan_differences, scan_texts
from pickle_migrate.errors import PickleFormatError
from pickle_migrate.opcodes import BY_CODE
from pickle_migrate.scan_entries import PLAIN, UNKNOWN
from pickle_migrate.scan_reader import FIRST_FEW, Reader

_TEXT_OPCODES: Final = frozenset(b"SUTVX\x8c\x8d")

_TAKES: Final[dict[str, Callable[[bytes], bool]]] = {
    "INT": scan_texts.is_int,
    "LONG": scan_texts.is_long,
    "FLOAT": scan_texts.is_float,
    "STRING": scan_texts.is_quoted,
    "UNICODE": lambda line: scan_texts.unescaped(line) is not None,
}
# Numbers that picklers write so: nothing more is asked of them.
_PLAIN: Final = {
    "INT": (scan_texts.PLAIN_INT.fullmatch, scan_differences.INT_TEXT),
    "LONG": (scan_texts.PLAIN_LONG.fullmatch, scan_differences.LONG_TEXT),
    "FLOAT": (scan_texts.PLAIN_FLOAT.fullmatch, scan_differences.FLOAT_TEXT),
}


def push_counted(r: Reader, at: int) -> int:
    """Texts and bytes with a length prefix, LONG1 and LONG4."""
    code = r.data[at]
    end = r.counted(at, BY_CODE[code])
    r.machine.stack.append(at if code in _TEXT_OPCODES else PLAIN)
    return end


def push_line(r: Reader, at: int) -> int:
    """Numbers and texts on a line: INT, LONG, FLOAT, STRING, UNICODE."""
    line = r.line(at, at + 1)
    name = BY_CODE[r.data[at]].name
    r.saw_length(len(line), at)
    if name in _PLAIN:
        is_plain, rule = _PLAIN[name]
        if not is_plain(line):
            _check_number(r, at, name, line, rule)
    elif not _TAKES[name](line):
        raise malformed(name, at)
    elif name == "STRING" and not line.isascii():
        r.differences.note(scan_differences.STRING_TEXT, at)
    r.machine.stack.append(at if r.data[at] in _TEXT_OPCODES else PLAIN)
    return at + len(line) + 2


def _check_number(r: Reader, at: int, name: str, line: bytes, rule: str) -> None:
    if name != "FLOAT":
        r.machine.check("digits", scan_texts.decimal_digits(line), at)
    if not _TAKES[name](line):
        raise malformed(name, at)
    if scan_differences.differ(name, line):
        r.differences.note(rule, at)


def malformed(name: str, at: int) -> PickleFormatError:
    """The error of an argument that C refuses."""
    return PickleFormatError(f"{name} has a malformed argument", at)


def push_extension(r: Reader, at: int) -> int:
    """EXT1, EXT2, EXT4."""
    width = BY_CODE[r.data[at]].fixed
    code = r.number(at, width)
    if code == 0 or code >= 1 << 31:
        raise PickleFormatError("an extension code is not positive", at)
    entry = scan_calls.name(r.machine, "", "", at, via="extension", code=code)
    r.machine.stack.append(entry)
    return at + 1 + width


def next_buffer(r: Reader, at: int) -> int:
    """NEXT_BUFFER."""
    r.buffers += 1
    if r.buffers <= FIRST_FEW:
        r.buffer_offsets.append(at)
    r.machine.stack.append(UNKNOWN)
    return at + 1


def readonly_buffer(r: Reader, at: int) -> int:
    """READONLY_BUFFER, which leaves what it finds."""
    r.machine.top(at)
    return at + 1


def persistent_id(r: Reader, at: int) -> int:
    """PERSID."""
    line = r.line(at, at + 1)
    if not line.isascii():
        raise PickleFormatError("a persistent id is not ASCII", at)
    if b"\\" in line:
        r.differences.note(scan_differences.PERSID_TEXT, at)
    r.saw_length(len(line), at)
    _saw_persistent_id(r, at)
    return at + len(line) + 2


def binary_persistent_id(r: Reader, at: int) -> int:
    """BINPERSID."""
    r.machine.weigh([r.machine.pop(at)])
    _saw_persistent_id(r, at)
    return at + 1


def _saw_persistent_id(r: Reader, at: int) -> None:
    r.persistent_ids += 1
    if r.persistent_ids <= FIRST_FEW:
        r.persistent_id_offsets.append(at)
    r.machine.stack.append(UNKNOWN)
