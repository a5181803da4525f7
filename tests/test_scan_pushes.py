"""Opcodes that push a value whose argument is looked at."""

from __future__ import annotations

import io
import pickle

import pytest

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.scan_values import Extension
from pickle_migrate.scanner import scan

TAKEN = [b"I12\n", b"I01\n", b"L5L\n", b"F1.5\n", b"S'a'\n", b"Va\n", b"U\x01a", b"T\x01\0\0\0a"]
TAKEN += [b"\x8a\x01\x05", b"\x8b\x01\0\0\0\x05", b"C\x01a", b"B\x01\0\0\0a", b"X\x01\0\0\0a"]
REFUSED = [b"Ix\n", b"I\n", b"Lx\n", b"F 1\n", b"Sa\n", b"S'a\n", b"V\\u00\n", b"P\xe9\n"]
REFUSED += [b"\x8b\xff\xff\xff\xff", b"\x82\0", b"\x84\xff\xff\xff\xff", b"T\xff\xff\xff\xffa"]


@pytest.mark.parametrize("data", TAKEN)
def test_taken(data):
    """By C and by the scan."""
    assert pickle.loads(data + b".") is not None
    assert scan(data + b".").opcodes == 2


@pytest.mark.parametrize("data", REFUSED)
def test_refused(data):
    """By C and by the scan, at the opcode."""
    with pytest.raises((pickle.UnpicklingError, ValueError)):
        pickle.loads(b"N" + data + b".")
    with pytest.raises(PickleFormatError) as caught:
        scan(b"N" + data + b".")
    assert caught.value.offset == 1


def test_extensions():
    """By their number, with what is done to them."""
    found = scan(b"(\x82\x07)\x81\x83\x07\x00\x84\x01\x00\x01\x00t.")
    assert found.extensions == (
        Extension(7, 1, ("instantiated", "named"), 2),
        Extension(65537, 8, ("named",), 1),
    )
    assert found.globals == ()


def test_persistent_ids_and_buffers():
    """Counted, with the first offsets."""
    found = scan(b"(Pa\nNQ" + b"\x97\x98" * 20 + b"t.")
    assert (found.persistent_ids, found.persistent_id_offsets) == (2, (1, 5))
    assert found.buffers == 20
    assert found.buffer_offsets == tuple(range(6, 22, 2))

    class Reader(pickle.Unpickler):
        def persistent_load(self, pid):
            return pid

    loaded = Reader(io.BytesIO(b"(Pa\nNQt."), buffers=[]).load()
    assert loaded == ("a", None)


@pytest.mark.parametrize("text", [b"Va\\u002eb\n", b"S'a\\x2eb'\n", b"\x8c\x03a.b", b"U\x03a.b"])
def test_texts_are_names(text):
    """Whatever opcode wrote them."""
    (found,) = scan(b"\x8c\x01m" + text + b"\x93.").globals
    assert found.ref.qualname == "a.b"


def test_a_text_that_depends_on_the_encoding_is_no_name():
    """Python 2's bytes above 127 mean what the reader's ``encoding`` says."""
    found = scan(b"\x8c\x01mU\x01\xe9\x93.")
    assert found.globals == ()
    assert [u.offset for u in found.unresolvable] == [6]
