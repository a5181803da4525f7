"""The fields of a dataclass or attrs class, and what each is where a pickle lacks it.

As the class's own ``__init__`` has it: a default, a factory for each object, a factory that takes
the object (attrs), and what attrs' converter makes of either. Sources: ``dataclasses.fields``,
attrs' ``Attribute`` and its documentation of ``Factory`` and ``Converter``.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

import attrs

Make = Callable[[Any], Any]


@attrs.frozen
class Field:
    """One field: its name as an attribute, and what makes its value for an object; None: the class
    has no default.
    """

    name: str
    make: Make | None


def is_dataclass(cls: type) -> bool:
    """Whether the class itself is a dataclass."""
    return "__dataclass_fields__" in vars(cls)


def is_attrs(cls: type) -> bool:
    """Whether the class itself is one of attrs."""
    return "__attrs_attrs__" in vars(cls)


def fields_of(cls: type) -> tuple[Field, ...]:
    """The fields of a class and its bases, in the order of its ``__init__``. Runs nothing."""
    if hasattr(cls, "__attrs_attrs__"):
        return tuple(Field(one.name, _of_attribute(one)) for one in cls.__attrs_attrs__)
    if dataclasses.is_dataclass(cls):
        return tuple(Field(one.name, _of_field(one)) for one in dataclasses.fields(cls))
    return ()


def _of_field(one: dataclasses.Field[Any]) -> Make | None:
    if one.default is not dataclasses.MISSING:
        default = one.default
        return lambda obj: default
    if one.default_factory is not dataclasses.MISSING:
        factory = one.default_factory
        return lambda obj: factory()
    return None


def _of_attribute(one: Any) -> Make | None:
    default = one.default
    if default is attrs.NOTHING:
        return None
    make: Make
    if _is_factory(default):
        factory = default.factory
        make = factory if default.takes_self else lambda obj: factory()
    else:
        make = lambda obj: default  # noqa: E731 - as the branch above
    return make if one.converter is None else _converted(one, make)


def _is_factory(default: object) -> bool:
    # The classes of attrs' own instances, wherever they were made: attr and attrs share them.
    return isinstance(default, type(attrs.Factory(list)))


def _converted(one: Any, make: Make) -> Make:
    convert = one.converter
    kind = getattr(sys.modules["attr"], "Converter", None)  # from attrs 24.1 on
    if kind is not None and isinstance(convert, kind):
        return lambda obj: convert(make(obj), obj, one)
    return lambda obj: convert(make(obj))
