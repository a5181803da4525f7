"""What the rewriter says of its result is what a scan of it says."""

from __future__ import annotations

import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_rewriter import HERE, VALUES, Order, by_map

from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter import rewritten, scanned
from pickle_migrate.scanner import scan_all

PADDING = list(range(600))
BOTH = by_map(**{"Order": "Sale", "Order.Line": "Sale.Row"})


def told(data, new_ref):
    return rewritten(data, scanned(data), new_ref)


def assert_exact(found):
    again = scan_all(found.data)
    for new, expected in zip(found.scans.pickles, again.pickles, strict=True):
        assert new.longest >= expected.longest
        assert attrs.evolve(new, located=None, longest=expected.longest) == expected
    assert (found.scans.end, found.scans.size) == (again.end, again.size)
    assert found.scans.trailing == again.trailing


@given(VALUES, VALUES, st.integers(0, 5), st.sampled_from([pickle.dumps, pickle._dumps]))
def test_the_scans_are_those_of_a_scan(first, second, protocol, dumps):
    """Of a pickle of which only the beginning was read again, and of others."""
    for value in ([first, PADDING, second], [PADDING, first], first):
        assert_exact(told(dumps(value, protocol), BOTH))


@given(VALUES, VALUES, st.integers(0, 5))
def test_pickles_in_a_row(first, second, protocol):
    """Those without edits are where they are now."""
    rows = [
        dumps for value in (first, PADDING, second) for dumps in [pickle.dumps(value, protocol)]
    ]
    assert_exact(told(b"".join(rows) + b"\xff", BOTH))


@pytest.mark.parametrize("protocol", range(6))
def test_names_that_become_one(protocol):
    """Two classes, and a class that the pickle names anyway."""
    value = [Order(1), Order.Line(2), len, PADDING, Order.Line(3)]
    data = pickle.dumps(value, protocol)
    for new in (GlobalRef("m", "One"), GlobalRef("m", "One.Two"), GlobalRef("builtins", "len")):
        assert_exact(told(data, lambda g, new=new: new if g.ref.module == HERE else None))


@pytest.mark.parametrize("protocol", [2, 5])
def test_a_call_of_getattr_that_stays(protocol):
    """It is told to keep its name, which needs no edit, while another one changes."""
    body = b"cshop\nA\ncbuiltins\ngetattr\ncshop\nB\nX\x01\x00\x00\x00c\x86R\x86"
    padding = b"(" + b"K\x01" * 300 + b"l"
    data = b"\x80" + bytes([protocol]) + body + padding + b"\x86."
    assert_exact(told(data, lambda g: GlobalRef("m", "A") if g.ref.qualname == "A" else g.ref))


def test_nothing_changes():
    """The same bytes, and the scans that were given."""
    data = pickle.dumps(Order(1))
    scans = scanned(data)
    found = rewritten(data, scans, lambda g: None)
    assert found.data is data
    assert found.scans is scans
