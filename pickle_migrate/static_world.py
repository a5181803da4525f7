"""Stand-ins whose states are migrated as BUILD hands them over, as objects' are when they load.

At that moment the pickle has made what it has made when an object gets its state, so a function
that looks into a list sees the same items. Two kinds of classes differ from plain stand-ins: those
of stamps, which the pickle calls, and those of unstamped pickles, which are written as a call of a
stamp afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import attrs

from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_types import NOTHING, ShimType
from pickle_migrate.shims_world import World
from pickle_migrate.shims_writer import Reducer, Table
from pickle_migrate.static_plan import Change
from pickle_migrate.static_states import States

_new: Callable[[Any], Any] = object.__new__
_OBJECT: Final = frozenset(
    GlobalRef(module, "object") for module in ("builtins", "__builtin__", "copy_reg", "copyreg")
)


class MigratingShimType(ShimType):
    """A stand-in class whose objects change. ``_reduce`` writes one of them."""

    _states: States
    _reduce: Reducer


class StampShimType(MigratingShimType):
    """The stand-in of a stamp of an older version, or of another form."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - its objects are classes
        """The object that the stamp makes. Raises StaticError for arguments of an unknown form."""
        states = cls._states
        if cls._world.inst or kwargs:
            raise states.refuse("is made in an odd way")
        if states.is_whole:
            cls._world.kept.append(args)
            args = states.whole(args)
        elif args and states.plain:
            raise states.refuse("is made with arguments, and the class takes none")
        made = _new(cls)
        made._how, made._args, made._state, made._extra = cls, args, NOTHING, None
        return made


@attrs.define(eq=False)
class StaticWorld(World):
    """The stand-ins of one file, with what changes in it. ``decodes``: names of fields may be bytes
    of Python 2. ``kept`` holds the states from before their steps: what a step drops was not
    dropped by the pickle, and ``settle`` must not take it for that.
    """

    changes: dict[GlobalRef, Change] = attrs.field(factory=dict)
    decodes: bool = False
    kept: list[Any] = attrs.field(factory=list)

    def settle(self) -> tuple[Shim, ...]:
        """As World's; afterwards the old states may go."""
        lost = super().settle()
        self.kept.clear()
        return lost

    def find(self, module: str, qualname: str) -> Any:
        """As World, with what changes."""
        found = self._classes.get((module, qualname))
        if found is None:
            ref = GlobalRef(module, qualname)
            change = self.changes.get(ref)
            if change is None:
                return super().find(module, qualname)
            found = self._changing(ref, change)
            self._classes[module, qualname] = found
        return found

    def nested(self, getter: ShimType, owner: ShimType, name: str) -> ShimType:
        """As World, with what changes: another class, or one that is reached another way."""
        key = (owner, name)
        if key not in self._others:
            ref = GlobalRef(owner._ref.module, f"{owner._ref.qualname}.{name}")
            change = self.changes.get(ref)
            if change is None:
                return super().nested(getter, owner, name)
            if change.states is None:
                self._others[key] = self._reached(getter, change.written)
            else:
                self._others[key] = self._changing(ref, change)
        return self._others[key]

    def _reached(self, getter: ShimType, ref: GlobalRef) -> ShimType:
        """A class as protocols below 4 reach it: what is nested in it by ``getattr``."""
        first, *rest = ref.qualname.split(".")
        found: ShimType = self.new(ShimType, GlobalRef(ref.module, first))
        for name in rest:
            found = super().nested(getter, found, name)
        return found

    def _changing(self, ref: GlobalRef, change: Change) -> ShimType:
        states = change.states
        cls: Any
        if states is None:
            cls = super().find(ref.module, ref.qualname)
        elif change.stamp is None:
            methods = {} if states.is_whole else {"__setstate__": _stamped_setstate(states, self)}
            cls = self.new(StampShimType, ref, methods, states=states)
            cls._reduce = _stamped_reducer(cls, states)
        else:
            stamp = self.new(ShimType, change.stamp)
            setstate = _unstamped_setstate(states, stamp, self)
            cls = self.new(MigratingShimType, ref, {"__setstate__": setstate}, states=states)
            cls._reduce = _unstamped_reducer(cls, states, stamp)
        cls._written = change.written
        found: ShimType = cls
        return found


