"""Pickles in a row are scanned with the memo of those before, as one unpickler reads them."""

from __future__ import annotations

import datetime
import io
import pickle

import pytest

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.scan_row import Row, moved
from pickle_migrate.scanner import scan


def row_of(*values, protocol=2):
    file = io.BytesIO()
    pickler = pickle.Pickler(file, protocol)
    ends = []
    for value in values:
        pickler.dump(value)
        ends.append(file.tell())
    data = file.getvalue()
    return [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize("protocol", range(6))
def test_a_name_in_the_memo_of_an_earlier_pickle(protocol):
    """It is named anew where it is used, and offsets count from each pickle's own start."""
    row = Row()
    parts = row_of([datetime.date], [datetime.date, 1], protocol=protocol)
    first, second = [row.scan(part) for part in parts]
    assert first.refs == second.refs == {g.ref for g in scan(parts[0]).globals}
    assert second.start == 0
    assert second.end == len(parts[1])
    assert all(0 <= g.offset < second.end for g in second.globals)
    assert (row.pickles, row.data) == (2, b"".join(parts))


def test_what_follows_the_pickle_is_not_kept():
    """The next pickle may be handed over with more behind it."""
    row = Row()
    first, second = row_of([datetime.date], [datetime.date])
    row.scan(first + second + b"rest")
    assert row.data == first
    assert row.scan(second + b"rest").end == len(second)


def test_a_pickle_that_is_cut_short_changes_nothing():
    """It is tried again with more of the file."""
    row = Row()
    first, second = row_of([datetime.date, "x"], ["x", datetime.date, {}], protocol=4)
    row.scan(first)
    for cut in range(1, len(second)):
        with pytest.raises(PickleFormatError):
            row.scan(second[:cut])
    assert row.pickles == 1
    assert len(row.scan(second).globals) == 1


def test_a_scan_can_count_from_elsewhere():
    """All its offsets move: of globals, persistent ids, effects and what is told besides."""
    data = b"(cos\nsystem\nPid\n)R}bI 1\nt."
    found = scan(b"N" * 5 + data, 5)
    assert moved(scan(data), 5) == found
    assert (found.persistent_id_offsets, bool(found.effects)) == ((17,), True)


@pytest.mark.parametrize("protocol", range(6))
def test_values_of_a_large_pickle_are_asked_for_later(protocol):
    """Rows that were read at once are known to the pickles that follow."""
    rows = [{"id": i, "name": f"row {i}", "tags": [i]} for i in range(3000)]
    row = Row()
    parts = row_of(rows, [rows, rows[5], rows[2007]["name"]], rows[1500], protocol=protocol)
    first, second, third = [row.scan(part) for part in parts]
    assert second.expansion > first.expansion
    assert third.expansion == scan(pickle.dumps(rows[1500], protocol)).expansion
