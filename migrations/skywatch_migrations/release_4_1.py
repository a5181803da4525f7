"""Steps of release 4.1, the first with versions: from 1 (whatever releases 1 to 4 wrote) to 2.

Those releases wrote different fields and did not say which release they were, so these steps look
at the fields that are there.
"""

from pickle_migrate import migrates


@migrates("skywatch.observations:Observation", 1)
def observation(state):
    """Release 2 added source, release 3 renamed the class and with it a private name, release 4
    renamed text.
    """
    state.setdefault("source", "manual")
    if "text" in state:
        state["note"] = state.pop("text")
    if "_Reading__raw" in state:
        state["_Observation__raw"] = state.pop("_Reading__raw")


@migrates("skywatch.observations:Forecast", 1)
def forecast(state):
    """Release 4 added confidence."""
    state.setdefault("confidence", 0.5)


@migrates("skywatch.places:Station", 1)
def station(state):
    """Release 2 added both, as attributes of the class: its instances seemed to have them."""
    state.setdefault("keeper", None)
    state.setdefault("contact", None)


@migrates("skywatch.config:Preferences", 1)
def preferences(state):
    """Release 2 added frozen."""
    state.setdefault("frozen", False)


@migrates("skywatch.instruments:Calibration", 1)
def calibration(state):
    """Release 3 wrote a dict instead of a tuple."""
    if isinstance(state, tuple):
        _, offset_f, scale = state
        return {"format": 2, "offset_f": offset_f, "scale": scale, "points": []}
    return state
