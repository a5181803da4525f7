"""What classes say their fields hold."""

import collections
import dataclasses
import enum
from typing import NamedTuple

import attrs
import pytest

from pickle_migrate.make.defaults import default_of


class Kind(enum.Enum):
    NEW = 1


def made():
    return {}


@dataclasses.dataclass
class Data:
    bare: int
    number: int = 3
    kind: Kind = Kind.NEW
    items: list = dataclasses.field(default_factory=list)
    several: list = dataclasses.field(default_factory=lambda: [1, 2])
    table: dict = dataclasses.field(default_factory=made)


@attrs.define
class Attr:
    bare: int
    number: int = 3
    items: list = attrs.field(factory=list)
    own: int = attrs.Factory(lambda self: self.number, takes_self=True)


class Named(NamedTuple):
    bare: int
    number: int = 3


class Plain:
    shared = 4

    def __init__(self, bare, number=3, items=None, pair=()):
        self.items = items

    @property
    def counted(self):
        return 1


class Slots:
    __slots__ = ("bare", "number")

    def __init__(self, bare, number=3):
        pass


Old = collections.namedtuple("Old", "bare number", defaults=[3])


@pytest.mark.parametrize(
    ("cls", "name", "text", "is_factory"),
    [
        (Data, "number", "3", False),
        (Data, "kind", "Kind.NEW", False),
        (Data, "items", "list", True),
        (Data, "several", "lambda: [1, 2]", True),
        (Data, "table", "made", True),
        (Attr, "number", "3", False),
        (Attr, "items", "list", True),
        (Named, "number", "3", False),
        (Old, "number", "3", False),
        (Plain, "shared", "4", False),
        (Plain, "number", "3", False),
        (Plain, "items", "None", False),
        (Plain, "pair", "()", False),
        (Slots, "number", "3", False),
    ],
)
def test_defaults(cls, name, text, is_factory):
    """From fields, class attributes and the parameters of ``__init__``."""
    found = default_of(cls, name)
    assert (found.source.text, found.is_factory) == (text, is_factory)


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        *((cls, "bare") for cls in (Data, Attr, Named, Plain, Slots, Old)),
        (Attr, "own"),
        (Plain, "counted"),
        (Plain, "other"),
    ],
)
def test_nothing_is_made_up(cls, name):
    """A field without a default has none; a factory that takes the object cannot run on a state."""
    assert default_of(cls, name) is None
