"""``archive.loads`` and ``noting``: archived pickles, loaded by today's code and compared."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import pickle
import sys
import types
from pathlib import Path

import attrs
import pytest

from pickle_migrate import AddField, Lineage, RenameField, Unpickler, versioned
from pickle_migrate.archive import loads, noting, records
from pickle_migrate.archive.values import Record
from pickle_migrate.errors import ArchiveError
from pickle_migrate.policy import Policy
from pickle_migrate.registry import DEFAULT, Registry

MODULE = "archived_shop"


@pytest.fixture
def shop(monkeypatch):
    """A module for classes, whose declarations are forgotten afterwards."""
    module = types.ModuleType(MODULE)
    monkeypatch.setitem(sys.modules, MODULE, module)
    return module


def put(module, name: str, **members):
    cls = type(
        name, (), {"__init__": lambda self, **fields: self.__dict__.update(fields), **members}
    )
    cls.__module__ = MODULE
    setattr(module, name, cls)
    return cls


def recorded(path: Path, data: bytes, *states: object, **more: object) -> Record:
    path.write_bytes(data)
    text = records.states_text(list(states)) if states else ""
    digest = hashlib.sha256(data).hexdigest()
    return Record(str(path), digest, expected_text=text, root=path.parent, **more)


def test_a_pickle_is_loaded_migrated_and_compared(shop, tmp_path) -> None:
    """Written by the class as it was, read by the class as it is."""
    old = versioned(1, registry=Registry())(put(shop, "Order"))
    data = pickle.dumps([old(qty=1), old(qty=2)])
    versioned(3)(put(shop, "Order"))
    lineage = Lineage(f"{MODULE}:Order").upgrade(1, RenameField("qty", "quantity"))
    lineage.upgrade(2, AddField("currency", default="EUR"))
    states = [
        {"class": f"{MODULE}:Order", "fields": {"currency": "EUR", "quantity": n}} for n in (1, 2)
    ]
    record = recorded(tmp_path / "a.pickle", data, states)
    loaded = loads.load_record(record)
    assert loaded.problem is None
    assert loaded.is_intact
    assert loads.compare(loaded) == []
    assert list(loaded.states) == [states]
    assert [name for _, name in loaded.refs] == [f"{MODULE}:Order@1"]
    assert loads.refs_of(loaded) == ()

    wrong = attrs.evolve(record, expected_text=record.expected_text.replace("EUR", "USD", 1))
    assert loads.compare(loaded, wrong) == ['$[0].currency: expected "USD", found "EUR"']


def test_unstamped_pickles_are_migrated_one_after_the_other(shop, tmp_path) -> None:
    """Trap: what a name resolved to is kept, and what the loader noted of it has to be kept too.
    An object without attributes gets no state from pickle, and is migrated by the loader alone.
    """
    old = put(shop, "Bare")
    data = [pickle.dumps(old()), pickle.dumps([old(a=1), old()])]
    versioned(2, unstamped=1)(put(shop, "Bare"))
    Lineage(f"{MODULE}:Bare").upgrade(1, AddField("b", default=2))
    for _ in range(3):
        [one], [two] = [noting.load_all(d, "ASCII", {}) for d in data]
        assert vars(one) == {"b": 2}
        assert [vars(x) for x in two] == [{"a": 1, "b": 2}, {"b": 2}]


def test_pickles_of_a_class_that_says_there_are_none_are_refused_each_time(shop) -> None:
    """As plain loads of the loader refuse them."""
    data = pickle.dumps(put(shop, "Newer")(a=1))
    versioned(2)(put(shop, "Newer"))
    Lineage(f"{MODULE}:Newer").upgrade(1, AddField("b", default=2))
    for _ in range(2):
        with pytest.raises(Exception, match="version"):
            noting.load_all(data, "ASCII", {})


def test_what_was_kept_is_forgotten_when_something_is_declared(shop) -> None:
    """A step that is added, and a class that is exchanged in its module."""
    data = pickle.dumps(put(shop, "Late")(a=1))
    versioned(2, unstamped=1)(put(shop, "Late"))
    lineage = Lineage(f"{MODULE}:Late").upgrade(1, RenameField("a", "b"))
    [first] = noting.load_all(data, "ASCII", {})
    assert vars(first) == {"b": 1}
    del lineage
    exchanged = put(shop, "Late")
    [second] = noting.load_all(data, "ASCII", {})
    assert type(second) is exchanged
    assert vars(second) == {"a": 1}


@pytest.mark.parametrize("wrap", [bytes, gzip.compress, bz2.compress])
def test_several_pickles_of_a_file_are_all_loaded(wrap, tmp_path) -> None:
    """One after the other, compressed or not."""
    data = wrap(pickle.dumps(1, 0) + pickle.dumps([2], 4) + pickle.dumps("x", 2))
    record = recorded(tmp_path / "a.pickle", data, 1, [2], "x")
    assert loads.compare(loads.load_record(record)) == []
    fewer = attrs.evolve(record, expected_text=records.states_text([1]))
    assert loads.compare(loads.load_record(fewer)) == ["expected 1 pickle, found 3 pickles"]
    other = attrs.evolve(record, expected_text=records.states_text([1, [3], "x"]))
    [line] = loads.compare(loads.load_record(other))
    assert line.startswith("pickle 2, $[0]: expected 3 (int), found 2")


@pytest.mark.parametrize("protocol", range(6))
def test_a_row_of_one_pickler_is_loaded_with_one_unpickler(protocol) -> None:
    """The second pickle refers to the memo of the first."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file, protocol)
    shared = ["x", "y", "z", {"k": 1}]
    pickler.dump(shared)
    pickler.dump([shared[3]])
    first, second = noting.load_all(file.getvalue(), "ASCII", {})
    assert second[0] is first[3]


