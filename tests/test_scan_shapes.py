"""What repeats is found from the opcodes alone, wherever the looking begins."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate.scan_shapes import ATOM, look

PROTOCOLS = range(6)


def forms(graph, protocol, start=0, count=400, kind="global"):
    """The shapes that are found from an offset on."""
    data = pickle.dumps(graph, protocol)[start:]
    return [unit.form for unit in look(data, count, lambda key: kind, 10**6)]


def test_rows_of_dicts():
    """A row is a dict with its memo opcode; keys and values are atoms."""
    rows = [{"id": n, "name": f"n{n}"} for n in range(60)]
    data = pickle.dumps(rows, 4)
    start = data.index(b"}", 200)
    (unit,) = look(data[start:], 300, lambda key: "text", 200)
    assert b"".join(unit.form) == b"}\x94(" + ATOM * 4 + b"u"
    assert unit.pushes == 1
    assert unit.slots[1].fixed == {b"K", b"M", b"J"}
    assert unit.slots[3].counted
    assert unit.slots[3].puts == {b"\x94"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_flat_lists(protocol):
    """Below protocol 1 each number is appended by itself."""
    (form,) = forms([5] * 500, protocol, start=100)
    assert form == ((ATOM, b"a") if protocol == 0 else (ATOM,))


@pytest.mark.parametrize("protocol", range(1, 6))
def test_keys_and_values_are_one_row(protocol):
    """Also when the looking begins inside of the dict."""
    data = pickle.dumps({f"key {n:04}": n for n in range(900)}, protocol)
    start = data.index(b"\x8c\x08key 0400" if protocol >= 4 else b"X\x08\0\0\0key 0400")
    (unit,) = look(data[start:], 300, lambda key: "text", 10**6)
    assert (unit.form, unit.pushes) == ((ATOM, ATOM), 2)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_little_that_repeats(protocol):
    """Nothing is found where there are no rows."""
    assert forms([1, "a", [2], {"b": (3,)}], protocol) == []
    assert look(b"", 100, lambda key: None, 0) == []


@pytest.mark.parametrize("tail", [b"", b"\x00", b"\x8c", b"\x95\xff", b"c\n", b"I", b"."])
def test_damaged_data(tail):
    """Looking ends where the opcodes end, and raises nothing."""
    for head in (b"", b"(" * 50, b"N" * 50, b"]" * 9 + b"a" * 9, b"(NNt" * 30):
        look(head + tail, 400, lambda key: None, 0)


def test_calls_that_may_name_something_are_no_part_of_rows():
    """``getattr`` of a text names a global: each such call is read step by step."""
    rows = b"".join(b"h\x01h\x02\x8c\x01x\x86R" for _ in range(60))
    kinds = {1: "fragile", 2: "global"}
    assert look(rows, 400, kinds.get, 9) == []
    plain = look(rows, 400, {1: "global", 2: "global"}.get, 9)
    assert plain[0].form == (b"h\x01", b"h\x02", ATOM, b"\x86", b"R")
