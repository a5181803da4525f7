"""What frames, series and indexes of pandas hold, whatever release made them.

Their own reducers tell of blocks and managers, which every release of pandas lays out anew. Here
they are told as their users see them: columns, index, dtypes, values. pandas is looked up here,
never imported first.
"""

from __future__ import annotations

import sys
from typing import Any

import attrs

from pickle_migrate.archive.state_content import Content


def content_of(obj: Any) -> Content | None:
    """The content of an object of pandas; None for what its own reducer tells better."""
    found = _content_of(obj)
    return None if found is None else attrs.evolve(found, whole=True)


def _content_of(obj: Any) -> Content | None:
    pandas: Any = sys.modules["pandas"]

    if isinstance(obj, pandas.DataFrame):
        columns = [obj.iloc[:, number] for number in range(obj.shape[1])]
        data = [_column(column) for column in columns]
        index = (("columns", obj.columns), ("index", obj.index))
        return Content(sequences=(("data", data),), values=index)
    if isinstance(obj, pandas.Series):
        return _with_values(obj, (("index", obj.index), ("name", obj.name)))
    if isinstance(obj, pandas.MultiIndex):
        return Content(sequences=(("list", obj.tolist()),), values=(("names", list(obj.names)),))
    if isinstance(obj, pandas.RangeIndex):
        parts = [int(obj.start), int(obj.stop), int(obj.step)]
        return Content({"range": parts}, values=(("name", obj.name),))
    if isinstance(obj, pandas.Index):
        return _with_values(obj, (("name", obj.name),))
    if isinstance(obj, pandas.api.extensions.ExtensionArray):
        return _with_values(obj, ())
    return None


def _with_values(obj: Any, more: tuple[tuple[str, Any], ...]) -> Content:
    dtype, values = _column(obj)
    return Content({"dtype": dtype}, values=(("values", values), *more))


def _column(column: Any) -> list[Any]:
    """The dtype as a text, and the values as an array or a list."""
    numpy: Any = sys.modules["numpy"]

    values = getattr(column, "array", column)
    plain = getattr(values, "to_numpy", lambda: values)() if _is_numpy(column.dtype) else None
    if isinstance(plain, numpy.ndarray):
        return [str(column.dtype), plain]
    return [str(column.dtype), list(column)]


def _is_numpy(dtype: Any) -> bool:
    numpy: Any = sys.modules["numpy"]

    return isinstance(dtype, numpy.dtype)
