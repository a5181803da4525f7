"""When somebody has to be woken."""

from dataclasses import dataclass

from pickle_migrate import versioned
from skywatch.codes import Sky


@versioned(2, unstamped=1, migrations="skywatch_migrations")
@dataclass(slots=True)
class Alert:
    """The severity is "watch" or "warning". A number called level up to release 4.1."""

    severity: str
    text: str
    sky: Sky


@versioned(2, unstamped=1, migrations="skywatch_migrations")
@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit for one field, in the unit that release 5 put first, and which side of it is bad."""

    unit: str
    field: str
    limit: float
    above: bool
