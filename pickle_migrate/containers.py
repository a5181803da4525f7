"""Files that hold pickles among other things: recognised by content, taken apart in memory.

zip (torch.save, numpy.savez, Office-like containers), tar, NumPy's .npy, ZODB's FileStorage,
SQLite databases (shelve under Python 3.13, Celery, APScheduler) and joblib's first compressed
format. Each gives its members as bytes with the place where they stood. Nothing is written to disk,
unpickled or imported. No more than a limit is expanded; what is damaged is told and left out.

Sources: numpy/lib/format.py (.npy 1.0 to 3.0), ZODB/FileStorage/format.py, joblib 0.9's
numpy_pickle.py (``_ZFILE_PREFIX``), the zipfile and tarfile modules for the rest.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, Final

import attrs

from pickle_migrate.scan_reader import Data
from pickle_migrate.tree_builder import names_something

#: Members of one container that are looked at.
MEMBERS: Final = 20_000
#: What may be expanded of one file, its containers and layers taken together.
ROOM: Final = 1024**3
_HEAD: Final = 4_096

_OBJECT_TYPE: Final = re.compile(rb"""['"][|<>=]?O\d*['"]""")


@attrs.frozen
class Member:
    """A stretch of bytes inside of a container. ``place`` says where, for a person; ``offset`` is
    where its first byte stands in the container, if the bytes are not compressed there.
    ``is_pickle``: the format says that it is one.
    """

    place: str
    data: Data = attrs.field(repr=False)
    offset: int = 0
    is_pickle: bool = False


@attrs.frozen
class Skipped:
    """A member that was not read, and why."""

    place: str
    reason: str


class Room:
    """How many bytes may still be expanded."""

    def __init__(self, left: int = ROOM) -> None:
        self.left = left

    def take(self, size: int) -> None:
        """Count bytes that were expanded."""
        self.left -= size


Parts = Iterator[Member | Skipped]


@attrs.frozen
class Container:
    """A format: its name as it stands after "is", how it begins, and what reads its members."""

    name: str
    magic: re.Pattern[bytes]
    members: Callable[[Data, Room], Parts]


def container_of(data: Data) -> Container | None:
    """The format that the bytes begin with; None when it is none of these."""
    return next((one for one in _CONTAINERS if one.magic.match(data)), None)


class _Stream(io.RawIOBase):
    """A file over bytes that are there already, without a copy."""

    def __init__(self, data: Data) -> None:
        self._view = memoryview(data)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        into = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        part = self._view[self._at : self._at + len(into)]
        into[: len(part)] = part
        self._at += len(part)
        return len(part)

    def seek(self, offset: int, whence: int = 0) -> int:
        start = (0, self._at, len(self._view))[whence]
        if start + offset < 0:
            raise OSError("a negative place in a file")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        if not self.closed:
            self._view.release()
        super().close()


def _stream(data: Data) -> io.BufferedReader:
    return io.BufferedReader(_Stream(data))


# --- zip and tar --------------------------------------------------------------------------------


def _zip(data: Data, room: Room) -> Parts:
    import zipfile

    with _stream(data) as stream, zipfile.ZipFile(stream) as archive:
        infos = archive.infolist()
        for info in infos[:MEMBERS]:
            if not info.is_dir():
                yield _read_member(info.filename, partial(archive.open, info), room)
    if len(infos) > MEMBERS:
        yield Skipped("zip", f"only the first {MEMBERS} of its {len(infos)} members were read")


def _tar(data: Data, room: Room) -> Parts:
    import tarfile

    with _stream(data) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
        for count, info in enumerate(archive):
            if count == MEMBERS:
                yield Skipped("tar", f"only its first {MEMBERS} members were read")
                return
            if info.isreg():
                yield _read_member(info.name, partial(archive.extractfile, info), room)


def _read_member(name: str, opened: Callable[[], IO[bytes] | None], room: Room) -> Member | Skipped:
    """One member, whole if its beginning may be a pickle or holds some, otherwise the beginning."""
    from pickle_migrate import signatures

    place = f"member {name}"
    try:
        stream = opened()
        assert stream is not None  # only what is no file gives none
        with stream:
            head = stream.read(_HEAD)
            room.take(len(head))
            if signatures.is_never_pickle(head) and not names_something(head):
                return Member(place, head)
            rest = stream.read(max(0, room.left) + 1)
    except Exception as error:  # zipfile and tarfile have a dozen of them
        return Skipped(place, f"it cannot be read: {type(error).__name__}: {error}")
    room.take(len(rest))
    if room.left < 0:
        return Skipped(place, f"it expands to more than the {ROOM} bytes that are allowed")
    return Member(place, head + rest)


# --- single formats -----------------------------------------------------------------------------


def _npy(data: Data, room: Room) -> Parts:
    width = 2 if data[6] == 1 else 4
    start = 8 + width + int.from_bytes(bytes(data[8 : 8 + width]), "little")
    if start > len(data):
        yield Skipped("array", "its header is longer than the file")
        return
    header = bytes(data[8 + width : min(start, 65_536)])
    if _OBJECT_TYPE.search(header):
        yield Member("array of objects", memoryview(data)[start:], start, is_pickle=True)


