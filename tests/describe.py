"""Turn a graph of objects into plain data that a person can write down.

Independent of pickle_migrate: nothing here calls it. None and values of exact type bool, int,
float, str and list stand for themselves; everything else is a mapping with one telling key:

    dict: {name: value}         items: [[key, value], ...] when a key is not a str
    tuple: [...]  set: [...]  frozenset: [...]  bytes: hex  date: text  datetime: text  type: ref
    class: ref, with name (enum), value (int, str, flag), args (exception), tuple (namedtuple),
        list, set, dict or items (subclasses of containers), datetime, and fields
    same: path                  an object that was met before, at that path from the root $
    stranded: true              a set or dict that does not find one of its own members any more

Fields and str keys are walked in the order of their names, members of sets and other keys in the
order of their descriptions, so that neither the hash seed nor the order of writing matters.
Identity is followed for mutable containers and instances; not for atoms, plain tuples and enum
members.
"""

from __future__ import annotations

import enum
import json
import types
import typing
from datetime import date, datetime
from typing import Any

ATOMS = (type(None), bool, int, float, str)
CONTAINERS = {list: "list", dict: "dict", set: "set", frozenset: "frozenset", tuple: "tuple"}


def describe(obj: Any) -> Any:
    """The graph below ``obj`` as plain data. Raises TypeError for what it has no words for."""
    return _Describer().walk(obj, "$")


def same(left: Any, right: Any) -> bool:
    """Whether two descriptions are equal, types included: 1, 1.0 and True differ here."""
    return not difference(left, right)


def difference(expected: Any, found: Any, path: str = "$") -> str:
    """Where two descriptions first differ, as a sentence; empty when they are equal."""
    if type(expected) is not type(found):
        return f"{path}: expected {expected!r}, found {found!r}"
    if isinstance(expected, dict):
        if expected.keys() != found.keys():
            return f"{path}: expected the keys {sorted(expected)}, found {sorted(found)}"
        parts = [(f"{path}.{key}", expected[key], found[key]) for key in expected]
    elif isinstance(expected, list):
        if len(expected) != len(found):
            return f"{path}: expected {len(expected)} members, found {len(found)}"
        both = zip(expected, found, strict=True)
        parts = [(f"{path}[{i}]", left, right) for i, (left, right) in enumerate(both)]
    else:
        return "" if expected == found else f"{path}: expected {expected!r}, found {found!r}"
    return next((text for p, e, f in parts if (text := difference(e, f, p))), "")


def ref(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


class _Describer:
    def __init__(self, *, unordered: bool = True) -> None:
        self.whole = unordered
        self.seen: dict[int, str] = {}
        self.kept: list[Any] = []  # an id is only good while its object lives

    def walk(self, obj: Any, path: str) -> Any:
        kind = type(obj)
        if kind in ATOMS:
            return obj
        plain = self.without_identity(obj, path)
        if plain is not None:
            return plain
        if id(obj) in self.seen:
            return {"same": self.seen[id(obj)]}
        self.seen[id(obj)] = path
        self.kept.append(obj)
        if kind is list:
            return self.members(obj, path)
        if kind in CONTAINERS:
            return self.contents(obj, path)
        return self.instance(obj, path)

    def without_identity(self, obj: Any, path: str) -> Any:
        kind = type(obj)
        if kind is tuple:
            return {"tuple": self.members(obj, path)}
        if kind is bytes:
            return {"bytes": obj.hex()}
        if kind is datetime or kind is date:
            return {kind.__name__: obj.isoformat()}
        if isinstance(obj, enum.Flag):
            return {"class": ref(kind), "value": obj.value}
        if isinstance(obj, enum.Enum):
            return {"class": ref(kind), "name": obj.name}
        if isinstance(obj, type):
            return {"type": ref(obj)}
        if typing.get_origin(obj) is not None:
            arguments = [self.walk(argument, path) for argument in typing.get_args(obj)]
            return {"type": ref(typing.get_origin(obj)), "of": arguments}
        return None

    def instance(self, obj: Any, path: str) -> dict[str, Any]:
        kind = type(obj)
        found: dict[str, Any] = {"class": ref(kind)}
        if kind.__module__.partition(".")[0] == "packaging":
            return {**found, "text": str(obj)}
        if kind.__module__ == "builtins" or isinstance(obj, types.FunctionType):
            raise TypeError(f"{path}: no words for {kind}")
        found |= self.contents(obj, path)
        fields = {name: self.walk(value, f"{path}.{name}") for name, value in _fields(obj).items()}
        return found | ({"fields": fields} if fields else {})

    def contents(self, obj: Any, path: str) -> dict[str, Any]:
        """What an object holds as a builtin type, or nothing."""
        if isinstance(obj, BaseException):
            return {"args": self.members(obj.args, f"{path}.args")}
        if isinstance(obj, int | str):
            base = int if isinstance(obj, int) else str
            return {"value": base.__str__(obj) if base is str else int(obj)}
        if isinstance(obj, datetime):
            return {"datetime": obj.isoformat()}
        if isinstance(obj, dict):
            return self.pairs(obj, path)
        for base in (set, frozenset):
            if isinstance(obj, base):
                return self.unordered(obj, base.__name__, path)
        for base in (list, tuple):
            if isinstance(obj, base):
                return {base.__name__: self.members(obj, path)}
        return {}

    def members(self, values: Any, path: str) -> list[Any]:
        return [self.walk(value, f"{path}[{i}]") for i, value in enumerate(values)]

    def unordered(self, values: Any, name: str, path: str) -> dict[str, Any]:
        if not self.whole:
            return {name: len(values)}
        ordered = sorted(values, key=_sort_text)
        found: dict[str, Any] = {name: self.members(ordered, path)}
        return found | _stranded(values)

    def pairs(self, mapping: dict[Any, Any], path: str) -> dict[str, Any]:
        if all(type(key) is str for key in mapping):
            return {"dict": {k: self.walk(mapping[k], f"{path}.{k}") for k in sorted(mapping)}}
        if not self.whole:
            return {"items": len(mapping)}
        ordered = sorted(mapping.items(), key=lambda item: _sort_text(item[0]))
        items = [
            [self.walk(key, f"{path}.keys[{i}]"), self.walk(value, f"{path}.values[{i}]")]
            for i, (key, value) in enumerate(ordered)
        ]
        return {"items": items} | _stranded(mapping)


def _fields(obj: Any) -> dict[str, Any]:
    found = dict(getattr(obj, "__dict__", {}))
    for cls in type(obj).__mro__:
        slots = vars(cls).get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(obj, name):
                found[name] = getattr(obj, name)
    return dict(sorted(found.items()))


def _sort_text(obj: Any) -> str:
    # Without the members of other sets: an object may lead back to the set that is being sorted.
    return json.dumps(_Describer(unordered=False).walk(obj, "$"), sort_keys=True)


def _stranded(container: Any) -> dict[str, Any]:
    return {} if all(member in container for member in container) else {"stranded": True}
