"""Following field operations without a state, and writing down what they would do as source text.

Whether a field is there never depends on a value. So ``Run`` follows a row of operations once, when
the chain is compiled, and knows afterwards which fields must be there at its start, which must not,
which calls are to be made, and where each value ends up. It runs no code of the user.
"""

from __future__ import annotations

import linecache
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from pickle_migrate.fieldrules import Fields, Operation, step_failed
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


@attrs.frozen
class Placed:
    """An operation with its place in a chain; ref and version are for errors."""

    number: int
    operation: Any
    ref: str
    version: int
    target: int


def placed_operations(migrations: Iterable[Migration]) -> tuple[Placed, ...]:
    """All operations of the migrations in order, numbered from 0."""
    flat = ((o, str(m.ref), m.source, m.target) for m in migrations for o in m.operations)
    return tuple(Placed(number, *one) for number, one in enumerate(flat))


class CannotBeFollowed(Exception):  # noqa: N818 - a signal, not an error
    """An operation raises for every state that can come here."""


class Source:
    """Lines of a function that is being made, and the globals that they name."""

    def __init__(self, steps: tuple[Placed, ...]) -> None:
        self.steps = steps
        self.names: dict[str, Any] = {"fail": self._fail}
        self._lines: list[str] = []
        self._margin = "    "
        self._count = 0

    def _fail(self, number: int, error: Exception) -> None:
        step = self.steps[number]
        step_failed(step.operation, (step.ref, step.version), error)

    def add(self, *lines: str) -> None:
        """Add lines of the body."""
        self._lines += [self._margin + line for line in lines]

    @contextmanager
    def under(self, opening: str) -> Iterator[None]:
        """Add a line that ends in a colon; what is added inside the block stands under it."""
        self.add(opening)
        self._margin += "    "
        yield
        self._margin = self._margin[4:]

    @contextmanager
    def aside(self) -> Iterator[list[str]]:
        """Keep what is added inside the block in a list of its own, for ``insert``."""
        above, self._lines = self._lines, []
        yield self._lines
        self._lines = above

    def insert(self, lines: list[str]) -> None:
        """Add lines that were kept aside."""
        self._lines += lines

    def variable(self) -> str:
        """A name that no other value has."""
        self._count += 1
        return f"v{self._count}"

    def bind(self, name: str, value: Any) -> str:
        """Make a value known to the function under a name."""
        self.names[name] = value
        return name

    def comment(self, step: Placed) -> None:
        """Say which operation the next lines are, for who reads a traceback."""
        words = " ".join(f"{step.operation.describe()} ({step.ref}, {step.version})".split())
        self.add("# " + words.encode("ascii", "backslashreplace").decode())

    def call(self, step: Placed, target: str, function: Any, *arguments: str) -> None:
        """Put what the user's function returns into ``target``."""
        name = self.bind(f"f{step.number}", function)
        self.add(
            "try:",
            f"    {target} = {name}({', '.join(arguments)})",
            "except Exception as error:",
            f"    fail({step.number}, error)",
        )

    def compiled(self, signature: str) -> Any:
        """The function. linecache knows its source, so tracebacks and inspect show it."""
        text = "\n".join([f"def {signature}:", *self._lines, ""])
        first, last = self.steps[0], self.steps[-1]
        # The digest keeps apart what differs; the same text may share its place.
        digest = zlib.crc32(text.encode())
        file = f"<pickle_migrate {last.ref} {first.version} to {last.target} {digest:08x}>"
        exec(compile(text, file, "exec"), self.names)
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)
        return self.names[signature.partition("(")[0]]


