"""Which fields objects have in pickles: seen on stand-ins, so that nothing is imported or run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import attrs

from pickle_migrate import codecs, shims, stamps, store
from pickle_migrate.errors import PickleMigrateError, StampError
from pickle_migrate.lock.shape_words import value_text
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import scan_all
from pickle_migrate.shapes import is_positional, merged_pair
from pickle_migrate.shims import NOTHING, Shim, ShimType
from pickle_migrate.stamps import StampedClass, StampText


@attrs.frozen
class Sighting:
    """What objects of one class looked like in a pickle.

    ``ref`` is the class as the pickle spells it. ``written`` is the stamp, None without one.
    ``fields``: names, sorted, with canonical text of the value for a member of an enum, else
    empty; None where the state has no names. ``word``: the form of the state, "dict", "slots",
    "dict and slots", "positional", "own", or "whole" for a value in the arguments.
    """

    ref: GlobalRef
    written: StampText | None
    fields: tuple[tuple[str, str], ...] | None
    word: str
    count: int = 0

    @property
    def stamped(self) -> tuple[StampedClass, ...]:
        """The class and its registered bases as the stamp has them; empty without one."""
        return () if self.written is None else self.written.classes


def sightings_of_file(path: str) -> set[Sighting]:
    """What is seen in one file, also a compressed one or a row of pickles, as far as it can be
    read: a file that is no pickle, or one that is damaged, shows less or nothing. Imports nothing,
    writes nothing.
    """
    found: set[Sighting] = set()
    with contextlib.suppress(PickleMigrateError):
        payload = codecs.unwrap(store.read(path).data).payload
        for scan in scan_all(payload).pickles:
            with contextlib.suppress(PickleMigrateError):
                found |= sightings_in(payload[scan.start : scan.end])
    return found


def sightings_in(data: bytes) -> set[Sighting]:
    """What is seen in one pickle, each once. Raises what ``shims.loads`` raises."""
    graph = shims.loads(data)
    return {one for shim in _shims_in(graph.root) if (one := _sighting(shim)) is not None}


def _shims_in(root: Any) -> Iterator[Shim]:
    """Every stand-in of an object, each once, however deep."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        value = waiting.pop()
        if id(value) in seen or type(value) in (str, bytes, int, float):
            continue
        seen.add(id(value))
        if type(value) is dict:
            waiting += [*value.keys(), *value.values()]
        elif type(value) in (list, tuple, set, frozenset):
            waiting += value
        elif isinstance(value, Shim):
            yield value
            waiting += [value.args, value.state]
            if value._extra is not None:
                later = [event.values for event in value.later]
                waiting += [value.kwargs, value.items, value.pairs, *later]


def _sighting(shim: Shim) -> Sighting | None:
    written = _stamp_of(type(shim))
    state, args = shim.state, shim.args
    if type(state) is tuple and len(state) in (2, 3) and _stamp_of(state[0]) is not None:
        written, state = _stamp_of(state[0]), state[1]
    ref = shim.ref if written is None else written.head.ref
    if written is not None and (written.whole or _is_whole(state, args)):
        value = args[0] if args else None
        return Sighting(ref, written, _of_whole(value), "whole")
    return _of_state(ref, written, state)


def _is_whole(state: Any, args: tuple[Any, ...]) -> bool:
    # Version 0.1 of this package put no "=" at the end of such stamps.
    return state is NOTHING and len(args) == 1 and type(args[0]) is dict


def _stamp_of(value: Any) -> StampText | None:
    if isinstance(value, Shim):  # a stamp that only says a version, beside a class by value
        is_text = str(value.ref) == f"{stamps.MODULE}:text_only"
        text = value.args[0] if is_text and value.args else None
    else:
        is_stamp = isinstance(value, ShimType) and value.ref.module == stamps.MODULE
        text = value.ref.qualname if is_stamp else None
    if type(text) is not str or not stamps.looks_like_stamp(text):
        return None
    try:
        return StampText.decode(text)
    except StampError:
        return None


def _of_whole(value: Any) -> tuple[tuple[str, str], ...] | None:
    if type(value) is not dict:
        return None
    if set(value) == {"name", "value"}:  # a member of an enum
        name = value["name"]
        text = _text_of_value(value["value"])
        is_one = type(name) is str and "|" not in name  # flags are combined with that
        return ((_storable(name), text),) if is_one else ()
    return _names(value)


def _text_of_value(value: Any) -> str:
    if isinstance(value, Shim):
        return value.ref.qualname.rpartition(".")[2]
    return value_text(value)


def _of_state(ref: GlobalRef, written: StampText | None, state: Any) -> Sighting:
    if state is NOTHING or state is None:
        return Sighting(ref, written, (), "dict")
    if type(state) is dict:
        return Sighting(ref, written, _names(state), "dict")
    pair = merged_pair(state)
    if pair is not None:
        return Sighting(ref, written, _names(pair), "dict and slots" if state[0] else "slots")
    if is_positional(state):
        return Sighting(ref, written, None, "positional", len(state))
    return Sighting(ref, written, None, "own")


def _names(state: dict[Any, Any]) -> tuple[tuple[str, str], ...] | None:
    names = [name.decode("latin1") if type(name) is bytes else name for name in state]
    if not all(type(name) is str for name in names):
        return None  # a mapping of other things, which a __getstate__ gave
    return tuple(sorted((_storable(name), "") for name in names))


def _storable(name: str) -> str:
    # Half of a surrogate pair can stand in a pickle, and in no text file.
    return name.encode("utf-8", "backslashreplace").decode()
