"""Indexes of pandas, also those from before 0.14, which were arrays of NumPy.

Sources: pandas/core/indexes/base.py (``_new_Index``), datetimes.py and period.py of 0.22 to 3.1;
pandas/core/index.py of 0.13 (``__reduce__``, ``__setstate__``).
"""

from __future__ import annotations

from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs import arrays, pandas_zones
from pickle_migrate.packs.pandas_offsets import RULES
from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_types import ShimType

_INDEXES: Final = "pandas.core.indexes"
_NEW: Final = f"{_INDEXES}.base:_new_Index"
_NEW_DATES: Final = f"{_INDEXES}.datetimes:_new_DatetimeIndex"


def _described(view: View) -> dict[Any, Any] | None:
    """What a function that makes an index is given."""
    found = view.args[1] if len(view.args) == 2 else None
    return found if type(found) is dict else None


def _changes(view: View) -> dict[Any, Any]:
    """The entries of the description that are others today."""
    given = _described(view)
    cls = view.args[0] if view.args else None
    if given is None or not isinstance(cls, ShimType):
        return {}
    found: dict[Any, Any] = {}
    if pandas_zones.is_old(view, given.get("tz")):
        found["tz"] = pandas_zones.today(view, given["tz"])
    if cls.ref.qualname == "PeriodIndex" and "ordinal" in given:
        found["data"] = given["ordinal"]
    freq = _frequency_of(given.get("data"))
    if cls.ref.qualname == "TimedeltaIndex" and "freq" not in given and freq is not None:
        found["freq"] = freq
    return found


def _frequency_of(data: Any) -> Any:
    """The frequency that an array of moments or spans kept until 2.2."""
    if not isinstance(data, Shim):
        return None
    if type(data.state) is tuple and len(data.state) == 3 and type(data.state[2]) is dict:
        return data.state[2].get("_freq")
    return data.fields.get("_freq")


def _describe(view: View) -> None:
    given = _described(view)
    assert given is not None
    given.update(_changes(view))
    given.pop("ordinal", None)


def _is_old_period_index(view: View) -> bool:
    given = _described(view)
    cls = view.args[0] if view.args else None
    return (
        given is not None
        and isinstance(cls, ShimType)
        and cls.ref.qualname == "PeriodIndex"
        and arrays.is_array(given.get("data", given.get("ordinal")))
    )


def _period_index(view: View) -> Any:
    """Numbers and a frequency, as an array of periods."""
    given = _described(view)
    assert given is not None
    numbers = given.get("data", given.get("ordinal"))
    dtype = view.make("pandas.core.dtypes.dtypes:PeriodDtype", given["freq"])
    state = {"_data": numbers, "_dtype": dtype}
    array = view.make("pandas.core.arrays.period:PeriodArray", state=state, new=True)
    new = {"data": array, "name": given.get("name")}
    return view.make(_NEW, view.args[0], new)


def _needed(view: View) -> bool:
    return bool(_changes(view)) or _is_old_period_index(view)


def _index(view: View) -> Any:
    if _is_old_period_index(view):
        return _period_index(view)
    _describe(view)
    return None


RULES.anew(_index, _NEW, _NEW_DATES, needed=_needed)

# --- before 0.14 ----------------------------------------------------------------------------------

_RECONSTRUCT: Final = (
    "numpy.core.multiarray:_reconstruct",
    "numpy._core.multiarray:_reconstruct",
)
_OF_ARRAYS: Final = {
    "Index": "base:Index",
    "Int64Index": "base:Index",
    "Float64Index": "base:Index",
    "UInt64Index": "base:Index",
    "MultiIndex": "multi:MultiIndex",
    "DatetimeIndex": "datetimes:DatetimeIndex",
    "TimedeltaIndex": "timedeltas:TimedeltaIndex",
    "PeriodIndex": "period:PeriodIndex",
    "SparseArray": "",
    "Series": "",
    "TimeSeries": "",
}


def _is_of_pandas(view: View) -> bool:
    cls = view.args[0] if view.args else None
    if not isinstance(cls, ShimType) or not cls.ref.module.startswith("pandas."):
        return False
    state = view.state
    return cls.ref.qualname in _OF_ARRAYS and type(state) is tuple and len(state) == 2


def _from_array(view: View) -> Any:
    """An object that was an array: its own state stands beside the array's."""
    from pickle_migrate.packs import pandas_frames

    inner, own = view.state
    data = view.make(str(view.written), view.name("numpy:ndarray"), (0,), b"b", state=inner)
    name = view.args[0].ref.qualname
    if name == "SparseArray":
        return pandas_frames.sparse_array(view, data, own)
    if name in ("Series", "TimeSeries"):
        return pandas_frames.old_series(view, data, own)
    return _old_index(view, name, data, own)


def _old_index(view: View, name: str, data: Any, own: Any) -> Any:
    cls = view.name(f"{_INDEXES}.{_OF_ARRAYS[name]}")
    if name == "MultiIndex":
        levels, codes, order, names = own
        described = {"levels": levels, "codes": codes, "sortorder": order, "names": names}
        return view.make(_NEW, cls, {key: _plain(value) for key, value in described.items()})
    if name == "DatetimeIndex":
        zone = own[2] if len(own) > 2 else None
        described = {"data": data, "name": own[0], "freq": own[1] if len(own) > 1 else None}
        return view.make(_NEW_DATES, cls, {**described, "tz": pandas_zones.today(view, zone)})
    if name == "PeriodIndex":
        new = view.make(_NEW, cls, {"data": data, "name": own[0], "freq": own[1]})
        return _period_index(View(new, view.pickle))
    return view.make(_NEW, cls, {"data": data, "name": own[0] if own else None})


def _plain(value: Any) -> Any:
    """A list in the place of a frozen one, which is made of its items."""
    if isinstance(value, Shim) and value.ref.qualname == "FrozenList":
        return list(value.items) or list(value.args[0] if value.args else ())
    return value


RULES.anew(_from_array, *_RECONSTRUCT, needed=_is_of_pandas)
