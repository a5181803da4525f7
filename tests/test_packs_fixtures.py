"""Each pack on pickles that real old releases wrote, compared by value with today's release."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import importlib.util
import os
import pickle
import sys
import types
from pathlib import Path

import networkx
import pytest
from packaging.version import Version

from pickle_migrate import AddField, Lineage, Registry, codecs, file_plans, static_plan, ways
from pickle_migrate.errors import ForeignError
from pickle_migrate.loader import load_parts
from pickle_migrate.packs.using import use_pack

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "packs"


def files(pack):
    return sorted((FIXTURES / pack).glob("*/*.pickle"))


def ids(path):
    return f"{path.parent.name}/{path.stem}"


def writer(pack):
    """The module that wrote the pickles, run by today's release."""
    path = FIXTURES / pack / f"write_{pack}.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def upgraded(path, *packs, registry=None):
    """The file's bytes as ``pickle-migrate upgrade --static`` makes them; a second run finds
    nothing to do.
    """
    registry = registry or Registry()
    use_pack(*packs, registry=registry)
    static = ways.Ways(
        None, static_plan.StaticPlanner(registry=registry), ways.Wishes(), load_parts
    )
    data = codecs.unwrap(path.read_bytes()).payload
    new, _ = file_plans.upgraded(data, static, str(path))
    assert file_plans.upgraded(new, static, str(path))[0] == new
    return new


def test_there_are_pickles_of_old_releases():
    """So many releases, so many files."""
    counts = {p: len(files(p)) for p in ("attrs", "networkx", "packaging", "python2")}
    assert counts == {"attrs": 3, "networkx": 15, "packaging": 13, "python2": 3}


# --- packaging --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", files("packaging"), ids=ids)
def test_packaging(path):
    """20.9 under Python 2, and 21.3 to 26.4: each value equals today's of the same text."""
    found = pickle.loads(upgraded(path, "packaging", "python2"))
    module = writer("packaging")
    now = module.values()
    for name, texts in module.texts().items():
        assert [str(one) for one in found[name]] == texts
        assert found[name] == now[name]
    first, keyed = found["shared"]
    assert keyed[Version("1.0")] is first


# --- networkx ---------------------------------------------------------------------------------


def described(graph):
    ends = list if graph.is_directed() else lambda pair: sorted(pair, key=repr)
    edges = [(ends(edge[:2]), edge[2]) for edge in graph.edges(data=True)]
    return (
        type(graph),
        graph.graph,
        dict(graph.nodes(data=True)),
        sorted(edges, key=repr),
        sorted(graph.degree(), key=repr),
        {node: set(graph.adj[node]) for node in graph},
        networkx.closeness_centrality(graph),
    )


@pytest.mark.parametrize("path", [p for p in files("networkx") if p.stem != "others"], ids=ids)
def test_networkx(path):
    """1.11 and 2.2 under Python 2, 2.4, 2.8 and 3.0: the graphs that today's release makes."""
    found = pickle.loads(upgraded(path, "networkx", "python2"))
    for name, graph in writer("networkx").graphs().items():
        assert described(found[name]) == described(graph)
        found[name].add_edge("new", 1)
        assert found[name].number_of_nodes() == 4
        assert described(found[name].copy()) == described(found[name])


@pytest.mark.parametrize("path", [p for p in files("networkx") if p.stem == "others"], ids=ids)
def test_networkx_classes_that_are_gone(path):
    """Ordered graphs are plain ones today, in the order that they had."""
    found = pickle.loads(upgraded(path, "networkx", "python2"))
    for name, graph in found.items():
        if name.startswith("Ordered"):
            assert type(graph).__name__ == name.removeprefix("Ordered")
            assert list(graph) == [3, 2, 1, "last"]
            assert set(map(frozenset, graph.edges())) == {frozenset([1, 2]), frozenset([2, 3])}
    assert list(found["sub"].edges(data=True)) == [(1, "two", {"weight": 4})]


# --- attrs ------------------------------------------------------------------------------------