def test_what_follows_the_last_pickle_is_told(tmp_path) -> None:
    """Trap: whoever reads one pickle and stops sees nothing of it."""
    record = recorded(tmp_path / "a.pickle", pickle.dumps([1]) + b"rest", [1])
    loaded = loads.load_record(record)
    assert loaded.problem is not None
    assert "4 bytes after" in loaded.problem.what


def test_changed_bytes_are_told_by_the_digest(tmp_path) -> None:
    """They are loaded all the same: whoever asks decides."""
    record = recorded(tmp_path / "a.pickle", pickle.dumps([1]), [1])
    record.path.write_bytes(pickle.dumps([2]))
    loaded = loads.load_record(record)
    assert not loaded.is_intact
    assert loads.compare(loaded) == ["$[0]: expected 1 (int), found 2 (int)"]


class Exits:
    def __reduce__(self):
        return sys.exit, (3,)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"cno_such_module\nThing\n.", "ModuleNotFoundError"),
        (pickle.dumps([1])[:-2], "UnpicklingError"),
        (b"", "EOFError"),
        (pickle.dumps(Exits()), "SystemExit"),
        (b"\x1f\x8b\x08junk", "CompressionError"),
    ],
)
def test_whatever_stops_a_load_is_its_problem(data, error, tmp_path) -> None:
    """Also a pickle that ends the program: a check goes on."""
    loaded = loads.load_record(recorded(tmp_path / "a.pickle", data, 1))
    assert loaded.problem is not None
    assert loaded.problem.error == error
    assert loads.load_bytes(loaded.record, data).problem == loaded.problem


def test_a_pickle_that_is_gone_has_no_digest(tmp_path) -> None:
    """Nothing was read."""
    record = recorded(tmp_path / "a.pickle", b"N.", None)
    record.path.unlink()
    loaded = loads.load_record(record)
    assert (loaded.sha256, loaded.is_intact) == ("", False)
    assert loaded.problem is not None


def test_expected_states_stand_in_other_files(tmp_path) -> None:
    """Of a pickle as a whole, or of each value of a dict by itself."""
    (tmp_path / "in.yaml").write_text("one: [1, {same: $}]\ntwo: x\n")
    ring: list = [1]
    ring.append(ring)
    data = pickle.dumps(ring) + pickle.dumps({"a": ring, "b": "x"})
    places = ("in.yaml#one", {"a": "in.yaml#one", "b": "in.yaml#two"})
    record = recorded(tmp_path / "a.pickle", data, expected_in=places)
    assert loads.compare(loads.load_record(record)) == []
    (tmp_path / "in.yaml").write_text("one: [2, {same: $}]\ntwo: x\n")
    assert loads.compare(loads.load_record(record), limit=1) == [
        "pickle 1, $[0]: expected 2 (int), found 1 (int)"
    ]
    fewer = attrs.evolve(record, expected_in=places[:1])
    assert loads.compare(loads.load_record(record), fewer) == ["expected 1 pickle, found 2 pickles"]
    gone = attrs.evolve(record, expected_in=("in.yaml#three", places[1]))
    with pytest.raises(ArchiveError, match="no expected state 'three'"):
        loads.compare(loads.load_record(record), gone)


def test_a_policy_decides_before_anything_is_loaded() -> None:
    """Whoever takes a pickle in asks one; what was kept of other loads does not get past it."""
    data = pickle.dumps(Path("a"))
    assert noting.load_all(data, "ASCII", {}) == (Path("a"),)
    with pytest.raises(Exception, match="not allowed"):
        noting.load_all(data, "ASCII", {}, Policy())
    with pytest.raises(Exception, match="not allowed"):
        noting.load_all(data + data, "ASCII", {}, Policy())


def test_it_loads_what_the_loader_loads(shop) -> None:
    """The same objects, also of classes that others renamed."""
    old = put(shop, "Before")
    data = [pickle.dumps(old(a=1), protocol) for protocol in range(6)]
    delattr(shop, "Before")
    new = put(shop, "After")
    DEFAULT.rename(f"{MODULE}:Before", f"{MODULE}:After")
    for one in (*data, *data):
        [found] = noting.load_all(one, "ASCII", {})
        assert type(found) is new
        assert vars(found) == vars(Unpickler(io.BytesIO(one)).load())
