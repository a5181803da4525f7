"""Old bytes in, today's bytes out, each written by the old release's own code."""

from __future__ import annotations

import io
import pickle
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scratch import scratch_at
from world import World

from pickle_migrate import remake, resolver
from pickle_migrate.errors import MissingFieldError, StateError, StepFailedError, VerificationError
from pickle_migrate.planner import Planner
from pickle_migrate.scanner import scan_all

LINK = """
    class Link:
        def __init__(self, **fields):
            self.__dict__.update(fields)

    def chain(length):
        first = last = Link(value=0)
        for number in range(1, length):
            last.next = Link(value=number)
            last = last.next
        last.next = None
        return first
"""
NEW_LINK = """
    @versioned(2, unstamped=1)
    class Link: pass
    Lineage(Link).upgrade(1, RenameField("value", "number"))
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.old_release()
    made.new_release()
    with scratch_at(made.new):
        yield made


def row_of(data: bytes) -> tuple[remake.Row, Planner]:
    planner = Planner(resolver.import_ref, resolver.import_migrations)
    scans = scan_all(data).pickles
    return remake.Row(data, scans, tuple(planner.plan(scan) for scan in scans)), planner


def remade(data: bytes, encoding: str = "ASCII", protocol: int | None = None) -> bytes:
    row, planner = row_of(data)
    return remake.remade(row, planner.plan, encoding=encoding, protocol=protocol)


def old(world: World, code: str) -> bytes:
    """What old code writes to ``file``."""
    world.write(f"import shop\nfile = open('it', 'wb')\n{code}")
    return (world.data / "it").read_bytes()


def one(world: World, expression: str, protocol: int = 4) -> bytes:
    return old(world, f"pickle.dump({expression}, file, {protocol})")


def in_a_row(data: bytes) -> list[Any]:
    """What ``pickle.load`` gives, call by call, as any program reads such a file."""
    file, found = io.BytesIO(data), []
    while file.tell() < len(data):
        found.append(pickle.load(file))
    return found


# --- what comes out -----------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(6))
def test_objects_are_migrated_and_stamped(world, protocol):
    """Lists of several objects: the second one must be migrated as the first one is."""
    new = remade(one(world, "[shop.Order(qty=n) for n in range(3)]", protocol))
    assert new.count(b"shop:Order@3") == 1
    found = pickle.loads(new)
    assert [vars(o) for o in found] == [{"quantity": n, "currency": "EUR"} for n in range(3)]
    assert scan_all(new).pickles[0].protocol == protocol


def test_another_protocol(world):
    """As the user asks."""
    new = remade(one(world, "shop.Order(qty=1)", 0), protocol=5)
    assert new[:2] == b"\x80\x05"


def test_it_is_stable(world):
    """What came out needs nothing more, and comes out the same."""
    new = remade(one(world, "shop.Order(qty=1)"))
    row, _ = row_of(new)
    assert not row.plans[0].is_old
    assert remade(new) == new


def test_sharing_and_cycles_stay(world):
    """One object stays one object."""
    data = old(
        world,
        "a = shop.Order(qty=1); b = shop.Order(qty=2, other=a); a.other = b\n"
        "pickle.dump([a, b, a], file)",
    )
    first, second, third = pickle.loads(remade(data))
    assert first is third
    assert (first.other, second.other) == (second, first)


def test_a_list_of_100000_links_is_written_again(world):
    """Loadable is not writable, for pickle."""
    world.old_release(LINK)
    world.new_release(NEW_LINK, steps=None)
    data = old(world, "import pickle_migrate; pickle_migrate.dump(shop.chain(100_000), file, 4)")
    link = pickle.loads(remade(data))
    count = 0
    while link is not None:
        assert vars(link).keys() == {"number", "next"}
        assert link.number == count
        link, count = link.next, count + 1
    assert count == 100_000


# --- several pickles ----------------------------------------------------------------------------


def test_independent_pickles_stay_independent(world):
    """A program reads each with pickle.load, which knows nothing of the others."""
    data = old(world, "for n in range(3): pickle.dump([shop.Order(qty=n)] * 2, file)")
    found = in_a_row(remade(data))
    assert [pair[0].quantity for pair in found] == [0, 1, 2]
    assert all(pair[0] is pair[1] for pair in found)


@pytest.mark.parametrize("protocol", range(6))
def test_a_reused_pickler_stays_one(world, protocol):
    """Its later pickles refer to objects of the earlier ones: read and written with one memo."""
    data = old(
        world,
        f"pickler = pickle.Pickler(file, {protocol})\n"
        "order = shop.Order(qty=1)\n"
        "pickler.dump(order); pickler.dump([order, shop.Order(qty=2)]); pickler.dump(order)",
    )
    row, _ = row_of(data)
    assert row.shares_memo
    unpickler = pickle.Unpickler(io.BytesIO(remade(data)))
    first, pair, again = (unpickler.load() for _ in range(3))
    assert first is again is pair[0]
    assert (first.quantity, pair[1].quantity) == (1, 2)


def test_a_reused_pickler_with_a_deep_graph(world):
    """The C pickler gives up on it, and all of the row is written by the other one."""
    world.old_release(LINK)
    world.new_release(NEW_LINK, steps=None)
    data = old(
        world,
        "from pickle_migrate.stack_pickler import StackPickler\n"
        "pickler = StackPickler(pickle.Pickler(io.BytesIO()), file, 4, True, None)\n"
        "links = shop.chain(1500); pickler.dump(links); pickler.dump(links)",
    )
    unpickler = pickle.Unpickler(io.BytesIO(remade(data)))
    assert unpickler.load() is unpickler.load()


# --- objects without a state ---------------------------------------------------------------------


ADDS = """
    Lineage("shop:Order").upgrade(1, AddField("currency", default="EUR")).upgrade(2)
