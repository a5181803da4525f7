"""Stand-ins: inert classes and objects in place of all that a pickle names.

Theory of operation
    A ``World`` gives one class, a ``ShimType``, for each global of a pickle, be it a class or a
    function. What the pickle does with it is kept on ``Shim`` objects and does nothing else:

    - NEWOBJ calls ``Shim.__new__``; REDUCE, INST and OBJ call the class itself, which goes by
      ``ShimType.__call__``. Both keep the arguments, and ``how`` the object came to be.
    - BUILD finds ``Shim.__setstate__``, which keeps the state as it is. Fields never become
      attributes, so that no name in a state can steer anything.
    - APPEND(S), SETITEM(S) and ADDITEMS find the methods of those names, which keep what they get.
    - Calls of ``copyreg``'s constructors give an object of the class that they are given, and
      ``getattr`` on a stand-in gives the stand-in of the nested class.

    What every pickler writes (arguments, items, pairs, one state, in that order) stands in fields
    of its own. All else, such as a second BUILD, is an ``Event``; those stand in ``later``.
    Stand-ins are hashed and compared by identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pickle_migrate import shims_shown, stamps
from pickle_migrate.errors import StampError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_types import NOTHING, Event, Extra, ShimType, by_pickle, called
from pickle_migrate.stamps import StampText

_new: Final = object.__new__


class Shim:
    """A stand-in for one object of a pickle. Its class is the ``ShimType`` of what made it.

    ``state`` and ``args`` may be set; ``items``, ``pairs``, ``kwargs`` and a state that is a dict
    may be changed in place.
    """

    __slots__ = ("_args", "_extra", "_how", "_state")

    _args: tuple[Any, ...]
    _state: Any
    _how: Any
    _extra: Extra | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Shim:
        """Keep the arguments of NEWOBJ."""
        self = _new(cls)
        self._how = self._extra = None
        self._args = args
        self._state = NOTHING
        if kwargs:
            self._extra = Extra(kwargs)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What REDUCE gives when it calls what another call gave. Nothing is run."""
        return called(_class_of(self)._world.result, self, args, kwargs)

    # --- what a pickle does to it -----------------------------------------------------------------

    def __setstate__(self, state: Any) -> None:
        if self._state is NOTHING and (self._extra is None or not self._extra.later):
            self._state = state
        else:
            self._more().later.append(Event("build", (state,)))

    def append(self, value: Any) -> None:
        """Keep an item, as APPEND gives it."""
        extra = self._more()
        if extra.pairs or extra.later or self._state is not NOTHING:
            extra.later.append(Event("append", (value,)))
        else:
            extra.items.append(value)

    def extend(self, values: Any) -> None:
        """Keep items, as APPENDS gives them."""
        for value in values:
            self.append(value)

    def add(self, value: Any) -> None:
        """Keep a member, as ADDITEMS gives it."""
        self._more().later.append(Event("add", (value,)))

    def __setitem__(self, key: Any, value: Any) -> None:
        extra = self._more()
        if extra.later or self._state is not NOTHING:
            extra.later.append(Event("set", (key, value)))
        else:
            extra.pairs.append((key, value))

    def _more(self) -> Extra:
        if self._extra is None:
            self._extra = Extra()
        return self._extra

    # --- what people see of it --------------------------------------------------------------------

    @property
    def ref(self) -> GlobalRef:
        """The class, as the pickle spells it, also where a stamp names it; of what a function gave,
        the function.
        """
        cls = _class_of(self)
        stamp = _stamp_of(cls)
        return cls._ref if stamp is None else stamp.head.ref

    @property
    def version(self) -> int | None:
        """The version that its stamp says; None without one."""
        stamp = _stamp_of(_class_of(self))
        return None if stamp is None else stamp.head.version

    @property
    def made_by(self) -> str:
        """How the pickle makes it: "new" (``cls.__new__``), "call" (it calls ``callee``) or "inst"
        (protocol 0 and 1's way for classes of Python 2).
        """
        if self._extra is not None and self._extra.inst:
            return "inst"
        return "new" if self._how is None else "call"

    @property
    def callee(self) -> Any:
        """What the pickle calls to make it: a stand-in; None if ``made_by`` is "new"."""
        return self._how

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments with which it is made."""
        return self._args

    @args.setter
    def args(self, args: tuple[Any, ...]) -> None:
        self._args = tuple(args)

    @property
    def kwargs(self) -> dict[str, Any]:
        """The keyword arguments of ``__getnewargs_ex__``."""
        return self._more().kwargs

    @property
    def state(self) -> Any:
        """What BUILD gives it, or ``NOTHING``."""
        return self._state

    @state.setter
    def state(self, state: Any) -> None:
        self._state = state

    @property
    def fields(self) -> dict[Any, Any]:
        """The fields of its state by name: the state itself if that is a dict, or the slots of a
        pair of dict and slots, with the dict's under them in a new dict. Empty for all else.
        """
        state = self._state
        if type(state) is dict:
            return state
        if type(state) is tuple and len(state) == 2:
            first, second = state
            if type(second) is dict and (first is None or type(first) is dict):
                return {**(first or {}), **second}
            if type(second) is dict and type(first) is not dict:
                return second  # a stamp and its state
        return {}

    @property
    def items(self) -> list[Any]:
        """The items of an object that extends list."""
        return self._more().items

    @property
    def pairs(self) -> list[tuple[Any, Any]]:
        """The keys and values of an object that extends dict, in order."""
        return self._more().pairs

    @property
    def later(self) -> list[Event]:
        """All that the pickle does to it out of the usual order."""
        return self._more().later

    def __repr__(self) -> str:
        """In one short line, whatever it holds. Runs no code of what that is."""
        version = "" if self.version is None else f"@{self.version}"
        parts = [shims_shown.text(f"{self.ref}{version}"), ", ".join(_parts_shown(self))]
        return f"<shim {' '.join(parts).rstrip()}>"

    def __copy__(self) -> Shim:
        twin: Shim = _new(type(self))
        twin._how, twin._args, twin._state = self._how, self._args, self._state
        old = self._extra
        twin._extra = None
        if old is not None:
            parts = (dict(old.kwargs), list(old.items), list(old.pairs), list(old.later))
            twin._extra = Extra(*parts, old.inst)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Shim:
        import copy

        twin = self.__copy__()
        memo[id(self)] = twin
        twin._args = copy.deepcopy(self._args, memo)
        twin._state = self._state if self._state is NOTHING else copy.deepcopy(self._state, memo)
        if self._extra is not None:
            inst = self._extra.inst
            parts = (self._extra.kwargs, self._extra.items, self._extra.pairs, self._extra.later)
            twin._extra = Extra(*copy.deepcopy(parts, memo), inst)
        return twin

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise by_pickle(self.ref)


def _stamp_of(cls: ShimType) -> StampText | None:
    if cls._ref.module != stamps.MODULE or not stamps.looks_like_stamp(cls._ref.qualname):
        return None
    try:
        return StampText.decode(cls._ref.qualname)
    except StampError:
        return None


def _class_of(shim: Shim) -> ShimType:
    cls: Any = type(shim)
    return cls  # type: ignore[no-any-return]


_FIELDS_SHOWN: Final = 4


def _parts_shown(shim: Shim) -> Iterator[str]:
    if shim._args:
        yield f"{len(shim._args)} args"
    fields = shim.fields
    for name in list(fields)[:_FIELDS_SHOWN]:
        is_plain = type(name) is str and name.isidentifier()
        yield f"{shims_shown.text(name) if is_plain else shown(name)}={shown(fields[name])}"
    if len(fields) > _FIELDS_SHOWN:
        yield f"{len(fields) - _FIELDS_SHOWN} more"
    elif not fields and shim._state is not NOTHING:
        yield f"state {shown(shim._state)}"
    extra = shim._extra
    if extra is not None and (extra.items or extra.pairs):
        yield f"{len(extra.items) + len(extra.pairs)} items"


def shown(value: Any) -> str:
    """A value of a graph in a few characters. Runs no code of what the value is."""
    if isinstance(value, Shim):
        return f"<shim {shims_shown.text(str(value.ref))}>"
    return repr(value) if isinstance(value, ShimType) else shims_shown.value(value)
