"""Fields that a pickle had and the class has not: kept beside the object, and written again.

They stand in a table by the object's id, for as long as it lives. Its equality, its repr and its
``__dict__`` do not show them; copies have them, because ``copy`` goes the way of pickles.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

_Kept = tuple["weakref.ref[Any]", dict[str, Any]]
_kept: dict[int, _Kept] = {}
_first: Callable[[type], None] | None = None


def when_first_kept(function: Callable[[type], None]) -> None:
    """Say who makes a class's reducer write what was kept, which it need not look for before."""
    global _first
    _first = function


def can_keep(cls: type) -> bool:
    """Whether something can be kept beside objects of a class."""
    return bool(cls.__weakrefoffset__)


def keep(obj: Any, fields: Mapping[str, Any]) -> None:
    """Keep fields beside an object, besides those that are kept already."""
    key = id(obj)
    known = kept(obj)
    if known:
        known.update(fields)
        return

    def forget(reference: object) -> None:
        found = _kept.get(key)
        if found is not None and found[0] is reference:
            del _kept[key]

    _kept[key] = weakref.ref(obj, forget), dict(fields)
    if _first is not None:
        _first(type(obj))


def kept(obj: Any) -> dict[str, Any] | None:
    """What is kept beside an object, if anything is. It may be changed in place."""
    found = _kept.get(id(obj))
    return found[1] if found is not None and found[0]() is obj else None
