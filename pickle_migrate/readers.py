"""How a state becomes an object's again: the side that loads.

``Restorer`` takes the state that BUILD hands to a newborn, migrates it and puts it in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pickle_migrate import finishing
from pickle_migrate.errors import StateError, UnknownFieldError
from pickle_migrate.registry import declaration_of, registered_in_mro
from pickle_migrate.routes import Route
from pickle_migrate.shapes import Shape, is_positional, named_by_text
from pickle_migrate.stamps import Stamp

if TYPE_CHECKING:
    from pickle_migrate.filling.filler import Filler

SetState = Callable[[Any, Any], None]


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
        self.filler = _filler(cls, shape)
        first = [op for step in route.steps for op in step.operations][:1]
        self.starts_with_function = any(op.opaque for op in first)

    def restore_raw(self, obj: Any, raw: Any) -> None:
        """Put a state that an unstamped or a fast-form pickle holds."""
        if self.only_dict and type(raw) is dict:
            state = self.migrate(named_by_text(raw))
            if isinstance(state, dict) and self.filler is None:
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
        if self.filler is not None:
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
            if self.filler is None:
                self.shape.put(obj, state)
            else:
                self.filler.put(obj, state, self.route.version)
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


def _filler(cls: type, shape: Shape) -> Filler | None:
    if not any(declaration_of(k).fill for k in registered_in_mro(cls)):
        return None
    from pickle_migrate.filling.filler import filler_for  # few programs pay for it

    return filler_for(cls, shape)


def _chain(cls: type, route: Route) -> Callable[[Any], Any]:
    migrate: Callable[[Any], Any] = _unchanged
    if route.steps:
        from pickle_migrate.compiler import compile_chain  # only old pickles need it

        migrate = compile_chain(route.steps)
    if not route.old_names:
        return migrate
    prefixes = [(f"_{old}__", f"_{new}__") for old, new in route.old_names]
    return lambda state: unmangled(migrate(state), prefixes)


def _unchanged(state: Any) -> Any:
    return state


def unmangled(state: Any, prefixes: list[tuple[str, str]]) -> Any:
    """The state with its private attributes under today's class names; the same dict, changed.

    ``prefixes``: pairs of old and new, as in ``_Order__``.
    """
    # The compiler stores self.__x as _Class__x: renaming the class renames its private state.
    if type(state) is not dict:
        return state
    for old, new in prefixes:
        for name in [n for n in state if type(n) is str and n.startswith(old)]:
            today = new + name[len(old) :]
            if today not in state:
                state[today] = state.pop(name)
    return state


def dict_setter(cls: type) -> Callable[[Any, dict[str, Any]], None]:
    """C code that makes a dict an object's ``__dict__``, past the class's own ``__setattr__``."""
    owner = next(k for k in cls.__mro__ if "__dict__" in vars(k))
    setter: Callable[[Any, dict[str, Any]], None] = vars(owner)["__dict__"].__set__
    return setter


def is_wrapped(state: Any) -> bool:
    """Whether a state is the pair of stamp and state (or the triple with a setter)."""
    return type(state) is tuple and 2 <= len(state) <= 3 and type(state[0]) is Stamp
