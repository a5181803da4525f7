"""Measuring two things side by side, in turn, so that a machine's drift falls on both."""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any


def seconds(action: Callable[[], Any]) -> float:
    """How long one call takes; what was made before and by the call is collected outside of it."""
    gc.collect()
    begin = time.perf_counter()
    made = action()
    taken = time.perf_counter() - begin
    del made
    return taken


def ratio(
    action: Callable[[], Any], baseline: Callable[[], Any], rounds: int = 7
) -> tuple[float, float, float]:
    """Median of the ratios of paired calls, with the lowest and the highest."""
    action(), baseline()
    ratios = sorted(seconds(action) / seconds(baseline) for _ in range(rounds))
    return statistics.median(ratios), ratios[0], ratios[-1]


def heading(title: str) -> None:
    """Print a table's title with the interpreter that ran it."""
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"\n{title} ({sys.implementation.name} {version})")


def row(label: str, found: tuple[float, float, float], bar: float | None = None) -> None:
    """Print one line: median, range, and the bar that the median is held to."""
    middle, low, high = found
    bar_text = "" if bar is None else f"   bar {bar:.2f} {'met' if middle <= bar else 'NOT MET'}"
    print(f"  {label:<58} {middle:5.2f}  ({low:.2f}-{high:.2f}){bar_text}")
