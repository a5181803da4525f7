"""Texts of numbers and strings, as the C unpickler reads them."""

from __future__ import annotations

import codecs
import io
import pickle
import sys
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate import scan_texts

LINES = st.text("0123456789abfxoLBE_+-. \t\r\0\\'\"nu", max_size=8).map(str.encode)
CHECKS = {"I": scan_texts.is_int, "L": scan_texts.is_long, "F": scan_texts.is_float}


def loaded(data):
    """What C loads, or None if it refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return (pickle.Unpickler(io.BytesIO(data), encoding="latin1").load(),)
        except Exception:
            return None


@given(st.sampled_from(list(CHECKS)), LINES)
def test_numbers(opcode, line):
    """INT, LONG and FLOAT take what C takes."""
    taken = loaded(opcode.encode() + line + b"\n.") is not None
    assert CHECKS[opcode](line) == taken


@given(LINES)
def test_memo_keys(line):
    """GET and PUT; a negative key is a number too, and refused later."""
    taken = loaded(b"Np" + line + b"\n.") is not None
    key = scan_texts.memo_key(line)
    assert (key is not None and key >= 0) == taken


@given(LINES)
def test_strings(line):
    """Quotes, escapes, and the bytes that they stand for; no warning of odd escapes."""
    found = loaded(b"S" + line + b"\n.")
    assert scan_texts.is_quoted(line) == (found is not None)
    if found:
        assert scan_texts.unquoted(line).decode("latin1") == found[0]


@given(st.binary(max_size=12))
def test_escapes(raw):
    """All that ``repr`` writes, and all that ``escape_decode`` knows."""
    assert scan_texts.unquoted(repr(raw)[1:].encode()) == raw
    escaped = codecs.escape_encode(raw)[0]
    assert scan_texts.unquoted(b"'" + escaped + b"'") == raw


@given(LINES)
def test_unicode(line):
    """raw-unicode-escape, or malformed."""
    found = loaded(b"V" + line + b"\n.")
    assert scan_texts.unescaped(line) == (found[0] if found else None)


@pytest.mark.parametrize("pattern", ["PLAIN_INT", "PLAIN_LONG", "PLAIN_FLOAT", "PLAIN_KEY"])
@given(LINES)
def test_plain_numbers_are_numbers(pattern, line):
    """What is taken without a closer look is what a closer look takes."""
    if getattr(scan_texts, pattern).fullmatch(line):
        check = {"I": "is_int", "L": "is_long", "F": "is_float", "K": "memo_key"}[pattern[6]]
        found = getattr(scan_texts, check)(line)
        assert found is not None
        assert found is not False


@given(st.sampled_from([0, 10]), LINES)
def test_integers_of_python(base, text):
    """The same answer as ``int``, without its work."""
    try:
        int(text, base)
    except ValueError:
        assert not scan_texts.is_python_int(text, base)
    else:
        assert scan_texts.is_python_int(text, base)


def test_many_digits():
    """As many as ``int`` takes, counted without underscores; hexadecimal has no limit."""
    most = sys.get_int_max_str_digits()
    assert scan_texts.is_long(b"1" * most + b"L")
    assert scan_texts.is_long(b"1_" * (most - 1) + b"1L")
    assert not scan_texts.is_long(b"1" * (most + 1))
    assert scan_texts.is_long(b"0x" + b"f" * 100_000)
    assert scan_texts.decimal_digits(b"-" + b"12" * 500 + b"L") == 1000
    assert scan_texts.decimal_digits(b"0x" + b"1" * 1000) == 0


@pytest.mark.parametrize("line", [b"9" * 200_000, b"1_" * 100_000, b" " * 200_000, b"_" * 200_000])
def test_hostile_texts_are_refused_in_time(line):
    """Each would take seconds if it were computed, or tried in every way."""
    assert not scan_texts.is_long(line)
    assert not scan_texts.is_int(line)
    assert not scan_texts.is_float(line)
    assert scan_texts.memo_key(line) is None
