"""Reading rows at once gives what reading step by step gives, to the last count."""

from __future__ import annotations

import collections
import datetime
import io
import pickle
import random
import re

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pickle_migrate import scan_run, scan_skim, versioned
from pickle_migrate.errors import LimitError, PickleFormatError
from pickle_migrate.limits import NO_LIMITS, Limits
from pickle_migrate.scan_reader import Reader
from pickle_migrate.scanner import Scan, _result
from tests.test_scanner import CORPUS, Point

PROTOCOLS = st.integers(0, pickle.HIGHEST_PROTOCOL)
PICKLERS = st.sampled_from([pickle.dumps, pickle._dumps])


class Row:
    def __init__(self, *values):
        self.__dict__.update(zip("abcdef", values, strict=False))


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a, self.b = a, b


@versioned(1)
class Stamped:
    def __init__(self, a, b):
        self.a, self.b = a, b


Pair = collections.namedtuple("Pair", "a b")


@pytest.fixture(autouse=True, scope="module")
def _small_pickles_too():
    """Look for rows at once, and in small pickles."""
    patch = pytest.MonkeyPatch()
    patch.setattr(scan_run, "_FIRST", 12)
    patch.setattr(scan_run, "_WORTH", 40)
    patch.setattr(scan_skim, "_FEWEST", 40)
    yield
    patch.undo()


def outcome(data, *, skims, limits=NO_LIMITS, memo=None, start=0):
    """The scan or the error, and the reader."""
    reader = Reader(data, start, memo, limits)
    try:
        scan_run.run(reader, skims=skims)
        return _result(reader), reader
    except (PickleFormatError, LimitError) as error:
        return (type(error), str(error)), reader


def assert_same(data, limits=NO_LIMITS):
    """Both ways give the same; the reader that took rows."""
    fast, reader = outcome(data, skims=True, limits=limits)
    exact, _ = outcome(data, skims=False, limits=limits)
    if isinstance(fast, Scan) and isinstance(exact, Scan):
        names = [field.name for field in attrs.fields(Scan)]
        pairs = {name: (getattr(fast, name), getattr(exact, name)) for name in names}
        assert not {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    assert fast == exact
    return reader


# --- what hypothesis builds --------------------------------------------------------------------

texts = st.sampled_from(["", "a", "name", "x" * 20, "ü", "\u0414\u0414", "é" * 60, "__class__"])
atoms = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 70_000), st.floats(), texts, st.text(max_size=4),
    st.binary(max_size=4), st.integers(),
)  # fmt: skip
#: A maker of values: gives another value of about the same shape each time.
makers = st.recursive(
    st.one_of(
        st.just(lambda draw: draw.randrange(9)),
        st.just(lambda draw: draw.random() * draw.choice([1, 1e300])),
        st.just(lambda draw: f"n{draw.randrange(10 ** draw.randrange(6))}"),
        st.just(lambda draw: f"category {draw.randrange(20)}"),
        st.just(lambda draw: draw.choice([None, True, 7, "one"])),
        st.just(lambda draw: draw.randrange(-(2**70), 2**70)),
        st.just(lambda draw: datetime.date(2000, 1, 1 + draw.randrange(20))),
        st.just(lambda draw: bytes([draw.randrange(256), 148])),
        st.just(lambda draw: draw.choice([Point, Row, len])),
        atoms.map(lambda value: lambda draw: value),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda ms: lambda draw: [m(draw) for m in ms]),
        st.lists(inner, max_size=3).map(lambda ms: lambda draw: tuple(m(draw) for m in ms)),
        st.lists(inner, max_size=3).map(lambda ms: lambda draw: Row(*(m(draw) for m in ms))),
        st.tuples(inner, inner).map(lambda ms: lambda draw: Stamped(*(m(draw) for m in ms))),
        st.tuples(inner, inner).map(lambda ms: lambda draw: Pair(*(m(draw) for m in ms))),
        inner.map(lambda m: lambda draw: {"id": draw.randrange(999), "value": m(draw)}),
        inner.map(lambda m: lambda draw: [m(draw)] * draw.randrange(4)),
        inner.map(lambda m: lambda draw: {draw.randrange(9) for _ in range(draw.randrange(4))}),
    ),
    max_leaves=5,
)


def rows_of(maker, seed, count, shared):
    draw = random.Random(seed)
    rows = [maker(draw) for _ in range(count)]
    return [draw.choice(rows) if draw.random() < shared else row for row in rows]


class Graph:
    """Rows in some container; they stay out of hypothesis' report."""

    def __init__(self, maker, seed, count, shared, wrap):
        rows = rows_of(maker, seed, count, shared)
        self.value = WRAPS[wrap](rows)
        self.told = f"{wrap}, {count} rows like {rows[0]!r}"[:500]

    def __repr__(self):
        return self.told


