"""Objects as pickle itself writes them: for readers that know the class, and no versions of it."""

from __future__ import annotations

import copyreg
from typing import TYPE_CHECKING, Any

from pickle_migrate.shapes import Kind, is_attrs_made, original
from pickle_migrate.writers import native_reduce

if TYPE_CHECKING:
    from pickle_migrate.downgrades.ways import Way

_NEWOBJ = vars(copyreg)["__newobj__"]


def native_form(obj: Any, way: Way) -> Any:
    """The reduce tuple of a class without registration. Raises DowngradeError.

    Where no step leads back, it is the class's own, whatever its shape. Otherwise only for plain
    shapes, whose state a reader without pickle_migrate takes field by field.
    """
    entry, kind = way.entry, way.entry.shape.kind
    if not way.steps and not way.prefixes:
        return native_reduce(obj, kind)
    if kind.build != "plain" or not kind.mapping:
        raise way.refusal(
            "steps lead back, and only a class whose state are its fields can be written without "
            "a stamp then",
            "Let the reader register the class with @versioned, and ask for that version.",
        )
    state = way.back(entry.shape.take(obj))
    return _NEWOBJ, (entry.cls,), _native_state(state, kind, way)


def _native_state(state: Any, kind: Kind, way: Way) -> Any:
    if kind.only_dict or is_attrs_made(kind.setstate):
        return state
    if _is_positional(way.entry.cls):
        order = _order(way)
        if order is None or set(order) != set(state):
            raise way.refusal(
                "its values are written by position, and nothing says in which order",
                "Name the fields of that version: Lineage(...).fields(version, ...).",
            )
        return [state[name] for name in order]
    # As object.__getstate__ gives it for slots; a reader sets each of these as an attribute.
    rest = {} if not kind.has_dict else {n: v for n, v in state.items() if n not in kind.slots}
    return (rest or None, {n: v for n, v in state.items() if n not in rest})


def _is_positional(cls: type) -> bool:
    # dataclass(frozen=True, slots=True) has functions of its own that take no names.
    made = original(cls, "__getstate__")
    return getattr(made, "__module__", "") == "dataclasses"


def _order(way: Way) -> tuple[str, ...] | None:
    declaration, plan = way.entry.declaration, way.plans[way.entry.cls]
    version = plan.steps[-1].version if plan.steps else declaration.version
    for record in declaration.registry.family(plan.ref):
        if version in record.field_orders:
            return record.field_orders[version]
    return None
