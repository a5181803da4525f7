"""What makes the objects that a pickle asks for, before they have a state.

``newborn_for`` gives the callable that a stamp of the current version is, ``older_newborn`` that of
any other stamp.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pickle_migrate.errors import StateError, UnknownFieldError
from pickle_migrate.readers import Restorer, SetState, dict_setter, is_wrapped
from pickle_migrate.refs import GlobalRef
from pickle_migrate.schema import field_order
from pickle_migrate.shapes import Shape, builtin_base
from pickle_migrate.stamps import StampText

if TYPE_CHECKING:
    from pickle_migrate.migration import Migration

Newborn = Callable[..., Any]
_PENDING = "__setstate__"


def newborn_for(
    cls: type, shape: Shape, *, adopting: bool = False
) -> tuple[Newborn, tuple[Any, ...]]:
    """The callable, with its first arguments, that makes an object of the current version.

    ``adopting``: the class carries registration's ``__setstate__`` for unstamped pickles, and this
    newborn must pass it by.
    """
    build = shape.kind.build
    if adopting:
        return _adopting(cls), ()
    if build == "enum":
        return _enum_member, (cls,)
    if build == "namedtuple":
        return _named_tuple, (cls,)
    if build == "exception":
        return _exception, (cls, builtin_base(cls))
    if build == "plain":
        return cls.__new__, (cls,)
    return _built, (cls,)


def _adopting(cls: type) -> Newborn:
    # BUILD looks for __setstate__ on the object before the class. This one is C code: it makes the
    # unpickled dict the object's __dict__, and is gone with the dict that it stood in. One call of
    # Python code here costs less than one in BUILD, and an unstamped object never has it.
    set_dict, method = dict_setter(cls), types.MethodType
    new: Callable[..., Any] = cls.__new__

    def newborn() -> Any:
        obj = new(cls)
        obj.__dict__[_PENDING] = method(set_dict, obj)
        return obj

    def newborn_set_plainly() -> Any:
        # Setting the attribute makes no dict, which costs a third of the call.
        obj = new(cls)
        obj.__setstate__ = method(set_dict, obj)
        return obj

    return newborn_set_plainly if _sets_plainly(cls) else newborn


def _sets_plainly(cls: type) -> bool:
    setter: object = cls.__setattr__
    return setter is vars(object)["__setattr__"]


def _built(
    cls: type, args: tuple[Any, ...] = (), keywords: dict[str, Any] | None = None, how: Any = None
) -> Any:
    if how is None:
        return cls.__new__(cls, *args, **(keywords or {}))
    call = cls if how is True else how
    return call(*args, **(keywords or {}))


def _exception(
    cls: type,
    builtin: type,
    args: tuple[Any, ...] = (),
    keywords: dict[str, Any] | None = None,
    how: Any = None,
) -> Any:
    if how is not None and how is not True:
        return how(*args, **(keywords or {}))
    # Not cls(*args): the class's own __init__ may take other arguments than it gave to Exception,
    # and would run once more. The C base's __init__ sets what it keeps outside __dict__.
    obj = cls.__new__(cls, *args)
    getattr(builtin, "__init__")(obj, *args)  # noqa: B009
    return obj


def _enum_member(cls: Any, state: dict[str, Any]) -> Any:
    name, value = state.get("name"), state.get("value")
    if "value" not in state and name in cls.__members__:
        return cls.__members__[name]
    try:
        member = cls(value)
    except ValueError:
        member = None
    if member is not None and (
        name is None or member.name == name or cls.__members__.get(name) is member
    ):
        return member
    found = "no member has" if member is None else f"the member {member.name} has"
    raise StateError(
        str(GlobalRef.of(cls)),
        0,
        f"the pickle holds the member {name!r} with the value {value!r}; today {found} that value",
        "Raise the version and add a step that changes state['name'] or state['value'].",
    )


def _named_tuple(cls: Any, fields: dict[str, Any]) -> Any:
    order = field_order(cls) or ()
    extra = tuple(str(n) for n in fields if n not in order)
    if extra:
        raise UnknownFieldError(str(GlobalRef.of(cls)), 0, extra, order)
    missing = [name for name in order if name not in fields]
    if missing:
        raise StateError(
            str(GlobalRef.of(cls)),
            0,
            f"the migrated state has no value for {', '.join(missing)}",
            "Add the field in a step: AddField(name, default=...).",
        )
    return cls.__new__(cls, *[fields[name] for name in order])


def older_newborn(cls: type, restorer: Restorer, hooked: bool, written: StampText) -> Newborn:
    """The callable that makes objects whose state is of another version or another form.

    ``hooked``: the class carries registration's ``__setstate__``, which knows what to do with a
    pair. Otherwise the newborn carries its own, for the one call that BUILD makes.
    """
    kind = restorer.shape.kind
    make, first = newborn_for(cls, restorer.shape)
    if kind.build in ("enum", "namedtuple"):
        return _whole(make, first, restorer)
    if kind.build == "plain":
        make, first = _without_arguments(cls, restorer.route.version), ()
    arguments = [step for step in restorer.route.steps if step.arguments is not None]
    if arguments:
        make = _with_arguments(make, len(first), arguments)
    if written.whole:
        return _from_whole(make, first, restorer)
    if hooked and written.wrapped:
        return lambda *args: make(*first, *args)
    if kind.has_dict:
        return _carrying(make, first, restorer, may_have_arguments=written.wrapped)
    return _kept_aside(make, first, restorer)


def _whole(make: Newborn, first: tuple[Any, ...], restorer: Restorer) -> Newborn:
    """For enums and namedtuples, which must have their value when they are made."""

    def newborn(*given: Any) -> Any:
        if len(given) != 1 or type(given[0]) is not dict:
            raise StateError(
                str(GlobalRef.of(restorer.cls)),
                restorer.route.version,
                "the pickle makes the object first and gives it its state later; an enum or a "
                "namedtuple, as the class is today, cannot be made like that",
                "Give the new class another name, keep one with a __dict__ under the old name, and "
                "make the new objects of the old ones after loading.",
            )
        return make(*first, restorer.migrate(dict(given[0])))

    return newborn


def _from_whole(make: Newborn, first: tuple[Any, ...], restorer: Restorer) -> Newborn:
    """For a class that was an enum or a namedtuple when the pickle was written."""

    def newborn(fields: dict[str, Any]) -> Any:
        obj = make(*first)
        restorer.restore_raw(obj, fields)
        return obj

    return newborn


def _without_arguments(cls: Any, version: int) -> Newborn:
    """For a class that takes no arguments of pickle's today. ``object.__new__`` drops them unseen
    if the class has an ``__init__``.
    """

    def newborn(args: tuple[Any, ...] = (), keywords: Any = None, how: Any = None) -> Any:
        try:
            if how is not None:
                return _built(cls, args, keywords, how)
            if not args and not keywords:
                return cls.__new__(cls)
            problem = f"the pickle holds the arguments {args!r}, and the class takes none"
        except TypeError as error:
            problem = f"the class cannot be made with the arguments {args!r}: {error}"
        ref = str(GlobalRef.of(cls))
        raise StateError(
            ref,
            version,
            problem,
            f"Say in a step what becomes of them: Lineage({ref!r}).upgrade({version}, "
            "arguments=function).",
        )

    return newborn


def _with_arguments(make: Newborn, skip: int, steps: list[Migration]) -> Newborn:
    def newborn(*given: Any) -> Any:
        first, (args, keywords, *_) = given[:skip], (*given[skip:], (), None)[:3]
        if len(given) - skip < 2:
            keywords = None
        for step in steps:
            assert step.arguments is not None
            args, keywords = step.arguments(tuple(args), dict(keywords or {}))
        return make(*first, args, keywords, *(given[skip + 2 :]))

    return newborn


def _carrying(
    make: Newborn, first: tuple[Any, ...], restorer: Restorer, *, may_have_arguments: bool
) -> Newborn:
    def general(self: Any, state: Any) -> None:
        del self.__dict__[_PENDING]
        if is_wrapped(state):
            restorer.restore_wrapped(self, state)
        else:
            restorer.restore_raw(self, state)

    setstate: SetState = general

    def learning(self: Any, state: Any) -> None:
        nonlocal setstate
        general(self, state)
        # The first state tells the fields; from the second on, a function made for them is used.
        made = restorer.setstate_for(tuple(state), general) if type(state) is dict else None
        setstate = made or general

    setstate = learning
    method, cls = types.MethodType, restorer.cls
    new: Callable[..., Any] = cls.__new__

    def newborn(*args: Any) -> Any:
        obj = make(*first, *args)
        obj.__dict__[_PENDING] = method(setstate, obj)
        return obj

    def newborn_set_plainly() -> Any:
        # As for adopting newborns; and without arguments to hand on.
        obj = new(cls)
        obj.__setstate__ = method(setstate, obj)
        return obj

    plainly = _sets_plainly(cls) and restorer.shape.kind.build == "plain"
    plainly = plainly and not may_have_arguments
    return newborn_set_plainly if plainly else newborn


_aside: dict[int, tuple[Any, Restorer]] = {}


def _kept_aside(make: Newborn, first: tuple[Any, ...], restorer: Restorer) -> Newborn:
    # A class that had a __dict__ when the pickle was written and has only slots today: the newborn
    # cannot carry anything. The strong reference keeps its id from being used anew before BUILD.
    def newborn(*args: Any) -> Any:
        obj = make(*first, *args)
        _aside[id(obj)] = (obj, restorer)
        return obj

    return newborn


def awaited(obj: Any) -> Restorer | None:
    """The restorer that was kept aside for a newborn without ``__dict__``; taken out by asking."""
    found = _aside.pop(id(obj), None)
    return None if found is None else found[1]
