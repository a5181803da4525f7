"""What bringing classes of others up to date costs: ``python tests/benchmarks/bench_foreign.py``.

Prints ratios to plain pickle's loads and dumps of the same objects, in one run. It judges nothing.
"""

from __future__ import annotations

import pickle
import sys
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ratios import heading, ratio, row

from pickle_migrate import Lineage, Rebuild, Registry, RenameField, loads
from pickle_migrate.foreign.rewriting import rewritten
from pickle_migrate.foreign.wanted import Wanted
from pickle_migrate.scanner import scan_all


class Tree:
    def __init__(self, number):
        self.number, self.name, self.parts = number, "x", [number]


class Other:
    pass


def declared(*operations):
    registry = Registry()
    told = Lineage("lib:Tree", registry=registry)
    told.version_of(lambda view: 1 if "name" in view.fields else 2)
    told.upgrade(1, *operations)
    return registry


def main(count=20_000):
    module = types.ModuleType("lib")
    sys.modules["lib"] = module
    for cls in (Tree, Other):
        cls.__module__ = "lib"
        setattr(module, cls.__name__, cls)
    old = pickle.dumps([Tree(n) for n in range(count)], 4)
    scans = scan_all(old).pickles

    def plain():
        return pickle.dumps(pickle.loads(old), 4)

    renamed = Wanted(declared(RenameField("name", "title")))
    rebuilt = Wanted(declared(Rebuild(lambda view: view.make("lib:Other", new=True, state={}))))
    others = Wanted(Registry())
    Lineage("lib:Nothing", version_of=lambda view: 1, registry=others.registry).upgrade(1)
    heading(f"{count:,} objects of a class of others, to plain loads and dumps")
    for name, wanted, check in (
        ("a field renamed", renamed, False),
        ("a field renamed, checked", renamed, True),
        ("each replaced", rebuilt, False),
    ):
        found = ratio(lambda w=wanted, c=check: rewritten(old, scans, w, check=c), plain)
        row(name, found)
    heading("loading, to plain loads")
    row(
        "with lineages for other classes only",
        ratio(
            lambda: loads(old, registry=others.registry),
            lambda: pickle.loads(old),
        ),
    )


if __name__ == "__main__":
    main()
