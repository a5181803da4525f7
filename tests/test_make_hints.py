"""Answers given beforehand: as options, in the class, in its fields."""

import dataclasses

import attrs
import pytest

from pickle_migrate.errors import RequestError
from pickle_migrate.make.hints import Hints, Options, hints_for
from pickle_migrate.refs import GlobalRef

ORDER = GlobalRef("shop.models", "Outer.Order")


def given(cls=None, **options):
    return hints_for(ORDER, cls, Options(**{k: tuple(v) for k, v in options.items()}))


@pytest.mark.parametrize("owner", ["", "Order.", "Outer.Order.", "shop.models:Outer.Order."])
def test_options_name_the_class_in_any_way(owner):
    """Its ref, its qualified name, its name, or nothing."""
    found = given(
        renamed=[f"{owner}qty=quantity"],
        default=[f"{owner}currency='a=b'"],
        convert=[f"{owner}price=Decimal(price)"],
        removed=[f"{owner}colour", f"{owner}size=3"],
        merged=[f"{owner}first,last=name:first + ':' + last"],
        split=[f"{owner}wind=way, speed:wind.split()"],
    )
    assert found == Hints(
        {"quantity": "qty"},
        {"currency": "'a=b'"},
        {"price": "Decimal(price)"},
        {"colour": None, "size": "3"},
        {"name": (("first", "last"), "first + ':' + last")},
        {"wind": (("way", "speed"), "wind.split()")},
    )


def test_options_for_other_classes_are_theirs():
    """Nothing is taken that speaks of another class."""
    assert given(renamed=["Gift.qty=quantity"], removed=["shop.models:Order.x"]) == Hints()


@pytest.mark.parametrize(
    "options",
    [
        {"renamed": ["qty"]},
        {"renamed": ["qty="]},
        {"renamed": ["Order.=x"]},
        {"default": ["x"]},
        {"merged": ["a,b=c"]},
        {"split": ["a=b,c:"]},
    ],
)
def test_options_that_cannot_be_read(options):
    """The message shows how it is written."""
    with pytest.raises(RequestError, match="Write it as --"):
        given(**options)


@dataclasses.dataclass
class Data:
    __pickle_migrate_hints__ = {
        "renamed": {"quantity": "qty"},
        "defaults": {"tags": ("a",)},
        "converted": {"price": "Decimal(price)"},
        "removed": ["colour"],
        "merged": {"name": (["first", "last"], "first + last")},
    }
    quantity: int
    note: str = dataclasses.field(metadata={"pickle_migrate": {"renamed": "text", "default": ""}})


@attrs.define
class Attr:
    note: str = attrs.field(metadata={"pickle_migrate": {"converted": "str"}})


def test_hints_in_the_class_and_its_fields():
    """Values become source text."""
    assert given(Data) == Hints(
        {"note": "text", "quantity": "qty"},
        {"note": '""', "tags": '("a",)'},
        {"price": "Decimal(price)"},
        {"colour": None},
        {"name": (("first", "last"), "first + last")},
        lasting=frozenset({"price"}),
    )
    assert given(Attr) == Hints(converted={"note": "str"}, lasting=frozenset({"note"}))
    assert given(Attr, convert=["note=int"]) == Hints(converted={"note": "int"})


def test_options_go_before_the_class():
    """What is typed now is meant now."""
    assert given(Data, renamed=["number=quantity"]).renamed["quantity"] == "number"


@pytest.mark.parametrize(
    "hints",
    [
        1,
        {"wrong": {}},
        {"renamed": []},
        {"converted": {"a": int}},
        {"defaults": {"a": object()}},
        {"removed": [1]},
        {"merged": {"a": "b"}},
    ],
)
def test_hints_that_cannot_be_meant(hints):
    """Each says what is wrong."""
    with pytest.raises(RequestError, match="__pickle_migrate_hints__"):
        given(type("Order", (), {"__pickle_migrate_hints__": hints}))


def test_a_hint_is_not_inherited():
    """A subclass has fields of its own."""
    assert given(type("Child", (Data,), {})) == Hints()
