"""The finishing stage: functions that run after a whole graph is loaded.

In a cycle, an object gets its state while its neighbours are still empty. What needs neighbours is
noted during the load and runs at its end. Only this package's loader has such an end; under plain
``pickle.load`` nothing is noted.
"""

from __future__ import annotations

import threading
from typing import Any

from pickle_migrate.lineage import Finisher

Noted = list[tuple[tuple[Finisher, ...], Any]]


class _Active(threading.local):
    def __init__(self) -> None:
        self.loads: list[Noted] = []


_active = _Active()


def begin() -> None:
    """Start to note migrated objects of this thread's innermost load."""
    _active.loads.append([])


def end() -> Noted:
    """Stop, and give what was noted, in the order in which the objects got their state."""
    return _active.loads.pop()


def note(finishers: tuple[Finisher, ...], obj: Any) -> None:
    """Keep an object for the finishing stage of the load that is under way, if one is."""
    if _active.loads:
        _active.loads[-1].append((finishers, obj))


def noted() -> Noted:
    """What this thread's innermost load has noted so far."""
    return _active.loads[-1] if _active.loads else []


def run(noted: Noted) -> None:
    """Run the functions: version by version as declared for each object, object by object in the
    order of the load. User code runs. Exceptions pass.
    """
    for finishers, obj in noted:
        for finish in finishers:
            finish(obj)
