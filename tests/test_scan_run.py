"""Reading a pickle from its start to its STOP, or to a place on the way."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.scan_reader import Reader
from pickle_migrate.scan_run import run

ROWS = pickle.dumps([{"id": n, "name": f"n{n}"} for n in range(3000)], 4)


def test_it_stops_before_a_place_and_goes_on():
    """At the first opcode that starts there; then to the end."""
    reader = Reader(ROWS, 0)
    run(reader, 5000)
    assert 5000 <= reader.at < 5020
    run(reader)
    whole = Reader(ROWS, 0)
    run(whole)
    assert (reader.at, reader.opcodes) == (whole.at, whole.opcodes) == (len(ROWS), whole.opcodes)


def test_small_pickles_are_read_step_by_step():
    """They are read as fast without."""
    reader = Reader(pickle.dumps([{"id": n} for n in range(50)]), 0)
    run(reader)
    assert reader.skimmed == 0


def test_rows_are_skimmed():
    """Nearly all of them."""
    reader = Reader(ROWS, 0)
    run(reader)
    assert reader.skimmed > 0.9 * reader.opcodes


@pytest.mark.parametrize("cut", [1, 2, 10, 2000, 40_000])
def test_data_that_ends_early(cut):
    """The same error, at the same place, either way."""
    told = []
    for skims in (True, False):
        reader = Reader(ROWS[:-cut], 0)
        with pytest.raises(PickleFormatError) as caught:
            run(reader, skims=skims)
        told.append((caught.value.offset, str(caught.value)))
    assert told[0] == told[1]
