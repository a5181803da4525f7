"""What a step does to a state, as values: frozen, comparable, and able to say what they do.

A declared operation names the fields that it needs, makes and removes. So it can be described,
inverted, checked for conflicts and compiled without running any code of the user. ``apply`` is the
plain form of each: slow, one operation at a time, and what the compiled chain is tested against.

Order of fields in the result: what an operation makes stands at the end, in the order in which it
names them; a field that keeps its name keeps its place.
"""

from __future__ import annotations

import reprlib
import types
from collections.abc import Mapping
from typing import Any

import attrs

from pickle_migrate.errors import OperationError, StateError, StepFailedError
from pickle_migrate.fieldrules import (
    NOTHING,
    FieldOperation,
    Fields,
    Function,
    Operation,
    called,
    check_functions,
    check_source,
    field_name,
    field_names,
    listed,
    name_of,
    own_copy,
    step_failed,
    takes_state,
)

__all__ = [
    "AbsentField",
    "AddField",
    "ConvertField",
    "MergeFields",
    "Operation",
    "Rebuild",
    "RemoveField",
    "RenameField",
    "RunFunction",
    "SplitField",
]


# --- fields that come, go and move ------------------------------------------------------------


@attrs.frozen
class AddField(FieldOperation):
    """Make a field: ``AddField("currency", default="EUR")`` or ``AddField("tags", factory=list)``.

    ``factory`` is called for each object, without arguments; if it has one required parameter, it
    gets a read-only view of the state. A default that could be changed is refused, because all
    objects would share it. A field that is there already raises FieldExistsError, or is left as it
    is with ``keep_existing``.
    """

    name: str = attrs.field(converter=field_name)
    default: Any = NOTHING
    factory: Function | None = None
    keep_existing: bool = False
    wants_state: bool = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        label = f"AddField({self.name!r})"
        check_source(label, self.default, self.factory)
        if self.default is NOTHING and self.factory is None:
            raise OperationError(label, "it needs default= or factory=")
        wants_state = self.factory is not None and takes_state(label, self.factory)
        object.__setattr__(self, "wants_state", wants_state)

    @property
    def fields(self) -> Fields:
        """Makes the field."""
        return Fields(made=(self.name,), optional=self.keep_existing)

    def describe(self) -> str:
        """What it does, in one line."""
        shown = reprlib.repr(self.default) if self.factory is None else f"{name_of(self.factory)}()"
        return f"add {self.name!r} = {shown}" + (" if missing" if self.keep_existing else "")

    def inverse(self) -> RemoveField:
        """Removes the field."""
        return RemoveField(self.name, self.default, factory=self.factory)

    def change(self, state: dict[str, Any], ref: str, version: int) -> None:
        """Put the default, or what the factory makes."""
        if self.factory is None:
            state[self.name] = self.default
        else:
            view = (types.MappingProxyType(state),) if self.wants_state else ()
            state[self.name] = called(self, (ref, version), self.factory, *view)


@attrs.frozen
class RemoveField(FieldOperation):
    """Drop a field and its value. ``default`` or ``factory`` is what the way back puts there."""

    name: str = attrs.field(converter=field_name)
    default: Any = NOTHING
    missing_ok: bool = False
    factory: Function | None = attrs.field(default=None, kw_only=True)

    lossy = True

    def __attrs_post_init__(self) -> None:
        check_source(f"RemoveField({self.name!r})", self.default, self.factory)

    @property
    def fields(self) -> Fields:
        """Needs the field and drops it."""
        return Fields((self.name,), dropped=(self.name,), optional=self.missing_ok)

    def describe(self) -> str:
        """What it does, in one line."""
        return f"remove {self.name!r}" + (" if there" if self.missing_ok else "")

    def inverse(self) -> AddField | None:
        """Adds the field with the default; None without one."""
        if self.default is NOTHING and self.factory is None:
            return None
        return AddField(self.name, self.default, self.factory)

    def change(self, state: dict[str, Any], ref: str, version: int) -> None:
        """Delete the field."""
        del state[self.name]


