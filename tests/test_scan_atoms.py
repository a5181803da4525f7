"""Expressions for atoms: they take what picklers write, in full, and nothing that C refuses."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate import scan_atoms, scan_texts
from pickle_migrate.scan_atoms import Slot


def takes(pattern, data):
    """Whether an expression takes all of the data."""
    return re.compile(pattern, re.DOTALL).fullmatch(data) is not None


@pytest.mark.parametrize("op", sorted(scan_atoms.COUNTED))
@pytest.mark.parametrize("length", [0, 1, 15, 16, 47, 48, 100, 147, 148, 149, 255])
def test_a_length_means_that_many_bytes(op, length):
    """One less and one more are refused; so is a length above the longest."""
    prefix = op + length.to_bytes(scan_atoms.COUNTED[op], "little")
    pattern = scan_atoms.counted(op, 255, clean=False)
    assert takes(pattern, prefix + b"x" * length)
    assert not takes(pattern, prefix + b"x" * (length + 1))
    assert not length or not takes(pattern, prefix + b"x" * (length - 1))
    assert not length or not takes(
        scan_atoms.counted(op, length - 1, clean=False), prefix + b"x" * length
    )


@given(st.binary(max_size=40))
def test_clean_arguments_hold_no_memoize(argument):
    """So that the opcode can be counted as a byte."""
    data = b"\x8c" + bytes([len(argument)]) + argument
    assert takes(scan_atoms.counted(b"\x8c", 255, clean=True), data) == (b"\x94" not in argument)
    assert not takes(scan_atoms.counted(b"\x8c", 255, clean=True), b"\x8c\x94" + b"x" * 148)


@given(st.integers() | st.floats() | st.text(max_size=9))
def test_lines_of_picklers(value):
    """Protocol 0 writes numbers and texts so; long texts and numbers are left to the machine, and
    floats so large that only their last digits tell whether C takes them.
    """
    data = pickle.dumps(value, 0)[:-1]
    op, line = data[:1], data.partition(b"\n")[0] + b"\n"
    is_plain = not any(part in line for part in (b"inf", b"nan", b"e+308"))
    if len(line) < 90 and (op != b"F" or is_plain):
        assert takes(scan_atoms.line(op, 255, clean=False), line)
        assert not takes(scan_atoms.line(op, len(line) - 3, clean=False), line)


CHECKS = {
    b"I": scan_texts.is_int,
    b"L": scan_texts.is_long,
    b"F": scan_texts.is_float,
    b"S": scan_texts.is_quoted,
    b"V": lambda line: scan_texts.unescaped(line) is not None,
}


@given(
    st.sampled_from(sorted(CHECKS)),
    st.text(alphabet="0123456789-+.eLx'\\u\"abU ", max_size=12).map(str.encode)
    | st.binary(max_size=8),
)
def test_no_line_is_taken_that_c_refuses(op, line):
    """Never more than the exact machine."""
    if takes(scan_atoms.line(op, 255, clean=False), op + line + b"\n"):
        assert CHECKS[op](line)


def test_memo_keys():
    """Only as picklers write them."""
    assert scan_atoms.key_of(b"j", b"\x01\x01\0\0") == 257
    assert scan_atoms.key_of(b"g", b"12\n") == 12
    assert scan_atoms.key_of(b"g", b"-1\n") == scan_atoms.key_of(b"g", b"9" * 19) == -1


def test_slots_are_merged():
    """A slot takes what was seen in either; any whole number stands for all of them."""
    one, two = Slot(), Slot()
    one.add(b"K", b"\x01", 0)
    two.add(b"\x8c", b"", 5)
    two.puts.add(b"\x94")
    before = one.state()
    one.merge(two)
    assert one.opcodes == {b"K", b"M", b"J", b"\x8c", b"\x94"}
    assert one.state() != before


def test_memoized_values_are_found():
    """Group 1 is set for texts; one match for each value that is put into the memo."""
    slot = Slot()
    slot.add(b"\x8c", b"", 3)
    slot.puts.add(b"\x94")
    slot.add(b"K", b"", 0)
    pattern = re.compile(scan_atoms.memoized(slot, {b"}", b"(", b"u"}, 9), re.DOTALL)
    data = b"}\x94(\x8c\x01a\x94K\x94\x8c\x02bc\x94K\x01u"
    assert [found.start(1) for found in pattern.finditer(data)] == [-1, 3, 9]


def test_a_slot_knows_all_its_opcodes():
    """Those with a length prefix and LONG1 too: the protocol of a scan follows from them."""
    slot = Slot()
    seen = [
        (b"K", b"\1", 0),
        (b"\x8c", b"", 3),
        (b"\x8a", b"", 1),
        (b"I", b"", 0),
        (b"h", b"\1", 0),
    ]
    for op, argument, length in seen:
        slot.add(op, argument, length)
    assert slot.opcodes >= {op for op, _, _ in seen}


def test_quotes_are_part_of_a_line():
    """An empty text of STRING has a line of two bytes."""
    assert not takes(scan_atoms.line(b"S", 1, clean=False), b"S''\n")
    assert takes(scan_atoms.line(b"S", 2, clean=False), b"S''\n")
    assert not takes(scan_atoms.line(b"S", 2, clean=False), b"S'a'\n")
