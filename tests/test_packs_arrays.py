"""NumPy's arrays as packs see them: read from what NumPy itself pickles, and made for it."""

import pickle

import numpy as np
import pytest

from pickle_migrate import shims
from pickle_migrate.foreign.view import PickleView, View
from pickle_migrate.packs import arrays
from pickle_migrate.registry import Registry

PROTOCOLS = range(6)


def stand_in(value, protocol=4):
    return shims.loads(pickle.dumps(value, protocol))


def view_of(graph):
    world = graph.world
    return View(graph.root, PickleView(world, Registry(), graph.protocol))


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ["i1", "u2", "<i4", ">i8", "f4", "f8", "?"])
def test_numbers_are_read(kind, protocol):
    """At every protocol, in either order of bytes."""
    array = np.arange(6).astype(kind)
    found = arrays.array_of(stand_in(array, protocol).root)
    assert found.shape == (6,)
    assert found.numbers() == array.tolist()


def test_fields_of_a_structured_array_are_read_by_name():
    """In the order that is asked for; a field that is not there gives None."""
    array = np.array([(1, 2.5, 3), (4, 5.5, 6)], dtype=[("a", "i4"), ("b", "f8"), ("c", "u1")])
    found = arrays.array_of(stand_in(array).root)
    assert found.rows("c", "b") == [(3, 2.5), (6, 5.5)]
    assert found.rows("d") is None


def test_what_is_no_array_is_none():
    """Plain data, other objects, and arrays of texts have no numbers."""
    assert arrays.array_of(3) is None
    assert arrays.array_of(stand_in(np.dtype("f8")).root) is None
    assert arrays.array_of(stand_in(np.array(["a"])).root).numbers() is None


def test_order_is_told():
    """Fortran's order is kept, not undone."""
    found = arrays.array_of(stand_in(np.asfortranarray(np.arange(6.0).reshape(2, 3))).root)
    assert found.fortran
    assert found.numbers() == [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]


@pytest.mark.parametrize("name", ["i4", "i8", "u1", "f8", "b1"])
def test_numpy_reads_what_is_made(name):
    """Numbers, in a shape."""
    graph = stand_in(np.zeros(1))
    graph.root = arrays.numbers_array(view_of(graph), name, [0, 1, 1, 0], (2, 2))
    found = pickle.loads(shims.dumps(graph))
    assert found.dtype == np.dtype("?" if name == "b1" else name)
    assert found.tolist() == [[0, 1], [1, 0]]


def test_numpy_reads_a_structured_array_that_is_made():
    """With padding at the end, as a C compiler puts it."""
    graph = stand_in(np.zeros(1))
    view = view_of(graph)
    dtype = arrays.new_record_dtype(view, (("n", "i8", 0), ("m", "u1", 8)), 16)
    graph.root = arrays.new_array(view, dtype, (2,), bytes(range(32)))
    found = pickle.loads(shims.dumps(graph))
    assert found["m"].tolist() == [8, 24]
    assert found.dtype.itemsize == 16


def test_bytes_become_texts():
    """Each byte is a character; what was padding is no part of a text."""
    graph = stand_in(np.array([b"no", b"y\xe9s"]))
    array = arrays.array_of(graph.root)
    graph.root = arrays.as_text(view_of(graph), array)
    assert pickle.loads(shims.dumps(graph)).tolist() == ["no", "y\xe9s"]


@pytest.mark.parametrize(
    ("value", "number"), [(np.float64(2.5), 2.5), (np.int32(-7), -7), (3, 3), (np.array([4]), 4)]
)
def test_scalars_are_numbers(value, number):
    """NumPy's and Python's alike, and an array of one."""
    root = value if isinstance(value, int) else stand_in(value).root
    assert arrays.scalar_of(root) == number
