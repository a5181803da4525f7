"""Which steps a pickle would need, told from what is declared, without importing."""

from __future__ import annotations

import pickle
import sys

from pickle_migrate import Lineage, Registry, RenameField, versioned
from pickle_migrate.needed_steps import LINES, needed_steps
from pickle_migrate.scanner import scan


def stamped(text: str) -> bytes:
    return b"cpickle_migrate.stamps\n%s\n)R." % text.encode()


def test_a_stamp_and_its_lineage_are_enough():
    """The class need not be there: declared steps are told from the written version on."""
    registry = Registry()
    lineage = Lineage("gone.shop:Order", registry=registry)
    lineage.upgrade(1, RenameField("qty", "quantity")).upgrade(2, RenameField("a", "b"))
    found = needed_steps(scan(stamped("gone/shop:Order@1")), registry)
    assert len(found) == 2
    assert found[0].startswith("gone.shop:Order 1 to 2: ")
    assert "quantity" in found[0]
    assert needed_steps(scan(stamped("gone/shop:Order@3")), registry) == ()
    assert "gone.shop" not in sys.modules


def test_a_registered_class_tells_its_route():
    """Steps from the written version to the current one, and what is in the way."""
    registry = Registry()

    @versioned(3, unstamped=1, registry=registry)
    class Basket:
        pass

    Lineage(Basket, registry=registry).upgrade(1, RenameField("a", "b"))
    name = f"{Basket.__module__}:{Basket.__qualname__}"
    data = b"\x80\x04\x8c%c%s\x8c%c%s\x93)\x81." % (
        len(Basket.__module__),
        Basket.__module__.encode(),
        len(Basket.__qualname__),
        Basket.__qualname__.encode(),
    )
    found = needed_steps(scan(data), registry)
    assert found[0].startswith(f"{name} 1 to 2")
    assert found[1].startswith("not possible: ")


def test_renames_are_told():
    """By name, or for a whole package."""
    registry = Registry()
    registry.rename("old", "new")
    assert needed_steps(scan(b"cold.m\nC\n)\x81."), registry) == ("old.m:C is new.m:C today",)


def test_plain_pickles_need_none():
    """And malformed stamps are told, not raised."""
    assert needed_steps(scan(pickle.dumps([1, {"a": 2}]))) == ()
    (line,) = needed_steps(scan(stamped("m:C@@1")))
    assert line.startswith("not possible: ")


def test_many_lines_are_counted():
    """A pickle of a thousand classes has a short answer."""
    registry = Registry()
    registry.rename("old", "new")
    data = b"(" + b"".join(b"cold.m\nC%d\n" % n for n in range(LINES + 5)) + b"l."
    found = needed_steps(scan(data), registry)
    assert (len(found), found[-1]) == (LINES + 1, "5 more")


def test_steps_of_classes_of_others_depend_on_each_object():
    """A scan sees no states, so they are told with that proviso."""
    registry = Registry()
    told = Lineage("lib:Tree", version_of=lambda view: 1, registry=registry)
    told.upgrade(1, RenameField("a", "b"))
    found = scan(b"\x80\x02clib\nTree\n)\x81.")
    assert needed_steps(found, registry) == (
        "lib:Tree 1 to 2: rename 'a' to 'b' (if its state says that it is of that version)",
    )
    assert needed_steps(scan(b"clib\nTree\n."), registry) == ()
