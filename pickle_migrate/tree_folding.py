"""A tree whose reading ended early: what is left on the stack, put where it was going.

Values that an opcode was still to put into a list, a dict or an object stand above it on the stack.
They are put there now, and what was being filled is marked unfinished.
"""

from __future__ import annotations

from pickle_migrate.tree_nodes import Node


def folded(stack: list[Node], marks: list[int]) -> Node | None:
    """One node of what is left on the stack: each group goes where its opcodes were to put it."""
    rest = list(stack)
    for number in range(len(marks) - 1, -1, -1):
        mark, outer = marks[number], marks[number - 1] if number else 0
        items = _with_state(rest[mark:])
        del rest[mark:]
        if not items:
            continue
        if len(rest) > outer and _is_filled(rest[-1], items):
            rest[-1].unfinished = True
        else:
            rest.append(_tuple(items))
    rest = _with_state(rest)
    if not rest:
        return None
    if len(rest) > 1 and _is_filled(rest[0], rest[1:]):
        rest[0].unfinished = True
        return rest[0]
    return rest[0] if len(rest) == 1 else _tuple(rest)


def _with_state(items: list[Node]) -> list[Node]:
    """A group whose topmost value may be the state of the one below it."""
    if len(items) < 2:
        return items
    owner, state = items[-2], items[-1]
    if owner.kind != "object" or owner.states or state.kind not in ("dict", "tuple"):
        return items
    if not state.unfinished and len(items) > 2:
        return items
    owner.states.append(state)
    owner.unfinished = True
    return items[:-1]


def _is_filled(owner: Node, items: list[Node]) -> bool:
    """Put items where they were to go; False when the owner is nothing that takes any."""
    if owner.kind in ("list", "set", "dict"):
        owner.items += items
    elif owner.kind == "object" and all(item.kind in ("str", "8-bit str") for item in items[::2]):
        owner.pairs += items
    elif owner.kind == "object":
        owner.items += items
    else:
        return False
    owner.end = max(owner.end, items[-1].end)
    return True


def _tuple(items: list[Node]) -> Node:
    node = Node("tuple", items[0].start, items[-1].end)
    node.items, node.unfinished = items, True
    return node
