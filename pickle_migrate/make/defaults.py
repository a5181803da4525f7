"""What a class itself says a new field holds: its default or factory, as source text.

The text stands in the migration for good: the day the class gets another default, old pickles still
get the one of their time. Reads classes and their source files; calls no factory.
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import attrs

from pickle_migrate.make.sources import Spelled, function_source, value_source

_NOTHING = object()


@attrs.frozen
class Default:
    """``source``: the text of a value, or of a factory if ``is_factory``."""

    source: Spelled
    is_factory: bool = False


def default_of(cls: type, name: str) -> Default | None:
    """What the class says a field holds, or None if it says nothing, or nothing with a text."""
    for found in (_of_dataclass(cls, name), _of_attrs(cls, name)):
        if found is not None:
            return found
    if not {"__dataclass_fields__", "__attrs_attrs__"}.isdisjoint(vars(cls)):
        return None  # their __init__ has stand-ins for defaults
    return _of_value(_plain_default(cls, name))


def of_text(source: Spelled) -> Default:
    """A default from an expression. What each object gets for itself is made by a function."""
    if not source.makes:
        return Default(source)
    empty = {"[]": "list", "{}": "dict", "set()": "set", "list()": "list", "dict()": "dict"}
    text = empty.get(source.text, f"lambda: {source.text}")
    code = attrs.evolve(source.code, text=text, arguments=None, tail=None)
    return Default(Spelled(code, source.imports), is_factory=True)


def _of_value(value: Any) -> Default | None:
    if value is _NOTHING:
        return None
    source = value_source(value)
    return None if source is None else of_text(source)


def _of_factory(factory: Any) -> Default | None:
    source = function_source(factory)
    return None if source is None else Default(source, is_factory=True)


def _of_dataclass(cls: type, name: str) -> Default | None:
    field = vars(cls).get("__dataclass_fields__", {}).get(name)
    if field is None:
        return None
    if field.default is not dataclasses.MISSING:
        return _of_value(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return _of_factory(field.default_factory)
    return None


def _of_attrs(cls: type, name: str) -> Default | None:
    for field in vars(cls).get("__attrs_attrs__", ()):
        if field.name != name or field.default is attrs.NOTHING:
            continue
        factory = getattr(field.default, "factory", None)
        if factory is None:
            return _of_value(field.default)
        # One that takes the object cannot run on a state.
        return None if field.default.takes_self else _of_factory(factory)
    return None


def _plain_default(cls: Any, name: str) -> Any:
    if name in getattr(cls, "_field_defaults", {}):
        return cls._field_defaults[name]
    found = inspect.getattr_static(cls, name, _NOTHING)
    is_slot = inspect.ismemberdescriptor(found) or inspect.isdatadescriptor(found)
    is_plain = not hasattr(cls, "__attrs_attrs__") and not hasattr(cls, "_fields")
    if found is not _NOTHING and is_plain and not is_slot and not callable(found):
        return found
    return _of_parameter(cls, name)


def _of_parameter(cls: Any, name: str) -> Any:
    """The default of the parameter of ``__init__`` that bears the field's name."""
    made = vars(cls).get("__init__")
    try:
        parameter = inspect.signature(made).parameters.get(name) if made is not None else None
    except (TypeError, ValueError):
        return _NOTHING
    if parameter is None or parameter.default is inspect.Parameter.empty:
        return _NOTHING
    return parameter.default
