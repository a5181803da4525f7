"""Which way a file goes, and that the ways lead to the same place."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest
from scratch import scratch_at
from world import World

from pickle_migrate import declared, file_plans
from pickle_migrate.errors import MissingFieldError, StaticError, StepFailedError
from pickle_migrate.file_plans import new_ways
from pickle_migrate.scanner import scan_all
from pickle_migrate.ways import Wishes

STEPS = """
    Lineage("shop:Order").upgrade(1, RenameField("qty", "quantity"))
    Lineage("shop:Order").upgrade(2, ConvertField("quantity", float))
"""


@pytest.fixture
def world(tmp_path: Path):
    made = World(tmp_path)
    made.old_release()
    made.new_release(steps=STEPS)
    with scratch_at(made.new) as scratch:
        made.scratch = scratch
        yield made


def planned(ways, data):
    plans, way = ways.plan(data, scan_all(data).pickles)
    return [p.what for plan in plans for p in plan.problems], way


def data_of(world, fields="qty=2", protocol=4):
    return world.order(fields=fields, protocol=protocol).read_bytes()


def test_without_loading_by_itself(world):
    """Where declared operations are all that is needed."""
    data, ways = data_of(world), new_ways()
    assert planned(ways, data) == ([], "static")
    new, way = ways.upgraded(data)
    assert (vars(pickle.loads(new)), way) == ({"quantity": 2.0}, "static")
    assert planned(ways, new) == ([], "")


def test_functions_are_loaded(world):
    """The user's own may look at anything."""
    world.new_release()
    data, ways = data_of(world), new_ways()
    assert planned(ways, data) == ([], "live")
    new, way = ways.upgraded(data)
    assert (vars(pickle.loads(new)), way) == ({"quantity": 2, "currency": "EUR"}, "live")


def test_what_shows_on_the_way_is_loaded(world):
    """A value that is an object: planned without loading, done with it, and the same error."""
    data, ways = data_of(world, "qty=shop.Note()"), new_ways()
    assert planned(ways, data)[1] == "static"
    with pytest.raises(StepFailedError):
        ways.upgraded(data)
    with pytest.raises(MissingFieldError):
        new_ways().upgraded(data_of(world, "other=1"))


def test_only_without_loading(world):
    """Then nothing that the pickle names is imported: the class is not known."""
    data, ways = data_of(world), new_ways(static=True)
    what, _ = planned(ways, data)
    assert what == ["Not without loading shop:Order: needs steps that no imported module declares."]
    with pytest.raises(StaticError):
        ways.upgraded(data)
    world.scratch.module("shop_steps", STEPS)
    ways = new_ways(static=True)
    assert planned(ways, data) == ([], "static")
    new, _ = ways.upgraded(data)
    assert "shop" not in sys.modules  # its source says which version the pickle has
    assert vars(pickle.loads(new)) == {"quantity": 2.0}
    assert "shop" in sys.modules
    again, _ = ways.upgraded(data)
    assert b"shop:Order@3~" not in new
    assert pickle.loads(again).quantity == 2.0
    (world.new / "shop.py").unlink()
    world.scratch.forget("shop")
    declared._source_of.cache_clear()
    what, _ = planned(new_ways(static=True), data)
    assert what == [
        "Not without loading shop:Order: carries no version, and nothing here says which it has."
    ]


def test_persistent_ids(world):
    """Loading has no loader for them; stand-ins keep them."""
    code = """
        import shop
        class P(pickle.Pickler):
            def persistent_id(self, obj):
                return "id" if type(obj) is complex else None
        P(open("it", "wb"), 4).dump([shop.Order(qty=1), 1j])
    """
    world.write(code)
    data = (world.data / "it").read_bytes()
    ways = new_ways()
    assert planned(ways, data) == ([], "static")
    new, _ = ways.upgraded(data)

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid):
            return pid

    import io

    order, there = Unpickler(io.BytesIO(new)).load()
    assert (vars(order), there) == ({"quantity": 1.0}, "id")


def test_an_encoding_makes_texts(world):
    """Names alone would leave 8-bit strings, which whoever names an encoding does not want."""
    from pickle_migrate.registry import DEFAULT

    DEFAULT.rename("shop:Plain", "store:Plain")
    world.scratch.module("store", "class Plain: pass")
    data = b"(ishop\nPlain\np0\n(dp1\nS'name'\np2\nS'\\xe9'\np3\nsb."
    new, way = new_ways().upgraded(data)
    assert (way, new) == ("spliced", data.replace(b"ishop", b"istore"))
    new, way = new_ways(Wishes("latin1")).upgraded(data)
    assert way == "static"
    assert pickle.loads(new).name == "\xe9"


def test_two_files_with_the_same(world):
    """Other bytes, as sets have them, or none alike."""
    data = data_of(world)
    for ways in (new_ways(), new_ways(static=True)):
        one = new_ways().upgraded(data)[0]
        other = pickle.dumps(pickle.loads(one), 5)
        assert ways.same(one, other)
        assert not ways.same(one, pickle.dumps(1))
        assert not ways.same(one, b"no pickle")


def test_file_plans_tell_the_way(world):
    """For a dry run."""
    from pickle_migrate.discovery import discover

    path = world.order()
    [plan] = file_plans.plan_files(discover([str(path)]))
    assert plan.way == "static"
