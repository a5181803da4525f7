"""Bytes in, bytes out, without loading: as loading would have it, at every protocol."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest
from scratch import scratch_at
from world import World

import pickle_migrate
from pickle_migrate import graphs, resolver, shims
from pickle_migrate.errors import (
    MissingFieldError,
    StaticError,
    VerificationError,
)
from pickle_migrate.scanner import scan_all
from pickle_migrate.static_plan import StaticPlanner
from pickle_migrate.static_upgrade import LIVE, SPLICED, STATIC, check, row_of, upgraded

NEW = """
    @versioned(3, unstamped=1)
    class Order: pass

    class Note: pass

    class Plain: pass

    Lineage(Order).upgrade(1, RenameField("qty", "quantity"), AddField("currency", default="EUR"))
    Lineage(Order).upgrade(2, ConvertField("quantity", float), AddField("tags", factory=list))
"""


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    made.old_release()
    made.new_release(NEW, steps="")
    with scratch_at(made.new):
        yield made


def old(world: World, code: str) -> bytes:
    """What old code writes to ``file``."""
    world.write(f"import shop\nfile = open('it', 'wb')\n{code}")
    return (world.data / "it").read_bytes()


def one(world: World, expression: str, protocol: int = 4) -> bytes:
    return old(world, f"pickle.dump({expression}, file, {protocol})")


def static(data: bytes, *, encoding: str = "ASCII", protocol: int | None = None):
    """The new bytes, checked, with the way they went."""
    planner = StaticPlanner(import_migrations=resolver.import_migrations)
    row = row_of(data, scan_all(data).pickles, planner)
    assert [plan.shown.problems for plan in row.plans] == [()] * len(row.plans)
    way = row.way(protocol)
    new = upgraded(row, way, encoding=encoding, protocol=protocol)
    check(new, row, planner, content=way == STATIC)
    return new, way


def imported(name: str = "shop"):
    return resolver.import_ref(resolver.GlobalRef(name, "__name__")) and sys.modules[name]


# --- what comes out -----------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(6))
def test_it_is_what_loading_gives(world, protocol):
    """Lists of several objects, shared ones, cycles, plain neighbours."""
    code = (
        "o = [shop.Order(qty=n, price=n / 2) for n in range(3)]\n"
        "o[0].next, o[2].next = o[2], o[0]\n"
        "n = shop.Note(orders=o, by={'a': o[1]}, all={1, 2}, raw=b'x')\n"
        f"pickle.dump([n, o, (o[1], shop.Order), shop.Plain()], file, {protocol})"
    )
    data = old(world, code)
    imported()
    new, way = static(data)
    assert way == STATIC
    assert scan_all(new).pickles[0].protocol == protocol
    live = pickle_migrate.loads(data)
    assert not graphs.differences(live, pickle.loads(new))
    assert not graphs.differences(live, pickle.loads(pickle_migrate.dumps(live, protocol)))
    first = pickle.loads(new)[1][0]
    assert list(vars(first)) == ["price", "next", "quantity", "currency", "tags"]


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_is_imported_or_loaded(world, protocol):
    """The module of the class would raise, and the class is known by its lineage alone."""
    data = one(world, "[shop.Order(qty=1)]", protocol)
    imported()
    stamped = pickle.dumps(pickle_migrate.loads(data), protocol)
    stamped = stamped.replace(b"@3", b"@1") if protocol < 4 else stamped
    world.new_release("raise RuntimeError", steps="")
    before = set(sys.modules)
    new, _ = static(data)
    assert set(sys.modules) == before
    assert b"shop:Order@3" in new


def test_a_second_time_there_is_nothing_to_do(world):
    """What came out is current."""
    data = one(world, "[shop.Order(qty=1)]")
    imported()
    new, _ = static(data)
    row = row_of(new, scan_all(new).pickles, StaticPlanner())
    assert not row.plans[0].shown.is_old
    assert row.plans[0].changes == {}


def test_objects_without_fields(world):
    """Pickle writes no state for them; they are migrated all the same."""
    world.new_release(
        NEW.replace('RenameField("qty", "quantity"), ', "").replace(
            'ConvertField("quantity", float), ', ""
        ),
        steps="",
    )
    data = one(world, "[shop.Order(), shop.Order(a=1)]")
    imported()
    found = pickle.loads(static(data)[0])
    assert [vars(o) for o in found] == [
        {"currency": "EUR", "tags": []},
        {"a": 1, "currency": "EUR", "tags": []},
    ]
    assert found[0].tags is not found[1].tags


def test_several_pickles_in_a_row(world):
    """Written by one Pickler, with later ones that refer to earlier ones; or one by one."""
    shared = old(
        world,
        "o = shop.Order(qty=1); p = pickle.Pickler(file, 4)\n"
        "p.dump(o); p.dump([o, shop.Order(qty=2)])",
    )
    apart = one(world, "shop.Order(qty=1)", 2) + one(world, "shop.Order(qty=2)", 4)
    imported()
    new, _ = static(shared)
    import io

    unpickler = pickle.Unpickler(io.BytesIO(new))
    first, second = unpickler.load(), unpickler.load()
    assert second[0] is first
    assert second[1].quantity == 2.0
    new, _ = static(apart)
    assert [scan.protocol for scan in scan_all(new).pickles] == [2, 4]


def test_another_protocol(world):
    """As the user asks; names alone cannot be edited then."""
    data = one(world, "shop.Order(qty=1)", 0)
    imported()
    new, way = static(data, protocol=5)
    assert (new[:2], way) == (b"\x80\x05", STATIC)


def test_a_chain_of_any_depth(world):
    """Too deep for the C pickler."""
    data = old(
        world,
        "o = shop.Order(qty=0)\n"
        "for n in range(20_000): o = shop.Order(qty=n, next=o)\n"
        "import pickle_migrate\n"
        "file.write(pickle_migrate.dumps(o))",
    )
    imported()
    new, _ = static(data)
    found, depth = pickle.loads(new), 0
    while hasattr(found, "next"):
        found, depth = found.next, depth + 1
    assert depth == 20_000


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(6))
def test_names_alone_are_spliced(world, protocol):
    """A moved package, and neither it nor the new one is there."""
    from pickle_migrate.registry import DEFAULT

    DEFAULT.rename("shop", "store.models")
    data = one(world, "[shop.Plain(), shop.Note, 'shop']", protocol)
    new, way = static(data)
    assert way == SPLICED
    refs = {str(ref) for ref in scan_all(new).pickles[0].refs}
    assert {"store.models:Plain", "store.models:Note"} <= refs
    assert not any(ref.startswith("shop") for ref in refs)
    new, way = static(data, protocol=4 if protocol == 5 else 5)
    assert way == STATIC
    assert {"store.models:Plain", "store.models:Note"} <= {
        str(ref) for ref in scan_all(new).pickles[0].refs
    }


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize(
    "new", ["store:Cart.Line", "store:Line", "shop:Cart.Row", "shop:Cart.Line"]
)
def test_nested_classes(world, protocol, new):
    """Below protocol 4 they are got by ``getattr``, and go with their outer class or elsewhere."""
    from pickle_migrate.registry import DEFAULT

    world.old_release("""
        class Cart:
            class Line:
                pass
    """)
    data = one(world, "[shop.Cart.Line(), shop.Cart, shop.Cart.Line]", protocol)
    outer = "store:Cart" if new == "store:Cart.Line" else "shop:Cart"
    for old, name in (("shop:Cart", outer), ("shop:Cart.Line", new)):
        if old != name and not (old == "shop:Cart.Line" and outer == "store:Cart"):
            DEFAULT.rename(old, name)
    for wished in (None, 5 - protocol % 2):
        planner = StaticPlanner()
        row = row_of(data, scan_all(data).pickles, planner)
        way = STATIC if wished is None else row.way(None)
        made = upgraded(row, way, encoding="ASCII", protocol=None)
        names = {str(ref) for ref in scan_all(made).pickles[0].refs} - {"__builtin__:getattr"}
        assert names - {"builtins:getattr"} == {outer, new} | (
            {"store:Cart"} & {outer} if protocol < 4 else set()
        )


def test_private_attributes_take_the_new_name(world):
    """They are stored under the class's name."""
    world.old_release("class Order:\n    def __init__(self): self.__secret, self.open = 1, 2\n")
    world.new_release(
        """
        @versioned(1, unstamped=1)
        class Purchase:
            def secret(self): return self.__secret
        Lineage(Purchase).renamed_from("shop:Order")
        """,
        steps="",
    )
    data = one(world, "shop.Order()")
    imported()
    new, _ = static(data)
    assert pickle.loads(new).secret() == 1
    assert b"_Order__" not in new


