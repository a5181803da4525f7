"""Each shape of object is taken apart: what pickle keeps of it is seen, and each change of it."""

import array
import collections
import copyreg
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import ipaddress
import itertools
import operator
import pathlib
import pickle
import random
import re
import threading
import types
import typing
import uuid
import weakref
import zoneinfo

import attrs
import cloudpickle
import numpy as np
import pytest

from pickle_migrate import versioned
from pickle_migrate.graph_parts import OpaqueError, Reader
from pickle_migrate.graphs import differences, same


class Plain:
    def __init__(self, **fields):
        self.__dict__.update(fields)

    def method(self):
        return self


class Slots:
    __slots__ = ("__private", "a")

    def __init__(self, a, private):
        self.a = a
        self.__private = private


class SlotsAndDict(Slots):
    __slots__ = ("__dict__", "__weakref__", "b")


class NoSlots:
    __slots__ = ()


@dataclasses.dataclass
class Data:
    a: int
    b: list


@dataclasses.dataclass(frozen=True, slots=True)
class FrozenSlotted:
    a: int
    b: tuple


@attrs.define
class Attrs:
    a: int
    b: list


@attrs.frozen(slots=False)
class FrozenAttrs:
    a: int


class Named(typing.NamedTuple):
    a: int
    b: str


class NamedWithDict(collections.namedtuple("NamedWithDict", "a b")):
    pass


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Right(enum.Flag):
    READ = 1
    WRITE = 2


class Problem(Exception):
    def __init__(self, what, code=0):
        super().__init__(what)
        self.code = code


class Number(int):
    pass


class Real(float):
    pass


class Word(str):
    __slots__ = ()


class Raw(bytes):
    pass


class Items(list):
    pass


class Table(dict):
    pass


class Bag(set):
    pass


class Moment(datetime.datetime):
    pass


class Tuple(tuple):
    pass


class WithGetstate:
    def __init__(self, kept, dropped):
        self.kept = kept
        self.dropped = dropped

    def __getstate__(self):
        return {"kept": self.kept}

    def __setstate__(self, state):
        self.__init__(state["kept"], threading.Lock())


class WithReduce:
    def __init__(self, given):
        self.lock = threading.Lock()
        self.given = given

    def __reduce__(self):
        return WithReduce, (self.given,)


class Arguments:
    def __new__(cls, *args, **kwargs):
        made = super().__new__(cls)
        made.given = (args, kwargs)
        return made

    def __getnewargs_ex__(self):
        return self.given


class OldDict(dict):
    """Attributes whose names are no strings."""


def old_dict():
    made = OldDict(a=1)
    made.__dict__[3] = "odd"
    return made


def by_value():
    """A function that pickle writes by its name, and cloudpickle by what it does."""
    return 1


