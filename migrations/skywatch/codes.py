"""What the club writes in one word."""

import enum

from pickle_migrate import versioned


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class Sky(enum.Enum):
    """Release 5 put FEW between two members, so that 2 and 3 mean something else now."""

    CLEAR = 1
    FEW = 2
    CLOUDY = 3
    RAIN = 4


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class Quality(enum.IntFlag):
    """Release 5 exchanged the first two bits."""

    ESTIMATED = 1
    SUSPECT = 2
    MISSING = 4
