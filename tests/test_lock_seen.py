"""What objects look like in pickles that old releases wrote; nothing of theirs is imported."""

import pickle
import sys
from pathlib import Path

import pytest

from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.lock.seen import Sighting, sightings_in, sightings_of_file
from pickle_migrate.refs import GlobalRef

PICKLES = Path(__file__).parent.parent / "fixtures" / "pickles"


def _seen(path):
    return {str(one.ref): one for one in sightings_of_file(str(PICKLES / path))}


def _names(sighting):
    return [name for name, _ in sighting.fields]


def test_a_python_2_pickle():
    """Names of fields are 8-bit strings there, private ones carry the class's name."""
    found = _seen("weatherlog_r1/py2.7/reading.p0.c.pickle")["weatherlog.records:Reading"]
    assert found.written is None
    assert found.word == "dict"
    assert _names(found) == ["_Reading__raw", "temp_f", "text", "when", "wind"]


def test_stamped_objects():
    """The stamp says class, version and fingerprint."""
    found = _seen("skywatch_r4_1/py3.11/reading.p4.python.pickle")
    one = found["skywatch.observations:Observation"]
    assert (one.written.head.version, one.written.head.fingerprint) == (2, None)
    assert "_Observation__raw" in _names(one)


@pytest.mark.parametrize(
    ("path", "ref", "word", "count"),
    [
        ("attrs_21_4/py3.8/pair.p2.c.pickle", "pairs:Pair", "positional", 2),
        ("packaging_24/py3.9/version.p4.c.pickle", "packaging.version:Version", "dict", 0),
    ],
)
def test_unstamped_objects(path, ref, word, count):
    """Values by position have no names."""
    found = _seen(path)[ref]
    assert (found.word, found.count) == (word, count)
    assert (found.fields is None) == (word == "positional")


def test_slots():
    """A pair of None and slots."""
    found = _seen("skywatch_r4/py3.12/thermometer.p3.c.pickle")
    one = found["skywatch.places:Thermometer"]
    assert (one.word, _names(one)) == ("slots", ["depth_ft", "kind", "limit_f", "serial"])


def test_whole_values():
    """Enums and namedtuples stand in the arguments; a member of an enum is a field."""
    sightings = sightings_of_file(str(PICKLES / "skywatch_r4_1/py3.11/grades.p0.c.pickle"))
    assert {one.fields for one in sightings} == {(("LOW", "1"),), (("HIGH", "2"),)}
    (tide,) = _seen("skywatch_r4_1/py3.11/tide.p2.c.pickle").values()
    assert (tide.word, _names(tide)) == ("whole", ["high", "low"])


def test_a_compressed_row():
    """All pickles of the file, through its compression."""
    files = [*PICKLES.glob("*/*/row*.gz"), *PICKLES.glob("*/*/row*.xz")]
    assert files
    for path in files:
        assert len(sightings_of_file(str(path))) > 3


class Thing:
    pass


def test_state_of_other_kinds():
    """A mapping of numbers, a text, nothing, and names that no file can hold."""

    def of(state):
        data = pickle.dumps(Thing())
        # BUILD gives the state; pickle itself writes none for an object without attributes.
        inner = pickle.dumps(state, 2)[2:-1]
        (one,) = sightings_in(data[:-1] + inner + b"b.") if state is not ... else sightings_in(data)
        return one.fields, one.word

    assert of(...) == ((), "dict")
    assert of({1: 2}) == (None, "dict")
    assert of("text") == (None, "own")
    assert of((1, 2)) == (None, "positional")
    assert of(({"a": 1}, {"b": 2})) == ((("a", ""), ("b", "")), "dict and slots")
    assert of({"\udc80": 1}) == ((("\\udc80", ""),), "dict")


def test_objects_deep_inside():
    """In keys, sets, states, arguments and cycles; however deep."""
    deep = Thing()
    deep.mine = {(frozenset([1]), "k"): [deep, Thing()]}
    nested = [deep]
    for _ in range(200):
        nested = [nested]
    found = sightings_in(pickle.dumps(nested))
    ref = GlobalRef(__name__, "Thing")
    assert found == {
        Sighting(ref, None, (("mine", ""),), "dict"),
        Sighting(ref, None, (), "dict"),
    }


def test_what_is_no_pickle_shows_nothing(tmp_path):
    """Nor does a file that is not there; both are others' to report."""
    path = tmp_path / "notes.txt"
    path.write_text("no pickle")
    assert sightings_of_file(str(path)) == set()
    assert sightings_of_file(str(tmp_path / "none")) == set()
    with pytest.raises(PickleMigrateError):
        sightings_in(b"no pickle")


def test_a_damaged_row_shows_what_stands_before(tmp_path):
    """As far as it can be read."""
    path = tmp_path / "row.pickle"
    path.write_bytes(pickle.dumps(Thing()) + b"damage")
    assert len(sightings_of_file(str(path))) == 1


def test_nothing_is_imported():
    """The worked example's modules are not even there."""
    before = set(sys.modules)
    for path in sorted(PICKLES.glob("skywatch_r4_1/py3.11/*.c.pickle"))[:20]:
        sightings_of_file(str(path))
    assert not [name for name in set(sys.modules) - before if name.startswith("skywatch")]