class Run:
    """A row of field operations, and where each field's value is after them.

    ``names``: the fields at the start if they are known; None if any may be there. ``first`` maps
    the fields of the start that were needed to their variables, ``absent`` holds those that must
    not have been there, ``now`` maps fields to their values, and ``kept`` holds the fields of the
    start that never moved.
    """

    def __init__(self, source: Source, names: Sequence[str] | None = None) -> None:
        self.source = source
        self.exact = names is not None
        self.first = {name: source.variable() for name in names or ()}
        self.absent: dict[str, None] = {}
        self.now = dict(self.first)
        self.kept = set(self.first)

    def take(self, step: Placed) -> bool:
        """Take one operation into the run; False if it depends on more than is known here.

        Raises CannotBeFollowed for one that raises whatever the state.
        """
        operation = step.operation
        if type(operation) not in _VALUES or getattr(operation, "wants_state", False):
            return False
        done = self._outcome(operation.fields)
        if done is None:
            return False
        self.source.comment(step)
        if done:
            self._follow(step, operation.fields)
        return True

    def _there(self, name: str) -> bool | None:
        if name in self.now:
            return True
        return False if self.exact or name in self.first or name in self.absent else None

    def _outcome(self, fields: Fields) -> bool | None:
        """Whether an operation is done (True), does nothing (False), or needs the state (None)."""
        if fields.optional:
            there = self._there((fields.needed or fields.made)[0])
            if there is None:
                return None
            if there is not bool(fields.needed):
                return False
        is_missing = any(self._there(name) is False for name in fields.needed)
        if is_missing or any(self._there(name) for name in fields.made):
            raise CannotBeFollowed
        return True

    def _follow(self, step: Placed, fields: Fields) -> None:
        for name in fields.needed:
            if name not in self.now:
                self.first[name] = self.now[name] = self.source.variable()
                self.kept.add(name)
        self.absent.update(dict.fromkeys(n for n in fields.made if self._there(n) is None))
        new = new_values(self.source, step, [self.now[name] for name in fields.needed])
        for name in fields.dropped:
            self.now.pop(name, None)  # a field that must be absent was never there
            self.kept.discard(name)
        self.now.update(new)


# --- what each operation writes ---------------------------------------------------------------


def new_values(source: Source, step: Placed, old: list[str], *given: str) -> dict[str, str]:
    """Write an operation's call, if it has one. Gives the fields that it sets, with their values.

    ``old`` are the values of the fields that it needs, ``given`` the arguments of a factory.
    """
    write = _VALUES[type(step.operation)]
    return write(source, step, step.operation, [*old, *given])


def _added(source: Source, step: Placed, operation: AddField, given: list[str]) -> dict[str, str]:
    value = operation.default
    if operation.factory is not None:
        target = source.variable()
        source.call(step, target, operation.factory, *given)
        return {operation.name: target}
    if value is None or type(value) is bool or (type(value) is str and len(value) < 60):
        return {operation.name: ascii(value)}
    return {operation.name: source.bind(f"d{step.number}", value)}


def _changed(
    source: Source, step: Placed, operation: ConvertField | MergeFields, old: list[str]
) -> dict[str, str]:
    target = source.variable()
    source.call(step, target, operation.function, *old)
    return {operation.into if isinstance(operation, MergeFields) else operation.name: target}


def _split(source: Source, step: Placed, operation: SplitField, old: list[str]) -> dict[str, str]:
    result = source.variable()
    source.call(step, result, operation.function, *old)
    targets = {name: source.variable() for name in operation.into}
    place = (step.ref, step.version)
    check = source.bind(f"u{step.number}", lambda given: operation.values_of(given, *place))
    source.add(
        f"if type({result}) is not tuple and type({result}) is not list"
        f" or len({result}) != {len(targets)}:",
        f"    {result} = {check}({result})",
        f"({', '.join(targets.values())},) = {result}",
    )
    return targets


_VALUES: dict[type[Operation], Callable[..., dict[str, str]]] = {
    AddField: _added,
    RemoveField: lambda source, step, operation, old: {},
    RenameField: lambda source, step, operation, old: {operation.new: old[0]},
    AbsentField: lambda source, step, operation, old: {},
    ConvertField: _changed,
    SplitField: _split,
    MergeFields: _changed,
}
