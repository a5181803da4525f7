"""How the state of a class is shaped, in a word, as the lock records it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

from pickle_migrate.schema import field_order
from pickle_migrate.shapes import (
    Kind,
    builtin_base,
    is_attrs_made,
    is_dataclass_made,
    kind_of,
    original,
)

_PLAIN: Final = (str, bytes, int, float, bool, type(None))


def shape_word(cls: type) -> str:
    """The shape of today's states of a class.

    "dict", "slots" or "dict and slots": Python's default. "own": what its ``__getstate__`` gives;
    "reduce": what its ``__reduce__`` gives. "arguments": it is made with arguments of its own.
    "enum", "namedtuple", "exception". The name of a built-in type, such as "list": it extends that.
    Runs none of the class's code.
    """
    kind = kind_of(cls)
    if kind.build in ("enum", "namedtuple", "exception"):
        return kind.build
    if kind.getstate is not None and not kind.mapping:
        return "own"
    if kind.build == "reduce" and kind.python_reduce:
        return "reduce"
    base = builtin_base(cls)
    if base is not object:
        return base.__name__
    if kind.build == "object":
        return "arguments"
    return _default(kind)


def _default(kind: Kind) -> str:
    if not kind.slots:
        return "dict"
    return "dict and slots" if kind.has_dict else "slots"


def positions_of(cls: type) -> tuple[str, ...] | None:
    """The fields in the order of a state by position, for classes whose unstamped pickles hold
    such: namedtuples, frozen dataclasses with slots, attrs classes with slots. None for others.
    """
    order = field_order(cls)
    if order is None or kind_of(cls).build == "namedtuple":
        return order
    made = original(cls, "__getstate__")
    by_position = is_dataclass_made(made) or is_attrs_made(made)
    return order if by_position else None


def members_of(cls: type) -> tuple[tuple[str, str], ...] | None:
    """The members of an enum as fields: name and canonical text of the value, sorted by name.
    None for a class that is no enum. Values that have no such text go by the name of their type.
    """
    enum = sys.modules.get("enum")
    if enum is None or not issubclass(cls, enum.Enum):
        return None
    return tuple(sorted(_members(cls)))


def _members(cls: Any) -> Iterator[tuple[str, str]]:
    for name, member in cls.__members__.items():
        if member._name_ == name:  # an alias is another name of the same value
            yield name, value_text(member._value_)


def value_text(value: object) -> str:
    """Canonical text of the value of an enum's member, or the name of its type."""
    if type(value) is tuple:
        return f"({', '.join(map(value_text, value))})"
    return ascii(value) if type(value) in _PLAIN else type(value).__name__
