"""Beginnings of plain values, without making the values."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate.opcodes import BY_CODE
from pickle_migrate.tree_texts import TEXT_KEPT, atom, line_end


def first_atom(data: bytes, at: int = 0, end: int | None = None):
    return atom(data, BY_CODE[data[at]], at, len(data) if end is None else end)


def test_a_long_text_is_kept_in_part():
    """Its size is told, its end is not looked at."""
    data = b"X" + (10**6).to_bytes(4, "little") + b"a" * 10**6
    node, value = first_atom(data)
    assert (node.kind, node.size, len(node.text)) == ("str", 10**6, TEXT_KEPT)
    assert value is None


def test_malformed_text_is_kept():
    """What is no UTF-8 is shown by its bytes."""
    node, _ = first_atom(b"X\5\0\0\0\xff\xfeabc")
    assert node.text == "\udcff\udcfeabc"


@pytest.mark.parametrize(
    ("payload", "is_candidate"),
    [
        (pickle.dumps([1, 2]), True),
        (b"cos\nsystem\n.", True),
        (b"gASVBAAAAAAAAABdlC4=", True),
        (b"x\x9cabcdef", True),
        (b"I am a sentence.", True),
        (b"An ordinary text", False),
        (b"N.", False),
        (b"", False),
    ],
)
def test_what_may_be_a_pickle(payload, is_candidate):
    """A header, or a first opcode and STOP; to be scanned afterwards."""
    data = b"B" + len(payload).to_bytes(4, "little") + payload
    _, value = first_atom(data)
    assert (value is not None) == is_candidate
    if value is not None:
        assert data[value.start : value.end] == payload


def test_the_quotes_of_a_line_are_no_part_of_the_value():
    """STRING's line is quoted, UNICODE's is not."""
    for data, start, end in ((b"S'cos\\nsystem\\n.'\n", 2, 16), (b"Vcos\\u000asys.\n", 1, 14)):
        _, value = first_atom(data)
        assert (value.start, value.end) == (start, end)


def test_line_ends():
    """The offset after it, or None."""
    assert line_end(b"ab\ncd", 0) == 3
    assert line_end(b"ab\ncd", 3) is None
