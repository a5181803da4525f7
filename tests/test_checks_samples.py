"""Which archived pickle holds which version, by today's names."""

from __future__ import annotations

from pickle_migrate import Lineage, Registry, versioned
from pickle_migrate.archive.values import Record
from pickle_migrate.checks.samples import Held, samples_of
from pickle_migrate.refs import GlobalRef

REF = GlobalRef(__name__, "Order")


def registry() -> Registry:
    made = Registry()

    @versioned(3, unstamped=1, registry=made)
    class Order:
        pass

    Order.__qualname__ = "Order"
    made._classes = {REF: Order}
    Lineage(REF, registry=made).renamed_from("shop.old:Order")
    Lineage("shop:Gone", registry=made).unstamped(2)
    return made


def record(name: str, *classes: str) -> Record:
    return Record(name, "", classes=classes)


def test_versions_by_todays_names():
    """Stamped, unstamped, under an old name; a class that is gone has a lineage."""
    records = [
        record("a", f"{REF}@3"),
        record("b", "shop.old:Order@2"),
        record("c", f"{REF}@?"),
        record("d", "shop:Gone@?", f"{REF}@2"),
        record("e", "shop:Nobody@?"),
        record("f", "no ref", ""),
    ]
    found = samples_of(records, registry())
    assert found.versions() == {
        REF: frozenset({1, 2, 3}),
        GlobalRef("shop", "Gone"): frozenset({2}),
    }
    assert found.of["c"] == (Held(REF, 1, stamped=False),)
    assert found.of["e"] == found.of["f"] == ()
    assert [one.file for one in found.up_to(REF, 2)] == ["b", "d", "c"]
