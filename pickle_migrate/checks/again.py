"""An archived pickle loaded once more, under watch. Loading runs the code that the pickle names."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import attrs

from pickle_migrate import loader
from pickle_migrate.checks.watching import Touch, Watch
from pickle_migrate.scanner import scan_all


@attrs.frozen
class Again:
    """What a load under watch gave: the objects of all pickles of the file, and which touches."""

    objects: tuple[Any, ...]
    touches: tuple[Touch, ...]


def load_again(payload: bytes, encoding: str, watch: Watch) -> Again:
    """Load every pickle of a payload, while its steps are watched. Raises what loading raises."""
    objects: list[Any] = []
    touches: list[Touch] = []
    for unpickler, count in _unpicklers(payload, encoding):
        loaded = [unpickler.load() for _ in range(count)]
        touches += watch.touches(
            loaded[0] if count == 1 else loaded, unpickler.memo.copy().values()
        )
        objects += loaded
    return Again(tuple(objects), tuple(dict.fromkeys(touches)))


def _unpicklers(payload: bytes, encoding: str) -> Iterator[tuple[loader.Unpickler, int]]:
    """What reads the pickles of a payload, and how many each reads: all of a row that shares a
    memo, or one.
    """
    scans = scan_all(payload).pickles
    if any(scan.carries_memo for scan in scans):
        yield loader.Unpickler(io.BytesIO(payload), encoding=encoding), len(scans)
        return
    for scan in scans:
        stream = io.BytesIO(payload[scan.start : scan.end])
        yield loader.Unpickler(stream, encoding=encoding), 1
