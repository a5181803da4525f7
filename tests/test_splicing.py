"""joblib's files without the bytes of their arrays; see test_inline_arrays for the arrays."""

from __future__ import annotations

import pytest

from pickle_migrate.splicing import spliced

WRAPPER = (
    b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(S'shape'\n(I%d\ntS'dtype'\n"
    b"cnumpy\ndtype\n(S'u1'\nI00\nI01\ntRub"
)


@pytest.mark.parametrize("sizes", [(3,), (0, 5), (7, 1, 2)])
def test_each_array_is_taken_out_and_each_offset_found_again(sizes):
    """What is left is what stood between the arrays, byte for byte."""
    parts = [(WRAPPER % size, bytes([200 + n]) * size) for n, size in enumerate(sizes)]
    data = b"(" + b"".join(code + array for code, array in parts) + b"l."
    found = spliced(data)
    assert found.data == b"(" + b"".join(code for code, _ in parts) + b"l."
    assert [end - start for start, end in found.arrays] == list(sizes)
    for offset, byte in enumerate(found.data):
        assert data[found.original(offset)] == byte
    assert [found.original(o) for o in range(5)] == [0, 1, 2, 3, 4]


def test_what_has_no_arrays_is_left_alone():
    """None says so."""
    assert spliced(b"N.") is None
    assert spliced(b"") is None
