"""``archive.state_words`` and ``state_parts``: what single objects are described as."""

from __future__ import annotations

import array
import collections
import copyreg
import datetime
import decimal
import functools
import io
import random
import re
import types
import zoneinfo

import archive_graphs as g
import pytest

from pickle_migrate.archive import state_parts, state_words
from pickle_migrate.archive.states import state_of


class Dec(decimal.Decimal):
    pass


class Moment(datetime.datetime):
    pass


class Reduced:
    """Its reducer says what its fields do not."""

    def __reduce__(self) -> tuple:
        return (Reduced, (), None, None, None)


OFFSET = datetime.timezone(datetime.timedelta(hours=1))


@pytest.mark.parametrize(
    ("obj", "state"),
    [
        (1 + 2j, {"complex": [1.0, 2.0]}),
        (range(1, 9, 2), {"range": [1, 9, 2]}),
        (slice(1, None), {"slice": [1, None, None]}),
        (..., {"name": "builtins:Ellipsis"}),
        (decimal.Decimal("-0.10"), {"class": "decimal:Decimal", "text": "-0.10"}),
        (datetime.time(1, 2), {"time": "01:02:00"}),
        (datetime.timedelta(-1, 5), {"timedelta": [-1, 5, 0]}),
        (datetime.UTC, {"timezone": [0, 0, 0]}),
        (
            datetime.timezone(datetime.timedelta(0), "Z"),
            {"timezone": [0, 0, 0], "name": "Z"},
        ),
        (
            datetime.datetime(2020, 1, 1, tzinfo=OFFSET),
            {"datetime": "2020-01-01T00:00:00+01:00"},
        ),
        (datetime.datetime(2020, 1, 1, fold=1), {"datetime": "2020-01-01T00:00:00", "fold": 1}),
        (
            datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC")),
            {
                "datetime": "2020-01-01T00:00:00+00:00",
                "tz": {"class": "zoneinfo:ZoneInfo", "text": "UTC"},
            },
        ),
        (Moment(2020, 1, 1), {"class": f"{__name__}:Moment", "datetime": "2020-01-01T00:00:00"}),
        (Dec("1.0"), {"class": f"{__name__}:Dec", "text": "1.0"}),
        (bytearray(b"\1"), {"class": "builtins:bytearray", "bytes": "01"}),
        (collections.deque([1, 2], 5), {"class": "collections:deque", "maxlen": 5, "list": [1, 2]}),
        (
            collections.defaultdict(list, a=1),
            {
                "class": "collections:defaultdict",
                "dict": {"a": 1},
                "default_factory": {"type": "builtins:list"},
            },
        ),
        (len, {"function": "builtins:len"}),
        (state_of, {"function": "pickle_migrate.archive.states:state_of"}),
        (str.upper, {"function": "builtins:str.upper"}),
        ([].append, {"method": "list.append", "of": []}),
        (io, {"module": "io"}),
        (dict[str, int], {"type": "builtins:dict", "of": [{"type": "builtins:str"}] * 0}),
        (OSError(2, "no"), {"class": "builtins:FileNotFoundError", "args": [2, "no"]}),
        (types.SimpleNamespace(a=1), {"class": "types:SimpleNamespace", "fields": {"a": 1}}),
        (array.array("b", [1]), {"class": "array:array", "args": ["b", [1]]}),
        (
            re.compile("a"),
            {"class": "re:Pattern", "call": {"function": "re:_compile"}, "args": ["a", 32]},
        ),
        (g.Plain(), {"class": "archive_graphs:Plain"}),
        (Reduced(), {"class": f"{__name__}:Reduced"}),
        (
            g.Slots(1),
            {
                "class": "archive_graphs:Slots",
                "fields": {"_Slots__private": 0, "left": 1, "right": None},
            },
        ),
        (functools.partial(int, "1"), None),
        (random.Random(1), None),
    ],
)
def test_each_kind_has_its_words(obj, state) -> None:
    """Those of the table in docs/reference/archive.md."""
    found = state_of(obj)
    if obj == dict[str, int]:
        state["of"] = [{"type": "builtins:str"}, {"type": "builtins:int"}]
    if state is None:  # too long to write down here: what counts is that it is told
        assert "opaque" not in found
        assert len(found) > 1
    else:
        assert found == state


def test_a_bound_method_is_told_with_its_object() -> None:
    """The object is shared with the rest of the graph."""
    one = g.Keyed("a")
    assert state_of([one, one.__hash__]) == [
        {"class": "archive_graphs:Keyed", "fields": {"name": "a"}},
        {"method": "Keyed.__hash__", "of": {"same": "$[0]"}},
    ]


def test_what_copyreg_says_of_a_class_counts() -> None:
    """A reducer that somebody registered for it."""

    class Registered:
        pass

    copyreg.pickle(Registered, lambda obj: (Registered, (1, 2)))
    try:
        assert state_of(Registered())["args"] == [1, 2]
        assert not state_parts.is_plain_instance(Registered)
    finally:
        del copyreg.dispatch_table[Registered]


def test_plain_instances_are_known_by_their_class() -> None:
    """Python classes without contents, slots and reducers in C."""
    assert state_parts.is_plain_instance(g.Plain)
    for kind in (g.Slots, g.Number, g.Colour, Dec, Moment, ValueError, functools.partial, g.Queue):
        assert not state_parts.is_plain_instance(kind), kind


def test_fields_are_read_past_properties() -> None:
    """``__dict__``, and slots that are set."""

    class Half:
        __slots__ = ("a", "b")

    half = Half()
    half.a = 1
    assert state_parts.fields_of(half, Half) == {"a": 1}
    assert state_words.ref(Half).endswith("Half")
