"""What observers prefer."""

from pickle_migrate import versioned


@versioned(3, unstamped=1, migrations="skywatch_migrations")
class Preferences(dict):
    """Names and values, and the file that they came from. Settings up to release 2."""

    source = None
    locked = False
