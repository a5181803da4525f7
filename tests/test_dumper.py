"""Dumping with pickle's own functions. Their signatures and errors: see the tests of the loader."""

import io
import pickle
from dataclasses import dataclass

import pytest

import pickle_migrate

each_protocol = pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))


@dataclass
class Point:
    x: int


def test_dump_leaves_the_file_as_it_was_when_pickling_fails():
    """Pickle's own writes what it had by then."""
    value = [b"x" * 100_000, lambda: 0]
    mine, theirs = io.BytesIO(b"before"), io.BytesIO(b"before")
    for module, file in ((pickle_migrate, mine), (pickle, theirs)):
        with pytest.raises((pickle.PicklingError, AttributeError)):
            module.dump(value, file)
    assert theirs.getvalue() != b"before"
    assert mine.getvalue() == b"before"
    assert mine.tell() == 0


def test_dump_does_not_pickle_for_what_is_no_file():
    """The mistake is said before any code of the objects runs."""

    class Touchy:
        def __reduce__(self):
            raise AssertionError

    with pytest.raises(TypeError, match="must have a 'write' attribute"):
        pickle_migrate.dump(Touchy(), None)


@each_protocol
def test_what_dump_writes_is_what_dumps_gives(protocol):
    """And what pickle reads."""
    file = io.BytesIO()
    pickle_migrate.dump([Point(1)], file, protocol)
    assert file.getvalue() == pickle_migrate.dumps([Point(1)], protocol)
    assert pickle.loads(file.getvalue()) == [Point(1)]


@each_protocol
def test_a_graph_too_deep_for_the_c_pickler_is_written(protocol):
    """And comes back as deep as it was."""
    chain = None
    for _ in range(20_000):
        chain = [chain]
    found, depth = pickle.loads(pickle_migrate.dumps(chain, protocol)), 0
    while found is not None:
        found, depth = found[0], depth + 1
    assert depth == 20_000


def test_consent_alone_is_refused():
    """``lossy`` says how an older version may be written; without one there is nothing to say."""
    with pytest.raises(pickle_migrate.PickleMigrateError, match="it goes with versions="):
        pickle_migrate.dumps(Point(1), lossy="allow")
