"""What versioning costs: ``python tests/benchmarks/bench_versioning.py [objects]``.

Prints ratios to the same class unregistered with plain pickle, each pair measured in turn in one
run. It judges nothing: absolute times mean nothing on a shared machine, and so no test asserts them.
"""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import versioned_classes as classes
from ratios import heading, ratio, row, seconds

import pickle_migrate


def objects_of(cls, count):
    return [cls(number) for number in range(count)]


def current(count):
    """Dump and load of current objects, each way of versioning against none."""
    heading(f"{count:,} small objects, relative to the same class unregistered")
    ways = [
        (classes.Stamped, "stamped", (0.75, 1.15, 0.85)),
        (classes.StampedAndUnstamped, "stamped, unstamped pickles supported", (None, None, 0.95)),
        (classes.ByHand, "version in the state by hand", (None, None, None)),
    ]
    plain = objects_of(classes.Plain, count)
    plain_data = pickle.dumps(plain)
    for cls, label, (dump_bar, load_bar, both_bar) in ways:
        objects = objects_of(cls, count)
        data = pickle.dumps(objects)
        row(f"{label}: dump", ratio(lambda o=objects: pickle.dumps(o), lambda: pickle.dumps(plain)), dump_bar)
        row(f"{label}: load", ratio(lambda d=data: pickle.loads(d), lambda: pickle.loads(plain_data)), load_bar)
        row(
            f"{label}: both",
            ratio(
                lambda o=objects, d=data: (pickle.dumps(o), pickle.loads(d)),
                lambda: (pickle.dumps(plain), pickle.loads(plain_data)),
            ),
            both_bar,
        )


def others(count):
    """What a user would pick instead."""
    plain = objects_of(classes.Plain, count)
    plain_data = pickle.dumps(plain)

    def plain_both():
        return pickle.dumps(plain), pickle.loads(plain_data)

    try:
        from other_ways import jsonpickle_both, twisted_both
    except ImportError as error:
        print(f"  (jsonpickle and twisted are not installed: pip install '.[bench]'; {error})")
        return
    row("twisted.persisted.styles.Versioned: both", ratio(twisted_both(count), plain_both, 3))
    row("jsonpickle: both", ratio(jsonpickle_both(count), plain_both, 1))


def old_bytes(cls, count):
    """Pickles of version 1, written by the class as it was, under the name that it has today."""
    old = classes.Old
    names = old.__module__, old.__qualname__, old.__name__
    kept = getattr(classes, cls.__name__)
    old.__qualname__ = old.__name__ = cls.__name__
    setattr(classes, cls.__name__, old)
    try:
        return pickle.dumps(objects_of(old, count))
    finally:
        old.__module__, old.__qualname__, old.__name__ = names
        setattr(classes, cls.__name__, kept)


def chains(count):
    """Load of old objects through five steps."""
    heading(f"{count:,} old objects through five steps, pickle.loads")
    declared, by_hand = old_bytes(classes.ChainDeclared, count), old_bytes(classes.ChainByHand, count)
    functions = old_bytes(classes.ChainOfFunctions, count)
    by_hand_functions = old_bytes(classes.FunctionsByHand, count)
    row("declared / hand-written __setstate__", ratio(lambda: pickle.loads(declared), lambda: pickle.loads(by_hand)), 0.8)
    row("functions / the same functions called by hand", ratio(lambda: pickle.loads(functions), lambda: pickle.loads(by_hand_functions)), 1.05)
    row("functions / hand-written __setstate__", ratio(lambda: pickle.loads(functions), lambda: pickle.loads(by_hand)))


def collector(count):
    """The pause of the cyclic collector."""
    bar = 0.5 if sys.version_info < (3, 12) else 0.75
    rows = [{"id": n, "size": {"w": n, "h": 2}, "tags": ["a", n]} for n in range(count)]
    data = pickle.dumps(rows)
    flat = pickle.dumps([{"id": n, "name": f"n{n}", "v": n * 1.5} for n in range(count)])
    del rows
    heading(f"pickle_migrate.load / pickle.load, {len(data) / 1e6:.0f} MB of small dicts")
    row("dicts that hold dicts and lists", ratio(lambda: pickle_migrate.load(io.BytesIO(data)), lambda: pickle.load(io.BytesIO(data))), bar)
    row("dicts of numbers and texts only (Python does not track them)", ratio(lambda: pickle_migrate.load(io.BytesIO(flat)), lambda: pickle.load(io.BytesIO(flat))))


def import_time():
    """Import of the package, as a whole process less the start of an empty one."""
    def start(code):
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    heading("import, milliseconds over an empty process")
    pairs = sorted(
        seconds(start("import pickle_migrate")) - seconds(start("pass")) for _ in range(9)
    )
    print(f"  {'import pickle_migrate':<58} {pairs[4] * 1000:5.0f}   bar 60")


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    current(number)
    others(max(number // 10, 1))
    chains(number)
    collector(number * 5)
    import_time()
