"""joblib's files without the bytes of their arrays: plain pickles, which a scan can read."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from pickle_migrate import tree_builder
from pickle_migrate.errors import PickleFormatError
from pickle_migrate.findings import DANGER, Finding
from pickle_migrate.inspect_damage import read_damaged
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_reader import Data
from pickle_migrate.scanner import scan

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


def as_plain_pickle(data: Data, known: set[GlobalRef]) -> Iterator[Finding]:
    """What plain ``pickle`` would find in the bytes of arrays, where joblib skips them: names
    that are not ``known``.
    """
    try:
        plain = scan(data)
    except PickleFormatError as error:
        seen = read_damaged(data, 0, error)
        if seen is None:
            return
        plain = seen
    for named in plain.globals:
        if named.ref not in known:
            message = f"pickle would find {named.ref} where joblib finds the bytes of an array"
            yield Finding("readers-disagree", DANGER, named.offset, message)
