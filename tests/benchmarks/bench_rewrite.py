"""What a rename costs without loading: ``python tests/benchmarks/bench_rewrite.py [objects]``.

Prints ratios to what people write by hand: an Unpickler whose ``find_class`` maps the names, and
``dumps`` of what it loads; each pair measured in turn in one run. It judges nothing: absolute times
mean nothing on a shared machine, so no test asserts them.
"""

from __future__ import annotations

import io
import pickle
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ratios import heading, ratio, row

from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry
from pickle_migrate.rewriter import renamed
from pickle_migrate.rewriter_names import rename_payload
from pickle_migrate.scanner import scan_all
from pickle_migrate.static_plan import StaticPlanner
from pickle_migrate.static_upgrade import row_of, spliced

OBJECTS_BAR, ARRAY_BAR = 1 / 2.5, 1 / 2


class Order:
    def __init__(self, number):
        self.number = number
        self.name = f"order {number}"
        self.price = number * 1.5


class Sale(Order):
    pass


class Line:
    def __init__(self, number):
        self.number = number


class ByHand(pickle.Unpickler):
    """The rename that the other side makes."""

    def find_class(self, module, name):
        return super().find_class(module, "Sale" if name == "Order" else name)


def by_hand(data, protocol):
    return pickle.dumps(ByHand(io.BytesIO(data)).load(), protocol)


def new_ref(named):
    return GlobalRef(named.ref.module, "Sale") if named.ref.qualname == "Order" else None


def graphs(count):
    """What is renamed: each graph names the class that moves once."""
    first = Order(0)
    yield "objects of three fields", [Order(n) for n in range(count)], OBJECTS_BAR
    yield "texts", [first, [f"text {n}" for n in range(count)]], None
    yield "whole numbers", [first, list(range(count))], None
    yield "dicts", [first, [{"a": n, "b": str(n)} for n in range(count)]], None
    yield "a name at the very end", [[Line(n) for n in range(count)], first], None


def array(megabytes):
    """One large array, or None without numpy."""
    try:
        import numpy as np
    except ImportError:
        return None
    return [Order(0), np.arange(megabytes * 125_000, dtype="f8")]


def upgraded(data, planner):
    """Scan, plan, rename and check that all is current, without reading or writing a file."""
    row_ = row_of(data, scan_all(data, locate=True).pickles, planner)
    return spliced(row_, planner)


def compare(label, value, protocol, bar, *, collect=False):
    data = pickle.dumps(value, protocol)
    found = ratio(
        lambda: renamed(data, new_ref), lambda: by_hand(data, protocol), 5, collect=collect
    )
    row(label, found, bar)


def main(count):
    for protocol in (4, 2):
        heading(f"rename / load, rename and dump by hand, protocol {protocol}, {count:,} values")
        for label, value, bar in graphs(count):
            compare(label, value, protocol, bar)
        large = array(40)
        if large is not None:
            compare("one array of 40 MB", large, protocol, ARRAY_BAR)

    heading("objects of three fields, protocol 4")
    objects = [Order(n) for n in range(count)]
    compare("with the garbage collector on", objects, 4, None, collect=True)
    data = pickle.dumps(objects, 4)
    registry = Registry()
    registry.rename(f"{Order.__module__}:Order", f"{Sale.__module__}:Sale")
    row(
        "by a registry's renames / by hand",
        ratio(lambda: rename_payload(data, registry), lambda: by_hand(data, 4), 5),
        OBJECTS_BAR,
    )
    planner = StaticPlanner(registry=registry)
    row(
        "as the command upgrades a file, planned and checked / by hand",
        ratio(lambda: upgraded(data, planner), lambda: by_hand(data, 4), 5),
        OBJECTS_BAR,
    )
    row(
        "rename / scan alone",
        ratio(lambda: renamed(data, new_ref), lambda: scan_all(data), 5),
        None,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
