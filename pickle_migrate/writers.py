"""How objects of a versioned class become a reduce tuple: the side that dumps.

The tuple is ``(stamp, args, state)`` with state third, never inside the args: pickle writes it
after the object has its memo entry, so cycles come back whole. ``copy`` and ``deepcopy`` go
the same way and run no migration.
"""

from __future__ import annotations

import copyreg
import sys
import types
from collections.abc import Callable
from typing import Any

from pickle_migrate import depth
from pickle_migrate.schema import field_order
from pickle_migrate.shapes import Kind, Shape, original
from pickle_migrate.stamps import Stamp

Reducer = Callable[[Any], Any]
# Where a class is asked how it reduces; the default protocol (NEWOBJ) exists from 2 on.
PROTOCOL = 4
_NEWOBJ, _NEWOBJ_EX = vars(copyreg)["__newobj__"], vars(copyreg)["__newobj_ex__"]


def writer_for(
    cls: type, shape: Shape, stamp: Stamp, *, fast: bool, adopted: bool, by_value: bool
) -> Reducer:
    """The copyreg reducer of a class.

    ``fast``: pickle's C code gives the state back by itself. ``adopted``: the newborn makes the
    unpickled dict its own. ``by_value``: the class cannot be imported where the pickle is read
    (``__main__``, or made in a function), so the pickle must name the class itself, for cloudpickle
    and dill to carry it along.
    """
    build = shape.kind.build
    if by_value and build in ("enum", "namedtuple"):
        # Their whole value stands in the arguments, so there is no state to carry a version.
        return lambda obj: native_reduce(obj, shape.kind)
    if build == "enum":
        if _by_name_alone(cls):
            return lambda obj: (stamp, ({"name": obj.name},))
        return lambda obj: (stamp, ({"name": obj.name, "value": obj.value},))
    if by_value:
        return _by_value(shape, stamp)
    if build == "namedtuple":
        return _namedtuple(stamp)
    if fast:
        return _fast_adopted(stamp) if adopted else _fast(stamp)
    if build == "plain":
        return _plain(shape, stamp)
    if build == "object":
        return _default_protocol(cls, shape, stamp)
    return _own_reduce(cls, shape, stamp)


def _by_name_alone(cls: type) -> bool:
    # What the documentation of enum recommends for members whose values cannot be pickled.
    enum = sys.modules["enum"]
    names = ("pickle_by_enum_name", "pickle_by_global_name")
    return original(cls, "__reduce_ex__") in [getattr(enum, name, original) for name in names]


def _fast(stamp: Stamp) -> Reducer:
    nothing: tuple[()] = ()

    def reduce(obj: Any) -> tuple[Any, ...]:
        # An empty __dict__ is given too: pickle would write no BUILD for None, and an object
        # without BUILD could never be migrated.
        return stamp, nothing, obj.__dict__

    return reduce


def _fast_adopted(stamp: Stamp) -> Reducer:
    nothing: tuple[()] = ()
    count, alone = sys.getrefcount, _references_to_a_dict()

    def reduce(obj: Any) -> tuple[Any, ...]:
        state = obj.__dict__
        # A dict that anything else refers to may stand in the same pickle; the newborn must not
        # share it.
        return stamp, nothing, state if count(state) <= alone else dict(state)

    return reduce


def _references_to_a_dict() -> int:
    # Python counts the references of names and calls differently from release to release.
    obj, count = types.SimpleNamespace(), sys.getrefcount

    def counted(obj: Any) -> int:
        state = obj.__dict__
        return count(state)

    return counted(obj)


def _plain(shape: Shape, stamp: Stamp) -> Reducer:
    take, nothing = shape.take, ()

    def reduce(obj: Any) -> tuple[Any, ...]:
        return stamp, nothing, (stamp, take(obj))

    return reduce