"""


def test_an_old_object_without_any_state_has_its_steps_run(world):
    """It has no BUILD in the pickle; the loader finds it all the same."""
    world.new_release(steps=ADDS)
    new = remade(one(world, "[shop.Order(qty=1), shop.Order()]"))
    assert [vars(o) for o in pickle.loads(new)] == [
        {"qty": 1, "currency": "EUR"},
        {"currency": "EUR"},
    ]


OPTIMIZED = "import pickletools; file.write(pickletools.optimize(pickle.dumps({}, 4)))"


def test_one_that_no_step_reached_is_refused(world):
    """pickletools.optimize takes it out of the memo too. A stamp would say that steps ran."""
    world.new_release(steps=ADDS)
    data = old(world, OPTIMIZED.format("[shop.Order(qty=1), shop.Order()]"))
    with pytest.raises(StateError, match="an object without any state") as caught:
        remade(data)
    assert (caught.value.ref, caught.value.version) == ("shop:Order", 1)


def test_wherever_it_stands(world):
    """In a tuple in an attribute of something in a list in a dict."""
    world.new_release(steps=ADDS)
    graph = "dict(k=({1, frozenset()}, shop.Plain(), [shop.Note(inner=(shop.Order(),))]))"
    with pytest.raises(StateError, match="an object without any state"):
        remade(old(world, OPTIMIZED.format(graph)))


def test_an_object_whose_own_getstate_gave_none_is_refused(world):
    """What its __new__ set does not show that a step ran."""
    body = """
    class Order:
        def __new__(cls):
            self = object.__new__(cls)
            self.qty = 1
            return self
        def __getstate__(self): return None
    """
    world.old_release(body)
    world.new_release(
        f"@versioned(2, unstamped=1)\n{textwrap.dedent(body)}\n"
        "Lineage(Order).upgrade(1, lambda state: state)",
        steps=None,
    )
    with pytest.raises(StateError, match="an object without any state"):
        remade(one(world, "shop.Order()"))


def test_a_state_that_becomes_empty_is_fine(world):
    """The steps ran, and left nothing."""
    world.new_release(
        "@versioned(2, unstamped=1)\nclass Order: pass\n"
        "Lineage(Order).upgrade(1, RemoveField('qty'))",
        steps=None,
    )
    new = remade(one(world, "[shop.Order(qty=1), shop.Order(qty=2)]"))
    assert [vars(o) for o in pickle.loads(new)] == [{}, {}]


def test_an_object_that_a_step_made_is_fine(world):
    """A step may bring new objects of the same class: they are of today."""
    world.new_release(
        """
        @versioned(2, unstamped=1)
        class Order: pass

        @migrates(Order, 1)
        def part(state):
            if state["qty"] == 2:
                made = Order()
                made.qty = 1
                return {"qty": 1, "part": made}
        """,
        steps=None,
    )
    assert pickle.loads(remade(one(world, "shop.Order(qty=2)"))).part.qty == 1


def test_an_empty_object_without_steps_is_fine(world):
    """Version 1 it was and is."""
    world.new_release("@versioned(1, unstamped=1)\nclass Order: pass", steps=None)
    assert b"shop:Order@1" in remade(one(world, "shop.Order()"))


# --- what fails ---------------------------------------------------------------------------------


def test_a_step_that_raises_is_named(world):
    """The file will stay as it was."""
    with pytest.raises(MissingFieldError, match="'qty'"):
        remade(one(world, "shop.Order(wrong=1)"))


def test_a_function_that_raises_is_named(world):
    """User code of a step."""
    world.new_release(
        steps="@migrates('shop:Order', 1)\ndef one(state): 1 / 0\n"
        "@migrates('shop:Order', 2)\ndef two(state): pass"
    )
    with pytest.raises(StepFailedError, match="ZeroDivisionError"):
        remade(one(world, "shop.Order(qty=1)"))


def test_what_does_not_read_back_equal_is_refused(world):
    """If a wrong value is loaded and saved again, the damage is permanent."""
    world.new_release(
        """
        @versioned(2, unstamped=1)
        class Order:
            def __getstate__(self):
                return {"qty": self.qty + 1}
        Lineage(Order).upgrade(1)
        """,
        steps=None,
    )
    with pytest.raises(VerificationError, match="reads back as something else") as caught:
        remade(one(world, "shop.Order(qty=1)"))
    assert caught.value.differences


def test_what_cannot_be_pickled_is_refused(world):
    """A step may bring in anything."""
    world.new_release(
        "@versioned(2, unstamped=1)\nclass Order: pass\n"
        "@migrates(Order, 1)\ndef f(state): state['f'] = lambda: 1",
        steps=None,
    )
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        remade(one(world, "shop.Order(qty=1)"))


def test_python_2_strings(world):
    """The encoding is for the old bytes; what is written needs none."""
    data = b"(dS'name'\nS'\\xe9'\nsS'order'\n(ishop\nOrder\n(dS'qty'\nI1\nsbs."
    with pytest.raises(UnicodeDecodeError):
        remade(data)
    found = pickle.loads(remade(data, encoding="latin1"))
    assert (found["name"], found["order"].quantity) == ("\xe9", 1)
