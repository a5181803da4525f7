"""The fields of a class at one version, and their fingerprint.

The fingerprint is a digest of canonical text that this module defines, never of ``repr()``: reprs
of types change between Python versions. Two branches that both make a version 4 with other fields
get other fingerprints, and a pickle tells which of them wrote it.
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    import ast

_DIGITS = 8  # 32 bits: enough to tell branches of one class apart, short enough for every pickle
_SPELLINGS = {
    "Dict": "dict",
    "FrozenSet": "frozenset",
    "List": "list",
    "NoneType": "None",
    "Set": "set",
    "Tuple": "tuple",
    "Type": "type",
}


@attrs.frozen
class Schema:
    """Names and types of the fields that one class declares itself, sorted by name.

    A type is canonical text (see ``type_text``), or empty when the class does not declare it.
    """

    fields: tuple[tuple[str, str], ...]

    def canonical_text(self) -> str:
        """The text that is hashed: a format mark, then a line for each field."""
        return "\n".join(["pickle_migrate schema 1", *(f"{n}: {t}" for n, t in self.fields)])

    def fingerprint(self) -> str:
        """Eight hexadecimal digits; the same on every Python version and machine."""
        import hashlib  # only programs whose classes declare fields pay for it

        return hashlib.sha256(self.canonical_text().encode()).hexdigest()[:_DIGITS]


def schema_of(cls: type) -> Schema | None:
    """The fields that ``cls`` itself declares, or None when nothing declares them.

    Read from attrs and dataclass fields, namedtuple fields, ``__slots__`` and annotations, of the
    class's own body only: each class of an inheritance has its own version. No annotation is
    evaluated and nothing is imported. A plain class that only assigns in ``__init__`` gives None.
    """
    found = _declared(cls)
    if found is None:
        return None
    return Schema(tuple(sorted((name, type_text(annotation)) for name, annotation in found)))


def field_order(cls: type) -> tuple[str, ...] | None:
    """The fields of ``cls`` and its bases in the order of a positional state, or None."""
    if hasattr(cls, "__attrs_attrs__"):
        return tuple(attribute.name for attribute in cls.__attrs_attrs__)
    if hasattr(cls, "__dataclass_fields__"):
        fields = cls.__dataclass_fields__.values()
        return tuple(f.name for f in fields if f._field_type.name == "_FIELD")
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return tuple(cls._fields)
    return None


def _declared(cls: type) -> list[tuple[str, object]] | None:
    own = vars(cls)
    annotations = _own_annotations(cls)
    if "__attrs_attrs__" in own:
        return [(a.name, a.type or "") for a in own["__attrs_attrs__"] if not a.inherited]
    if "__dataclass_fields__" in own:
        fields = own["__dataclass_fields__"].values()
        kept = [f for f in fields if f._field_type.name == "_FIELD" and f.name in annotations]
        return [(f.name, f.type) for f in kept]
    if issubclass(cls, tuple) and "_fields" in own:
        return [(name, annotations.get(name, "")) for name in own["_fields"]]
    found = {n: a for n, a in annotations.items() if not type_text(a).startswith("ClassVar")}
    for name in _own_slots(own):
        found.setdefault(name, "")
    return list(found.items()) or None


def _own_annotations(cls: type) -> dict[str, object]:
    if sys.version_info >= (3, 14):  # pragma: no cover - PEP 649 keeps them unevaluated
        import annotationlib

        return annotationlib.get_annotations(cls, format=annotationlib.Format.STRING)
    return dict(vars(cls).get("__annotations__", {}))


def _own_slots(own: types.MappingProxyType[str, object]) -> Iterable[str]:
    slots = own.get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(typing.cast("Iterable[str]", slots))
    return [name for name in names if name not in ("__dict__", "__weakref__")]


def type_text(annotation: object) -> str:
    """Canonical text of a declared type: short names, ``list[int]``, unions sorted with ``|``.

    Modules are left out, so that moving a type changes no fingerprint. A text annotation and the
    type that it spells give the same text.
    """
    if annotation is None or annotation is type(None):
        return "None"
    if isinstance(annotation, str):
        return _text_of_source(annotation)
    origin = typing.get_origin(annotation)
    if origin is not None:
        return _text_of_generic(annotation, origin)
    if isinstance(annotation, typing.ForwardRef):
        return _text_of_source(annotation.__forward_arg__)
    if isinstance(annotation, list):  # the parameters of a Callable
        return "[" + ", ".join(type_text(a) for a in annotation) + "]"
    if annotation is Ellipsis:
        return "..."
    name = getattr(annotation, "__name__", None) or getattr(annotation, "_name", None)
    return _SPELLINGS.get(name, name) if isinstance(name, str) else type(annotation).__name__


def _text_of_generic(annotation: object, origin: object) -> str:
    arguments = typing.get_args(annotation)
    if origin is typing.Union or origin is types.UnionType:
        return _union(type_text(a) for a in arguments)
    if origin is typing.Annotated:
        return type_text(arguments[0])
    if origin is typing.Literal:
        return f"Literal[{', '.join(repr(a) for a in arguments)}]"
    return f"{type_text(origin)}[{', '.join(type_text(a) for a in arguments)}]"


def _text_of_source(source: str) -> str:
    if not source or source.isidentifier():
        return _SPELLINGS.get(source, source)
    import ast  # as hashlib above

    try:
        return _text_of_node(ast.parse(source.strip(), mode="eval").body)
    except SyntaxError:
        return source


def _text_of_node(node: ast.expr) -> str:
    import ast

    match node:
        case ast.Constant(value=str(text)):
            return _text_of_source(text)
        case ast.Constant(value=value):
            return "..." if value is Ellipsis else repr(value)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _SPELLINGS.get(name, name)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _union([_text_of_node(left), _text_of_node(right)])
        case ast.Subscript(value=value, slice=inner):
            return _text_of_subscript(_text_of_node(value), inner)
        case ast.List(elts=elements):
            return "[" + ", ".join(_text_of_node(e) for e in elements) + "]"
    return ast.unparse(node)


def _text_of_subscript(base: str, inner: ast.expr) -> str:
    import ast

    nodes = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if base == "Literal":
        return f"Literal[{', '.join(ast.unparse(n) for n in nodes)}]"
    parts = [_text_of_node(n) for n in nodes]
    if base == "Optional":
        return _union([*parts, "None"])
    if base == "Union":
        return _union(parts)
    if base == "Annotated":
        return parts[0]
    return f"{base}[{', '.join(parts)}]"


def _union(parts: Iterable[str]) -> str:
    members = {member for part in parts for member in part.split(" | ")}
    return " | ".join(sorted(members))