def _namedtuple(stamp: Stamp) -> Reducer:
    def reduce(obj: Any) -> tuple[Any, ...]:
        fields = dict(zip(obj._fields, obj, strict=True))
        return stamp, (fields,), getattr(obj, "__dict__", None) or None

    return reduce


def _by_value(shape: Shape, stamp: Stamp) -> Reducer:
    def reduce(obj: Any) -> Any:
        rv = native_reduce(obj, shape.kind)
        if isinstance(rv, str):
            return rv
        func, args, state, items, pairs = (*rv, None, None, None)[:5]
        return func, args, (stamp, state_of(obj, shape, state)), items, pairs

    return reduce


def _default_protocol(cls: type, shape: Shape, stamp: Stamp) -> Reducer:
    def reduce(obj: Any) -> tuple[Any, ...]:
        func, args, state, items, pairs = native_reduce(obj, shape.kind)
        return (
            stamp,
            _how_built(cls, func, args),
            (stamp, state_of(obj, shape, state)),
            items,
            pairs,
        )

    return reduce


def _own_reduce(cls: type, shape: Shape, stamp: Stamp) -> Reducer:
    def reduce(obj: Any) -> Any:
        rv = native_reduce(obj, shape.kind)
        if isinstance(rv, str):  # a name: the object is a global, there is no state to version
            return rv
        func, args, state, items, pairs, setter = (*rv, None, None, None, None)[:6]
        wrapped: tuple[Any, ...] = (stamp, state_of(obj, shape, state))
        if setter is not None:
            # copy and deepcopy refuse a reduce tuple of six, so the setter travels in the state.
            wrapped = (*wrapped, setter)
        return stamp, _how_built(cls, func, args), wrapped, items, pairs

    return reduce


def _how_built(cls: type, func: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    if func is _NEWOBJ and args and args[0] is cls:
        return (args[1:],) if args[1:] else ()
    if func is _NEWOBJ_EX and args and args[0] is cls:
        return args[1], args[2]
    # True stands for "call the class", so that the pickle does not name it and renames hold.
    return args, None, True if func is cls else func


def stamped(reduced: Any, cls: type, stamp: Any) -> Any:
    """A reduce tuple with a stamp in place of what makes the object; its state is left as it is."""
    if isinstance(reduced, str):
        return reduced
    func, args, *rest = reduced
    return (stamp, _how_built(cls, func, args), *rest)


def native_reduce(obj: Any, kind: Kind) -> Any:
    """What the class's own reduce gives, without the hook that registration put on the class."""
    if kind.build == "enum":
        return original(type(obj), "__reduce_ex__")(obj, PROTOCOL)
    if kind.reduce is None:
        return object.__reduce_ex__(obj, PROTOCOL)
    arguments = (PROTOCOL,) if kind.reduce_takes_protocol else ()
    if not kind.python_reduce:
        return kind.reduce(obj, *arguments)
    with depth.inside(depth.reducing, obj, 1):
        return kind.reduce(obj, *arguments)


def state_of(obj: Any, shape: Shape, raw: Any) -> Any:
    """The state that travels in the pair: a mapping of fields wherever steps shall see one."""
    kind = shape.kind
    if kind.build == "exception":
        return {"args": obj.args, **(raw or {}), **shape.take_fields(obj)}
    if raw is None and kind.has_dict and _forgets_attributes(kind):
        return obj.__dict__ or None
    if raw is None and kind.mapping and kind.build != "reduce":
        return {}
    return shape.read(raw, 0, field_order(type(obj)))


def _forgets_attributes(kind: Kind) -> bool:
    # The reduce of a C type (datetime) or of the standard library (Counter) does not know of the
    # attributes of a subclass; one that an application wrote leaves out what it means to.
    if kind.build != "reduce" or not kind.python_reduce:
        return kind.build == "reduce"
    module = getattr(kind.reduce, "__module__", None) or ""
    return module.partition(".")[0] in sys.stdlib_module_names
