"""Where a callable is a value too, the calls are seen in a load in which nothing is real."""

from __future__ import annotations

import collections
import io
import pickle

import pytest

from pickle_migrate import Policy, Unpickler, loads
from pickle_migrate.errors import PolicyError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.rehearsal import Inert, is_needed

POLICY = Policy(allow=[f"{__name__}:*"], presets=["standard"])
RAN: list[str] = []


class Noisy:
    """Its code must not run in a rehearsal."""

    def __init__(self):
        RAN.append("init")

    def __setstate__(self, state):
        RAN.append("setstate")
        self.__dict__.update(state)


class Call:
    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def mixed(*calls):
    """The callables as values beside their calls."""
    return [*{call.call[0] for call in calls}, *calls]


@pytest.mark.parametrize("protocol", range(6))
def test_a_value_and_a_call_of_one_name(protocol):
    """The type is itself where it is a value, and its calls are checked all the same."""
    value = collections.defaultdict(set, {1: {2}})
    loaded = loads(pickle.dumps([value, {3}, set], protocol), policy=POLICY)
    assert loaded == [value, {3}, set]
    assert loaded[0].default_factory is set
    for call in (Call(bytearray, 2**33), Call(list, range(10**10)), Call(set, range(10**10))):
        with pytest.raises(PolicyError, match="arguments"):
            loads(pickle.dumps(mixed(call), protocol), policy=POLICY)


def test_when_a_rehearsal_is_needed():
    """For a checked callable that is a value too, and for what numpy gives by state."""
    assert not is_needed(GlobalRef("builtins", "set"), ("called",))
    assert not is_needed(GlobalRef("builtins", "set"), ("named",))
    assert is_needed(GlobalRef("builtins", "set"), ("called", "named"))
    assert is_needed(GlobalRef("numpy", "dtype"), ("called",))
    assert not is_needed(GlobalRef("shop", "Order"), ("called", "named"))


def test_no_code_of_the_user_s_runs_twice():
    """The rehearsal has stand-ins for it."""
    made = Noisy()
    made.x = {1}
    RAN.clear()
    loaded = loads(pickle.dumps([made, set], 2), policy=POLICY)
    assert loaded[0].x == {1}
    assert RAN == ["setstate"]
    RAN.clear()
    with pytest.raises(PolicyError):
        loads(pickle.dumps([made, *mixed(Call(bytearray, 9))], 2), policy=POLICY)
    assert RAN == []


def test_pickles_in_a_row_that_share_a_memo():
    """What the later ones name may stand in the earlier ones."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file, 2)
    shared = [{1}, set]
    for value in (shared, [shared, {2}], [set, {3}]):
        pickler.dump(value)
    file.seek(0)
    unpickler = Unpickler(file, policy=POLICY)
    assert [unpickler.load() for _ in range(3)] == [shared, [shared, {2}], [set, {3}]]


def test_buffers_are_read_twice():
    """An iterator of them as well."""
    buffers: list[pickle.PickleBuffer] = []
    value = [pickle.PickleBuffer(bytearray(b"abc")), {1}, set]
    data = pickle.dumps(value, 5, buffer_callback=buffers.append)
    loaded = loads(data, policy=POLICY, buffers=iter([bytes(b) for b in buffers]))
    assert bytes(loaded[0]) == b"abc"


def test_an_inert_object_takes_everything():
    """Arguments, states, items, and counts them."""
    made = Inert(1, x=2)
    made.__setstate__({"a": 1})
    made.append(1)
    made.extend([1, 2])
    made.add(1)
    made["a"] = 1
    assert len(made) == 5
    assert made
    assert len({made, Inert()}) == 2
