"""What all errors have in common: facts as fields, a sentence, and that they survive pickling."""

from __future__ import annotations

from typing import Any, ClassVar, dataclass_transform

_MISSING = object()


@dataclass_transform()
class PickleMigrateError(Exception):
    """Base of all errors of this package. ``str(error)`` is a sentence for a person.

    A child class names its facts as annotated fields; they are given by position or by name, and
    are attributes. Not an attrs class: twenty of those would be a sixth of this package's import
    time.
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls._fields += tuple(name for name in vars(cls).get("__annotations__", ()))

    def __init__(self, *values: Any, **named: Any) -> None:
        given = dict(zip(self._fields, values, strict=False)) | named
        facts = {name: given.get(name, getattr(self, name, _MISSING)) for name in self._fields}
        if (
            len(values) + len(named) != len(given)
            or _MISSING in facts.values()
            or not (given.keys() <= facts.keys())
        ):
            names = ", ".join(self._fields)
            raise TypeError(f"{type(self).__name__} takes the fields {names}, not {given}")
        super().__init__(*facts.values())
        vars(self).update(facts)

    def __str__(self) -> str:
        return " ".join(part for part in (self.what(), self.advice()) if part)

    def facts(self) -> dict[str, Any]:
        """The facts by name, in the order of the fields."""
        return {name: getattr(self, name) for name in self._fields}

    def what(self) -> str:
        """What happened and where, as one or two sentences."""
        return type(self).__name__

    def advice(self) -> str:
        """What to do about it, as one sentence; empty when there is nothing to add."""
        return ""
