"""What a class must be to say ``fill=True``; everything else is refused when it is declared."""

from __future__ import annotations

from pickle_migrate.errors import UnsupportedShapeError
from pickle_migrate.filling.asides import can_keep
from pickle_migrate.filling.defaults import is_attrs, is_dataclass
from pickle_migrate.refs import GlobalRef
from pickle_migrate.schema import Schema, schema_of
from pickle_migrate.shapes import MARK, is_attrs_made, kind_of


def fingerprint_to_fill(cls: type) -> str | None:
    """The fingerprint of a class that fills: of its own fields, and of those of bases that nobody
    registered, which no other fingerprint tells of. A pickle with the same one lacks nothing.
    """
    own = schema_of(cls)
    fields = dict(own.fields if own is not None else ())
    for base in cls.__mro__[1:-1]:
        schema = None if MARK in vars(base) or base.__module__ == "builtins" else schema_of(base)
        for name, text in schema.fields if schema is not None else ():
            fields.setdefault(name, text)
    if own is not None and len(fields) == len(own.fields):
        return own.fingerprint()
    return Schema(tuple(sorted(fields.items()))).fingerprint() if fields else None


def require_fillable(cls: type) -> None:
    """Raise UnsupportedShapeError for a class whose fields cannot be filled by its own defaults, or
    for whose objects there is no place to keep unknown ones.
    """
    ref = str(GlobalRef.of(cls))
    if not is_attrs(cls) and not is_dataclass(cls):
        raise UnsupportedShapeError(
            ref,
            "fill=True takes missing fields from the defaults of a dataclass or attrs class, and "
            "it is neither",
            "Put @versioned above @dataclass or @define. For any other class, add fields in a "
            "step: AddField(name, default=...).",
        )
    kind = kind_of(cls)
    own = [
        name
        for name, method in (("__getstate__", kind.getstate), ("__setstate__", kind.setstate))
        if method is not None and not is_attrs_made(method)
    ]
    own += ["__reduce__"] if kind.build == "reduce" else []
    if own:
        raise UnsupportedShapeError(
            ref,
            f"fill=True needs a state that is the class's fields, and it has a {own[0]} of its own",
            f"Leave out fill=True and let {own[0]} see to missing fields, or leave out {own[0]}.",
        )
    if not kind.has_dict and not can_keep(cls):
        raise UnsupportedShapeError(
            ref,
            "fill=True keeps unknown fields with the object, and its objects have neither a "
            "__dict__ nor a __weakref__",
            "Write dataclass(slots=True, weakref_slot=True), or attrs.define(weakref_slot=True); "
            "or leave out slots.",
        )
