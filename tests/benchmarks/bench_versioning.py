"""What versioning costs: ``python tests/benchmarks/bench_versioning.py [objects]``.

Prints ratios to the same class unregistered with plain pickle, each pair measured in turn in one
run. It judges nothing: absolute times mean nothing on a shared machine, so no test asserts them.
"""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import versioned_classes as classes
from ratios import Prepared, heading, ratio, row

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
        row(
            f"{label}: dump",
            ratio(lambda o=objects: pickle.dumps(o), lambda: pickle.dumps(plain)),
            dump_bar,
        )
        row(
            f"{label}: load",
            ratio(lambda d=data: pickle.loads(d), lambda: pickle.loads(plain_data)),
            load_bar,
        )
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


def old_release(name, source):
    """Run an old release's source as the module of that name, as it stood then."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(source, vars(module))
    return module


OLD_CLASS = """
class {name}{mark}:
    def __init__(self, number):
        self.id = number
        self.title = "a name"
        self.cents = 250
        self.note = "n"
        self.legacy = None
"""
OLD_BY_HAND = """
    def __getstate__(self):
        return {**self.__dict__, "_version": 1}
"""


def old_bytes(cls, count, *, stamped=False, by_hand=False):
    """Pickles of version 1, written by the class as it was then, under the name it has today."""
    source = OLD_CLASS.format(name=cls.__name__, mark="")
    if by_hand:
        source += OLD_BY_HAND
    if stamped:
        source = "from pickle_migrate import versioned\n@versioned(1)" + source
    today = sys.modules[cls.__module__]
    try:
        old = getattr(old_release(cls.__module__, source), cls.__name__)
        return pickle.dumps(objects_of(old, count))
    finally:
        sys.modules[cls.__module__] = today


def chains(count):
    """Old objects through five steps: the step from state to object alone, then whole loads."""
    by_hand = old_bytes(classes.ChainByHand, count, by_hand=True)
    functions_by_hand = old_bytes(classes.FunctionsByHand, count, by_hand=True)
    heading("five steps, from a state to an object, relative to a hand-written __setstate__")
    state = {"id": 1, "title": "a", "cents": 250, "note": "n", "legacy": None}
    hand_state = {**state, "_version": 1}
    for cls, label, bar in (
        (classes.ChainDeclared, "declared", 0.8),
        (classes.ChainOfFunctions, "functions", None),
        (classes.FunctionsByHand, "the same functions called by hand", None),
    ):
        pickle.loads(old_bytes(cls, 3))
        given = hand_state if cls is classes.FunctionsByHand else state
        row(
            label,
            ratio(
                restoring(cls, given, count),
                restoring(classes.ChainByHand, hand_state, count),
            ),
            bar,
        )
    row(
        "functions / the same functions called by hand",
        ratio(
            restoring(classes.ChainOfFunctions, state, count),
            restoring(classes.FunctionsByHand, hand_state, count),
        ),
        1.05,
    )
    heading(f"{count:,} old objects through five steps, pickle.loads, relative to the same")
    for cls, label in (
        (classes.ChainDeclared, "declared"),
        (classes.ChainOfFunctions, "functions"),
    ):
        for stamped in (True, False):
            data = old_bytes(cls, count, stamped=stamped)
            kind = "stamped pickles" if stamped else "unstamped pickles"
            row(
                f"{label}, {kind}",
                ratio(lambda d=data: pickle.loads(d), lambda: pickle.loads(by_hand)),
            )
    row(
        "the same functions called by hand",
        ratio(lambda: pickle.loads(functions_by_hand), lambda: pickle.loads(by_hand)),
    )


def restoring(cls, state, count):
    """Give newborn objects fresh copies of a state, as BUILD does."""

    def prepare():
        new = object.__new__
        return [(new(cls), state.copy()) for _ in range(count)]

    def run(pairs):
        for obj, given in pairs:
            obj.__setstate__(given)

    return Prepared(prepare, run)


def collector(count):
    """The pause of the cyclic collector."""
    bar = 0.5 if sys.version_info < (3, 12) else 0.75
    rows = [{"id": n, "size": {"w": n, "h": 2}, "tags": ["a", n]} for n in range(count)]
    data = pickle.dumps(rows)
    flat = pickle.dumps([{"id": n, "name": f"n{n}", "v": n * 1.5} for n in range(count)])
    del rows
    heading(f"pickle_migrate.load / pickle.load, {len(data) / 1e6:.0f} MB of small dicts")
    row(
        "dicts that hold dicts and lists",
        ratio(
            lambda: pickle_migrate.load(io.BytesIO(data)),
            lambda: pickle.load(io.BytesIO(data)),
            collect=True,
        ),
        bar,
    )
    row(
        "dicts of numbers and texts only (Python does not track them)",
        ratio(
            lambda: pickle_migrate.load(io.BytesIO(flat)),
            lambda: pickle.load(io.BytesIO(flat)),
            collect=True,
        ),
    )


IMPORT = """
from time import perf_counter
begin = perf_counter()
from pickle_migrate import load
print(perf_counter() - begin)
"""


def import_time():
    """Import of what a program that loads needs, in an empty process; the best of several."""
    # With compiled files, as pip installs them.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    taken = [
        float(subprocess.check_output([sys.executable, "-c", IMPORT], env=environment))
        for _ in range(15)
    ]
    heading("import, milliseconds")
    print(f"  {'from pickle_migrate import load':<58} {min(taken) * 1000:5.0f}   bar 60")


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    current(number)
    others(max(number // 10, 1))
    chains(number)
    collector(number * 5)
    import_time()
