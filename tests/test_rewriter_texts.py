"""Whether a text that a name is made of can change where it stands."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate.rewriter_texts import (
    UNKNOWN_KEY,
    WINDOW,
    Text,
    after_put,
    after_text,
    is_unread,
    lookalikes,
    operands,
)


@pytest.mark.parametrize(
    ("data", "end"),
    [
        (b"\x8c\x02ab.", 4),
        (b"X\x02\0\0\0ab.", 7),
        (b"\x8d\x02\0\0\0\0\0\0\0ab.", 11),
        (b"Vab\n.", 4),
        (b"K\x01.", None),
        (b"U\x02ab.", None),
    ],
)
def test_where_a_text_ends(data, end):
    """Texts of Python 3; what Python 2 calls a string is another opcode."""
    assert after_text(data, 0) == end


@pytest.mark.parametrize(
    ("data", "end", "key"),
    [
        (b"\x94.", 1, UNKNOWN_KEY),
        (b"q\x07.", 2, 7),
        (b"r\x07\x01\0\0.", 5, 263),
        (b"p12\n.", 4, 12),
        (b"p 12\n.", 5, UNKNOWN_KEY),
        (b".", 0, None),
    ],
)
def test_where_a_put_ends(data, end, key):
    """MEMOIZE's key stands nowhere, and a number in another spelling is nobody's habit."""
    assert after_put(data, 0) == (end, key)


@pytest.mark.parametrize(
    "get", [b"h\x07", b"j\x07\0\0\0", b"g7\n", b"g+7\n", b"g 007 \n", b"g0_7\0junk\n"]
)
def test_every_spelling_of_get_is_found(get):
    """The C unpickler reads all of these as key 7, so each may read the text."""
    text = Text(0, 0, 0, 7)
    assert not is_unread(b"K\x01" + get + b".", text, 99)
    assert is_unread(b"K\x01" + get + b".", text, 99, but={2})
    assert list(lookalikes(b"K\x01" + get + b".", 7, 0, 99)) == [(2, 2 + len(get))]
    assert pickle.loads(b"Np7\n" + get + b".") is None


def test_other_keys_are_other_keys():
    """Also those whose digits begin or end alike."""
    for get in (b"h\x08", b"j\x07\x01\0\0", b"g77\n", b"g17\n", b"g71\n", b"g-7\n"):
        assert is_unread(get + b".", Text(0, 0, 0, 7), 99)


def test_texts_without_a_key_and_with_an_unknown_one():
    """Nothing can read the one; the other may be read by anything."""
    assert is_unread(b"h\x07", Text(0, 0, 0, None), 2)
    assert not is_unread(b".", Text(0, 0, 0, UNKNOWN_KEY), 1)


def test_a_long_pickle_is_not_searched():
    """Its texts count as read."""
    data = bytes(WINDOW + 9)
    assert not is_unread(data, Text(0, 0, 0, 7), len(data))
    assert lookalikes(data, 7, 0, len(data)) is None


def test_operands_as_picklers_write_them():
    """Both texts in front; or the module's out of the memo, by a short or a long key."""
    both = b"\x8c\x01m\x94\x8c\x01n\x94\x93"
    found = operands(both, 8, 0, 4, 2)
    assert (found.module.key, found.name.key, found.fetch) == (0, 1, -1)
    short = b"\x8c\x01m\x94h\x00\x8c\x01n\x94\x93"
    found = operands(short, 10, 0, 6, 2)
    assert (found.module, found.fetch, found.fetched, found.name.key) == (None, 4, 0, 1)
    long = b"\x8c\x01mr\x00\x01\0\0j\x00\x01\0\0\x8c\x01n\x93"
    found = operands(long, 16, 0, 13, 0)
    assert (found.fetch, found.fetched, found.name.key) == (8, 256, None)


def test_operands_in_another_way():
    """Something between the texts and STACK_GLOBAL, or a module that is pushed otherwise."""
    assert operands(b"\x8c\x01m\x8c\x01nK\x010\x93", 9, 0, 3, 0) is None
    assert operands(b"\x8c\x01m2\x8c\x01n\x93", 7, 0, 4, 0) is None
    assert operands(b"Vm\nVn\n\x93", 6, 0, 3, 0) is None
