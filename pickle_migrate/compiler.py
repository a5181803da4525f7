"""A chain of migrations as one function, made as source text, as attrs makes ``__init__``.

The function gives what the operations would give one after the other, errors included. All that
could be missing or in the way is asked for before the first function of the user runs; if anything
is, the plain operations are run instead, and raise what is theirs to raise. From there on values
move in local variables: no operation is called, and no state in between is made.

Words: a *run* is a row of field operations that are followed together. It ends at a function, and
at an operation that depends on whether a field is there (``missing_ok``, ``keep_existing``).
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any

from pickle_migrate.fieldrules import FieldOperation, own_copy
from pickle_migrate.following import (
    CannotBeFollowed,
    Placed,
    Run,
    Source,
    new_values,
    placed_operations,
)
from pickle_migrate.migration import Migration
from pickle_migrate.operations import AddField, ConvertField, RemoveField, RenameField, RunFunction

Migrate = Callable[[Any], Any]
_CONDITIONAL = (AddField, ConvertField, RemoveField, RenameField)


def compile_chain(migrations: Sequence[Migration]) -> Migrate:
    """One function that takes a state through all migrations, in order, and returns the new state.

    The state that it is given is not changed, neither on success nor on failure: two objects may
    share one state. A dict that it returns is new, so an object may take it as its ``__dict__``.
    Its fields stand in the order that the operations would leave. The functions of a chain hand one
    shallow copy of the state on to each other. A chain without operations returns the state itself.

    Raises what the operations would raise, one after the other: StateError, MissingFieldError,
    FieldExistsError, StepFailedError, and any PickleMigrateError of a function. Runs the functions
    that the operations hold, in their order, and those before an operation that fails. Imports
    nothing, writes nothing.
    """
    steps = placed_operations(migrations)
    if not steps:
        return lambda state: state
    return _ChainSource(steps).function()


class _ChainSource(Source):
    """The source of ``migrate(state)``: runs, and between them what needs the state itself."""

    def __init__(self, steps: tuple[Placed, ...]) -> None:
        super().__init__(steps)
        self.names.update(onward=self._onward, own_copy=own_copy, view=types.MappingProxyType)
        self._mine = False  # whether ``state`` is a copy that may be changed
        self._named = False  # whether ``state`` is known to be a dict

    def _onward(self, number: int, state: Any) -> Any:
        for step in self.steps[number:]:
            state = step.operation.apply(state, step.ref, step.version)
        return state

    def function(self) -> Migrate:
        """Write all steps and compile them."""
        number = 0
        try:
            while number < len(self.steps):
                number = self._run_from(number)
                if number < len(self.steps):
                    self._alone(self.steps[number])
                    number += 1
            self.add("return state")
        except CannotBeFollowed:
            pass  # the last line hands the state on to the operation that refuses it
        made: Migrate = self.compiled("migrate(state)")
        return made

    # --- runs -------------------------------------------------------------------------------------

    def _run_from(self, start: int) -> int:
        """Follow operations as far as they go; gives the number of the first that is not in."""
        run, number, is_refused = Run(self), start, False
        with self.aside() as body:
            try:
                while number < len(self.steps) and run.take(self.steps[number]):
                    number += 1
            except CannotBeFollowed:
                is_refused = True
        if number > start:
            self._write_run(start, run, body)
        if is_refused:
            self.add(f"return onward({number}, state)")
            raise CannotBeFollowed
        return number

    def _write_run(self, start: int, run: Run, body: list[str]) -> None:
        self._require_dict(start)
        if run.first:
            self.add("try:", *(f"    {v} = state[{n!a}]" for n, v in run.first.items()))
            self.add("except KeyError:", f"    return onward({start}, state)")
        if run.absent:
            self.add(f"if {' or '.join(f'{n!a} in state' for n in run.absent)}:")
            self.add(f"    return onward({start}, state)")
        self.insert(body)
        self._require_own()
        gone = [f"state[{name!a}]" for name in run.first if name not in run.kept]
        if gone:
            self.add(f"del {', '.join(gone)}")
        for name, value in run.now.items():
            if name not in run.kept or value != run.first[name]:
                self.add(f"state[{name!a}] = {value}")

    def _require_dict(self, number: int) -> None:
        if not self._named:
            self.add("if type(state) is not dict:", f"    return onward({number}, state)")
        self._named = True

    def _require_own(self) -> None:
        if not self._mine:
            self.add("state = state.copy()")
        self._mine = True

    # --- operations that need the state -----------------------------------------------------------

    def _alone(self, step: Placed) -> None:
        self.comment(step)
        operation = step.operation
        if type(operation) is RunFunction:
            self._function(step, operation)
        elif type(operation) in _CONDITIONAL:
            self._require_dict(step.number)
            self._require_own()
            self._conditional(step, operation)
        else:
            name = self.bind(f"f{step.number}", operation.apply)
            self.add(f"state = {name}(state, {step.ref!a}, {step.version})")
            self._mine = self._named = False

    def _function(self, step: Placed, operation: RunFunction) -> None:
        if not self._mine:
            self.add("state = state.copy() if type(state) is dict else own_copy(state)")
        self.call(step, "result", operation.function, "state")
        with self.under("if result is not None and result is not state:"):
            # What a function returned may be held elsewhere: neither a later operation nor the
            # object that takes this dict for its own shall change it.
            self.add("state = own_copy(result)")
        self._mine, self._named = True, False

    def _conditional(self, step: Placed, operation: FieldOperation) -> None:
        fields = operation.fields
        onward = f"return onward({step.number}, state)"
        if fields.needed:
            question = f"if {fields.needed[0]!a} in state:"
        else:
            question = f"if {fields.made[0]!a} not in state:"
        with self.under(question):
            if fields.needed and fields.made:
                self.add(f"if {fields.made[0]!a} in state:", f"    {onward}")
            old = [f"state[{name!a}]" for name in fields.needed]
            wants_state = isinstance(operation, AddField) and operation.wants_state
            new = new_values(self, step, old, *(["view(state)"] if wants_state else []))
            self.add(*(f"state[{name!a}] = {value}" for name, value in new.items()))
            self.add(*(f"del state[{name!a}]" for name in fields.dropped))
        if not fields.optional:
            self.add("else:", f"    {onward}")
