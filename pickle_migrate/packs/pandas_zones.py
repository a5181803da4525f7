"""Time zones of pandas' objects: pytz, which pandas 3 does not bring, as the standard library's.

Only zones that stand in objects of pandas are changed, which keep moments in UTC, so that no moment
changes. A datetime of your own keeps its pytz. Sources: pytz/__init__.py (``_p``, ``_UTC``,
``_FixedOffset``).
"""

from __future__ import annotations

import datetime
from typing import Any, Final

from pickle_migrate.foreign.view import View
from pickle_migrate.packs import arrays

_UTC: Final = ("pytz:_UTC", "pytz:UTC")
_NAMED: Final = "pytz:_p"
_FIXED: Final = ("pytz:_FixedOffset", "pytz:FixedOffset")


def is_old(view: View, zone: Any) -> bool:
    """Whether a value is a zone of pytz."""
    return view.is_of(zone, *_UTC, *_FIXED, _NAMED)


def today(view: View, zone: Any) -> Any:
    """A zone as the standard library's; anything else as it is."""
    if view.is_of(zone, *_UTC):
        return datetime.UTC
    if view.is_of(zone, *_FIXED):
        minutes = datetime.timedelta(minutes=int(arrays.scalar_of(zone.args[0])))
        return datetime.timezone(minutes)
    if view.is_of(zone, _NAMED):
        name = arrays.text(zone.args[0])
        if len(zone.args) == 1 and name == "UTC":
            return datetime.UTC
        return view.make("zoneinfo:ZoneInfo", name)
    return zone
