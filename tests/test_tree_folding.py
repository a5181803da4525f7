"""What is left on the stack goes where its opcodes were going to put it."""

from __future__ import annotations

import pytest

from pickle_migrate.tree_builder import build


@pytest.mark.parametrize(
    ("data", "kind", "inside"),
    [
        (b"](K\x01K\x02", "list", 2),
        (b"]K\x01", "list", 1),
        (b"}(VA\nK\x02", "dict", 2),
        (b"}VA\nK\x02", "dict", 2),
        (b"\x8f(K\x01", "set", 1),
        (b"(K\x01K\x02", "tuple", 2),
        (b"](](](K\x01", "list", 1),
        (b"K\x01", "int", 0),
    ],
)
def test_containers_take_what_stands_above_them(data, kind, inside):
    """Marked unfinished, at each level."""
    root = build(data + b"\xff", 0, 100).root
    assert (root.kind, len(root.items)) == (kind, inside)
    assert root.unfinished == (kind != "int")


def test_objects_take_states_items_and_entries():
    """A dict above an object is its state; texts in turn are entries, other values items."""
    made = b"cm\nC\n)\x81"
    assert len(build(made + b"}(VA\nK\x01\xff", 0, 100).root.states) == 1
    assert len(build(made + b"(VA\nK\x01\xff", 0, 100).root.pairs) == 2
    assert len(build(made + b"(K\x01K\x02K\x03\xff", 0, 100).root.items) == 3


def test_nothing_is_nothing():
    """Marks alone make no value."""
    assert build(b"(((\xff", 0, 100).root is None
    assert build(b"\xff", 0, 100).root is None
