"""The reducer of a class with ``fill=True`` once something is kept beside one of its objects.

Such an object is written under a stamp without a fingerprint: the fields are not those that the
class declares, and whoever reads it puts the state field by field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pickle_migrate import stamps
from pickle_migrate.filling import asides
from pickle_migrate.stamps import Stamp

if TYPE_CHECKING:
    from pickle_migrate.entries import Entry
    from pickle_migrate.writers import Reducer


def carrying(entry: Entry, own: Reducer) -> Reducer:
    """A reducer that adds what is kept to what the class's own reducer gives."""

    def reduce(obj: Any) -> Any:
        reduced, extra = own(obj), asides.kept(obj)
        if extra is None or isinstance(reduced, str):
            return reduced
        make, args, state, *rest = reduced
        stamp = _stamp(entry)
        if type(make) is Stamp:
            make = stamp
        if type(state) is dict:
            state = {**extra, **state}
        else:  # the pair that our writers make
            state = (stamp, {**extra, **state[1]}, *state[2:])
        return (make, args, state, *rest)

    return reduce


def _stamp(entry: Entry) -> Any:
    if entry.stamp._by_value:
        return stamps.version_only(entry.unsigned)
    return entry.newborn(entry.unsigned.encode(), entry.unsigned)