# Each makes an object that pickle can write. The second one differs in one thing.
PAIRS = {
    "none": (lambda: None, lambda: False),
    "bool": (lambda: True, lambda: 1),
    "int": (lambda: 2**100, lambda: 2**100 + 1),
    "float": (lambda: 1.5, lambda: 1.5000000000000002),
    "minus zero": (lambda: -0.0, lambda: 0.0),
    "nan": (lambda: float("nan"), lambda: 0.0),
    "complex": (lambda: complex(0.0, float("nan")), lambda: complex(-0.0, float("nan"))),
    "str": (lambda: "a\ud800", lambda: "a\ud801"),
    "bytes": (lambda: b"a", lambda: bytearray(b"a")),
    "bytearray": (lambda: bytearray(b"a"), lambda: bytearray(b"b")),
    "ellipsis": (lambda: ..., lambda: NotImplemented),
    "range": (lambda: range(0), lambda: range(1, 1)),
    "slice": (lambda: slice(1, [2]), lambda: slice(1, [3])),
    "tuple": (lambda: (1, [2]), lambda: (1, [3])),
    "list": (lambda: [1, [2]], lambda: [1, [2], 3]),
    "dict": (lambda: {"a": 1, 2: []}, lambda: {"a": 1, 2: [()]}),
    "dict key": (lambda: {1: "a"}, lambda: {1.0: "a"}),
    "set": (lambda: {1, "a", (2,)}, lambda: {1, "a", (3,)}),
    "frozenset": (lambda: frozenset({1, 2}), lambda: frozenset({1, 3})),
    "object": (lambda: Plain(a=1), lambda: Plain(a=2)),
    "object, field gone": (lambda: Plain(a=1, b=2), lambda: Plain(a=1)),
    "object, field more": (lambda: Plain(a=1), lambda: Plain(a=1, b=None)),
    "slots": (lambda: Slots(1, 2), lambda: Slots(1, 3)),
    "slots and dict": (lambda: with_slots(b=1, z=2), lambda: with_slots(b=1, z=3)),
    "slots and dict, slot": (lambda: with_slots(b=1, z=2), lambda: with_slots(b=2, z=2)),
    "slot unset": (lambda: with_slots(b=1), lambda: with_slots(z=1)),
    "no slots": (lambda: NoSlots(), lambda: Plain()),
    "dataclass": (lambda: Data(1, [2]), lambda: Data(1, [3])),
    "frozen slotted dataclass": (lambda: FrozenSlotted(1, (2,)), lambda: FrozenSlotted(1, (3,))),
    "attrs": (lambda: Attrs(1, [2]), lambda: Attrs(1, [3])),
    "frozen attrs": (lambda: FrozenAttrs(1), lambda: FrozenAttrs(2)),
    "NamedTuple": (lambda: Named(1, "b"), lambda: Named(2, "b")),
    "NamedTuple, for tuple": (lambda: Named(1, "b"), lambda: (1, "b")),
    "namedtuple with dict": (lambda: noted(NamedWithDict(1, 2), 3), lambda: NamedWithDict(1, 2)),
    "Enum": (lambda: Colour.RED, lambda: Colour.GREEN),
    "IntEnum": (lambda: Level.LOW, lambda: Level.HIGH),
    "IntEnum, for int": (lambda: Level.LOW, lambda: 1),
    "Flag": (lambda: Right.READ | Right.WRITE, lambda: Right.READ),
    "exception": (lambda: Problem("a"), lambda: Problem("b")),
    "exception, attribute": (lambda: noted(Problem("a"), 1), lambda: noted(Problem("a"), 2)),
    "OSError": (lambda: OSError(2, "no", "f"), lambda: OSError(2, "no", "g")),
    "UnicodeDecodeError": (
        lambda: UnicodeDecodeError("ascii", b"\xff", 0, 1, "why"),
        lambda: UnicodeDecodeError("ascii", b"\xff", 0, 1, "how"),
    ),
    "int subclass": (lambda: Number(1), lambda: Number(2)),
    "int subclass, attribute": (lambda: noted(Number(1), 1), lambda: noted(Number(1), 2)),
    "float subclass": (lambda: Real(0.0), lambda: Real(-0.0)),
    "str subclass": (lambda: Word("a"), lambda: Word("b")),
    "str subclass, for str": (lambda: Word("a"), lambda: "a"),
    "bytes subclass": (lambda: Raw(b"a"), lambda: Raw(b"b")),
    "list subclass": (lambda: Items([1]), lambda: Items([2])),
    "list subclass, attribute": (lambda: noted(Items([1]), 1), lambda: Items([1])),
    "dict subclass": (lambda: Table(a=1), lambda: Table(a=2)),
    "dict subclass, attribute": (lambda: noted(Table(a=1), 1), lambda: Table(a=1)),
    "attributes that are no str": (old_dict, lambda: OldDict(a=1)),
    "set subclass": (lambda: Bag([1]), lambda: Bag([2])),
    "tuple subclass": (lambda: Tuple([1]), lambda: Tuple([2])),
    "datetime": (
        lambda: datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC),
        lambda: datetime.datetime(2024, 2, 29),
    ),
    "datetime, fold": (
        lambda: datetime.datetime(2024, 2, 29, fold=0),
        lambda: datetime.datetime(2024, 2, 29, fold=1),
    ),
    "datetime subclass": (lambda: Moment(2024, 1, 1), lambda: datetime.datetime(2024, 1, 1)),
    "date": (lambda: datetime.date(2024, 1, 1), lambda: datetime.date(2024, 1, 2)),
    "timedelta": (lambda: datetime.timedelta(1), lambda: datetime.timedelta(2)),
    "zone": (lambda: zoneinfo.ZoneInfo("UTC"), lambda: datetime.UTC),
    "Decimal": (lambda: decimal.Decimal("1.0"), lambda: decimal.Decimal("1.00")),
    "Fraction": (lambda: fractions.Fraction(1, 3), lambda: fractions.Fraction(1, 4)),
    "UUID": (lambda: uuid.UUID(int=1), lambda: uuid.UUID(int=2)),
    "Path": (lambda: pathlib.PurePosixPath("a"), lambda: pathlib.PurePosixPath("b")),
    "address": (
        lambda: ipaddress.ip_address("10.0.0.1"),
        lambda: ipaddress.ip_address("10.0.0.2"),
    ),
    "pattern": (lambda: re.compile("a"), lambda: re.compile("a", re.I)),
    "deque": (lambda: collections.deque([1, 2]), lambda: collections.deque([1, 3])),
    "deque, maxlen": (lambda: collections.deque([1], 2), lambda: collections.deque([1], 3)),
    "OrderedDict": (
        lambda: collections.OrderedDict([("a", 1), ("b", 2)]),
        lambda: collections.OrderedDict([("b", 2), ("a", 1)]),
    ),
    "defaultdict": (lambda: default_of(list, 1), lambda: default_of(list, 2)),
    "defaultdict, factory": (lambda: default_of(list, 1), lambda: default_of(dict, 1)),
    "Counter": (lambda: collections.Counter("aab"), lambda: collections.Counter("abb")),
    "ChainMap": (lambda: collections.ChainMap({1: 2}), lambda: collections.ChainMap({1: 3})),
    "UserDict": (lambda: collections.UserDict(a=1), lambda: collections.UserDict(a=2)),
    "SimpleNamespace": (lambda: types.SimpleNamespace(a=1), lambda: types.SimpleNamespace(a=2)),
    "partial": (lambda: functools.partial(print, 1), lambda: functools.partial(print, 2)),
    "itemgetter": (lambda: operator.itemgetter(1), lambda: operator.itemgetter(2)),
    "array": (lambda: array.array("d", [1.0]), lambda: array.array("d", [2.0])),
    "array, typecode": (lambda: array.array("h", [1]), lambda: array.array("H", [1])),
    "function": (lambda: len, lambda: print),
    "method": (lambda: Plain(a=1).method, lambda: Plain(a=2).method),
    "builtin method": (lambda: [1].append, lambda: [2].append),
    "class": (lambda: Plain, lambda: Slots),
    "generic": (lambda: list[int], lambda: list[str]),
    "union": (lambda: int | None, lambda: int | str),
    "iterator": (lambda: iter([1, 2]), lambda: iter([1, 3])),
    "Random": (lambda: random.Random(1), lambda: random.Random(2)),
    "getstate": (lambda: WithGetstate(1, 0), lambda: WithGetstate(2, 0)),
    "reduce": (lambda: WithReduce([1]), lambda: WithReduce([2])),
    "arguments": (lambda: Arguments(1, b=2), lambda: Arguments(1, b=3)),
    "ndarray": (lambda: np.array([1.0, np.nan]), lambda: np.array([2.0, np.nan])),
    "ndarray, dtype": (lambda: np.array([1], "<i4"), lambda: np.array([1], ">i4")),
    "ndarray, shape": (lambda: np.zeros((2, 3)), lambda: np.zeros((3, 2))),
    "ndarray, strided": (lambda: np.arange(6)[::2], lambda: np.arange(6)[1::2]),
    "ndarray, columns": (lambda: np.asfortranarray(np.eye(2)), lambda: np.ones((2, 2))),
    "ndarray, records": (lambda: records(1), lambda: records(2)),
    "ndarray of objects": (lambda: objects(Plain(a=1)), lambda: objects(Plain(a=2))),
    "ndarray of objects, 2d": (
        lambda: np.array([[1, "a"], [None, [2]]], dtype=object),
        lambda: np.array([[1, "a"], [None, [3]]], dtype=object),
    ),
    "ndarray, records of objects": (
        lambda: np.array([(1, [2])], dtype=[("a", "i4"), ("b", "O")]),
        lambda: np.array([(1, [3])], dtype=[("a", "i4"), ("b", "O")]),
    ),
    "ndarray, times": (
        lambda: np.array(["2024-01-01"], "M8[D]"),
        lambda: np.array(["2024-01-01"], "M8[s]"),
    ),
    "masked array": (
        lambda: np.ma.array([1, 2], mask=[0, 1]),
        lambda: np.ma.array([1, 2], mask=[1, 0]),
    ),
    "recarray": (lambda: records(1).view(np.recarray), lambda: records(2).view(np.recarray)),
    "numpy scalar": (lambda: np.float32(1.5), lambda: np.float64(1.5)),
    "numpy integer": (lambda: np.int64(1), lambda: np.int64(2)),
    "dtype": (lambda: np.dtype("f8"), lambda: np.dtype("f4")),
    "generator": (lambda: np.random.default_rng(1), lambda: np.random.default_rng(2)),
}


