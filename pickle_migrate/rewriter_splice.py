"""Cutting bytes and putting others in their place, with the frames around them made to fit."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from typing import TypeAlias

#: The bytes from one offset up to another, and what comes in their place.
Edit: TypeAlias = tuple[int, int, bytes]

_LENGTH = struct.Struct("<Q")
# Shorter pieces are copied, longer ones are only looked at until all are joined.
_SHORT = 1 << 12


class Spliced:
    """Data with edits. These are sorted, do not overlap, and none is empty on its left side.

    A hostile pickle may need one for every few bytes, so they are kept as numbers: 28 bytes each.
    ``frames``: the offset of each FRAME in the data.
    """

    def __init__(
        self, data: bytes | memoryview, edits: Iterable[Edit], frames: Sequence[array[int]] = ()
    ) -> None:
        self._data = data
        self._frames = frames
        self._starts, self._ends, self._growth = array("Q"), array("Q"), array("q", [0])
        self._kinds = array("I")
        self._texts: list[bytes] = []
        known: dict[bytes, int] = {}
        grown = 0
        for start, end, new in edits:
            self._starts.append(start)
            self._ends.append(end)
            kind = known.setdefault(new, len(known))
            if kind == len(self._texts):
                self._texts.append(new)
            self._kinds.append(kind)
            grown += len(new) - (end - start)
            self._growth.append(grown)

    def __bool__(self) -> bool:
        return bool(self._starts)

    def __iter__(self) -> Iterator[Edit]:
        """All edits in order, those of frames among them."""
        own = zip(self._starts, self._ends, map(self._texts.__getitem__, self._kinds), strict=True)
        return merge(own, *map(self.frames, self._frames))

    def moved(self, offset: int) -> int:
        """Where an offset of the old data is in the new. One that is inside of an edit is where the
        edit ends.
        """
        before = bisect_left(self._starts, offset)
        if before and offset < self._ends[before - 1]:
            offset = self._ends[before - 1]
        return offset + self._growth[before]

    def last_before(self, offset: int) -> int:
        """Where the last edit ends that starts before an old offset, or 0."""
        before = bisect_left(self._starts, offset)
        return self._ends[before - 1] if before else 0

    def frames(self, frames: array[int]) -> Iterator[Edit]:
        """The edits that the lengths of frames need, given the offset of each FRAME.

        C takes any frame that does not reach beyond the data, also one inside another or one that
        ends inside an opcode; each goes on to end where it ended.
        """
        for at in frames:
            (length,) = _LENGTH.unpack_from(self._data, at + 1)
            new = self.moved(at + 9 + length) - self.moved(at + 9)
            if new != length:
                yield at + 1, at + 9, _LENGTH.pack(new)


def spliced(data: bytes | memoryview, edits: Iterable[Edit]) -> bytes:
    """The data with sorted edits made. Large pieces are copied once."""
    view, at = memoryview(data), 0
    pieces: list[bytes | bytearray | memoryview] = []
    small = bytearray()
    for start, end, new in edits:
        if start - at < _SHORT:
            small += view[at:start]
        else:
            pieces += [small, view[at:start]]
            small = bytearray()
        small += new
        at = end
    pieces += [small, view[at:]]
    return b"".join(pieces)
