"""Releases and graphs at random: where a static upgrade is offered, it equals the live one."""

from __future__ import annotations

import pickle
import random
from collections import Counter

import pytest
from releases import install

import pickle_migrate
from pickle_migrate import graphs, resolver
from pickle_migrate.errors import OperationError, StaticError
from pickle_migrate.scanner import scan_all
from pickle_migrate.static_plan import StaticPlanner
from pickle_migrate.static_upgrade import check, row_of, upgraded

OPERATIONS = [
    'RenameField("a", "z")',
    'AddField("n", default=1)',
    'AddField("l", factory=list)',
    'RemoveField("b")',
    'ConvertField("c", repr)',
    'MergeFields(("a", "b"), "m", "{}|{}".format)',
]
DICT = """
class {name}:
    def __init__(self, **fields):
        for name in fields: setattr(self, name, fields[name])
"""
SLOTS = DICT.replace(
    "def", '__slots__ = ("a", "b", "c", "z", "n", "l", "m", "__dict__")\n    def', 1
)
ATOMS = ["1", "'t'", "b'x'", "{1, 2}", "1.5", "None", "A", "len", "datetime.date(2020, 1, 2)", "S"]


def value(rng: random.Random, depth: int = 0) -> str:
    """An expression."""
    kind = rng.randrange(8) if depth < 3 else 9
    if kind == 0:
        return f"[{', '.join(value(rng, depth + 1) for _ in range(rng.randrange(3)))}]"
    if kind == 1:
        return f"{{'k': {value(rng, depth + 1)}}}"
    if kind in (2, 3):
        return made("AB"[kind - 2], rng, depth + 1)
    return rng.choice(ATOMS)


def made(name: str, rng: random.Random, depth: int = 0) -> str:
    """An expression that makes an object; ``c`` is plain data most of the time."""
    fields = {n: value(rng, depth) for n in "ab"}
    fields["c"] = rng.choice(["1", "[1, 2]", "'t'", value(rng, depth)])
    return f"{name}({', '.join(f'{n}={v}' for n, v in fields.items())})"


def source(kinds: dict[str, str], version: int | None, steps: dict[str, list[str]]) -> str:
    """A release: two classes, and one object that many others hold."""
    parts = ["import datetime\nfrom pickle_migrate import *\n"]
    for name, kind in kinds.items():
        parts.append(f"@versioned({version}, unstamped=1)" if version else "")
        parts.append(kind.format(name=name))
    parts += [f"Lineage('shop:{n}').upgrade(1, {', '.join(given)})\n" for n, given in steps.items()]
    return "\n".join([*parts, "S = A(a=1, b=2, c=3)\nS.me = [S]\n"])


def outcome(rng: random.Random) -> str:
    """Make two releases and a graph, upgrade it both ways, and compare."""
    old = {name: rng.choice([DICT, SLOTS]) for name in "AB"}
    new = {name: rng.choice([old[name]] * 4 + [DICT, SLOTS]) for name in "AB"}
    steps = {name: rng.sample(OPERATIONS, rng.randrange(1, 4)) for name in "AB"}
    protocol = rng.randrange(2, 6) if SLOTS in old.values() else rng.randrange(6)
    module = install(source(old, rng.choice([None, 1]), {}))
    objects = eval(f"[{value(rng)}, {made('A', rng)}, {made('B', rng)}, S]", vars(module))
    data = rng.choice([pickle.dumps, pickle._dumps])(objects, protocol)
    try:
        install(source(new, 2, steps))
        live = pickle_migrate.loads(data)
    except (OperationError, pickle_migrate.PickleMigrateError):
        return "not for loading either"
    planner = StaticPlanner(resolver.import_ref)
    row = row_of(data, scan_all(data).pickles, planner)
    assert [plan.shown.problems for plan in row.plans] == [()]
    try:
        made_new = upgraded(row, row.way(None), encoding="ASCII", protocol=None)
    except StaticError:
        return "not offered"
    check(made_new, row, planner)
    again = pickle.loads(pickle_migrate.dumps(live, protocol))
    assert not graphs.differences(live, pickle.loads(made_new), limit=2)
    assert not graphs.differences(again, pickle.loads(made_new), limit=2)
    return "equal"


@pytest.mark.parametrize("seed", range(4))
def test_static_and_live_are_equal(seed):
    """Both load equal; and enough is offered for that to mean something."""
    rng = random.Random(seed)
    found = Counter(outcome(rng) for _ in range(60))
    assert found["equal"] >= 8, found
