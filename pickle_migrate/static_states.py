"""States of old objects to states of today's, on stand-ins: the side of ``readers`` and ``writers``
that needs no object.

Loading puts a migrated state into an object, and dumping takes it out again. Where the class has no
say in either, the state that comes out is known without them. ``States`` holds what is to be done
for one global of a pickle; ``against_class`` says where a class does have a say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from pickle_migrate.compiler import compile_chain
from pickle_migrate.entries import Entry
from pickle_migrate.errors import StaticError
from pickle_migrate.migration import Migration
from pickle_migrate.readers import Restorer
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import declaration_of, registered_in_mro
from pickle_migrate.routes import Route
from pickle_migrate.schema import field_order
from pickle_migrate.shapes import Kind, by_position, is_positional, merged_pair, named_by_text
from pickle_migrate.shims_types import ShimType
from pickle_migrate.stamps import MODULE, StampText
from pickle_migrate.static_functions import against, on_plain_data

_STATES: Final = (dict, tuple, list, type(None))
_NO_PLAIN_STATE: Final = "has a state that is an object of a class"


def against_class(entry: Entry, route: Route, written: StampText | None) -> tuple[str, ...]:
    """Why a class's pickles cannot be upgraded from a written version without loading: every
    function that would have to run; nothing if they can.
    """
    reasons = [reason for step in route.steps for reason in against(step)]
    if any(declaration_of(k).fill for k in registered_in_mro(entry.cls)):
        reasons.append("fills missing fields, which only the class itself can (fill=True)")
    if route.finishers:
        reasons.append("its finishing stage needs the loaded objects")
    if written is None or _changes_state(route) or not _same_form(entry, written):
        reasons += _against_kind(entry.cls, entry.shape.kind, entry, written)
    return tuple(reasons)


def _changes_state(route: Route) -> bool:
    return bool(route.steps or route.old_names)


def _same_form(entry: Entry, written: StampText) -> bool:
    now = entry.stamp.written
    return (now.wrapped, now.whole) == (written.wrapped, written.whole)


def _against_kind(cls: type, kind: Kind, entry: Entry, written: StampText | None) -> Iterator[str]:
    if kind.build == "enum":
        yield "is an enum, and only the class knows its members"
        return
    own = [n for n, f in (("__setstate__", kind.setstate), ("__getstate__", kind.getstate)) if f]
    if own and not _is_attrs(kind):
        yield f"has a {own[0]} of its own"
    if written is None and kind.build != "plain":
        yield "is made with arguments or items, and its pickles carry no version"
    elif written is None:
        if hasattr(cls, "__getinitargs__"):
            yield "has __getinitargs__"
    elif entry.stamp.written.whole != written.whole or (
        kind.build != "plain" and not _same_form(entry, written)
    ):
        yield "was another kind of class when the pickle was written"


def _is_attrs(kind: Kind) -> bool:
    names = {getattr(f, "__name__", "") for f in (kind.setstate, kind.getstate)}
    return names == {"slots_setstate", "slots_getstate"}


@attrs.frozen(eq=False)
class States:
    """What becomes of the states of one global's objects.

    ``ref`` is as the pickle spells it. ``plain``: the objects are made without arguments and hold
    no items. ``wraps``: the state is written as a pair of stamp and state. ``is_whole``: there is
    none, the value stands in the arguments. ``migrate`` takes a mapping and gives another; ``read``
    makes a mapping of a raw state; ``check`` raises StaticError for what the class would refuse.
    ``copies``: no step changes the state. ``unmangles``: private attributes get another name.
    """

    ref: GlobalRef
    plain: bool
    wraps: bool
    is_whole: bool
    migrate: Callable[[Any], Any]
    read: Callable[[Any], Any]
    read_wrapped: Callable[[Any], Any]
    check: Callable[[Any], None]
    copies: bool
    unmangles: bool

    @property
    def is_fast(self) -> bool:
        """Whether a dict of fields becomes a dict of fields, and that is all."""
        return self.plain and not self.wraps and not self.is_whole

    def mapping(self, raw: Any) -> Any:
        """The migrated state of what BUILD gives, or None where there is none."""
        if is_stamp_pair(raw):
            if len(raw) != 2:
                raise self.refuse("has a state with a state setter of its own")
            state = self._plain_state(raw[1])
            state = self.read_wrapped(state)
        else:
            state = self.read(self._plain_state(raw))
        if state is not None:
            state = self.migrate(dict(state) if type(state) is dict else state)
            self.check(state)
        return state

    def whole(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The migrated arguments of an object whose value stands in them."""
        if len(args) != 1 or type(args[0]) is not dict:
            raise self.refuse("is not made with one mapping")
        state = self.migrate(dict(args[0]))
        self.check(state)
        return (state,)

    def _plain_state(self, raw: Any) -> Any:
        if type(raw) not in _STATES:
            raise self.refuse(_NO_PLAIN_STATE)
        return raw

    def refuse(self, reason: str) -> StaticError:
        """The error for an object that cannot be upgraded so."""
        return StaticError(str(self.ref), reason)


