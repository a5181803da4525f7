"""Who observes."""

from dataclasses import dataclass

from pickle_migrate import versioned


@versioned(2, unstamped=1, migrations="skywatch_migrations")
@dataclass
class Keeper:
    """Who looks after a station."""

    name: str
    since_year: int


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class Observer:
    """A member of the club; two are equal when their handles are."""

    def __init__(self, handle):
        self.handle = handle
        self.team = None

    def __eq__(self, other):
        return isinstance(other, Observer) and self.handle == other.handle

    def __hash__(self):
        return hash(self.handle)


@versioned(1, unstamped=1, migrations="skywatch_migrations")
class Team:
    """Observers who share a station."""

    def __init__(self, name):
        self.name = name
        self.members = set()
        self.lead = None

    def join(self, observer):
        observer.team = self
        self.members.add(observer)
