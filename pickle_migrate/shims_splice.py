"""The names of a pickle in place of those that the C pickler wrote for stand-ins.

Works on bytes that ``shims_writer`` has just had written, and on no others: each stand-in's name is
one that no data holds by chance, and stands there in one of two forms only. So nothing is read but
the frames, whose lengths change with the names in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pickle_migrate import shims_names
from pickle_migrate.errors import ShimError
from pickle_migrate.opcodes import BY_CODE
from pickle_migrate.refs import GlobalRef

_FRAME: Final = 0x95
_STOP: Final = ord(".")
_MODULE: Final = shims_names.__name__.encode()
_TOKEN: Final = shims_names.PREFIX.encode()
_SIZE: Final = shims_names.LENGTH
# SHORT_BINUNICODE and MEMOIZE around both names, then STACK_GLOBAL.
_BEFORE: Final = b"\x8c" + bytes([len(_MODULE)]) + _MODULE + b"\x94\x8c" + bytes([_SIZE])
_AFTER: Final = b"\x94\x93"

Edit = tuple[int, int, bytes]


def renamed(data: bytes, written: Callable[[str], GlobalRef]) -> bytes:
    """The bytes with the real names. ``written`` gives the ref for a stand-in's own name."""
    edits = list(_edits(data, written))
    if not edits:
        return data
    if data[:1] == b"\x80" and data[1] >= 4:
        edits = sorted([*edits, *_frame_edits(data, edits)])
    parts, last = [], 0
    for start, end, new in edits:
        parts += [data[last:start], new]
        last = end
    return b"".join([*parts, data[last:]])


def _edits(data: bytes, written: Callable[[str], GlobalRef]) -> Iterator[Edit]:
    at = data.find(_TOKEN)
    while at >= 0:
        ref = written(data[at : at + _SIZE].decode("ascii"))
        if data[at - len(_BEFORE) : at] == _BEFORE:
            new = _text(ref.module) + b"\x94" + _text(ref.qualname)
            yield at - len(_BEFORE), at + _SIZE, new
        else:
            yield at - len(_MODULE) - 1, at + _SIZE, _lines(ref)
        at = data.find(_TOKEN, at + _SIZE)


def _text(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) < 256:
        return b"\x8c" + bytes([len(encoded)]) + encoded
    return b"X" + len(encoded).to_bytes(4, "little") + encoded


def _lines(ref: GlobalRef) -> bytes:
    if "\n" in f"{ref.module}{ref.qualname}":
        raise ShimError(
            f"a name with a line end in it cannot stand in a pickle below protocol 4 ({ref!r})"
        )
    return f"{ref.module}\n{ref.qualname}".encode("utf-8", "surrogatepass")


# --- frames -----------------------------------------------------------------------------------


def _frame_edits(data: bytes, edits: list[Edit]) -> Iterator[Edit]:
    waiting = iter(edits)
    edit = next(waiting, None)
    for start, end in _frames(data):
        grown = 0
        while edit is not None and edit[0] < end:
            if edit[0] >= start:
                grown += len(edit[2]) - (edit[1] - edit[0])
            edit = next(waiting, None)
        if grown:
            yield start - 8, start, (end - start + grown).to_bytes(8, "little")


def _frames(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the content of each frame starts and ends. Large items stand between frames."""
    at, size = 0, len(data)
    while at < size:
        code = data[at]
        if code == _FRAME:
            start = at + 9
            at = start + int.from_bytes(data[at + 1 : start], "little")
            yield start, at
            continue
        opcode = BY_CODE[code]
        at += 1 + opcode.fixed
        if opcode.prefix:
            length = int.from_bytes(data[at : at + opcode.prefix], "little")
            at += opcode.prefix + length
        for _ in range(opcode.lines):
            at = data.index(b"\n", at) + 1


assert BY_CODE[_FRAME].name == "FRAME"
