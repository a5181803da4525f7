"""How a stamp and a state become an object again: the side that loads.

``newborn_for`` gives the callable that a stamp is; ``Restorer`` takes the state that BUILD hands to
a newborn, migrates it and puts it in place.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pickle_migrate import finishing
from pickle_migrate.errors import StateError, UnknownFieldError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.routes import Route
from pickle_migrate.schema import field_order
from pickle_migrate.shapes import Shape, builtin_base, is_positional, named_by_text
from pickle_migrate.stamps import Stamp

if TYPE_CHECKING:
    from pickle_migrate.migration import Migration

Newborn = Callable[..., Any]
SetState = Callable[[Any, Any], None]
_PENDING = "__setstate__"


class Restorer:
    """Migrates states of one class from one written version. Made once, used for every object."""

    def __init__(self, cls: type, shape: Shape, route: Route, *, unstamped: bool = False) -> None:
        self.cls = cls
        self.unstamped = unstamped
        self.shape = shape
        self.route = route.check()
        self.migrate = _chain(cls, route)
        self.only_dict = shape.kind.only_dict
        # What an older version wrote by position; a current class with its own __getstate__ may
        # give a tuple that has nothing to do with its fields.
        self.names = route.field_names if shape.kind.mapping or route.steps else None
        first = [op for step in route.steps for op in step.operations][:1]
        self.starts_with_function = any(op.opaque for op in first)

    def restore_raw(self, obj: Any, raw: Any) -> None:
        """Put a state that an unstamped or a fast-form pickle holds."""
        if self.only_dict and type(raw) is dict:
            state = self.migrate(named_by_text(raw))
            if isinstance(state, dict):
                obj.__dict__.update(state)
                self.done(obj)
            else:
                self.put(obj, state)
            return
        if self.names is None and self.starts_with_function and is_positional(raw):
            state = raw  # a function may know what the values are; operations on fields may not
        else:
            state = self.shape.read(raw, self.route.version, self.names)
        if self.shape.kind.build == "exception":
            state = {"args": obj.args, **state}
        self.put(obj, self.migrate(state))

    def setstate_for(
        self, fields: tuple[Any, ...], onward: SetState, guard: str = "", **names: Any
    ) -> SetState | None:
        """A ``__setstate__`` for states with these very fields, which passes all others to
        ``onward``; None where only the general way is right. As ``compile_setstate``.
        """
        route = self.route
        if not self.only_dict or not route.steps or route.finishers or route.old_names:
            return None
        from pickle_migrate.layouts import Surroundings, compile_setstate

        around = Surroundings(
            self.cls, not guard, dict_setter(self.cls), onward, self.put, guard, names
        )
        return compile_setstate(route.steps, fields, around)

    def restore_wrapped(self, obj: Any, wrapped: tuple[Any, ...]) -> None:
        """Put the pair of stamp and state (and a state setter) that our reducer wrote."""
        state = wrapped[1]
        if state is None and self.route.steps and self.shape.kind.has_dict:
            state = {}
        if state is not None:
            if self.names is not None and self.route.steps:
                state = self.shape.read(state, self.route.version, self.names)
            state = self.migrate(state)
        if len(wrapped) == 3:
            wrapped[2](obj, state)
            self.done(obj)
        elif state is not None:
            self.put(obj, state)
        else:
            self.done(obj)

    def put(self, obj: Any, state: Any) -> None:
        """Put a migrated state in place and note the object for the finishing stage."""
        try:
            self.shape.put(obj, state)
        except (UnknownFieldError, StateError) as error:
            if error.version:
                raise
            ref, _, *facts = error.args
            raise type(error)(ref, self.route.version, *facts) from None
        self.done(obj)

    def done(self, obj: Any) -> None:
        """Note the object for the finishing stage, if its lineage has one; and those of unstamped
        pickles that look as if nobody had given them a state.
        """
        if self.route.finishers or (self.unstamped and not (self.only_dict and obj.__dict__)):
            finishing.note(self.route.finishers, obj)


def _chain(cls: type, route: Route) -> Callable[[Any], Any]:
    migrate: Callable[[Any], Any] = _unchanged
    if route.steps:
        from pickle_migrate.compiler import compile_chain  # only old pickles need it

        migrate = compile_chain(route.steps)
    if not route.old_names:
        return migrate
    prefixes = [(f"_{old}__", f"_{new}__") for old, new in route.old_names]
    return lambda state: _unmangled(migrate(state), prefixes)


def _unchanged(state: Any) -> Any:
    return state


def _unmangled(state: Any, prefixes: list[tuple[str, str]]) -> Any:
    # The compiler stores self.__x as _Class__x: renaming the class renames its private state.
    if type(state) is not dict:
        return state
    for old, new in prefixes:
        for name in [n for n in state if type(n) is str and n.startswith(old)]:
            today = new + name[len(old) :]
            if today not in state:
                state[today] = state.pop(name)
    return state


# --- newborns ---------------------------------------------------------------------------------


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


def dict_setter(cls: type) -> Callable[[Any, dict[str, Any]], None]:
    """C code that makes a dict an object's ``__dict__``, past the class's own ``__setattr__``."""
    owner = next(k for k in cls.__mro__ if "__dict__" in vars(k))
    setter: Callable[[Any, dict[str, Any]], None] = vars(owner)["__dict__"].__set__
    return setter


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


def older_newborn(cls: type, restorer: Restorer, hooked: bool, wrapped: bool) -> Newborn:
    """The callable that makes objects whose state is of another version or another form.

    ``hooked``: the class carries registration's ``__setstate__``, which knows what to do with a
    pair (``wrapped``). Otherwise the newborn carries its own, for the one call that BUILD makes.
    """
    make, first = newborn_for(cls, restorer.shape)
    build = restorer.shape.kind.build
    if build in ("enum", "namedtuple"):
        return lambda state: make(*first, restorer.migrate(dict(state)))
    arguments = [step for step in restorer.route.steps if step.arguments is not None]
    if arguments:
        make = _with_arguments(make, len(first), arguments)
    if hooked and wrapped:
        return lambda *args: make(*first, *args)
    if restorer.shape.kind.has_dict:
        return _carrying(make, first, restorer)
    return _kept_aside(make, first, restorer)


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


def _carrying(make: Newborn, first: tuple[Any, ...], restorer: Restorer) -> Newborn:
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


def is_wrapped(state: Any) -> bool:
    """Whether a state is the pair of stamp and state (or the triple with a setter)."""
    return type(state) is tuple and 2 <= len(state) <= 3 and type(state[0]) is Stamp
