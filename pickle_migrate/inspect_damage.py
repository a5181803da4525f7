"""Reading for inspect: beyond the limits, and up to where a pickle is damaged.

A scan ends at the first thing that is wrong. What stands before it would have run, so it is read
again without it.
"""

from __future__ import annotations

from collections.abc import Callable

from pickle_migrate.errors import LimitError, PickleFormatError
from pickle_migrate.findings import DANGER, WARNING, Finding
from pickle_migrate.limits import Limits
from pickle_migrate.opcodes import BY_NAME
from pickle_migrate.scan_reader import Data
from pickle_migrate.scan_row import moved
from pickle_migrate.scanner import Scan, Scans, scan, scan_all

_FRAME = bytes([BY_NAME["FRAME"].code])
_FRAMED = "frame"  # in what a scan says of frames
_TRIES = 6


def read_all(data: Data, limits: Limits) -> tuple[Scans, list[Finding]]:
    """All pickles in a row, and a finding where they go beyond the limits. Raises
    PickleFormatError when not even one is whole.
    """
    try:
        return scan_all(data, limits=limits), []
    except LimitError as error:
        told = [_beyond(error)]
    # Only now, when the error and with it what the first scan held in memory is gone.
    return scan_all(data), told


def _beyond(error: LimitError) -> Finding:
    message = (
        f"goes beyond the limit {error.limit}: {error.found}, where {error.allowed} are allowed"
    )
    return Finding("resource-limit", DANGER, error.offset, message)


def read_damaged(data: Data, start: int, error: PickleFormatError) -> Scan | None:
    """A scan of what stands before the damage, as an unpickler would have run it; None when there
    is nothing. A frame that claims too much, or ends inside an opcode, is read as if it did not:
    a file that was cut short shows what it holds, and ``pickle.loads`` does not look at frames.
    """
    at, problem = error.offset - start, error.problem
    if at <= 0:
        return None
    view = memoryview(data)[start:]
    # Of a large file that is none, only the beginning is copied.
    rest = bytearray(view if _FRAMED in problem else view[:at])
    for _ in range(_TRIES):
        if not 0 < at <= len(rest):
            return None
        frame = _frame_around(rest, at) if _FRAMED in problem else None
        if rest[at : at + 1] == _FRAME and any(rest[at + 1 : at + 9]):
            rest[at + 1 : at + 9] = bytes(len(rest[at + 1 : at + 9]))
        elif frame is not None:
            rest[frame + 1 : frame + 9] = (at - frame - 9).to_bytes(8, "little")
        else:
            rest[at:] = b"N."  # a value for STOP, whatever else stands on the stack
        try:
            return moved(scan(rest), start)
        except PickleFormatError as again:
            at, problem = again.offset, again.problem
    return None


def _frame_around(data: bytearray, at: int) -> int | None:
    """The offset of a frame that ends inside of the opcode at ``at``; None when there is none."""
    start = at
    for _ in range(_TRIES):
        start = data.rfind(_FRAME, 0, start)
        if start < 0:
            return None
        end = start + 9 + int.from_bytes(data[start + 1 : start + 9], "little")
        if start + 9 <= at < end < len(data):
            return start
    return None


def damage(error: PickleFormatError, shift: Callable[[int], int] = int) -> Finding:
    """The finding that tells of a pickle that is not whole."""
    return Finding("damaged-pickle", WARNING, shift(error.offset), f"is not whole: {error.problem}")
