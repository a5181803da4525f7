"""What the club writes in one word."""

import enum

from pickle_migrate import versioned


@versioned(1, unstamped=1, migrations="skywatch_migrations")
class Sky(enum.Enum):
    """There are pickles of it without a version, so the values keep their meaning; FEW is new."""

    CLEAR = 1
    CLOUDY = 2
    RAIN = 3
    FEW = 4


@versioned(1, unstamped=1, migrations="skywatch_migrations")
class Quality(enum.IntFlag):
    """What is wrong with a value."""

    SUSPECT = 1
    ESTIMATED = 2
    MISSING = 4


@versioned(2, migrations="skywatch_migrations")
class Grade(enum.Enum):
    """Release 5 put MIDDLE between the two, so that 2 means something else now."""

    LOW = 1
    MIDDLE = 2
    HIGH = 3


@versioned(2, migrations="skywatch_migrations")
class Channel(enum.IntFlag):
    """Release 5 exchanged the first two bits."""

    MAIL = 1
    RADIO = 2
    POST = 4
