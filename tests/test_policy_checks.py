"""Arguments of allowed callables take no more than the pickle accounts for."""

from __future__ import annotations

import collections
import copyreg
import ipaddress
import operator
import pickle
import typing
from decimal import Decimal
from fractions import Fraction

import pytest

from pickle_migrate import Policy, loads
from pickle_migrate.errors import LimitError, PolicyError
from pickle_migrate.policy_checks import CHECKS, Budget, Refused, checked

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


NETWORK = ipaddress.ip_network("::/0")


@pytest.mark.parametrize(
    "function",
    [list, tuple, set, frozenset, collections.deque, collections.Counter, collections.UserList],
)
@pytest.mark.parametrize("named_too", [False, True])
def test_the_addresses_of_a_network_are_not_copied(function, named_too):
    """A network goes on for 2**128 addresses, and has no length that would say so."""
    call = Call(function, NETWORK)
    data = pickle.dumps([NETWORK, function, call] if named_too else call)
    with pytest.raises(PolicyError, match="is called with"):
        loads(data, policy=STANDARD)


@pytest.mark.parametrize("number", [2, 4])
def test_an_exception_group_is_made_of_a_list(number):
    """Its constructor goes through whatever it is given, however it is called."""
    group = ExceptionGroup("both", [ValueError(1), KeyError(2)])
    found = loads(pickle.dumps(group, number), policy=STANDARD)
    assert [type(e) for e in found.exceptions] == [ValueError, KeyError]
    with pytest.raises(PolicyError):
        loads(pickle.dumps(Call(ExceptionGroup, "x", NETWORK), number), policy=STANDARD)
    with pytest.raises(PolicyError):
        loads(b"\x80\x02cbuiltins\nExceptionGroup\nX\x01\x00\x00\x00x]\x86\x81.", policy=STANDARD)


def test_networks_themselves_are_data():
    """They are loaded, also in lists and as keys."""
    value = {NETWORK: [NETWORK], "factory": collections.defaultdict(list[int], {1: []})}
    assert loads(pickle.dumps(value), policy=STANDARD) == value


def aliases(levels: int):
    """Aliases of aliases, each twice in the next: opcodes, since making one is not the work."""
    one = b"\x8c\x05types\x8c\x0cGenericAlias\x93\x8c\x08builtins\x8c\x04list\x93"
    data = b"\x80\x04}" + one + b"K\x01K\x01\x86\x86R\x94"
    for level in range(levels):
        shared = b"h" + bytes([level])
        data += b"0" + one + shared + shared + b"\x86\x86R\x94"
    return data + b"K\x01s."


def test_aliases_shared_again_and_again_are_not_hashed():
    """As a key, an alias is hashed through all of its arguments."""
    assert len(loads(aliases(3), policy=STANDARD)) == 1
    with pytest.raises(PolicyError, match="more than the whole pickle holds"):
        loads(aliases(40), policy=STANDARD)


def test_typing_compiles_no_text():
    """``Optional["..."]`` compiles what it is given; in ``Literal`` a text is a value."""
    value = [typing.Literal["a", "b"], list[int], dict[str, list[int]]]
    assert loads(pickle.dumps(value), policy=STANDARD) == value
    call = Call(operator.getitem, typing.Optional, "-" * 1000 + "1")
    with pytest.raises(PolicyError, match="compiled"):
        loads(pickle.dumps(call), policy=STANDARD)


@pytest.mark.parametrize(
    ("key", "args"),
    [
        (("pandas", "Timestamp"), (0, None, "dateutil//etc/hostname")),
        (("pandas", "Timestamp"), (0, None, None, 1)),
        (("pandas.core.indexes.base", "_new_Index"), (object, {"tz": "dateutil//etc/hostname"})),
        (("pandas.core.indexes.base", "_new_Index"), (object, {"dtype": "datetime64[ns, UTC]"})),
        (("pandas.core.indexes.base", "_new_Index"), (object, {"data": range(10**10)})),
        (("pandas._libs.internals", "BlockPlacement"), (range(10**10),)),
    ],
)
def test_pandas_opens_no_zone_and_copies_no_range(key, args):
    """The name of a time zone is the name of a file."""
    with pytest.raises(Refused):
        CHECKS[key](args, Budget.of(100))