def with_slots(**fields):
    made = SlotsAndDict(0, 0)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def noted(obj, note):
    obj.note = note
    return obj


def default_of(factory, value):
    made = collections.defaultdict(factory)
    made["a"] = value
    return made


def records(value):
    return np.array([(value, 2.0)], dtype=[("a", "i4"), ("b", "f8")])


def objects(*held):
    made = np.empty(len(held), dtype=object)
    made[:] = held
    return made


@pytest.mark.parametrize("name", PAIRS)
def test_round_trip_is_equal(name):
    """What pickle writes and reads again has no differences, alone and inside a list."""
    make, _ = PAIRS[name]
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        for obj in (make(), [make(), make()]):
            assert differences(obj, pickle.loads(pickle.dumps(obj, protocol))) == ()


@pytest.mark.parametrize("name", PAIRS)
def test_two_of_a_kind_are_equal(name):
    """Two objects made in the same way have no differences."""
    make, _ = PAIRS[name]
    assert differences(make(), make()) == ()


@pytest.mark.parametrize("name", PAIRS)
def test_one_change_is_seen(name):
    """The one thing in which the second object differs is seen, from both sides."""
    make, make_other = PAIRS[name]
    assert differences(make(), make_other()) != ()
    assert not same(make_other(), make())


def test_no_two_shapes_are_mistaken():
    """Of the whole table only those are equal that are variants of one shape, made the same."""
    made = [(name.split(",")[0], make()) for name, (make, _) in PAIRS.items()]
    mistaken = [
        (one, two)
        for number, (one, left) in enumerate(made)
        for two, right in made[number + 1 :]
        if one != two and same(left, right)
    ]
    assert mistaken == []


