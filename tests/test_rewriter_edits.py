"""Which bytes change: in place where nothing else reads them, inserted otherwise."""

from __future__ import annotations

import pytest

from pickle_migrate import rewriter_edits
from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_edits import edits
from pickle_migrate.rewriter_splice import spliced
from pickle_migrate.rewriter_target import settled
from pickle_migrate.rewriter_texts import WINDOW
from pickle_migrate.scanner import scan_all

STORE = {"shop": "store"}
BOTH = b"\x8c\x04shop\x94\x8c\x05Order\x94\x93\x94"


def edited(data, modules=STORE, **names):
    """The first pickle after its edits, with modules and classes renamed."""
    (scan, *_) = scan_all(data, locate=True).pickles
    wishes = []
    for g in scan.globals:
        ref = GlobalRef(
            modules.get(g.ref.module, g.ref.module), names.get(g.ref.qualname, g.ref.qualname)
        )
        wishes.append((g, ref))
    targets = settled(wishes)
    stream, told = edits(data, scan, targets, scan.end)
    found = list(stream)
    assert [t.named for t in told] == list(scan.globals)
    assert found == sorted(found)
    return spliced(data, found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"cshop\nOrder\n.", b"cstore\nOrder\n."),
        (b"(ishop\nOrder\n.", b"(istore\nOrder\n."),
        (b"\x80\x04" + BOTH + b".", b"\x80\x04\x8c\x05store\x94\x8c\x05Order\x94\x93\x94."),
        # Without memo keys, as pickletools.optimize leaves it.
        (b"\x80\x04\x8c\x04shop\x8c\x05Order\x93.", b"\x80\x04\x8c\x05store\x8c\x05Order\x93."),
        # The second class takes its module out of the memo.
        (
            b"\x80\x04" + BOTH + b"h\x00\x8c\x04Line\x94\x93\x86.",
            b"\x80\x04\x8c\x05store\x94\x8c\x05Order\x94\x93\x94h\x00\x8c\x04Line\x94\x93\x86.",
        ),
    ],
)
def test_in_place(old, new):
    """The same opcodes, with other texts."""
    assert edited(old) == new


@pytest.mark.parametrize(
    ("more", "names"),
    [
        (b"h\x00\x86", {}),  # the module's text is data as well
        (b"g0\n\x86", {}),
        (b"j\x00\x00\x00\x00\x86", {}),
        (b"B\x02\x00\x00\x00h\x00\x86", {}),  # only looks like it
        (b"h\x01\x86", {"Order": "Sale"}),  # the name's text is
    ],
)
def test_inserted_where_something_else_reads_it(more, names):
    """The texts stay under their keys, and are popped; the new ones have no keys."""
    old = b"\x80\x04" + BOTH + more + b"."
    new = edited(old, {} if names else STORE, **names)
    ref = b"\x8c\x04shop\x8c\x04Sale" if names else b"\x8c\x05store\x8c\x05Order"
    assert new == old.replace(b"\x93", b"00" + ref + b"\x93")


def test_a_text_that_names_another_global_too():
    """A class that stays in the module, and a text that is a module here and a name there."""
    stays = b"\x80\x04" + BOTH + b"h\x00\x8c\x04Line\x94\x93\x86."
    new = edited(stays, {}, Order="Sale")
    assert new == stays.replace(b"Order", b"Sale").replace(b"\x8c\x05Sale", b"\x8c\x04Sale")
    both = b"\x80\x04\x8c\x04shop\x94h\x00\x93."
    assert edited(both) == both.replace(b"\x93", b"00\x8c\x05store\x8c\x04shop\x93")


def test_far_in_a_long_pickle():
    """What follows is too long to be searched, so that the texts count as read."""
    old = b"\x80\x04" + BOTH + b"B" + (WINDOW).to_bytes(4, "little") + bytes(WINDOW) + b"\x86."
    assert edited(old).startswith(b"\x80\x04\x8c\x04shop\x94\x8c\x05Order\x9400\x8c\x05store")


def test_many_names(monkeypatch):
    """Texts without memo keys change in place; what has a key is not looked at, and inserted."""
    monkeypatch.setattr(rewriter_edits, "_MOST_SITES", 1)
    plain = b"\x8c\x04shop\x8c\x05Order\x93"
    old = b"\x80\x04" + plain + BOTH + b"h\x00\x8c\x04Line\x94\x93\x87."
    assert edited(old) == (
        b"\x80\x04\x8c\x05store\x8c\x05Order\x93"
        b"\x8c\x04shop\x94\x8c\x05Order\x9400\x8c\x05store\x8c\x05Order\x93\x94"
        b"h\x00\x8c\x04Line\x9400\x8c\x05store\x8c\x04Line\x93\x87."
    )
    assert edited(old, {}, Order="Sale") == (
        b"\x80\x04\x8c\x04shop\x8c\x04Sale\x93"
        b"\x8c\x04shop\x94\x8c\x05Order\x9400\x8c\x04shop\x8c\x04Sale\x93\x94"
        b"h\x00\x8c\x04Line\x94\x93\x87."
    )


def test_a_later_pickle_of_the_same_pickler_reads_the_memo():
    """Where it may, its bytes are searched too."""
    first = b"\x80\x04" + BOTH + b"."
    data = first + b"\x80\x04h\x00."
    scans = scan_all(data, locate=True)
    targets = settled((g, GlobalRef("store", "Order")) for g in scans.pickles[0].globals)
    for stop, is_inserted in ((len(first), False), (len(data), True)):
        found, _ = edits(data, scans.pickles[0], targets, stop)
        assert (b"00\x8c\x05store" in spliced(data, found)) == is_inserted
