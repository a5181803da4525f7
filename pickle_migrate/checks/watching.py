"""Loads under watch: which step changed an object that is not its own.

A step gets the state of one object, in a copy. What the fields hold is no copy: a list may be held
by another object too, and a neighbour is an object with versions of its own. To change such a thing
in place is to change another object, and whether that one is migrated by then depends on the order
in which the pickle holds the two. So each operation that runs a function of the user is watched:
everything that the state leads to is noted before, and compared afterwards. Functions of the
finishing stage are for neighbours, and not watched.

A list that only this object holds may be changed in place. Who else holds it is known only when all
is loaded: from the pickle's memo, which has all that stood in it, and from the loaded graph.
"""

from __future__ import annotations

import collections
import contextlib
import types
from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs

from pickle_migrate.checks.holders import Holders
from pickle_migrate.checks.reach import MOST, Seen, held_by, is_versioned, reach
from pickle_migrate.checks.steps import changed_steps
from pickle_migrate.fieldrules import FieldOperation, Operation
from pickle_migrate.migration import Migration
from pickle_migrate.operations import AddField, RemoveField, RenameField
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry

#: Objects that are noted in one load: in a chain of nodes, each leads to all that follow.
BUDGET: Final = 100_000
_HARMLESS: Final = (RenameField, RemoveField)
_CONTAINERS: Final = (list, dict, set, bytearray, collections.deque)


@attrs.frozen
class Touch:
    """A step changed something of another object. ``step`` is the migration, ``operation`` what it
    did in words, ``changed`` what was changed: "a list that ... also holds", or a class's ref.
    ``shared``: nothing was changed yet, but each object was given the same one, ``changed``.
    """

    step: Migration
    operation: str
    changed: str
    shared: bool = False


@attrs.frozen(eq=False)
class _Candidate:
    """A change in place, to be judged when all is loaded. ``own``: what the state led to."""

    step: Migration
    operation: str
    seen: Seen
    own: frozenset[int]


class Watch:
    """Watches the loads of one pickle after the other; see ``watched``."""

    def __init__(self) -> None:
        self._candidates: list[_Candidate] = []
        self._shared: list[Touch] = []
        self._left = BUDGET
        self._kept: list[dict[int, Seen]] = []  # an id is only good while its object lives

    def apply(
        self, step: Migration, operation: Operation, state: Any, ref: object, version: int
    ) -> Any:
        """Apply an operation, and note what it changed in place."""
        before = reach(_values(operation, state), min(MOST, self._left))
        self._left -= len(before)
        result = operation.apply(state, ref, version)
        changed = [seen for seen in before.values() if seen.is_changed()]
        if changed:
            own = frozenset(key for key, seen in before.items() if not seen.beyond)
            self._kept.append(before)
            words = operation.describe()
            self._candidates += [_Candidate(step, words, seen, own) for seen in changed]
        self._shared += _shared(step, operation, result)
        return result

    def touches(self, loaded: object, memo: Iterable[Any]) -> list[Touch]:
        """What was touched since the last call, each once, now that all is loaded."""
        candidates, self._candidates = self._candidates, []
        found = []
        if candidates:
            asked = [seen.obj for one in candidates for seen in _way_to(one.seen)]
            holders = Holders(asked, memo, loaded)
            told = [(one, _judged(one, holders)) for one in candidates]
            found = [Touch(one.step, one.operation, words) for one, words in told if words]
        found += self._shared
        self.forget()
        return list(dict.fromkeys(found))

    def forget(self) -> None:
        """Forget what was noted since the last call of ``touches``."""
        self._candidates, self._shared, self._left = [], [], BUDGET
        self._kept.clear()


def _shared(step: Migration, operation: Operation, result: Any) -> Iterator[Touch]:
    """Containers of a function's module, or of its defaults, that a step puts into a state."""
    for function in (getattr(operation, name, None) for name in ("function", "factory")):
        inner = getattr(function, "func", function)  # a functools.partial
        if type(inner) is not types.FunctionType:
            continue
        names = {id(value): name for name, value in inner.__globals__.items()}
        defaults = (*(inner.__defaults__ or ()), *(inner.__kwdefaults__ or {}).values())
        for value in held_by(result):
            if type(value) not in _CONTAINERS:
                continue
            if id(value) in names:
                words = f"{_kind(value)} of its module, {names[id(value)]}"
            elif any(value is one for one in defaults):
                words = f"{_kind(value)} that is a default of its parameters"
            else:
                continue
            yield Touch(step, operation.describe(), words, shared=True)


def _values(operation: Operation, state: Any) -> list[Any]:
    """What of a state an operation can reach."""
    takes_all = isinstance(operation, AddField) and operation.wants_state
    if isinstance(operation, FieldOperation) and isinstance(state, dict) and not takes_all:
        return [state[name] for name in operation.fields.needed if name in state]
    return list(held_by(state))


@contextlib.contextmanager
def watched(registry: Registry = DEFAULT) -> Iterator[Watch]:
    """While the block runs, loads are watched. Not for several threads."""
    watch = Watch()
    with changed_steps(lambda step: _under(watch, step), registry=registry):
        yield watch


def _under(watch: Watch, step: Migration) -> Migration:
    operations = [
        one if _is_harmless(one) else _Watched(watch, step, one) for one in step.operations
    ]
    return attrs.evolve(step, operations=tuple(operations))


def _is_harmless(operation: Operation) -> bool:
    if isinstance(operation, AddField):
        return type(operation.factory) is not types.FunctionType
    return isinstance(operation, _HARMLESS)


class _Watched(Operation):
    """An operation that does the same as another one, under watch."""

    def __init__(self, watch: Watch, step: Migration, operation: Operation) -> None:
        self._watch, self._step, self._operation = watch, step, operation
        self.opaque = operation.opaque
        self.lossy = operation.lossy

    def apply(self, state: Any, ref: object = "", version: int = 0) -> Any:
        return self._watch.apply(self._step, self._operation, state, ref, version)

    def describe(self) -> str:
        return self._operation.describe()


# --- whose it is ------------------------------------------------------------------------------


def _judged(one: _Candidate, holders: Holders) -> str | None:
    """What was changed, in words; None where it was the object's own affair."""
    obj = one.seen.obj
    if is_versioned(obj):
        return f"another object, of {GlobalRef.of(type(obj))}"
    kind = _kind(obj)
    neighbour = _neighbour(one.seen)
    if neighbour is not None:
        return f"{kind} of another object, of {neighbour}"
    if _is_held_twice(one, holders) or holders.owners(obj) > 1:
        return f"{kind} that another object holds too"
    return None


def _kind(obj: Any) -> str:
    ref = GlobalRef.of(type(obj))
    name = ref.qualname if ref.module == "builtins" else str(ref)
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _neighbour(seen: Seen) -> GlobalRef | None:
    """The versioned object through which something was reached, if it was."""
    above = seen.above if seen.beyond else None
    while above is not None:
        if is_versioned(above.obj):
            return GlobalRef.of(type(above.obj))
        above = above.above
    return None


def _is_held_twice(one: _Candidate, holders: Holders) -> bool:
    """Whether something in the pickle holds the object, besides the state that led to it."""
    # The state itself holds what is nearest to it, from outside.
    return any(
        holders.besides(seen.obj, one.own) > (1 if seen.above is None else 0)
        for seen in _way_to(one.seen)
    )


def _way_to(seen: Seen | None) -> Iterator[Seen]:
    """An object and those that it was met through, up to the state."""
    while seen is not None:
        yield seen
        seen = seen.above
