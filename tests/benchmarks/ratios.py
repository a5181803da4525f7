"""Measuring two things side by side, in turn, so that a machine's drift falls on both."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from typing import Any


class Prepared:
    """An action whose input is made anew for each call, outside of the time that is taken."""

    def __init__(self, prepare: Callable[[], Any], run: Callable[[Any], Any]) -> None:
        self._prepare, self._run = prepare, run
        self._given: Any = None

    def prepare(self) -> None:
        """Make the input of the next call."""
        self._given = self._prepare()

    def __call__(self) -> Any:
        if self._given is None:
            self.prepare()
        given, self._given = self._given, None
        return self._run(given), given


def seconds(action: Callable[[], Any], *, collect: bool = False) -> float:
    """How long one call takes. The cyclic collector is off meanwhile, as in ``timeit``, for its
    cost depends on what else is alive; ``collect`` leaves it on.
    """
    if isinstance(action, Prepared):
        action.prepare()
    gc.collect()
    if not collect:
        gc.disable()
    try:
        begin = time.perf_counter()
        made = action()
        taken = time.perf_counter() - begin
    finally:
        gc.enable()
    del made
    return taken


def ratio(
    action: Callable[[], Any],
    baseline: Callable[[], Any],
    rounds: int = 9,
    *,
    collect: bool = False,
) -> tuple[float, float, float]:
    """The best time of the one over the best of the other, called in turn; then the lowest and the
    highest ratio of a pair. The best time is the one that other processes disturbed least.
    """
    action(), baseline()
    pairs = [
        (seconds(action, collect=collect), seconds(baseline, collect=collect))
        for _ in range(rounds)
    ]
    best = min(mine for mine, _ in pairs) / min(other for _, other in pairs)
    ratios = [mine / other for mine, other in pairs]
    return best, min(ratios), max(ratios)


def heading(title: str) -> None:
    """Print a table's title with the interpreter that ran it."""
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"\n{title} ({sys.implementation.name} {version})")


def row(label: str, found: tuple[float, float, float], bar: float | None = None) -> None:
    """Print one line: the ratio, its range, and the bar that it is held to."""
    middle, low, high = found
    bar_text = "" if bar is None else f"   bar {bar:.2f} {'met' if middle <= bar else 'NOT MET'}"
    print(f"  {label:<58} {middle:5.2f}  ({low:.2f}-{high:.2f}){bar_text}")
