"""Names that a registry says have changed, put into pickles without loading them."""

from __future__ import annotations

import sys

import pytest

from pickle_migrate.errors import AmbiguousRenameError, StampError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry
from pickle_migrate.renames import OldName
from pickle_migrate.rewriter_names import rename_payload
from pickle_migrate.scanner import scan


def names(data):
    return [str(g.ref) for g in scan(data).globals]


def test_a_class_and_a_package():
    """Both kinds of rules; names that no rule is about stay."""
    registry = Registry()
    registry.rename("shop.models:Order", "shop.sales:Sale")
    registry.rename("shop", "store")
    data = b"(cshop.models\nOrder\ncshop.models\nItem\ncshopping\nCart\nt."
    assert names(rename_payload(data, registry)) == [
        "store.sales:Sale",
        "store.models:Item",
        "shopping:Cart",
    ]


def test_a_pickle_that_is_current_is_the_very_same_bytes():
    """So that a caller can tell by ``is``."""
    registry = Registry()
    registry.rename("shop", "store")
    data = b"cstore\nOrder\n."
    assert rename_payload(data, registry) is data


def test_names_inside_of_stamps():
    """Each class in a stamp has a name; version, fingerprint and mark stay."""
    registry = Registry()
    registry.rename("shop", "store.core")
    data = b"cpickle_migrate.stamps\nshop/models:Gift@2~ab+shop/models:Order@3!\n."
    assert scan(rename_payload(data, registry)).stamps == (
        "store/core/models:Gift@2~ab+store/core/models:Order@3!",
    )
    with pytest.raises(StampError):
        rename_payload(b"cpickle_migrate.stamps\nshop:Order@x\n.", registry)


def test_names_that_two_classes_swapped():
    """The version in the stamp says whose name it is; without one nobody knows."""
    registry = Registry()
    old, new = GlobalRef("shop", "A"), GlobalRef("shop", "B")
    registry.add_old_name(OldName(old, new, until=1))
    registry.add_old_name(OldName(new, old, until=1))
    first = b"cpickle_migrate.stamps\nshop:A@1\n."
    second = b"cpickle_migrate.stamps\nshop:A@2\n."
    assert scan(rename_payload(first, registry)).stamps == ("shop:B@1",)
    assert rename_payload(second, registry) is second


def test_a_name_that_two_classes_claim():
    """Refused, as a load refuses it."""
    registry = Registry()
    for new in ("A", "B"):
        registry.add_old_name(OldName(GlobalRef("shop", "Old"), GlobalRef("shop", new)))
    with pytest.raises(AmbiguousRenameError):
        rename_payload(b"cshop\nOld\n.", registry)


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_nested_class_goes_with_its_outer_class(protocol):
    """By getattr below protocol 4, by a dotted name above."""
    registry = Registry()
    registry.rename("shop:Order", "store:Sale")
    dotted = b"\x80\x04cshop\nOrder.Line\n."
    by_getattr = b"\x80\x02c__builtin__\ngetattr\ncshop\nOrder\nX\4\0\0\0Line\x86R."
    new = rename_payload(dotted if protocol == 4 else by_getattr, registry)
    assert names(new)[-1] == "store:Sale.Line"


def test_nothing_is_imported():
    """Neither the old names nor the new ones."""
    registry = Registry()
    registry.rename("shop", "antigravity")
    rename_payload(b"cshop\nOrder\n.", registry)
    assert "antigravity" not in sys.modules
