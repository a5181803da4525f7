"""Which classes may say ``fill=True``."""

import dataclasses
import enum
from typing import NamedTuple

import attrs
import pytest

from pickle_migrate import Registry, versioned
from pickle_migrate.errors import ArgumentError, UnsupportedShapeError

fill = versioned(1, fill=True, registry=Registry())


class Plain:
    a: int = 0


class Pair(NamedTuple):
    a: int


class Sky(enum.Enum):
    RAIN = 1


@dataclasses.dataclass
class OwnState:
    a: int = 0

    def __getstate__(self):
        return self.a


@dataclasses.dataclass
class OwnSetState:
    a: int = 0

    def __setstate__(self, state):
        self.a = state


@dataclasses.dataclass
class OwnReduce:
    a: int = 0

    def __reduce__(self):
        return OwnReduce, (self.a,)


@dataclasses.dataclass(slots=True)
class Slots:
    a: int = 0


@attrs.define(weakref_slot=False)
class AttrsSlots:
    a: int = 0


@pytest.mark.parametrize(
    ("cls", "problem", "remedy"),
    [
        (Plain, "it is neither", "above @dataclass"),
        (Pair, "it is neither", "AddField"),
        (Sky, "it is neither", "AddField"),
        (OwnState, "a __getstate__ of its own", "leave out __getstate__"),
        (OwnSetState, "a __setstate__ of its own", "leave out __setstate__"),
        (OwnReduce, "a __reduce__ of its own", "leave out __reduce__"),
        (Slots, "neither a __dict__ nor a __weakref__", "weakref_slot=True"),
        (AttrsSlots, "neither a __dict__ nor a __weakref__", "weakref_slot=True"),
    ],
)
def test_a_class_that_cannot_be_filled_is_refused_when_it_is_declared(cls, problem, remedy):
    with pytest.raises(UnsupportedShapeError, match=problem) as caught:
        fill(cls)
    assert remedy in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        dataclasses.dataclass,
        dataclasses.dataclass(frozen=True),
        dataclasses.dataclass(slots=True, weakref_slot=True),
        attrs.define,
        attrs.frozen,
        attrs.define(slots=False),
    ],
)
def test_dataclasses_and_attrs_classes_may(make):
    body = {"__annotations__": {"a": int}, "a": 1, "__module__": __name__}
    assert fill(make(type("Order", (), body)))(a=2).a == 2


def test_fill_is_true_or_false():
    with pytest.raises(ArgumentError, match="True or False"):
        versioned(1, fill="yes")
