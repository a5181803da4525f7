"""The values of a graph of stand-ins in order, each after its parts, and parts swapped for others.

Lists, dicts, sets and stand-ins are changed in place, so that all who refer to them see it. Tuples
and frozensets cannot be, so another one takes their place, in turn. Nothing recurses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import attrs

from pickle_migrate.errors import ForeignError
from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_reader import PersistentId
from pickle_migrate.shims_types import NOTHING, Event, MadeShimType, ShimType

Swap: TypeAlias = Callable[[Any], Any]

#: Rounds in which replacements are swapped in; each goes one tuple further out.
_ROUNDS: Final = 1_000
_FIXED: Final = (tuple, frozenset)
_NODES: Final = frozenset([list, tuple, dict, set, frozenset, PersistentId])


def is_node(value: object) -> bool:
    """Whether a value has parts that the walk looks at: containers, and stand-ins."""
    return type(value) in _NODES or isinstance(value, Shim | ShimType)


def parts_of(node: Any) -> Iterator[Any]:
    """The direct parts of a node, keys before their values."""
    kind = type(node)
    if kind is dict:
        for key, value in node.items():
            yield key
            yield value
    elif kind is PersistentId:
        yield node.pid
    elif isinstance(node, ShimType):
        yield from _parts_of_class(node)
    elif isinstance(node, Shim):
        yield from _parts_of_shim(node)
    else:
        yield from node


def _parts_of_class(cls: ShimType) -> Iterator[Any]:
    if isinstance(cls, MadeShimType):
        yield from cls._given
    for event in cls._later:
        yield from event.values


def _parts_of_shim(shim: Shim) -> Iterator[Any]:
    yield type(shim)
    if shim._how is not None:
        yield shim._how
    yield from shim._args
    extra = shim._extra
    if extra is not None:
        yield from extra.kwargs.values()
        yield from extra.items
        for key, value in extra.pairs:
            yield key
            yield value
    if shim._state is not NOTHING:
        yield shim._state
    if extra is not None:
        for event in extra.later:
            yield from event.values


def each_after_its_parts(roots: list[Any]) -> Iterator[Any]:
    """Every node that can be reached, once, and after its parts where there is no circle.

    The parts of a node are looked at when it is reached, so a node that was given may be changed.
    """
    seen: set[int] = set()
    kept: list[Any] = []  # what is swapped out meanwhile must not leave its id to others
    kinds: dict[type, bool] = {}
    waiting: list[tuple[Any, Iterator[Any]]] = [(roots, iter(list(roots)))]
    while waiting:
        node, parts = waiting[-1]
        for part in parts:
            kind = type(part)
            if kind not in kinds:
                kinds[kind] = is_node(part)
            if kinds[kind] and id(part) not in seen:
                seen.add(id(part))
                kept.append(part)
                waiting.append((part, iter(list(parts_of(part)))))
                break
        else:
            waiting.pop()
            if node is not roots:
                yield node


def put(node: Any, swap: Swap) -> Any:
    """The node with each direct part as ``swap`` gives it: the same object, changed, or a new one
    in the place of a tuple or a frozenset. Raises TypeError where a key or a member is not
    hashable.
    """
    kind = type(node)
    if kind in _FIXED:
        new = [swap(part) for part in node]
        same = all(a is b for a, b in zip(new, node, strict=True))
        return node if same else kind(new)
    if kind is list:
        for place, part in enumerate(node):
            node[place] = swap(part)
    elif kind is dict:
        _put_pairs(node, swap)
    elif kind is set:
        new = [swap(part) for part in node]
        if not all(a is b for a, b in zip(new, node, strict=True)):
            node.clear()
            node.update(new)
    elif kind is PersistentId:
        pid = swap(node.pid)
        return node if pid is node.pid else PersistentId(pid)
    elif isinstance(node, ShimType):
        _put_class(node, swap)
    elif isinstance(node, Shim):
        _put_shim(node, swap)
    return node


def _put_pairs(node: dict[Any, Any], swap: Swap) -> None:
    new = [(swap(key), swap(value)) for key, value in node.items()]
    if any(key is not old for (key, _), old in zip(new, node, strict=True)):
        node.clear()
    node.update(new)


def _put_class(cls: ShimType, swap: Swap) -> None:
    if isinstance(cls, MadeShimType):
        cls._given = tuple(map(swap, cls._given))
    cls._later[:] = [_event(event, swap) for event in cls._later]


def _put_shim(shim: Shim, swap: Swap) -> None:
    shim._args = tuple(map(swap, shim._args))
    if shim._how is not None:
        shim._how = swap(shim._how)
    extra = shim._extra
    if extra is not None:
        extra.kwargs = {name: swap(value) for name, value in extra.kwargs.items()}
        extra.items[:] = map(swap, extra.items)
        extra.pairs[:] = [(swap(key), swap(value)) for key, value in extra.pairs]
        extra.later[:] = [_event(event, swap) for event in extra.later]
    if shim._state is not NOTHING:
        shim._state = swap(shim._state)


def _event(event: Event, swap: Swap) -> Event:
    return attrs.evolve(event, values=tuple(map(swap, event.values)))


class Swaps:
    """What takes the place of which object, wherever that is referred to."""

    def __init__(self) -> None:
        # The old objects are kept, for their ids are their names here.
        self._found: dict[int, tuple[Any, Any]] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, old: Any, new: Any) -> None:
        """Let ``new`` take the place of ``old``."""
        self._found[id(old)] = old, new

    def of(self, part: Any) -> Any:
        """What takes the place of a part; the part itself, if nothing does."""
        for _ in range(_ROUNDS):
            found = self._found.get(id(part))
            if found is None or found[1] is part:
                return part
            part = found[1]
        raise ForeignError("", "two of its objects are to take each other's place")

    def put(self, node: Any) -> Any:
        """The node with its parts swapped, as ``put``. Raises ForeignError."""
        try:
            return put(node, self.of)
        except TypeError as error:
            problem = f"what takes an object's place stands as a key or in a set ({error})"
            raise ForeignError("", problem) from error

    def settle(self, roots: list[Any]) -> None:
        """Swap everywhere below the roots, and the roots. Raises ForeignError."""
        for _ in range(_ROUNDS if self._found else 0):
            roots[:] = map(self.of, roots)
            changed = False
            for node in each_after_its_parts(roots):
                new = self.put(node)
                if new is not node:
                    self.add(node, new)
                    changed = True
            if not changed:
                return
        if self._found:
            raise ForeignError("", "its objects stand in each other in a way that nothing can undo")
