"""How heavy values are: depth, expansion, and what hashing walks."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import LimitError
from pickle_migrate.limits import Limits
from pickle_migrate.scan_entries import EXPANSION_CAP
from pickle_migrate.scanner import scan

atoms = st.none() | st.integers() | st.text(max_size=3)
keys = st.recursive(
    st.integers(0, 99), lambda inner: st.tuples(inner) | st.frozensets(inner, max_size=3)
)
graphs = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
        st.frozensets(keys, max_size=3),
        inner.map(lambda x: [x, x]),
        inner.map(lambda x: (x, [x], {1: x})),
    ),
    max_leaves=8,
)


def weight(value):
    """Depth and count, with each shared value counted wherever it stands."""
    if not isinstance(value, list | tuple | dict | frozenset):
        return 0, 1
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)
    weights = [weight(part) for part in parts]
    return 1 + max((d for d, _ in weights), default=0), 1 + sum(w for _, w in weights)


@given(graphs, st.integers(4, 5))
def test_depth_and_expansion(graph, protocol):
    """As if no value were shared."""
    found = scan(pickle.dumps(graph, protocol))
    assert (found.depth, found.expansion) == weight(graph)


def hashed(value):
    if not isinstance(value, tuple | frozenset):
        return 0, 1
    weights = [hashed(part) for part in value]
    return 1 + max((d for d, _ in weights), default=0), 1 + sum(w for _, w in weights)


@given(st.lists(keys, min_size=1, max_size=4), st.integers(4, 5))
def test_keys(chosen, protocol):
    """Depth and weight of the largest; 0 where all are atoms."""
    if not any(hashed(x)[0] for x in chosen):
        assert scan(pickle.dumps(dict.fromkeys(chosen), protocol)).hashed_depth == 0
        return
    # A member of a frozenset is hashed too.
    found = scan(pickle.dumps([dict.fromkeys(chosen), frozenset(chosen)], protocol))
    assert found.hashed_expansion == max(hashed(x)[1] for x in chosen)
    assert found.hashed_depth == max(hashed(x)[0] for x in chosen)


@pytest.mark.parametrize("protocol", range(6))
def test_members_of_sets(protocol):
    """In protocols 0 to 3 a set is a call with a list."""
    found = scan(pickle.dumps({(1, (2, 3))}, protocol))
    assert (found.hashed_depth, found.hashed_expansion) == (2, 5)
    assert scan(pickle.dumps({1, 2}, protocol)).hashed_expansion == 0


BOMB = b")" + b"2\x86" * 70


@pytest.mark.parametrize(
    "data",
    [
        BOMB + b".",
        b")q\x00" + b"0h\x00h\x00\x86q\x00" * 70 + b".",
        b"]" + b"q\x00(h\x00h\x00l" * 70 + b".",
        b"".join([b"]("] * 70) + b"]" + b"22e" * 70 + b".",
        b"}q\x000]" + b"q\x000}q\x00Nh\x00s" + b"0]q\x01h\x00ah\x00aq\x00" * 70 + b".",
    ],
)
def test_shared_values_multiply(data):
    """Through DUP and the memo, in tuples and lists; counting stops at the cap."""
    assert scan(data).expansion == EXPANSION_CAP


def test_a_bomb_as_a_key():
    """A few hundred bytes that would hash for years."""
    for data in (b"}" + BOMB + b"Ns.", b"\x8f(" + BOMB + b"\x90.", b"(" + BOMB + b"\x91."):
        assert scan(data).hashed_expansion == EXPANSION_CAP
        with pytest.raises(LimitError) as caught:
            scan(data, limits=Limits())
        assert caught.value.limit == "hashed_expansion"
        assert caught.value.offset < len(data)
    assert scan(b"}N" + BOMB + b"s.").hashed_expansion == 0


def test_a_bomb_for_set_and_ordereddict():
    """What a call of these hashes is found in the lists that they get."""
    for name in (b"c__builtin__\nset\n", b"cbuiltins\nfrozenset\n", b"ccollections\nOrderedDict\n"):
        for args in (b"](" + BOMB + b"e\x85", b"]](" + BOMB + b"Nea\x85", BOMB + b"\x85"):
            found = scan(name + args + b"R.")
            assert found.hashed_expansion >= EXPANSION_CAP - 1


def test_many_keys_that_share_a_heavy_tuple():
    """Each is within the limit; together they are not."""
    heavy = b")" + b"2\x86" * 15 + b"q\x000"
    keys = b"".join(b"h\x00J" + i.to_bytes(4, "little") + b"\x86Ns" for i in range(1000))
    with pytest.raises(LimitError) as caught:
        scan(heavy + b"}" + keys + b".", limits=Limits())
    assert caught.value.limit == "hashed_expansion"
    few = b"h\x00N\x86Ns" * 10
    assert scan(heavy + b"}" + few + b".", limits=Limits()).hashed_depth == 17


class Node:
    """Refers to whatever it is given."""


@pytest.mark.parametrize("protocol", range(6))
def test_cycles(protocol):
    """A value inside itself counts 1 there."""
    node, items = Node(), []
    node.me, node.items = node, items
    items += [node, items, {"items": items}]
    found = scan(pickle.dumps(node, protocol))
    assert found.expansion < 40
    assert found.depth < 8


@pytest.mark.parametrize("protocol", range(6))
def test_parents(protocol):
    """Many children that refer to the list they are in, or to its owner: linear, not more."""
    root = Node()
    root.children = [Node() for _ in range(3000)]
    for child in root.children:
        child.parent, child.siblings = root, root.children
    found = scan(pickle.dumps(root, protocol))
    assert found.expansion < 40_000
    assert found.depth < 7


class Limited:
    """Data that goes beyond one limit, and what it asks for there."""

    CASES = [
        ("size", b"N" * 10 + b".", 10, 11),
        ("size", b"\x8c\x09abcdefghi.", 10, 12),
        ("size", b"Vabcdefghi\n.", 10, 12),
        ("opcodes", b"N0" * 5 + b"N.", 10, 11),
        ("depth", b"]" * 5 + b"aaaa.", 4, 5),
        ("depth", b"(((((.", 4, 5),
        ("item", b"\x8c\x05abcde.", 4, 5),
        ("item", b"Vabcde\n.", 4, 5),
        ("expansion", b")2\x862\x86.", 4, 7),
        ("hashed_depth", b"}))\x86\x85Ns.", 2, 3),
        ("hashed_expansion", b"}" + b"(" + b"N" * 999 + b"tNs.", 500, 1000),
        ("memo_key", b"Nr\x00\x00\x01\x000N" + b"r\x09\x00\x01\x00.", 1, 65545),
        ("digits", b"I" + b"1" * 700 + b"\n.", 699, 700),
        ("digits", b"L" + b"1" * 700 + b"L\n.", 699, 700),
    ]


@pytest.mark.parametrize(("limit", "data", "allowed", "found"), Limited.CASES)
def test_limits(limit, data, allowed, found):
    """Each is refused where it is crossed, with the numbers; and taken when allowed."""
    with pytest.raises(LimitError) as caught:
        scan(data, limits=Limits(**{limit: allowed}))
    error = caught.value
    assert (error.limit, error.found) == (limit, found)
    assert error.offset < len(data)
    if limit != "memo_key" and data[-2:] != b"(.":
        enough = 12 if limit == "opcodes" else found
        assert scan(data, limits=Limits(**{limit: enough})).end == len(data)


def test_a_sparse_memo():
    """Nine bytes that take 1.5 GB in C."""
    with pytest.raises(LimitError, match="memo_key"):
        scan(b"Nr" + (10**8).to_bytes(4, "little") + b".", limits=Limits())


@pytest.mark.parametrize("protocol", range(6))
def test_large_is_not_hostile(protocol):
    """No default limit refuses honest data: many keys, long texts, deep lists, wide tuples."""
    deep = []
    for _ in range(400):
        deep = [deep]
    rows = [{"id": i, "name": f"n{i}", "at": (i, i)} for i in range(2000)]
    keyed = {(i, (str(i), i)): frozenset([i]) for i in range(2000)}
    graph = [deep, rows, keyed, "x" * 10**6, tuple(range(70_000)), 10**4000, Node()]
    scan(pickle.dumps(graph, protocol), limits=Limits())
