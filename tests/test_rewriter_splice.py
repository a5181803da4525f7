"""Bytes cut and put together, and the frames around them."""

from __future__ import annotations

import struct
from array import array

from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.rewriter_splice import Spliced, spliced


@st.composite
def edited(draw):
    """Data with edits in order, which do not overlap."""
    data = draw(st.binary(max_size=60))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8, unique=True)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    return data, [(start, end, draw(st.binary(max_size=9))) for start, end in pairs]


@given(edited())
def test_it_is_what_one_edit_after_the_other_gives(given_):
    """From the last one to the first, so that no offset moves."""
    data, edits = given_
    expected = data
    for start, end, new in reversed(edits):
        expected = expected[:start] + new + expected[end:]
    assert spliced(data, edits) == expected
    assert spliced(memoryview(data), edits) == expected


@given(edited())
def test_offsets_move_with_the_bytes_that_they_point_to(given_):
    """What was not edited stands at its moved offset; the inside of an edit is where it ends."""
    data, edits = given_
    new, changes = spliced(data, edits), Spliced(data, edits)
    moved = [changes.moved(offset) for offset in range(len(data) + 1)]
    assert moved == sorted(moved)
    assert moved[-1] == len(new)
    for start, end, _ in edits:
        assert set(moved[start + 1 : end + 1]) == {moved[end]}
    for at in range(len(data)):
        if not any(start <= at < end for start, end, _ in edits):
            assert new[moved[at]] == data[at]


def test_the_last_edit_before_an_offset():
    """Where it ends; 0 when there is none."""
    changes = Spliced(b"0123456789", [(2, 4, b""), (6, 9, b"")])
    assert [changes.last_before(offset) for offset in (0, 2, 3, 6, 7, 10)] == [0, 0, 4, 4, 9, 9]


def frame(length, body):
    return b"\x95" + struct.pack("<Q", length) + body


def test_a_frame_around_an_edit_gets_its_length():
    """One around, one beside, and one that an edit ends."""
    data = frame(4, b"aXYd") + frame(2, b"ef") + b"ghij"
    changes = Spliced(data, [(10, 12, b"12345")])
    assert list(changes.frames(array("Q", [0, 13]))) == [(1, 9, struct.pack("<Q", 7))]


def test_a_frame_that_ends_inside_an_edit_ends_after_it():
    """So that it never reaches beyond the data."""
    data = frame(2, b"aXYd")
    changes = Spliced(data, [(10, 12, b"")])
    assert list(changes.frames(array("Q", [0]))) == [(1, 9, struct.pack("<Q", 1))]


def test_large_pieces_are_not_copied_on_the_way():
    """A part of the data that no edit is in is looked at, not cut out."""
    data = bytes(1 << 20)
    assert spliced(data, [(5, 6, b"x")]) == data[:5] + b"x" + data[6:]
