"""What a scan lists, held against the C unpickler, which is right where readers differ."""

from __future__ import annotations

import collections
import datetime
import fractions
import io
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import mapped, scan, scan_all

CORPUS = Path(__file__).parent / "data" / "corpus"
PROTOCOLS = st.integers(0, pickle.HIGHEST_PROTOCOL)
PICKLERS = st.sampled_from([pickle.dumps, pickle._dumps])


class Outer:
    class Inner:  # noqa: D106
        def __init__(self, value):
            self.value = value


class Point:
    def __init__(self, x):
        self.x = x


class Inert:
    """Takes whatever a pickle does to it."""

    def __new__(cls, *args, **keywords):
        return object.__new__(cls)

    def __init__(self, *args, **keywords):
        pass

    def __setstate__(self, state):
        pass

    def __call__(self, *args, **keywords):
        return Inert()

    def append(self, item):
        pass

    def extend(self, items):
        pass

    def add(self, item):
        pass

    def __setitem__(self, key, value):
        pass


class Recorder(pickle.Unpickler):
    """The oracle: the C unpickler, which imports nothing and notes what it is asked for."""

    def __init__(self, file):
        super().__init__(file, encoding="latin1", buffers=iter([b""] * 9))
        self.asked = set()

    def find_class(self, module, name):
        self.asked.add(GlobalRef(module, name))
        return (lambda *names: Inert) if name == "getattr" else Inert

    def persistent_load(self, pid):
        return None


def asked_of(data):
    """The refs that the C unpickler asks for, and whether it came to the end."""
    recorder = Recorder(io.BytesIO(data))
    try:
        recorder.load()
    except Exception:
        return recorder.asked, False
    return recorder.asked, True


def scanned(data):
    """The scan, or the error that it ends in."""
    try:
        return scan(data)
    except PickleFormatError as error:
        return error


atoms = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=8)
)
objects = st.one_of(
    st.builds(Point, atoms),
    st.builds(Outer.Inner, atoms),
    st.builds(fractions.Fraction, st.integers(0, 9)),
    st.builds(datetime.date, st.integers(1990, 2020), st.just(1), st.just(1)),
    st.builds(collections.OrderedDict),
    st.sampled_from([Point, Outer.Inner, len, "tests.test_scanner", "Point", __name__]),
)
graphs = st.recursive(
    atoms | objects,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
        st.builds(Point, inner),
    ),
    max_leaves=12,
)


@given(graphs, PROTOCOLS, PICKLERS)
def test_every_global_that_the_unpickler_asks_for_is_listed(graph, protocol, dumps):
    """And nothing else: the refs are those that ``find_class`` gets."""
    data = dumps(graph, protocol)
    found = scan(data)
    asked, done = asked_of(data)
    assert done
    assert {g.ref for g in found.globals if g.via == "find_class"} == asked
    assert (found.start, found.end, found.unresolvable) == (0, len(data), ())


@given(graphs, PROTOCOLS, st.data())
def test_a_mutated_pickle_hides_no_global(graph, protocol, data):
    """Whatever the C unpickler accepts, the scan accepts, and lists all that it asked for."""
    mutated = bytearray(pickle.dumps(graph, protocol))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(mutated) - 1))
        mutated[place] = data.draw(st.integers(0, 255))
    asked, done = asked_of(bytes(mutated))
    found = scanned(bytes(mutated))
    if isinstance(found, PickleFormatError):
        assert not done
    elif done and not found.unresolvable:
        assert asked <= {g.ref for g in found.globals}


@given(st.binary(max_size=60))
def test_any_bytes_end_in_a_result_or_a_typed_error(data):
    """No other exception, whatever the bytes."""
    found = scanned(data)
    place = found.offset if isinstance(found, PickleFormatError) else found.end
    assert 0 <= place <= len(data)


def corpus():
    files = json.loads((CORPUS / "manifest.json").read_text())["files"]
    return [pytest.param(entry, id=entry["file"]) for entry in files if bare(entry["file"])]


