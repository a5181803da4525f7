"""Single values, dtypes and arrays of pandas.

Sources: pandas/_libs/tslibs/timestamps.pyx, nattype.pyx, period.pyx, pandas/_libs/arrays.pyx,
interval.pyx, pandas/core/dtypes/dtypes.py and pandas/core/arrays/ of 0.22 to 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs import arrays, pandas_zones
from pickle_migrate.packs.pandas_offsets import RULES
from pickle_migrate.packs.rules import GONE
from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_types import ShimType

_TIMES: Final = "pandas._libs.tslibs"
_ARRAYS: Final = "pandas.core.arrays"
_DTYPES: Final = "pandas.core.dtypes.dtypes"
#: numpy's number for nanoseconds, NPY_FR_ns.
_NANOSECONDS: Final = 10
_RECONSTRUCTOR: Final = "_reconstructor"

# --- timestamps, NaT ------------------------------------------------------------------------------

_TIMESTAMP: Final = f"{_TIMES}.timestamps:Timestamp"
_UNPICKLE: Final = f"{_TIMES}.timestamps:_unpickle_timestamp"


def _is_triple(view: View) -> bool:
    """Value, frequency and zone: since 1.4 the second and the third would be year and month."""
    return view.made_by == "call" and len(view.args) == 3 and not isinstance(view.args[1], int)


def _timestamp(view: View) -> Any:
    value, _, zone = view.args
    return view.make(_UNPICKLE, value, None, pandas_zones.today(view, zone), _NANOSECONDS)


RULES.anew(_timestamp, _TIMESTAMP, needed=_is_triple)


def _has_old_zone(view: View) -> bool:
    return any(pandas_zones.is_old(view, one) for one in view.args)


def _with_zone(view: View) -> None:
    view.args = (pandas_zones.today(view, one) for one in view.args)


RULES.anew(_with_zone, _UNPICKLE, needed=_has_old_zone)
# By its name, which all releases know; functions that give it were called this and that.
RULES.anew(
    lambda view: view.name(f"{_TIMES}.nattype:NaT"),
    f"{_TIMES}.nattype:__nat_unpickle",
    f"{_TIMES}.nattype:NaTType",
)

# --- dtypes ---------------------------------------------------------------------------------------


@RULES.of(f"{_DTYPES}:DatetimeTZDtype")
def _zone_of_dtype(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    for name in ("tz", "_tz"):
        if pandas_zones.is_old(view, state.get(name)):
            yield name, pandas_zones.today(view, state[name])


#: Letters that pandas 2.2 took back, with those of today. "Q", "M", "W", "B" and "D" stayed.
_LETTERS: Final = dict(zip("AHTSLUN", ("Y", "h", "min", "s", "ms", "us", "ns"), strict=True))
_PERIOD: Final = re.compile(r"period\[(\d*)([AHTSLUN])(-\w+)?\]\Z")


def _period_dtype(view: View) -> Any:
    """Made by a call with its frequency; a name has today's letters."""
    if "freq" in view.fields:
        return view.make(f"{_DTYPES}:PeriodDtype", view.fields["freq"])
    found = _PERIOD.match(view.args[0])
    assert found is not None
    count, letter, anchor = found.groups("")
    return view.make(f"{_DTYPES}:PeriodDtype", f"period[{count}{_LETTERS[letter]}{anchor}]")


def _is_old_period(view: View) -> bool:
    name = view.args[0] if view.args else None
    return "freq" in view.fields or (isinstance(name, str) and _PERIOD.match(name) is not None)


RULES.anew(_period_dtype, f"{_DTYPES}:PeriodDtype", needed=_is_old_period)


def _string_dtype(view: View) -> Any:
    """Made by a call: its missing value is ``NA``, as it was in all releases before 3."""
    return view.make(str(view.written), view.fields.get("storage", "python"))


RULES.anew(
    _string_dtype,
    f"{_ARRAYS}.string_:StringDtype",
    needed=lambda view: not view.args and "_na_value" not in view.fields,
)

