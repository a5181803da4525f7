"""Subclasses of builtin types, whose value stands outside of ``__dict__``."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from releases import Releases

# The base as it is written in the source, an expression of its value, and what it is as plain data.
CONTAINERS = {
    "dict": ("dict", "{1: 2, 'x': [3]}", lambda o: dict(o.items()), {1: 2, "x": [3]}),
    "defaultdict": (
        "collections.defaultdict",
        "list, {1: [2]}",
        lambda o: (o.default_factory, dict(o)),
        (list, {1: [2]}),
    ),
    "OrderedDict": (
        "collections.OrderedDict",
        "[('b', 1), ('a', 2)]",
        lambda o: list(o.items()),
        [("b", 1), ("a", 2)],
    ),
    "Counter": ("collections.Counter", "'aab'", dict, {"a": 2, "b": 1}),
    "UserDict": ("collections.UserDict", "{1: 2}", lambda o: dict(o), {1: 2}),
    "list": ("list", "[1, [2]]", list, [1, [2]]),
    "UserList": ("collections.UserList", "[1, 2]", list, [1, 2]),
    "set": ("set", "[1, 2]", set, {1, 2}),
    "frozenset": ("frozenset", "[1, 2]", frozenset, frozenset({1, 2})),
    "deque": ("collections.deque", "[1, 2], 5", lambda o: (list(o), o.maxlen), ([1, 2], 5)),
    "tuple": ("tuple", "[1, 'x']", tuple, (1, "x")),
    "bytearray": ("bytearray", "b'ab'", bytes, b"ab"),
}
ATOMS = {
    "int": ("int", "2 ** 70", int, 2**70),
    "str": ("str", "'ab\\u00e9\\n'", lambda o: str.__str__(o), "ab\u00e9\n"),
    "bytes": ("bytes", "b'ab\\xff'", bytes, b"ab\xff"),
    "float": ("float", "1.5", float, 1.5),
    "complex": ("complex", "1 + 2j", complex, 1 + 2j),
    "datetime": (
        "datetime.datetime",
        "2020, 1, 2, 3, tzinfo=datetime.timezone.utc, fold=1",
        lambda o: (o.isoformat(), o.fold),
        ("2020-01-02T03:00:00+00:00", 1),
    ),
    "date": ("datetime.date", "2020, 1, 2", lambda o: o.isoformat(), "2020-01-02"),
    "time": ("datetime.time", "3, 4", lambda o: o.isoformat(), "03:04:00"),
    "timedelta": (
        "datetime.timedelta",
        "1, 2, 3",
        lambda o: (o.days, o.seconds, o.microseconds),
        (1, 2, 3),
    ),
    "Decimal": ("decimal.Decimal", "'1.50'", str, "1.50"),
    "Fraction": ("fractions.Fraction", "1, 3", lambda o: (o.numerator, o.denominator), (1, 3)),
    "PurePosixPath": ("pathlib.PurePosixPath", "'a', 'b'", str, "a/b"),
}

IMPORTS = """
    import collections, datetime, decimal, fractions, pathlib
    """
# Their own reduce leaves out the attributes of a subclass, so an unregistered one loses them.
FORGETFUL = {
    "Counter",
    "Decimal",
    "defaultdict",
    "date",
    "datetime",
    "time",
    "timedelta",
    "Fraction",
    "PurePosixPath",
}
# Their own __copy__ does the same, registered or not.
COPIES_FORGET = {"defaultdict", "deque", "Fraction", "Decimal"}


def builtin_releases(base: str) -> tuple[str, str]:
    old = f"""
    @versioned(1, unstamped=1)
    class C({base}):
        pass
    def mk(value, a):
        value.a = a
        return value
    """
    new = f"""
    Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
    @versioned(2, unstamped=1)
    class C({base}):
        pass
    """
    return IMPORTS + old, IMPORTS + new


def own_fields(obj: Any) -> dict[str, Any]:
    fields = dict(vars(obj))
    fields.pop("data", None)  # what UserDict and UserList keep
    return fields


def check_with_attributes(releases: Releases, name: str) -> None:
    base, value, plain, content = {**CONTAINERS, **ATOMS}[name]
    old, new = builtin_releases(base)
    releases.check(
        old=old,
        new=new,
        make=f"[mk(C({value}), 1), mk(C({value}), 'x')]",
        view=lambda obj: (plain(obj), own_fields(obj)),
        expected=[(content, {"b": 1, "z": 9}), (content, {"b": "x", "z": 9})],
        copies=name not in COPIES_FORGET,
    )


@pytest.mark.parametrize("name", [name for name in CONTAINERS if name not in FORGETFUL])
def test_subclass_of_a_container(releases: Releases, name: str) -> None:
    """Trap: a dict gets ``__setitem__`` calls before its state, a list ``append`` or ``extend``."""
    check_with_attributes(releases, name)


@pytest.mark.parametrize("name", [name for name in ATOMS if name not in FORGETFUL])
def test_subclass_of_an_atom(releases: Releases, name: str) -> None:
    """The value is given to the newborn; the attributes are state."""
    check_with_attributes(releases, name)


@pytest.mark.parametrize("name", sorted(FORGETFUL))
def test_subclass_whose_attributes_plain_pickle_forgets(
    stamped_releases: Releases, name: str
) -> None:
    """``datetime`` and others write their value and nothing else; a stamped subclass keeps what it
    was given. What becomes of unstamped ones is in test_shape_empty.
    """
    check_with_attributes(stamped_releases, name)


@pytest.mark.parametrize("name", [*CONTAINERS, *ATOMS])
def test_stamped_subclass_without_attributes(stamped_releases: Releases, name: str) -> None:
    """Objects that only have their builtin value get the fields of the new version too."""
    base, value, plain, content = {**CONTAINERS, **ATOMS}[name]
    old, new = builtin_releases(base)
    stamped_releases.check(
        old=old,
        new=new.replace('RenameField("a", "b"), ', ""),
        make=f"[C({value}), C({value})]",
        view=lambda obj: (plain(obj), own_fields(obj)),
        expected=[(content, {"z": 9}), (content, {"z": 9})],
        copies=name not in COPIES_FORGET,
    )


def test_datetime_that_moves_by_a_step(stamped_releases: Releases) -> None:
    """``arguments=`` changes what the object is built from; a date has its value there."""
    stamped_releases.check(
        old="""
            import datetime
            @versioned(1, unstamped=1)
            class C(datetime.date):
                pass
            """,
        new="""
            import datetime
            def next_century(args, kwargs):
                when = datetime.date(*args) if len(args) > 1 else datetime.date(args[0])
                return (when.year + 100, when.month, when.day), kwargs
            Lineage("shop:C").upgrade(1, arguments=next_century)
            @versioned(2, unstamped=1)
            class C(datetime.date):
                pass
            """,
        make="[C(2020, 1, 2), C(1999, 12, 31)]",
        view=datetime.date.isoformat,
        expected=["2120-01-02", "2099-12-31"],
    )


def test_dict_subclass_with_its_own_setitem(releases: Releases) -> None:
    """Its ``__setitem__`` runs before its state is there, as under plain pickle."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(dict):
                def __init__(self, limit):
                    self.limit = limit
                def __setitem__(self, key, value):
                    if len(self) < getattr(self, "limit", 100):
                        super().__setitem__(key, value)
            def mk(limit, **items):
                c = C(limit)
                for key, value in items.items():
                    c[key] = value
                return c
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("limit", "most"))
            @versioned(2, unstamped=1)
            class C(dict):
                def __setitem__(self, key, value):
                    if len(self) < getattr(self, "most", 100):
                        super().__setitem__(key, value)
            """,
        make="[mk(2, x=1, y=2, z=3), mk(1, x=1)]",
        view=lambda obj: (dict(obj), vars(obj)),
        expected=[({"x": 1, "y": 2}, {"most": 2}), ({"x": 1}, {"most": 1})],
        copies=False,
    )


def test_str_subclass_with_slots_of_its_own(releases: Releases) -> None:
    """A subclass of str with an own ``__new__`` that takes more than the text."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(str):
                def __new__(cls, text, a=None):
                    self = super().__new__(cls, text)
                    self.a = a
                    return self
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class C(str):
                def __new__(cls, text):
                    return super().__new__(cls, text)
            """,
        make="[C('x', 1), C('y')]",
        view=lambda obj: (str.__str__(obj), vars(obj)),
        expected=[("x", {"b": 1}), ("y", {"b": None})],
    )


def test_subclass_of_a_numpy_array(stamped_releases: Releases) -> None:
    """numpy's own ``__reduce__`` and ``__setstate__``, whose state is a tuple of five. It leaves
    out the attributes of a subclass, registered or not.
    """
    stamped_releases.check(
        old="""
            import numpy
            @versioned(1, unstamped=1)
            class C(numpy.ndarray):
                pass
            """,
        new="""
            import numpy
            @migrates("shop:C", 1)
            def step(state):
                version, shape, dtype, order, data = state
                return version, shape[::-1], dtype, order, data
            @versioned(2, unstamped=1)
            class C(numpy.ndarray):
                pass
            """,
        make="[numpy.arange(6).reshape(2, 3).view(C), numpy.arange(2).reshape(1, 2).view(C)]",
        view=lambda obj: obj.tolist(),
        expected=[[[0, 1], [2, 3], [4, 5]], [[0], [1]]],
    )


def test_subclass_of_partial(releases: Releases) -> None:
    """``functools.partial`` keeps function, arguments and attributes in a state of four."""
    releases.check(
        old="""
            import functools
            @versioned(1, unstamped=1)
            class C(functools.partial):
                pass
            """,
        new="""
            import functools
            @migrates("shop:C", 1)
            def step(state):
                function, args, keywords, attributes = state
                return function, (*args, 5), keywords, {"b": 1}
            @versioned(2, unstamped=1)
            class C(functools.partial):
                pass
            """,
        make="[C(max, 1), C(min)]",
        view=lambda obj: (obj.func, obj.args, vars(obj)),
        expected=[(max, (1, 5), {"b": 1}), (min, (5,), {"b": 1})],
        copies=False,  # a copy of a partial shares its attributes with the original
    )


def test_int_subclass_without_dict(stamped_releases: Releases) -> None:
    """An int with empty slots has no attributes, and nothing but a version to keep."""
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C(int):
                __slots__ = ()
            """,
        new="""
            Lineage("shop:C").upgrade(1, arguments=lambda args, kwargs: ((args[0] * 100,), kwargs))
            @versioned(2, unstamped=1)
            class C(int):
                __slots__ = ()
            """,
        make="[C(1), C(2)]",
        view=int,
        expected=[100, 200],
    )
