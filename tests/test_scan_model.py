"""The stack, the marks and the memo are those of the C unpickler."""

from __future__ import annotations

import io
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.scan_entries import EMPTY_LIST, Box, Shape
from pickle_migrate.scan_reader import Reader
from pickle_migrate.scan_steps import advance
from pickle_migrate.scanner import scan

UNDERFLOWS = [b".", b"0.", b"2.", b"(0.", b"N(a.", b"(\x85.", b"N(\x86.", b"N(R.", b"N(b.", b"NNs."]


@pytest.mark.parametrize("data", [*UNDERFLOWS, b"e.", b"N(q\x00.", b"(.", b"N(N\x81.", b"(o."])
def test_nothing_reaches_below_a_mark(data):
    """The C unpickler raises too."""
    if data != b"(0.":
        with pytest.raises(pickle.UnpicklingError):
            pickle.loads(data)
    with pytest.raises(PickleFormatError):
        scan(data)


OPCODES = [b"N", b"(", b"0", b"1", b"2", b"t", b"\x85", b"\x86", b"l", b"]", b"e", b"a", b"q\x00"]
OPCODES += [b"h\x00", b"\x94", b"h\x01", b"d", b"}", b"s", b"u", b"\x8f", b"\x90", b"\x91", b")"]


@given(st.lists(st.sampled_from(OPCODES), max_size=25))
def test_programs(opcodes):
    """What C takes is taken, and what reaches below a mark is refused."""
    data = b"".join(opcodes) + b"."
    try:
        pickle.Unpickler(io.BytesIO(data)).load()
    except pickle.UnpicklingError as error:
        refused = "MARK" in str(error) or "underflow" in str(error) or "mark" in str(error)
        if refused:
            with pytest.raises(PickleFormatError):
                scan(data)
    except (TypeError, AttributeError, RecursionError):
        pass
    else:
        scan(data)


def machine_after(data):
    reader = Reader(data, 0)
    advance(reader, len(data) + 1, len(data))
    return reader.machine


def test_a_value_in_the_memo_has_one_box():
    """All its places show the same; when it has left the stack, only its shape is kept."""
    machine = machine_after(b"]\x94h\x00(")
    one, two = machine.stack
    assert one is two
    assert isinstance(one, Box)
    assert one.refs == 2
    machine = machine_after(b"]]\x94Naa(")
    assert isinstance(machine.memo.get(0), Shape)
    assert machine.memo.get(0).weights[:2] == (1, 2)


def test_untouched_containers_are_all_one():
    """A list costs nothing until something happens to it."""
    assert machine_after(b"]]](").stack == [EMPTY_LIST] * 3