class StaticTable(Table):
    """The reducers of one dump, with those of stand-ins that change."""

    def reducer_of(self, kind: type) -> Reducer | None:
        """As Table's."""
        if isinstance(kind, MigratingShimType):
            return kind._reduce
        return super().reducer_of(kind)


# --- states -----------------------------------------------------------------------------------


def _stamped_setstate(states: States, world: StaticWorld) -> Callable[[Any, Any], None]:
    def general(self: Any, state: Any) -> None:
        _refuse_odd(self, states)
        new = states.mapping(state)
        self._state = (type(self), new) if states.wraps else new

    return _fast(states, general, world)


def _unstamped_setstate(
    states: States, stamp: ShimType, world: StaticWorld
) -> Callable[[Any, Any], None]:
    def general(self: Any, state: Any) -> None:
        _refuse_odd(self, states)
        new = states.mapping(state)
        self._state = (stamp, new) if states.wraps else new

    return _fast(states, general, world)


def _fast(
    states: States, general: Callable[[Any, Any], None], world: StaticWorld
) -> Callable[[Any, Any], None]:
    """``general``, with a shorter way where a dict of fields becomes another."""
    keep = world.kept.append

    def keeping(self: Any, state: Any) -> None:
        keep(state)
        general(self, state)

    if not states.is_fast or world.decodes:
        return keeping
    migrate = dict.copy if states.copies and not states.unmangles else states.migrate

    def setstate(self: Any, state: Any) -> None:
        if type(state) is dict and self._state is NOTHING and self._extra is None:
            keep(state)
            self._state = migrate(state)
        else:
            keeping(self, state)

    return setstate


def _refuse_odd(shim: Shim, states: States) -> None:
    """Raise StaticError for what no object of such a class does when pickle wrote it."""
    extra = shim._extra
    if shim._state is not NOTHING:
        raise states.refuse("gets two states")
    if extra is not None and (states.plain or extra.later or extra.kwargs) and not extra.inst:
        raise states.refuse("has items, and is no list or dict today")


# --- writing ----------------------------------------------------------------------------------


def _stamped_reducer(cls: ShimType, states: States) -> Reducer:
    def reduce(shim: Shim) -> Any:
        state, extra = shim._state, shim._extra
        if state is NOTHING and not states.is_whole:
            raise states.refuse("has a stamp and no state")
        if extra is None:
            made = (cls, shim._args)
            return made if state is NOTHING else (*made, state)
        if extra.later or extra.kwargs or extra.inst:
            raise states.refuse("is changed in an odd way")
        items = iter(extra.items) if extra.items else None
        pairs = iter(extra.pairs) if extra.pairs else None
        return cls, shim._args, None if state is NOTHING else state, items, pairs

    return reduce


def _unstamped_reducer(cls: ShimType, states: States, stamp: ShimType) -> Reducer:
    nothing: tuple[()] = ()

    def reduce(shim: Shim) -> Any:
        if shim._how is not None or shim._args or shim._extra is not None:
            _refuse_arguments(shim, cls, states)
        state = shim._state
        if state is NOTHING:
            # Pickle writes no state for an object without attributes; it is migrated all the same.
            state = states.mapping({})
            state = (stamp, state) if states.wraps else state
        return stamp, nothing, state

    return reduce


def _refuse_arguments(shim: Shim, cls: ShimType, states: States) -> None:
    """Raise StaticError unless the pickle makes the object without running its ``__init__``."""
    extra = shim._extra
    if extra is not None and (extra.items or extra.pairs or extra.later or extra.kwargs):
        raise states.refuse("is changed in an odd way")
    if extra is not None and extra.inst:
        return
    how, args = shim._how, shim._args
    if how is None:
        if args:
            raise states.refuse("is made with arguments, and the class takes none")
    elif how is cls:
        raise states.refuse("is made by a call, which runs its __init__")
    elif args[0] is not cls or not _is_empty(how._ref.qualname, args[1:]):
        raise states.refuse("is made with arguments, and the class takes none")


def _is_empty(constructor: str, rest: tuple[Any, ...]) -> bool:
    if constructor == "_reconstructor":
        base = rest[0] if len(rest) == 2 else None
        return isinstance(base, ShimType) and base._ref in _OBJECT and rest[1] is None
    return all(not part and type(part) in (tuple, dict) for part in rest)
