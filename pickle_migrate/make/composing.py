"""Several steps as one: fewer operations that do the same. Pure; calls no function of the user.

``compose`` gives operations that make the same state of every state, or refuse it, as the given
ones do one after the other. Where a state is refused for two reasons at once, either may be told.

How
    A field that gets a name and later another one gets the last one at once; what is made and later
    renamed is made under the last name; what is made and later removed is not made. The later
    place counts, so that fields stand in the same order in the result.

What is left alone
    - Functions on the state, factories that look at it, and operations of your own may touch any
      field: nothing is moved over them. Operations that depend on whether a field is there
      (``missing_ok``, ``keep_existing``) the same.
    - Calls of functions stay, and stay in their order.
    - A name that is given up had to be absent: ``AbsentField`` takes the place of that check,
      unless the fields are known and the name is none of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from pickle_migrate.fieldrules import FieldOperation, Operation
from pickle_migrate.operations import (
    AbsentField,
    AddField,
    ConvertField,
    MergeFields,
    RemoveField,
    RenameField,
    SplitField,
)

_KNOWN: Final = (
    AbsentField,
    AddField,
    ConvertField,
    MergeFields,
    RemoveField,
    RenameField,
    SplitField,
)
#: Factories of which nobody can tell whether they were called.
_EMPTY: Final = (
    bool,
    bytearray,
    bytes,
    complex,
    dict,
    float,
    frozenset,
    int,
    list,
    set,
    str,
    tuple,
)


def compose(
    operations: Iterable[Operation], fields: Iterable[str] | None = None
) -> tuple[Operation, ...]:
    """Fewer operations that do the same as these, one after the other.

    ``fields``: all fields that a state can have at the start, if no other can be there (slots,
    values by position); None if it may have others.
    """
    done: list[Operation] = []
    for operation in operations:
        done.append(operation)
        while _reduce(done):
            pass
    return tuple(_without_known_absences(done, fields))


def _reduce(done: list[Operation]) -> bool:
    """Join the last operation with an earlier one, if one fits. Whether it did."""
    last = done[-1] if done else None
    if not isinstance(last, RenameField | RemoveField | SplitField | MergeFields) or _unsure(last):
        return False
    for place in range(len(done) - 2, -1, -1):
        earlier = done[place]
        if _unsure(earlier):
            return False
        between = done[place + 1 : -1]
        new = _joined(earlier, between, last)
        if new is not None:
            done[place:] = new
            return True
    return False


def _unsure(operation: Operation) -> bool:
    """Whether it may touch any field, or does something only if a field is there."""
    if type(operation) not in _KNOWN or getattr(operation, "wants_state", False):
        return True
    assert isinstance(operation, FieldOperation)
    return operation.fields.optional


def _touched(operation: Operation) -> frozenset[str]:
    assert isinstance(operation, FieldOperation)
    fields = operation.fields
    return frozenset((*fields.needed, *fields.made, *fields.changed, *fields.dropped))


def _joined(
    earlier: Operation, between: list[Operation], last: Operation
) -> list[Operation] | None:
    """What takes the place of all these, or None if the two have nothing to do with each other."""
    if isinstance(earlier, RenameField) and isinstance(last, FieldOperation):
        if earlier.new in last.fields.dropped:
            return _under_its_first_name(earlier, between, last)
    elif isinstance(earlier, AddField | SplitField | MergeFields):
        if isinstance(last, RenameField):
            return _under_its_last_name(earlier, between, last)
        if isinstance(last, RemoveField):
            return _not_at_all(earlier, between, last)
    return None


def _under_its_first_name(
    rename: RenameField, between: list[Operation], last: FieldOperation
) -> list[Operation] | None:
    old, new = rename.old, rename.new
    if old in _touched(last) or any(old in _touched(one) for one in between):
        return None
    if new in last.fields.made:
        return None
    moved = [_renamed(one, new, old) for one in (*between, last)]
    return [AbsentField(new), *moved]


def _under_its_last_name(
    maker: AddField | SplitField | MergeFields, between: list[Operation], last: RenameField
) -> list[Operation] | None:
    old, new = last.old, last.new
    if old not in maker.fields.made or new in _touched(maker):
        return None
    if any({old, new} & _touched(one) for one in between) or not _may_pass(maker, between):
        return None
    return [AbsentField(old), *between, _renamed(maker, old, new)]


def _not_at_all(
    maker: Operation, between: list[Operation], last: RemoveField
) -> list[Operation] | None:
    if not isinstance(maker, AddField) or maker.name != last.name:
        return None
    if not _is_silent(maker) or any(last.name in _touched(one) for one in between):
        return None
    return [AbsentField(last.name), *between]


def _is_silent(maker: Operation) -> bool:
    return isinstance(maker, AddField) and (maker.factory is None or maker.factory in _EMPTY)


def _may_pass(maker: FieldOperation, between: list[Operation]) -> bool:
    """Whether it may run after these: what it needs is still there, and calls stay in order."""
    needs = _touched(maker)
    if any(needs & _touched(one) for one in between):
        return False
    return _is_silent(maker) or not any(map(_calls, between))


def _calls(operation: Operation) -> bool:
    if isinstance(operation, AddField):
        return not _is_silent(operation)
    return hasattr(operation, "function")


def _renamed(operation: Operation, old: str, new: str) -> Operation:
    """The same operation with another name for one field."""

    def name(given: str) -> str:
        return new if given == old else given

    match operation:
        case RenameField():
            return attrs.evolve(operation, old=name(operation.old), new=name(operation.new))
        case SplitField():
            into = tuple(map(name, operation.into))
            return attrs.evolve(operation, name=name(operation.name), into=into)
        case MergeFields():
            names = tuple(map(name, operation.names))
            return attrs.evolve(operation, names=names, into=name(operation.into))
        case AbsentField() | AddField() | ConvertField() | RemoveField():
            return attrs.evolve(operation, name=name(operation.name))
    raise TypeError(operation)  # pragma: no cover - _unsure keeps all others away


def _without_known_absences(
    operations: list[Operation], fields: Iterable[str] | None
) -> list[Operation]:
    """Leave out checks for a field of which the operations before, or the fields, say the same."""
    start = None if fields is None else frozenset(fields)
    known: dict[str, bool] = {}
    kept = []
    for operation in operations:
        if isinstance(operation, AbsentField):
            absent = None if start is None else operation.name not in start
            if known.get(operation.name, not absent) is False:
                continue
        if _unsure(operation):
            known.clear()
            start = None
        else:
            known.update(_presence(operation))
        kept.append(operation)
    return kept


def _presence(operation: Operation) -> dict[str, bool]:
    assert isinstance(operation, FieldOperation)
    fields = operation.fields
    there = dict.fromkeys((*fields.needed, *fields.made, *fields.changed), True)
    return {**there, **dict.fromkeys(fields.dropped, False)}
