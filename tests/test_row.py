"""Pickles that stand anywhere in other bytes."""

from __future__ import annotations

import pickle
import random
import tracemalloc

from pickle_migrate.limits import Limits
from pickle_migrate.row import rest_of_row


def found_in(data: bytes, **options):
    return [(s.start, s.end) for s, _ in rest_of_row(data, 0, Limits(), **options)]


def test_pickles_between_other_bytes():
    """With their offsets, each whole."""
    first, second = pickle.dumps({"a": [1, 2, 3]}, 2), pickle.dumps(["text", 4], 5)
    data = b"HEADER" + first + b"\0\0junk\xff" + second + b"end"
    at, then = data.index(first), data.index(second)
    assert found_in(data) == [(at, at + len(first)), (then, then + len(second))]


def test_what_is_cut_or_tiny_is_passed_over():
    """A damaged one hides none behind it."""
    whole = pickle.dumps({"a": [1, 2, 3]}, 4)
    data = whole[:-5] + whole + b"\x80\x03N."
    assert found_in(data) == [(len(whole) - 5, 2 * len(whole) - 5)]


def test_an_end_is_kept():
    """One that goes on beyond it is not whole here."""
    data = b"xx" + pickle.dumps({"a": [1, 2, 3]}, 4)
    assert found_in(data, end=len(data) - 1) == []
    assert found_in(data, end=len(data)) == [(2, len(data))]


def test_limits_are_told_and_hide_nothing():
    """A pickle beyond a limit is given with a finding."""
    data = b"xx\x80\x02]r\x00\xe1\xf5\x05K\x01a."
    ((scan, extra),) = rest_of_row(data, 0, Limits())
    assert (scan.start, [f.rule for f in extra]) == (2, ["resource-limit"])


def test_random_bytes_hold_none():
    """And cost no memory."""
    data = random.Random(5).randbytes(300_000)
    tracemalloc.start()
    assert found_in(data) == []
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()