def bare(name):
    # Compressed files and .npy are for the layer above; their bytes are no pickle.
    path = CORPUS / name
    return path.exists() and path.suffix not in (".gz", ".npy")


@pytest.mark.parametrize("entry", corpus())
def test_old_pickles_of_public_projects(entry):
    """Every global that the manifest names is found; it spells them ``module.name``.

    Two files are no pickles for CPython: one has the line ends of Windows, and one has arrays
    between its opcodes, which only joblib reads. The scan refuses them as the C unpickler does.
    """
    data = (CORPUS / entry["file"]).read_bytes()
    if not asked_of(data)[1]:
        with pytest.raises(PickleFormatError):
            scan(data)
        assert entry["lib"] in ("rdkit", "sklearn/torch")
        return
    names = {f"{ref.module}.{ref.qualname}" for ref in scan(data).refs}
    assert set(entry.get("globals", ())) <= names


def test_the_corpus_is_there():
    """A check that finds no files fails."""
    assert len(corpus()) > 10


@pytest.mark.parametrize("protocol", range(6))
def test_uses(protocol):
    """Instantiated, called, or only named as data: a plan asks for it."""
    data = pickle.dumps([Point(1), Inert, fractions.Fraction(1, 2)], protocol)
    uses = {g.ref.qualname: set(g.uses) for g in scan(data).globals}
    assert "instantiated" in uses["Point"]
    assert uses["Inert"] == {"named"}
    assert uses["Fraction"] & {"called", "instantiated"}


@pytest.mark.parametrize("protocol", [4, 5])
def test_a_name_that_stands_in_the_memo(protocol):
    """Trap: protocol 4 shares the names of a global with the user's own texts."""
    data = pickle.dumps([Point.__module__, "Point", Point(1)], protocol)
    assert scan(data).refs == {GlobalRef(Point.__module__, "Point")}


@pytest.mark.parametrize("protocol", range(4))
def test_a_nested_class_below_protocol_4(protocol):
    """Trap: it is ``getattr(Outer, "Inner")`` by REDUCE; both are listed."""
    found = scan(pickle.dumps(Outer.Inner, protocol))
    via = {g.ref.qualname: g.via for g in found.globals}
    assert via["Outer.Inner"] == "getattr"
    assert via["Outer"] == via["getattr"] == "find_class"


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_in_a_row_and_what_follows(protocol):
    """One file may hold several pickles, and bytes after them that are none."""
    one, two = pickle.dumps(Point(1), protocol), pickle.dumps([2], protocol)
    found = scan_all(one + two + b"\xfftail")
    assert [(s.start, s.end) for s in found.pickles] == [(0, len(one)), (len(one), len(one + two))]
    assert found.end == len(one + two)
    assert found.problem is not None


@pytest.mark.parametrize("protocol", range(6))
def test_a_row_of_one_pickler(protocol):
    """A Pickler that dumps again refers to what it wrote before, also two pickles back."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file, protocol)
    shared = Point([])
    for graph in (shared, [1], [shared]):
        pickler.dump(graph)
    found = scan_all(file.getvalue())
    assert found.problem is None
    assert found.pickles[0].refs
    assert found.pickles[2].carries_memo
    assert found.end == len(file.getvalue())


def test_names_of_python_2():
    """Below protocol 3 the unpickler looks for Python 3's names."""
    assert mapped(GlobalRef("__builtin__", "set"), 2) == GlobalRef("builtins", "set")
    assert mapped(GlobalRef("copy_reg", "_reconstructor"), 0).module == "copyreg"
    assert mapped(GlobalRef("__builtin__", "set"), 4) == GlobalRef("__builtin__", "set")


def test_a_claimed_length_reserves_nothing():
    """A few bytes that claim gigabytes are refused at their place."""
    with pytest.raises(PickleFormatError) as caught:
        scan(b"\x80\x04\x8e" + (2**40).to_bytes(8, "little") + b"x.")
    assert caught.value.offset == 2
