"""What is no pickle is named, and no pickle is ever called something else."""

import base64
import dbm.dumb
import importlib
import io
import pickle
import pickletools
import sqlite3
import struct
import sys
import types
import zipfile
import zlib
from pathlib import Path

import joblib
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate import signatures
from pickle_migrate.codecs import unwrap
from pickle_migrate.signatures import FIRST_OPCODES, recognise

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


class Point:
    """An object, for pickles that name a class."""

    def __init__(self):
        self.x = self.y = 1


@given(values, st.integers(0, 5), st.integers(0))
def test_no_pickle_is_called_something_else(value, protocol, cut):
    """A pickle of any protocol passes, whole or cut short: damage is the scanner's to tell."""
    data = pickle.dumps(value, protocol)
    assert recognise(data) is None
    assert recognise(data[: cut % len(data) + 1]) is None


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_objects_pass(protocol):
    """So do those that name classes, and several in a row."""
    objects = [Point(), len, ValueError("x"), numpy.arange(3), {1, 2}, Point]
    for one in [*objects, objects]:
        data = pickle.dumps(one, protocol)
        assert recognise(data) is None
        assert recognise(data + data) is None


def test_the_pickles_of_the_archive_pass():
    """Written by many Pythons and releases, with and without stamps, compressed or not."""
    archive = Path(__file__).parent.parent / "fixtures" / "pickles"
    files = [path for path in archive.rglob("*.p*.pickle*") if path.suffix != ".yaml"]
    assert len(files) > 100
    for path in files:
        assert recognise(unwrap(path.read_bytes()).payload) is None, path


@pytest.mark.parametrize(
    "data",
    [
        b"(dp0\nS'caf\\xc3\\xa9'\np1\nI1\ns.",
        b"(lp0\nVcaf\xe9\np1\naS'a\\'b\"\\xff'\np2\naL1000000000000000000000000000000L\naF1.5\n"
        b"aI01\naNa.",
    ],
)
def test_8_bit_strings_of_python_2_pass(data):
    """Written by CPython 2.7.18. pickletools refuses them, which says nothing of the pickle."""
    assert recognise(data) is None


@pytest.mark.parametrize("protocol", range(6))
def test_names_of_classes_may_be_anything(protocol, monkeypatch):
    """A stamp has many signs in its name, and a plugin's module may have a space."""
    for module, name in [("pickle_migrate.stamps", "a/b:C@3~1f+a/b:D@1!"), ("my plugin", "A<x>")]:
        stand_in = type(name, (), {"__module__": module, "__qualname__": name})
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, types.SimpleNamespace(**{name: stand_in}))
            data = pickle.dumps([stand_in], protocol)
        assert recognise(data) is None


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_with_persistent_ids_pass(protocol):
    """PERSID may be the first opcode of a pickle."""

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return "7" if value == "seven" else None

    stream = io.BytesIO()
    Pickler(stream, protocol).dump("seven")
    assert recognise(stream.getvalue()) is None


def test_the_first_opcodes_are_those_that_need_nothing():
    """The set is checked against the standard library's table of opcodes."""
    needs_memo = {"GET", "BINGET", "LONG_BINGET", "PUT", "BINPUT", "LONG_BINPUT"}
    expected = {
        ord(opcode.code)
        for opcode in pickletools.opcodes
        if not opcode.stack_before and opcode.name not in needs_memo
    }
    assert expected == FIRST_OPCODES


def _zip():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a", "b")
    return stream.getvalue()


def _npy():
    stream = io.BytesIO()
    numpy.save(stream, numpy.array([Point()]), allow_pickle=True)
    return stream.getvalue()