WRAPS = {
    "list": lambda rows: rows,
    "tuple": tuple,
    "dict": lambda rows: {f"k{i}": row for i, row in enumerate(rows)},
    "attributes": lambda rows: {"rows": rows, "rest": [rows[0], len(rows)]},
    "three lists": lambda rows: [rows[: len(rows) // 2], rows[len(rows) // 2 :], rows],
    "object": lambda rows: Row(rows, 5, rows[:3]),
}
graphs = st.builds(
    Graph,
    makers,
    st.integers(0, 10**6),
    st.sampled_from([5, 30, 120, 1100]),
    st.sampled_from([0, 0, 0.1]),
    st.sampled_from(sorted(WRAPS)),
)


def dumped(graph, protocol, dumps):
    try:
        return dumps(graph.value, protocol)
    except pickle.PicklingError:  # slots below protocol 2
        return dumps(None, protocol)


@settings(deadline=None)
@given(graphs, PROTOCOLS, PICKLERS)
def test_what_picklers_write(graph, protocol, dumps):
    """Every count, every global, every effect, all weights."""
    assert_same(dumped(graph, protocol, dumps), Limits())


@settings(deadline=None)
@given(graphs, PROTOCOLS, PICKLERS, st.integers(0, 2**32))
def test_mutated_bytes(graph, protocol, dumps, seed):
    """Whatever the bytes: the same result, or the same error at the same place."""
    data = bytearray(dumped(graph, protocol, dumps))
    draw = random.Random(seed)
    for _ in range(draw.randrange(1, 4)):
        place = draw.randrange(len(data))
        if draw.random() < 0.3:
            data[place : place + 1] = bytes([draw.choice(OPCODES)]) * draw.randrange(3)
        else:
            data[place] = draw.choice(OPCODES) if draw.random() < 0.5 else draw.randrange(256)
    assert_same(bytes(data), Limits())


OPCODES = b"(]})tledusabRo0123.hjgqrpKMNJGX\x85\x86\x87\x81\x92\x8f\x90\x91\x94\x93\x95\x8c\x80"


@settings(deadline=None)
@given(graphs, PROTOCOLS, PICKLERS)
def test_one_pickler_that_dumps_twice(graph, protocol, dumps):
    """The second pickle refers to what the first one put into the memo."""
    file = io.BytesIO()
    pickler = (pickle.Pickler if dumps is pickle.dumps else pickle._Pickler)(file, protocol)
    try:
        pickler.dump(graph.value)
        pickler.dump([graph.value, graph.value, 1])
    except pickle.PicklingError:
        return
    data = file.getvalue()
    found = []
    for skims in (True, False):
        first, reader = outcome(data, skims=skims)
        second, _ = outcome(data, skims=skims, memo=reader.machine.memo, start=reader.at)
        found.append((first, second))
    assert found[0] == found[1]


# --- that it does take rows --------------------------------------------------------------------

REGULAR = {
    "objects": lambda n: Row(n, f"n{n}", n * 1.5),
    "stamped": lambda n: Stamped(n, f"n{n}"),
    "named tuples": lambda n: Pair(n, f"n{n}"),
    "dicts": lambda n: {"id": n, "name": f"n{n}"},
    "dicts that hold dicts": lambda n: {"id": n, "size": {"w": n}, "tags": ["a", n]},
    "tuples": lambda n: (n, f"n{n}"),
    "lists": lambda n: [n, n, f"n{n}"],
    "whole numbers": lambda n: n,
    "floats": lambda n: n / 7,
    "texts": lambda n: f"n{n}",
    "texts again": lambda n: f"n{n % 90}",
    "dates": lambda n: datetime.date(2000, 1, 1 + n % 25),
}


def stretches(reader):
    """How many opcodes were not read one by one."""
    return reader.skimmed


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", REGULAR)
def test_most_of_what_is_regular_is_taken_at_once(kind, protocol):
    """Otherwise the other tests would test nothing."""
    data = pickle.dumps([REGULAR[kind](n) for n in range(3000)], protocol)
    reader = assert_same(data, Limits())
    assert stretches(reader) > 0.7 * reader.opcodes


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_dict_of_many_items(protocol):
    """Keys and values are one row."""
    data = pickle.dumps({f"k{n}": {"a": n} for n in range(3000)}, protocol)
    reader = assert_same(data, Limits())
    assert stretches(reader) > 0.7 * reader.opcodes


@pytest.mark.parametrize("protocol", range(6))
def test_what_was_taken_is_there_when_it_is_asked_for(protocol):
    """A later part of the pickle gets rows, and texts in them, from the memo."""
    rows = [Row(n, f"n{n}", [n]) for n in range(2000)]
    data = pickle.dumps([rows, rows[::7], [row.b for row in rows], rows[5].c], protocol)
    assert_same(data, Limits())


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_a_row_weighs_the_same_in_each_list(protocol):
    """Below protocol 4 rows may be put one by one into lists that are no longer empty, or deep."""
    rows = [[[n], n] for n in range(400)]
    more = [[[n], n] for n in range(400)]
    deep = [[[[[more]]]], {"k": (1, more)}]
    for dumps in (pickle.dumps, pickle._dumps):
        assert_same(dumps([rows, deep], protocol))


def test_names_from_texts_that_were_taken():
    """A global's name may stand among the rows, still on the stack or in the memo."""
    head = b"\x80\x04(" + b"".join(b"\x8c\x02os\x94\x8c\x06system\x94" for _ in range(200))
    for tail in (b"\x93", b"K\x00\x93", b"\x87\x93", b"h\x10h\x11\x93", b"0\x8c\x01x\x93"):
        reader = assert_same(head + tail + b"t.")
        assert stretches(reader) or tail
    reader = assert_same(head + b"\x93" + b"t.")
    assert {str(g.ref) for g in _result(reader).globals} == {"os:system"}


@pytest.mark.parametrize(
    "tail", [b"\x85R", b"2\x86", b"\x94b", b"a", b"(K\x01e", b"s", b"q\x01", b"Q"]
)
def test_opcodes_that_reach_into_rows(tail):
    """No pickler writes them there; what they reach is thawed first."""
    rows = b"".join(b"}\x94(\x8c\x01a\x94K\x01u" for _ in range(200))
    for body in (rows, b"".join(b"\x8c\x02os\x94K\x01" for _ in range(200))):
        assert_same(b"\x80\x04(" + body + tail + b"l.")


@pytest.mark.parametrize("byte", [b"\x00", b"\x94", b"q", b"\xff"])
def test_a_key_that_no_pickler_would_write(byte):
    """Memo keys below protocol 4 are read, not assumed."""
    data = pickle.dumps([[n, f"n{n}"] for n in range(1500)], 2)
    places = [found.start() + 1 for found in re.finditer(rb"r[\x00-\xff]\x03\x00\x00", data)]
    place = places[len(places) // 2]
    assert_same(data[:place] + byte + data[place + 1 :])


@pytest.mark.parametrize("limits", [
    Limits(opcodes=1000), Limits(size=9000), Limits(item=3), Limits(depth=1), Limits(expansion=300),
    Limits(hashed_expansion=10), Limits(hashed_depth=1), Limits(memo_key=0),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["dicts", "tuples", "texts", "dates"])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_limits_are_crossed_at_the_same_opcode(limits, kind, protocol):
    """The error names the same place."""
    rows = [REGULAR[kind](n) for n in range(1500)]
    graph = dict.fromkeys(rows, 1) if kind == "tuples" else rows
    assert_same(pickle.dumps(graph, protocol), limits)


def test_rows_across_many_frames():
    """The Python pickler and the C one frame differently; rows end at frames and go on after."""
    rows = [Row(n, "x" * 200 + str(n)) for n in range(2000)]
    for dumps in (pickle.dumps, pickle._dumps):
        assert_same(dumps(rows, 4), Limits())


@pytest.mark.parametrize("path", sorted(CORPUS.glob("**/*")), ids=lambda path: path.name)
def test_old_pickles(path):
    """Real pickles of 23 years."""
    if path.is_file():
        assert_same(path.read_bytes(), Limits())


def test_the_time_is_linear_in_rows_that_refer_to_each_other():
    """Rows that get what the row before put into the memo: each look back stays bounded."""
    rows = [[0, "first"]]
    for n in range(3000):
        rows.append([n, rows[-1][1], f"t{n}"])
    for protocol in range(6):
        assert_same(pickle.dumps(rows, protocol))


@settings(deadline=None)
@example(b"\x80\x04]\x94(" + b"K\x01" * 99)
@given(st.binary(max_size=200))
def test_any_bytes(data):
    """No other error than step by step."""
    assert_same(data)
    assert_same(b"\x80\x04(" + data * 9)


def test_a_text_that_is_memoized_where_others_come_from_the_memo():
    """The keys are counted exactly in each way of counting them."""
    for text in ("é \x94", "", "ascii"):
        rows = [text + str(n % 300 if n % 3 else n) for n in range(4000)]
        draw = random.Random(1)
        shared = [draw.choice(rows[:n] or [text]) if n % 2 else row for n, row in enumerate(rows)]
        for graph in (rows, shared, [[row, n] for n, row in enumerate(shared)]):
            for protocol in (1, 4):
                assert_same(pickle.dumps(graph, protocol))
                assert_same(pickle.dumps([row.encode() for row in rows], protocol))


def test_a_key_that_is_set_anew_changes_nothing_that_was_read_before():
    """What rows got from it is what stood there then, also when they are asked for later."""
    rows = b"".join(b"g1\n(tRp%d\ng3\nI1\nsa" % key for key in range(4, 60))
    head = b"(lp0\nccollections\nOrderedDict\np1\n(tRp2\nVa\np3\nI1\nsa"
    data = head + rows + b"g5\np1\n0g8\nI1\na0."
    assert_same(data)
    found, _ = outcome(data, skims=True)
    assert ("append", "OrderedDict") in {(e.kind, e.ref.qualname) for e in found.effects if e.ref}
