"""Steps of release 5: metric units, one class split in two, fields renamed, merged and split.

While it is rolled out, release 4.1 still runs, and has to read what release 5 writes. So each step
knows its way back: by itself, by an ``inverse``, or by ``downgrade``.
"""

from pickle_migrate import (
    AddField,
    ConvertField,
    Lineage,
    MergeFields,
    RemoveField,
    RenameField,
    SplitField,
    migrates,
)
from skywatch_migrations.units import (
    celsius,
    celsius_difference,
    fahrenheit,
    fahrenheit_difference,
    feet,
    inches,
    metres,
    millimetres,
)

# --- observations -----------------------------------------------------------------------------


def wind(text):
    """From "NW 12" to the direction and the speed."""
    direction, speed = text.split()
    return direction, int(speed)


# The base Audited was put under Observation. Old pickles have no field of it, so it is added.
Lineage("skywatch.observations:Observation").upgrade(
    2,
    RenameField("temp_f", "temp_c"),
    ConvertField("temp_c", celsius, inverse=fahrenheit),
    SplitField("wind", ("wind_from", "wind_speed"), wind, inverse="{} {}".format),
    AddField("changed_by", default=None),
)

# Observation migrates its own fields; RainObservation has a lineage for the one that it adds.
Lineage("skywatch.observations:RainObservation").upgrade(
    1, RenameField("rain_in", "rain_mm"), ConvertField("rain_mm", millimetres, inverse=inches)
)

Lineage("skywatch.observations:Forecast").upgrade(
    2,
    RenameField("high_f", "high_c"),
    ConvertField("high_c", celsius, inverse=fahrenheit),
    RenameField("low_f", "low_c"),
    ConvertField("low_c", celsius, inverse=fahrenheit),
)