@attrs.frozen
class RenameField(FieldOperation):
    """Give a field another name: ``RenameField("qty", "quantity")``."""

    old: str = attrs.field(converter=field_name)
    new: str = attrs.field(converter=field_name)
    missing_ok: bool = False

    def __attrs_post_init__(self) -> None:
        if self.old == self.new:
            raise OperationError(self.describe(), "both names are the same")

    @property
    def fields(self) -> Fields:
        """Needs the old name, drops it and makes the new one."""
        return Fields((self.old,), (self.new,), dropped=(self.old,), optional=self.missing_ok)

    def describe(self) -> str:
        """What it does, in one line."""
        return f"rename {self.old!r} to {self.new!r}" + (" if there" if self.missing_ok else "")

    def inverse(self) -> RenameField:
        """Gives the old name back."""
        return RenameField(self.new, self.old, self.missing_ok)

    def change(self, state: dict[str, Any], ref: str, version: int) -> None:
        """Move the value."""
        state[self.new] = state.pop(self.old)


@attrs.frozen
class AbsentField(FieldOperation):
    """Refuse a state that has the field: ``AbsentField("amount")``. Changes nothing.

    A squashed migration has it for a name that fields bore on the way: each of the steps that it
    replaces would have refused a field of that name, and it does the same.
    """

    name: str = attrs.field(converter=field_name)

    @property
    def fields(self) -> Fields:
        """The field must not be there, and is not there afterwards."""
        return Fields(made=(self.name,), dropped=(self.name,))

    @property
    def writes(self) -> frozenset[str]:
        """Nothing."""
        return frozenset()

    def describe(self) -> str:
        """What it does, in one line."""
        return f"refuse a state with {self.name!r}"

    def inverse(self) -> AbsentField:
        """The same on the way back."""
        return self

    def change(self, state: dict[str, Any], ref: str, version: int) -> None:
        """Nothing: the field is not there."""


# --- fields whose values change ---------------------------------------------------------------


@attrs.frozen
class ConvertField(FieldOperation):
    """Give a field the value ``function(value)``. ``inverse`` is the function that leads back."""

    name: str = attrs.field(converter=field_name)
    function: Function
    back: Function | None = attrs.field(default=None, alias="inverse")
    missing_ok: bool = False

    def __attrs_post_init__(self) -> None:
        check_functions(f"ConvertField({self.name!r})", self.function, self.back)

    @property
    def fields(self) -> Fields:
        """Needs the field and changes it in place."""
        return Fields((self.name,), changed=(self.name,), optional=self.missing_ok)

    def describe(self) -> str:
        """What it does, in one line."""
        there = " if there" if self.missing_ok else ""
        return f"convert {self.name!r} with {name_of(self.function)}{there}"

    def inverse(self) -> ConvertField | None:
        """Converts back; None without an inverse function."""
        if self.back is None:
            return None
        return ConvertField(self.name, self.back, self.function, self.missing_ok)

    def change(self, state: dict[str, Any], ref: str, version: int) -> None:
        """Put what the function makes of the value."""
        state[self.name] = called(self, (ref, version), self.function, state[self.name])


@attrs.frozen
class SplitField(FieldOperation):
    """Make several fields of one: ``SplitField("name", ("first", "last"), str.split)``.

    ``function(value)`` gives one value for each name, as a sequence in their order or as a mapping
    of exactly these names. The source is removed, unless it is among ``into``. ``inverse(*values)``
    is the function that leads back.
    """

    name: str = attrs.field(converter=field_name)
    into: tuple[str, ...] = attrs.field(converter=field_names)
    function: Function
    back: Function | None = attrs.field(default=None, alias="inverse")

    def __attrs_post_init__(self) -> None:
        check_functions(f"SplitField({self.name!r})", self.function, self.back)

    @property
    def fields(self) -> Fields:
        """Needs the field and makes the others."""
        made = tuple(name for name in self.into if name != self.name)
        source = (self.name,)
        if self.name in self.into:
            return Fields(source, made, changed=source)
        return Fields(source, made, dropped=source)

    def describe(self) -> str:
        """What it does, in one line."""
        return f"split {self.name!r} into {listed(self.into)} with {name_of(self.function)}"

    def inverse(self) -> MergeFields | None:
        """Merges the fields again; None without an inverse function."""
        if self.back is None:
            return None
        return MergeFields(self.into, self.name, self.back, self.function)

    def change(self, state: dict[str, Any], ref: str, version: int) -> None:
        """Put the values that the function makes."""
        result = called(self, (ref, version), self.function, state[self.name])
        values = self.values_of(result, ref, version)
        if self.name not in self.into:
            del state[self.name]
        state.update(zip(self.into, values, strict=True))

    def values_of(self, result: Any, ref: str, version: int) -> tuple[Any, ...]:
        """What the function gave, as one value for each name of ``into``.

        Raises StepFailedError for another number of values, for other names, and for what has no
        order or is a text.
        """
        if isinstance(result, Mapping):
            if frozenset(result) == frozenset(self.into):
                return tuple(result[name] for name in self.into)
            problem = f"the function gave the names {listed(result)}"
        elif isinstance(result, str | bytes | bytearray | set | frozenset):
            problem = f"the function gave a {type(result).__name__}"
        else:
            try:
                values = tuple(result)
            except Exception as error:
                step_failed(self, (ref, version), error)
            if len(values) == len(self.into):
                return values
            problem = f"the function gave {len(values)} values"
        wanted = f"{problem}, and one value is needed for each of {listed(self.into)}"
        raise StepFailedError(ref, version, self.describe(), wanted)


