"""The difference of two files as lines, and whether they differ."""

from __future__ import annotations

import pickle

from pickle_migrate import policy
from pickle_migrate.diff_view import diff_lines
from pickle_migrate.discovery import Found
from pickle_migrate.inspect_file import inspect_data
from pickle_migrate.inspect_pickle import Options


def compared(a: bytes, b: bytes, limit: int = 100, opcodes: int = 10_000):
    options = Options(policy.for_command(), opcodes=opcodes, partial=opcodes)
    files = [
        inspect_data(data, Found(name, name, explicit=True), options)
        for name, data in (("a.pkl", a), ("b.pkl", b))
    ]
    lines, differs = diff_lines(files[0], files[1], limit)
    return [line.plain for line in lines[2:]], differs


def test_equal_files():
    """Whatever their protocols; those are told."""
    assert compared(pickle.dumps([1], 4), pickle.dumps([1], 4)) == (
        ["The graphs are the same."],
        False,
    )
    lines, differs = compared(pickle.dumps([1], 2), pickle.dumps([1], 4))
    assert ("  protocol: 2 -> 4" in lines, differs) == (True, False)


def test_each_kind_of_difference_has_its_line():
    """What stands there in A and in B."""
    shared = ["x"]
    a = {"v": 1, "gone": "g", "s": [shared, shared]}
    b = {"v": 2, "s": [["x"], ["x"]], "new": None}
    lines, differs = compared(pickle.dumps(a), pickle.dumps(b))
    assert differs
    assert lines == [
        "Pickle at byte 0 of A and 0 of B:",
        "  changed    ['v']: 1 -> 2",
        "  only in A  ['gone']: 'g'",
        "  sharing    ['s'][1]: A has the value of ['s'][0], B has one of its own",
        "  only in B  ['new']: None",
    ]


def test_several_pickles_are_compared_in_turn():
    """And other numbers of pickles are a difference."""
    one, two = pickle.dumps([1]), pickle.dumps([2])
    lines, differs = compared(one + two, one + one)
    assert (lines[0], differs) == (f"Pickle at byte {len(one)} of A and {len(one)} of B:", True)
    lines, differs = compared(one, one + two)
    assert (lines[0], differs) == ("A holds 1 pickles, B 2.", True)


def test_what_was_not_compared_is_a_difference():
    """Too large for the tree: the same so far is not the same."""
    data = pickle.dumps(list(range(1000)))
    lines, differs = compared(data, data, opcodes=100)
    assert differs
    assert sum("Not compared" in line for line in lines) == 2


def test_many_differences_are_cut():
    """And said to be."""
    lines, differs = compared(pickle.dumps(list(range(500))), pickle.dumps(list(range(1, 501))), 20)
    assert differs
    assert len(lines) < 30
    assert any("--limit" in line for line in lines)


def test_texts_are_escaped():
    """Keys as well as values."""
    lines, _ = compared(pickle.dumps({"\x1b[1m": "\x1b"}), pickle.dumps({"\x1b[1m": "\u202e"}))
    assert all(line.isprintable() for line in lines)
