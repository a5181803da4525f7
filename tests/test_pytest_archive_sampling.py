"""Samples of what is pickled: what is noted and frozen, and that the program notices nothing."""

from __future__ import annotations

import copy
import gc
import hashlib
import pickle
import threading
import weakref

import cloudpickle
import pytest

import pickle_migrate
from pickle_migrate import hooks
from pickle_migrate.pytest_archive.sampling import (
    NEW,
    SKIPPED,
    THERE,
    Sample,
    Sampler,
    merged,
    state_text,
)

SHOP = """
    from dataclasses import dataclass
    from typing import NamedTuple
    import enum

    @versioned(3)
    class Order:
        def __init__(self, **fields):
            self.__dict__.update(fields)

    @versioned(1)
    class Slotted:
        __slots__ = ("a", "b")

    @versioned(2)
    class Pair(NamedTuple):
        left: int
        right: int

    @versioned(1)
    class Sky(enum.Enum):
        CLEAR = 1

    @versioned(1)
    class Tags(list):
        pass

    @versioned(1)
    class Own:
        count = 0
        def __getstate__(self):
            Own.count += 1
            return (1, 2)
        def __setstate__(self, state):
            pass

    class Sub(Order):
        pass
"""


class Kept:
    """In place of an archive: the names that were frozen, with the pickles."""

    def __init__(self):
        self.files = {}
        self.tests = []

    def __call__(self, obj, shape, test):
        data = pickle.dumps(obj)
        self.tests.append(test)
        is_new = shape.name not in self.files
        self.files.setdefault(shape.name, data)
        return is_new


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def sampler(kept):
    made = Sampler(kept)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def shop(scratch):
    return scratch.module("shop", SHOP)


def results(sampler):
    return [(s.ref.partition(":")[2], s.result) for s in sampler.samples]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dumps", [pickle.dumps, pickle._dumps, cloudpickle.dumps])
def test_each_way_of_pickling_leaves_a_sample(sampler, kept, shop, dumps, protocol):
    """The C and the Python pickler and cloudpickle, at each protocol."""
    if dumps is cloudpickle.dumps and protocol < 2:
        pytest.skip("cloudpickle writes protocol 2 and above")
    dumps(shop.Order(qty=2), protocol)
    sampler.freeze("test_a")
    assert results(sampler) == [("Order", NEW)]
    assert [vars(pickle.loads(data)) for data in kept.files.values()] == [{"qty": 2}]


def test_our_own_dumps_leaves_a_sample(sampler, shop):
    """``pickle_migrate.dumps`` is a pickler like others."""
    pickle_migrate.dumps([shop.Order(qty=2)])
    sampler.freeze("t")
    assert results(sampler) == [("Order", NEW)]


def test_one_sample_a_shape(sampler, kept, shop):
    """The same fields give one sample, other fields another; their order does not matter."""
    for fields in [{"a": 1, "b": 2}, {"b": 3, "a": 4}, {"a": 1}, {"a": None}]:
        pickle.dumps(shop.Order(**fields))
        sampler.freeze("t")
    assert sorted(sorted(vars(pickle.loads(d))) for d in kept.files.values()) == [["a"], ["a", "b"]]
    assert results(sampler) == [("Order", NEW), ("Order", NEW)]


def test_every_kind_of_class(sampler, shop):
    """Slots, named tuples, enums, containers, and classes with a state of their own."""
    slotted = shop.Slotted()
    slotted.a = 1
    tags = shop.Tags([1, 2])
    pickle.dumps([slotted, shop.Pair(1, 2), shop.Sky.CLEAR, tags, shop.Own()])
    sampler.freeze("t")
    assert results(sampler) == [
        ("Own", NEW), ("Pair", NEW), ("Sky", NEW), ("Slotted", NEW), ("Tags", NEW)
    ]  # fmt: skip


def test_each_class_of_a_graph(sampler, shop):
    """An object that is pickled within another one leaves a sample of its own."""
    pickle.dumps(shop.Order(tags=shop.Tags([shop.Pair(1, 2)])))
    sampler.freeze("t")
    assert results(sampler) == [("Order", NEW), ("Pair", NEW), ("Tags", NEW)]


