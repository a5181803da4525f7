"""Loads under watch: a step that changes what another object holds is told, and no other is."""

from __future__ import annotations

import io
import pickle

import pytest
from scratch import Scratch

from pickle_migrate import loader
from pickle_migrate.checks.watching import watched

OLD = """
    TAGS, NAMES = ["a"], ("a",)

    @versioned(1)
    class Order:
        def __init__(self, **fields):
            self.__dict__.update(fields)

    @versioned(1)
    class Keeper:
        def __init__(self, **fields):
            self.__dict__.update(fields)

    class Plain:
        def __init__(self, **fields):
            self.__dict__.update(fields)
"""
NEW = OLD.replace("@versioned(1)\n    class Order", "@versioned(2)\n    class Order")
SHARED_LIST = "x = ['a']; obj = [Order(items=x), Order(items=x)]"
APPEND = "state['items'].append('b')"


def touches(scratch: Scratch, step: str, make: str, protocol: int = 4) -> list[str]:
    """What is told of a step that is the body of a function, for an object made by old code."""
    module = scratch.module("shop", OLD)
    names = dict(vars(module))
    exec(make, names)
    data = pickle.dumps(names["obj"], protocol)
    scratch.module(
        "shop", NEW + f"\n    @migrates('shop:Order', 1)\n    def step(state):\n        {step}\n"
    )
    with watched() as watch:
        unpickler = loader.Unpickler(io.BytesIO(data))
        loaded = unpickler.load()
        found = watch.touches(loaded, unpickler.memo.copy().values())
        assert watch.touches(loaded, ()) == []
    return [one.changed for one in found]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("make", "step"),
    [
        ("obj = Order(items=['a'])", APPEND),
        ("obj = [Order(items=['a']), Order(items=['a'])]", APPEND),
        ("obj = Order(items={'a': [1]})", "state['items']['a'].append(2)"),
        ("obj = Order(items=['a']); obj.me = obj", APPEND),
        ("k = Keeper(name='Ada'); obj = [k, Order(items=[k], k=k)]", APPEND),
        (SHARED_LIST, "state['items'] = state['items'] + ['b']"),
        ("obj = Order(p=Plain(n=1))", "state['p'].n = 2"),
        ("obj = Order(a={'x': 1})", "state['a'] = tuple(state['a'].items())"),
    ],
)
def test_what_is_its_own_may_be_changed(scratch, make, step, protocol):
    """A list that only this object holds; a new list in place of a shared one."""
    assert touches(scratch, step, make, protocol) == []


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("make", "step", "told"),
    [
        (SHARED_LIST, APPEND, "a list that another object holds too"),
        ("x = ['a']; obj = [Order(items=x), x]", APPEND, "a list that another object holds too"),
        ("x = ['a']; obj = [x, Order(items=x)]", APPEND, "a list that another object holds too"),
        (
            "x = [1]; obj = [Order(items={'a': x}), Keeper(x=x)]",
            "state['items']['a'].append(2)",
            "a list that another object holds too",
        ),
        (
            "p = Plain(n=1); obj = [Order(p=p), Keeper(p=p)]",
            "state['p'].n = 2",
            "a shop:Plain that another object holds too",
        ),
        (
            "obj = Order(keeper=Keeper(name='Ada'))",
            "state['keeper'].name = 'Bob'",
            "another object, of shop:Keeper",
        ),
        (
            "obj = Order(keeper=Keeper(names=['Ada']))",
            "state['keeper'].names.append('Bob')",
            "a list of another object, of shop:Keeper",
        ),
    ],
)
def test_what_is_anothers_may_not(scratch, make, step, told, protocol):
    """A shared list, a neighbour, what a neighbour holds; whichever of the two is loaded first."""
    assert told in touches(scratch, step, make, protocol)


def test_a_copy_made_by_another_step_does_not_hide_it(scratch):
    """What was shared in the pickle counts, though the loaded graph shares nothing any more."""
    step = "state['items'].append('b'); state['items'] = list(state['items'])"
    assert touches(scratch, step, SHARED_LIST) == ["a list that another object holds too"]


def test_a_long_chain_takes_linear_time(scratch):
    """Each node leads to all that follow it: no more is watched than a budget for each load."""
    from pickle_migrate import dumps

    module = scratch.module("shop", OLD)
    node = None
    for number in range(5_000):
        node = module.Order(items=[number], next=node)
    data = dumps(node)
    step = "@migrates('shop:Order', 1)\n    def step(state):\n        state['items'].append(1)\n"
    scratch.module("shop", f"{NEW}\n    {step}")
    with watched() as watch:
        unpickler = loader.Unpickler(io.BytesIO(data))
        assert watch.touches(unpickler.load(), unpickler.memo.copy().values()) == []


def test_an_operation_on_a_field_is_watched_too(scratch):
    """A converter that sorts in place what another object holds."""
    module = scratch.module("shop", OLD)
    data = pickle.dumps([module.Order(items=(x := [2, 1])), module.Keeper(x=x)])
    scratch.module(
        "shop",
        NEW + "\n    def ordered(x):\n        x.sort(); return x"
        "\n    Lineage('shop:Order').upgrade(1, ConvertField('items', ordered))\n",
    )
    with watched() as watch:
        unpickler = loader.Unpickler(io.BytesIO(data))
        loaded = unpickler.load()
        (found,) = watch.touches(loaded, unpickler.memo.copy().values())
    assert found.operation == "convert 'items' with ordered"
    assert found.step.ref.qualname == "Order"
    assert loader.loads(data)[0].items == [1, 2]  # the steps themselves are back


def test_an_error_passes_and_the_steps_are_back(scratch):
    """A step that raises raises what it raises without a watch."""
    with pytest.raises(Exception, match="ValueError: no"):
        touches(scratch, "raise ValueError('no')", SHARED_LIST)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("state['tags'] = TAGS", "a list of its module, TAGS"),
        ("return {**state, 'tags': TAGS}", "a list of its module, TAGS"),
        ("state['tags'] = list(TAGS)", None),
        ("state['tags'] = tuple(TAGS)", None),
        ("state['tags'] = NAMES", None),
    ],
)
def test_a_container_of_the_module_is_not_put_into_every_object(scratch, step, told):
    """What one object changes in it, all have. A tuple of the module is everybody's."""
    found = touches(scratch, step, "obj = [Order(), Order()]")
    assert found == ([told] if told else [])


@pytest.mark.parametrize("factory", ["lambda: TAGS", "lambda x=[]: x"])
def test_a_factory_that_gives_the_same_each_time(scratch, factory):
    module = scratch.module("shop", OLD)
    data = pickle.dumps(module.Order(a=1))
    step = f"Lineage('shop:Order').upgrade(1, AddField('tags', factory={factory}))"
    scratch.module("shop", f"{NEW}\n    {step}\n")
    with watched() as watch:
        unpickler = loader.Unpickler(io.BytesIO(data))
        (found,) = watch.touches(unpickler.load(), ())
    assert found.shared
