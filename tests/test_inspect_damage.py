"""What stands before damage, and beyond limits, is read all the same."""

from __future__ import annotations

import datetime
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate import inspect_damage
from pickle_migrate.errors import PickleFormatError
from pickle_migrate.limits import Limits
from pickle_migrate.scanner import scan

CALL = b"cos\nsystem\n(S'id'\ntR."


@pytest.mark.parametrize("protocol", range(6))
def test_what_stands_before_the_damage_is_read(protocol):
    """A file that was cut short at any byte after a global shows it."""
    data = pickle.dumps([datetime.date(2020, 1, 1), {"a": 1}], protocol)
    at = scan(data).globals[0].offset
    named = data.index(b"date", data.index(b"datetime") + 8) + 6
    for length in range(max(named, at) + 1, len(data)):
        with pytest.raises(PickleFormatError) as raised:
            scan(data[:length])
        seen = inspect_damage.read_damaged(data[:length], 0, raised.value)
        assert seen is not None
        assert scan(data).globals[0].ref in seen.refs


def test_frames_that_end_inside_an_opcode_hide_nothing():
    """Loading from memory reads on as if there were no frames."""
    body = b"\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."
    for length in range(1, len(body)):
        data = b"\x80\x04\x95" + length.to_bytes(8, "little") + body
        try:
            found = scan(data)
        except PickleFormatError as error:
            found = inspect_damage.read_damaged(data, 0, error)
        assert [str(g.ref) for g in found.globals] == ["os:system"]


def test_offsets_of_a_damaged_pickle_are_those_of_the_data():
    """Also when it does not begin at 0."""
    data = b"N." + CALL[:-1]
    with pytest.raises(PickleFormatError) as raised:
        scan(data, 2)
    seen = inspect_damage.read_damaged(data, 2, raised.value)
    assert (seen.start, seen.globals[0].offset) == (2, 2)


@given(st.binary(max_size=100))
def test_any_damage_ends_in_a_scan_or_in_none(data):
    """Nothing is raised."""
    try:
        scan(data)
    except PickleFormatError as error:
        inspect_damage.read_damaged(data, 0, error)


def test_limits_are_told_once_and_hide_nothing():
    """The globals of a pickle beyond a limit are listed all the same."""
    data = b"(cos\nsystem\nr\x00\xe1\xf5\x05l."
    scans, extra = inspect_damage.read_all(data, Limits())
    assert [f.rule for f in extra] == ["resource-limit"]
    assert len(scans.pickles[0].globals) == 1
