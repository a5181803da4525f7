"""Steps exchanged in memory: what loads meanwhile uses the exchanged ones, and all is put back."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate import loads
from pickle_migrate.checks.steps import all_finishers, all_steps, changed_steps
from pickle_migrate.errors import GapError

OLD = "@versioned(1)\nclass Order:\n    pass\n"
NEW = """@versioned(3)
class Order:
    pass

Lineage("step_shop:Order").upgrade(1, AddField("a", default=1)).upgrade(2, AddField("b", default=2))
Lineage("step_shop:Order").finish(1, lambda obj: setattr(obj, "c", 3))
"""


@pytest.fixture
def data(scratch) -> bytes:
    module = scratch.module("step_shop", OLD)
    written = pickle.dumps(module.Order(), 4)
    scratch.module("step_shop", NEW)
    return written


def mine(steps):
    return [step for step in steps if step.ref.module == "step_shop"]


def test_a_step_and_a_finisher_that_are_dropped(data):
    """The gap is there while the block runs, also if the step ran before."""
    assert vars(loads(data)) == {"a": 1, "b": 2, "c": 3}
    with changed_steps(lambda step: None if step.version == 2 else step), pytest.raises(GapError):
        loads(data)
    with changed_steps(lambda step: step, lambda record, version, finisher: None):
        assert vars(loads(data)) == {"a": 1, "b": 2}
    assert vars(loads(data)) == {"a": 1, "b": 2, "c": 3}


def test_all_is_put_back_after_an_error(data):
    before = mine(all_steps())
    with pytest.raises(ZeroDivisionError), changed_steps(lambda step: 1 / 0):
        pass
    assert mine(all_steps()) == before
    assert [step.version for step in before] == [1, 2]
    assert [v for record, v, _ in all_finishers() if record.ref.module == "step_shop"] == [1]
    assert vars(loads(data)) == {"a": 1, "b": 2, "c": 3}
