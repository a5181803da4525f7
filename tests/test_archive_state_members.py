"""What the compiled loops over members write is what the walk writes, whatever the members are."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pickle_migrate.archive import records
from pickle_migrate.archive.state_text import Writer
from pickle_migrate.archive.states import state_of


class Order:
    """A plain class."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class Gift(Order):
    """A subclass of it."""


def order(number: int = 1, **others: Any) -> Order:
    """An order with the fields that most have."""
    return Order(
        **{"qty": number, "price": number * 0.5, "name": f"n {number}", "note": None} | others
    )


SHARED = order(7)
CYCLE = order(8)
CYCLE.note = CYCLE
MEMBERS = {
    "same types": [order(n) for n in range(30)],
    "another type": [order(1), order(2, price=3), order(3, qty=True), order(4, name=b"x")],
    "numbers out of range": [
        order(1, price=p) for p in (0.0, -0.0, math.nan, math.inf, 1e300, 1e-9)
    ],
    "large numbers": [order(2**63), order(2**64), order(-(2**64)), order(1, qty=2**4000)],
    "texts": [order(1, name=t) for t in ("", "no", "a\nb", "x" * 5_000, "{0} %s", "\ud800")],
    "another field": [order(1), order(2, more=1), Order(qty=1), Order(), order(3)],
    "other fields as many": [order(1), Order(a=1, b=2, c=3, d=4), order(2)],
    "shared": [SHARED, order(1), SHARED, SHARED],
    "a cycle": [CYCLE, order(1), CYCLE],
    "parts": [order(n, note=order(n, note=[SHARED, n])) for n in range(5)],
    "another class": [order(1), Gift(**vars(order(2))), None, 5, "text", {"a": 1}, [order(3)]],
    "odd names": [Order(größe=n, no=n, on="off") for n in range(5)],
}


@pytest.mark.parametrize("members", MEMBERS.values(), ids=MEMBERS)
@pytest.mark.parametrize("first", [order(0), order(0, note=order(0))])
def test_the_text_is_that_of_the_walk(members: list[Any], first: Order) -> None:
    """At the root, in a list, in a tuple and deeper, once loops are compiled for the first kind."""
    writer = Writer()
    for _ in range(6):
        writer.text(([first], {"all": [first]}, ([first],), first))
    for obj in (members, {"all": members}, tuple(members), [[members], members], *members):
        expected = records.states_text((state_of(obj),))
        assert writer.text((obj,)) == expected
        assert writer.text((obj, obj)) == records.states_text((state_of(obj), state_of(obj)))


def test_a_list_that_is_too_deep_is_described_as_a_whole() -> None:
    """Deeper than the walk goes in one part."""
    deep: Any = [order(1)]
    for _ in range(200):
        deep = [order(2, note=deep)]
    writer = Writer()
    for _ in range(7):
        assert writer.text((deep,)) == records.states_text((state_of(deep),))
