"""Walking graphs of stand-ins and swapping their parts: laws over any nesting of containers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate import shims
from pickle_migrate.errors import ForeignError
from pickle_migrate.foreign import walk


class Old:
    """What is swapped out; hashed by identity."""


OLD = [Old(), Old(), Old()]
NEW = ["first", ("second", 2), frozenset([3])]

hashable = st.recursive(
    st.one_of(st.integers(0, 3), st.sampled_from(OLD)),
    lambda inner: st.one_of(st.tuples(inner, inner), st.frozensets(inner, max_size=3)),
    max_leaves=6,
)
values = st.recursive(
    hashable,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(hashable, inner, max_size=3),
        st.sets(hashable, max_size=3),
    ),
    max_leaves=20,
)


def expected(value):
    """The same with the new in the place of the old, by plain recursion."""
    if isinstance(value, Old):
        return NEW[next(i for i, one in enumerate(OLD) if one is value)]
    if isinstance(value, dict):
        return {expected(k): expected(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(map(expected, value))
    return value


@given(values)
def test_each_old_part_is_swapped_wherever_it_stands(value):
    """In keys, members and values, however deep."""
    wanted = expected(value)
    swaps = walk.Swaps()
    for old, new in zip(OLD, NEW, strict=True):
        swaps.add(old, new)
    roots = [value]
    swaps.settle(roots)
    assert roots == [wanted]


@given(values)
def test_a_swap_that_changes_nothing_leaves_every_node(value):
    """The same objects, not equal ones."""
    nodes = list(walk.each_after_its_parts([value]))
    for node in nodes:
        assert walk.put(node, lambda part: part) is node


@given(values)
def test_each_node_comes_once_and_after_its_parts(value):
    """There are no circles here."""
    places = {id(node): at for at, node in enumerate(walk.each_after_its_parts([value]))}
    for node in walk.each_after_its_parts([value]):
        for part in walk.parts_of(node):
            if walk.is_node(part):
                assert places[id(part)] < places[id(node)]


def test_shared_and_circular_parts():
    """A shared list stays one list; a tuple in a circle is made anew."""
    old, shared = OLD[0], []
    shared.append((shared, old))
    roots = [shared, shared]
    swaps = walk.Swaps()
    swaps.add(old, "new")
    swaps.settle(roots)
    assert roots[0] is roots[1]
    assert roots[0][0][0] is roots[0]
    assert roots[0][0][1] == "new"


def test_stand_ins_keep_their_order_of_parts():
    """Arguments, items, pairs, state, and what comes out of the usual order."""
    data = b"\x80\x02cm\nC\n(K\x01tR(K\x02e(K\x03K\x04u}U\x01ks\x62K\x05a."
    data = data.replace(b"U\x01ks", b"X\x01\x00\x00\x00kK\x06s")
    shim = shims.loads(data).root
    parts = [part for part in walk.parts_of(shim) if type(part) is int or type(part) is dict]
    assert parts == [1, 2, 3, 4, {"k": 6}, 5]
    walk.put(shim, lambda part: part + 10 if type(part) is int else part)
    assert (shim.args, shim.items, shim.pairs) == ((11,), [12], [(13, 14)])
    assert shim.later[0].values == (15,)


def test_two_that_are_to_take_each_others_place():
    """That has no end, and is said."""
    swaps = walk.Swaps()
    swaps.add(OLD[0], OLD[1])
    swaps.add(OLD[1], OLD[0])
    with pytest.raises(ForeignError, match="each other's place"):
        swaps.of(OLD[0])
