"""Stations, and how they hang together."""

from dataclasses import dataclass

from pickle_migrate import versioned


@versioned(1, unstamped=1, migrations="skywatch_migrations")
class StationId(int):
    """The number that the met office gave out. StationNumber up to release 4.1."""


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class Callsign(str):
    """A radio callsign, who issued it, and the year until which it holds."""

    authority = None
    valid_until = None


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class StationNetwork:
    """All stations of a club. Network up to release 4.1."""

    def __init__(self, name):
        self.name = name
        self.stations = []
        self.index = {}

    def add(self, station):
        station.network = self
        self.stations.append(station)
        self.index[station.station_id] = station


@versioned(1)
@dataclass(frozen=True, slots=True)
class Site:
    """Where something stands. Split off from Station in release 5."""

    lat: float
    lon: float
    altitude_m: float


@versioned(3, unstamped=1, migrations="skywatch_migrations")
class Station:
    """Instruments at a site."""

    @versioned(2, unstamped=1, migrations="skywatch_migrations")
    class Contact:
        """Whom to reach when the station is silent."""

        def __init__(self, telephone, email=""):
            self.telephone = telephone
            self.email = email

    def __init__(self, code, station_id, name, site):
        self.code = code
        self.station_id = station_id
        self.name = name
        self.site = site
        self.network = None
        self.keeper = None
        self.contact = None


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class GridCell:
    """A cell of the map's grid. Row and column never change, the name may."""

    def __new__(cls, row=0, col=0):
        self = object.__new__(cls)
        self.row = row
        self.col = col
        self.name = None
        return self

    def __getnewargs__(self):
        return (self.row, self.col)

    def __eq__(self, other):
        return isinstance(other, GridCell) and (self.row, self.col) == (other.row, other.col)

    def __hash__(self):
        return hash((self.row, self.col))
