"""The memo holds entries by key, as C's does, whatever the keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_entries import EMPTY_LIST, Named
from pickle_migrate.scan_memo import SITE, Memo, Places


@given(st.lists(st.integers(0, 6) | st.integers(0, 10**9)))
def test_a_dict_with_a_count(keys):
    """Any order, gaps, overwritten: what was put last is got, and all are counted."""
    memo, model = Memo(), {}
    for value, key in enumerate(keys):
        memo.put(key, value)
        model[key] = value
        assert len(memo) == len(model)
        assert memo.highest == max(model)
    assert all(memo.get(key) == value for key, value in model.items())
    for missing in {7, 10**9 + 1} - set(model):
        with pytest.raises(KeyError):
            memo.get(missing)


def test_settled_only_where_it_still_stands():
    """A key that was set again keeps its entry."""
    memo = Memo()
    memo.put(0, 5)
    memo.put(9, 6)
    for key, old in ((0, 5), (9, 6)):
        memo.settle(key, 7, EMPTY_LIST)
        assert memo.get(key) == old
        memo.settle(key, memo.get(key), EMPTY_LIST)
        assert memo.get(key) is EMPTY_LIST


def test_sites():
    """Each opcode that names a global, with its texts, and the memo when they stand there."""
    memo, named = Memo(), Named(GlobalRef("m", "n"), 5, 4)
    memo.put(0, 2)
    places = Places(99)
    places.add(named, 5, (1, 2), memo)
    places.add(named, 9, (0, 0), memo)
    assert list(named.sites) == [5, 1, 2, 1, 9, 0, 0, 0]
    assert len(named.sites) == 2 * SITE
    assert memo.holds(0, 2)
    assert not memo.holds(1, 2)
