"""Comparing two object graphs by what they are made of.

``differences`` says whether a graph that was read again equals the one that was written. It does
not trust ``==``, which user classes define as they like. Two graphs are equal if their objects
correspond one to one:

- Values have the same exact type and the same value. NaN equals NaN, -0.0 is not 0.0, True is
  not 1.
- Objects have the same class and equal parts: builtin content, ``__dict__``, slots; or what their
  class's own reducers give. ``graph_parts`` says how they are read, and when user code runs.
- What is shared in one graph is shared in the other, and cycles have one shape. This holds for
  everything that can change. Tuples, frozensets and values may be shared or not.
- Sets and dicts have equal members and items in any order, an OrderedDict in its order.

Walks with a list of what is still to be compared, so that depth does not matter. Each pair is
looked at once: linear in the size of the graphs. Keys and members that are objects are found by
their shape, see ``graph_colours``.
"""

from __future__ import annotations

from typing import Any

from pickle_migrate.graph_paths import Difference
from pickle_migrate.graph_walk import Walk

__all__ = ["Difference", "differences", "same"]


def differences(left: Any, right: Any, limit: int = 20) -> tuple[Difference, ...]:
    """The places where two graphs differ, at most ``limit``, in the order they were met.

    Empty if they are equal. Where something differs, what lies below may not be looked at.
    Raises ValueError if limit is below 1. User code that raises gives an "unreadable" difference.
    Runs reducers that the objects' classes define, and nothing else of theirs. Imports nothing.
    """
    if limit < 1:
        raise ValueError("limit is at least 1")
    walk = Walk(left, right, limit, care=0)
    if walk.found and walk.guessed:
        walk = Walk(left, right, limit, care=1)
    if walk.found and walk.tied:
        walk = Walk(left, right, limit, care=2)
    return tuple(walk.found)


def same(left: Any, right: Any) -> bool:
    """Whether two graphs are equal, by the rules of ``differences``. Ends where they are not."""
    return not differences(left, right, limit=1)
