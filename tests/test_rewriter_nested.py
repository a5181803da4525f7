"""Classes that a pickle names only to get another one out of them."""

from __future__ import annotations

import pytest

from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_nested import silenced
from pickle_migrate.rewriter_target import settled
from pickle_migrate.scanner import scan_all

HEAD = b"\x80\x02c__builtin__\ngetattr\nq\x00"
LINE = b"cshop\nOrder\nq\x01X\x04\x00\x00\x00Lineq\x02\x86q\x03R"


def found(data, **names):
    """The bytes that would be replaced, and how many opcodes of each global fall silent."""
    scan = scan_all(data, locate=True).pickles[0]
    targets = settled(
        (g, GlobalRef("shop", names[g.ref.qualname]) if g.ref.qualname in names else None)
        for g in scan.globals
    )
    edits, told = silenced(data, targets, scan.located, scan.end)
    assert all(new == b"N" for _, _, new in edits)
    counts = {t.named.ref.qualname: t.silenced for t in told if t.silenced}
    return [data[start:end] for start, end, _ in edits], counts


OUT = {"Order.Line": "Line"}


def test_a_class_that_nothing_else_reads():
    """The GLOBAL goes; getattr itself stays, since it is always there."""
    assert found(HEAD + LINE + b".", **OUT) == ([b"cshop\nOrder\n"], {"Order": 1})
    optimized = HEAD + b"cshop\nOrder\nX\x04\x00\x00\x00Line\x86R."
    assert found(optimized, **OUT) == ([b"cshop\nOrder\n"], {"Order": 1})


def test_protocol_0():
    """Text keys, a mark and TUPLE."""
    data = b"c__builtin__\ngetattr\np0\n(cshop\nOrder\np1\nVLine\np2\ntp3\nRp4\n."
    assert found(data, **OUT) == ([b"cshop\nOrder\n"], {"Order": 1})


def test_two_classes_of_one():
    """The second takes the outer one out of the memo; both must go."""
    data = HEAD + LINE + b"h\x00h\x01X\x03\x00\x00\x00Row\x86R\x86."
    assert found(data, **OUT) == ([], {})
    both = {**OUT, "Order.Row": "Row"}
    assert found(data, **both) == ([b"cshop\nOrder\n"], {"Order": 1})


@pytest.mark.parametrize("more", [b"h\x01\x86", b"j\x01\x00\x00\x00\x86", b"g1\n\x86"])
def test_a_class_that_is_data_too(more):
    """It stays."""
    assert found(HEAD + LINE + more + b".", **OUT) == ([], {})


def test_what_is_not_of_this_form():
    """A doubled class, a key that MEMOIZE chose, and a class that is renamed itself."""
    doubled = HEAD + b"cshop\nOrder\n2X\x04\x00\x00\x00Line\x86R\x86."
    assert found(b"\x80\x02N" + doubled, **OUT) == ([], {})
    memoized = HEAD.replace(b"\x80\x02", b"\x80\x03") + LINE.replace(b"q\x01", b"\x94") + b"."
    assert found(memoized, **OUT) == ([], {})
    assert found(HEAD + LINE + b".", Order="Sale", **OUT) == ([], {})
    assert found(HEAD + LINE + b".", Order="Sale") == ([], {})