@pytest.fixture
def oldattrs(monkeypatch):
    """Today's classes: a field was added, and the order is another one."""
    import attrs

    @attrs.define
    class Pair:
        c: int
        b: object
        a: object

    @attrs.frozen
    class Point:
        y: int
        x: int

    module = types.ModuleType("oldattrs")
    for cls in (Pair, Point):
        cls.__module__ = "oldattrs"
        cls.__qualname__ = cls.__name__
        setattr(module, cls.__name__, cls)
    monkeypatch.setitem(sys.modules, "oldattrs", module)
    return module


@pytest.mark.parametrize("path", files("attrs"), ids=ids)
def test_attrs_without_an_order_of_fields_is_refused(path):
    """attrs itself would load it, each value into another field."""
    with pytest.raises(ForeignError, match=r"2 values by position.*Lineage\('oldattrs:Pair'\)"):
        upgraded(path, "attrs", "python2")


@pytest.mark.parametrize("path", files("attrs"), ids=ids)
def test_attrs_with_an_order_of_fields(path, oldattrs):
    """The values have their names; a lineage that tells versions also takes its steps."""
    registry = Registry()
    pair = Lineage("oldattrs:Pair", registry=registry).fields(1, "a", "b")
    pair.version_of(lambda view: 1 if type(view.state) is tuple else 2)
    pair.upgrade(1, AddField("c", default=5))
    Lineage("oldattrs:Point", registry=registry).fields(1, "x", "y")
    plain, nested, point = pickle.loads(upgraded(path, "attrs", "python2", registry=registry))
    assert plain == oldattrs.Pair(5, "second", "first")
    assert point == oldattrs.Point(x=1, y=2)
    assert nested == oldattrs.Pair(5, [point], point)
    assert nested.a is nested.b[0] is point


# --- python2 ----------------------------------------------------------------------------------


@pytest.fixture
def py2classes(monkeypatch):
    """Today's classes."""
    module = types.ModuleType("py2classes")
    for name in ("Old", "New"):
        setattr(module, name, type(name, (), {"__module__": "py2classes"}))
    monkeypatch.setitem(sys.modules, "py2classes", module)
    return module


@pytest.mark.parametrize("path", files("python2"), ids=ids)
def test_python2(path, py2classes):
    """Every kind of value of its standard library, at its three protocols."""
    found = pickle.loads(upgraded(path, "python2"))
    assert found.pop("sets") == ({1, "x"}, frozenset([2]), {"y"}, frozenset([3]))
    text = found.pop("io")
    assert (text.getvalue(), text.tell()) == ("first second", 12)
    assert found.pop("cookie")["key"].value == "value"
    old, mail = found.pop("old"), found.pop("mail")
    assert old.name == "Zoë"
    assert old.new.old is old
    assert old.new.when == datetime.datetime(2013, 1, 2, 3, 4, 5, 6)
    assert (mail["Subject"], mail.get_payload()) == ("hi", "hello")
    errors = found.pop("errors")
    assert [(type(e), e.args) for e in errors] == [
        (ValueError, ("wröng", 1)),
        (KeyError, ("k",)),
        (Exception, ("s",)),
        (FileNotFoundError, (2, "gone")),
    ]
    assert found == {
        "user": {"a": 1},
        "times": [
            datetime.date(2009, 7, 31),
            datetime.time(1, 2, 3),
            datetime.timedelta(1, 2, 3),
        ],
        "numbers": [1, 2**40, 1.5, 2j, decimal.Decimal("1.10"), True, None],
        "stat": os.stat_result(range(10)),
        "array": array.array("d", [1.0, 2.5]),
        "containers": [
            collections.OrderedDict([("b", 1), ("a", 2)]),
            {"k": ["v"]},
            collections.deque(["q"], 5),
        ],
        "types": [int, int, str, str, py2classes.Old, range(3)],
        "unicodë": "të",
        "bytesë": bytearray(b"\xff\xfe"),
    }
