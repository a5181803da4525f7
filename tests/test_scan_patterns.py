"""A pattern takes all units that follow, counts them, and stops where one is different."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate import scan_patterns
from pickle_migrate.scan_patterns import Known, Pattern
from pickle_migrate.scan_shapes import look


def pattern_of(data, *, clean=True, texts=range(256)):
    """A pattern for what repeats at the start of the data."""
    known = Known(lambda key: key in texts, 255, 5)
    units = look(data, 300, lambda key: "text" if key in texts else None, 300)
    assert units
    return Pattern(units, known, clean=clean)


def rows(count, protocol=4, *, value=lambda n: f"n{n}"):
    """The bytes of some rows, from the first whose keys come from the memo."""
    data = pickle.dumps([{"id": n, "name": value(n)} for n in range(count)], protocol)
    start = [i for i, byte in enumerate(data) if byte == ord("}")][300 if protocol < 4 else 1]
    return data[start:-2].replace(b"e(", b"")


@pytest.mark.parametrize("clean", [True, False])
def test_units_bytes_and_keys_are_counted(clean):
    """Each row of protocol 4 sets two keys: one for the dict, one for the text."""
    data = rows(500)
    taken = pattern_of(data, clean=clean).take(data + b"ePlus", 300)
    assert (taken.units, taken.size, taken.memos) == (499, len(data), 998)


def test_texts_that_hold_the_byte_of_memoize():
    """They are no opcodes."""
    data = rows(300, value=lambda n: "Ŕ" * (n % 3) + str(n))
    taken = pattern_of(data, clean=False).take(data, 300)
    assert (taken.units, taken.memos) == (299, 598)


def test_keys_below_protocol_4_are_those_that_come_next():
    """Anything else is for the machine."""
    data = rows(900, 2)
    key = int.from_bytes(data[2:6], "little")
    pattern = pattern_of(data)
    taken = pattern.take(data, key)
    assert taken.memos == 2 * taken.units > 500
    assert pattern.take(data, key + 1) is None
    assert pattern.take(data[:2] + b"\xff" + data[3:], key) is None


def test_keys_that_hold_no_text_end_a_run():
    """The row before is the last that is taken."""
    data = b"".join(b"j" + n.to_bytes(4, "little") for n in [*range(300, 340), 999, 300])
    pattern = pattern_of(data, texts=range(400))
    taken = pattern.take(data, 300)
    assert (taken.units, taken.size) == (40, 200)
    assert pattern.one(data, 200, len(data)) == -1


def test_several_shapes_are_told_apart():
    """In order, and each by its own number."""
    data = b"K\x01\x85" * 9 + b"K\x01K\x02\x86" * 9
    mixed = b"".join([b"K\x01\x85", b"K\x01K\x02\x86"] * 20)
    pattern = pattern_of(b"(" + mixed + b"t")
    pattern = Pattern(
        [u for u in pattern.units if len(u.form) > 1], Known(lambda key: False, 255, 5), clean=True
    )
    taken = pattern.take(data, 0)
    assert taken.units == 18
    assert sorted({taken.order[0], taken.order[-1]}) == [0, 1]


def test_nothing_behind_the_edge_is_looked_at():
    """A unit that would end there is none."""
    data = rows(100)
    pattern = pattern_of(data)
    end = pattern.one(data, 0, len(data))
    assert pattern.one(data, 0, end) == end
    assert pattern.one(data, 0, end - 1) == -1
    assert pattern.is_worth_it(data, 0, len(data))
    assert not pattern.is_worth_it(data, 0, end)


@pytest.mark.parametrize("first", [0, 1, 990, 999, 1000, 65_530, 123_456])
@pytest.mark.parametrize("count", [0, 1, 9, 1000, 2500])
def test_keys_that_count_up(first, count):
    """Each of them is compared, in either way of writing them."""
    numbers = list(range(first, first + count))
    for changed in (numbers, [n + 1 for n in numbers], numbers[:-1] + [7] * bool(numbers)):
        binary = b"".join(number.to_bytes(4, "little") for number in changed)
        lines = [b"%d" % number for number in changed]
        assert scan_patterns._are_counted_up(binary, first) == (changed == numbers)
        assert scan_patterns._are_lines_counted_up(lines, first) == (changed == numbers)