@pytest.mark.parametrize("protocol", [2, 5])
def test_slots_and_positions_of_classes_that_are_gone(world, protocol):
    """Their states become fields by name, as loading makes them."""
    world.old_release("""
        class Slots:
            __slots__ = ("qty", "peer")
        class Row:
            def __getstate__(self): return [3, self]
            def __setstate__(self, state): pass
        made = Slots()
        made.qty, made.peer = 3, made
    """)
    data = one(world, "[shop.made, shop.Row()]", protocol)
    step = '.unstamped(1).upgrade(1, RenameField("qty", "quantity"))'
    world.new_release(
        f"""
        Lineage("shop:Slots"){step}
        Lineage("shop:Row").fields(1, "qty", "peer"){step}
        """,
        steps="",
    )
    imported()
    new, way = static(data)
    slots, row = shims.loads(new).root
    assert way == STATIC
    assert slots.state == {"quantity": 3, "peer": slots}
    assert row.state == {"quantity": 3, "peer": row}


# --- what has to be loaded ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "old_code", "reason"),
    [
        (NEW.replace("float", "lambda value: 1"), "shop.Order(qty=1)", "a step calls <lambda>"),
        (NEW, "shop.Order(qty=shop.Note())", "float would get an object of shop:Note"),
        (
            NEW.replace(
                "class Order: pass", "class Order:\n        def __setstate__(self, s): ..."
            ),
            "shop.Order(qty=1)",
            "has a __setstate__ of its own",
        ),
        (
            NEW + "    Lineage(Order).finish(1, print)",
            "shop.Order(qty=1)",
            "its finishing stage needs the loaded objects",
        ),
        (
            NEW.replace("class Order: pass", "class Order:\n        __slots__ = 'a'"),
            "shop.Order(qty=1)",
            "has fields afterwards for which the class has no slots",
        ),
    ],
)
def test_what_needs_the_class_is_refused(world, new, old_code, reason):
    """The reason is told, and no bytes are made."""
    world.new_release(new, steps="")
    data = one(world, f"[{old_code}]")
    imported()
    with pytest.raises(StaticError, match=reason):
        static(data)


