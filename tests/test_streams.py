"""One pickle is taken from a file as a whole, and not a byte more."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle

import pytest

from pickle_migrate import streams
from pickle_migrate.errors import LimitError, NoPickleError, PickleFormatError
from pickle_migrate.scanner import scan

VALUES = [{"a": [1, 2.5, None]}, "text\n" * 30_000, b"bytes" * 50_000, list(range(5_000)), ()]
ROW = [pickle.dumps(value, protocol) for value in VALUES for protocol in range(6)]


class Pipe(io.RawIOBase):
    """A file that cannot go back, and that counts what is read of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self.data[self.at : self.at + len(buffer)]
        buffer[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)


def opened(kind: str, data: bytes, folder):
    if kind == "memory":
        return io.BytesIO(data)
    if kind == "pipe":
        return Pipe(data)
    path = folder / kind
    write = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}.get(kind, open)
    with write(path, "wb") as file:
        file.write(data)
    return write(path, "rb")


@pytest.mark.parametrize("kind", ["memory", "file", "gzip", "bz2", "xz", "pipe"])
def test_pickles_in_a_row_are_taken_one_by_one(kind, tmp_path):
    """Each is what was written, at every protocol, whatever the file can do."""
    with opened(kind, b"".join(ROW) + b"rest", tmp_path) as file:
        for data in ROW:
            taken = streams.take(file, scan)
            assert taken.data == data
            assert taken.scan == scan(data)
        assert file.read() == b"rest"


def test_a_pipe_is_not_read_beyond_the_pickle():
    """Whoever writes into it waits for an answer: one more byte would never come."""
    for data in ROW:
        pipe = Pipe(data + b"x")
        assert streams.take(pipe, scan).data == data
        assert pipe.at == len(data)


def test_a_real_pipe():
    """What is not written yet is not waited for."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb", 0) as out:
        for data in [one for one in ROW if len(one) < 10_000]:
            out.write(data)
            assert streams.take(file, scan).data == data


@pytest.mark.parametrize("kind", ["memory", "pipe"])
def test_the_end_is_an_eof_error(kind, tmp_path):
    """As pickle has it, so that loops over pickles in a row end."""
    with opened(kind, b"", tmp_path) as file, pytest.raises(NoPickleError) as caught:
        streams.take(file, scan)
    assert isinstance(caught.value, EOFError)


@pytest.mark.parametrize("kind", ["memory", "pipe"])
@pytest.mark.parametrize("data", [ROW[0][:-1], ROW[5][:-3], b"\xff", b"\x80\x04\x95" + b"\xff" * 8])
def test_a_damaged_pickle_is_told_by_the_scan(kind, data, tmp_path):
    """Cut short, an unknown opcode, a frame of 2**64 bytes: no claim reserves memory."""
    with opened(kind, data, tmp_path) as file, pytest.raises(PickleFormatError):
        streams.take(file, scan)


def test_the_limit_of_size_holds_while_a_pipe_is_read():
    """An endless stream is left."""
    with pytest.raises(LimitError) as caught:
        streams.take(Pipe(pickle.dumps("x" * 100_000)), scan, most=1_000)
    assert (caught.value.limit, caught.value.allowed) == ("size", 1_000)


def test_offsets_are_told_from_the_start_of_the_file():
    """Where one can know it."""
    file = io.BytesIO(b"....." + ROW[0])
    file.seek(5)
    assert streams.take(file, scan).before == 5


def test_a_feed_gives_what_was_put_into_it():
    """And drops what was left of the pickle before."""
    feed = streams.Feed()
    file = io.BufferedReader(feed, 16)
    feed.put(b"abc" * 20)
    assert file.read(60) == b"abc" * 20
    feed.put(b"def")
    assert file.read() == b"def"
