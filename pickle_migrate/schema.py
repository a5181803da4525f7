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
    "AbstractSet": "set",
    "DefaultDict": "defaultdict",
    "Deque": "deque",
    "Dict": "dict",
    "FrozenSet": "frozenset",
    "List": "list",
    "NoneType": "None",
    "Set": "set",
    "Tuple": "tuple",
    "Type": "type",
}
_NO_FIELDS = frozenset({"ClassVar", "InitVar", "KW_ONLY", "_KW_ONLY_TYPE"})


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
    fields = ((_unmangled(name, cls), type_text(annotation)) for name, annotation in found)
    return Schema(tuple(sorted(fields)))


def _unmangled(name: str, cls: type) -> str:
    # Private names hold the class's name, and renaming the class changes no field.
    prefix = f"_{cls.__name__.lstrip('_')}__"
    return f"__{name.removeprefix(prefix)}" if name.startswith(prefix) else name


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
    found = {_unmangled(n, cls): a for n, a in annotations.items() if not _is_no_field(a)}
    for name in _own_slots(own):
        found.setdefault(name, "")
    return list(found.items()) or None


def _is_no_field(annotation: object) -> bool:
    # As dataclass sees it, which may be a decorator that stands above ours.
    return type_text(annotation).partition("[")[0] in _NO_FIELDS


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
    return " | ".join(sorted(_members(annotation)))


def _members(annotation: object) -> set[str]:
    """The types of a union, or the one type that is no union."""
    if isinstance(annotation, str):
        return _members_of_source(annotation)
    if isinstance(annotation, typing.ForwardRef):
        return _members_of_source(annotation.__forward_arg__)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Union or origin is types.UnionType:
        return {member for a in arguments for member in _members(a)}
    if origin is typing.Annotated:
        return _members(arguments[0])
    if origin is typing.Literal:
        return {_literal([_value_text(a) for a in arguments])}
    if origin is not None:
        text = type_text(origin)
        if hasattr(annotation, "__args__"):  # List alone has an origin and no arguments
            text = _generic(text, [type_text(a) for a in arguments])
        return {f"Unpack[{text}]" if getattr(annotation, "__unpacked__", False) else text}
    return {_text_of_one(annotation)}


def _text_of_one(annotation: object) -> str:
    if isinstance(annotation, list):  # the parameters of a Callable
        return _generic("", [type_text(a) for a in annotation])
    if annotation is None or annotation is Ellipsis:
        return "None" if annotation is None else "..."
    kind = type(annotation).__name__
    if kind == "InitVar":
        return _generic(kind, [type_text(getattr(annotation, "type", ""))])
    name = getattr(annotation, "__name__", None) or getattr(annotation, "_name", None)
    return _spelled(name if isinstance(name, str) else kind)


def _spelled(name: str) -> str:
    return _SPELLINGS.get(name, name)


def _generic(name: str, arguments: list[str]) -> str:
    return f"{name}[{', '.join(arguments)}]"


def _literal(values: Iterable[str]) -> str:
    return _generic("Literal", sorted(set(values)))


def _value_text(value: object) -> str:
    # ascii(), because which characters repr() escapes differs between Python versions.
    name = getattr(value, "_name_", None)  # a member of an Enum
    return ascii(value) if name is None else f"{type(value).__name__}.{name}"


# --- annotations that are text ----------------------------------------------------------------


def _members_of_source(source: str) -> set[str]:
    if not source or source.isidentifier():
        return {_spelled(source)}
    import ast  # as hashlib above

    try:
        return _members_of_node(ast.parse(source.strip(), mode="eval").body)
    except (SyntaxError, ValueError):
        return {source}


def _text_of_node(node: ast.expr) -> str:
    return " | ".join(sorted(_members_of_node(node)))


def _members_of_node(node: ast.expr) -> set[str]:
    import ast

    match node:
        case ast.Constant(value=str(text)):
            return _members_of_source(text)
        case ast.Constant(value=value):
            return {"..." if value is Ellipsis else ascii(value)}
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {_spelled(name)}
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _members_of_node(left) | _members_of_node(right)
        case ast.Subscript(value=value, slice=inner):
            return _members_of_subscript(_text_of_node(value), inner)
        case ast.List(elts=elements):
            return {_generic("", [_text_of_node(e) for e in elements])}
        case ast.Starred(value=value):
            return {_generic("Unpack", [_text_of_node(value)])}
    return {ast.unparse(node)}


def _members_of_subscript(base: str, inner: ast.expr) -> set[str]:
    import ast

    nodes = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if base == "Literal":
        return {_literal(_values_of_nodes(nodes))}
    if base == "Annotated":
        return _members_of_node(nodes[0])
    if base in ("Optional", "Union"):
        found = {member for n in nodes for member in _members_of_node(n)}
        return found | {"None"} if base == "Optional" else found
    return {_generic(base, [_text_of_node(n) for n in nodes])}


def _values_of_nodes(nodes: list[ast.expr]) -> Iterable[str]:
    import ast

    for node in nodes:
        match node:
            case ast.Constant(value=value):
                yield ascii(value)
            case ast.Attribute(value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name):
                yield f"{owner}.{name}"
            case ast.Subscript(slice=inner):  # a Literal in a Literal
                yield from _values_of_nodes(inner.elts if isinstance(inner, ast.Tuple) else [inner])
            case _:
                yield ast.unparse(node)