# --- arrays ---------------------------------------------------------------------------------------

#: Classes that only their own ``__new__`` makes, written in Cython, or with a base that is.
OWN_NEW: Final = (
    f"{_ARRAYS}.datetimes:DatetimeArray",
    f"{_ARRAYS}.timedeltas:TimedeltaArray",
    f"{_ARRAYS}.period:PeriodArray",
    f"{_ARRAYS}.categorical:Categorical",
    f"{_ARRAYS}.interval:IntervalArray",
    f"{_ARRAYS}.string_:StringArray",
    f"{_ARRAYS}.numpy_:NumpyExtensionArray",
    f"{_ARRAYS}.numpy_:PandasArray",
)


def is_reconstructed(view: View) -> bool:
    """Whether ``copyreg`` makes it of ``object``, as below protocol 2, which its class refuses."""
    callee = view.callee
    return callee is not None and callee.qualname == _RECONSTRUCTOR


def by_new(view: View) -> Any:
    """The same object, made by ``__new__``."""
    return view.make(str(view.written), state=view.state, new=True)


RULES.anew(by_new, *OWN_NEW, needed=is_reconstructed)


def _mixin(view: View) -> Any:
    """Of 1.1 to 1.2: by a function for a base that is no array's base any more."""
    fields = dict(view.state[0]) if view.state else {}
    for name in ("_freq", "_cache"):
        fields.pop(name, None)
    return view.make(str(view.args[0].ref), state=fields, new=True)


RULES.anew(
    _mixin,
    f"{_TIMES}.period:__pyx_unpickle_PeriodMixin",
    needed=lambda view: bool(view.args) and isinstance(view.args[0], ShimType),
)


@RULES.of(f"{_ARRAYS}.period:PeriodArray")
def _without_frequency(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """The frequency is the dtype's; before 0.24 it was alone there."""
    for name in ("_freq", "freq"):
        if name in state:
            yield name, GONE
    if "_dtype" not in state:
        freq = state.get("_freq", state.get("freq"))
        if freq is not None:
            yield "_dtype", view.make(f"{_DTYPES}:PeriodDtype", freq)
    if "_cache" in state:
        yield "_cache", GONE


@RULES.of(f"{_ARRAYS}.datetimes:DatetimeArray", f"{_ARRAYS}.timedeltas:TimedeltaArray")
def _without_cache(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    if "_cache" in state:
        yield "_cache", GONE


_INTERVALS: Final = f"{_ARRAYS}.interval:IntervalArray"
_INTERVAL_MIXIN: Final = "pandas._libs.interval:__pyx_unpickle_IntervalMixin"


def _interval_fields(view: View) -> dict[Any, Any] | None:
    state = view.state
    if type(state) is tuple and len(state) == 1:
        state = state[0]
    return state if type(state) is dict else None


def _lacks_dtype(view: View) -> bool:
    fields = _interval_fields(view)
    return fields is not None and "_left" in fields and "_dtype" not in fields


def _intervals(view: View) -> None:
    fields = _interval_fields(view)
    assert fields is not None
    subtype = dtype_in(fields["_left"])
    if subtype is not None:
        state = {"subtype": subtype, "closed": fields.get("_closed", "right")}
        fields["_dtype"] = view.make(f"{_DTYPES}:IntervalDtype", state=state, new=True)


RULES.anew(_intervals, _INTERVALS, _INTERVAL_MIXIN, needed=_lacks_dtype)


def dtype_in(values: Any) -> Any:
    """The stand-in of the dtype of an array or an index; None where it is not told."""
    if arrays.is_array(values):
        return arrays.dtype_in(values)
    if not isinstance(values, Shim):
        return None
    if values.args and type(values.args[-1]) is dict:  # an index
        return dtype_in(values.args[-1].get("data"))
    state = values.state
    if type(state) is tuple and len(state) == 3:
        return state[0]
    fields = values.fields
    return fields.get("_dtype", dtype_in(fields.get("_data", fields.get("_ndarray"))))
