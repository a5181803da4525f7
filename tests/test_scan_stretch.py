"""What was read at once is as known as the rest when it is asked for."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate.scan_entries import Frozen, FrozenShape
from pickle_migrate.scan_model import Box
from pickle_migrate.scan_reader import Reader
from pickle_migrate.scan_run import run


def machines(data, protocol):
    """The machine that skims, and the one that does not, before STOP's result is taken."""
    data = pickle.dumps(data, protocol)
    found = []
    for skims in (True, False):
        reader = Reader(data, 0)
        run(reader, skims=skims)
        found.append(reader.machine)
    return found


def told(entry):
    shape = entry.shape if isinstance(entry, Box) else entry
    return getattr(shape, "weights", shape)


@pytest.mark.parametrize("protocol", range(6))
def test_every_memo_key_is_the_same(protocol):
    """Texts by where they stand, values by how heavy they are."""
    rows = [{"id": n, "name": f"n{n}", "in": [n, (n, "x")]} for n in range(1500)]
    fast, exact = machines(rows, protocol)
    assert any(isinstance(fast.memo.raw(key), Frozen) for key in range(len(fast.memo)))
    pairs = list(zip(fast.memo.items(), exact.memo.items(), strict=True))
    assert [(k, told(e)) for (k, e), _ in pairs] == [(k, told(e)) for _, (k, e) in pairs]
    assert not any(isinstance(fast.memo.raw(key), Frozen) for key in range(len(fast.memo)))


@pytest.mark.parametrize("protocol", [2, 4])
def test_texts_are_found_without_reading_again(protocol):
    """Values stay frozen then."""
    fast, exact = machines([[n, f"n{n}"] for n in range(2000)], protocol)
    for stretch in fast.frozen:
        stretch.find_texts()
    texts = [k for k in range(len(exact.memo)) if isinstance(exact.memo.get(k), int)]
    assert [fast.memo.raw(k) for k in texts] == [exact.memo.get(k) for k in texts]
    assert any(isinstance(fast.memo.raw(k), Frozen) for k in range(len(fast.memo)))


def test_entries_on_the_stack_are_put_back():
    """Those that are still there, at their places, with the memo's identity."""
    rows = [[n, f"n{n}"] for n in range(700)]
    data = pickle.dumps(rows, 4)
    reader = Reader(data[: data.rindex(b"e")] + b"0" * 20, 0)
    with pytest.raises(pickle.UnpicklingError):
        run(reader)
    stack = reader.machine.stack
    frozen = [entry for entry in stack if isinstance(entry, FrozenShape)]
    assert frozen
    for entry in set(frozen):
        entry.frozen.thaw()
    assert not any(isinstance(entry, FrozenShape) for entry in stack)
    boxes = [entry for entry in stack if isinstance(entry, Box)]
    assert all(reader.machine.memo.get(box.key) is box for box in boxes)
