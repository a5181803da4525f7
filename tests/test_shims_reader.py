"""Bytes to graphs: strings of Python 2, ids, codes and buffers."""

import pickle

import pytest

from pickle_migrate import shims
from pickle_migrate.errors import LimitError, ShimError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_reader import PersistentId, load_graph


@pytest.mark.parametrize("data", [b"S'a\\xff'\n.", b"U\x02a\xff.", b"T\x02\0\0\0a\xff."])
def test_eight_bit_strings_stay_bytes(data):
    """Nothing says what they mean, so nothing is decoded, and they are written as they were."""
    graph = load_graph(data)
    assert (graph.root, graph.eight_bit) == (b"a\xff", True)
    assert b"a" in shims.dumps(graph)
    assert pickle.loads(shims.dumps(graph), encoding="latin1") == "a\xff"


def test_eight_bit_strings_with_an_encoding():
    """Then they are text, and are written as text."""
    graph = load_graph(b"U\x02a\xff.", encoding="latin1")
    assert (graph.root, graph.eight_bit) == ("a\xff", False)
    assert pickle.loads(shims.dumps(graph)) == "a\xff"
    with pytest.raises(UnicodeDecodeError):
        load_graph(b"U\x02a\xff.", encoding="ASCII")


def test_bytes_of_python_3_below_protocol_3():
    """They are calls of ``_codecs.encode`` there, and stay these calls."""
    data = pickle.dumps(b"\xff", 2)
    graph = load_graph(data)
    assert graph.root.ref == GlobalRef("_codecs", "encode")
    assert pickle.loads(shims.dumps(graph)) == b"\xff"


def test_persistent_ids_are_values():
    """A text in protocol 0, anything from 1 on."""
    assert load_graph(b"Pone\n.").root.pid == "one"
    found = load_graph(b"\x80\x02K\x01K\x02\x86Q.").root
    assert type(found) is PersistentId
    assert found.pid == (1, 2)


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"\x82\x07", 7), (b"\x83\x07\x01", 263), (b"\x84\x07\0\0\1", 0x1000007)],
)
def test_extension_codes_are_never_looked_up(data, code):
    """Not in the program's registry either, whatever stands there."""
    found = load_graph(b"\x80\x02" + data + b")\x81.").root
    assert found.ref == GlobalRef("copyreg extension", str(code))


def test_a_pickle_cannot_name_a_code_as_if_it_were_one():
    """The names under which codes are looked for here are made anew in each process."""
    found = load_graph(b"cpickle_migrate.shims_names.extension_1\n7\n.").root
    assert found.ref == GlobalRef("pickle_migrate.shims_names.extension_1", "7")


def test_buffers_out_of_band():
    """Read-only ones and others; given, they are in the graph, else their places are."""
    buffers = []
    content = [pickle.PickleBuffer(b"abc"), pickle.PickleBuffer(bytearray(b"xyz"))]
    data = pickle.dumps(content, 5, buffer_callback=buffers.append)
    assert shims.dumps(load_graph(data)) == data
    given = load_graph(data, buffers=buffers)
    assert given.root == buffers
    assert pickle.loads(shims.dumps(given)) == [b"abc", bytearray(b"xyz")]


def test_buffers_in_another_order():
    """Whoever loads the pickle gives them in the first order."""
    data = pickle.dumps(
        [pickle.PickleBuffer(b"a"), pickle.PickleBuffer(b"b")], 5, buffer_callback=lambda _: None
    )
    graph = load_graph(data)
    graph.root.reverse()
    with pytest.raises(ShimError, match="another order"):
        shims.dumps(graph)
    seen = []
    assert pickle.loads(shims.dumps(graph, buffer_callback=seen.append), buffers=[b"x", b"y"])
    assert seen == graph.root
    graph.root = []
    with pytest.raises(ShimError, match="not all buffers"):
        shims.dumps(graph)


def test_what_may_be_given():
    """Bytes, a bytearray, a view."""
    data = pickle.dumps([1])
    for one in (data, bytearray(data), memoryview(data)):
        assert load_graph(one).root == [1]


@pytest.mark.parametrize(
    "data",
    [b"r\0\0\0\x10N.", b"N" + b"\x85" * 200_000 + b".", b"\x80\x02}N" + b"\x85" * 2_000 + b"Ns."],
)
def test_limits_hold_before_anything_is_built(data):
    """Sparse memo keys, depth, and keys that are too deep to be hashed."""
    if data[:1] == b"r":
        data = b"N" + data[:5] + b"."
    with pytest.raises(LimitError):
        load_graph(data)
