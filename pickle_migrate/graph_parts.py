"""What an object is made of, for comparing two graphs.

``Reader.parts`` takes an object apart into its own value, its fields, and what else it holds. It
reads a class's layout (``__dict__``, slots, the builtin that it extends) and not what the class
says of itself. ``__eq__``, ``__repr__``, ``__iter__``, ``__getattribute__`` and properties of
user classes are never called.

User code is run in one case. A class that has reducers of its own (``__getstate__``,
``__reduce__``, ``__reduce_ex__``, a copyreg entry) is asked by them, because a lock or a cache that
its reducer leaves out does not come back from a pickle. Reducers that pickle_migrate installed do
not count: they add the stamp and change no state.
"""

from __future__ import annotations

import copyreg
import types
from collections.abc import Callable
from typing import Any, Final

from attrs import frozen

from pickle_migrate.graph_atoms import class_dict, mro
from pickle_migrate.graph_payloads import (
    FLEETING,
    IMMUTABLE,
    MAKES_PARTS,
    NAMED,
    PREFERRED,
    Parts,
    PayloadReader,
    payload_reader,
)
from pickle_migrate.shapes import MARK


class OpaqueError(Exception):
    """An object whose content cannot be read, such as a lock or an open file."""


@frozen
class _Layout:
    """How the instances of one type are read; found once for each type."""

    kind: type
    payload: PayloadReader | None
    reduce: Callable[[Any], Any] | None
    dict_of: Callable[[Any], Any] | None
    slots: tuple[tuple[str, Callable[[Any], Any]], ...]
    by_identity: bool


class Reader:
    """Takes objects apart. Keeps one answer for each object that made new ones to be taken apart.

    Those are kept alive too, so that within one reader an id() stands for one object.
    """

    def __init__(self) -> None:
        self._layouts: dict[int, _Layout] = {}
        self._reduced: dict[int, tuple[Any, Parts]] = {}

    def keeps_identity(self, kind: type) -> bool:
        """Whether two references to one object of a type differ from two to equal ones."""
        return self._layout(kind).by_identity

    def parts(self, obj: Any) -> Parts:
        """The parts of an object that is no atom.

        Raises OpaqueError for what no reducer takes apart, and whatever a user's reducer raises.
        """
        kept = self._reduced.get(id(obj))
        if kept is not None:
            return kept[1]
        layout = self._layout(type(obj))
        parts = Parts(by_identity=layout.by_identity)
        if layout.payload is not None:
            layout.payload(obj, parts)
        if layout.dict_of is not None or layout.slots:
            _read_fields(obj, layout, parts)
        if layout.reduce is not None:
            _read_reduced(layout.reduce(obj), parts)
        if layout.reduce is not None or layout.payload in MAKES_PARTS:
            self._reduced[id(obj)] = obj, parts
        return parts

    def _layout(self, kind: type) -> _Layout:
        layout = self._layouts.get(id(kind))
        if layout is None:
            layout = self._layouts[id(kind)] = _layout(kind)
        return layout


# --- the layout of a type ---------------------------------------------------------------------


def _found(kind: type, name: str) -> tuple[type, Any]:
    """The class of the MRO that defines a special method, and what stands there.

    In place of a hook that registration put there, it is what stood there before.
    """
    for cls in mro(kind):
        method = class_dict(cls).get(name)
        if method is not None and _is_ours(method):
            method = getattr(class_dict(cls).get(MARK), "originals", {}).get(name)
        if method is not None:
            return cls, method
    return object, None


def _layout(kind: type) -> _Layout:
    payload = payload_reader(kind)
    if payload in NAMED or payload in PREFERRED:
        return _Layout(kind, payload, None, None, (), by_identity=payload in PREFERRED)
    reduce, own = _reducer(kind)
    dict_of, slots = _dict_of(kind), tuple(_slots_of(kind))
    has_fields = dict_of is not None or bool(slots)
    if own:
        # Its reducers say what it is made of, the builtin content included.
        payload, dict_of, slots = None, None, ()
    elif payload is not None:
        reduce = None
    elif reduce is None:
        _refuse_opaque(kind)
    if payload in IMMUTABLE:
        by_identity = has_fields
    elif payload is None and reduce is not None:
        # Some are interned when they are made: time zones, regular expressions.
        by_identity = has_fields or _found(kind, "__hash__")[0] is object
    else:
        by_identity = payload not in FLEETING
    return _Layout(kind, payload, reduce, dict_of, slots, by_identity)


