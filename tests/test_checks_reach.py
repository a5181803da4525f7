"""What a state leads to, and whether it was changed."""

from __future__ import annotations

import collections

import pytest

from pickle_migrate import Registry, versioned
from pickle_migrate.checks.reach import held_by, reach

REGISTRY = Registry()


@versioned(1, registry=REGISTRY)
class Order:
    def __init__(self, **fields):
        self.__dict__.update(fields)


class Slotted:
    __slots__ = ("a", "b")


class Rude(list):
    def __iter__(self):
        raise RuntimeError("no code of the class is run")

    def __eq__(self, other):
        raise RuntimeError("no code of the class is run")

    __hash__ = None


def slotted() -> Slotted:
    made = Slotted()
    made.a = [1]
    return made


CHANGES = [
    ([1, 2], lambda x: x.append(3)),
    ([1, 2], lambda x: x.reverse()),
    ({"a": 1}, lambda x: x.update(a=2)),
    ({"a": 1}, lambda x: x.clear()),
    ({1}, lambda x: x.add(2)),
    (collections.deque([1]), lambda x: x.append(2)),
    (bytearray(b"ab"), lambda x: x.append(1)),
    (Order(a=1), lambda x: setattr(x, "a", 2)),
    (Order(a=1), lambda x: delattr(x, "a")),
    (slotted(), lambda x: setattr(x, "b", 2)),
    (Rude([1]), lambda x: x.append(2)),
    ([[1]], lambda x: x.__setitem__(0, [1])),
]


@pytest.mark.parametrize(("obj", "change"), CHANGES, ids=map(str, range(len(CHANGES))))
def test_a_change_in_place_is_seen(obj, change):
    seen = reach([obj])[id(obj)]
    assert not seen.is_changed()
    change(obj)
    assert seen.is_changed()


@pytest.mark.parametrize("obj", [float("nan"), 10**30, "text", b"bytes", None, list, len, pytest])
def test_what_cannot_be_changed_is_not_watched(obj):
    assert reach([obj]) == {}
    assert not reach([holder := [obj]])[id(holder)].is_changed()


def test_own_and_beyond():
    """What a versioned object holds lies beyond it; what is reached both ways is own."""
    both, inner = [1], [2]
    other = Order(both=both, inner=inner)
    found = reach([both, other])
    beyond = {key for key, seen in found.items() if seen.beyond}
    assert beyond == {id(other), id(inner)}
    assert found[id(inner)].above.obj is other


def test_cycles_and_sizes_end():
    a: list = []
    a.append(a)
    assert list(reach([a])) == [id(a)]
    assert len(reach([[[] for _ in range(100)]], most=10)) <= 10


def test_what_a_newborn_carries_is_no_field():
    """The ``__setstate__`` that an object of an older version has until it gets its state."""
    obj = Order(a=1)
    obj.__dict__["__setstate__"] = print
    assert held_by(obj) == ("a", 1)


class Liar:
    """Says that it is a dict."""

    __class__ = dict


class Meta(type):
    """Says that its classes have everything."""

    def __getattr__(cls, name):
        return name


class Everything(metaclass=Meta):
    pass


def test_lies_about_classes_are_not_believed():
    liar, everything = Liar(), Everything()
    assert held_by(liar) == ()
    assert not reach([everything])[id(everything)].beyond
