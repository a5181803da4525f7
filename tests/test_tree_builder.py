"""The tree of a pickle: every picklable shape, bounded, and never more than what was read."""

from __future__ import annotations

import pickle
import pickletools

from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.tree_builder import Builder, build, names_something
from pickle_migrate.tree_nodes import ATOMS, CONTAINERS, Node, children

LIMIT = 100_000


class Thing:
    def __init__(self, **fields):
        self.__dict__.update(fields)


def tree(value, protocol=4):
    return build(pickle.dumps(value, protocol), 0, LIMIT)


def rebuilt(node: Node):
    """The plain value that a tree of atoms and containers stands for."""
    if node.kind in ("list", "tuple", "set", "frozenset"):
        kind = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[node.kind]
        return kind(rebuilt(item) for item in node.items)
    if node.kind == "dict":
        return {rebuilt(k): rebuilt(v) for k, v in zip(*[iter(node.items)] * 2, strict=True)}
    if node.kind in ("bytes", "bytearray"):
        return node.text.encode("latin-1")
    if node.kind == "str":
        return node.text
    return {"None": lambda t: None, "bool": lambda t: t == "True", "int": int, "float": float}[
        node.kind
    ](node.text)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 100), 1 << 100)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
        | st.sets(st.integers(), max_size=4)
    ),
    max_leaves=20,
)


@given(plain, st.integers(4, 5))
def test_plain_values_stand_in_the_tree_as_they_are(value, protocol):
    """What a pickler wrote can be read off the tree again."""
    found = tree(value, protocol)
    assert found.complete
    assert rebuilt(found.root) == value


@given(plain, st.integers(0, 5))
def test_every_opcode_is_read(value, protocol):
    """The tree is complete under each protocol, and counts opcodes as pickletools does."""
    data = pickle.dumps(value, protocol)
    found = build(data, 0, LIMIT)
    assert (found.complete, found.problem, found.end) == (True, "", len(data))
    assert found.opcodes == sum(1 for _ in pickletools.genops(data))


@given(st.binary(max_size=300))
def test_any_bytes_end_in_a_tree(data):
    """Nothing is raised, whatever the bytes are."""
    found = build(b"\x80\x04" + data, 0, LIMIT)
    assert found.complete or found.problem


# --- bounds -------------------------------------------------------------------------------------


def test_the_reading_stops_at_the_limit_and_folds_what_it_has():
    """Rows of a list that ends far behind stand in the list, which is marked unfinished."""
    data = pickle.dumps([{"a": i} for i in range(1000)], 4)
    found = build(data, 0, 200)
    assert (found.complete, found.opcodes) == (False, 200)
    assert found.root.kind == "list"
    assert found.root.unfinished
    assert 20 < len(found.root.items) < 200
    # The last row may be cut between its key and its value.
    assert all(item.kind == "dict" for item in found.root.items[:-3])


def test_an_object_that_is_being_built_keeps_its_state():
    """What stands above an object is its state, not a second value."""
    data = pickle.dumps(Thing(a=1, b=2, c=3), 4)
    stop = next(at for op, arg, at in pickletools.genops(data) if op.name == "SETITEMS")
    found = build(data[:stop] + b"\xff", 0, LIMIT)
    assert found.problem == "there is no opcode 0xff"
    assert found.root.kind == "object"
    assert [c.key.text for c in children(found.root)] == ["a", "b", "c"]


def test_depth_costs_no_recursion():
    """100,000 levels are read, folded when cut, and freed."""
    data = b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."
    assert build(data, 0, 300_000).complete
    assert build(data, 0, 50_000).root is not None
    assert build(b"(" * 300_000 + b"N.", 0, 300_000).root is None


def test_the_damage_is_told():
    """Why the reading ended, and the tree up to there."""
    data = pickle.dumps([1, 2, {"a": "b"}], 4)
    for length in range(2, len(data)):
        found = build(data[:length], 0, LIMIT)
        assert not found.complete
        assert found.problem.startswith("the data ends")


def test_what_names_something_is_seen_before_the_damage():
    """An unpickler resolves a global before it meets what follows."""
    assert names_something(b"cos\nsystem\n(S'id'\ntR!")
    assert not names_something(b"Dear Ada,\n")
    assert not names_something(pickle.dumps({"os": "system"}))


def test_steps_tell_where_and_what():
    """One opcode at a time, for a disassembly."""
    builder = Builder(b"\x80\x02(K\x01l.", 0)
    steps = []
    while (step := builder.advance()) is not None:
        steps.append((step.at, step.op.name, step.end, step.depth))
    assert steps == [
        (0, "PROTO", 2, 0),
        (2, "MARK", 3, 0),
        (3, "BININT1", 5, 1),
        (5, "LIST", 6, 0),
        (6, "STOP", 7, 0),
    ]
    assert builder.complete


def test_kinds_are_known():
    """Every atom and container of protocol 5 is named."""
    root = tree([None, True, 1, 1.5, "s", b"b", bytearray(b"c"), (1,), {1}, frozenset([1]), {}], 5)
    kinds = {item.kind for item in root.root.items}
    assert kinds == (ATOMS | CONTAINERS) - {"8-bit str", "list"}
