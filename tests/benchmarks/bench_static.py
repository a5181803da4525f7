"""Upgrades without loading, against plain ``pickle.loads`` and ``pickle.dumps`` of the same graph:
``python tests/benchmarks/bench_static.py``.

The bar: a static upgrade with declared operations takes at most 2.5 times as long, on 100,000 small
objects of three fields. Ratios of the best times, taken in turn in one run. "with scan" adds the
scan of the old bytes, "checked" also the scan of the new ones and reading them back.
"""

from __future__ import annotations

import pickle
import sys
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ratios import heading, ratio, row

from pickle_migrate import AddField, ConvertField, Lineage, RenameField, shims, versioned
from pickle_migrate.scanner import scan_all
from pickle_migrate.static_plan import StaticPlanner
from pickle_migrate.static_upgrade import check, row_of, upgraded

COUNT = 100_000
BAR = 2.5
MODULE = "bench_static_shop"


def made_class() -> type:
    """A class of the module, as it was when nothing was versioned."""
    module = sys.modules.setdefault(MODULE, types.ModuleType(MODULE))

    class Order:
        def __init__(self, qty, price, name):
            self.qty, self.price, self.name = qty, price, name

    Order.__module__, Order.__qualname__ = MODULE, "Order"
    module.Order = Order
    return Order


def declared() -> None:
    """Three steps of declared operations."""
    Lineage(f"{MODULE}:Order").upgrade(1, RenameField("qty", "quantity")).upgrade(
        2, AddField("currency", default="EUR")
    ).upgrade(3, ConvertField("price", round))


def orders(cls: type) -> list[object]:
    """Small objects of three fields."""
    return [cls(n, n * 0.5, f"order {n}") for n in range(COUNT)]


def main() -> None:
    """Measure and print."""
    plain = made_class()
    objects = orders(plain)
    unstamped = pickle.dumps(objects, 4)
    versioned(1, unstamped=1)(made_class())
    stamped = pickle.dumps(orders(sys.modules[MODULE].Order), 4)
    today = versioned(4, unstamped=1)(made_class())
    declared()
    measured = {"unstamped pickle": unstamped, "stamped pickle": stamped}
    heading("Static upgrade, three steps, to plain loads and dumps")
    for label, data in measured.items():
        one(label, data, unstamped, objects, plain, today)
    heading("Stand-ins, to plain pickle")
    sys.modules[MODULE].Order = plain
    graph = shims.loads(unstamped)
    row("shims.loads", ratio(lambda: shims.loads(unstamped), lambda: pickle.loads(unstamped)))
    row("shims.dumps", ratio(lambda: shims.dumps(graph), lambda: pickle.dumps(objects, 4)))


def one(
    label: str, data: bytes, unstamped: bytes, objects: list[object], plain: type, today: type
) -> None:
    """The rows of one pickle."""
    module, planner = sys.modules[MODULE], StaticPlanner()

    def by_pickle() -> bytes:
        module.Order = plain
        pickle.loads(unstamped)
        return pickle.dumps(objects, 4)

    def whole() -> bytes:
        module.Order = today
        given = row_of(data, scan_all(data).pickles, planner)
        return upgraded(given, given.way(None), encoding="ASCII", protocol=None)

    def checked() -> bytes:
        new = whole()
        check(new, given, planner)
        return new

    module.Order = today
    given = row_of(data, scan_all(data).pickles, planner)
    assert not given.reasons

    def alone() -> bytes:
        module.Order = today
        return upgraded(given, given.way(None), encoding="ASCII", protocol=None)

    row(label, ratio(alone, by_pickle, rounds=5), BAR)
    row(f"{label}, with scan", ratio(whole, by_pickle, rounds=5))
    row(f"{label}, checked", ratio(checked, by_pickle, rounds=5))


if __name__ == "__main__":
    main()
