"""Pickles one after the other, as one Unpickler reads them: with one memo for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from pickle_migrate.limits import Limits
from pickle_migrate.scan_memo import Memo
from pickle_migrate.scan_reader import Data
from pickle_migrate.scan_values import Scan
from pickle_migrate.scanner import scan_with


class Row:
    """Scans pickles one by one. Keeps their bytes, since the memo may name texts in any of them:
    ``data`` is those of all ``pickles`` that were scanned so far.
    """

    def __init__(self) -> None:
        self.data = b""
        self.pickles = 0
        self._memo: Memo | None = None

    def scan(self, data: Data, limits: Limits | None = None) -> Scan:
        """Read the pickle at the start of ``data``. Its offsets count from there. If it raises, as
        ``scanner.scan`` does, the row is as it was.
        """
        before = len(self.data)
        row = self.data + bytes(data)
        memo = None if self._memo is None else self._memo.copy()
        found, self._memo = scan_with(row, before, memo, limits)
        self.data = row[: found.end]
        self.pickles += 1
        return moved(found, -before)


def moved(scan: Scan, by: int) -> Scan:
    """The scan with offsets that count from elsewhere: all are larger by ``by`` bytes."""

    def each(items: Iterable[Any]) -> Any:
        return tuple(attrs.evolve(one, offset=one.offset + by) for one in items)

    return attrs.evolve(
        scan,
        start=scan.start + by,
        end=scan.end + by,
        globals=each(scan.globals),
        extensions=each(scan.extensions),
        unresolvable=each(scan.unresolvable),
        persistent_id_offsets=tuple(offset + by for offset in scan.persistent_id_offsets),
        buffer_offsets=tuple(offset + by for offset in scan.buffer_offsets),
        effects=each(scan.effects),
        differences=tuple(
            one if one.offset is None else attrs.evolve(one, offset=one.offset + by)
            for one in scan.differences
        ),
    )
