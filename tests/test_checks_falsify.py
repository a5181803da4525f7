"""Falsified expectations: whatever the state, something in it is made other, and nothing else."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.archive.state_compare import same
from pickle_migrate.archive.states import state_of
from pickle_migrate.checks.falsify import falsified

ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
OBJECTS = st.recursive(
    ATOMS | st.binary(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.tuples(inner, inner)
        | st.frozensets(st.integers(), max_size=3)
    ),
    max_leaves=8,
)


@given(OBJECTS)
def test_each_is_another_state(obj):
    """At least one change, and each of them is seen by the comparison; the given one stays."""
    state = [state_of(obj)]
    before = copy.deepcopy(state)
    found = list(falsified(state))
    assert found
    assert all(not same(state, new) for _, new in found)
    assert same(before, state)


class Order:
    def __init__(self):
        self.qty = 3


def test_a_value_a_name_and_a_class():
    words = dict(falsified([state_of(Order())]))
    assert list(words) == ["a value", "the name of a field", "a class"]
    assert words["a value"][0]["fields"] == {"qty": -3}
    assert words["the name of a field"][0]["fields"] == {"qty_falsified": 3}
    assert words["a class"][0]["class"].endswith("Order_falsified")


@pytest.mark.parametrize("state", [[], [[]], [{}], [{"dict": {}}]])
def test_what_holds_nothing_is_falsified_as_a_whole(state):
    assert [words for words, _ in falsified(state)] == ["all of it"]


@pytest.mark.parametrize("value", [0, 0.0, -0.0, float("nan"), float("inf"), 1e308, True, None, ""])
def test_every_atom_can_be_made_another(value):
    ((_, new),) = falsified([value])
    assert not same([value], new)
