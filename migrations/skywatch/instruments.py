"""Instruments and their corrections. Up to release 4.1 they stood in places and calibration."""

from pickle_migrate import versioned


@versioned(1, unstamped=1)
class Device:
    """Something that was installed in some year. A base that release 5 put under Sensor."""

    __slots__ = ("installed",)


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class Sensor(Device):
    """One instrument; two are equal when their serial numbers are."""

    __slots__ = ("kind", "limit_c", "serial_number")

    def __init__(self, serial_number, kind, limit_c, installed=None):
        self.serial_number = serial_number
        self.kind = kind
        self.limit_c = limit_c
        self.installed = installed

    def __eq__(self, other):
        return isinstance(other, Sensor) and self.serial_number == other.serial_number

    def __hash__(self):
        return hash(self.serial_number)


@versioned(2, unstamped=1, migrations="skywatch_migrations")
class Thermometer(Sensor):
    """An instrument with a probe at some depth, in metres."""

    __slots__ = ("depth_m",)

    def __init__(self, serial_number, limit_c, depth_m):
        super().__init__(serial_number, "thermo", limit_c)
        self.depth_m = depth_m


@versioned(3, unstamped=1, migrations="skywatch_migrations")
class Calibration:
    """An offset in degrees Celsius, a scale, and the points that gave them."""

    def __init__(self, offset_c, scale, points=()):
        self.offset_c = offset_c
        self.scale = scale
        self.points = list(points)

    def __getstate__(self):
        return {"offset_c": self.offset_c, "scale": self.scale, "points": self.points}

    def __setstate__(self, state):
        self.__init__(state["offset_c"], state["scale"], state["points"])
