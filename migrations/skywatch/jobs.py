"""What runs at night."""

import attrs

from pickle_migrate import versioned


@versioned(2, unstamped=1, migrations="skywatch_migrations")
@attrs.define(slots=False)
class Job:
    """Something to do, how often it was tried, and the seconds after which it is given up."""

    name: str
    attempts: int = 0
    timeout: int = 60


@versioned(2, unstamped=1, migrations="skywatch_migrations")
@attrs.define
class Upload:
    """A file on its way to the met office. Up to release 4.1 the path stood before the size."""

    size: int
    path: str
    checksum: str | None = None
