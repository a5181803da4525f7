"""What observers write down."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, NamedTuple, TypeVar

from pickle_migrate import versioned
from skywatch.audit import Audited
from skywatch.codes import Sky

T = TypeVar("T")


@versioned(1, unstamped=1, migrations="skywatch_migrations")
class Extremes(NamedTuple):
    """The highest and the lowest value of a day. There are pickles of it without a version, which
    hold values by position, so the fields keep their places.
    """

    high: float
    low: float


@versioned(1, unstamped=1, migrations="skywatch_migrations")
class Span(NamedTuple):
    """From one hour to another."""

    start: int
    end: int


@versioned(2, migrations="skywatch_migrations")
class Tide(NamedTuple):
    """High and low water, in metres. In release 4.1 low water stood first."""

    high: float
    low: float
    place: str


@versioned(3, unstamped=1, migrations="skywatch_migrations")
class Observation(Audited):
    """One look at the instruments: degrees Celsius, and the wind's direction and speed in knots."""

    def __init__(self, when, temp_c, wind_from, wind_speed, note, raw=None, source="manual"):
        self.when = when
        self.temp_c = temp_c
        self.wind_from = wind_from
        self.wind_speed = wind_speed
        self.note = note
        self.__raw = raw
        self.source = source
        self.changed_by = None

    def raw(self):
        return self.__raw


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class RainObservation(Observation):
    """An observation with the rain of the last day, in millimetres."""

    def __init__(self, *args, rain_mm=0.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.rain_mm = rain_mm


@versioned(3, unstamped=1, migrations="skywatch_migrations")
@dataclass(frozen=True)
class Forecast:
    """What a day will be like, in degrees Celsius."""

    day: date
    high_c: float
    low_c: float
    sky: Sky
    confidence: float = 0.5


@versioned(1, unstamped=1, migrations="skywatch_migrations")
class ObsTime(datetime):
    """A time of observation."""

    def round_to_hour(self):
        return self.replace(minute=0, second=0, microsecond=0)


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class Track(list):
    """Observations in the order in which they were taken."""

    def __init__(self, title, observations=()):
        super().__init__(observations)
        self.title = title


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class Tags(set):
    """Words that an observer put on a day."""


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class Series:
    """Degrees Celsius at a regular step."""

    def __init__(self, code):
        self.code = code
        self.start = None
        self.step_seconds = 3600
        self.values = []

    def __reduce__(self):
        state = self.__dict__.copy()
        del state["code"]
        return (Series, (self.code,), state)


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class Window(Generic[T]):
    """The last few of something, and how many it may hold."""

    def __init__(self, size, entries=()):
        self.size = size
        self.entries = list(entries)


@versioned(1, unstamped=1, migrations="skywatch_migrations")
class Gap:
    """Stands where an observer left a line empty."""
