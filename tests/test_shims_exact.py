"""Graphs that pickle's own pickler cannot write, opcode by opcode."""

import io
import pickle

import pytest

from pickle_migrate import scanner, shims
from pickle_migrate.errors import ShimError
from pickle_migrate.shims_exact import ExactPickler
from pickle_migrate.shims_reader import load_graph

C = b"cm\nC\nq\0"
SAME = {
    "INST": b"(im\nC\np0\n(dp1\nS'a'\np2\nI1\nsb.",
    "OBJ": b"(cm\nC\nq\0oq\x01}q\x02U\x01aq\x03K\x01sb.",
    "two states": b"\x80\x02" + C + b")\x81q\x01}q\x02b}q\x03b.",
    "None as state": b"\x80\x02" + C + b")\x81q\x01Nb.",
    "items after the state": b"\x80\x02" + C + b")\x81q\x01}q\x02bK\x01aK\x02K\x03s.",
    "members": b"\x80\x04\x8c\x01m\x94\x8c\x01C\x94\x93\x94)\x81\x94}\x94b(K\x01\x90.",
    "extension": b"\x80\x02\x82\x07q\0)\x81q\x01}q\x02b.",
    "larger extension": b"\x80\x02\x83\x07\x01q\0.",
    "largest extension": b"\x80\x02\x84\x07\0\0\x01q\0.",
    "persistent id": b"Pone\n.",
    "persistent None": b"\x80\x02NQ.",
    "nested persistent ids": b"\x80\x02K\x01QQ" + b"Q" * 2_000 + b".",
    "8-bit strings": b"(lp0\nS'a\\xff'\np1\nag1\na.",
    "8-bit strings in binary": b"\x80\x02]q\0(U\x01\xffq\x01h\x01T\0\x01\0\0"
    + b"y" * 256
    + b"q\x02e.",
    "state of a class": b"\x80\x02" + C + b"N}q\x01X\x01\0\0\0xq\x02K\x01s\x86q\x03b.",
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_opcodes(name):
    """These come back byte for byte."""
    new = shims.dumps(load_graph(SAME[name]))
    if new[2:3] == b"\x95":  # a frame
        new = new[:2] + new[11:]
    assert new == SAME[name]


def test_a_state_setter():
    """The call is made again right after its object, and its result dropped again."""
    data = b"\x80\x04cm\nf\ncm\nC\n)\x81\x94K\x01\x86R0h\0."
    new = shims.dumps(load_graph(data))
    (obj,) = [load_graph(new).root]
    assert [event.values[0].ref.qualname for event in obj.later] == ["f"]
    assert scanner.scan(new).refs == scanner.scan(data).refs


@pytest.mark.parametrize("protocol", range(2, 6))
def test_any_depth(protocol):
    """A chain of stand-ins that the C pickler gives up on."""
    graph = load_graph(pickle.dumps([]))
    cls = graph.ref_class("m:C")
    for _ in range(20_000):
        node = cls.__new__(cls)
        node.state = {"next": graph.root}
        graph.root = node
    found = load_graph(shims.dumps(graph, protocol=protocol)).root
    depth = 0
    while type(found) is not list:
        found, depth = found.state["next"], depth + 1
    assert depth == 20_000
    # Taken apart from the top, for a deep chain dies by recursion.
    while type(graph.root) is not list:
        graph.root = graph.root.state.pop("next")


@pytest.mark.parametrize("exactly", [False, True])
def test_an_object_in_a_list_of_its_own_arguments(exactly):
    """The object is made while its list is filled, as pickle does it."""
    graph = load_graph(b"cm\nf\n(lp0\n\x85R.")
    graph.root.args[0].append(graph.root)
    if exactly:
        graph.root.state = None
    found = load_graph(shims.dumps(graph)).root
    assert found.args[0] == [found]


def test_objects_in_their_own_arguments():
    """Two that need each other to be made: no pickle can hold that."""
    graph = load_graph(b"\x80\x02cm\nf\n(tR.")
    graph.root.args = (graph.ref_class("m:g")(graph.root),)
    with pytest.raises(ShimError, match="in its own arguments"):
        shims.dumps(graph)


def test_what_a_protocol_cannot_hold():
    """Objects need protocol 2, keyword arguments and members 4."""
    graph = load_graph(b"\x80\x04cm\nC\n)\x81(K\x01\x90.")
    with pytest.raises(ShimError, match="from protocol 4"):
        shims.dumps(graph, protocol=3)
    graph = load_graph(b"\x80\x04cm\nC\n)}\x8c\x01kK\x01s\x92Nb.")
    with pytest.raises(ShimError, match="protocol 4 or higher"):
        shims.dumps(graph, protocol=3)
    graph = load_graph(b"\x80\x04cm\nC\n)\x81Nb.")
    with pytest.raises(ShimError, match="protocol 2 or higher"):
        shims.dumps(graph, protocol=1)


def test_values_that_cannot_be_written():
    """Persistent ids of protocol 0 are lines; Python makes no text of a very long number."""
    graph = load_graph(b"\x80\x02K\x01Q.")
    with pytest.raises(ShimError, match="texts of one line"):
        shims.dumps(graph, protocol=0)
    graph = load_graph(pickle.dumps(1 << 100_000))
    with pytest.raises(ShimError, match="digits"):
        shims.dumps(graph, protocol=0)


def test_it_writes_what_c_writes():
    """For ordinary graphs the two differ in memo numbers at most."""
    graph = load_graph(pickle.dumps([{"a": (1, 2)}, "text", 1.5], 4))
    file = io.BytesIO()
    ExactPickler(pickle.Pickler(io.BytesIO(), 4), file, 4, None).dump(graph.root)
    assert file.getvalue() == shims.dumps(graph)
