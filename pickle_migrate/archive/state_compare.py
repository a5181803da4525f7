"""Where two states differ, as lines that a person reads.

Types count: 1, 1.0 and True differ, and so do 0.0 and -0.0; a NaN equals a NaN. Paths are those of
the objects, ``$.customer.orders[3]``, as in ``same: path``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

State = Any
#: So many lines are shown, and so many characters of a value.
LINES, _WIDTH = 20, 70
_NOTHING: Final = object()
# Keys of a description that lead to the parts of the object itself.
_ITSELF: Final = frozenset(["fields", "dict", "list", "tuple", "set", "frozenset"])


def differences(expected: State, found: State, root: str = "$", limit: int = LINES) -> list[str]:
    """The lines that tell where ``found`` is not what was expected; at most ``limit``, and one that
    says so if there are more. Empty when they are equal.
    """
    lines = list(islice(_walk(expected, found, root), limit + 1))
    if len(lines) > limit:
        lines[limit:] = ["and more"]
    return lines


def same(left: State, right: State) -> bool:
    """Whether two states are equal, types included."""
    return next(_walk(left, right, "$"), None) is None


def _walk(expected: State, found: State, path: str) -> Iterator[str]:
    open_: list[tuple[State, State, str]] = [(expected, found, path)]
    while open_:
        left, right, place = open_.pop()
        kind = type(left)
        if kind is not type(right):
            yield _line(place, left, right)
        elif kind is dict:
            told, parts = _of_mappings(left, right, place)
            yield from told
            open_ += reversed(parts)
        elif kind is list:
            parts = [
                (one, other, f"{place}[{i}]")
                for i, (one, other) in enumerate(zip(left, right, strict=False))
            ]
            if len(left) != len(right):
                yield f"{place}: expected {len(left)} members, found {len(right)}"
            open_ += reversed(parts)
        elif not _same_atom(left, right):
            yield _line(place, left, right)


def _of_mappings(
    left: dict[str, State], right: dict[str, State], path: str
) -> tuple[list[str], list[tuple[State, State, str]]]:
    if _is_other(left, right):
        return [_line(path, left, right)], []
    told, parts = [], []
    for key, value in left.items():
        if key not in right:
            told.append(_line(_below(path, key, left, value), value, _NOTHING))
        else:
            parts.append((value, right[key], _below(path, key, left, value)))
    for key, value in right.items():
        if key not in left:
            told.append(_line(_below(path, key, right, value), _NOTHING, value))
    return told, parts


def _is_other(left: dict[str, State], right: dict[str, State]) -> bool:
    """Whether two descriptions tell of objects of different kinds, so that parts say nothing."""
    ours = ("class", "type", "same", "part", "opaque", "function", "name", "datetime", "date")
    for key in ours:
        if (key in left) != (key in right) and ("dict" in left or "dict" in right or key == "same"):
            return True
    return bool(left and right) and not left.keys() & right.keys()


def _below(path: str, key: str, mapping: dict[str, State], value: State) -> str:
    if key in _ITSELF and isinstance(value, dict | list):
        return path
    return f"{path}.{key}"


def _same_atom(left: Any, right: Any) -> bool:
    if type(left) is float:
        return repr(left) == repr(right)
    return bool(left == right)


def _line(path: str, expected: State, found: State) -> str:
    texts = [shown(expected), shown(found)]
    if texts[0] == texts[1] or (_is_number(expected) and _is_number(found)):
        texts = [
            f"{text} ({_type(one)})" for text, one in zip(texts, (expected, found), strict=True)
        ]
    return f"{path}: expected {texts[0]}, found {texts[1]}"


def _is_number(value: State) -> bool:
    return isinstance(value, int | float)


def _type(value: State) -> str:
    return "nothing" if value is _NOTHING else type(value).__name__


def shown(state: State) -> str:
    """A state in one short line."""
    if state is _NOTHING:
        return "nothing"
    if isinstance(state, dict) and isinstance(state.get("class"), str) and len(state) > 1:
        text = f"{state['class']} {_json({k: v for k, v in state.items() if k != 'class'})}"
    else:
        text = _json(state)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."


def _json(state: State) -> str:
    if type(state) is int and state.bit_length() > 2_000:
        return hex(state)
    if isinstance(state, dict):
        parts = (f"{key}: {_json(value)}" for key, value in islice(state.items(), 8))
        return "{" + ", ".join(parts) + ("" if len(state) <= 8 else ", ...") + "}"
    if isinstance(state, list):
        more = "" if len(state) <= 8 else ", ..."
        return "[" + ", ".join(_json(value) for value in state[:8]) + more + "]"
    return json.dumps(state)
