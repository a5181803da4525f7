"""Loads under a policy or limits: scanned and decided first, and else as without."""

from __future__ import annotations

import collections
import datetime
import gzip
import io
import pickle
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate import Limits, Policy, Registry, Unpickler, load, loads
from pickle_migrate.errors import LimitError, PickleFormatError, PolicyError

STANDARD = Policy(presets=["standard"])
SEVERAL = [{"a": 1}, [1, 2, {3}], "text" * 30_000, (None, 2.5)]


class Mark:
    """Says that it was made."""

    made = 0

    def __setstate__(self, state):
        Mark.made += 1


@pytest.mark.parametrize("opened", [io.BytesIO, tempfile.TemporaryFile])
@pytest.mark.parametrize("protocol", range(6))
def test_several_in_a_row(opened, protocol):
    """The file stands behind each pickle, until its end."""
    data = b"".join(pickle.dumps(value, protocol) for value in SEVERAL)
    with opened() as file:
        file.write(data)
        file.seek(0)
        for value in SEVERAL:
            assert load(file, policy=STANDARD) == value
        with pytest.raises(EOFError):
            load(file, policy=STANDARD)


def test_the_file_stands_behind_a_pickle_that_was_refused():
    """So one can go on with the next."""
    bad = pickle.dumps(Mark(), 4)
    file = io.BytesIO(bad + pickle.dumps([1]))
    with pytest.raises(PolicyError):
        load(file, policy=STANDARD)
    assert file.tell() == len(bad)
    assert load(file, policy=STANDARD) == [1]


def test_a_compressed_file(tmp_path):
    """In which going back means to begin anew."""
    with gzip.open(tmp_path / "x.gz", "wb") as file:
        for value in SEVERAL:
            pickle.dump(value, file)
    with gzip.open(tmp_path / "x.gz") as file:
        unpickler = Unpickler(file, policy=STANDARD)
        assert [unpickler.load() for _ in SEVERAL] == SEVERAL


def test_offsets_count_from_the_start_of_the_file():
    """The place in the file is what one looks for."""
    first = pickle.dumps([1], 2)
    file = io.BytesIO(first + b"cos\nsystem\n.")
    load(file, policy=STANDARD)
    with pytest.raises(PolicyError) as caught:
        load(file, policy=STANDARD)
    assert caught.value.offset == len(first)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_every_kind(kind):
    """What follows the pickle is not looked at, as with pickle."""
    assert loads(kind(pickle.dumps({1}) + b"rest"), policy=STANDARD) == {1}


def test_limits_hold_before_anything_is_loaded():
    """With a policy, the default ones; without one, those that are given."""
    data = b"\x80\x02]r\x00\xe1\xf5\x05."  # LONG_BINPUT 100,000,000
    with pytest.raises(LimitError):
        loads(data, policy=STANDARD)
    with pytest.raises(LimitError) as caught:
        loads(pickle.dumps([1] * 100), limits=Limits(opcodes=50))
    assert caught.value.limit == "opcodes"
    assert loads(pickle.dumps(print), limits=Limits()) is print


def test_nothing_is_made_when_something_is_refused():
    """Also where the allowed object stands before it."""
    policy = Policy(allow=[f"{__name__}:Mark"], presets=["standard"])
    mark = Mark()
    mark.x = 1
    Mark.made = 0
    data = pickle.dumps(mark)[:-1] + b"cos\nsystem\n\x86."
    with pytest.raises(PolicyError):
        loads(data, policy=policy)
    assert Mark.made == 0
    loads(pickle.dumps(mark), policy=policy)
    assert Mark.made == 1


def test_damaged_pickles_are_told_before_they_are_loaded():
    """The same error as the scan's."""
    with pytest.raises(PickleFormatError):
        loads(pickle.dumps([1])[:-1], policy=STANDARD)


def test_after_a_load_that_failed_half_way():
    """The memo is not what the pickles say; the same unpickler loads no more."""
    file = io.BytesIO(b"cbuiltins\nint\n(S'x'\ntR." + pickle.dumps(1))
    unpickler = Unpickler(file, policy=STANDARD)
    with pytest.raises(ValueError, match="invalid literal"):
        unpickler.load()
    with pytest.raises(pickle.UnpicklingError, match="new Unpickler"):
        unpickler.load()
    assert load(file, policy=STANDARD) == 1


