"""Puts a state into an object of a class with ``fill=True``, whatever fields it has.

First what the state has, as any state is put. Then the missing fields, in the order of the class's
``__init__``, so that a factory that takes the object finds those before its own. What the class
does not know is kept: in ``__dict__`` where the class has one and an attribute of that name hides
nothing, else beside the object.
"""

from __future__ import annotations

import inspect
import types
from typing import Any

import attrs

from pickle_migrate.errors import MissingFieldError
from pickle_migrate.filling import asides
from pickle_migrate.filling.defaults import Field, fields_of
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import declaration_of, registered_in_mro
from pickle_migrate.shapes import Shape

_METHODS = (types.FunctionType, classmethod, staticmethod)
OPERATION = "fill=True, and the class has no default for it"


@attrs.frozen(eq=False)
class Filler:
    """For one class. ``fields`` are those to be filled; ``knows_all``: they and the slots are all
    that the class has, so that others are unknown.
    """

    cls: type
    fields: tuple[Field, ...]
    shape: Shape
    knows_all: bool

    def put(self, obj: Any, state: Any, version: int) -> None:
        """Put a state into an object, and fill. The state is a mapping, and is not changed.

        Raises MissingFieldError for a field without a default; runs the class's factories and
        converters, whose exceptions pass.
        """
        if type(state) is not dict:
            self.shape.put(obj, state)
            return
        missing = [field for field in self.fields if field.name not in state]
        for field in missing:
            if field.make is None:
                present = tuple(map(str, state))
                ref = str(GlobalRef.of(self.cls))
                raise MissingFieldError(ref, version, field.name, OPERATION, present)
        unknown = self._unknown(state)
        if unknown:
            asides.keep(obj, unknown)
            state = {name: value for name, value in state.items() if name not in unknown}
        self.shape.put(obj, state)
        for field in missing:
            assert field.make is not None
            self._set(obj, field.name, field.make(obj))

    def _unknown(self, state: dict[str, Any]) -> dict[str, Any]:
        if not self.knows_all or self.shape.kind.build == "exception":
            return {}
        known = {*(field.name for field in self.fields), *self.shape.kind.slots}
        unknown = {name: value for name, value in state.items() if name not in known}
        if self.shape.kind.has_dict:
            # There they are attributes like those that __post_init__ sets, and written again.
            unknown = {n: v for n, v in unknown.items() if _hides_a_method(self.cls, n)}
            return unknown if asides.can_keep(self.cls) else {}
        return unknown

    def _set(self, obj: Any, name: str, value: Any) -> None:
        # Neither a frozen class's refusal nor attrs' on_setattr is in the way.
        if self.shape.kind.has_dict and name not in self.shape.kind.slots:
            obj.__dict__[name] = value
        else:
            object.__setattr__(obj, name, value)


def _hides_a_method(cls: type, name: str) -> bool:
    return isinstance(inspect.getattr_static(cls, name, None), _METHODS)


def filler_for(cls: type, shape: Shape) -> Filler | None:
    """The filler of a class, or None if nothing in it is to be filled. A subclass that nobody
    registered does as its nearest registered base; one that is registered and does not fill has the
    fields filled that belong to bases which do.
    """
    classes = registered_in_mro(cls)
    heads = [k for k in classes if declaration_of(k).version]
    if not heads or not any(declaration_of(k).fill for k in heads):
        return None
    if declaration_of(heads[0]).fill:
        return Filler(cls, fields_of(cls), shape, knows_all=True)
    names = {f.name for k in heads if declaration_of(k).fill for f in fields_of(k)}
    fields = tuple(field for field in fields_of(cls) if field.name in names)
    return Filler(cls, fields, shape, knows_all=False)
