"""Declared steps exchanged in memory, and put back: for watching them, and for the self-test.

Nothing is imported, run or written here. Other threads that load meanwhile get the exchanged steps.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from pickle_migrate.lineage import Finisher, LineageRecord
from pickle_migrate.migration import Migration
from pickle_migrate.registry import DEFAULT, Registry

Change = Callable[[Migration], Migration | None]
ChangeFinisher = Callable[[LineageRecord, int, Finisher], Finisher | None]


def _same(record: LineageRecord, version: int, finisher: Finisher) -> Finisher | None:
    return finisher


@contextlib.contextmanager
def changed_steps(
    change: Change, finishing: ChangeFinisher = _same, registry: Registry = DEFAULT
) -> Iterator[None]:
    """While the block runs, each step is what ``change`` makes of it; None: there is none. The
    same with the functions of the finishing stage and ``finishing``.
    """
    kept = [
        (record, record.steps, record.squashed, record.finishers) for record in registry.lineages()
    ]
    try:
        for record, steps, squashed, finishers in kept:
            record.steps = _changed(steps, change)
            record.squashed = _changed(squashed, change)
            record.finishers = {
                v: tuple(f for one in row if (f := finishing(record, v, one)) is not None)
                for v, row in finishers.items()
            }
        registry.touch()
        yield
    finally:
        for record, steps, squashed, finishers in kept:
            record.steps, record.squashed, record.finishers = steps, squashed, finishers
        registry.touch()


def _changed(steps: dict[int, Migration], change: Change) -> dict[int, Migration]:
    new = {version: change(step) for version, step in steps.items()}
    return {version: step for version, step in new.items() if step is not None}


def all_steps(registry: Registry = DEFAULT) -> list[Migration]:
    """Every declared step, in the order of its class and version, squashed ones among them."""
    found = [
        step
        for record in registry.lineages()
        for step in (*record.steps.values(), *record.squashed.values())
    ]
    return sorted(found, key=lambda step: (str(step.ref), step.version, step.target))


def all_finishers(registry: Registry = DEFAULT) -> list[tuple[LineageRecord, int, Finisher]]:
    """Every function of the finishing stage with its lineage and version, in the same order."""
    found = [
        (record, version, finisher)
        for record in registry.lineages()
        for version, row in record.finishers.items()
        for finisher in row
    ]
    return sorted(found, key=lambda one: (str(one[0].ref), one[1]))
