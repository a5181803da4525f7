"""Which functions of declared operations may run on values that were never loaded.

Without loading, a value that is no plain data is a stand-in, and a function of the user might look
at it. So only functions that are known run, each of which does nothing but make a value of values;
and only on plain data: what a class's own method would have to say is not known here.
"""

from __future__ import annotations

import builtins
import datetime
import decimal
import fractions
import functools
import math
import operator
import types
import uuid
from collections.abc import Callable
from typing import Any, Final

import attrs

from pickle_migrate.errors import StaticError
from pickle_migrate.fieldrules import Operation, name_of
from pickle_migrate.migration import Migration
from pickle_migrate.operations import (
    AbsentField,
    AddField,
    ConvertField,
    MergeFields,
    RemoveField,
    RenameField,
    SplitField,
)

Function = Callable[..., Any]

_ATOMS: Final = frozenset(
    [type(None), bool, int, float, complex, str, bytes, bytearray, type(Ellipsis)]
)
_CONTAINERS: Final = frozenset([list, tuple, set, frozenset, dict])
# What these make is pickled as itself, and they run nothing that is not theirs.
_TYPES: Final = frozenset(
    [
        *(_ATOMS - {type(None), type(Ellipsis)}),
        *_CONTAINERS,
        datetime.date,
        datetime.datetime,
        datetime.time,
        datetime.timedelta,
        decimal.Decimal,
        fractions.Fraction,
        uuid.UUID,
    ]
)
_BUILTINS: Final = frozenset(
    getattr(builtins, name)
    for name in (
        *("abs", "all", "any", "ascii", "bin", "chr", "divmod", "format", "hex", "len", "max"),
        *("min", "oct", "ord", "pow", "repr", "round", "sorted", "sum"),
    )
)
_MODULES: Final = frozenset(["math", "operator", "_operator"])
_CALLERS: Final = (operator.itemgetter, operator.attrgetter, operator.methodcaller)
_METHODS: Final = (types.MethodDescriptorType, types.WrapperDescriptorType)
# What these read from a clock or from the machine differs from run to run.
_CHANGING: Final = frozenset(["now", "utcnow", "today", "fromtimestamp"])
_DECLARED: Final = (
    AbsentField,
    AddField,
    ConvertField,
    MergeFields,
    RemoveField,
    RenameField,
    SplitField,
)


# --- which operations -------------------------------------------------------------------------


def against(step: Migration) -> tuple[str, ...]:
    """Why a step cannot be taken without loading: all of it, nothing if it can."""
    place = f"(step {step.source} to {step.target})"
    found = [reason for one in step.operations if (reason := _against(one))]
    if step.arguments is not None:
        found.append("a step changes its constructor arguments")
    return tuple(f"{reason} {place}" for reason in found)


def _against(operation: Operation) -> str | None:
    if type(operation) not in _DECLARED:
        return f"a step has to {operation.describe()}"
    if isinstance(operation, AddField):
        if operation.factory is None:
            return None
        if operation.wants_state:
            return f"a factory looks at the state: {operation.describe()}"
    function = _function_of(operation)
    if function is None or is_known(function):
        return None
    return f"a step calls {name_of(function)}: {operation.describe()}"


def _function_of(operation: Operation) -> Function | None:
    if isinstance(operation, AddField):
        return operation.factory
    function: Function | None = getattr(operation, "function", None)
    return function


def is_known(function: object) -> bool:
    """Whether a function makes a value of plain values and does nothing else."""
    if isinstance(function, type):
        return function in _TYPES
    if type(function) is functools.partial:
        given = [*function.args, *function.keywords.values()]
        return is_known(function.func) and all(map(is_plain, given))
    if isinstance(function, _CALLERS):
        return type(function) in _CALLERS and is_plain(function.__reduce__()[1])
    if isinstance(function, _METHODS):
        return function.__objclass__ in _TYPES
    if isinstance(function, types.BuiltinFunctionType | types.MethodWrapperType):
        return function in _BUILTINS or _is_known_method(function)
    return False


def _is_known_method(function: Any) -> bool:
    owner = function.__self__
    if isinstance(owner, type):
        return owner in _TYPES and function.__name__ not in _CHANGING
    if isinstance(owner, types.ModuleType):
        return owner in (math, operator) or owner.__name__ in _MODULES
    return is_plain(owner)


# --- on which values --------------------------------------------------------------------------


def is_plain(value: object) -> bool:
    """Whether a value is plain data through and through: of exact builtin types alone."""
    kind = type(value)
    if kind in _ATOMS:
        return True
    if kind not in _CONTAINERS:
        return False
    waiting: list[Any] = [value]
    seen = {id(value)}
    while waiting:
        one = waiting.pop()
        parts = (*one, *one.values()) if type(one) is dict else one
        for part in parts:
            kind = type(part)
            if kind in _CONTAINERS:
                if id(part) not in seen:
                    seen.add(id(part))
                    waiting.append(part)
            elif kind not in _ATOMS:
                return False
    return True


class _OnPlain:
    """A function that takes plain data only. ``func`` is the function, as for ``name_of``."""

    __slots__ = ("func", "ref")

    def __init__(self, func: Function, ref: str) -> None:
        self.func, self.ref = func, ref

    def __call__(self, *values: Any) -> Any:
        for value in values:
            if type(value) not in _ATOMS and not is_plain(value):
                raise StaticError(self.ref, f"{name_of(self.func)} would get {_what(value)}")
        return self.func(*values)


def on_plain_data(step: Migration) -> Migration:
    """The same step, whose functions raise StaticError for a value that is no plain data."""
    operations = [_guarded(operation, str(step.ref)) for operation in step.operations]
    return attrs.evolve(step, operations=operations)


def _guarded(operation: Operation, ref: str) -> Operation:
    function = _function_of(operation)
    if function is None or isinstance(operation, AddField):
        return operation
    assert isinstance(operation, ConvertField | SplitField | MergeFields)
    return attrs.evolve(operation, function=_OnPlain(function, ref))


def _what(value: object) -> str:
    if type(value) in _CONTAINERS:
        return f"a {type(value).__name__} with objects in it"
    return f"an object of {type(value).__name__}"
