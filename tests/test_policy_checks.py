"""Arguments of allowed callables take no more than the pickle accounts for."""

from __future__ import annotations

import collections
import copyreg
import pickle
from decimal import Decimal
from fractions import Fraction

import pytest

from pickle_migrate import Policy, loads
from pickle_migrate.errors import LimitError, PolicyError
from pickle_migrate.policy_checks import Budget, Refused, checked

STANDARD = Policy(presets=["standard"])


class Call:
    """Pickles as a call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def deep_tuple(levels: int):
    value = ()
    for _ in range(levels):
        value = (value, value)
    return value


@pytest.mark.parametrize(
    "call",
    [
        Call(bytearray, 2**33),
        Call(bytes, 2**33),
        Call(list, range(10**10)),
        Call(tuple, range(10**10)),
        Call(set, range(10**10)),
        Call(frozenset, range(10**25)),
        Call(collections.deque, range(10**10)),
        Call(collections.Counter, range(10**10)),
        Call(Fraction, "1e999999999"),
        Call(Fraction, 1 << 10**6),
        Call(Decimal, 1 << 10**6),
        Call(int, "9" * 10_000),
        Call(float, "1" * 10_000),
        Call(str, [[[]]]),
        Call(type, "Made", (), {}),
        Call(type, 3),
        Call(bytearray, "x", "idna"),
        Call(str, b"x", "hostile"),
        Call(set, [deep_tuple(40)]),
    ],
    ids=lambda call: f"{call.call[0].__name__}-{type(call.call[1][0]).__name__}",
)
def test_calls_that_ask_for_more_than_there_is(call):
    """Allocation by number, computing by number, hashing what is shared: refused at the call."""
    for protocol in (2, 5):
        with pytest.raises((PolicyError, LimitError)) as caught:
            loads(pickle.dumps(call, protocol), policy=STANDARD)
        assert getattr(caught.value, "rule", "arguments") == "arguments"


def test_an_honest_call_costs_its_arguments_once():
    """A list that the pickle holds once may be copied about once, however large."""
    items = list(range(200_000))
    assert loads(pickle.dumps(Call(set, items), 2), policy=STANDARD) == set(items)


def test_copies_of_one_list_again_and_again():
    """A thousand sets of one list take a thousand times what the pickle holds."""
    items = list(range(1_000))
    data = pickle.dumps([Call(set, items) for _ in range(1_000)], 2)
    with pytest.raises(PolicyError, match="more than the whole pickle holds"):
        loads(data, policy=STANDARD)


def test_a_range_itself_is_no_harm():
    """It takes no memory until it is walked."""
    assert loads(pickle.dumps(range(10**12)), policy=STANDARD) == range(10**12)


def test_the_number_of_shared_tuples_in_a_frozenset():
    """Hashing walks them as often as they are shared; honest ones are few."""
    value = frozenset([(1, (2, (3, "x"))), (4, 5)])
    for protocol in range(6):
        assert loads(pickle.dumps(value, protocol), policy=STANDARD) == value


class Bytes(bytearray):
    """A class of the user's that can be given a length."""


@pytest.mark.parametrize(
    "call",
    [
        Call(copyreg._reconstructor, Bytes, bytearray, 2**33),
        Call(copyreg._reconstructor, Bytes, list, range(10**10)),
        Call(copyreg._reconstructor, Bytes, Bytes, 3),
    ],
)
def test_makers_of_instances_pass_no_number_on(call):
    """What copyreg's functions hand to a built-in base is checked as a call of it."""
    policy = Policy(allow=[f"{__name__}:Bytes"], presets=["standard"])
    for protocol in (0, 4):
        with pytest.raises(PolicyError, match="arguments"):
            loads(pickle.dumps(call, protocol), policy=policy)


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02c%b\nBytes\nI8589934592\n\x85\x81.",
        b"\x80\x04c%b\nBytes\n)}\x8c\x06sourceI8589934592\ns\x92.",
        b"c%b\nBytes\n(I8589934592\ntR.",
        b"(I8589934592\ni%b\nBytes\n.",
        b"ccopyreg\n__newobj__\n(c%b\nBytes\nI8589934592\ntR.",
        b"ccopyreg\n__newobj_ex__\n(c%b\nBytes\n(I8589934592\nt}tR.",
    ],
)
def test_a_class_of_the_user_s_is_given_no_length(data):
    """That it is made of bytes shows when it is imported; then its arguments are looked at."""
    policy = Policy(allow=[f"{__name__}:Bytes"], presets=["standard"])
    with pytest.raises(PolicyError, match="arguments"):
        loads(data % __name__.encode(), policy=policy)
    assert loads(pickle.dumps(Bytes(b"ab"), 4), policy=policy) == Bytes(b"ab")


def test_a_check_runs_before_the_call():
    """And its phrase becomes the caller's error."""

    def check(args, budget):
        raise Refused("is called so")

    made = checked(lambda: 1 / 0, check, Budget.of(1), ValueError)
    with pytest.raises(ValueError, match="is called so"):
        made()


def test_every_checked_type_still_loads():
    """Values of each, as picklers write them, at every protocol."""
    values = [
        {1, 2}, frozenset([1]), bytearray(b"ab"), b"\x80ab", 1j, Decimal("1.50"), Fraction(2, 3),
        collections.deque([1, 2], 5), collections.OrderedDict(a=1), collections.Counter("aab"),
        collections.defaultdict(set, {1: {2}}), collections.defaultdict(list, {1: [2]}),
        collections.UserList([1]), type(None), type(NotImplemented), type(...), list[int],
    ]  # fmt: skip
    for protocol in range(6):
        loaded = loads(pickle.dumps(values, protocol), policy=STANDARD)
        assert repr(loaded) == repr(values)
        assert [type(one) for one in loaded] == [type(one) for one in values]
