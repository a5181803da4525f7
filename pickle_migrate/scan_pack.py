"""Many values on the stack, kept in little memory.

A value on the machine's stack takes 8 bytes, and the opcode that pushed it may be one byte long. So
a long stretch of plain values above the topmost mark is kept as one entry: what its values weigh
together, and a number for each, 1 to 8 bytes. As a rule such a stretch becomes a tuple as a whole.
When an opcode takes single values off it, it is spread out again.

The two values above a mark stay, since they may be a call's arguments, and so do the topmost ones.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Final

from pickle_migrate.scan_entries import Entry, Shape, Weights

#: Values in one pack.
BLOCK: Final = 1 << 14
_TOPMOST: Final = 1024
# Numbers below this one stand for what is no text.
_OTHERS: Final = 256

_PLAIN_TYPES: Final = frozenset([type(None), int, Shape])


class Pack(Shape):
    """Values that stand one above the other, as one entry. ``weights`` are those of all."""

    __slots__ = ("_codes", "_others")

    def __init__(self, values: Sequence[Entry], weights: Weights, taint: int) -> None:
        super().__init__("pack", None, weights, False, taint)
        numbers: dict[int, int] = {}
        self._others: list[Entry] = []
        for value in values:
            if not isinstance(value, int) and id(value) not in numbers:
                numbers[id(value)] = len(self._others)
                self._others.append(value)
        codes = [v + _OTHERS if isinstance(v, int) else numbers[id(v)] for v in values]
        highest = max(codes)
        self._codes = array("B" if highest < _OTHERS else "I" if highest < 1 << 32 else "Q", codes)

    def values(self) -> list[Entry]:
        """The values again, from the lowest."""
        return [c - _OTHERS if c >= _OTHERS else self._others[c] for c in self._codes]


def can_pack(values: Sequence[Entry]) -> bool:
    """Whether values are atoms, texts and a few shapes that don't change."""
    if not set(map(type, values)) <= _PLAIN_TYPES:
        return False
    if len({id(v) for v in values if not isinstance(v, int)}) > _OTHERS:
        return False
    return min((v for v in values if isinstance(v, int)), default=0) >= 0


def spread(entries: Sequence[Entry]) -> list[Entry]:
    """Entries with all packs spread out."""
    found: list[Entry] = []
    for entry in entries:
        if isinstance(entry, Pack):
            found += entry.values()
        else:
            found.append(entry)
    return found


def parts_to_pack(stack: Sequence[Entry], fence: int) -> range:
    """Where packs may begin, each ``BLOCK`` long: above the mark, below the topmost values."""
    start, stop = fence + 2, len(stack) - _TOPMOST
    while start < stop and isinstance(stack[start], Pack):
        start += 1
    return range(start, stop - BLOCK + 1, BLOCK)
