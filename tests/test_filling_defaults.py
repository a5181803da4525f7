"""What a field is where a pickle lacks it, as the class's own ``__init__`` has it."""

import dataclasses
from typing import ClassVar

import attrs
import pytest

from pickle_migrate.filling.defaults import fields_of, is_attrs, is_dataclass


@dataclasses.dataclass
class Base:
    a: int
    b: int = 1


@dataclasses.dataclass
class Data(Base):
    tags: list = dataclasses.field(default_factory=list)
    _: dataclasses.KW_ONLY
    key: int = 2
    hidden: int = dataclasses.field(init=False, default=3)
    shared: ClassVar[int] = 4
    given: dataclasses.InitVar[int] = 5


@attrs.define
class Attrs:
    a: int
    b: str = attrs.field(default=1, converter=str)
    tags: list = attrs.field(factory=list)
    twice: int = attrs.field(init=False)
    _private: int = 7

    @twice.default
    def _(self):
        return self.a * 2


@pytest.mark.parametrize(
    ("cls", "expected"),
    [
        (Data, {"a": None, "b": 1, "tags": [], "key": 2, "hidden": 3}),
        (Attrs, {"a": None, "b": "1", "tags": [], "twice": 8, "_private": 7}),
        (int, {}),
    ],
)
def test_every_field_has_what_init_would_give_it(cls, expected):
    """In order; None where there is no default."""
    obj = Attrs(4)
    found = {f.name: None if f.make is None else f.make(obj) for f in fields_of(cls)}
    assert found == expected
    assert list(found) == list(expected)


def test_a_factory_makes_a_new_value_each_time():
    (tags,) = [f for f in fields_of(Data) if f.name == "tags"]
    assert tags.make(None) is not tags.make(None)


def test_a_class_is_one_only_by_itself():
    """A subclass that was not decorated has no fields of its own."""

    class Sub(Data):
        pass

    assert (is_dataclass(Data), is_dataclass(Sub), is_attrs(Attrs)) == (True, False, True)
