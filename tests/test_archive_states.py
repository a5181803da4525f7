"""``archive.states``: graphs as plain data that a person can write down."""

from __future__ import annotations

import collections
import datetime
import os
import subprocess
import sys
import threading
from pathlib import Path

import archive_graphs as g
import pytest
import yaml
from describe import describe
from hypothesis import given

from pickle_migrate.archive import yaml_text
from pickle_migrate.archive.state_compare import same
from pickle_migrate.archive.states import LEVELS, path_text, sort_text, state_of, stranded

HERE = Path(__file__).parent


@given(g.GRAPHS)
def test_every_graph_has_a_description_that_is_plain_data(graph) -> None:
    """It can be written as YAML and read back, and is the same the second time."""
    state = state_of(graph)
    assert g.equal(yaml_text.read(yaml_text.write(state)), state)
    assert g.equal(state_of(graph), state)


@pytest.mark.parametrize(
    "graph",
    [
        {"a": [1, 1.0, True, None, "x", b"\1"], "b": {1: "x", (2, "y"): datetime.date(2020, 1, 2)}},
        {"set": {"b", "a"}, "frozen": frozenset([3, 1]), "tuple": (1, [2])},
        [g.Plain(b=1, a="x"), g.Two([2]), g.Pair(1, 2), g.Tags("ab"), g.Number(5)],
        [g.Colour.RED, g.Bits.A, g.Fault("x", 1), g.Point(1, 2), datetime.datetime(2020, 1, 1)],
        {"type": int, "alias": list[int], "keyed": {g.Keyed("a"): 1}, "members": {g.Keyed("b")}},
    ],
)
def test_it_says_what_the_independent_description_says(graph) -> None:
    """tests/describe.py, which calls nothing of this package, has the same words."""
    shared = [graph, graph]
    assert same(describe(shared), state_of(shared))


def test_shared_objects_and_cycles_are_told_by_their_paths() -> None:
    """Of containers and instances; an equal list of its own is not the same one."""
    inner: list = []
    graph = g.Plain(a=inner, b=[inner, []], c=None)
    graph.c = graph
    assert state_of(graph)["fields"] == {"a": [], "b": [{"same": "$.a"}, []], "c": {"same": "$"}}


def test_the_order_of_sets_and_dicts_does_not_matter() -> None:
    """Trap: sets are written in the order of the hash seed."""
    code = (
        "import archive_graphs as g, json\n"
        "from pickle_migrate.archive.states import state_of\n"
        "names = ['x', 'y', 'z', 'w']\n"
        "print(json.dumps(state_of([set(names), {g.Keyed(n) for n in names},"
        " {g.Keyed(n): n for n in reversed(names)}, frozenset([(n, 1) for n in names])])))"
    )
    path = os.pathsep.join([str(HERE), str(HERE.parent)])
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("0", "1", "2", "3")
    }
    assert len(found) == 1


def test_types_are_told_apart() -> None:
    """1, 1.0 and True; 0.0 and -0.0; a str and its subclass."""
    states = [state_of(x) for x in (1, 1.0, True, 0.0, -0.0, "1", g.Number(1))]
    assert not any(same(a, b) for i, a in enumerate(states) for b in states[:i])


def linked(count: int, kind: str) -> object:
    node: object = None
    for _ in range(count):
        node = {"list": [node], "tuple": (node,), "plain": g.Plain(next=node)}[kind]
    return node


