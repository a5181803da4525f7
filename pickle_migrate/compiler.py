"""A chain of migrations as one function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pickle_migrate.migration import Migration


def compile_chain(migrations: Sequence[Migration]) -> Callable[[Any], Any]:
    """One function that takes a state through all migrations, in order."""
    steps = tuple(migrations)

    def migrate(state: Any) -> Any:
        for step in steps:
            state = step.apply(state)
        return state

    return migrate
