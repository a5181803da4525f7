"""joblib's files without the bytes of their arrays: plain pickles, which a scan can read."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Final

import attrs

from pickle_migrate import tree_builder
from pickle_migrate.scan_reader import Data

#: Opcodes of a joblib file that are read to find its arrays.
OPCODES: Final = 5_000_000


@attrs.frozen
class Spliced:
    """``data`` is the pickle without arrays; ``original`` turns an offset in it into one in the
    file. ``arrays`` are the stretches that were taken out, ``objects`` those that are pickles.
    """

    data: bytes = attrs.field(repr=False)
    original: Callable[[int], int]
    arrays: tuple[tuple[int, int], ...]
    objects: tuple[tuple[int, int], ...]


def spliced(data: Data) -> Spliced | None:
    """The first pickle of some data and what follows it, without arrays; None without any."""
    tree = tree_builder.build(data, 0, OPCODES, arrays=True)
    if not tree.arrays:
        return None
    view = memoryview(data)
    parts, starts, shifts, at, gone = [], [0], [0], 0, 0
    for start, end in tree.arrays:
        parts.append(view[at:start])
        gone += end - start
        starts.append(end - gone)
        shifts.append(gone)
        at = end
    parts.append(view[at:])

    def original(offset: int) -> int:
        return offset + shifts[bisect.bisect_right(starts, offset) - 1]

    return Spliced(b"".join(parts), original, tree.arrays, tree.objects)
