"""Weights with edges kept: the same as those of the stack model, and right where it can't be."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import LimitError
from pickle_migrate.limits import NO_LIMITS, Limits
from pickle_migrate.scan_graph import Graph, weighed
from pickle_migrate.scan_reader import Reader
from pickle_migrate.scan_run import run
from pickle_migrate.scanner import scan

atoms = st.none() | st.integers() | st.text(max_size=3) | st.binary(max_size=3)


class Point:
    def __init__(self, x):
        self.x = x


graphs = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.integers(), inner, max_size=4),
        st.frozensets(st.integers(), max_size=3),
        st.builds(Point, inner),
        inner.map(lambda x: [x, (x, x)]),
    ),
    max_leaves=8,
)


def read(data):
    reader = Reader(data, 0, None, NO_LIMITS)
    run(reader)
    return reader


@given(graphs, st.integers(0, 5), st.sampled_from([pickle.dumps, pickle._dumps]))
def test_the_same_as_the_stack_model(graph, protocol, dumps):
    """For what picklers write without cycles."""
    reader = read(dumps(graph, protocol))
    assert not reader.machine.late
    assert weighed(reader) == (reader.machine.depth, reader.machine.weight)


def top_down(levels, width=2):
    """Lists that are put into each other while they are empty, the outermost first."""
    made = b"".join(b"]p%d\n0" % i for i in range(levels))
    filled = [b"g%d\n(" % i + b"g%d\n" % (i + 1) * width + b"e0" for i in range(levels - 1)]
    return made + b"".join(filled) + b"g0\n."


def test_lists_that_are_filled_last():
    """The sum of the stack model would be linear."""
    found = scan(top_down(30))
    assert (found.depth, found.expansion) == (30, 2**30 - 1)
    with pytest.raises(LimitError, match="expansion"):
        scan(top_down(30), limits=Limits(expansion=10**6))
    with pytest.raises(LimitError, match="depth"):
        scan(top_down(30), limits=Limits(depth=29))


@pytest.mark.parametrize(
    "data",
    [
        b"]p0\ng0\n\x85g0\n(NNNe0\x86.",
        b"]2\x85p1\n0NaNaNag1\n\x86.",
        b"]p0\n0g0\n\x85p1\n0g0\n(NNNe0g1\n.",
        b"]p0\n\x85p1\n0g0\n(NNNe0g1\n.",
        b"]p0\np1\n0g1\n\x85p2\n0g0\n(NNNe0g2\n.",
    ],
)
def test_nothing_is_filled_unnoticed(data):
    """After it was used: through DUP, the memo, two keys, or where it stands on the stack."""
    assert weighed(read(data))[1] <= scan(data).expansion


@given(st.lists(st.sampled_from([b"]p%d\n", b"g%d\n", b"\x85", b"\x86", b"a", b"0", b"2", b"N"])))
def test_programs_that_no_pickler_writes(parts):
    """Whatever is done with lists and tuples: never less than the graph has."""
    data = b"N" + b"".join(p % (i % 3) if b"%" in p else p for i, p in enumerate(parts)) + b"."
    try:
        reader = read(data)
    except pickle.UnpicklingError:
        return
    found = scan(data)
    if not found.effects:  # C refuses to append to a tuple
        assert weighed(reader)[1] <= found.expansion


def test_cycles_end():
    """A value inside itself counts 1 there."""
    graph = Graph()
    one, two = graph.new((0, 0)), graph.new()
    graph.add(one, (two, two, one))
    graph.add(two, (one, 0))
    assert graph.weigh(one) == (2, 1 + 2 + 3 + 3 + 1)
    assert graph.weigh(0) == (0, 1)


def test_depth_costs_no_recursion():
    """100,000 levels."""
    assert weighed(read(b"N" + b"\x85" * 100_000 + b".")) == (100_000, 100_001)
