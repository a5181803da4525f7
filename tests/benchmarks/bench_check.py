"""Checking an archive of 2,000 small pickles, against ``pickle.load`` on each of them:
``python tests/benchmarks/bench_check.py``.

The bar: the whole check takes at most 3 times as long as opening and loading each file with plain
pickle. Ratios of the best times, taken in turn in one run. The check compares the classes with the
lock, reads every record and every pickle, compares digests, loads with today's code, compares each
state with the expected one, and watches what the steps do.
"""

from __future__ import annotations

import pickle
import sys
import tempfile
import types
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import attrs
from ratios import heading, ratio, row

from pickle_migrate import AddField, Lineage, RenameField, resolver, versioned
from pickle_migrate.archive import loads, records
from pickle_migrate.archive.values import Record
from pickle_migrate.checks import run
from pickle_migrate.checks.values import KEPT
from pickle_migrate.lock import files, today
from pickle_migrate.project import Settings
from pickle_migrate.registry import Registry

FILES = 2_000
BAR = 3.0
SIZES = (1, 5, 20)
MODULE = "bench_check_shop"


def placed(cls: type, name: str) -> type:
    """A class as if it stood in the shop's module under this name."""
    module = sys.modules.setdefault(MODULE, types.ModuleType(MODULE))
    cls.__module__, cls.__qualname__, cls.__name__ = MODULE, name, name
    setattr(module, name, cls)
    return cls


def old_class(name: str) -> type:
    """A class as it was at version 1."""

    class Old:
        def __init__(self, number):
            self.qty, self.price, self.customer = number, number * 0.5, f"customer {number % 50}"

    return placed(Old, name)


def new_class(name: str) -> type:
    """The same class as it is today."""

    class New:
        def __init__(self, number):
            self.quantity, self.price = number, number * 0.5
            self.customer, self.currency = f"customer {number % 50}", "EUR"

    return placed(New, name)


def declared(name: str) -> None:
    """The steps from version 1 to today's 3."""
    lineage = Lineage(f"{MODULE}:{name}")
    lineage.upgrade(1, RenameField("qty", "quantity"))
    lineage.upgrade(2, AddField("currency", default="EUR"))


def write(root: Path, kind: str, size: int, make: Callable[[int], object]) -> None:
    """Write this kind's share of pickles, as many objects each as ``size``."""
    target = root / kind
    target.mkdir(parents=True)
    for number in range(FILES):
        objects = [make(number * size + i) for i in range(size)]
        graph = objects[0] if size == 1 else {"orders": objects, "day": date(2024, 1, 1)}
        (target / f"{number:05}.pickle").write_bytes(pickle.dumps(graph, 4))


def archived(root: Path) -> None:
    """Write the records, from what today's code loads."""
    for path in sorted(root.rglob("*.pickle")):
        record = Record(str(path), "0" * 64, classes=(f"{MODULE}:Order@1",), root=root)
        loaded = loads.load_record(record)
        assert loaded.problem is None, loaded.problem
        text = records.states_text(loaded.states)
        record = attrs.evolve(record, sha256=loaded.sha256, expected_text=text)
        record.record_path.write_text(records.record_text(record), encoding="utf-8")


def prepared(root: Path, size: int) -> None:
    """Three archives: stamped and current, stamped and two versions old, unstamped."""
    write(root, "current", size, versioned(1)(new_class("Current")))
    write(root, "old", size, versioned(1, registry=Registry())(old_class("Old")))
    write(root, "unstamped", size, old_class("Unstamped"))
    for name, unstamped in (("Old", None), ("Unstamped", 1)):
        versioned(3, unstamped=unstamped)(new_class(name))
        declared(name)


def check(root: Path) -> None:
    """What the command check does, without its printing: the classes against the lock, the records
    and what nobody reads, every pickle. Nothing is kept from the round before.
    """
    loads.forget()
    found = run.run_check(run.Wishes(), lambda title, total: nullcontext(lambda subject: None))
    pickles = [item for item in found.items if item.group == "pickle"]
    assert len(pickles) == FILES
    assert all(item.outcome == KEPT for item in pickles), pickles[0]


def settle(root: Path) -> None:
    """The settings of this archive, and a lock of the code as it is."""
    chosen = Settings(archive=str(root), lock=str(root.parent / "lock.toml"))
    resolver.use_settings(attrs.evolve(chosen, source=str(root.parent / "pickle_migrate.toml")))
    files.write_lock(Path(chosen.lock), today.lock_of())


def load_each(paths: list[str]) -> None:
    """Plain pickle on each file."""
    for path in paths:
        with open(path, "rb") as file:  # noqa: PTH123 - as most programs do it
            pickle.load(file)


def main() -> None:
    """Measure and print."""
    resolver.use_settings(Settings())
    heading(f"checking an archive of {FILES:,} pickles, relative to pickle.load on each")
    for size in SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch)
            prepared(root, size)
            for kind in ("current", "old", "unstamped"):
                archived(root / kind)
                paths = [str(path) for path in sorted((root / kind).rglob("*.pickle"))]
                settle(root / kind)
                found = ratio(lambda at=root / kind: check(at), lambda p=paths: load_each(p))
                objects = "1 object" if size == 1 else f"{size} objects"
                row(f"{kind}, {objects} a pickle", found, BAR)


if __name__ == "__main__":
    main()