@pytest.mark.parametrize("kind", ["list", "tuple", "plain"])
def test_a_hundred_thousand_linked_nodes_are_described(kind) -> None:
    """Trap: a linked list loads, and whoever walks it by recursion crashes. What stands too deep
    is a part of its own, so the description is flat and grows with the list.
    """
    parts = state_of(linked(100_000, kind))["parts"]
    assert len(parts) == -(-100_000 // LEVELS)
    assert all(len(yaml_text.write(part)) < 10_000 for part in parts)


def test_objects_in_parts_are_referred_to_by_their_part() -> None:
    """``$1`` is the root of part 1; a part may lead back to the first one."""
    deepest: list = []
    graph = deepest
    for _ in range(LEVELS + 1):
        graph = [graph]
    deepest.append(graph)
    first, second = state_of(graph)["parts"]
    assert "part: 1" in yaml_text.write(first)
    assert second == [[{"same": "$"}]]


def test_a_part_that_is_met_twice_is_told_once() -> None:
    """The second time by its path."""
    shared = g.Plain(a=1, b=2)
    graph = [shared, shared]
    for _ in range(LEVELS - 1):
        graph = [graph]
    parts = state_of(graph)["parts"]
    assert len(parts) == 2
    assert "part: 1" in yaml_text.write(parts[0])
    assert 'same: "$1"' in yaml_text.write(parts[0])


def test_tuples_that_share_tuples_do_not_explode() -> None:
    """Trap: sixty levels of (x, x) have a quintillion members."""
    node: tuple = ()
    for _ in range(60):
        node = (node, node)
    assert len(yaml_text.write(state_of(node))) < 300_000


def test_what_cannot_be_told_is_opaque() -> None:
    """A lock that ``__getstate__`` leaves out, and an object whose reducer fails."""

    class Failing:
        def __reduce__(self) -> str:
            raise ZeroDivisionError

    state = state_of([g.Holder(threading.Lock()), Failing()])
    assert state[0]["fields"] == {"lock": {"opaque": "_thread:lock"}, "name": "held"}
    assert state[1] == {
        "opaque": f"{__name__}:{Failing.__qualname__}",
        "error": "ZeroDivisionError",
    }


def test_a_member_whose_hash_has_changed_is_told() -> None:
    """Trap: a set that does not find its own member any more looks well from outside."""
    member = g.Keyed(1)
    held, keyed = {member}, {member: 1}
    assert "stranded" not in state_of(held)
    member.name = 2
    assert state_of(held)["stranded"] is True
    assert state_of(keyed)["stranded"] is True
    assert stranded({1, 2}) == {}


def test_long_values_are_told_by_their_digest() -> None:
    """The archive stays small and readable."""
    text, data = state_of("x" * 5_000), state_of(b"x" * 5_000)
    assert text.keys() == {"text", "length", "sha256"}
    assert data.keys() == {"bytes", "sha256"}
    assert data["bytes"] == 5_000
    assert state_of("x" * 5_000) != state_of("x" * 4_999 + "y")


def test_repr_is_never_asked() -> None:
    """A class with a ``__repr__`` that raises is described as any other."""

    class Silent(g.Plain):
        def __repr__(self) -> str:
            raise AssertionError

        __str__ = __repr__

    assert state_of({Silent(a=1): [Silent(b=2, c=3)]})["items"]


def test_a_class_that_answers_to_every_name_is_described_by_its_fields() -> None:
    """Trap: ``__getattr__`` makes ``hasattr`` true for everything."""

    class Eager(g.Plain):
        def __getattr__(self, name: str) -> int:
            return 1

        @property
        def fields(self) -> int:
            raise AssertionError

    assert state_of(Eager(a=1, b=2))["fields"] == {"a": 1, "b": 2}


def test_an_ordered_dict_keeps_its_order() -> None:
    """There it is part of the value; in a dict it is not."""
    one, other = collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)
    assert state_of(one) != state_of(other)
    assert state_of(dict(one)) == state_of(dict(other))


def test_sorting_by_shape_ends() -> None:
    """An object that leads back to the set that is being sorted, and one with a huge number."""
    held: set = set()
    member = g.Plain(all=held, big=10**5_000)
    held.add(member)
    held.add(g.Plain(all=held, big=1))
    assert len(state_of(held)["set"]) == 2
    assert sort_text("a") == '"a"'


def test_paths_are_made_when_they_are_asked_for() -> None:
    """From steps: fields with their dots, and indexes."""
    assert path_text((((("$", ".a")), 3), ".b")) == "$.a[3].b"
    assert path_text("$2") == "$2"


def test_the_hand_written_states_of_the_example_are_yaml_of_this_form() -> None:
    """They are read by the same reader."""
    text = (HERE.parent / "fixtures/expected/skywatch.yaml").read_text(encoding="utf-8")
    assert yaml_text.read(text) == yaml.safe_load(text)
