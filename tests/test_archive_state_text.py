"""``archive.state_text`` and ``state_compiled``: the text of states, at the speed of a check."""

from __future__ import annotations

import enum

import archive_graphs as g
import pytest
from hypothesis import given

from pickle_migrate.archive import records, yaml_text
from pickle_migrate.archive.state_compiled import DEEPEST
from pickle_migrate.archive.state_text import Writer
from pickle_migrate.archive.states import LEVELS, state_of
from pickle_migrate.archive.values import Record

WRITER = Writer()


def slow(*objects: object) -> str:
    """The text that the states have as data."""
    return records.states_text([state_of(obj) for obj in objects])


@given(g.GRAPHS)
def test_it_is_the_text_of_the_described_data_to_the_character(graph) -> None:
    """One writer, used for graph after graph, as a check does."""
    assert WRITER.text((graph,)) == slow(graph)
    assert WRITER.text((graph, [graph, graph])) == slow(graph, [graph, graph])


@pytest.mark.parametrize(
    "values",
    [
        (1, 2.5, "x", None),
        (True, -0.0, "a\nb", []),
        (10**700, 1e300, "x" * 5_000, {}),
        (1.0, 1, None, "no"),
        (-(1 << 64), 1e-5, "", float("nan")),
        (0, 0.0, "é", g.Colour.RED),
    ],
)
def test_instances_with_values_of_other_types_than_the_first(values) -> None:
    """Trap: what was compiled for one instance is asked for all."""
    writer = Writer()
    orders = [
        g.Plain(a=1, b=2.5, c="x", d=None),
        g.Plain(**dict(zip("abcd", values, strict=True))),
        g.Plain(d=1, c="x", b=2.5, a=None),
        g.Plain(a=1, b=2.5, c="x", e=None),
        g.Plain(a=1, b=2),
        g.Plain(a=1),
        g.Plain(),
    ]
    assert writer.text((orders,)) == slow(orders)
    assert writer.text((orders[::-1],)) == slow(orders[::-1])


def test_names_that_would_steer_the_template() -> None:
    """A per cent sign in a class's name, a keyword as a field, quotes in a key."""
    odd = type("Od%d", (g.Plain,), {})
    graph = [odd(a=1, b=2), g.Plain(**{"class": 1, "def": 2, "x y": 3}), {'a"%s': 1, "{}": 2}]
    assert WRITER.text((graph,)) == slow(graph)


@pytest.mark.parametrize("depth", [LEVELS - 2, LEVELS - 1, LEVELS, LEVELS + 1, 5 * LEVELS, 20_000])
@pytest.mark.parametrize("kind", ["list", "dict", "tuple", "plain", "slots"])
def test_deep_graphs_are_parted_alike(kind, depth) -> None:
    """The fast way gives up where parts begin, and never before the text would differ."""
    node: object = "end"
    for _ in range(depth):
        node = {
            "list": lambda n: [n],
            "dict": lambda n: {"n": n},
            "tuple": lambda n: (n,),
            "plain": lambda n: g.Plain(n=n, m=1),
            "slots": lambda n: g.Slots(n),
        }[kind](node)
    assert WRITER.text((node,)) == slow(node)
    assert DEEPEST >= LEVELS


def test_shared_objects_and_cycles() -> None:
    """Through instances, lists, dicts, tuples and sets."""
    one = g.Plain(a=1, b=2)
    ring = g.Plain(one=one, two=[one, (one, 1)], three={"x": one}, four={g.Keyed("k"): one})
    ring.me = ring
    assert WRITER.text((ring,)) == slow(ring)


def test_a_heavy_tuple_that_is_shared() -> None:
    """It is described once, as in the walk."""
    heavy = tuple(range(2_000))
    graph = [heavy, heavy, (heavy,)]
    assert WRITER.text((graph,)) == slow(graph)


def test_subclasses_of_texts_are_no_keys() -> None:
    """Trap: an equal key of another type, kept from an earlier dict."""

    class Text(str):
        __slots__ = ()

    writer = Writer()
    for graph in ({"a": 1, "b": 2}, {Text("a"): 1, "b": 2}, {1: "a", "1": "b"}, {}):
        assert writer.text((graph,)) == slow(graph)


def test_an_enum_of_texts_is_an_enum() -> None:
    """Trap: its members are strings too."""

    class Word(str, enum.Enum):  # noqa: UP042 - as many programs have it
        NO = "no"

    assert WRITER.text(([Word.NO, {Word.NO: 1}],)) == slow([Word.NO, {Word.NO: 1}])


def test_the_text_stands_in_a_record_as_it_is(tmp_path) -> None:
    """What is written of it is read as the same data, whatever line it ends with."""
    objects = ({"a": "x\ny\n"}, "x\ny\n")
    text = WRITER.text(objects)
    record = Record(str(tmp_path / "a.pickle"), "0" * 64, expected_text=text, root=tmp_path)
    read = records.parse(records.record_text(record), record.file, tmp_path)
    assert read.expected_text == text
    assert read.expected == tuple(state_of(obj) for obj in objects)
    assert yaml_text.read(f"{text}\n") == [state_of(obj) for obj in objects]