@attrs.frozen
class MergeFields(FieldOperation):
    """Make one field of several: ``MergeFields(("first", "last"), "name", "{} {}".format)``.

    ``function(*values)`` gives the value. The sources are removed, unless ``into`` is one of them.
    ``inverse(value)`` is the function that leads back; it gives what SplitField takes.
    """

    names: tuple[str, ...] = attrs.field(converter=field_names)
    into: str = attrs.field(converter=field_name)
    function: Function
    back: Function | None = attrs.field(default=None, alias="inverse")

    def __attrs_post_init__(self) -> None:
        check_functions(f"MergeFields(into {self.into!r})", self.function, self.back)

    @property
    def fields(self) -> Fields:
        """Needs the sources, drops them and makes the field."""
        dropped = tuple(name for name in self.names if name != self.into)
        if self.into in self.names:
            return Fields(self.names, changed=(self.into,), dropped=dropped)
        return Fields(self.names, made=(self.into,), dropped=dropped)

    def describe(self) -> str:
        """What it does, in one line."""
        return f"merge {listed(self.names)} into {self.into!r} with {name_of(self.function)}"

    def inverse(self) -> SplitField | None:
        """Splits the field again; None without an inverse function."""
        if self.back is None:
            return None
        return SplitField(self.into, self.names, self.back, self.function)

    def change(self, state: dict[str, Any], ref: str, version: int) -> None:
        """Put the one value in place of the others."""
        values = [state[name] for name in self.names]
        value = called(self, (ref, version), self.function, *values)
        for name in self.fields.dropped:
            del state[name]
        state[self.into] = value


# --- the escape hatch -------------------------------------------------------------------------


@attrs.frozen
class RunFunction(Operation):
    """Call ``function(state)``: it returns the new state, or changes its own and returns None.

    Where the state is a dict, a list, a set or a bytearray, it gets its own shallow copy.
    ``inverse`` is the function that leads back, of the same kind.
    """

    function: Function
    back: Function | None = attrs.field(default=None, alias="inverse", kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_functions("RunFunction", self.function, self.back)

    def describe(self) -> str:
        """What it does, in one line."""
        return f"run {name_of(self.function)}"

    def inverse(self) -> RunFunction | None:
        """Runs the inverse function; None without one."""
        return None if self.back is None else RunFunction(self.back, inverse=self.function)

    def apply(self, state: Any, ref: object = "", version: int = 0) -> Any:
        """What the function returns, or the copy that it changed. Raises StepFailedError."""
        state = own_copy(state)
        result = called(self, (str(ref), version), self.function, state)
        return state if result is None else result


@attrs.frozen
class Rebuild(Operation):
    """Let ``function(view)`` put another object in the place of one that no class of yours made.

    For a ``Lineage`` with ``version_of``. The view is a ``foreign.View``. The function returns what
    takes its place: another stand-in (``view.make``), plain data, or a real object. Or it changes
    the view and returns None. All that referred to the object refers to what took its place.
    """

    function: Function

    def __attrs_post_init__(self) -> None:
        check_functions("Rebuild", self.function)

    def describe(self) -> str:
        """What it does, in one line."""
        return f"rebuild it by {name_of(self.function)}"

    def apply(self, state: Any, ref: object = "", version: int = 0) -> Any:
        """Raise StateError: a state alone is not the object."""
        raise StateError(
            str(ref),
            version,
            f"a step has to {self.describe()}, and there is no view of an object that is loaded",
            "Rebuild is for classes of others: say Lineage(...).version_of(function).",
        )
