"""Arguments are cut out with the checks of the C unpickler, and nothing is allocated for claims."""

from __future__ import annotations

import mmap
import pickle
import resource
import subprocess
import sys
import textwrap

import pytest

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.opcodes import ALL, BY_CODE
from pickle_migrate.scan_reader import Reader
from pickle_migrate.scan_run import run
from pickle_migrate.scanner import scan

SMALL = pickle.dumps([{"a": (1, b"x" * 300)}, 2**80, "text"], 4)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer(kind):
    """Read in place, whatever it is; also a view that is not contiguous."""
    assert scan(kind(SMALL)) == scan(SMALL)
    doubled = bytes(b for byte in SMALL for b in (byte, 0))
    assert scan(memoryview(doubled)[::2]) == scan(SMALL)


def test_a_mapped_file(tmp_path):
    """And one that starts in the middle."""
    path = tmp_path / "file"
    path.write_bytes(b"head" + SMALL)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        found = scan(view, 4)
    assert (found.start, found.end) == (4, 4 + len(SMALL))


SPARSE = """
    import mmap, os, resource, sys
    from pickle_migrate.scanner import scan
    path, opcode = sys.argv[1], bytes.fromhex(sys.argv[2])
    size = (1 << 31) + (1 << 28)
    with open(path, "wb") as file:
        file.write(b"\\x80\\x05" + opcode + size.to_bytes(8, "little"))
        file.seek(size, os.SEEK_CUR)
        file.write(b"\\x94.")
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = scan(view)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(found.longest - size, found.end - size, after - before)
"""


@pytest.mark.parametrize("opcode", ["8e", "96", "8d"])
def test_a_large_array_costs_no_memory(opcode, tmp_path):
    """More than 2 GB in one argument: BINBYTES8, BYTEARRAY8 and BINUNICODE8 are stepped over."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SPARSE), tmp_path / "large", opcode],
        capture_output=True,
        check=True,
        text=True,
    )
    longest, rest, kilobytes = map(int, done.stdout.split())
    assert (longest, rest) == (0, 13)
    assert kilobytes < 20_000


def test_the_memory_of_a_scan_is_looked_at():
    """The measure above can tell: this process has used more than nothing."""
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 20_000


@pytest.mark.parametrize("length", range(len(SMALL)))
def test_cut_short(length):
    """Every prefix of a pickle is refused, at a byte that is there or where the data ends."""
    with pytest.raises(PickleFormatError) as caught:
        scan(SMALL[:length])
    assert 0 <= caught.value.offset <= length


WITH_ARGUMENTS = [op for op in ALL if op.fixed or op.prefix or op.lines]


@pytest.mark.parametrize("op", WITH_ARGUMENTS, ids=lambda op: op.name)
def test_each_argument_cut_short(op):
    """With something on the stack for those that need it."""
    whole = bytes([op.code]) + b"1\n1\n" * 3
    for length in range(1, 1 + max(op.fixed, op.prefix, op.lines)):
        with pytest.raises(PickleFormatError):
            scan(b"NN(" + whole[:length])


CODES = [bytes([code]) for code in range(256) if code not in BY_CODE]


@pytest.mark.parametrize("code", CODES)
def test_opcodes_that_do_not_exist(code):
    """Of a future protocol, or none: refused by the byte, at its place."""
    with pytest.raises(PickleFormatError, match=f"no opcode 0x{code.hex()}") as caught:
        scan(b"N" + code + b".")
    assert caught.value.offset == 1


def test_a_future_protocol():
    """Named in the error."""
    with pytest.raises(PickleFormatError, match="no protocol 6") as caught:
        scan(b"\x80\x06N.")
    assert caught.value.offset == 0


def test_reading_stops_and_goes_on():
    """At any opcode: what is then in the reader is all that is needed."""
    data = b"\x80\x04\x95\x0b" + bytes(7) + b"](K\x01K\x02e\x94\x85." + b"N"
    whole = Reader(data, 0)
    run(whole)
    for until in range(len(data) - 1):
        parts = Reader(data, 0)
        run(parts, until)
        assert until <= parts.at < until + 9
        run(parts)
        for name in ("at", "opcodes", "used", "frames", "protocol", "frame_end", "longest"):
            assert getattr(parts, name) == getattr(whole, name), name
        assert parts.machine.weight == whole.machine.weight


def test_dunders_that_matter():
    """Any text with two underscores at both ends, plain or escaped; not the names of modules."""

    def names(data):
        reader = Reader(data, 0)
        reader.at = len(data)
        return reader.names_dunders()

    assert names(b"..__class__q\x05")
    assert names(b"V\\u005f_class_\\u005f\n")
    assert names(b"S'\\x5f_class__'")
    assert not names(b"c__main__\nA\n")
    assert not names(b"__init _a_ __")
    assert names(b"__" * 100_000)