def test_what_a_reducer_drops_does_not_count():
    """A lock that __getstate__ or __reduce__ leaves out, and the class makes anew, is no change."""
    for obj in (WithGetstate(1, threading.Lock()), WithReduce([1])):
        assert differences(obj, pickle.loads(pickle.dumps(obj))) == ()


def test_copyreg_reducer_is_asked(monkeypatch):
    """A class registered with copyreg is compared by what its reducer gives."""
    monkeypatch.setitem(copyreg.dispatch_table, Plain, lambda obj: (Plain, (), {"a": obj.a}))
    assert same(Plain(a=1, cache=2), Plain(a=1, cache=3))
    assert not same(Plain(a=1), Plain(a=2))


def test_reducers_of_this_package_are_passed_over(monkeypatch):
    """Reducers and hooks that pickle_migrate installed do not hide fields, however wrapped."""

    def reducer(obj, *more):
        return Plain, ()

    def getstate(obj):
        return {}

    reducer.__module__ = getstate.__module__ = "pickle_migrate.reducers"
    monkeypatch.setattr(Plain, "__getstate__", getstate, raising=False)
    for registered in (reducer, functools.partial(reducer, more=1)):
        monkeypatch.setitem(copyreg.dispatch_table, Plain, registered)
        (found,) = differences(Plain(a=1), Plain(a=2))
        assert found.path == ".a"


@pytest.mark.parametrize("base", [Plain, WithGetstate, WithReduce, Attrs, Problem, Table])
def test_versioned_classes_are_read_as_before(base):
    """Registering a class changes nothing in how it is compared: fields, or its own reducers."""

    def make(cls, value):
        made = cls.__new__(cls)
        made.__init__(*((value, [1]) if base in (WithGetstate, Attrs) else (value,))[:arity])
        if base in (Plain, Table):
            made.note = value
        return made

    arity = {Plain: 0, Table: 0}.get(base, 2)
    registered = versioned(1, unstamped=1)(type(base.__name__, (base,), {"__module__": "gone"}))
    for cls in (base, registered):
        assert same(make(cls, 1), make(cls, 1))
        assert not same(make(cls, 1), make(cls, 2))
    with_lock = make(registered, 1)
    if base in (WithGetstate, WithReduce):
        with_lock.dropped = with_lock.lock = threading.Lock()
        assert same(with_lock, make(registered, 1))


