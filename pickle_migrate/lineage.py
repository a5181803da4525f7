"""All versions of one class: its steps, and what is known of each version. Data, no decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from pickle_migrate.errors import DuplicateStepError, VersionNumberError
from pickle_migrate.refs import GlobalRef

if TYPE_CHECKING:
    from pickle_migrate.migration import Migration

Finisher = Callable[[Any], object]


@attrs.define(eq=False, repr=False)
class LineageRecord:
    """What was declared for one ref. ``Lineage`` is the public way to write it."""

    ref: GlobalRef
    steps: dict[int, Migration] = attrs.field(factory=dict)
    field_orders: dict[int, tuple[str, ...]] = attrs.field(factory=dict)
    fingerprints: dict[int, frozenset[str]] = attrs.field(factory=dict)
    finishers: dict[int, tuple[Finisher, ...]] = attrs.field(factory=dict)

    def add_step(self, migration: Migration) -> None:
        """Keep a migration. The same declaration again (a module reloaded) replaces it; another
        one from the same version raises DuplicateStepError, which names both.
        """
        check_version(self.ref, migration.version)
        before = self.steps.get(migration.version)
        if before is not None and before.origin != migration.origin:
            raise DuplicateStepError(
                str(self.ref), migration.version, before.origin, migration.origin
            )
        self.steps[migration.version] = migration

    def add_finisher(self, version: int, function: Finisher) -> None:
        """Keep a function of the finishing stage, once however often it is declared."""
        check_version(self.ref, version)
        known = self.finishers.get(version, ())
        same = {_origin(f): f for f in (*known, function)}
        self.finishers[version] = tuple(same.values())


def _origin(function: Finisher) -> object:
    code = getattr(function, "__code__", None)
    if code is None:
        return function
    return (function.__module__, function.__qualname__, code.co_firstlineno)


def check_version(ref: GlobalRef, version: object) -> None:
    """Raise VersionNumberError unless ``version`` is a whole number from 1 up."""
    if type(version) is not int or version < 1:
        raise VersionNumberError(str(ref), f"{version!r} is not a version")
