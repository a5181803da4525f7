"""Objects of one shape have one colour in both graphs, and members are paired by it."""

import pickle

import pytest

from pickle_migrate.graph_colours import Colours, matches
from pickle_migrate.graph_parts import Reader


class Node:
    def __init__(self, **fields):
        self.__dict__.update(fields)


def finest(colours, obj):
    return colours.of(obj)[-1]


def coloured(left, right, **options):
    return Colours(Reader(), left, right, **{"break_ties": False, **options})


def paired(left, right, **options):
    """The pairs of members of two sets, as pairs of their names."""
    items = [[(member, None) for member in one] for one in (left, right)]
    colours = coloured(left, right, **options)
    return {
        tuple(None if item is None else item[0].name for item in pair)
        for pair in matches(*items, colours, lambda obj: None, lambda obj: False)
        if pair is not None
    }


def test_own_values_tell():
    """Members with different values have different colours, the same ones in both graphs."""
    left = {Node(name=name) for name in "abc"}
    right = pickle.loads(pickle.dumps(left))
    assert paired(left, right) == {("a", "a"), ("b", "b"), ("c", "c")}


def test_what_they_hold_tells():
    """So do members that differ only some steps away."""
    left = {Node(name=name, next=Node(next=[Node(end=name)])) for name in "ab"}
    for node in left:
        node.name = node.next.next[0].end
    right = pickle.loads(pickle.dumps(left))
    assert paired(left, right) == {("a", "a"), ("b", "b")}


@pytest.mark.parametrize(
    "wrap", [list, tuple, lambda held: frozenset([tuple(held)]), dict.fromkeys]
)
def test_what_holds_them_tells(wrap):
    """And members that only differ in where else they are held, also inside immutables."""
    nodes = [Node() for _ in range(3)]
    graph = [set(nodes), Node(first=wrap([nodes[0]]), second=wrap([nodes[1]]))]
    again = pickle.loads(pickle.dumps(graph))
    colours = coloured(graph, again)
    assert len({finest(colours, node) for node in nodes}) == 3
    assert {finest(colours, node) for node in graph[0]} == {
        finest(colours, node) for node in again[0]
    }


def test_copies_of_immutables_change_no_colour():
    """An immutable that is shared in one graph and copied in the other tells nothing."""
    one, two = Node(), Node()
    pair = (one,)
    left = [{one, two}, Node(a=pair, b=pair), two]
    left_twin = pickle.loads(pickle.dumps(left))
    left_twin[1].b = (left_twin[1].a[0],)
    colours = coloured(left, left_twin)
    assert finest(colours, one) == finest(colours, left_twin[1].a[0])
    assert finest(colours, two) == finest(colours, left_twin[2])


def test_ties_are_broken():
    """With effort, members that nothing tells apart get different colours, in pairs."""
    left, right = ({Node(), Node(), Node()} for _ in range(2))
    colours = coloured(left, right)
    assert len({finest(colours, node) for node in left}) == 1
    colours = coloured(left, right, break_ties=True)
    assert len({finest(colours, node) for node in left}) == 3
    assert {finest(colours, node) for node in left} == {finest(colours, node) for node in right}


def test_a_member_that_changed_is_paired_with_what_it_was():
    """What differs somewhere goes to its like, so that the difference is found inside."""
    left = {Node(name=name, deep=[[name]]) for name in "abc"}
    right = pickle.loads(pickle.dumps(left))
    next(node for node in right if node.name == "b").deep[0][0] = "changed"
    assert paired(left, right) == {("a", "a"), ("b", "b"), ("c", "c")}


def test_what_has_no_partner_stays_alone():
    """A member too many is paired with None."""
    left = {Node(name="a"), Node(name="b")}
    right = {Node(name="a")}
    assert paired(left, right) == {("a", "a"), ("b", None)}
    assert paired(right, left) == {("a", "a"), (None, "b")}


def test_unreadable_objects_have_colours():
    """A reducer that raises is told by its type; the walk reports it."""

    class Raising:
        def __reduce__(self):
            raise ValueError

    left, right = {Raising(), 1}, {Raising(), 1}
    colours = coloured(left, right)
    assert len({finest(colours, obj) for obj in left | right if obj != 1}) == 1