def test_versioned_class_with_a_reducer_in_its_own_body():
    """The reducer that a hook replaced is asked in its place."""

    @versioned(1)
    class Registered:
        def __init__(self, given):
            self.given = given
            self.lock = threading.Lock()

        def __reduce_ex__(self, protocol):
            return Registered, (self.given,)

    assert same(Registered([1]), Registered([1]))
    assert only(Registered([1]), Registered([2])).path == "(arguments)[0][0]"


def only(left, right):
    (found,) = differences(left, right)
    return found


@pytest.mark.parametrize(
    "make",
    [threading.Lock, lambda: (n for n in ())],
)
def test_opaque_objects_are_not_taken_for_equal(make):
    """Two objects whose content C code keeps and no reducer shows are never called equal."""
    left, right = make(), make()
    assert [found.kind for found in differences([left], [right])] == ["unreadable"]
    assert same([left], [left])


def test_subclass_of_an_opaque_type():
    """A Python class on top of such a type is no easier to read."""

    class Watching(weakref.ref):
        pass

    left, right = Plain(), Plain()
    with pytest.raises(OpaqueError):
        Reader().parts(Watching(left))
    assert not same([Watching(left)], [Watching(right)])


def test_memoryviews_by_content():
    """Memoryviews, which buffers out of band are read as, compare by format, shape and bytes."""
    assert same(memoryview(b"ab"), memoryview(b"ab"))
    assert not same(memoryview(b"ab"), memoryview(b"ac"))
    assert not same(memoryview(b"ab"), memoryview(b"ab").cast("h"))
    released = memoryview(b"ab")
    released.release()
    assert [one.kind for one in differences(released, memoryview(b"ab"))] == ["unreadable"]


def test_functions_by_value():
    """A function that its name does not lead to is compared by code, defaults and closure."""

    def make(number, default=0, captured=0):
        def inner(extra=default):
            return captured

        inner.number = number
        return inner

    assert same(make(1), make(1))
    for other in (make(2), make(1, default=1), make(1, captured=1), lambda: 0):
        assert not same(make(1), other)
    again = cloudpickle.loads(cloudpickle.dumps(make(1)))
    assert differences(make(1), again) == ()


def test_functions_that_hold_themselves():
    """A function in its own closure is compared to its end."""

    def make():
        def inner():
            return inner

        return inner

    assert same(make(), make())


def test_function_replaced_by_another_of_its_name():
    """A function that is found by its name is not equal to an older one of the same name."""
    older = types.FunctionType(by_value.__code__, globals(), "by_value")
    older.__module__, older.__qualname__ = by_value.__module__, by_value.__qualname__
    assert not same(by_value, older)


def test_classes_that_are_copies():
    """Classes made anew from one definition, which no name leads to, count as one class."""

    def make(name="Local"):
        return type(name, (), {"__module__": "__main__", "__qualname__": "f.<locals>." + name})

    left, right = make()(), make()()
    left.a = right.a = 1
    assert same(left, right)
    right.a = 2
    assert not same(left, right)
    assert not same(make()(), make("Other")())
    assert same(make(), make())


def test_class_defined_twice():
    """If one of two classes is the one that the name leads to, they are two: a reloaded module."""
    twin = type("Plain", (), {"__module__": Plain.__module__, "__qualname__": "Plain"})
    assert not same(Plain(), twin())
    assert not same(Plain, twin)


def test_iterators_are_left_as_they_were():
    """Comparing iterators consumes nothing."""
    left, right = iter([1, 2]), iter([1, 2])
    assert same(left, right)
    assert next(left) == 1
    assert not same(left, right)
    if hasattr(itertools.count(1), "__reduce__"):
        assert next(right) == 1


def test_fields_are_read_past_properties():
    """A slot or attribute that a property hides is read all the same."""

    class Hiding:
        def __init__(self, a):
            self.__dict__["a"] = a

        @property
        def a(self):
            raise AssertionError("must not be called")

        @property
        def __class__(self):
            raise AssertionError("must not be called")

        def __getattribute__(self, name):
            if name == "__dict__":
                return object.__getattribute__(self, name)
            raise AssertionError("must not be called")

    left, right = Hiding.__new__(Hiding), Hiding.__new__(Hiding)
    object.__getattribute__(left, "__dict__")["a"] = 1
    object.__getattribute__(right, "__dict__")["a"] = 2
    assert [found.path for found in differences([left], [right])] == ["[0].a"]
