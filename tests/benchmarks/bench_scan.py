"""What a scan costs: ``python tests/benchmarks/bench_scan.py [objects]``.

Prints ratios to ``pickletools.genops`` and to ``pickle.loads`` of the same bytes, each pair
measured in turn in one run. It judges nothing: absolute times mean nothing on a shared machine, so
no test asserts them.
"""

from __future__ import annotations

import io
import mmap
import pickle
import pickletools
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import versioned_classes as classes
from ratios import heading, ratio, row

from pickle_migrate.scanner import scan

PROTOCOLS = (0, 2, 4, 5)
# A fifth of the time of genops everywhere, an eighth on small objects and dicts.
FIFTH, EIGHTH = 1 / 5, 1 / 8


class Small:
    """Three fields."""

    def __init__(self, number):
        self.id = number
        self.title = f"name {number}"
        self.cents = number % 1000


def kinds(count):
    """What a pickle may be full of, with the bar of each."""
    numbers, many = range(count), range(5 * count)
    return {
        "objects of three fields": ([Small(n) for n in numbers], EIGHTH),
        "stamped objects": ([classes.Stamped(n) for n in numbers], EIGHTH),
        "dicts of three items": (
            [{"id": n, "name": f"n{n}", "v": n * 1.5} for n in numbers],
            EIGHTH,
        ),
        "dicts that hold dicts and lists": (
            [{"id": n, "size": {"w": n, "h": 2}, "tags": ["a", n]} for n in numbers],
            EIGHTH,
        ),
        "items of one dict": ({f"key {n}": n for n in many}, FIFTH),
        "strings": ([f"text {n}" for n in many], FIFTH),
        "strings that come again": ([f"text {n % 500}" for n in many], FIFTH),
        "ints": (list(many), FIFTH),
        "floats": ([n / 7 for n in many], FIFTH),
        "tuples": ([(n, f"t{n}") for n in numbers], FIFTH),
        "lists": ([[n, n + 1, n + 2] for n in numbers], FIFTH),
    }


def all_opcodes(data):
    """What a user of pickletools does."""
    for _ in pickletools.genops(data):
        pass


def against_genops(count):
    """Every kind, at each protocol."""
    for label, (graph, bar) in kinds(count).items():
        heading(f"scan / pickletools.genops, {len(graph):,} {label}")
        for protocol in PROTOCOLS:
            data = pickle.dumps(graph, protocol)
            found = ratio(lambda d=data: scan(d), lambda d=data: all_opcodes(d), 3)
            row(f"protocol {protocol}", found, bar)


def against_loads(count):
    """A scan before each load: with the collector on, as users have it, and off."""
    made = kinds(count)
    for collect in (True, False):
        heading(f"scan / pickle.loads, {count:,} each, collector {'on' if collect else 'off'}")
        for label in ("objects of three fields", "stamped objects", "dicts of three items"):
            graph = made[label][0]
            for protocol in (2, 4):
                data = pickle.dumps(graph, protocol)
                found = ratio(
                    lambda d=data: scan(d), lambda d=data: pickle.loads(d), 7, collect=collect
                )
                bar = 1.0 if "objects" in label else None
                row(f"{label}, protocol {protocol}", found, bar)


def array():
    """One large array: neither looks at its bytes, but genops copies them."""
    try:
        import numpy
    except ImportError:
        print("  (numpy is not installed)")
        return
    heading("scan / pickletools.genops, one array of 80 MB")
    for protocol in PROTOCOLS[1:]:
        data = pickle.dumps(numpy.arange(10_000_000.0), protocol)
        row(
            f"protocol {protocol}",
            ratio(lambda d=data: scan(d), lambda d=data: all_opcodes(d), 3),
            FIFTH,
        )


def memory():
    """The memory of a scan of 2 GB, read in place."""
    program = Path(__file__)
    with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
        size = 2 << 30
        file.write(b"\x80\x05\x8e" + size.to_bytes(8, "little"))
        file.seek(11 + size)  # a hole: it takes no room on the disk
        file.write(b".")
        file.flush()
        found = subprocess.check_output([sys.executable, program, "--peak", file.name])
    heading("memory of a process that scans 2 GB, megabytes")
    print(f"  {'one array':<58} {int(found):5d}   bar 100")


def peak(path):
    """Scan a file and print the peak of this process's memory that is not the file, in MB."""
    with Path(path).open("rb") as file:
        view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        scan(view)
    # Not ru_maxrss: that has the memory of the process that started this one.
    status = Path("/proc/self/status").read_text()
    print(int(status.split("VmHWM:")[1].split()[0]) // 1024)


def others(count):
    """What a user would pick instead, as its manual says to call it."""
    data = pickle.dumps([{"id": n, "name": f"n{n}", "v": n * 1.5} for n in range(count)], 4)
    heading(f"others / scan, {count:,} dicts of three items")
    try:
        from picklescan.scanner import scan_pickle_bytes
    except ImportError:
        print("  (picklescan is not installed: pip install '.[bench]')")
    else:
        row(
            "picklescan: scan_pickle_bytes",
            ratio(lambda: scan_pickle_bytes(io.BytesIO(data), "-"), lambda: scan(data), 3),
        )
    try:
        from fickling.analysis import check_safety
        from fickling.fickle import Pickled
    except ImportError:
        print("  (fickling is not installed: pip install '.[bench]')")
    else:
        row(
            "fickling: check_safety",
            ratio(lambda: check_safety(Pickled.load(data)), lambda: scan(data), 1),
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        peak(sys.argv[2])
        sys.exit()
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    against_genops(number)
    array()
    against_loads(number)
    memory()
    others(max(number // 50, 1))
