"""The bytes of one pickle, taken from a file as a whole, and not a byte more.

A policy decides before anything is loaded, and the bytes that were scanned have to be the bytes
that are loaded. So a pickle is read to its end first. Where it ends only its opcodes tell.

- A file that can be moved about in is read in growing pieces, scanned, and set to the pickle's end.
- Any other (a pipe, a socket, a compressed file, where going back means to begin anew) is read
  opcode by opcode, exactly as far as the pickle goes. That takes as long as ``pickletools`` does.

Either way the file stands behind the pickle afterwards, also behind one that is refused.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

import attrs

from pickle_migrate.errors import LimitError, NoPickleError, PickleFormatError
from pickle_migrate.opcodes import ALL
from pickle_migrate.scanner import Scan

_FIRST_PIECE: Final = 1 << 16
_GROWTH: Final = 8
_PIECE: Final = 1 << 20
# Seeking back in these reads all again from the start.
_SLOW_TO_SEEK: Final = frozenset(["gzip", "bz2", "lzma", "zipfile", "backports", "compression"])

ScanBytes = Callable[[bytes], Scan]


@attrs.frozen
class Taken:
    """One pickle: its bytes, its scan, and how many bytes of the file stand before it, as far as
    that is known. The offsets of the scan count from the start of the bytes.
    """

    data: bytes
    scan: Scan
    before: int = 0


def take(file: Any, scan: ScanBytes, most: int | None = None) -> Taken:
    """Read the next pickle of a binary file. ``scan`` is how its bytes are scanned. ``most`` is the
    limit of its size, beyond which no byte is read from a file that cannot be moved about in.

    Raises NoPickleError, which is an EOFError, when nothing is left, and what the scan raises. Runs
    nothing.
    """
    before = _position(file)
    if before is None:
        data = _stepped(file, most)
        return Taken(data, scan(data))
    data, size = b"", -1 if isinstance(file, Whole) else _FIRST_PIECE
    while True:
        more = file.read(size)
        if not data and not more:
            raise NoPickleError("the data end", before)
        data += more
        try:
            found = scan(data)
        except PickleFormatError:
            if not more:
                raise
        else:
            file.seek(before + found.end)
            return Taken(data[: found.end], found, before)
        size *= _GROWTH


def _position(file: Any) -> int | None:
    """Where a file stands, if going back in it is cheap."""
    if type(file).__module__.partition(".")[0] in _SLOW_TO_SEEK:
        return None
    try:
        return int(file.tell()) if file.seekable() else None
    except (AttributeError, OSError, ValueError):
        return None


class _Stepped:
    """Bytes of a file, read only as far as they are asked for."""

    def __init__(self, file: Any, most: int | None) -> None:
        self.data = bytearray()
        self._file = file
        self._most = most

    def reach(self, end: int) -> None:
        """Have this many bytes. Raises EOFError. A claimed length reserves nothing."""
        while len(self.data) < end:
            self._add(self._file.read(min(end - len(self.data), _PIECE)))

    def line(self, start: int) -> int:
        """Have a line that starts there, and give where it ends."""
        found = self.data.find(b"\n", start)
        while found < 0:
            self._add(self._file.readline())
            found = self.data.find(b"\n", start)
        return found + 1

    def _add(self, more: bytes) -> None:
        if not more:
            raise EOFError
        self.data += more
        if self._most is not None and len(self.data) > self._most:
            raise LimitError("size", len(self.data), self._most, 0)


_BY_CODE: Final = {op.code: op for op in ALL}
_FRAME: Final = next(op.code for op in ALL if op.name == "FRAME")
_STOP: Final = next(op.code for op in ALL if op.name == "STOP")


def _stepped(file: Any, most: int | None) -> bytes:
    """The bytes up to the next STOP, or up to where they are no pickle: the scan says why."""
    taken = _Stepped(file, most)
    at = 0
    try:
        while True:
            taken.reach(at + 1)
            code = taken.data[at]
            op = _BY_CODE.get(code)
            if op is None or code == _STOP:
                break
            start = at + 1
            at = start + op.fixed + op.prefix
            taken.reach(at)
            if op.prefix:
                at += int.from_bytes(taken.data[start:at], "little")
                taken.reach(at)
            elif code == _FRAME:
                taken.reach(at + int.from_bytes(taken.data[start:at], "little"))
            for _ in range(op.lines):
                at = taken.line(at)
    except EOFError:
        if not taken.data:
            raise NoPickleError("the data end", 0) from None
    return bytes(taken.data)


class Whole(io.BytesIO):
    """Bytes of which one pickle is taken, so that there is no reason to read them in pieces."""


class Feed(io.RawIOBase):
    """A binary file for an unpickler, into which one pickle after the other is put.

    It is a raw file: ``io.BufferedReader`` over it is what the C unpickler reads fast.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rest = memoryview(b"")

    def put(self, data: bytes) -> None:
        """Take the next pickle's bytes; what was left of the one before is dropped."""
        self._rest = memoryview(data)

    def readable(self) -> bool:
        """As files have it."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as there are bytes. Gives how many it got."""
        piece = self._rest[: len(buffer)]
        buffer[: len(piece)] = piece
        self._rest = self._rest[len(piece) :]
        return len(piece)
