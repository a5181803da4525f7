"""Values, classes and texts, for comparing two graphs without asking the objects.

``==``, ``repr`` and ``isinstance`` are only used on exact builtin types here, because those of user
classes may ignore fields, raise, or run for ever. No user code is run. Nothing is imported.
"""

from __future__ import annotations

import enum
import math
import sys
import types
from collections.abc import Mapping
from typing import Any, Final

_TYPE_MRO: Final = vars(type)["__mro__"].__get__
_TYPE_DICT: Final = vars(type)["__dict__"].__get__
_TYPE_QUALNAME: Final = vars(type)["__qualname__"].__get__
_TEXT_LIMIT: Final = 60
_LONG_INT: Final = 190
_SMALL: Final = 16
_SHORT: Final = frozenset(
    id(kind) for kind in (type(None), bool, int, float, complex, type(...), type(NotImplemented))
)
_SIZED: Final = frozenset(id(kind) for kind in (tuple, list, dict, set, frozenset, bytearray))

#: Exact types whose instances are nothing but a value. Compared as ids of types, because looking a
#: type up in a set would call __hash__ of its metaclass.
ATOMS: Final = frozenset(
    id(kind)
    for kind in (
        *(type(None), bool, int, float, complex, str, bytes, range),
        *(type(...), type(NotImplemented), types.CodeType),
    )
)


def canonical(atom: Any) -> object:
    """A hashable, equal only for atoms of one type and value: -0.0 is not 0.0, nor True 1."""
    kind = type(atom)
    if kind is float:
        return float, atom.hex()
    if kind is complex:
        return complex, atom.real.hex(), atom.imag.hex()
    if kind is range:
        return range, atom.start, atom.stop, atom.step
    return kind, atom


def key_of(obj: Any, depth: int = 4) -> object:
    """What a dict key or a member of a set is found by; None if only its shape tells.

    Given for atoms, enum members, and small tuples and frozensets of these.
    """
    kind = type(obj)
    if id(kind) in ATOMS:
        return canonical(obj)
    if (kind is tuple or kind is frozenset) and depth and len(obj) <= _SMALL:
        parts = [key_of(part, depth - 1) for part in obj]
        if None in parts:
            return None
        return (tuple, *parts) if kind is tuple else (frozenset, frozenset(parts))
    if issubclass(kind, enum.Enum):
        return class_names(kind), member_key(obj)
    return None


def member_key(member: Any) -> tuple[str, int | None]:
    """What tells an enum member from the others of its class."""
    held = object.__getattribute__(member, "__dict__")
    # A combination of flags may have no name.
    value = held.get("_value_")
    return str(held.get("_name_")), value if type(value) is int else None


def same_atom(left: Any, right: Any) -> bool:
    """Whether two atoms have one exact type and one value. NaN equals NaN."""
    kind = type(left)
    if kind is not type(right):
        return False
    if kind is str or kind is int or left is right:
        return bool(left == right) or left is right
    if kind is float:
        if left == right:
            return bool(left) or math.copysign(1.0, left) == math.copysign(1.0, right)
        return bool(left != left and right != right)
    if kind is complex or kind is range:
        return canonical(left) == canonical(right)
    return bool(left == right)


def mro(kind: type) -> tuple[type, ...]:
    """The method resolution order, read past any metaclass."""
    found: tuple[type, ...] = _TYPE_MRO(kind)
    return found


def class_dict(cls: type) -> Mapping[str, Any]:
    """The class's own namespace, read past any metaclass."""
    namespace: Mapping[str, Any] = _TYPE_DICT(cls)
    return namespace


def class_names(cls: type) -> tuple[str, str]:
    """A class's module and qualified name; the module as "?" if it is no str."""
    module = class_dict(cls).get("__module__", "builtins")
    return (module if type(module) is str else "?"), str(_TYPE_QUALNAME(cls))


def same_class(left: type, right: type) -> bool:
    """Whether two classes are one, or two copies of one that cannot be found by its name.

    Such copies are made by cloudpickle and dill, for classes of __main__ or made in a function.
    """
    if left is right:
        return True
    names = class_names(left)
    return (
        names == class_names(right) and not is_found(left, *names) and not is_found(right, *names)
    )


def is_found(wanted: object, module: str, qualname: str) -> bool:
    """Whether a name stands for an object, in the modules that are imported already."""
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        # Past the module's __getattr__, which is user code.
        if issubclass(type(found), types.ModuleType):
            found = object.__getattribute__(found, "__dict__").get(name)
        elif issubclass(type(found), type):
            found = class_dict(found).get(name)
        else:
            return False
    if type(found) is staticmethod or type(found) is classmethod:
        found = found.__func__
    return found is wanted


def type_name(kind: type, *, in_full: bool = False) -> str:
    """A type as messages name it: its qualified name, with its module if asked."""
    module, qualname = class_names(kind)
    return _cut(f"{module}.{qualname}" if in_full and module != "builtins" else qualname)


def text(obj: Any) -> str:
    """An object in a few words, for a person. Calls __repr__ of exact builtin types only."""
    kind = type(obj)
    if kind is str or kind is bytes:
        shown = _cut(repr(obj[:_TEXT_LIMIT]))
        return shown if len(obj) <= _TEXT_LIMIT else f"{shown} ({len(obj)} long)"
    if kind is int and obj.bit_length() > _LONG_INT:
        return f"int of {obj.bit_length()} bits"
    if id(kind) in _SHORT:
        return repr(obj)
    if id(kind) in _SIZED:
        return f"{kind.__name__} of {len(obj)}"
    if issubclass(kind, type):
        return f"class {type_name(obj, in_full=True)}"
    if issubclass(kind, enum.Enum):
        return f"{type_name(kind)}.{_cut(member_key(obj)[0])}"
    if kind is types.FunctionType:
        return f"function {_cut(obj.__qualname__)}"
    return f"{type_name(kind)} object"


def _cut(shown: str) -> str:
    """A text without what would upset a terminal, at a length that fits a line."""
    plain = shown if shown.isprintable() else ascii(shown)
    return plain if len(plain) <= _TEXT_LIMIT else plain[: _TEXT_LIMIT - 1] + "…"
