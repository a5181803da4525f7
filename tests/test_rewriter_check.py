"""What is not the old pickle with new names is found, wherever it differs."""

from __future__ import annotations

import pickle

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate import rewriter_check
from pickle_migrate.errors import VerificationError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter import renamed
from pickle_migrate.rewriter_check import check
from pickle_migrate.rewriter_splice import Spliced, spliced
from pickle_migrate.scanner import scan


class Order:
    def __init__(self, number):
        self.number = number


def new_ref(g):
    return GlobalRef("store", "Sale") if g.ref.qualname == "Order" else None


LARGE = pickle.dumps([Order(n) for n in range(300)], 4)
SMALL = pickle.dumps(Order(1), 2)
LATE = pickle.dumps([list(range(300)), Order(1)], 4)
ROW = SMALL + pickle.dumps(list(range(99)), 4) + LARGE + b"the end"
KINDS = {"large": LARGE, "small": SMALL, "late": LATE, "row": ROW}


def work_of(data):
    """What ``renamed`` hands to the check."""
    kept = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rewriter_check, "check", kept.append)
        renamed(data, new_ref)
    return kept[0]


WORKS = {name: work_of(data) for name, data in KINDS.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_right_passes(kind):
    """The work as it was done."""
    check(WORKS[kind])


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_a_byte_that_differs_is_found(kind, draw):
    """Anywhere, whether it has to do with names or not."""
    work = WORKS[kind]
    at = draw.draw(st.integers(0, len(work.new) - 1))
    byte = draw.draw(st.integers(0, 255).filter(lambda b: b != work.new[at]))
    broken = [
        work.new[:at] + bytes([byte]) + work.new[at + 1 :],
        work.new[:at] + work.new[at + 1 :],
        work.new[:at] + b"N" + work.new[at:],
        work.new[:at],
    ]
    for new in broken:
        with pytest.raises(VerificationError):
            check(attrs.evolve(work, new=new))


def redone(work, edits):
    """The same work with other edits, as a mistake in choosing them would make it."""
    return attrs.evolve(work, edits=Spliced(work.old, edits), new=spliced(work.old, edits))


@pytest.mark.parametrize("kind", KINDS)
def test_edits_that_are_wrong_are_found(kind):
    """One that is left out, another name, a memo key, a value too many, another protocol."""
    work = WORKS[kind]
    start, end, new = next(e for e in work.edits if b"Sale" in e[2])
    others = [e for e in work.edits if e[0] != start]
    other_protocol = (1, 2, b"\x03")
    for wrong in (
        others,
        [*others, (start, end, new.replace(b"Sale", b"Salt"))],
        [*others, (start, end, new.replace(b"\x93", b"\x94\x93") + b"N0q\x09")],
        [*others, (start, end, new + b"N")],
        [other_protocol, *work.edits],
    ):
        with pytest.raises(VerificationError):
            check(redone(work, sorted(wrong)))


def test_a_shared_row_is_scanned_as_one():
    """Later pickles read the memo of earlier ones."""
    data = b"\x80\x02cshop\nOrder\nq\x00.\x80\x02h\x00."
    work = work_of(data)
    check(work)
    for wrong in ([], [(2, 14, b"cstore\nSale\n0N")], [(2, 14, b"cstore\nSole\n")]):
        with pytest.raises(VerificationError):
            check(redone(work, wrong))


def test_only_the_beginning_is_scanned_twice(monkeypatch):
    """A large pickle that names its classes at once is not scanned to its end again."""
    monkeypatch.setattr(rewriter_check, "scan_one", None)
    assert new_names(renamed(LARGE, new_ref)) == new_names(WORKS["large"].new)
    with pytest.raises(TypeError):
        renamed(LATE, new_ref)


def new_names(data):
    return [g.ref for g in scan(data).globals]
