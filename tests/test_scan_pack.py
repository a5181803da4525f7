"""Many values on the stack take little memory, and nothing else changes."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate import scan_model, scan_pack
from pickle_migrate.errors import PickleFormatError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_entries import EMPTY_LIST, EMPTY_TUPLE, NOTHING, Box, Named
from pickle_migrate.scan_pack import BLOCK, Pack, can_pack, spread
from pickle_migrate.scanner import scan

PLAIN = st.sampled_from([None, EMPTY_LIST, EMPTY_TUPLE]) | st.integers(0, 2**40)


@given(st.lists(PLAIN, min_size=1))
def test_a_pack_is_its_values(values):
    """In their order, the very same shapes."""
    assert can_pack(values)
    found = spread([None, Pack(values, NOTHING, 0), 7])
    assert found == [None, *values, 7]


@pytest.mark.parametrize(
    "entry", [Named(GlobalRef("m", "n"), 0, 4), Box(EMPTY_LIST, 0), -1], ids=lambda e: type(e)
)
def test_what_may_change_is_not_packed(entry):
    """Globals, values with an identity, and texts that are yet to be found."""
    assert not can_pack([None, entry])


@pytest.fixture
def _small_blocks(monkeypatch):
    for module in (scan_pack, scan_model):
        monkeypatch.setattr(module, "BLOCK", 4)
    monkeypatch.setattr(scan_pack, "_TOPMOST", 2)


OPCODES = [b"N", b"K\x01", b")", b"]", b"(", b"t", b"l", b"e", b"d", b"u", b"0", b"1", b"2"]
OPCODES += [
    b"a",
    b"s",
    b"\x85",
    b"\x86",
    b"\x87",
    b"V\n",
    b"\x8c\x01m",
    b"\x93",
    b"q\x00",
    b"h\x00",
]
OPCODES += [b"\x8f", b"}", b"\x90", b"\x91", b"R", b"b", b"cm\nn\n"]


@pytest.mark.usefixtures("_small_blocks")
@given(st.lists(st.sampled_from(OPCODES[:4]) | st.sampled_from(OPCODES), max_size=60))
def test_programs_mean_the_same(opcodes):
    """Packed after each opcode, or never."""
    from pickle_migrate.scan_reader import Reader
    from pickle_migrate.scan_steps import advance

    def read(packs):
        r = Reader(b"".join(opcodes) + b".", 0)
        try:
            while not advance(r, 1):
                if packs:
                    r.machine.pack()
        except PickleFormatError as error:
            return str(error)
        m = r.machine
        refs = [(n.ref, n.offset, n.uses) for n in m.named.values()]
        kinds = [(kind, told) for (kind, _), told in m.effects.items()]
        weights = m.weight, m.depth, m.hash_weight, m.hash_depth
        return refs, kinds, weights, m.unresolvable, m.late, len(m.memo)

    assert read(packs=True) == read(packs=False)


@pytest.mark.parametrize("flood", [b"N", b"]", b"\x97"])
def test_floods(flood):
    """At most 4 times the size of what was read, though each byte pushes a value."""
    data = b"(" + flood * 700_000 + b"t."
    scan(b"(" + flood * 10_000 + b"t.")
    tracemalloc.start()
    found = scan(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.end == len(data)
    assert peak < 4 * len(data) + (1 << 20)


def test_a_long_tuple_keeps_its_globals():
    """And they are told as named."""
    found = scan(b"(" + b"N" * (3 * BLOCK) + b"cm\nn\n" + b"N" * (3 * BLOCK) + b"t.")
    (named,) = found.globals
    assert named.uses == ("named",)
    assert found.expansion == 6 * BLOCK + 2