def test_a_copy_is_not_pickled(sampler, shop):
    """``copy`` and ``deepcopy`` go through the same reducers, and leave no sample (trap:
    copyreg reducers also serve copies).
    """
    order = shop.Order(tags=shop.Tags())
    copy.copy(order), copy.deepcopy(order), copy.copy(shop.Slotted())
    sampler.freeze("t")
    assert sampler.samples == []


def test_a_class_that_is_declared_later_is_watched(sampler, scratch):
    """Test modules import the classes long after the run has begun."""
    late = scratch.module("late", "@versioned(1)\nclass Late: pass\n")
    pickle.dumps(late.Late())
    sampler.freeze("t")
    assert results(sampler) == [("Late", NEW)]


def test_what_is_not_registered_leaves_none(sampler, shop):
    """A subclass that nobody registered has no version, and a local class no name."""

    @pickle_migrate.versioned(1)
    class Local:
        pass

    pickle.dumps(shop.Sub())
    cloudpickle.dumps(Local())
    sampler.freeze("t")
    assert sampler.samples == []


def test_another_registry_has_no_archive(sampler, scratch):
    """Classes of a registry of their own are not what the archive is loaded with."""
    other = scratch.module(
        "other", "R = Registry()\n@versioned(1, registry=R)\nclass Other: pass\n"
    )
    pickle.dumps(other.Other())
    sampler.freeze("t")
    assert sampler.samples == []


def test_what_did_not_pass_leaves_none(sampler, shop):
    """A test that failed may have pickled anything."""
    pickle.dumps(shop.Order(a=1))
    sampler.forget()
    sampler.freeze("t")
    assert sampler.samples == []


def test_the_test_calls_nothing_twice(sampler, shop):
    """A class's own methods are called as often as without the option, until the test is over."""
    pickle.dumps(shop.Own())
    assert shop.Own.count == 1
    sampler.freeze("t")
    assert shop.Own.count == 2
    pickle.dumps(shop.Own())
    sampler.freeze("t")
    assert shop.Own.count == 3


def test_the_bytes_are_the_same(sampler, shop):
    """What is written is what would be written without the option, shared dicts included."""
    order = shop.Order(a=1)
    order.me = order
    graph = [order, vars(order), shop.Tags([order]), shop.Pair(order, 1)]
    while_watched = [pickle.dumps(graph, p) for p in range(6)]
    sampler.stop()
    assert [pickle.dumps(graph, p) for p in range(6)] == while_watched


def test_an_error_of_the_dump_passes_as_it_was(sampler, shop):
    """An object that does not pickle raises what it always raised, and is skipped with a reason."""
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(shop.Order(lock=threading.Lock()))
    sampler.freeze("test_lock")
    (sample,) = sampler.samples
    assert (sample.result, sample.test) == (SKIPPED, "test_lock")
    assert sample.reason == "TypeError: cannot pickle '_thread.lock' object"


def test_an_object_that_pickles_takes_the_place_of_one_that_does_not(sampler, shop):
    """In the same test, and in a later one."""
    with pytest.raises(TypeError):
        pickle.dumps(shop.Order(a=threading.Lock()))
    sampler.freeze("t1")
    assert results(sampler) == [("Order", SKIPPED)]
    with pytest.raises(TypeError):
        pickle.dumps(shop.Order(a=threading.Lock()))
    pickle.dumps(shop.Order(a=1))
    sampler.freeze("t2")
    assert results(sampler) == [("Order", NEW)]


def test_a_second_run_finds_it_there(kept, shop):
    """Another process, another sampler: the names are the same, and nothing is written."""
    for expected in (NEW, THERE):
        sampler = Sampler(kept)
        sampler.start()
        pickle.dumps(shop.Order(a=1))
        sampler.freeze("t")
        sampler.stop()
        assert results(sampler) == [("Order", expected)]


