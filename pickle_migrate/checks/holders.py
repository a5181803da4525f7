"""Who holds an object: in a pickle, by its memo, and in the graph that was loaded. Found in one
walk for all objects that are asked about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from pickle_migrate.checks.reach import held_by, is_versioned, own_of, reach

#: Objects of a loaded graph that are looked at.
GRAPH: Final = 200_000
_CONTAINERS: Final = (dict, list, tuple, set, frozenset)


class Holders:
    """Who holds the objects ``asked``. ``memo``: all that stood in the pickle; ``loaded``: the
    object that it gave.
    """

    def __init__(self, asked: Iterable[Any], memo: Iterable[Any], loaded: object) -> None:
        self._asked = {id(obj) for obj in asked}
        self._in_memo: dict[int, set[int]] = {}
        self._owners: Counter[int] = Counter()
        for holder in memo:
            # Instances got their fields from a state, which is in the memo itself.
            if issubclass(type(holder), _CONTAINERS):
                for value in held_by(holder):
                    if id(value) in self._asked:
                        self._in_memo.setdefault(id(value), set()).add(id(holder))
        self._count_owners(loaded)

    def _count_owners(self, loaded: object) -> None:
        left = GRAPH
        others = [seen for seen in reach([loaded], GRAPH).values() if is_versioned(seen.obj)]
        for held in ((loaded,), *(seen.held for seen in others)):
            own = own_of(held, left)
            left -= len(own)
            self._owners.update(self._asked & own)

    def besides(self, obj: Any, own: frozenset[int]) -> int:
        """How many things in the pickle hold an object, but for those with the ids ``own``."""
        return len(self._in_memo.get(id(obj), set()) - own)

    def owners(self, obj: Any) -> int:
        """How many versioned objects of the loaded graph have an object for their own; the graph's
        root counts as one.
        """
        return self._owners[id(obj)]
