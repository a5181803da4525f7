"""What stands around pickles in files: array files, text mode; and NumPy's arrays beside them."""

from __future__ import annotations

import io
import pickle
import zlib

import numpy as np
import pytest

from pickle_migrate import Registry, shims
from pickle_migrate.errors import ForeignError
from pickle_migrate.foreign import npy
from pickle_migrate.foreign.outer import plain_of, taken_off
from pickle_migrate.foreign.view import PickleView, View


def array_file(array, version=None):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version, allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_array_files_of_objects(version):
    """A header and a pickle; the header stays."""
    data = array_file(np.array([None, "x"], dtype=object), version)
    found = taken_off(data, Registry())
    assert list(pickle.loads(found.plain)) == [None, "x"]
    assert found.put_back(found.plain) == data
    assert not found.is_old


def test_other_array_files_have_no_pickle():
    """Numbers, and what only begins like one."""
    for data in (array_file(np.arange(3)), b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff\xff{'O'"):
        assert taken_off(data, Registry()) is None
        assert plain_of(data, Registry()) == data


def test_text_mode_is_undone_for_the_pack_alone():
    """Each line feed behind a carriage return, in a whole pickle of protocol 0."""
    plain = pickle.dumps({"a": ["b\nc", 1.5, 10**20]}, 0)
    data = plain.replace(b"\n", b"\r\n")
    assert taken_off(data, Registry()) is None
    registry = Registry()
    registry.tell_strings_apart()
    found = taken_off(data, registry)
    assert found.is_old
    assert pickle.loads(found.put_back(found.plain)) == {"a": ["b\nc", 1.5, 10**20]}
    for other in (plain, data[:-1], b"a text\r\nof lines\r\n", data + b"\n"):
        assert taken_off(other, registry) is None


@pytest.fixture
def view():
    graph = shims.loads(b"cm\nC\n(tR.")
    return View(graph.root, PickleView(graph.world, Registry(), 2))


def loaded(view, made):
    graph = shims.Graph(made, 2, world=view.pickle.world)
    return pickle.loads(shims.dumps(graph))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array(["a", "bc"]),
        np.array([(1, 2.5)], dtype=[("x", "i4"), ("y", "f8")]),
        np.zeros((0, 2)),
        np.array([None, {"k": 1}], dtype=object),
    ],
    ids=str,
)
def test_an_array_of_a_file_beside(view, array):
    """As a stand-in that pickles to the same array."""
    found = loaded(view, npy.array_of(view, array_file(array)))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_a_header_of_python_2(view):
    """It wrote whole numbers with an L."""
    data = array_file(np.arange(3)).replace(b"(3,), ", b"(3L,),")
    np.testing.assert_array_equal(loaded(view, npy.array_of(view, data)), np.arange(3))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY\x01\x00\xff\xff{}",
        b"\x93NUMPY\x01\x00\x02\x00{}",
        b"\x93NUMPY\x01\x00\x01\x00(",
    ],
)
def test_damaged_array_files(view, data):
    """They are refused, with the class that names them."""
    with pytest.raises(ForeignError, match="m:C: the file of its array"):
        npy.array_of(view, data)


def test_compressed_files_of_joblib_before_0_10():
    """Their length stands before them, and has to be right."""
    body = b"data" * 10
    packed = b"ZF" + hex(len(body)).encode().ljust(19) + zlib.compress(body)
    assert npy.zfile(packed) == body
    for wrong in (
        packed[:-4],
        packed.replace(b"0x28", b"0x29"),
        packed.replace(b"0x28", b"0x27"),
        b"ZF",
    ):
        with pytest.raises(ForeignError, match="compressed file"):
            npy.zfile(wrong)
