"""Fields that a class without declared ones sets in ``__init__``, and that nobody locked."""

from __future__ import annotations

import pytest

from pickle_migrate.checks.plain import unlocked_fields
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT

REF = GlobalRef("plain_shop", "Order")


def found(scratch, source: str, state: str = "dict", seen: bool = True) -> list[str]:
    scratch.module("plain_shop", source)
    head = LockedVersion(1, (("__secret", ""), ("qty", "")), None, state, seen)
    locked = LockedClass(REF, (head,))
    return unlocked_fields(locked, Lock((locked,)), DEFAULT)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("self.qty = 1", []),
        ("self.__secret = 1", []),
        ("self.qty = self.price = 1", ["price"]),
        ("self.qty, self.price = 1, 2", ["price"]),
        ("self.price: float = 1.0", ["price"]),
        ("self.price: float", []),
        ("this = self; this.price = 1", []),
        ("if self: self.price = 1", []),
        ("self.price = 1; del self.price", []),
        ("self.shown = 1", []),
        ("other = [0]; other[0] = 1", []),
    ],
)
def test_what_init_sets_whatever_its_arguments(scratch, body, names):
    """Conditions, what is deleted again, and names that the class itself has, count for nothing."""
    source = f"""
    @versioned(1)
    class Order:
        def __init__(self):
            {body}

        @property
        def shown(self):
            return 1

        @shown.setter
        def shown(self, value):
            pass
    """
    assert found(scratch, source) == names


SOURCE = "@versioned(1)\nclass Order:\n    def __init__(self):\n        self.price = 1\n"


@pytest.mark.parametrize(("state", "seen"), [("own", True), ("slots", True), ("dict", False)])
def test_what_cannot_be_told(scratch, state, seen):
    """A state of the class's own making; fields that are declared."""
    assert found(scratch, SOURCE, state, seen) == []


def test_a_base_that_has_the_field(scratch):
    source = "@versioned(1)\nclass Base:\n    pass\n\n\n" + SOURCE.replace("Order:", "Order(Base):")
    scratch.module("plain_shop", source)
    head = LockedVersion(1, (("qty", ""),), seen=True)
    base = LockedVersion(1, (("price", ""),), seen=True)
    locked = LockedClass(REF, (head,))
    lock = Lock((LockedClass(GlobalRef("plain_shop", "Base"), (base,)), locked))
    assert unlocked_fields(locked, lock, DEFAULT) == []


BASES = """
class Thing:
    def __init__(self):
        self.label = ""
        self.__mine = 1

@versioned(1)
class Base(Thing):
    def __init__(self):
        super().__init__()
        self.price = 1

@versioned(1)
class Order(Base):
    def __init__(self):
        self.qty = 1
        {call}
"""


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("super().__init__()", ["price", "label"]),
        ("Base.__init__(self)", ["price", "label"]),
        ("pass", []),
    ],
)
def test_what_the_init_of_a_base_sets(scratch, call, names):
    """As far as it is called; a base that is not versioned, or of which nothing is locked."""
    assert found(scratch, BASES.format(call=call)) == names


def test_a_class_without_an_init_takes_that_of_its_base(scratch):
    source = "class Base:\n    def __init__(self):\n        self.price = 1\n\n\n"
    source += "@versioned(1)\nclass Order(Base):\n    pass\n"
    assert found(scratch, source) == ["price"]


def test_a_base_that_is_locked_is_looked_at_by_itself(scratch):
    scratch.module("plain_shop", BASES.format(call="super().__init__()"))
    head = LockedVersion(1, (("qty", ""), ("label", "")), seen=True)
    base = LockedVersion(1, (("cost", ""), ("label", "")), seen=True)
    locked = LockedClass(REF, (head,))
    known = LockedClass(GlobalRef("plain_shop", "Base"), (base,))
    lock = Lock((known, locked))
    assert unlocked_fields(locked, lock, DEFAULT) == []
    assert unlocked_fields(known, lock, DEFAULT) == ["price"]
