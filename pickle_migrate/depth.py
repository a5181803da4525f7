"""Which objects are inside their own ``__reduce_ex__`` or ``__setstate__`` right now.

A class's own method may call ``super()``, which leads to the hook that registration put on a base.
The level says how many of the classes' own methods were passed by then. Each thread has its own.
"""

from __future__ import annotations

import threading
from types import TracebackType


class Levels(threading.local):
    """Levels by the id of the object; an object is alive while it stands here."""

    def __init__(self) -> None:
        self._by_id: dict[int, int] = {}

    def get(self, key: int) -> int | None:
        """The level of the object with that id, or None when it is in no method of its own."""
        return self._by_id.get(key)

    def enter(self, key: int, level: int) -> int | None:
        """Set a level and give the one before."""
        before = self._by_id.get(key)
        self._by_id[key] = level
        return before

    def leave(self, key: int, before: int | None) -> None:
        """Put the level of before back."""
        if before is None:
            self._by_id.pop(key, None)
        else:
            self._by_id[key] = before


reducing = Levels()
restoring = Levels()


class inside:  # noqa: N801 - reads as a statement: with depth.inside(...)
    """A context in which an object is at a level; the level of before returns at its end."""

    __slots__ = ("_before", "_key", "_level", "_levels")

    def __init__(self, levels: Levels, obj: object, level: int) -> None:
        self._levels, self._key, self._level = levels, id(obj), level
        self._before: int | None = None

    def __enter__(self) -> None:
        self._before = self._levels.enter(self._key, self._level)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._levels.leave(self._key, self._before)
