"""What all operations have in common: when a field may be there, what is refused, how they speak.

Everything here is pure. ``Operation`` is the base of all operations, ``FieldOperation`` of those
that name their fields; the check functions are for the declaration, ``step_failed`` for the run.
"""

from __future__ import annotations

import abc
import copy
import enum
import inspect
import reprlib
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NoReturn

import attrs

from pickle_migrate.errors import (
    FieldExistsError,
    MissingFieldError,
    OperationError,
    PickleMigrateError,
    StateError,
    StepFailedError,
)

Function = Callable[..., Any]
Place = tuple[str, int]
"""The ref and the version of a step, for errors."""


class Nothing(enum.Enum):
    """Stands where no default is given; None is a default like any other."""

    NOTHING = enum.auto()


NOTHING: Final = Nothing.NOTHING


class Operation(abc.ABC):
    """One change of a state. A subclass of your own needs only ``apply``."""

    __slots__ = ()
    lossy = False
    """Whether it drops values on purpose."""
    opaque = True
    """Whether it may touch any field; then its sets of names are empty and say nothing."""

    @abc.abstractmethod
    def apply(self, state: Any, ref: object = "", version: int = 0) -> Any:
        """The state after this operation. The state that is given is not changed by it.

        ``ref`` and ``version`` are of the step, for errors. Raises MigrationError's children. Runs
        the functions that the operation holds.
        """

    @property
    def reads(self) -> frozenset[str]:
        """The fields that must be there."""
        return frozenset()

    @property
    def writes(self) -> frozenset[str]:
        """The fields that it makes or gives another value."""
        return frozenset()

    @property
    def removes(self) -> frozenset[str]:
        """The fields that are gone afterwards."""
        return frozenset()

    def describe(self) -> str:
        """What it does, in one line."""
        return type(self).__name__

    def inverse(self) -> Operation | None:
        """The operation that leads back to a state of the older version, or None."""
        return None


@attrs.frozen
class Fields:
    """The fields of an operation: those that must be ``needed`` there before, that are ``made`` and
    must not be there, that are ``changed`` in place, and that are ``dropped``; each in order.

    ``optional``: do nothing where a needed field is missing, or, if none is needed, where a field
    that would be made is there already.
    """

    needed: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    optional: bool = False


class FieldOperation(Operation):
    """An operation on named fields. ``fields`` says which, ``change`` does it."""

    __slots__ = ()
    opaque = False

    @property
    @abc.abstractmethod
    def fields(self) -> Fields:
        """Which fields must be there, must not be there, and what becomes of them."""

    @abc.abstractmethod
    def change(self, state: dict[str, Any], ref: str, version: int) -> None:
        """Change a state in place that has all that is needed and nothing that is in the way."""

    @property
    def reads(self) -> frozenset[str]:
        """The fields that must be there."""
        return frozenset(self.fields.needed)

    @property
    def writes(self) -> frozenset[str]:
        """The fields that it makes or gives another value."""
        return frozenset(self.fields.made) | frozenset(self.fields.changed)

    @property
    def removes(self) -> frozenset[str]:
        """The fields that are gone afterwards."""
        return frozenset(self.fields.dropped)

    def apply(self, state: Any, ref: object = "", version: int = 0) -> Any:
        """The state after this operation, as a new dict. The given one is not changed.

        Takes any mapping; a subclass of dict stays one. Raises StateError for anything else,
        MissingFieldError, FieldExistsError, StepFailedError.
        """
        fields = self.fields
        found = self._named(state, str(ref), version)
        for name in fields.needed:
            if name not in found:
                if fields.optional:
                    return found
                present = tuple(map(str, found))
                raise MissingFieldError(str(ref), version, name, self.describe(), present)
        for name in fields.made:
            if name in found:
                if fields.optional and not fields.needed:
                    return found
                raise FieldExistsError(str(ref), version, name, self.describe())
        self.change(found, str(ref), version)
        return found

    def _named(self, state: Any, ref: str, version: int) -> dict[str, Any]:
        if isinstance(state, dict):
            return copy.copy(state)
        if isinstance(state, Mapping):
            return dict(state)
        raise StateError(
            ref,
            version,
            f"{self.describe()} needs fields by name, and the state is a {type(state).__name__}",
            "Put a function before it that returns a dict of field names and values.",
        )


