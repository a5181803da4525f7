"""The shape of a class's states in a word, and what an enum has for fields."""

import datetime
import enum
import sys
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import attrs
import pytest

from pickle_migrate import Registry, versioned
from pickle_migrate.lock.shape_words import members_of, positions_of, shape_word

T = TypeVar("T")


class Plain:
    pass


class Slots:
    __slots__ = ("a",)


class Both(Slots):
    pass


class Own:
    def __getstate__(self):
        return {}


class Reduced:
    def __reduce__(self):
        return (Reduced, ())


class Arguments:
    def __getnewargs__(self):
        return ()


class Fault(ValueError):
    pass


class Track(list):
    pass


class Tags(set):
    pass


class Moment(datetime.datetime):
    pass


class Window(Generic[T]):
    pass


@dataclass
class Data:
    b: int
    a: int


@dataclass(slots=True)
class DataSlots:
    b: int
    a: int


@dataclass(frozen=True, slots=True)
class Frozen:
    b: int
    a: int


@attrs.define
class Attrs:
    b: int
    a: int


@attrs.define(slots=False)
class AttrsDict:
    b: int
    a: int


class Tide(NamedTuple):
    low: float
    high: float


class Sky(enum.Enum):
    CLEAR = 1
    FOG = (2, "b")
    BRIGHT = 1  # noqa: PIE796 - an alias
    ODD = object


class Quality(enum.IntFlag):
    A = 1
    B = 2
    BOTH = 3


class Words(enum.StrEnum):
    YES = "ja"


WORDS = {
    Plain: "dict",
    Slots: "slots",
    Both: "dict and slots",
    Own: "own",
    Reduced: "reduce",
    Arguments: "arguments",
    Fault: "exception",
    Track: "list",
    Tags: "set",
    Moment: "datetime",
    Window: "dict",
    Data: "dict",
    DataSlots: "slots",
    Frozen: "slots",
    Attrs: "slots",
    AttrsDict: "dict",
    Tide: "namedtuple",
    Sky: "enum",
    Quality: "enum",
    Words: "enum",
}


@pytest.mark.parametrize(
    ("cls", "word"), WORDS.items(), ids=lambda one: getattr(one, "__name__", "")
)
def test_the_word(cls, word):
    """As the class is, without running any of its code."""
    assert shape_word(cls) == word


@pytest.mark.parametrize("cls", [c for c in WORDS if c not in (Sky, Quality, Words)])
def test_registration_does_not_change_the_word(cls):
    """The hooks that it puts on a class are not the class's own methods."""
    twin = type(cls.__name__, (cls,), {"__slots__": ()}) if cls is Slots else cls
    word, registry = shape_word(twin), Registry()
    local = type("Local", (twin,), {"__module__": __name__})
    before = shape_word(local)
    versioned(1, registry=registry)(local)
    assert shape_word(local) == before
    assert word


def test_positions():
    """Only of classes whose states may have no names, in the order of the positions."""
    assert positions_of(Tide) == ("low", "high")
    # Dataclasses write positions where they make the methods, since Python 3.11 only if frozen.
    assert positions_of(Frozen) == ("b", "a")
    assert positions_of(Attrs) == ("b", "a")
    assert positions_of(AttrsDict) is None
    assert positions_of(Data) is None
    assert positions_of(Plain) is None


def test_members():
    """Name and text of the value; an alias is no member; what has no such text goes by its type."""
    assert members_of(Sky) == (("CLEAR", "1"), ("FOG", "(2, 'b')"), ("ODD", "type"))
    assert members_of(Words) == (("YES", "'ja'"),)
    assert members_of(Plain) is None


def test_flags():
    """A combination that has a name is a member by that name."""
    assert members_of(Quality) == (("A", "1"), ("B", "2"), ("BOTH", "3"))


def test_a_text_is_the_same_on_every_python():
    """Other letters are escaped, whatever a version of Python prints."""
    odd = enum.Enum("Odd", {"A": "é\x85"})
    assert members_of(odd) == (("A", "'\\xe9\\x85'"),)
    assert sys.version_info >= (3, 11)
