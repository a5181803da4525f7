"""Files that hold pickles among other things, taken apart in memory."""

from __future__ import annotations

import io
import pickle
import sqlite3
import struct
import tarfile
import zipfile
import zlib

import pytest

from pickle_migrate.containers import MEMBERS, Member, Room, Skipped, container_of

INNER = pickle.dumps({"a": [1, 2, 3]}, 4)


def parts_of(data: bytes, room: Room | None = None):
    container = container_of(data)
    assert container is not None
    return list(container.members(data, room or Room()))


def members(data: bytes):
    return {p.place: bytes(p.data) for p in parts_of(data) if isinstance(p, Member)}


def zipped(files: dict[str, bytes], **options) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def test_zip_members_are_read_whole_if_they_may_be_pickles():
    """Of what is none, only the beginning is read; folders are passed over."""
    data = zipped({"a/data.pkl": INNER, "a/0": b"\xff" * 100_000, "a/": b""})
    found = members(data)
    assert found["member a/data.pkl"] == INNER
    assert len(found["member a/0"]) < 5_000
    assert len(found) == 2


def test_tar_members():
    """Regular files only."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("b.pkl")
        info.size = len(INNER)
        archive.addfile(info, io.BytesIO(INNER))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert members(file.getvalue()) == {"member b.pkl": INNER}


def test_members_that_cannot_be_read_are_told():
    """Damaged, encrypted, or beyond the room that is left."""
    data = bytearray(zipped({"a.pkl": INNER * 100}))
    at = data.index(b"a.pkl") + 10
    data[at : at + 4] = b"\xff\xff\xff\xff"
    (skipped,) = parts_of(bytes(data))
    assert isinstance(skipped, Skipped)
    assert "cannot be read" in skipped.reason
    bomb = zipped({"bomb.pkl": INNER[:-1] + bytes(10_000_000)})
    (skipped,) = parts_of(bomb, Room(1_000_000))
    assert "expands to more" in skipped.reason


def test_too_many_members_are_not_all_read():
    """And that is said."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(MEMBERS + 1):
            archive.writestr(str(number), b"")
    last = parts_of(file.getvalue())[-1]
    assert isinstance(last, Skipped)
    assert f"first {MEMBERS}" in last.reason


def npy(descr: str, payload: bytes, version: int = 1) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (2,), }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + payload


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("descr", ["'|O'", "'O4'", "[('a', '<f8'), ('b', 'O')]"])
def test_npy_files_with_objects_hold_a_pickle(descr, version):
    """Whatever the version of the header."""
    assert members(npy(descr, INNER, version)) == {"array of objects": INNER}


def test_other_npy_files_hold_none():
    """Numbers are no pickle; a header that lies is told."""
    assert parts_of(npy("'<f8'", INNER)) == []
    (skipped,) = parts_of(b"\x93NUMPY\x02\0\xff\xff\xff\xff{")
    assert skipped.reason == "its header is longer than the file"


def transaction(records: list[tuple[int, bytes | None]], extension: bytes = b"") -> bytes:
    body = b"userdescription" + extension
    for oid, data in records:
        body += struct.pack(
            ">8s8sQQHQ", oid.to_bytes(8, "big"), b"\1" * 8, 0, 4, 0, len(data or b"")
        )
        body += bytes(8) if data is None else data
    length = 23 + len(body)
    head = struct.pack(">8sQcHHH", b"\1" * 8, length, b" ", 4, 11, len(extension))
    return head + body + struct.pack(">Q", length)


def test_a_zodb_file_storage_has_two_pickles_a_record():
    """Class and state stand in a row; compressed records and back pointers are known."""
    packed = b".z" + zlib.compress(INNER)
    data = b"FS30" + transaction([(1, INNER), (2, packed), (3, None)], extension=INNER)
    data += transaction([(1, INNER)])
    found = [p for p in parts_of(data) if isinstance(p, Member)]
    assert [p.place for p in found] == [
        "extension of the transaction at byte 4",
        "object 0x1",
        "object 0x2",
        "object 0x1",
    ]
    assert all(p.is_pickle for p in found)
    assert all(data[p.offset : p.offset + len(p.data)] == bytes(p.data) for p in found)


def test_a_zodb_file_that_is_cut_is_told():
    """What stands before the cut is read."""
    data = b"FS21" + transaction([(1, INNER)]) + transaction([(2, INNER)])
    for cut in range(len(data) - 1, 60, -7):
        parts = parts_of(data[:cut])
        assert isinstance(parts[-1], Skipped) or cut == 4 + (len(data) - 4) // 2


def test_joblibs_first_compressed_format():
    """ZF, the length in hexadecimal, padded, and a zlib stream."""
    data = b"ZF" + hex(len(INNER)).encode().ljust(19) + zlib.compress(INNER)
    assert members(data) == {"zlib data": INNER}
    skipped, _ = parts_of(data[:-10])
    assert "cut short" in skipped.reason


def test_sqlite_rows(tmp_path):
    """shelve under Python 3.13, and any table with pickles in it."""
    path = tmp_path / "shelf.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE Dict (key BLOB UNIQUE, value BLOB)")
    connection.execute("INSERT INTO Dict VALUES (?, ?)", (b"key", INNER))
    connection.execute("CREATE TABLE 'a \"b' (n INTEGER, t TEXT)")
    connection.execute("INSERT INTO 'a \"b' VALUES (?, ?)", (5, "gASVBAAAAAAAAABdlC4="))
    connection.commit()
    connection.close()
    assert members(path.read_bytes()) == {
        "table Dict, row 1, column value": INNER,
        'table a "b, row 1, column t': b"gASVBAAAAAAAAABdlC4=",
    }


def test_a_database_that_would_run_for_ever_is_left(tmp_path):
    """Views are not asked, and damaged files are told."""
    path = tmp_path / "evil.db"
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE VIEW Dict AS WITH RECURSIVE r(value) AS "
        "(SELECT 1 UNION ALL SELECT value + 1 FROM r) SELECT value FROM r"
    )
    connection.commit()
    connection.close()
    assert parts_of(path.read_bytes()) == []
    (skipped,) = parts_of(b"SQLite format 3\0" + b"\xff" * 2000)
    assert "cannot be read" in skipped.reason


def test_other_bytes_are_no_container():
    """A pickle above all."""
    assert container_of(INNER) is None
    assert container_of(b"") is None
    assert container_of(b"PK") is None
