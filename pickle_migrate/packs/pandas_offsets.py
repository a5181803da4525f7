"""Frequencies of pandas, which kept their fields in a state until 1.0, and are made by calls since.

Sources: pandas/tseries/offsets.py of 0.13 to 1.0; pandas/_libs/tslibs/offsets.pyx of 1.1 to 3.1
(``__reduce__`` and ``_attributes`` of each class).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs.rules import Rules

_OLD: Final = "pandas.tseries.offsets"
_NEW: Final = "pandas._libs.tslibs.offsets"
_MONDAY_TO_FRIDAY: Final = "Mon Tue Wed Thu Fri"
RULES: Final = Rules()

#: What follows n and normalize, with the value that it has where the state does not tell.
_PLAIN: Final = (
    "Day Hour Minute Second Milli Micro Nano MonthEnd MonthBegin BusinessMonthEnd "
    "BusinessMonthBegin Easter"
)
_ARGUMENTS: Final[dict[str, tuple[tuple[str, Any], ...]]] = {
    **dict.fromkeys(_PLAIN.split(), ()),
    "BusinessDay": (("_offset", None),),
    "Week": (("weekday", None),),
    "WeekOfMonth": (("week", 0), ("weekday", 0)),
    "LastWeekOfMonth": (("weekday", 0),),
    "SemiMonthEnd": (("day_of_month", 15),),
    "SemiMonthBegin": (("day_of_month", 15),),
    **dict.fromkeys(("QuarterEnd", "BQuarterEnd"), (("startingMonth", 3),)),
    **dict.fromkeys(("QuarterBegin", "BQuarterBegin"), (("startingMonth", 3),)),
    **dict.fromkeys(("YearEnd", "BYearEnd"), (("month", 12),)),
    **dict.fromkeys(("YearBegin", "BYearBegin"), (("month", 1),)),
    "FY5253": (("weekday", 0), ("startingMonth", 1), ("variation", "nearest")),
    "FY5253Quarter": (
        *(("weekday", 0), ("startingMonth", 1)),
        *(("qtr_with_extra_week", 1), ("variation", "nearest")),
    ),
    "BusinessHour": (("start", "09:00"), ("end", "17:00"), ("_offset", None)),
}
_CUSTOM: Final = (("weekmask", _MONDAY_TO_FRIDAY), ("holidays", None), ("calendar", None))
_ARGUMENTS.update(
    {
        "CustomBusinessDay": (*_CUSTOM, ("_offset", None)),
        "CustomBusinessHour": (
            *_CUSTOM,
            *(("start", "09:00"), ("end", "17:00"), ("_offset", None)),
        ),
        **dict.fromkeys(
            ("CustomBusinessMonthEnd", "CustomBusinessMonthBegin"), (*_CUSTOM, ("_offset", None))
        ),
    }
)
#: Names that old releases had, and classes of their own that are the same as others.
_ALIASES: Final = {
    "BDay": "BusinessDay",
    "CDay": "CustomBusinessDay",
    "BMonthEnd": "BusinessMonthEnd",
    "BMonthBegin": "BusinessMonthBegin",
    "CBMonthEnd": "CustomBusinessMonthEnd",
    "CBMonthBegin": "CustomBusinessMonthBegin",
}


def _field(state: dict[Any, Any], name: str, default: Any) -> Any:
    given = state.get("kwds")
    found = {**(given if type(given) is dict else {}), **state}
    if name == "_offset":
        return found.get("_offset", found.get("offset", default))
    return found.get(name, default)


def _by_call(name: str) -> Callable[[View], Any]:
    arguments = _ARGUMENTS[name]

    def make(view: View) -> Any:
        state = view.fields
        args = [state.get("n", 1), bool(state.get("normalize", False))]
        args += [_field(state, field, default) for field, default in arguments]
        if name.startswith("Custom") and args[4] is not None:
            args[4] = None  # it is made of the days of the week and the holidays
        return view.make(f"{_NEW}:{name}", *args)

    return make


def _general(view: View) -> Any:
    """``DateOffset``: its own fields, in a state as today."""
    state = view.fields
    given = state.get("kwds")
    new = {**(given if type(given) is dict else {}), **state}
    for name in ("kwds", "_cache"):
        new.pop(name, None)
    new.setdefault("normalize", False)
    return view.make(f"{_NEW}:DateOffset", state=new)


def _has_fields(view: View) -> bool:
    return type(view.state) is dict and "n" in view.state


for _name in _ARGUMENTS:
    RULES.anew(_by_call(_name), f"{_OLD}:{_name}", needed=_has_fields)
for _name, _same in _ALIASES.items():
    RULES.anew(_by_call(_same), f"{_OLD}:{_name}", needed=_has_fields)
RULES.anew(_general, f"{_OLD}:DateOffset", needed=_has_fields)
