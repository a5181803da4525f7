"""Cutting bytes and putting others in their place, with the frames around them made to fit."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TypeAlias

#: The bytes from one offset up to another, and what comes in their place.
Edit: TypeAlias = tuple[int, int, bytes]

_LENGTH = struct.Struct("<Q")
# Shorter pieces are copied, longer ones are only looked at until all are joined.
_SHORT = 1 << 12


class Spliced:
    """Data with edits. ``edits`` are sorted, do not overlap, and none is empty on its left side."""

    def __init__(self, data: bytes | memoryview, edits: Sequence[Edit]) -> None:
        self._data = data
        self._starts = [start for start, _, _ in edits]
        self._ends = [end for _, end, _ in edits]
        self._growth = [0, *accumulate(len(new) - (end - start) for start, end, new in edits)]

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


def spliced(data: bytes | memoryview, edits: Sequence[Edit]) -> bytes:
    """The data with sorted edits made. Large pieces are copied once."""
    view, at = memoryview(data), 0
    pieces: list[bytes | memoryview] = []
    for start, end, new in edits:
        between = view[at:start]
        pieces += [bytes(between) if len(between) < _SHORT else between, new]
        at = end
    pieces.append(view[at:])
    return b"".join(pieces)
