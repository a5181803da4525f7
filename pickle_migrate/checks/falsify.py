"""Expectations falsified on purpose, for the self-test. Pure: data in, data out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

State = Any
_ADDED: Final = "_falsified"


def falsified(state: State) -> Iterator[tuple[str, State]]:
    """The same description with one thing changed in it, and in words what: a value, the name of a
    field, the class of an object; each the first that there is. The given one is not changed.
    """
    changes = (("a value", _value), ("the name of a field", _field), ("a class", _class))
    some = False
    for words, change in changes:
        found, new = _first(state, change)
        if found:
            yield words, new
            some = True
    if not some:
        yield "all of it", {"falsified": state}


def _first(state: State, change: Any) -> tuple[bool, State]:
    """Apply a change at the first place that takes it, deepest last, from left to right."""
    found, new = change(state)
    if found:
        return True, new
    parts: list[tuple[Any, State]] = []
    if isinstance(state, dict):
        parts = list(state.items())
    elif isinstance(state, list):
        parts = list(enumerate(state))
    for key, part in parts:
        found, new = _first(part, change)
        if found:
            whole = dict(state) if isinstance(state, dict) else list(state)
            whole[key] = new
            return True, whole
    return False, state


def _value(state: State) -> tuple[bool, State]:
    if isinstance(state, dict) and ("class" in state or "same" in state or "type" in state):
        fields = {k: v for k, v in state.items() if k not in ("class", "same", "type")}
        found, new = _first(fields, _value) if fields else (False, fields)
        return found, {**state, **new} if found else state
    if state is None or isinstance(state, bool):
        return True, 1 if state is None else not state
    if isinstance(state, int | float):
        # What is added to a float may vanish in it, and an infinite one stays what it is.
        return True, -state if state and state == state else 1.5
    if isinstance(state, str):
        return True, state + _ADDED
    return False, state


def _field(state: State) -> tuple[bool, State]:
    fields = state.get("fields") if isinstance(state, dict) else None
    if not isinstance(fields, dict) or not fields:
        return False, state
    first = next(iter(fields))
    renamed = {(f"{k}{_ADDED}" if k == first else k): v for k, v in fields.items()}
    return True, {**state, "fields": renamed}


def _class(state: State) -> tuple[bool, State]:
    if isinstance(state, dict) and isinstance(state.get("class"), str):
        return True, {**state, "class": state["class"] + _ADDED}
    return False, state