def test_what_a_step_raises_passes(world):
    """As when it is loaded."""
    data = one(world, "shop.Order(other=1)")
    imported()
    with pytest.raises(MissingFieldError):
        static(data)


def test_calls_with_dropped_results_are_refused(world):
    """Nothing could write them again."""
    data = one(world, "shop.Order(qty=1)")
    data = data[:-1] + b"cos\ngetpid\n)R0."
    imported()
    with pytest.raises(StaticError, match="drops the result"):
        static(data)


# --- checking -------------------------------------------------------------------------------------


def test_the_check_can_fail(world):
    """Old bytes, other bytes, more pickles."""
    data = one(world, "[shop.Order(qty=1)]")
    imported()
    planner = StaticPlanner()
    row = row_of(data, scan_all(data).pickles, planner)
    new = upgraded(row, STATIC, encoding="ASCII", protocol=None)
    check(new, row, planner)
    with pytest.raises(VerificationError, match="still not current"):
        check(data, row, planner)
    with pytest.raises(VerificationError, match="holds 2 pickles"):
        check(new + new, row, planner)
    assert LIVE == "live"


def test_sets_in_another_order_are_the_same(world):
    """Their order may change each time that they are written."""
    data = one(world, "[shop.Order(qty=1, all={n * 1009 for n in range(50)} | {'a', 'b', 'c'})]")
    imported()
    new, _ = static(data)
    assert pickle.loads(new)[0].all == {n * 1009 for n in range(50)} | {"a", "b", "c"}
