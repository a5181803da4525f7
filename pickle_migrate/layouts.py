"""``__setstate__`` made for the exact fields of a state.

The states of one pickle nearly always have the same fields. For those, all questions of what is
there and what is in the way are answered once. What is left is to take the values, to run the
user's functions on them, and to assign the new fields: one Python call an object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from keyword import iskeyword
from typing import Any

import attrs

from pickle_migrate.fieldrules import own_copy
from pickle_migrate.following import CannotBeFollowed, Run, Source, placed_operations
from pickle_migrate.migration import Migration
from pickle_migrate.operations import RunFunction

SetState = Callable[[Any, Any], None]


@attrs.frozen(eq=False, repr=False)
class Surroundings:
    """What a made ``__setstate__`` needs besides the chain.

    ``pending``: it stands in the newborn's own ``__dict__`` and has to go. ``set_dict`` gives an
    object its ``__dict__``; ``onward`` takes what is not of the usual kind, ``put`` a migrated
    state that is no dict. ``guard`` is a condition in Python, with the values of ``names`` in
    reach, under which the chain holds for an object; empty: always.
    """

    cls: type
    pending: bool
    set_dict: Callable[[Any, dict[str, Any]], None]
    onward: SetState
    put: SetState
    guard: str = ""
    names: dict[str, Any] = attrs.field(factory=dict)


def compile_setstate(
    migrations: Sequence[Migration], fields: tuple[Any, ...], around: Surroundings
) -> SetState | None:
    """``setstate(self, state)`` for states with exactly the fields ``fields``, or None.

    Whatever is not such a state goes to ``around.onward`` untouched. None where the chain would
    raise for these fields. The function raises StepFailedError and the PickleMigrateErrors of the
    user's functions that it runs; then the object is as it was. Imports nothing.
    """
    steps = placed_operations(migrations)
    if not steps or not all(type(name) is str for name in fields):
        return None
    source = Source(steps)
    source.names.update(
        set_dict=around.set_dict, onward=around.onward, put=around.put, own_copy=own_copy
    )
    source.names.update(around.names)
    if around.guard:
        source.add(f"if not ({around.guard}):", "    return onward(self, state)")
    kinds = {type(step.operation) for step in steps}
    if kinds == {RunFunction}:
        return _with_functions(source, fields, around)
    return _with_values(source, fields, around)


def _with_functions(
    source: Source, fields: tuple[str, ...], around: Surroundings
) -> SetState | None:
    if not fields:
        return None
    # The names of one pickle are all text, or all bytes (encoding="bytes"): asking for one tells.
    source.add(f"if type(state) is not dict or {fields[0]!a} not in state:")
    source.add("    return onward(self, state)", "state = state.copy()")
    for step in source.steps:
        source.comment(step)
        source.call(step, "result", step.operation.function, "state")
        with source.under("if result is not None and result is not state:"):
            # What a function returned may be held elsewhere; the object gets a dict of its own.
            source.add("state = own_copy(result)")
    # An object that is empty now is noted, where nothing else tells that it had a state.
    empty = "" if around.pending else " or not state"
    source.add(f"if type(state) is not dict{empty}:", "    return put(self, state)")
    source.add("set_dict(self, state)")
    made: SetState = source.compiled("setstate(self, state)")
    return made


def can_be_assigned(cls: type, name: str) -> bool:
    """Whether ``obj.name = value`` does nothing but put the value into ``obj.__dict__``."""
    own: tuple[object, object] = (cls.__setattr__, cls.__delattr__)
    if own != (vars(object)["__setattr__"], vars(object)["__delattr__"]):
        return False
    if not name.isidentifier() or iskeyword(name):
        return False
    if name == "__debug__" or not name.isascii():  # PEP 3131 has other spellings of a name
        return False
    found = next((vars(k)[name] for k in cls.__mro__ if name in vars(k)), None)
    return not hasattr(type(found), "__set__") and not hasattr(type(found), "__delete__")


def _with_values(source: Source, fields: tuple[str, ...], around: Surroundings) -> SetState | None:
    run = Run(source, fields)
    try:
        with source.aside() as body:
            if not all(run.take(step) for step in source.steps):
                return None
    except CannotBeFollowed:
        return None
    if not run.now and not around.pending:  # as above
        return None
    # As many fields, and each of them there: exactly these.
    source.add("try:", f"    if len(state) != {len(fields)}:", "        return onward(self, state)")
    source.add(*(f"    {value} = state[{name!a}]" for name, value in run.first.items()))
    source.add("except (KeyError, TypeError):", "    return onward(self, state)")
    source.insert(body)
    if all(can_be_assigned(around.cls, name) for name in ["__setstate__", *run.now]):
        if around.pending:
            source.add("del self.__setstate__")
        # Assigned attributes need no dict of the object's own: half the time, and less memory.
        source.add(*(f"self.{name} = {value}" for name, value in run.now.items()))
    else:
        made = ", ".join(f"{name!a}: {value}" for name, value in run.now.items())
        source.add(f"set_dict(self, {{{made}}})")
    setstate: SetState = source.compiled("setstate(self, state)")
    return setstate