def test_a_name_that_stands_in_the_memo_of_the_pickle_before():
    """A Pickler that dumps twice writes it once; it is decided on again."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file, 2)
    for value in ([Mark], [Mark, Mark]):
        pickler.dump(value)
    file.seek(0)
    unpickler = Unpickler(file, policy=Policy(allow=[f"{__name__}:Mark"]))
    assert unpickler.load() == [Mark]
    assert unpickler.load() == [Mark, Mark]


def test_a_buffer_that_is_not_given():
    """Told before the load."""
    data = pickle.dumps(pickle.PickleBuffer(b"x"), 5, buffer_callback=lambda _: None)
    with pytest.raises(PolicyError, match="buffer"):
        loads(data, policy=STANDARD)
    assert bytes(loads(data, policy=STANDARD, buffers=[b"x"])) == b"x"


def test_a_trusting_policy_is_plain_pickle_with_limits():
    """All that pickle allows, and what is denied is refused."""
    trusting = Policy(trust=True, deny=["os:system", "posix:system", "nt:system"])
    assert loads(b"cbuiltins\neval\n(S'1+1'\ntR.", policy=trusting) == 2
    with pytest.raises(PolicyError):
        loads(b"cos\nsystem\n(S'echo caught'\ntR.", policy=trusting)


ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(),
    st.dates(), st.datetimes(), st.timedeltas(), st.uuids(), st.fractions(),
    st.decimals(allow_nan=False), st.complex_numbers(allow_nan=False), st.binary().map(bytearray),
    st.ip_addresses(), st.sampled_from([int, set, type(None), Ellipsis, datetime.UTC]),
)  # fmt: skip
HASHED = ATOMS.filter(lambda value: not isinstance(value, bytearray))
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.tuples(inner, inner),
        st.dictionaries(HASHED, inner, max_size=4),
        st.sets(HASHED, max_size=4), st.frozensets(HASHED, max_size=4),
        st.lists(inner, max_size=4).map(collections.deque),
        st.dictionaries(HASHED, inner, max_size=4).map(collections.OrderedDict),
        st.lists(inner, max_size=3).map(lambda items: collections.defaultdict(list, {1: items})),
    ),
    max_leaves=12,
)  # fmt: skip


@given(VALUES, st.integers(0, 5))
def test_data_load_as_with_pickle(value, protocol):
    """Whatever is made of built-in types and standard data, at every protocol."""
    data = pickle.dumps(value, protocol)
    loaded = loads(data, policy=STANDARD)
    assert loaded == pickle.loads(data)
    assert type(loaded) is type(value)


def test_the_registry_of_the_load_counts(scratch):
    """A policy that names none is asked about the classes of the one that load is given."""
    scratch.write("guarded_shop", "class Order: pass\n")
    registry = Registry()
    registry.rename("guarded_old:Order", "guarded_shop:Order")
    data = b"cguarded_old\nOrder\n."
    policy = Policy(presets=["registered"])
    assert loads(data, policy=policy, registry=registry).__name__ == "Order"
    with pytest.raises(PolicyError):
        loads(data, policy=policy)


@pytest.mark.parametrize("protocol", range(6))
def test_stamped_objects_of_every_version(scratch, protocol):
    """Current ones, older ones that are migrated, and such as hold bytes."""
    source = """
        @versioned({version})
        class Order:
            pass

        @versioned({version})
        class Blob(bytes):
            pass
        """
    old = scratch.module("guarded_stamps", source.format(version=1))
    order = old.Order()
    order.x = 1
    data = pickle.dumps([order, old.Blob(b"ab")], protocol)
    policy = Policy(presets=["registered", "standard"])
    loaded = loads(data, policy=policy)
    assert (loaded[0].x, loaded[1]) == (1, b"ab")
    steps = """
        Lineage("guarded_stamps:Order").upgrade(1, RenameField("x", "y"))
        Lineage("guarded_stamps:Blob").upgrade(1)
        """
    scratch.module("guarded_stamps", source.format(version=2) + steps)
    loaded = loads(data, policy=policy)
    assert (loaded[0].y, loaded[1]) == (1, b"ab")


@pytest.mark.parametrize("name", ["Blob", "Blob@1", "Blob@1!"])
@pytest.mark.parametrize("arguments", [b"(I30000000\nt", b"((I30000000\ntt"])
def test_a_stamp_gives_no_length(scratch, name, arguments):
    """Neither does the class itself, whichever way its newborn takes arguments."""
    scratch.module("guarded_blob", "@versioned(1)\nclass Blob(bytearray): pass\n")
    stamp = b"cpickle_migrate.stamps\nguarded_blob:%b\n" % name.encode()
    data = (stamp if "@" in name else b"cguarded_blob\nBlob\n") + arguments + b"R."
    with pytest.raises(PolicyError, match="length"):
        loads(data, policy=Policy(presets=["registered", "standard"]))
