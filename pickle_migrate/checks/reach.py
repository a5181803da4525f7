"""What a state leads to: the objects that a step could change in place, and whether it did.

Words: *own* is what a state reaches without going through another versioned object; *beyond* is
what it reaches through one. Reads attributes of instances from their ``__dict__`` and slots, past
properties and ``__getattr__``; runs no code of the classes, but for exotic containers.
"""

from __future__ import annotations

import collections
import types
from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs

from pickle_migrate.shapes import MARK

#: Objects that one step is watched for; a state of more is watched as far as this.
MOST: Final = 5_000
_ATOMS: Final = frozenset(
    [type(None), bool, int, float, complex, str, bytes, type, types.FunctionType]
)
_CODE: Final = (types.BuiltinFunctionType, types.ModuleType, types.MethodType)
# Past an __iter__ of a subclass's own.
_ROWS: Final[tuple[tuple[type, Any], ...]] = tuple(
    (base, vars(base)["__iter__"]) for base in (list, tuple, set, frozenset, collections.deque)
)
_PENDING: Final = "__setstate__"  # what a newborn carries until it has its state


@attrs.frozen(eq=False)
class Seen:
    """An object that was met, with what it held directly. ``above``: the object that it was met in;
    None where the state itself holds it. ``beyond``: it was met through another versioned object.
    """

    obj: Any
    held: tuple[Any, ...]
    above: Seen | None
    beyond: bool

    def is_changed(self) -> bool:
        """Whether the object holds something else by now."""
        now = held_by(self.obj)
        return len(now) != len(self.held) or any(
            old is not new and not _equal_atoms(old, new)
            for old, new in zip(self.held, now, strict=True)
        )


def _equal_atoms(old: Any, new: Any) -> bool:
    kind = type(old)
    return kind is type(new) and kind in _ATOMS and kind is not float and bool(old == new)


def reach(values: Iterable[Any], most: int = MOST) -> dict[int, Seen]:
    """Every object that the values lead to, by its id, as it is now. What is reached both ways is
    own. Breadth first, so that what is nearest is seen if there is too much.
    """
    found: dict[int, Seen] = {}
    others: list[Seen] = []
    _walk([(value, None) for value in values], found, others, most)
    # Only now: what is the state's own must not be taken for what lies beyond a neighbour.
    inside: list[tuple[Any, Seen | None]] = [(v, one) for one in others for v in one.held]
    _walk(inside, found, None, most)
    return found


def own_of(values: Iterable[Any], most: int = MOST) -> set[int]:
    """The ids of what the values lead to, without going through a versioned object. Keep what they
    are ids of.
    """
    found: set[int] = set()
    waiting = list(values)
    while waiting and len(found) < most:
        obj = waiting.pop()
        if type(obj) in _ATOMS or id(obj) in found or issubclass(type(obj), (type, *_CODE)):
            continue
        if not is_versioned(obj):
            found.add(id(obj))
            waiting += held_by(obj)
    return found


def _walk(
    start: list[tuple[Any, Seen | None]],
    found: dict[int, Seen],
    others: list[Seen] | None,
    most: int,
) -> None:
    queue = collections.deque(start)
    while queue and len(found) < most:
        obj, above = queue.popleft()
        if type(obj) in _ATOMS or id(obj) in found or issubclass(type(obj), (type, *_CODE)):
            continue
        is_other = is_versioned(obj)
        seen = Seen(obj, held_by(obj), above, beyond=others is None or is_other)
        found[id(obj)] = seen
        if is_other and others is not None:
            others.append(seen)
        else:
            queue.extend((value, seen) for value in seen.held)


def is_versioned(obj: Any) -> bool:
    """Whether the class of an object, or a base of it, has versions. Asks no metaclass."""
    return any(MARK in vars(kind) for kind in type(obj).__mro__)


def held_by(obj: Any) -> tuple[Any, ...]:
    """What an object holds directly, in an order of its own: members, keys and values, fields."""
    held: list[Any] = []
    kind = type(obj)  # an object may lie about its __class__
    if issubclass(kind, dict):
        for key, value in dict.items(obj):
            held += (key, value)
    else:
        for base, members in _ROWS:
            if issubclass(kind, base):
                held += members(obj)
                break
    if issubclass(kind, bytearray):
        held.append(bytes(obj))
    elif kind.__module__ == "numpy" and hasattr(obj, "tobytes"):
        held.append(obj.tobytes())
    held += fields_of(obj)
    return tuple(held)


def fields_of(obj: Any) -> Iterator[Any]:
    """The names and values of an instance's fields, one after the other."""
    try:
        own = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        own = {}
    if type(own) is dict:
        for name, value in own.items():
            if name != _PENDING:
                yield name
                yield value
    for kind in type(obj).__mro__:
        for name, slot in vars(kind).items():
            if type(slot) is types.MemberDescriptorType and kind.__module__ != "builtins":
                try:
                    value = slot.__get__(obj)
                except AttributeError:
                    continue
                yield name
                yield value
