"""Whether a text that a name is made of can change where it stands."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate.rewriter_texts import (
    UNKNOWN_KEY,
    WINDOW,
    Search,
    Text,
    after_put,
    after_text,
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
    assert not Search(b"K\x01" + get + b".", 99).is_unread(text)
    assert Search(b"K\x01" + get + b".", 99).is_unread(text, but={2})
    assert list(Search(b"K\x01" + get + b".", 99).lookalikes(7, 0)) == [(2, 2 + len(get))]
    assert pickle.loads(b"Np7\n" + get + b".") is None


def test_other_keys_are_other_keys():
    """Also those whose digits begin or end alike."""
    for get in (b"h\x08", b"j\x07\x01\0\0", b"g77\n", b"g17\n", b"g71\n", b"g-7\n"):
        assert Search(get + b".", 99).is_unread(Text(0, 0, 0, 7))


def test_texts_without_a_key_and_with_an_unknown_one():
    """Nothing can read the one; the other may be read by anything."""
    assert Search(b"h\x07", 2).is_unread(Text(0, 0, 0, None))
    assert not Search(b".", 1).is_unread(Text(0, 0, 0, UNKNOWN_KEY))


def test_a_long_pickle_is_not_searched():
    """Its texts count as read."""
    data = bytes(WINDOW + 9)
    assert not Search(data, len(data)).is_unread(Text(0, 0, 0, 7))
    assert Search(data, len(data)).lookalikes(7, 0) is None


def test_many_texts_cost_no_more_than_many_bytes():
    """When the bytes are used up that may be looked at, the other texts count as read."""
    search = Search(bytes(100), 100, left=150)
    assert [search.is_unread(Text(0, 0, 0, 7)) for _ in range(2)] == [True, False]
    assert search.is_unread(Text(0, 0, 60, 7))


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
