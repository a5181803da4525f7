"""Pickles in the values of a pickle, whatever wraps them, within a budget."""

from __future__ import annotations

import base64
import gzip
import pickle
import zlib

import pytest

from pickle_migrate.nested_pickles import Budget, length_before, of_rest, of_values
from pickle_migrate.tree_builder import build

INNER = pickle.dumps({"inner": [1, 2]}, 4)
OLD = b"cos\nsystem\n(S'id'\ntR."


def candidates(value, protocol=4):
    data = pickle.dumps(value, protocol)
    return list(of_values(data, build(data, 0, 10_000).values, Budget(len(data))))


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (INNER, ""),
        (bytearray(INNER), ""),
        (base64.b64encode(INNER), "base64"),
        (base64.b64encode(INNER).decode(), "base64"),
        (base64.urlsafe_b64encode(INNER).decode().rstrip("="), "base64"),
        (zlib.compress(INNER), "zlib"),
        (gzip.compress(INNER, mtime=0), "gzip"),
    ],
)
def test_wrapped_values_are_unwrapped(value, form):
    """Bytes in the end, and how they were wrapped."""
    (found,) = candidates({"a": value}, 5)
    assert (found.payload, found.form) == (INNER, form)


@pytest.mark.parametrize("value", [OLD, OLD.decode()])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickles_without_a_header_are_candidates(value, protocol):
    """Of protocol 0, as text or bytes, also in a line with escapes."""
    assert OLD in [found.payload for found in candidates([value], protocol)]


def test_python_2_strings_spell_the_header():
    """S'\\x80...' in a pickle of protocol 0."""
    data = b"S" + repr(INNER)[1:].encode() + b"\n."
    (found,) = of_values(data, build(data, 0, 100).values, Budget(len(data)))
    assert (found.payload, found.form) == (INNER, "escaped")


def test_what_is_broken_gives_nothing():
    """base64 that is none, zlib that is damaged: nothing is raised."""
    assert candidates(["gASVaaaaa", b"x\x9cnothing", b"\x1f\x8b\x08nothing"]) == []


def test_bombs_are_cut():
    """A value expands to 16 MiB at most."""
    (found,) = candidates(zlib.compress(bytes(50_000_000)))
    assert len(found.payload) == 16 * 1024**2


def test_the_rest_of_a_large_pickle_is_searched():
    """base64 and names of globals, where an opcode has them for an argument."""
    rows = [{"id": i, "name": f"name\n{i}"} for i in range(300)]
    for value in (OLD, b"(dp0\n" + OLD, base64.b64encode(INNER)):
        for protocol in (2, 3, 4):
            data = pickle.dumps([rows, value, rows], protocol)
            found = [n.payload for n in of_rest(data, 10, len(data), Budget(len(data)))]
            if protocol == 2 and isinstance(value, bytes):
                continue  # protocol 2 writes bytes as text in latin1, which is the same here
            assert (INNER if b"gA" in value[:2] else value) in found, (value, protocol)


def test_the_pickles_own_globals_are_not_nested():
    """Names of GLOBAL opcodes stand in no argument with a length."""
    import datetime

    data = pickle.dumps([datetime.date(2020, 1, 1), datetime.timedelta(1)] * 3, 2)
    assert list(of_rest(data, 2, len(data), Budget(len(data)))) == []


def test_the_budget_ends_the_search():
    """And says that something was not tried."""
    data = pickle.dumps([INNER] * 3 + [bytes(INNER) + b"."] * 5_000, 4)
    values = build(data, 0, 100_000).values
    budget = Budget(0)
    budget.bytes = 100
    assert len(list(of_values(data, values * 100, budget))) <= 3
    assert budget.is_used_up
    many = Budget(10**9)
    assert len(list(of_values(data, values * 3_000, many))) == 2_000
    assert many.is_used_up


def test_lengths_are_read_backwards():
    """The opcode right before an argument says how long it is."""
    data = b"C\x05abcde"
    assert length_before(data, 2, len(data)) == 5
    assert length_before(b"C\x09abcde", 2, 7) is None
    assert length_before(b"xxabcde", 2, 7) is None
    assert length_before(b"B\x05\0\0\0abcde", 5, 10) == 5
    assert length_before(b"a", 0, 1) is None
