"""A tree as lines: bounded, escaped, shared values numbered."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate.tree_builder import build
from pickle_migrate.tree_view import Cut, draw


def lines(data: bytes, cut: Cut | None = None, limit: int = 10_000):
    return [one.plain for one in draw(build(data, 0, limit), cut or Cut())]


def test_values_keys_and_fields():
    """As a person reads them, with sizes."""
    data = b"cshop\nOrder\n)\x81}(Vqty\nK\x03Vodd key\nK\x01Vtags\n(Va\nK\x02lVraw\nC\x02\xffaub."
    assert lines(data) == [
        "shop:Order, 58 bytes",
        "  .qty = 3",
        "  'odd key': 1",
        "  .tags = list of 2, 7 bytes",
        "    [0] 'a'",
        "    [1] 2",
        "  .raw = b'\\xffa'",
    ]


def test_shared_values_and_cycles_are_numbered():
    """The first place has the value, the others refer to it."""
    cycle: list = []
    cycle.append(cycle)
    shared = ["x"]
    found = lines(pickle.dumps({"a": shared, "b": shared, "c": cycle}, 4))
    assert [line.strip() for line in found[1:]] == [
        "'a': list of 1, 7 bytes  &1",
        "[0] 'x'",
        "'b': *1  list of 1",
        "'c': list of 1, 5 bytes  &2",
        "[0] *2 (a cycle)  list of 1",
    ]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"cos\nsystem\n.", "global os:system"),
        (b"cos\nsystem\n)R.", "os:system(...), 13 bytes"),
        (b"Pone\n.", "persistent id 'one'"),
        (b"K\x01Q.", "persistent id 1"),
        (b"NQQQ.", "persistent id (persistent id)"),
        (b"\x82\x05.", "extension code 5"),
        (b"\x82\x05)R.", "called: extension code 5, 4 bytes"),
        (b"cm\nf\n)R)R.", "called: a result, 9 bytes"),
        (b"K\x01)R.", "called: a value (int), 4 bytes"),
        (b"\x80\x05\x97.", "buffer"),
        (
            b"cpickle_migrate.stamps\nshop/m:Order@3~1f0c7\n)R.",
            "shop.m:Order version 3, 46 bytes",
        ),
        (b"cpickle_migrate.stamps\nx:y@@\n)R.", "malformed stamp x:y@@, 31 bytes"),
        (b"ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR.", "m:C, 54 bytes"),
        (b"\x80\x04]]\x93.", "global with a computed name"),
        (b"].", "empty list, 1 byte"),
        (b"S'caf\\xe9'\n.", "8-bit 'caf\\xe9'"),
    ],
)
def test_each_kind_has_its_words(data, line):
    """Kinds that are no plain value."""
    assert lines(data)[0] == line


def test_text_is_escaped_and_cut():
    """Nothing of a pickle steers a terminal."""
    hostile = "\x1b[31m\u202e\r\n\x07\ud800" + "x" * 500
    (_, line) = lines(pickle.dumps([hostile], 4))
    assert line.isprintable()
    assert "\\x1b[31m\\u202e" in line
    size = len(hostile.encode("utf-8", "surrogatepass"))
    assert line.endswith(f"... ({size} bytes)")
    for data in (b"c\x1b[1m\n\x1b]0;x\x07\n.", b"P\x1b[1m\n.", pickle.dumps({"\x1b": "\x9b"})):
        assert all(one.isprintable() and "\x1b" not in one for one in lines(data))


def test_the_number_of_lines_is_bounded():
    """In depth, in breadth, and altogether; and what is left out is said."""
    wide = lines(pickle.dumps(list(range(1000))), Cut(3, 50, 5))
    assert len(wide) == 8
    assert wide[-2:] == ["  ... 995 more", "... not all of it: --depth and --limit show more"]
    deep = b"\x80\x02" + b"]" * 900 + b"a" * 899 + b"."
    assert len(lines(deep, Cut(depth=4))) == 6
    both = [[list(range(50))] * 50] * 50
    assert len(lines(pickle.dumps(both), Cut(9, 40, 50))) == 41


def test_what_was_not_read_is_said():
    """Because of the limit, or of damage."""
    data = pickle.dumps(list(range(1000)))
    assert lines(data, limit=50)[-1].startswith("... up to byte ")
    assert "50 opcodes were drawn" in lines(data, limit=50)[-1]
    assert lines(data[:-5])[-1].endswith("where the data ends before STOP")


def test_endless_graphs_end():
    """A billion laughs, a list of itself, 100,000 levels of everything."""
    value: list = ["ha"]
    for _ in range(30):
        value = [value] * 10
    cut = Cut(1000, 500, 1000)
    assert len(lines(pickle.dumps(value), cut)) <= 501
    for code in (b"]" * 90_000 + b"a" * 89_999, b"N" + b"\x85" * 90_000, b"N" + b"Q" * 90_000):
        assert len(lines(b"\x80\x02" + code + b".", cut, limit=200_000)) <= 502
