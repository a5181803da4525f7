"""Which of the two picklers writes a graph, and what the reducers give them."""

import copyreg
import pickle
import sys

import pytest

from pickle_migrate import shims, shims_writer
from pickle_migrate.shims_reader import load_graph


class Thing:
    pass


@pytest.fixture
def exactly(monkeypatch):
    """How often the slow pickler was needed."""
    calls = []
    true = shims_writer._exactly
    monkeypatch.setattr(shims_writer, "_exactly", lambda *a: calls.append(1) or true(*a))
    return calls


def test_usual_graphs_are_written_by_c(exactly):
    """All that pickle's own picklers of Python 3 write, at every protocol."""
    thing = Thing()
    thing.me, thing.all = thing, [Thing, {1, 2}, b"x", 1j]
    for protocol in range(6):
        shims.dumps(load_graph(pickle.dumps(thing, protocol)))
    assert exactly == []


@pytest.mark.parametrize("data", [b"(im\nC\n.", b"U\x01a.", b"Pa\n.", b"\x80\x02\x82\x01."])
def test_unusual_graphs_are_not(exactly, data):
    """What no reducer can say."""
    shims.dumps(load_graph(data))
    assert exactly == [1]


def test_a_raised_recursion_limit(exactly):
    """With it the C pickler of 3.11 could crash."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        shims.dumps(load_graph(pickle.dumps(Thing())))
    finally:
        sys.setrecursionlimit(limit)
    assert exactly == ([1] if sys.version_info < (3, 12) else [])


def test_reducers_of_the_program_hold_for_its_own_objects():
    """copyreg's table is asked for all that is no stand-in."""
    graph = load_graph(pickle.dumps([]))
    graph.root.append(Thing())
    copyreg.pickle(Thing, lambda thing: (str, ("reduced",)))
    try:
        assert pickle.loads(shims.dumps(graph)) == ["reduced"]
    finally:
        del copyreg.dispatch_table[Thing]


def test_the_table_itself():
    """It gives a KeyError for what has no reducer, as pickle expects."""
    table = shims_writer.Table()
    with pytest.raises(KeyError):
        table[Thing]
    with pytest.raises(KeyError):
        table[type]