Lineage("skywatch.observations:Track").upgrade(1, RenameField("label", "title"))
Lineage("skywatch.observations:Tags").upgrade(1, RemoveField("owner", default=None))
Lineage("skywatch.observations:Window").upgrade(1, RenameField("items", "entries"))
Lineage("skywatch.observations:Series").upgrade(
    1,
    RenameField("step_minutes", "step_seconds"),
    ConvertField("step_seconds", lambda minutes: minutes * 60, inverse=lambda s: s // 60),
    ConvertField(
        "values",
        lambda values: [celsius(value) for value in values],
        inverse=lambda values: [fahrenheit(value) for value in values],
    ),
)

# In release 4.1 this was a namedtuple without types. Types are part of a fingerprint, and the error
# that a pickle of 4.1 raised named this one. The fields are the same ones in the same order.
Lineage("skywatch.observations:Extremes").accept_fingerprint(1, "dc1d6d9c")

# High and low water changed places. Values go by name, so only the new field needs a word.
Lineage("skywatch.observations:Tide").upgrade(1, AddField("place", default=""))

# --- codes ------------------------------------------------------------------------------------


def grade_back(state):
    """Release 4.1 had no MIDDLE: there is no way back for it."""
    state["value"] = {"LOW": 1, "HIGH": 2}[state["name"]]


@migrates("skywatch.codes:Grade", 1, inverse=grade_back)
def grade(state):
    """MIDDLE took the value of HIGH. The name of the member says which one was meant."""
    state["value"] = {"LOW": 1, "HIGH": 3}[state["name"]]


def channel_back(state):
    """The same exchange; a single bit keeps its name."""
    value = state["value"]
    state["value"] = (value & ~3) | (value & 1) << 1 | (value & 2) >> 1


@migrates("skywatch.codes:Channel", 1, inverse=channel_back)
def channel(state):
    """RADIO and MAIL exchanged their bits; combinations have no name of their own."""
    value = state["value"]
    state["value"] = (value & ~3) | (value & 1) << 1 | (value & 2) >> 1
    state["name"] = None


# --- places -----------------------------------------------------------------------------------


def site(lat, lon, altitude_ft):
    """The part of Station that became a class of its own. It is made as today's Site; the day that
    Site changes, this function changes with it.
    """
    from skywatch.places import Site

    return Site(lat, lon, round(metres(altitude_ft), 1))


def place(site):
    """The three fields of old that a Site was made of."""
    return site.lat, site.lon, feet(site.altitude_m)


Lineage("skywatch.places:Station").upgrade(
    2,
    MergeFields(("lat", "lon", "altitude_ft"), "site", site, inverse=place),
    RenameField("number", "station_id"),
)

Lineage("skywatch.places:Station.Contact").upgrade(
    1, RenameField("phone", "telephone"), AddField("email", default="")
)
Lineage("skywatch.places:Callsign").upgrade(
    1, RenameField("issuer", "authority"), AddField("valid_until", default=None)
)
Lineage("skywatch.places:GridCell").upgrade(1, RenameField("label", "name"))

network = Lineage("skywatch.places:StationNetwork")
network.upgrade(1, RemoveField("by_code"), AddField("index", factory=dict))


def fill_index(obj):
    """Stations refer back to their network: while it gets its state, they may still be empty. So
    the index by number is made when the whole graph is there.
    """
    obj.index.update((station.station_id, station) for station in obj.stations)


network.finish(1, fill_index)


def by_code(state):
    """What release 4.1 had in place of the index."""
    del state["index"]
    state["by_code"] = {station.code: station for station in state["stations"]}


network.downgrade(1, by_code)

# --- instruments ------------------------------------------------------------------------------

# The base Device was put under Sensor. The serial number decides equality and hash; the step runs
# before a set or a dict takes the sensor in.
Lineage("skywatch.instruments:Sensor").upgrade(
    1,
    RenameField("serial", "serial_number"),
    ConvertField("serial_number", str.upper, inverse=str.lower),
    RenameField("limit_f", "limit_c"),
    ConvertField("limit_c", celsius, inverse=fahrenheit),
    AddField("installed", default=None),
)
Lineage("skywatch.instruments:Thermometer").upgrade(
    1, RenameField("depth_ft", "depth_m"), ConvertField("depth_m", metres, inverse=feet)
)


def calibration_back(state):
    """With the number of its format, which the class of old looks at."""
    return {
        "format": 2,
        "offset_f": fahrenheit_difference(state["offset_c"]),
        "scale": state["scale"],
        "points": [tuple(fahrenheit(value) for value in point) for point in state["points"]],
    }


@migrates("skywatch.instruments:Calibration", 2, inverse=calibration_back)
def calibration(state):
    """The state is what the class's own ``__getstate__`` gave."""
    return {
        "offset_c": celsius_difference(state["offset_f"]),
        "scale": state["scale"],
        "points": [tuple(celsius(value) for value in point) for point in state["points"]],
    }


# --- people, settings, faults, jobs, alerts, summaries ----------------------------------------

Lineage("skywatch.people:Keeper").upgrade(
    1,
    MergeFields(
        ("first", "last"),
        "name",
        lambda first, last: f"{first} {last}",
        inverse=lambda name: name.split(" ", 1),
    ),
)
Lineage("skywatch.people:Observer").upgrade(1, RenameField("login", "handle"))

Lineage("skywatch.config:Preferences").upgrade(
    2, RenameField("origin", "source"), RenameField("frozen", "locked")
)


def sensor_fault_back(state):
    """The code stands first again."""
    message, code = state["args"]
    state["args"] = (code, message)
    state["serial"] = state.pop("serial_number")


@migrates("skywatch.faults:SensorFault", 1, inverse=sensor_fault_back)
def sensor_fault(state):
    """The message stands first now, as in other exceptions."""
    code, message = state["args"]
    state["args"] = (message, code)
    state["serial_number"] = state.pop("serial")


Lineage("skywatch.faults:SensorSilent").upgrade(
    1,
    RenameField("hours", "minutes"),
    ConvertField("minutes", lambda hours: hours * 60, inverse=lambda minutes: minutes // 60),
)

Lineage("skywatch.jobs:Job").upgrade(
    1,
    RenameField("tries", "attempts"),
    RemoveField("queue", default="night"),
    AddField("timeout", default=60),
)

# Releases 2 to 4.1 used attrs 21.4, 23.1 and 24.2; the first of them wrote values by position.
upload = Lineage("skywatch.jobs:Upload")
upload.fields(1, "path", "size")
upload.upgrade(1, AddField("checksum", default=None))

SEVERITIES = {1: "watch", 2: "warning"}
LEVELS = {severity: level for level, severity in SEVERITIES.items()}
Lineage("skywatch.alerts:Alert").upgrade(
    1,
    RenameField("level", "severity"),
    ConvertField("severity", SEVERITIES.__getitem__, inverse=LEVELS.__getitem__),
)

# A frozen dataclass with slots writes its values by position, and the new field stands first.
threshold = Lineage("skywatch.alerts:Threshold")
threshold.fields(1, "field", "limit_f", "above")
threshold.upgrade(
    1,
    RenameField("limit_f", "limit"),
    ConvertField("limit", celsius, inverse=fahrenheit),
    AddField("unit", default="C"),
)

Lineage("skywatch.summaries:Digest").upgrade(1, AddField("language", default="en"))
Lineage("skywatch.summaries:Bulletin").upgrade(1, RenameField("bulletins", "digests"))
