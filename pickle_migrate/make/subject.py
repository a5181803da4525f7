"""What changed about one class, as ``make`` looks at it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import attrs

from pickle_migrate.lock.values import LockedVersion
from pickle_migrate.make.assigned import Assigned
from pickle_migrate.make.hints import Hints
from pickle_migrate.refs import GlobalRef


@attrs.frozen(eq=False)
class Subject:
    """One class with the version that the lock knows and the one that the code says now.

    ``version`` is the one that old pickles have and ``to`` the one that they get. ``others`` are
    the fields of other classes, today's and the lock's, by the name that a declared type has.

    ``base_fields_then`` are those of versioned bases that old pickles have and the class has no
    more, ``base_fields_now`` those of bases that it got. ``pulled_up`` are fields that stand in a
    base now, ``shared`` those that this base took over from a derived class. ``words`` tell of it.
    """

    ref: GlobalRef
    cls: type
    old: LockedVersion
    new: LockedVersion
    version: int
    to: int
    hints: Hints = attrs.field(factory=Hints)
    assigned: Assigned | None = None
    old_name: str = ""
    others_now: Mapping[str, tuple[GlobalRef, frozenset[str]]] = attrs.field(factory=dict)
    base_fields_then: Mapping[str, str] = attrs.field(factory=dict)
    base_fields_now: Mapping[str, str] = attrs.field(factory=dict)
    pulled_up: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    others_then: Mapping[str, tuple[GlobalRef, frozenset[str]]] = attrs.field(factory=dict)

    @property
    def name(self) -> str:
        """What it is called in questions."""
        return self.ref.qualname

    @property
    def module(self) -> Mapping[str, Any]:
        """The globals of its module, which was imported."""
        found = sys.modules.get(self.ref.module)
        return {} if found is None else vars(found)

    @property
    def before(self) -> dict[str, str]:
        """The old fields with their types."""
        own = {n: t for n, t in self.old.fields or () if n not in self.pulled_up}
        return {**self.base_fields_then, **own}

    @property
    def after(self) -> dict[str, str]:
        """Today's fields with their types; where the class declares none, what it assigns."""
        return {**self.base_fields_now, **self._own_after}

    @property
    def _own_after(self) -> dict[str, str]:
        if self.new.fields is not None and not self.new.seen:
            return dict(self.new.fields)
        if self.assigned is None or self.old.fields is None:
            return dict(self.new.fields or self.old.fields or ())
        # An exception has its arguments in any case.
        kept = {*self.assigned.ever, *(("args",) if self.new.state == "exception" else ())}
        names = [n for n, _ in self.old.fields if n in kept or not self.assigned.sure]
        return dict.fromkeys([*names, *self.assigned.always], "")

    def stored(self, name: str) -> str:
        """A field's name as the state has it: private names hold the class's name."""
        if name.startswith("__") and not name.endswith("__"):
            return f"_{self.cls.__name__.lstrip('_')}{name}"
        return name
