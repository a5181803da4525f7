"""What each opcode does to the tree: objects, sharing, names, single values."""

from __future__ import annotations

import collections
import datetime
import pickle

import pytest

from pickle_migrate.opcodes import BY_CODE
from pickle_migrate.refs import GlobalRef
from pickle_migrate.tree_builder import build
from pickle_migrate.tree_nodes import children, class_of
from pickle_migrate.tree_steps import STEPS

LIMIT = 100_000


class Thing:
    def __init__(self, **fields):
        self.__dict__.update(fields)


def tree(value, protocol=4):
    return build(pickle.dumps(value, protocol), 0, LIMIT)


@pytest.mark.parametrize("protocol", range(6))
def test_an_object_has_its_class_and_its_fields(protocol):
    """Under each protocol's way of making one."""
    root = tree(Thing(a=1, b=[2]), protocol).root
    assert root.kind == "object"
    assert class_of(root) == GlobalRef(__name__, "Thing")
    fields = {c.key.text: c.node for c in children(root) if c.key is not None}
    assert fields["a"].text == "1"
    assert [item.text for item in fields["b"].items] == ["2"]


def test_a_result_of_a_call_keeps_arguments_items_and_entries():
    """What REDUCE gave, and what was put into it."""
    root = tree(collections.OrderedDict(a=1)).root
    assert (root.made, class_of(root)) == ("called", GlobalRef("collections", "OrderedDict"))
    assert [n.text for n in root.pairs] == ["a", "1"]
    root = tree(collections.deque([1, 2], 5)).root
    assert [n.text for n in root.items] == ["1", "2"]
    root = tree(datetime.date(2020, 1, 2)).root
    assert [c.label for c in children(root)] == ["args"]


def test_a_shared_value_is_one_node():
    """As the memo says, and a cycle is a node inside of itself."""
    inner = [1]
    root = tree([inner, inner]).root
    assert root.items[0] is root.items[1]
    assert root.items[0].again == 1
    root = tree((cycle := [], cycle.append(cycle))[0]).root
    assert root.items == [root]


def test_sizes_are_those_of_the_opcodes():
    """From the first opcode of a value to the last one that fills it; a place that refers to the
    memo is as large as the GET.
    """
    shared = Thing(x="y" * 50)
    root = tree([Thing(s=shared), Thing(s=shared)]).root
    first, second = root.items
    assert first.end - first.start > 50 > second.end - second.start


def test_a_nested_class_below_protocol_4_is_a_global():
    """getattr(Outer, "Inner") is how it is written there."""
    data = b"cbuiltins\ngetattr\n(cm\nOuter\nVInner\ntR."
    root = build(data, 0, LIMIT).root
    assert (root.kind, root.ref) == ("global", GlobalRef("m", "Outer.Inner"))


def test_a_computed_name_has_no_ref():
    """And a name that is longer than any is one."""
    assert build(b"\x80\x04]]\x93.", 0, LIMIT).root.ref is None
    long = b"X" + (3000).to_bytes(4, "little") + b"a" * 3000
    assert build(long + b"X\1\0\0\0b\x93.", 0, LIMIT).root.ref is None


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        (b"Pid\n.", "persistent id", "id"),
        (b"K\x01Q.", "persistent id", ""),
        (b"\x80\x05\x97.", "buffer", ""),
        (b"\x82\x07.", "extension", "7"),
        (b"I01\n.", "bool", "True"),
        (b"L" + b"9" * 5000 + b"L\n.", "int", "a number of 5001 digits"),
        (b"\x8b\x20\0\0\0" + b"\xff" * 32 + b".", "int", "a number of 32 bytes"),
        (b"S'a\\x41'\n.", "8-bit str", "aA"),
        (b"F1.5\n.", "float", "1.5"),
        (b"g5\n.", "unknown", "memo 5, which is not set here"),
    ],
)
def test_single_values(data, kind, text):
    """Kinds that are no containers; numbers are not converted beyond a few digits."""
    root = build(data, 0, LIMIT).root
    assert (root.kind, root.text) == (kind, text)


def test_texts_that_may_be_pickles_are_noted():
    """With their offsets; ordinary texts are not."""
    inner = pickle.dumps([1, 2, 3], 4)
    data = pickle.dumps({"a": inner, "b": "text", "c": b"bytes that are none"}, 4)
    (value,) = build(data, 0, LIMIT).values
    assert data[value.start : value.end] == inner


def test_every_opcode_has_a_step():
    """None is left out, of any protocol."""
    assert set(STEPS) == set(BY_CODE)