def _reducer(kind: type) -> tuple[Callable[[Any], Any] | None, bool]:
    """What takes an instance apart if not the layout, and whether that is Python code."""
    try:
        registered = copyreg.dispatch_table.get(kind)
    except TypeError:  # a metaclass without __hash__
        registered = None
    if registered is not None and not _is_ours(registered):
        return registered, True
    by_class, reduce_ex = _found(kind, "__reduce_ex__")

    def reduce(obj: Any) -> Any:
        return reduce_ex.__get__(obj, kind)(4)

    found = (by_class, reduce_ex), _found(kind, "__reduce__"), _found(kind, "__getstate__")
    defined = [method for cls, method in found if cls is not object]
    if any(not isinstance(method, _BUILTIN_METHODS) for method in defined):
        return reduce, True
    # A class with such arguments may keep something where only they tell.
    arguments = [_found(kind, name)[1] for name in ("__getnewargs__", "__getnewargs_ex__")]
    return (reduce if defined or any(arguments) else None), False


_BUILTIN_METHODS: Final = (
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    types.BuiltinFunctionType,
)


def _is_ours(method: Any) -> bool:
    """Whether pickle_migrate installed it: such reducers add the stamp and change no state."""
    while type(method).__name__ == "partial" and hasattr(method, "func"):
        method = method.func
    for owner in (method, type(method)):
        module = getattr(owner, "__module__", None)
        if isinstance(module, str) and module.partition(".")[0] == "pickle_migrate":
            return True
    return False


def _refuse_opaque(kind: type) -> None:
    """Raise OpaqueError if instances are larger than their fields: C code keeps something there.

    The rule is that of object.__reduce_ex__, which cannot be asked: it may run user code.
    """
    known = object.__basicsize__ + _WORD * len(_slots_of(kind))
    known += _WORD * ((_DICT_OFFSET(kind) > 0) + (_WEAKREF_OFFSET(kind) > 0))
    if _ITEM_SIZE(kind) or _BASIC_SIZE(kind) > known:
        raise OpaqueError("it has content that no reducer shows")


_BASIC_SIZE, _ITEM_SIZE, _DICT_OFFSET, _WEAKREF_OFFSET = (
    vars(type)[name].__get__
    for name in ("__basicsize__", "__itemsize__", "__dictoffset__", "__weakrefoffset__")
)
_WORD: Final = object.__basicsize__ // 2


def _dict_of(kind: type) -> Callable[[Any], Any] | None:
    for cls in mro(kind):
        descriptor = class_dict(cls).get("__dict__")
        if isinstance(descriptor, types.GetSetDescriptorType | types.MemberDescriptorType):
            read: Callable[[Any], Any] = descriptor.__get__
            return read
    return None


def _slots_of(kind: type) -> list[tuple[str, Callable[[Any], Any]]]:
    return [
        (name, descriptor.__get__)
        for cls in reversed(mro(kind))
        if "__slots__" in class_dict(cls)
        for name, descriptor in class_dict(cls).items()
        if isinstance(descriptor, types.MemberDescriptorType)
    ]


# --- fields and reduce values -----------------------------------------------------------------


def _read_fields(obj: Any, layout: _Layout, parts: Parts) -> None:
    if layout.dict_of is not None:
        held = layout.dict_of(obj) or {}
        if all(type(name) is str for name in held):
            parts.fields.update(held)
        else:
            parts.fields["__dict__"] = held
    for name, read in layout.slots:
        try:
            value = read(obj)
        except AttributeError:
            continue
        # Two classes of an MRO may have a slot of one name.
        parts.fields[name if name not in parts.fields else f"{name} (slot)"] = value


_REDUCE_STEPS: Final = (
    "(made by)",
    "(arguments)",
    "(state)",
    "(items)",
    "(pairs)",
    "(state setter)",
)


def _read_reduced(reduced: Any, parts: Parts) -> None:
    """Add what a reducer gave, its iterators drained, the state's fields as fields."""
    if isinstance(reduced, str):
        parts.value = "global", str(reduced)
        return
    if not isinstance(reduced, tuple) or not 2 <= len(reduced) <= 6:
        raise OpaqueError("its reducer gives neither a string nor a tuple of two to six")
    elements = list(reduced)
    if len(elements) > 2 and _adds_fields(elements[2], parts.fields):
        elements[2] = None
    for position in (3, 4):
        if len(elements) > position and elements[position] is not None:
            elements[position] = list(elements[position])
    parts.elements, parts.steps = elements, _REDUCE_STEPS


def _adds_fields(state: Any, fields: dict[str, Any]) -> bool:
    """Take a state of the usual forms, a dict or (dict or None, dict), into the fields."""
    halves = state if type(state) is tuple and len(state) == 2 else (state,)
    named = [half for half in halves if half is not None]
    if not all(type(half) is dict and all(type(name) is str for name in half) for half in named):
        return False
    if len(named) == 2 and not named[0].keys().isdisjoint(named[1]):
        return False
    for half in named:
        for name, value in half.items():
            fields.setdefault(name, value)
    return bool(named)