def test_nothing_is_kept_after_the_test(sampler, shop):
    """An object is held until its test is over, and no longer."""
    order = shop.Order(a=1)
    seen = weakref.ref(order)
    pickle.dumps(order)
    sampler.freeze("t")
    del order
    gc.collect()
    assert seen() is None


def test_watching_ends(shop):
    """After ``stop`` the reducers are those from before, and hooks hold no trace of it."""
    before = hooks.entry_of(shop.Order).reduce
    sampler = Sampler(Kept())
    sampler.start()
    assert hooks.entry_of(shop.Order).reduce is not before
    sampler.stop()
    assert hooks.entry_of(shop.Order).reduce is before
    assert pickle.loads(pickle.dumps(shop.Order(a=1))).a == 1
    assert sampler.samples == []


def test_several_threads_pickle_at_once(sampler, kept, shop):
    """No sample is lost and none is there twice."""

    def work():
        for number in range(200):
            pickle.dumps(shop.Order(**{f"f{number % 7}": 1}))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sampler.freeze("t")
    assert len(kept.files) == len(sampler.samples) == 7


def test_a_name_is_the_same_for_each_process(sampler, shop):
    """It has the class, the version and a digest of fields and stamp; no hash seed is in it."""
    pickle.dumps(shop.Order(b=1, a=2))
    sampler.freeze("t")
    digest = hashlib.sha256(b"shop:Order@3\ndict a,b").hexdigest()
    assert [sample.name for sample in sampler.samples] == [f"shop.Order-3-{digest[:8]}"]


def test_state_texts():
    """Names where there are any, sorted; values are not looked at."""
    assert state_text("a.name") == "name"
    assert state_text((object, (), {"b": 1, "a": 2})) == "dict a,b"
    assert state_text((object, (), (None, {"b": 1}))) == "slots b"
    assert state_text((object, (), [1, 2])) == "list of 2"
    assert state_text((object, (), None, iter([1]), None)) == "NoneType items"
    assert state_text((object, (), {1: 2})) == "dict int"
    assert state_text((object, ({"value": 1, "name": 2},))) == "dict name,value"


def test_samples_of_several_processes_are_one_list():
    """What one worker archived, the other found there: it is new. A skip yields to both."""
    new = Sample("m:A", 1, "m.A-1-x", NEW, "t1")
    there = Sample("m:A", 1, "m.A-1-x", THERE, "t2")
    skipped = Sample("m:A", 1, "m.A-1-x", SKIPPED, "t3", "TypeError: no")
    other = Sample("m:A", 1, "m.A-1-y", SKIPPED, "t3", "TypeError: no")
    assert merged([there, new, there, skipped]) == [new]
    assert merged([skipped, there]) == [there]
    assert merged([other, there]) == [there, other]


def test_older_versions_are_written_as_without(scratch, kept):
    """``versions=`` writes what an earlier release reads; the sample is of today's version."""
    old = scratch.module(
        "old",
        """
        @versioned(2)
        class Order:
            def __init__(self, quantity):
                self.quantity = quantity
        Lineage("old:Order").upgrade(1, RenameField("qty", "quantity"))
        """,
    )
    versions = {"old:Order": 1}
    expected = pickle_migrate.dumps(old.Order(3), versions=versions)
    sampler = Sampler(kept)
    sampler.start()
    assert pickle_migrate.dumps(old.Order(3), versions=versions) == expected
    sampler.freeze("t")
    sampler.stop()
    assert {(s.version, s.result) for s in sampler.samples} <= {(2, NEW)}


def test_what_ends_a_test_ends_no_run(sampler, scratch):
    """A class that raises anything when it is pickled again is skipped."""
    odd = scratch.module(
        "odd",
        """
        @versioned(1)
        class Odd:
            calls = 0
            def __getstate__(self):
                Odd.calls += 1
                if Odd.calls > 1:
                    raise SystemExit("again")
                return {}
        """,
    )
    pickle.dumps(odd.Odd())
    sampler.freeze("t")
    assert [(s.result, s.reason) for s in sampler.samples] == [(SKIPPED, "SystemExit: again")]
