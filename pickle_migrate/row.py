"""Pickles anywhere in bytes that are something else: databases, dumps, files with headers.

Found by the two bytes that begin each pickle of protocol 2 and up, and read whole: what is no
complete pickle is passed over. Those of protocols 0 and 1 have no mark to be found by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pickle_migrate.errors import LimitError, PickleFormatError
from pickle_migrate.findings import DANGER, Finding
from pickle_migrate.limits import Limits
from pickle_migrate.scan_reader import Data
from pickle_migrate.scanner import Scan, scan

# What can follow PROTO in a pickle that a pickler wrote.
_BEGIN: Final = re.compile(rb"\x80[\x02-\x05][\x95cNIJKMLSUTVXCGFP(\])}\x8a-\x8f\x88\x89]")
_TRIES: Final = 20_000
#: Shorter ones stand in any random bytes.
_SHORTEST: Final = 8


def rest_of_row(
    data: Data, start: int, limits: Limits, end: int | None = None
) -> Iterator[tuple[Scan, list[Finding]]]:
    """Each pickle from ``start`` on (up to ``end``) that is whole, with what its limits have to
    say. Time is linear in the data: no more is read in vain than twice its size.
    """
    end = len(data) if end is None else end
    left, tries, at = 2 * (end - start) + 65_536, _TRIES, start
    while tries and left > 0:
        found = _BEGIN.search(data, at, end)
        if found is None:
            return
        at = found.start()
        tries -= 1
        try:
            one, extra = _read(data, at, limits)
        except PickleFormatError as error:
            left -= max(1, error.offset - at)
            at += 2
            continue
        if one.end > end:
            at += 2
            continue
        if one.end - at >= _SHORTEST:
            yield one, extra
        at = one.end


def _read(data: Data, at: int, limits: Limits) -> tuple[Scan, list[Finding]]:
    try:
        return scan(data, at, limits), []
    except LimitError as error:
        told = [Finding("resource-limit", DANGER, error.offset, error.what())]
    return scan(data, at), told
