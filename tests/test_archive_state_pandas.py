"""``archive.state_pandas``: frames, series and indexes as their users see them."""

from __future__ import annotations

import pytest

from pickle_migrate.archive import yaml_text
from pickle_migrate.archive.states import state_of

pandas = pytest.importorskip("pandas")


def test_a_frame_is_told_by_columns_index_and_values() -> None:
    """Not by blocks and managers, which every release of pandas lays out anew."""
    state = state_of(pandas.DataFrame({"a": [1, 2], "b": ["x", None]}))
    assert set(state) == {"class", "columns", "index", "data"}
    dtype, values = state["data"][0]
    assert dtype == "int64"
    assert values["values"] == [1, 2]
    assert state["index"]["range"] == [0, 2, 1]
    assert yaml_text.read(yaml_text.write(state)) == state


def test_series_and_indexes_are_told_alike() -> None:
    """With their names."""
    state = state_of(pandas.Series([1.5], index=["a"], name="s"))
    assert state["dtype"] == "float64"
    assert state["name"] == "s"
    assert state_of(pandas.MultiIndex.from_tuples([("a", 1)]))["list"] == [{"tuple": ["a", 1]}]


def test_a_timestamp_keeps_its_nanoseconds() -> None:
    """Which a datetime has not."""
    stamp = pandas.Timestamp("2020-01-01T00:00:00.000000001")
    assert state_of(stamp)["datetime"].endswith("001")