def _old_joblib(data: Data, room: Room) -> Parts:
    # ZF, then the length as Python 2 or 3 writes hex(), padded to 19 letters; 0.8 wrote no padding.
    import zlib

    start = 2 + 19
    found = re.compile(rb"[\x20]*\x78[\x01\x5e\x9c\xda]").search(data, 4, start + 3)
    start = found.end() - 2 if found else start
    try:
        stream = zlib.decompressobj()
        payload = stream.decompress(memoryview(data)[start:], max(1, room.left))
    except zlib.error as error:
        yield Skipped("zlib data", f"it is damaged: {error}")
        return
    room.take(len(payload))
    if room.left <= 0:
        yield Skipped("zlib data", f"it expands to more than the {ROOM} bytes that are allowed")
        return
    if not stream.eof:
        yield Skipped("zlib data", "it is cut short or damaged")
    yield Member("zlib data", payload, is_pickle=True)


# Transaction header and data header; lengths count bytes.
_TRANSACTION: Final = struct.Struct(">8sQcHHH")
_RECORD: Final = struct.Struct(">8s8sQQHQ")


def _zodb(data: Data, room: Room) -> Parts:
    at, count = 4, 0
    while at + _TRANSACTION.size + 8 <= len(data):
        _, length, _, user, description, extension = _TRANSACTION.unpack(
            bytes(data[at : at + _TRANSACTION.size])
        )
        end = at + length
        first = at + _TRANSACTION.size + user + description
        if end + 8 > len(data) or first + extension > end:
            yield Skipped(f"transaction at byte {at}", "it is longer than the file")
            return
        if extension:
            view = memoryview(data)[first : first + extension]
            yield Member(f"extension of the transaction at byte {at}", view, first, is_pickle=True)
        for member in _zodb_records(data, first + extension, end):
            count += 1
            if count > MEMBERS:
                yield Skipped("ZODB", f"only its first {MEMBERS} records were read")
                return
            yield member
        at = end + 8
    if at < len(data):
        yield Skipped(f"transaction at byte {at}", "the file ends inside it")


def _zodb_records(data: Data, at: int, end: int) -> Parts:
    while at + _RECORD.size <= end:
        oid, _, _, _, version, length = _RECORD.unpack(bytes(data[at : at + _RECORD.size]))
        start = at + _RECORD.size + (16 + version if version else 0)
        at = start + (length or 8)
        name = f"object 0x{int.from_bytes(oid, 'big'):x}"
        if at > end:
            yield Skipped(name, "its record is longer than its transaction")
        elif length:
            # .z is zc.zlibstorage's: what follows is a zlib stream.
            start += 2 if bytes(data[start : start + 2]) == b".z" else 0
            yield Member(name, memoryview(data)[start:at], start, is_pickle=True)


# --- SQLite -------------------------------------------------------------------------------------

_STEPS: Final = 2_000_000
_MAY_HOLD: Final = re.compile(
    rb"\x80[\x02-\x05]|gA[I-X]|\x1f\x8b\x08|x[\x01\x5e\x9c\xda]|[(c\]})l]"
)


def _sqlite(data: Data, room: Room) -> Parts:
    import sqlite3

    if len(data) > room.left:
        yield Skipped("SQLite", "it is too large to be read in memory")
        return
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(bytes(data))
        connection.text_factory = bytes
        left = [_STEPS // 1000]
        connection.set_progress_handler(lambda: _count_down(left), 1000)
        yield from _rows(connection)
    except sqlite3.Error as error:
        yield Skipped("SQLite", f"it cannot be read: {error}")
    finally:
        connection.close()


def _count_down(left: list[int]) -> int:
    left[0] -= 1
    return int(left[0] < 0)


def _rows(connection: object) -> Parts:
    execute = connection.execute  # type: ignore[attr-defined]
    # Views and virtual tables could run anything; what holds data is a plain table.
    tables = execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
    ).fetchmany(1000)
    for (raw,) in tables:
        name = raw.decode("utf-8", "replace")
        cursor = execute('SELECT * FROM "{}"'.format(name.replace('"', '""')))
        columns = [column[0] for column in cursor.description]
        for number, row in enumerate(cursor, 1):
            if number > MEMBERS:
                yield Skipped(f"table {name}", f"only its first {MEMBERS} rows were read")
                break
            for column, value in zip(columns, row, strict=True):
                if isinstance(value, bytes) and len(value) > 1 and _MAY_HOLD.match(value):
                    yield Member(f"table {name}, row {number}, column {column}", value)


_CONTAINERS: Final = tuple(
    Container(name, re.compile(magic), members)
    for name, magic, members in (
        ("a zip container", rb"PK(?:\x03\x04|\x05\x06|\x07\x08)", _zip),
        ("a tar archive", rb"(?s:.{257})ustar", _tar),
        ("a NumPy array file", rb"(?s)\x93NUMPY[\1-\3].{3}", _npy),
        ("a compressed file of joblib before 0.10", rb"ZF0x", _old_joblib),
        ("a ZODB FileStorage", rb"FS(?:21|30)", _zodb),
        ("an SQLite database", rb"SQLite format 3\0", _sqlite),
    )
)
