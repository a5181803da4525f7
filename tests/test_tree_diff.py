"""What differs between two pickles' graphs, place by place, sharing included."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.tree_builder import build
from pickle_migrate.tree_diff import CHANGED, ONLY_A, ONLY_B, SHARING, compare


class Thing:
    def __init__(self, **fields):
        self.__dict__.update(fields)


def differences(a, b, limit: int = 100, protocols=(4, 4)):
    data = [pickle.dumps(v, p) for v, p in zip((a, b), protocols, strict=True)]
    trees = [(build(d, 0, 100_000), d) for d in data]
    return [(d.kind, d.path) for d in compare(trees[0], trees[1], limit).differences]


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(values, st.integers(2, 5), st.integers(2, 5))
def test_the_same_value_is_the_same_under_other_protocols(value, one, other):
    """How it is spelled is no difference."""
    assert differences(value, copy.deepcopy(value), protocols=(one, other)) == []


@given(values, values)
def test_other_values_differ(a, b):
    """Some difference is told exactly if there is one."""
    assert bool(differences(a, b)) == (a != b)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1, 2], [1, 3], [(CHANGED, "[1]")]),
        ([1, 2], [1], [(ONLY_A, "[1]")]),
        ({"a": 1}, {"a": 1, "b": 2}, [(ONLY_B, "['b']")]),
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}, []),
        (1, "1", [(CHANGED, "(the whole)")]),
        ({1, 2}, {2, 3}, [(ONLY_A, "[0]"), (ONLY_B, "[1]")]),
        (Thing(a=1, b=[2]), Thing(a=1, b=[3]), [(CHANGED, ".b[0]")]),
        (Thing(a=1), Thing(b=1), [(ONLY_A, ".a"), (ONLY_B, ".b")]),
        (Thing(), {}, [(CHANGED, "(the whole)")]),
        ("x" * 5000 + "a", "x" * 5000 + "b", [(CHANGED, "(the whole)")]),
        (2**200, 2**200 + 1, [(CHANGED, "(the whole)")]),
    ],
)
def test_differences(a, b, expected):
    """By place; the order of keys is none."""
    found = differences(a, b)
    if isinstance(a, set):
        assert sorted(kind for kind, _ in found) == sorted(kind for kind, _ in expected)
    else:
        assert found == expected


def test_sharing_is_a_difference():
    """Equal values in two places are not one value in two places."""
    shared = [1]
    assert differences([shared, shared], [[1], [1]]) == [(SHARING, "[1]")]
    assert differences([[1], [1]], [shared, shared]) == [(SHARING, "[1]")]
    assert differences([shared, shared, [1]], [shared, [1], shared]) == [
        (SHARING, "[1]"),
        (SHARING, "[2]"),
    ]
    assert differences([shared, shared], [shared, shared]) == []


def test_cycles_end():
    """In both, in one, and of other lengths."""
    one: list = []
    one.append(one)
    two: list = [[]]
    two[0].append(two)
    assert differences(one, copy.deepcopy(one)) == []
    assert [kind for kind, _ in differences(one, two)] == [SHARING]


def test_much_is_cut_and_sharing_is_not_walked_again():
    """No more differences than asked for; a billion laughs against another one ends."""
    assert len(differences(list(range(1000)), list(range(1, 1001)), limit=7)) == 7
    both = []
    for word in ("ha", "ho"):
        value: list = [word]
        for _ in range(25):
            value = [value] * 10
        both.append(value)
    assert len(differences(*both)) == 1


def test_classes_that_moved_are_told():
    """The same state under another name."""
    data = [b"c%s\nC\n)\x81}S'a'\nK\x01sb." % m for m in (b"old", b"new")]
    trees = [(build(d, 0, 1000), d) for d in data]
    (found,) = compare(trees[0], trees[1], 10).differences
    assert (found.kind, found.path) == (CHANGED, "(the whole)")