def called(operation: Operation, place: Place, function: Function, *arguments: Any) -> Any:
    """What a function of the user returns. Raises StepFailedError."""
    try:
        return function(*arguments)
    except Exception as error:
        step_failed(operation, place, error)


def step_failed(operation: Operation, place: Place, error: Exception) -> NoReturn:
    """Raise StepFailedError with ``error`` as its cause. Errors of this package pass unchanged."""
    if isinstance(error, PickleMigrateError):
        raise error
    reason = f"{type(error).__name__}: {error}"
    raise StepFailedError(*place, operation.describe(), reason) from error


def own_copy(state: Any) -> Any:
    """A shallow copy of a state that could be changed in place. Two objects may share one state,
    and a state may be a container that other objects hold too.
    """
    if type(state) is dict:
        return state.copy()
    return copy.copy(state) if isinstance(state, dict | list | set | bytearray) else state


# --- checks at declaration --------------------------------------------------------------------


def field_name(name: object) -> str:
    """The name, if it can be one. Raises OperationError."""
    if not isinstance(name, str) or not name:
        raise OperationError("A field name", f"it is a text, not {reprlib.repr(name)}")
    return str.__str__(name)


def field_names(names: object) -> tuple[str, ...]:
    """Several names, all different, as a tuple. Raises OperationError."""
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise OperationError("Field names", f"they are a tuple, not {reprlib.repr(names)}")
    found = tuple(field_name(name) for name in names)
    if not found or len(set(found)) != len(found):
        raise OperationError("Field names", f"they are different, not {reprlib.repr(found)}")
    return found


def check_functions(label: str, function: object, inverse: object = None) -> None:
    """Raise OperationError for what cannot be called; ``inverse`` may be None."""
    for given in (function, inverse):
        if not callable(given) and (given is function or given is not None):
            raise OperationError(label, f"it needs a function, not {reprlib.repr(given)}")


def check_source(label: str, default: Any, factory: object) -> None:
    """Raise OperationError for both of ``default`` and ``factory``, for a default that all objects
    would share and could change, and for a function that nobody would call.
    """
    if factory is not None:
        if default is not NOTHING:
            raise OperationError(label, "it takes default= or factory=, not both")
        if not callable(factory):
            raise OperationError(label, f"factory= is a function, not {reprlib.repr(factory)}")
        return
    if isinstance(default, type | types.FunctionType | types.BuiltinFunctionType):
        problem = f"a default is not called, and {name_of(default)} is a function; use factory="
        raise OperationError(label, problem)
    shared = _changeable(default)
    if shared is not None:
        problem = f"all objects would share its default, a {shared.__name__}; use factory="
        raise OperationError(label, problem)


def _changeable(value: Any) -> type | None:
    # The rule of dataclasses: what has no hash can be changed.
    if isinstance(value, tuple):
        return next((kind for kind in map(_changeable, value) if kind), None)
    return type(value) if type(value).__hash__ is None else None


def takes_state(label: str, factory: Function) -> bool:
    """Whether a factory has one required parameter. Raises OperationError for more than one."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # some builtins have no signature; those make empty values
        return False
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    required = [p for p in parameters if p.default is p.empty and p.kind not in variadic]
    if len(required) > 1 or any(p.kind is p.KEYWORD_ONLY for p in required):
        raise OperationError(label, "its factory takes no argument or one, the state")
    return bool(required)


# --- words ------------------------------------------------------------------------------------


def listed(names: Iterable[object]) -> str:
    """Names in a sentence."""
    return ", ".join(map(repr, names)) or "nothing"


def name_of(function: Any) -> str:
    """What a function is called; a functools.partial is called as the function in it."""
    inner = getattr(function, "func", function)
    return getattr(inner, "__qualname__", None) or type(function).__name__
