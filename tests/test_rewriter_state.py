"""Whether two machines would go on in the same way."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_state import is_same
from pickle_migrate.scanner import scan_to

RENAMES = {GlobalRef("shop", "Order"): GlobalRef("shop", "Sale")}


def compared(old, new=None, moved=lambda offset: offset):
    """The states at the end of two beginnings of pickles."""
    new = old if new is None else new
    machines = [scan_to(data + b".", 0, len(data))[1] for data in (old, new)]
    return is_same(*machines, moved, lambda named: RENAMES.get(named.ref, named.ref))


BEGINNINGS = [
    b"",
    b"(((",
    b"]q\x00(K\x01X\x01\x00\x00\x00aq\x01",
    b"\x80\x04]\x94(h\x00h\x00\x8c\x01a\x94",
    b"}q\x00(cshop\nLine\nq\x01)\x81q\x02h\x02",
    b"(lp1\n(dp2\ng1\n",
    b"cshop\nLine\n)R2",
    b"\x82\x05c__builtin__\ngetattr\ncshop\nLine\nX\x01\x00\x00\x00a\x86",
    b"\x80\x02NQ(N\x85\x90",
]


@pytest.mark.parametrize("beginning", BEGINNINGS[:-1])
def test_a_machine_is_like_one_that_read_the_same(beginning):
    """Marks, texts, shared values, globals, what was made of them."""
    assert compared(beginning)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"K\x01", b"K\x01K\x01"),
        (b"(K\x01", b"K\x01"),
        (b"K\x01q\x00", b"K\x01"),
        (b"K\x01q\x00", b"K\x01q\x01"),
        (b"K\x01", b"]"),
        (b"]", b"}"),
        (b"]", b"(K\x01l"),
        (b"]q\x000h\x00h\x00", b"]q\x000h\x00]"),
        (b"\x80\x02N", b"\x80\x03N"),
        (b"cshop\nLine\n", b"cshop\nRow\n"),
        (b"cshop\nOrder\n", b"cshop\nOrder\n"),
        (b"cshop\nLine\n", b"X\x01\x00\x00\x00a"),
        (b"cshop\nLine\n)R", b"cshop\nRow\n)R"),
        (b"cshop\nLine\n)R", b"cshop\nLine\n)RNb"),
        (b"cshop\nLine\n\x85", b"cshop\nRow\n\x85"),
        (b"N\x85", b"cshop\nRow\n\x85"),
    ],
)
def test_machines_that_differ(old, new):
    """In anything that what follows could depend on."""
    assert not compared(old, new)


def test_new_names_and_moved_texts():
    """Globals are compared under their new names, texts at their new offsets."""
    assert compared(b"cshop\nOrder\n", b"cshop\nSale\n")
    text = b"X\x01\x00\x00\x00a"
    assert not compared(b"N0" + text, text)
    assert compared(b"N0" + text, text, moved=lambda offset: offset - 2)


def test_a_large_value():
    """What picklers write, up to the middle of it."""
    data = pickle.dumps([{"a": [n, str(n)], "b": (n,)} for n in range(50)], 2)
    for until in range(2, len(data) - 1, 37):
        machines = [scan_to(data, 0, until)[1] for _ in range(2)]
        assert is_same(*machines, lambda offset: offset, lambda named: named.ref)
