"""Places inside of a node: fields, items, arguments, and the class of what was made."""

from __future__ import annotations

import pytest

from pickle_migrate.refs import GlobalRef
from pickle_migrate.tree_builder import build
from pickle_migrate.tree_nodes import children, class_of


def root_of(data: bytes):
    return build(data, 0, 10_000).root


def places(node):
    return [c.label or c.key.text for c in children(node)]


def test_dict_and_slots_are_told_field_by_field():
    """The state (dict, slots), and (None, slots), as objects with __slots__ have them."""
    both = b"cm\nC\n)\x81}S'a'\nK\x01s}S'b'\nK\x02s\x86b."
    assert places(root_of(both)) == ["a", "b"]
    slots = b"cm\nC\n)\x81N}S'b'\nK\x02s\x86b."
    assert places(root_of(slots)) == ["b"]


def test_a_state_that_is_something_else_is_one_place():
    """A tuple or a text that __getstate__ gave."""
    assert places(root_of(b"cm\nC\n)\x81K\x01K\x02\x86b.")) == ["state"]
    assert places(root_of(b"cm\nC\n)\x81S'x'\nb.")) == ["state"]


def test_a_shared_state_stays_one_place():
    """So that its identity can be shown."""
    shared = b"}q\x00S'a'\nK\x01s0cm\nC\n)\x81h\x00b."
    assert places(root_of(shared)) == ["state"]


def test_arguments_come_first_and_empty_ones_are_left_out():
    """Then the state, the items, and the entries."""
    data = b"cm\nC\n(K\x01tR}S'a'\nK\x02sbK\x03aS'k'\nK\x04s."
    assert places(root_of(data)) == ["args", "a", "0", "k"]
    assert places(root_of(b"cm\nC\n)R.")) == []


def test_a_key_without_a_value_is_a_place():
    """The reading may end between the two."""
    found = build(b"}(S'a'\nK\x01S'b'\n", 0, 100).root
    assert places(found) == ["a", "key"]


@pytest.mark.parametrize("module", ["copyreg", "copy_reg"])
def test_constructors_make_their_first_argument(module):
    """copyreg._reconstructor(C, object, None) is a C."""
    data = b"c%s\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR." % module.encode()
    assert class_of(root_of(data)) == GlobalRef("m", "C")


def test_what_a_result_made_has_no_class():
    """A call of a result is named by nothing."""
    assert class_of(root_of(b"cm\nf\n)R)R.")) is None
