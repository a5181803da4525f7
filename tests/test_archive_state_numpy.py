"""``archive.state_numpy``: arrays, scalars and dtypes in words that no release of numpy changes."""

from __future__ import annotations

import numpy
import pytest

from pickle_migrate.archive import yaml_text
from pickle_migrate.archive.states import state_of


@pytest.mark.parametrize(
    ("obj", "state"),
    [
        (
            numpy.array([[1, 2], [3, 4]], dtype="<i4"),
            {"class": "numpy:ndarray", "dtype": "<i4", "shape": [2, 2], "values": [1, 2, 3, 4]},
        ),
        (
            numpy.array(["a", None, [1]], dtype=object),
            {"class": "numpy:ndarray", "dtype": "|O", "shape": [3], "values": ["a", None, [1]]},
        ),
        (
            numpy.array([(1, 2.5)], dtype=[("a", "<i4"), ("b", "<f8")]),
            {
                "class": "numpy:ndarray",
                "dtype": [["a", "<i4"], ["b", "<f8"]],
                "shape": [1],
                "values": [{"tuple": [1, 2.5]}],
            },
        ),
        (
            numpy.array(["2020-01-01"], dtype="M8[D]"),
            {"class": "numpy:ndarray", "dtype": "<M8[D]", "shape": [1], "values": ["2020-01-01"]},
        ),
        (
            numpy.array(5.0),
            {"class": "numpy:ndarray", "dtype": "<f8", "shape": [], "values": [5.0]},
        ),
        (numpy.float64(1.5), {"class": "numpy:float64", "value": 1.5}),
        (numpy.int8(-1), {"class": "numpy:int8", "value": -1}),
        (numpy.str_("a"), {"class": "numpy:str_", "value": "a"}),
        (
            numpy.datetime64("2020-01-01"),
            {"class": "numpy:datetime64", "dtype": "<M8[D]", "text": "2020-01-01"},
        ),
        (numpy.dtype("<i4"), {"class": "numpy:dtype", "dtype": "<i4"}),
    ],
)
def test_each_kind_has_its_words(obj, state) -> None:
    """The class, the dtype with its byte order, the shape, and the values of a small one."""
    assert state_of(obj) == state


def test_a_large_array_is_told_by_the_digest_of_its_bytes() -> None:
    """In the order of its indexes, whatever its strides are."""
    array = numpy.arange(100.0).reshape(10, 10)
    state = state_of(array)
    assert state.keys() == {"class", "dtype", "shape", "sha256"}
    assert state_of(numpy.asfortranarray(array)) == state
    assert state_of(array.T) != state


def test_a_masked_array_is_told_with_its_mask() -> None:
    """And with what it is filled with."""
    state = state_of(numpy.ma.array([1, 2], mask=[False, True]))
    assert state["class"] == "numpy.ma:MaskedArray"
    assert state["mask"]["values"] == [False, True]
    assert yaml_text.read(yaml_text.write(state)) == state


def test_a_shared_array_is_told_once() -> None:
    """It has identity, as a list."""
    array = numpy.array([1])
    assert state_of([array, array])[1] == {"same": "$[0]"}


def test_a_generator_is_told_by_its_reducer() -> None:
    """What has no words here says itself what it holds."""
    assert "opaque" not in state_of(numpy.random.RandomState(1))