def is_stamp_pair(raw: Any) -> bool:
    """Whether a state is a pair of stamp and state, as stand-ins."""
    if type(raw) is not tuple or not 2 <= len(raw) <= 3:
        return False
    first = raw[0]
    return isinstance(first, ShimType) and first._ref.module == MODULE


# --- for classes that are known ---------------------------------------------------------------


def states_of(ref: GlobalRef, entry: Entry, route: Route, *, unstamped: bool) -> States:
    """For a class that this process knows. ``against_class`` has nothing against it."""
    steps = tuple(on_plain_data(step) for step in route.steps)
    guarded = attrs.evolve(route, steps=steps)
    restorer = Restorer(entry.cls, entry.shape, guarded, unstamped=unstamped)
    now, kind = entry.stamp.written, entry.shape.kind

    def read(raw: Any) -> Any:
        if restorer.only_dict and type(raw) is dict:
            return named_by_text(raw)
        return restorer.shape.read(raw, route.version, restorer.names)

    def read_wrapped(state: Any) -> Any:
        if state is None and route.steps and kind.has_dict:
            return {}
        if state is not None and restorer.names is not None and route.steps:
            return restorer.shape.read(state, route.version, restorer.names)
        return state

    return States(
        ref=ref,
        plain=kind.build == "plain",
        wraps=now.wrapped,
        is_whole=now.whole,
        migrate=restorer.migrate,
        read=read,
        read_wrapped=read_wrapped,
        check=_checker(ref, entry.cls, kind),
        copies=not steps,
        unmangles=bool(route.old_names),
    )


def _checker(ref: GlobalRef, cls: type, kind: Kind) -> Callable[[Any], None]:
    """As the class's own side would refuse a state: names that it cannot hold, or lacks."""
    order = field_order(cls) or ()
    exactly = frozenset(order) if kind.build == "namedtuple" or _is_attrs(kind) else None
    known = None if kind.has_dict else frozenset(kind.slots)

    def check(state: Any) -> None:
        if type(state) is not dict:
            raise StaticError(str(ref), _NO_PLAIN_STATE)
        if exactly is not None and exactly != state.keys():
            raise StaticError(str(ref), f"has not the fields {', '.join(order)} afterwards")
        if exactly is None and known is not None and not known.issuperset(state):
            raise StaticError(str(ref), "has fields afterwards for which the class has no slots")

    return check


# --- for classes that are gone ----------------------------------------------------------------


def states_of_gone(
    ref: GlobalRef,
    written: StampText,
    steps: tuple[Migration, ...],
    unmangle: Callable[[Any], Any] | None,
    names: tuple[str, ...] | None = None,
) -> States:
    """For a class that nobody can ask. ``names``: the order of the fields in states by position.

    A state that no operation touches keeps the form that it has.
    """
    chain = compile_chain(tuple(on_plain_data(step) for step in steps))
    migrate = chain if unmangle is None else lambda state: unmangle(chain(state))

    def check(state: Any) -> None:
        if type(state) is not dict:
            raise StaticError(str(ref), "has a state that is no mapping of fields")

    return States(
        ref=ref,
        plain=not written.wrapped,
        wraps=written.wrapped,
        is_whole=False,
        migrate=migrate,
        read=_reader_of_gone(written, any(step.operations for step in steps), names),
        read_wrapped=lambda state: {} if state is None else state,
        check=check,
        copies=not steps,
        unmangles=unmangle is not None,
    )


def _reader_of_gone(
    written: StampText, has_operations: bool, names: tuple[str, ...] | None
) -> Callable[[Any], Any]:
    head = written.head

    def read(raw: Any) -> Any:
        if type(raw) is dict:
            return named_by_text(raw)
        if not has_operations:
            return raw  # perhaps its class has a __setstate__, which takes just that
        pair = merged_pair(raw)
        if pair is None and names is not None and is_positional(raw):
            return by_position(str(head.ref), raw, head.version, names)
        return raw if pair is None else pair

    return read
