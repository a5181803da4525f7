"""One file: every wrapping, the whole file accounted for, and what is no pickle said to be none."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import pickle
import random
import struct
import tarfile
import zipfile
import zlib

import pytest

from pickle_migrate import inspect_file as module
from pickle_migrate import policy
from pickle_migrate.discovery import Found
from pickle_migrate.inspect_file import inspect_data, inspect_file
from pickle_migrate.inspect_pickle import Options

OPTIONS = Options(policy.for_command())
PLAIN = pickle.dumps({"a": [1, 2, 3], "b": "text"}, 4)
EVIL = pickle.dumps([os.system], 4)


def inspected(data: bytes, name: str = "file.bin"):
    return inspect_data(data, Found(name, name, explicit=True), OPTIONS)


def rules(found):
    return [f.rule for f in found.findings]


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("inner.pkl", data)
    return file.getvalue()


def tarred(data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("inner.pkl")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


WRAPPINGS = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zlib": zlib.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "base64": base64.encodebytes,
    "a zip container": zipped,
    "a tar archive": tarred,
}


@pytest.mark.parametrize("name", WRAPPINGS)
def test_wrappings_are_taken_off(name):
    """By content, whatever the file is called; clean inside is clean, dangerous is dangerous."""
    found = inspected(WRAPPINGS[name](PLAIN))
    assert (found.verdict, found.status, found.wrappings) == ("clean", "complete", (name,))
    assert len(found.pickles) == 1
    found = inspected(WRAPPINGS[name](EVIL))
    assert found.verdict == "dangerous"


def test_one_inside_the_other():
    """And the facts of the file are those of its own bytes."""
    data = gzip.compress(tarred(zipped(bz2.compress(EVIL))))
    found = inspected(data)
    assert found.verdict == "dangerous"
    assert found.pickles[0].place == "member inner.pkl, member inner.pkl"
    assert (found.size, found.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_wrappings_end_somewhere():
    """A zip in a zip in a zip is not followed for ever."""
    data = EVIL
    for _ in range(8):
        data = zipped(data)
    found = inspected(data)
    assert rules(found) == ["not-read"]
    assert found.status == "incomplete"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "an empty file"),
        (b"Dear Ada,\nhow are you?\n", "a text file"),
        (b"N. America\n", "a text file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a PNG image"),
        (json.dumps({"a": [1, 2]}).encode(), "a text file"),
        (b"\xff\xfe\x00\x01" * 20, "binary data that does not begin like a pickle"),
    ],
)
def test_what_is_no_pickle_is_said_to_be_none(data, kind):
    """A finding only where the name promises a pickle."""
    found = inspected(data)
    assert (found.status, found.verdict, found.kind) == ("no pickle", "none", kind)
    assert found.is_clean
    named = inspected(data, "file.pkl.gz")
    assert (rules(named), named.verdict) == (["not-a-pickle"], "suspicious")


@pytest.mark.parametrize("data", [b"cos\nsystem\n(S'id'\ntR", b"cos\nsystem\n(S'id'\ntR!\n text"])
def test_a_text_that_an_unpickler_would_run_is_a_damaged_pickle(data):
    """No STOP, and yet it calls: whatever the rest of the file looks like."""
    found = inspected(data, "notes.txt")
    assert (found.status, found.verdict) == ("damaged", "dangerous")


@pytest.mark.parametrize("cut", range(4, len(EVIL)))
def test_a_file_that_was_cut_is_damaged(cut):
    """At any byte: never clean, never a file without pickles."""
    found = inspected(EVIL[:cut])
    assert found.verdict in ("suspicious", "dangerous")
    assert found.status in ("damaged", "incomplete")
    assert "damaged-pickle" in [f.rule for f in found.all_findings()]


def test_several_pickles_in_a_row():
    """Each with its offset."""
    found = inspected(PLAIN * 3)
    assert [p.offset for p in found.pickles] == [0, len(PLAIN), 2 * len(PLAIN)]
    assert found.verdict == "clean"


def test_very_many_pickles_are_told_as_one_from_some_point_on(monkeypatch):
    """All are scanned, none is hidden."""
    monkeypatch.setattr(module, "PICKLES", 10)
    found = inspected(PLAIN * 20 + EVIL)
    assert len(found.pickles) == 11
    assert found.pickles[-1].place == "11 more pickles"
    assert found.verdict == "dangerous"


def test_trees_of_many_pickles_take_no_more_memory_than_those_of_some():
    """A file of a thousand pickles is scanned whole, and drawn as far as anyone looks."""
    found = inspected(pickle.dumps(list(range(1000)), 4) * 1000 + EVIL)
    drawn = sum(one.tree.opcodes for one in found.pickles)
    assert drawn <= module.TREES * OPTIONS.opcodes
    assert (len(found.pickles), found.verdict) == (1001, "dangerous")


# --- what stands around pickles -------------------------------------------------------------------


def test_trailing_data():
    """Told with its offset; a pickle in it is found, a known format is opened."""
    found = inspected(PLAIN + b"some bytes")
    assert [(f.rule, f.offset) for f in found.findings] == [("trailing-data", len(PLAIN))]
    for rest in (b"text\xff" + EVIL, zipped(EVIL), zlib.compress(EVIL), EVIL[:-1]):
        found = inspected(PLAIN + rest)
        assert found.verdict == "dangerous", rest


def test_django_caches_are_no_trailing_data():
    """A pickled number and a compressed pickle: both are read."""
    found = inspected(pickle.dumps(123.5) + zlib.compress(PLAIN))
    assert (found.verdict, len(found.pickles)) == ("clean", 2)


def test_leading_data():
    """A pickle behind a header is found, and said not to stand first."""
    found = inspected(struct.pack("<I", 12345678) + EVIL)
    assert rules(found) == ["leading-data"]
    assert (found.pickles[0].offset, found.verdict) == (4, "dangerous")
    assert inspected(b"\x89PNG\r\n\x1a\n" + bytes(50) + EVIL).verdict == "dangerous"


def test_base64_in_json():
    """As web caches keep it."""
    text = json.dumps({"session": base64.b64encode(EVIL).decode()})
    found = inspected(text.encode())
    assert (found.verdict, len(found.pickles)) == ("dangerous", 1)
    assert found.pickles[0].place == "base64 at byte 13"


def test_a_database_is_searched_and_said_to_be():
    """What is only searched is never clean."""
    gdbm = b"\xce\x9a\x57\x13" + bytes(100) + PLAIN + bytes(50) + EVIL
    found = inspected(gdbm)
    assert "not-read" in rules(found)
    assert (len(found.pickles), found.verdict) == (2, "dangerous")
    assert inspected(b"\x89HDF\r\n\x1a\n" + bytes(100)).verdict == "suspicious"


def test_torchs_old_format_has_storages_behind():
    """They are no trailing data."""
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
    data = magic + b"".join(pickle.dumps(v, 2) for v in (1001, {"little_endian": True}, [1], ["0"]))
    found = inspected(data + bytes(1000))
    assert (found.verdict, len(found.pickles), len(found.notes)) == ("clean", 5, 1)


def test_windows_line_ends():
    """A pickle of protocol 0 that went through text mode: shown as it was meant."""
    data = pickle.dumps({"a": [1, 2.5, "x"]}, 0).replace(b"\n", b"\r\n")
    found = inspected(data)
    assert rules(found) == ["text-mode"]
    assert (found.wrappings, found.status) == (("CRLF",), "complete")


# --- compression ----------------------------------------------------------------------------------


def test_damaged_wrappings_show_what_can_be_read():
    """Cut, followed by other bytes, or damaged inside."""
    packed = gzip.compress(EVIL + bytes(random.Random(1).randbytes(5000)))
    for data in (packed[:2000], gzip.compress(EVIL) + b"junk"):
        found = inspected(data)
        assert "damaged-wrapping" in rules(found)
        assert found.verdict == "dangerous"
    assert inspected(gzip.compress(PLAIN)[:5]).verdict == "suspicious"


def test_compression_bombs_are_told(monkeypatch):
    """After the limit, not after the memory."""
    monkeypatch.setattr(module.codecs, "FREE_SIZE", 1_000_000)
    monkeypatch.setattr(module.codecs, "RATIO", 10)
    found = inspected(gzip.compress(EVIL[:-1] + bytes(5_000_000)))
    assert ("compression-bomb", "danger") in [(f.rule, f.severity) for f in found.findings]


# --- joblib and NumPy -----------------------------------------------------------------------------


def test_joblib_files():
    """Arrays are noted, arrays of objects are pickles, and compressed files are the same."""
    numpy, joblib = pytest.importorskip("numpy"), pytest.importorskip("joblib")
    value = {"a": numpy.arange(1000.0), "o": numpy.array([1, "x", None], dtype=object), "b": "end"}
    for compress in (0, 3, ("gzip", 3), ("xz", 3)):
        file = io.BytesIO()
        joblib.dump(value, file, compress=compress)
        found = inspected(file.getvalue())
        assert (found.status, found.wrappings[-1]) == ("complete", "joblib")
        assert len(found.pickles) == 2
        names = {str(g.ref) for p in found.pickles for g in p.globals}
        assert "joblib.numpy_pickle:NumpyArrayWrapper" in names
        assert {f.rule for f in found.all_findings()} == {"refused-global"}


def test_arrays_beside_a_file_are_not_read():
    """joblib before 0.10 named them; that is said."""
    found = inspected(b"cjoblib.numpy_pickle\nNDArrayWrapper\n)\x81}Vfilename\nVa.npy\nsb.")
    assert "beside it" in found.notes[0]


def test_what_plain_pickle_would_find_in_an_array_is_a_danger():
    """joblib skips those bytes; pickle.load reads them as opcodes."""
    wrapper = (
        b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(S'shape'\n(I%d\ntS'dtype'\n"
        b"cnumpy\ndtype\n(S'u1'\nI00\nI01\ntRub"
    )
    array = b"cos\nsystem\n(S'id'\ntR0"
    found = inspected(wrapper % len(array) + array + b".")
    assert "readers-disagree" in rules(found)
    assert found.verdict == "dangerous"


def test_numpy_files(tmp_path):
    """Those with objects hold a pickle; those without are said to hold none."""
    numpy = pytest.importorskip("numpy")
    for name, array in (("o", numpy.array([{}], dtype=object)), ("n", numpy.arange(5))):
        numpy.save(tmp_path / f"{name}.npy", array)
        numpy.savez(tmp_path / f"{name}.npz", a=array)
    for suffix in ("npy", "npz"):
        holds = inspect_file(Found(str(tmp_path / f"o.{suffix}"), "o"), OPTIONS)
        assert (holds.verdict, len(holds.pickles)) == ("clean", 1)
        none = inspect_file(Found(str(tmp_path / f"n.{suffix}"), "n"), OPTIONS)
        assert (none.verdict, none.status) == ("none", "no pickle")


# --- files ----------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    """Gone, or a folder."""
    for path in (tmp_path / "gone.pkl", tmp_path):
        found = inspect_file(Found(str(path), "x", explicit=True), OPTIONS)
        assert found.error
        assert not found.is_clean


def test_large_files_stay_on_disk(tmp_path, monkeypatch):
    """They are mapped; what is found is the same."""
    from pickle_migrate import snapshots

    path = tmp_path / "large.pkl"
    path.write_bytes(PLAIN + EVIL)
    small = inspect_file(Found(str(path), "large.pkl"), OPTIONS)
    monkeypatch.setattr(snapshots, "MAPPED_FROM", 1)
    assert type(snapshots.look_at(path)).__name__ == "mmap"
    assert inspect_file(Found(str(path), "large.pkl"), OPTIONS) == small
    for data in (gzip.compress(EVIL), zipped(EVIL), tarred(EVIL), b"text", base64.b64encode(EVIL)):
        path.write_bytes(data)
        mapped = inspect_file(Found(str(path), "large.pkl"), OPTIONS)
        assert mapped == inspect_data(data, Found(str(path), "large.pkl"), OPTIONS)


def test_random_bytes_are_never_clean_pickles():
    """Nor do they raise."""
    source = random.Random(7)
    for size in range(200):
        found = inspected(source.randbytes(size))
        assert not any(p.status == "complete" and p.globals for p in found.pickles)
