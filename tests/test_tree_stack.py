"""Stack and marks of nodes: what is taken, and where its opcodes begin."""

from __future__ import annotations

import pytest

from pickle_migrate.tree_nodes import Node
from pickle_migrate.tree_stack import Stack, Stop


def pushed(stack: Stack, at: int) -> Node:
    stack.at = at
    return stack._push(Node("int", at, at + 1))


def test_values_above_a_mark_are_taken_together():
    """The mark goes with them, and says where the group begins."""
    stack = Stack(0)
    pushed(stack, 1)
    stack.marks.append(1)
    stack._mark_starts.append(2)
    nodes = [pushed(stack, 3), pushed(stack, 4)]
    assert stack._to_mark() == nodes
    assert (stack._start, stack.marks) == (2, [])


def test_nothing_is_taken_from_below_a_mark():
    """As the unpickler has it."""
    stack = Stack(0)
    with pytest.raises(Stop):
        stack._pop()
    with pytest.raises(Stop):
        stack._to_mark()
    pushed(stack, 1)
    stack.marks.append(1)
    for take in (stack._pop, stack._top):
        with pytest.raises(Stop):
            take()


def test_a_value_that_is_taken_says_where_it_began():
    """Which of a shared one is its GET."""
    stack = Stack(0)
    node = pushed(stack, 1)
    stack._push(node, 9)
    assert (stack._pop(), stack._start) == (node, 9)
    assert (stack._pop(), stack._start) == (node, 1)
