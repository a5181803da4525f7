"""joblib's arrays between opcodes: how many bytes follow a wrapper."""

from __future__ import annotations

import io
import pickle

import pytest

from pickle_migrate.inline_arrays import is_named_in, is_wrapper
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import scan_all
from pickle_migrate.splicing import spliced
from pickle_migrate.tree_builder import build

numpy = pytest.importorskip("numpy")
joblib = pytest.importorskip("joblib")


def dumped(value, **options) -> bytes:
    file = io.BytesIO()
    joblib.dump(value, file, **options)
    return file.getvalue()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "array",
    [
        "numpy.arange(12.0).reshape(3, 4)",
        "numpy.zeros((0, 3))",
        "numpy.array(['ab', 'c'])",
        "numpy.array([b'abc'])",
        "numpy.array(5)",
        "numpy.array([True, False])",
        "numpy.array([(1, 2.0)], dtype=[('a', 'i4'), ('b', 'f8')])",
        "numpy.array(['2020-01-01'], dtype='M8[D]')",
        "numpy.array([1 + 2j])",
        "numpy.asfortranarray(numpy.ones((2, 3), dtype='f2'))",
    ],
)
def test_every_kind_of_array_is_skipped(array, protocol):
    """As many bytes as it has, padding included; what is left is the pickle of the rest."""
    made = eval(array, {"numpy": numpy})
    data = dumped({"before": 1, "array": made, "after": [made, "end"]}, protocol=protocol)
    found = spliced(data)
    assert found is not None
    assert len(found.arrays) == 2
    assert all(end - start >= made.nbytes for start, end in found.arrays)
    scans = scan_all(found.data)
    assert (len(scans.pickles), scans.trailing) == (1, 0)
    tree = build(data, 0, 10_000, arrays=True)
    assert (tree.complete, tree.end) == (True, len(data))


def test_arrays_of_objects_are_pickles_of_their_own():
    """Their stretch is told, to be scanned as well."""
    data = dumped([numpy.array([1, None, "x"], dtype=object), numpy.arange(3)])
    found = spliced(data)
    ((start, end),) = found.objects
    assert pickle.loads(data[start:end]).tolist() == [1, None, "x"]
    assert len(found.arrays) == 2


def test_offsets_lead_back_to_the_file():
    """An offset in the pickle without arrays is one in the file."""
    data = dumped([numpy.arange(1000), "a text after it"])
    found = spliced(data)
    at = found.data.index(b"a text after it")
    assert found.original(at) == data.index(b"a text after it")
    assert found.original(0) == 0


def test_plain_pickles_have_no_arrays():
    """Even if they name the wrapper."""
    assert spliced(pickle.dumps(["NumpyArrayWrapper"])) is None
    assert is_named_in(pickle.dumps(["NumpyArrayWrapper"]))
    assert not is_named_in(pickle.dumps(["NumpyArray"]))


def test_a_wrapper_that_lies_takes_nothing():
    """A shape that is no number, or larger than the file: it is read as a plain pickle, or cut."""
    head = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(S'shape'\n"
    dtype = b"S'dtype'\ncnumpy\ndtype\n(S'f8'\nI00\nI01\ntR"
    for shape in (b"S'x'\n", b"(S'x'\nt", b"(I-1\nt", b"(L" + b"9" * 60 + b"L\nt"):
        assert not build(head + shape + dtype + b"ub.", 0, 1000, arrays=True).arrays
    huge = build(head + b"(I1000000000\nt" + dtype + b"ub.", 0, 1000, arrays=True)
    assert huge.problem == "the data ends inside an array"


def test_whose_wrapper_it_is():
    """joblib's own, and scikit-learn's copy of it."""
    for module in ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle"):
        assert is_wrapper(GlobalRef(module, "NumpyArrayWrapper"))
    assert not is_wrapper(GlobalRef("evil.numpy_pickle", "NumpyArrayWrapper"))
    assert not is_wrapper(GlobalRef("joblib.numpy_pickle", "load"))
    assert not is_wrapper(None)
