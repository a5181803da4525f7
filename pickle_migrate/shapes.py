"""How a class keeps its state, and the ways between an object and the state that steps see.

Steps see a mapping of field names to values wherever Python's own default would have made a dict, a
pair of dict and slots, or a list by position; a class with its own ``__getstate__`` keeps whatever
that returned. ``Shape`` holds the functions for one class: ``take`` (object to state), ``read``
(what an old pickle holds, to state) and ``put`` (state into a newborn object).

Sources: ``object.__getstate__`` and ``object.__reduce_ex__`` in CPython's Objects/typeobject.c,
``load_build`` in Modules/_pickle.c, ``dataclasses._dataclass_getstate``, attrs' ``_make.py``.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from pickle_migrate.errors import StateError, UnknownFieldError
from pickle_migrate.schema import field_order

MARK = "__pickle_migrate__"
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE, Include/object.h


@attrs.frozen(eq=False, repr=False)
class Kind:
    """What decides how a class pickles; found by looking at the class, never at an instance.

    ``build`` is ``plain`` (only a dict or slots), ``object`` (the default protocol with constructor
    arguments or items), ``reduce`` (its own or a C type's ``__reduce__``), ``namedtuple``, ``enum``
    or ``exception``.
    """

    build: str
    has_dict: bool
    slots: tuple[str, ...]
    getstate: Callable[[Any], Any] | None  # the class's own; None for Python's default
    setstate: Callable[[Any, Any], None] | None
    reduce: Callable[..., Any] | None
    mapping: bool  # steps see a dict of fields
    reduce_takes_protocol: bool = False
    python_reduce: bool = False

    @property
    def only_dict(self) -> bool:
        """Whether pickle's C code can give the state back by itself, from ``__dict__`` alone."""
        default = self.getstate is None and self.setstate is None
        return self.build == "plain" and self.has_dict and not self.slots and default


@attrs.frozen(eq=False, repr=False)
class Shape:
    """The ways of a class's state. None of them imports anything; ``take`` and ``put`` run the
    class's own ``__getstate__`` and ``__setstate__`` if it has them, ``take_fields`` reads
    ``__dict__`` and slots alone.
    """

    kind: Kind
    take: Callable[[Any], Any]
    take_fields: Callable[[Any], dict[str, Any]]
    read: Callable[[Any, int, tuple[str, ...] | None], Any]
    put: Callable[[Any, Any], None]


def own_methods(cls: type, name: str) -> list[Callable[..., Any]]:
    """The classes' own methods of that name in MRO order, without registration's hooks; what
    ``object`` has is left out.
    """
    found = []
    for owner in cls.__mro__[:-1]:
        declaration = vars(owner).get(MARK)
        if declaration is not None and name in declaration.hooked:
            method = declaration.originals.get(name)
        else:
            method = vars(owner).get(name)
        if method is not None:
            found.append(method)
    return found


def original(cls: type, name: str) -> Any:
    """What ``cls`` has under ``name`` without the hooks that registration put there."""
    own = own_methods(cls, name)
    return own[0] if own else vars(object).get(name)


def kind_of(cls: type) -> Kind:
    """Look at a class. Runs none of its code."""
    getstate = _own_getstate(cls)
    setstate = original(cls, "__setstate__")
    if is_dataclass_made(setstate) or setstate is BaseException.__setstate__:
        setstate = None
    build, reduce = _build_of(cls)
    return Kind(
        build=build,
        has_dict=bool(cls.__dictoffset__),
        slots=slot_names(cls),
        getstate=getstate,
        setstate=setstate,
        reduce=reduce,
        reduce_takes_protocol=reduce is not None and reduce is original(cls, "__reduce_ex__"),
        python_reduce=isinstance(reduce, types.FunctionType),
        # What a class's own __reduce__ gives is for its own __setstate__ to understand.
        mapping=(getstate is None or is_attrs_made(getstate))
        and (build != "reduce" or setstate is None),
    )


def slot_names(cls: type) -> tuple[str, ...]:
    """The names of all slots of a class and its bases, mangled where they are private.

    As ``copyreg._slotnames``, which also keeps its answer on the class: a decorator that makes a
    class anew (``dataclass(slots=True)``) would hand on the answer for the class without slots.
    """
    names = []
    for owner in cls.__mro__:
        slots = vars(owner).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name in ("__dict__", "__weakref__"):
                continue
            private = name.startswith("__") and not name.endswith("__")
            stem = owner.__name__.lstrip("_") if private else ""
            names.append(f"_{stem}{name}" if stem else name)
    return tuple(names)


def _own_getstate(cls: type) -> Callable[[Any], Any] | None:
    found: Callable[[Any], Any] | None = original(cls, "__getstate__")
    is_default = found is vars(object)["__getstate__"] or is_dataclass_made(found)
    return None if is_default else found


def is_dataclass_made(function: object) -> bool:
    """Whether dataclass made a method, for its frozen classes with slots."""
    return isinstance(function, types.FunctionType) and function.__module__ == "dataclasses"


def is_attrs_made(function: object) -> bool:
    """Whether attrs made a method, for its classes with slots."""
    names = ("slots_getstate", "slots_setstate")
    return isinstance(function, types.FunctionType) and function.__name__ in names


def _build_of(cls: type) -> tuple[str, Callable[..., Any] | None]:
    if _is_enum(cls):
        return "enum", None
    reduce_ex = original(cls, "__reduce_ex__")
    reduce = original(cls, "__reduce__")
    if reduce_ex is not vars(object)["__reduce_ex__"]:
        return "reduce", reduce_ex
    if reduce is not vars(object)["__reduce__"]:
        if issubclass(cls, BaseException) and not isinstance(reduce, types.FunctionType):
            return "exception", reduce
        return "reduce", reduce
    if (
        issubclass(cls, tuple)
        and hasattr(cls, "_fields")
        and original(cls, "__getnewargs_ex__") is None
    ):
        return "namedtuple", None
    new_args = original(cls, "__getnewargs_ex__") or original(cls, "__getnewargs__")
    if new_args is None and builtin_base(cls) is object:
        return "plain", None
    return "object", None


def _is_enum(cls: type) -> bool:
    enum = sys.modules.get("enum")
    return enum is not None and issubclass(cls, enum.Enum)


def builtin_base(cls: type) -> type:
    """The first class of the MRO that is written in C and decides the layout of its objects."""
    base = cls
    while base.__flags__ & _HEAP_TYPE:
        base = base.__base__ or object
    return base


def shape_of(cls: type) -> Shape:
    """The shape of a class: how its state is taken, read and put. Runs none of its code."""
    kind = kind_of(cls)
    fields = _field_taker(kind)
    return Shape(kind, kind.getstate or fields, fields, _reader(cls, kind), _putter(cls, kind))


# --- take: object to state --------------------------------------------------------------------


def _field_taker(kind: Kind) -> Callable[[Any], dict[str, Any]]:
    if not kind.slots:
        return lambda obj: getattr(obj, "__dict__", {})
    slots, has_dict = kind.slots, kind.has_dict

    def take(obj: Any) -> dict[str, Any]:
        state = dict(obj.__dict__) if has_dict else {}
        for name in slots:
            try:
                state[name] = getattr(obj, name)
            except AttributeError:  # a slot that was never set has no value to keep
                continue
        return state

    return take


# --- read: what a pickle holds, to state ------------------------------------------------------


def _reader(cls: type, kind: Kind) -> Callable[[Any, int, tuple[str, ...] | None], Any]:
    def read(raw: Any, version: int, names: tuple[str, ...] | None) -> Any:
        if not kind.mapping and names is None:
            return raw
        if type(raw) is dict:
            return named_by_text(raw)
        if raw is None:
            return {}
        pair = merged_pair(raw)
        if pair is not None:
            return pair
        if is_positional(raw):
            return _by_position(cls, raw, version, names)
        return dict(raw) if isinstance(raw, Mapping) and kind.build != "reduce" else raw

    return read


def is_positional(raw: Any) -> bool:
    """Whether a state is a list or tuple of values, and not the pair of dict and slots."""
    return isinstance(raw, tuple | list) and merged_pair(raw) is None


def named_by_text(state: dict[Any, Any]) -> dict[str, Any]:
    """The state with str names. Python 2 wrote attribute names as 8-bit strings, which
    ``encoding="bytes"`` leaves as bytes; attribute names are ASCII there.
    """
    for name in state:
        if type(name) is not bytes:
            return state
        return {k.decode("ascii") if type(k) is bytes else k: v for k, v in state.items()}
    return state


def merged_pair(raw: Any) -> dict[str, Any] | None:
    """The fields of a pair (dict or None, slots), which ``object.__getstate__`` gives for classes
    with slots; None for anything else.
    """
    if type(raw) is not tuple or len(raw) != 2:
        return None
    if not all(part is None or type(part) is dict for part in raw) or raw == (None, None):
        return None
    return {**named_by_text(raw[0] or {}), **named_by_text(raw[1] or {})}


def _by_position(
    cls: type, raw: tuple[Any, ...] | list[Any], version: int, names: tuple[str, ...] | None
) -> dict[str, Any]:
    ref = f"{cls.__module__}:{cls.__qualname__}"
    if names is None:
        guess = ", ".join(repr(name) for name in (field_order(cls) or ())[: len(raw)])
        raise StateError(
            ref,
            version,
            f"the pickle holds {len(raw)} values by position, and nothing says which fields "
            "they are",
            f"Name the fields of that version in their order: Lineage({ref!r}).fields({version}, "
            f"...). Today's first {len(raw)} are {guess or 'not known'}; check that the order was "
            "the same.",
        )
    return by_position(ref, raw, version, names)


def by_position(
    ref: str, raw: tuple[Any, ...] | list[Any], version: int, names: tuple[str, ...]
) -> dict[str, Any]:
    """The fields of a state by position. Raises StateError unless there are as many names."""
    if len(names) != len(raw):
        raise StateError(
            ref,
            version,
            f"the pickle holds {len(raw)} values by position, and the version has {len(names)} "
            f"fields ({', '.join(names)})",
            f"Correct Lineage({ref!r}).fields({version}, ...).",
        )
    return dict(zip(names, raw, strict=True))


# --- put: state into a newborn object ---------------------------------------------------------


def _putter(cls: type, kind: Kind) -> Callable[[Any, Any], None]:
    default = put_fields(cls, kind)
    setstate = kind.setstate
    if setstate is None:
        return default
    if is_attrs_made(setstate):
        return _put_attrs(cls, kind, setstate)
    if kind.slots and kind.mapping:
        return lambda obj, state: setstate(obj, _native_pair(state, kind))
    return setstate


def _native_pair(state: Any, kind: Kind) -> Any:
    if type(state) is not dict:
        return state
    slots = {name: state[name] for name in kind.slots if name in state}
    rest = {name: value for name, value in state.items() if name not in slots}
    return (rest or None, slots) if slots else rest


def _put_attrs(
    cls: type, kind: Kind, setstate: Callable[[Any, Any], None]
) -> Callable[[Any, Any], None]:
    known = frozenset(field_order(cls) or ()) | frozenset(kind.slots)

    def put(obj: Any, state: Any) -> None:
        # attrs ignores names that it does not know, which would drop their values unseen.
        if not kind.has_dict and not known.issuperset(state):
            raise unknown_fields(cls, state, known)
        setstate(obj, state)
        if kind.has_dict:
            obj.__dict__.update({n: v for n, v in state.items() if n not in known})

    return put


def put_fields(cls: type, kind: Kind) -> Callable[[Any, Any], None]:
    """As load_build in _pickle.c: names into ``__dict__``, slots by their descriptors. Neither the
    class's ``__setattr__`` nor a frozen class's refusal is in the way.
    """
    slots = frozenset(kind.slots)
    base = builtin_base(cls)
    write = object.__setattr__ if base is not type else type.__setattr__
    # BaseException.__setstate__ sets attributes: name and path of an ImportError are C fields.
    is_exception = issubclass(cls, BaseException)

    def put(obj: Any, state: Any) -> None:
        if state is None:
            return
        if not isinstance(state, dict):
            state = merged_pair(state) or _refuse_state(cls, state)
        if not slots and not is_exception and kind.has_dict:
            obj.__dict__.update(state)
            return
        for name, value in state.items():
            if name in slots or (is_exception and hasattr(base, name)):
                write(obj, name, value)
            elif kind.has_dict:
                obj.__dict__[name] = value
            else:
                raise unknown_fields(cls, state, slots)

    return put


def _refuse_state(cls: type, state: Any) -> dict[str, Any]:
    raise StateError(
        f"{cls.__module__}:{cls.__qualname__}",
        0,
        f"the state is a {type(state).__name__}, not a mapping of fields",
        "Let the last step return a dict of field names and values, or give the class a "
        "__setstate__ that takes it.",
    )


def unknown_fields(cls: type, state: Any, known: frozenset[str]) -> UnknownFieldError:
    """The error for fields that a class without ``__dict__`` cannot hold."""
    extra = tuple(str(name) for name in state if name not in known)
    ref = f"{cls.__module__}:{cls.__qualname__}"
    return UnknownFieldError(ref, 0, extra, tuple(sorted(known)))
