"""Whether a step back loses something, decided by value.

A value is lost if the older state does not depend on it, and the upgrade puts another one in its
place. So a field that was added, and still has the value that the upgrade gives it, may go. What
the arithmetic of floats rounds off, there and back, is no loss; digits that are cut off are.

How it is found out: the upgrade runs on the older state. Where a field comes back with another
value, the step back runs once more with that one. If it gives the same older state, the old release
would never have seen the difference.
"""

from __future__ import annotations

import math
import pickle
from typing import Any

from pickle_migrate.downgrades.plan import StepBack
from pickle_migrate.shapes import builtin_base, slot_names

_MISSING = object()
_DEPTH = 50


def lost_fields(step: StepBack, newer: Any, older: Any) -> tuple[str, ...]:
    """The fields of a newer state whose values the older state loses, in order.

    Runs the functions of the upgrade, on a copy of the plain containers in the older state, and
    those of the way back. What they raise in the upgrade passes: such a state could not be upgraded
    again. A state that is no mapping of fields is told as a whole, by the name ``state``.
    """
    if step.upgrade is None or step.finishes:
        return ()  # what the finishing stage puts there is not known before a graph is loaded
    again = step.forth(older if step.only_names else plain_copy(older))
    if type(newer) is not dict or type(again) is not dict:
        if same(newer, again):
            return ()
        return ("state",) if same(step.back(plain_copy(again)), older) else ()
    return tuple(
        str(name)
        for name, value in newer.items()
        if value is not again.get(name, _MISSING) and _is_lost(name, step, newer, older, again)
    )


def _is_lost(
    name: Any, step: StepBack, newer: dict[Any, Any], older: Any, again: dict[Any, Any]
) -> bool:
    value, other = newer[name], again.get(name, _MISSING)
    if other is _MISSING:
        # The upgrade removes it; an older state that has it under any name keeps it.
        return not any(value is kept or same(value, kept) for kept in _values(older))
    if same(value, other):
        return False
    if _nearly(value, other):
        other = value + max(1, abs(value))  # what floats round off is no loss
    try:
        redone = step.back({**newer, name: other})
    except Exception:
        return False  # that it refuses another value shows that it looks at it
    return same(redone, older)


def _values(state: Any) -> list[Any]:
    return list(state.values()) if isinstance(state, dict) else [state]


def _nearly(left: Any, right: Any) -> bool:
    if type(left) is not type(right) or type(left) is not float:
        return False
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)


def same(left: Any, right: Any, depth: int = _DEPTH) -> bool:
    """Whether two values are alike: identical, or of one type and equal in their parts.

    Objects of classes in Python are compared by their fields; ``==`` is asked of values of C types,
    and where the answer is no bool, their pickles are compared.
    """
    if left is right:
        return True
    if type(left) is not type(right) or depth == 0:
        return False
    kind = type(left)
    if kind in (list, tuple):
        pairs = zip(left, right, strict=True) if len(left) == len(right) else None
        return pairs is not None and all(same(a, b, depth - 1) for a, b in pairs)
    if kind is dict:
        return len(left) == len(right) and all(
            k in right and same(v, right[k], depth - 1) for k, v in left.items()
        )
    if kind is float and left != left and right != right:
        return True
    fields = _fields(left)
    if fields is not None:
        if not same(fields, _fields(right), depth - 1):
            return False
        if builtin_base(kind) is object:
            return True
    try:
        answer = left == right
        if type(answer) is bool:
            return answer
        return pickle.dumps(left) == pickle.dumps(right)  # as of arrays, which answer one by one
    except Exception:
        return False


def _fields(obj: Any) -> dict[str, Any] | None:
    """What an object of a class in Python keeps, or None for anything else."""
    kind = type(obj)
    if builtin_base(kind) is kind:
        return None
    found = dict(getattr(obj, "__dict__", {}))
    found.update((name, getattr(obj, name)) for name in slot_names(kind) if hasattr(obj, name))
    return found


def plain_copy(value: Any, copies: dict[int, Any] | None = None) -> Any:
    """A copy in which functions may change lists, dicts, sets and bytearrays. Anything else in it
    is the very same object.
    """
    copies = {} if copies is None else copies
    if id(value) in copies:
        return copies[id(value)]
    kind = type(value)
    made: Any = value
    if kind is dict:
        made = copies[id(value)] = {}
        made.update((k, plain_copy(v, copies)) for k, v in value.items())
    elif kind is list:
        made = copies[id(value)] = []
        made.extend(plain_copy(v, copies) for v in value)
    elif kind is tuple:
        parts = [plain_copy(v, copies) for v in value]
        if any(a is not b for a, b in zip(parts, value, strict=True)):
            made = tuple(parts)
    elif kind in (set, bytearray):
        made = copies[id(value)] = value.copy()
    return made