def _sqlite(tmp_path):
    connection = sqlite3.connect(tmp_path / "db")
    connection.execute("create table t (x)")
    connection.commit()
    connection.close()
    return (tmp_path / "db").read_bytes()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "an empty file"),
        (_zip(), "zip"),
        (_npy(), "NumPy"),
        (b"\x89HDF\r\n\x1a\n\0\0", "HDF5"),
        *[(zlib.compress(pickle.dumps(1), level), "zlib") for level in (0, 1, 6, 9)],
        (struct.pack("<L", 0x13579ACE) + bytes(60), "GNU dbm"),
        (struct.pack(">L", 0x13579ACF) + bytes(60), "GNU dbm"),
        (bytes(12) + struct.pack("<L", 0x00061561) + bytes(60), "Berkeley"),
        (b"FS21" + bytes(60), "ZODB"),
        (b"FS30" + bytes(60), "ZODB"),
        (b"\x28\xb5\x2f\xfd" + bytes(60), "Zstandard"),
        (b"\x04\x22\x4d\x18" + bytes(60), "LZ4"),
        (b"\x5d\0\0\x80\0" + bytes(60), "LZMA"),
        (b"PAR1" + bytes(60), "Parquet"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "PNG"),
        (b"\x7fELF" + bytes(60), "binary data"),
        (b"GIF89a" + bytes(range(256)), "binary data"),
        (base64.b64encode(pickle.dumps(list(range(99)), 2)), "base64"),
        (base64.encodebytes(pickle.dumps(list(range(99)), 5)), "base64"),
    ],
)
def test_what_is_no_pickle_is_named(data, name):
    """A format that is known is named, so that the reason for a refusal is plain."""
    assert name in recognise(data)


def test_the_databases_of_this_python_are_named(tmp_path):
    """shelve writes through whichever dbm module there is."""
    for name, expected in {"gnu": "GNU dbm", "sqlite3": "SQLite"}.items():
        try:
            module = importlib.import_module(f"dbm.{name}")
        except ImportError:
            continue
        with module.open(str(tmp_path / name), "c") as database:
            database[b"a"] = pickle.dumps(1)
        assert expected in recognise((tmp_path / name).read_bytes())


@pytest.mark.parametrize("method", ["zlib", "lzma"])
def test_compressed_files_of_joblib_are_named(tmp_path, method):
    """Those of its methods that are not taken off: a zlib stream, and lzma without a container."""
    joblib.dump(Point(), tmp_path / "a", compress=(method, 3))
    assert method in recognise((tmp_path / "a").read_bytes()).lower()


def test_an_sqlite_database_is_named(tmp_path):
    """shelve writes SQLite from Python 3.13 on."""
    assert "SQLite" in recognise(_sqlite(tmp_path))


def test_the_folder_of_a_dumb_dbm_is_text(tmp_path):
    """dbm.dumb keeps a text file of places beside its data."""
    with dbm.dumb.open(str(tmp_path / "shelf"), "c") as shelf:
        shelf["a"] = b"b"
    assert recognise((tmp_path / "shelf.dir").read_bytes()) == "a text file"


@pytest.mark.parametrize(
    "text",
    [
        "Read me first.\n",
        "class Order:\n    x = 1\n    y = 2\n",
        "import pickle\n",
        "Version 1.0\nSecond line.\n",
        "(define (f x) x)\n",
        "[tool]\nname = 1\n",
        "{}\n",
        '{"a": 1}\n',
        "No, this is a sentence.\n",
        "I am.\n",
        "<html></html>",
        "1.0\n",
        "Grüße aus Köln\n" * 1000,
        "\N{GREEK SMALL LETTER PI}" * 5000,
        "from shop import *\nfrom a import b\n",
        "coding = utf-8\nname = 3\n",
        "Preface\nSecond\n",
        "The MIT License\n",
        "This software is",
        "BSD 2-Clause License\n\nCopyright",
        "Copyright: someone.\n",
        "SIMPLE  =   T",
        "In short",
        "Letters",
        "For ever",
    ],
)
def test_text_is_no_pickle(text):
    """Letters are opcodes, so text may begin like a pickle of protocol 0; it fails soon after."""
    assert recognise(text.encode()) == "a text file"


def test_what_is_never_a_pickle_is_told_from_its_beginning():
    """Texts, pictures and binary data; not what may hold pickles, nor what may be one."""
    for head in (b"Dear Ada", b"\x89PNG\r\n\x1a\n", b"", b"\xff\xfe\xfd"):
        assert signatures.is_never_pickle(head)
    for head in (b"\x80\x04", b"PK\x03\x04", b"SQLite format 3\0", b"(dp0\n"):
        assert not signatures.is_never_pickle(head)


def test_unknown_escapes_warn_of_nothing():
    """Python 2 wrote them; pickletools would warn."""
    assert signatures.recognise(b"S'\\d'\np0\n.") is None
    assert signatures.recognise(b"V\\d\np0\n.") is None
