"""Graphs of objects for the tests of the archive's states, and their classes."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import pathlib
import struct
import uuid
from typing import Any

from hypothesis import strategies as st


class Plain:
    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class Other(Plain):
    pass


class Slots:
    __slots__ = ("__private", "left", "right")

    def __init__(self, left: Any = None, right: Any = None) -> None:
        self.left, self.right, self.__private = left, right, 0


class Two:
    __slots__ = ("left", "right")

    def __init__(self, left: Any) -> None:
        self.left = left


class Fault(ValueError):
    pass


class Tags(set):
    pass


class Number(int):
    pass


class Queue(collections.deque):
    pass


class Colour(enum.Enum):
    RED = 1
    BLUE = "b"


class Bits(enum.Flag):
    A = 1
    B = 2


Pair = collections.namedtuple("Pair", "left right")


@dataclasses.dataclass(frozen=True)
class Point:
    x: Any
    y: Any


class Keyed:
    """Hashed by a field."""

    def __init__(self, name: Any) -> None:
        self.name = name

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keyed) and self.name == other.name


class Holder:
    """Holds what nobody can pickle, and says so."""

    def __init__(self, lock: Any) -> None:
        self.lock, self.name = lock, "held"

    def __getstate__(self) -> dict[str, Any]:
        return {"name": self.name}


TRAPS = st.sampled_from(
    [
        *("no", "1e3", "2020-01-01", "null", "1:30", "=", "<<", "~", "", "a: b", "a #b", "- x"),
        *("a:", "x\ny", "x\ny\n", "\n", "a\n\n b\nc", "on", "0x1f", "1_000", ".5", "\x85a", "\t"),
        *("\u2028", "\ufeff", "\ud800", "\ud83d\ude00", "a\tb", "'", '"', "a,b", "[x]", "{x}"),
        *("*a", "&a", "!x", "%d", "@a", "`", "? x", "|", ">", "\0", "\x7f", "x" * 600, "a\r\nb"),
        *("---", "...", "Yes", "y", "N", "a\\n\nb", "../a#b", "\u202eabc", "x" * 5000, "inf"),
    ]
)
TEXTS = st.one_of(TRAPS, st.text(), st.text(" \n\t:#-ab\"'[]{},?|>&*!%\x85"))
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**700), 10**700),
    st.floats(),
    TEXTS,
    st.binary(max_size=20),
    st.dates(),
    st.datetimes(),
    st.sampled_from(
        [
            *(Colour.RED, Bits.A | Bits.B, len, int, 1 + 2j, range(3), slice(1, None), Ellipsis),
            *(decimal.Decimal("1.10"), fractions.Fraction(1, 3), uuid.UUID(int=5)),
            *(pathlib.PurePosixPath("/a"), datetime.timedelta(1), datetime.UTC),
            datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
            datetime.datetime(2020, 1, 1, fold=1),
        ]
    ),
)
HASHED = st.one_of(st.integers(), TEXTS, st.booleans(), st.tuples(TEXTS, st.integers()))


def _objects(parts: Any) -> Any:
    return st.one_of(
        st.lists(parts, max_size=4),
        st.lists(st.integers(), max_size=15),
        st.tuples(parts, parts),
        st.dictionaries(TEXTS, parts, max_size=4),
        st.dictionaries(HASHED, parts, max_size=4),
        st.sets(HASHED, max_size=4),
        st.builds(Plain, one=parts),
        st.builds(Plain, b=parts, a=parts, note=TEXTS),
        st.builds(Other, b=parts, a=st.integers()),
        st.builds(Plain),
        st.builds(Slots, parts, parts),
        st.builds(Pair, parts, parts),
        st.builds(Point, parts, parts),
        st.builds(Number, st.integers()),
        st.builds(ValueError, parts),
        st.builds(Queue, st.lists(parts, max_size=2), st.just(3)),
        st.builds(lambda x: Plain(a=x, again=x, both=[x, x]), parts),
        st.builds(collections.OrderedDict, st.dictionaries(TEXTS, parts, max_size=3)),
    )


GRAPHS = st.recursive(ATOMS, _objects, max_leaves=15)
DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**700), 10**700), st.floats(), TEXTS),
    lambda parts: st.one_of(st.lists(parts, max_size=5), st.dictionaries(TEXTS, parts, max_size=4)),
    max_leaves=12,
)


def equal(left: Any, right: Any) -> bool:
    """Whether plain data are the same: types, order of keys, NaN and the sign of zero."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return struct.pack("d", left) == struct.pack("d", right) or (left != left != right)
    if isinstance(left, dict):
        return list(left) == list(right) and all(equal(left[k], right[k]) for k in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)
