"""The compression around a pickle: taken off, and put on again.

gzip, bzip2 and xz, also one inside the other, are recognised by how the bytes begin, never by a
file's name. Nothing here opens a file, unpickles or imports anything. What is no pickle at all is
named by ``signatures.recognise``.

Three rules hold. All members are read: each of the three formats may hold several compressed
streams, one after the other. No byte is dropped: what follows the last member is refused, unless it
is the zero padding that the format allows. No more than a limit is ever expanded, so a few
kilobytes that claim to be terabytes are refused after the limit, not after the memory.

Sources: RFC 1952 (gzip), the .xz File Format 1.1.0, and bzip2's own source for its magic.
"""

from __future__ import annotations

import contextlib
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Protocol

from attrs import field, frozen

from pickle_migrate.errors import CompressionError

#: No payload grows beyond this. Loading takes several times the size of a pickle, so what is larger
#: would not load on most machines; whoever has such files gives ``max_size``.
MAX_SIZE = 4 * 1024**3
#: A payload above this size must also be less than ``RATIO`` times as large as its file.
FREE_SIZE = 256 * 1024**2
#: Deflate cannot do better than 1032 to 1, so one layer of gzip alone never goes beyond this.
RATIO = 1100
#: A gzip file exists that expands to itself. Two layers are a mistake, four would be a strange one.
MAX_LAYERS = 4
#: An xz header may ask for 4 GiB of dictionary; the highest preset needs 65 MiB.
XZ_MEMORY = 512 * 1024**2

# What a member leaves unread is copied once per member, so the pieces that are fed are small.
_PIECE = 64 * 1024
_ZEROS = re.compile(rb"\0*")


@frozen
class Layer:
    """One compression around a pickle, with what is needed to write it again.

    ``level`` is bzip2's block size; for gzip it is 9, 1 or 6, which is all that a gzip header
    tells; for xz it is the preset 6, since a file does not tell it. ``check`` is the number of xz's
    check. ``name`` and ``comment`` stand in a gzip header, ``system`` is its operating system.
    """

    codec: str
    level: int = 6
    check: int = 0
    name: bytes | None = None
    comment: bytes | None = None
    system: int = 255


@frozen
class Unwrapped:
    """The bytes inside, and the layers that were around them, outermost first."""

    payload: bytes = field(repr=False)
    layers: tuple[Layer, ...] = ()

    @property
    def codecs(self) -> tuple[str, ...]:
        """The names of the layers, outermost first; empty when nothing was compressed."""
        return tuple(layer.codec for layer in self.layers)


def detect(data: bytes, *, read_only: bool = False) -> str | None:
    """The name of the outermost layer, ``gzip``, ``bz2`` or ``xz``; None when there is none.
    ``read_only`` as in ``unwrap``.
    """
    codec = _codec_of(data, read_only=read_only)
    return codec.name if codec else None


def unwrap(data: bytes, max_size: int | None = None, *, read_only: bool = False) -> Unwrapped:
    """Take all layers of compression off. Bytes in, bytes out.

    Without ``max_size``, a payload may have 4 GiB, and above 256 MiB no more than 1100 times the
    size of ``data``. With ``max_size``, only that limit holds, for each layer. ``read_only``: also
    take off what ``wrap`` cannot put on again, a bare zlib stream, the old .lzma format and, where
    Python has it, Zstandard.

    Raises CompressionError: damaged or cut short, followed by other bytes, or beyond the limit.
    """
    limit = _limit(len(data)) if max_size is None else max_size
    payload = data if read_only else _without_length(data)
    layers: list[Layer] = []
    while codec := _codec_of(payload, read_only=read_only):
        if len(layers) == MAX_LAYERS:
            problem = f"is the fifth layer of compression; {MAX_LAYERS} are the limit"
            raise CompressionError(codec.name, problem, "Decompress the file by hand and look.")
        inner = _expand(codec, payload, limit)
        layers.append(codec.describe(payload))
        payload = inner
    return Unwrapped(payload, tuple(layers))


def salvaged(data: bytes, max_size: int) -> bytes:
    """What can be read of the outermost layer before it is damaged, ends or goes beyond a limit; of
    what is not compressed, nothing. Raises nothing.
    """
    codec = _codec_of(data, read_only=True)
    parts: list[bytes] = []
    if codec is not None:
        with contextlib.suppress(CompressionError):
            _expand_into(codec, data, max_size, parts)
    return b"".join(parts)[:max_size]


def wrap(payload: bytes, layers: Sequence[Layer]) -> bytes:
    """Put layers on, given outermost first as ``unwrap`` found them. Bytes in, bytes out.

    The same input gives the same output: a gzip header carries no time. Several members become one.
    A gzip header's extra field is not written again, since it tells of the old members' sizes.
    """
    for layer in reversed(layers):
        codec = _CODECS.get(layer.codec) or _IF_PICKLE.get(layer.codec)
        payload = codec.compress(payload, layer) if codec else _not_written(payload, layer)
    return payload


# --- the three formats ------------------------------------------------------------------------


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: memoryview, max_length: int, /) -> bytes: ...


@frozen
class _Codec:
    """Facts about one format. ``padding``: how many zero bytes at a time may follow a member, 0 for
    none. ``describe`` reads the parameters from bytes that have already been expanded once.
    """

    name: str
    magic: re.Pattern[bytes]
    padding: int
    open: Callable[[], _Decompressor]
    describe: Callable[[bytes], Layer]
    compress: Callable[[bytes, Layer], bytes]


def _codec_of(data: bytes, *, read_only: bool = False) -> _Codec | None:
    known = [*_CODECS.values(), *(_read_only() if read_only else ())]
    found = next((codec for codec in known if codec.magic.match(data)), None)
    return found if found is not None or read_only else _around_pickle(data)


def _open_gzip() -> _Decompressor:
    return zlib.decompressobj(wbits=31)


def _describe_gzip(data: bytes) -> Layer:
    flags, hint, system = data[3], data[8], data[9]
    place = 10
    if flags & 4:  # FEXTRA
        place += 2 + int.from_bytes(data[10:12], "little")
    texts: list[bytes | None] = []
    for flag in (8, 16):  # FNAME, then FCOMMENT; each ends with a zero
        text = None
        if flags & flag:
            text = data[place : data.index(b"\0", place)]
            place += len(text) + 1
        texts.append(text)
    return Layer("gzip", {2: 9, 4: 1}.get(hint, 6), name=texts[0], comment=texts[1], system=system)


def _compress_gzip(payload: bytes, layer: Layer) -> bytes:
    texts = (layer.name, layer.comment)
    flags = sum(flag for flag, text in zip((8, 16), texts, strict=True) if text is not None)
    hint = {9: 2, 1: 4}.get(layer.level, 0)
    deflate = zlib.compressobj(layer.level, zlib.DEFLATED, -15)
    return b"".join(
        [
            struct.pack("<3sBLBB", b"\x1f\x8b\x08", flags, 0, hint, layer.system),
            *(text + b"\0" for text in texts if text is not None),
            deflate.compress(payload),
            deflate.flush(),
            struct.pack("<LL", zlib.crc32(payload), len(payload) & 0xFFFFFFFF),
        ]
    )


def _open_bz2() -> _Decompressor:
    import bz2

    return bz2.BZ2Decompressor()


def _describe_bz2(data: bytes) -> Layer:
    return Layer("bz2", data[3] - ord("0"))


def _compress_bz2(payload: bytes, layer: Layer) -> bytes:
    import bz2

    return bz2.compress(payload, layer.level)


def _open_xz() -> _Decompressor:
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


def _describe_xz(data: bytes) -> Layer:
    return Layer("xz", check=data[7] & 0x0F)


def _compress_xz(payload: bytes, layer: Layer) -> bytes:
    import lzma

    return lzma.compress(payload, lzma.FORMAT_XZ, check=layer.check, preset=layer.level)


# bzip2's magic is followed by that of its first block, or of its end when it is empty. Without
# that, a pickle of bytes (opcode B) could be taken for it. No pickle can begin like the other two.
_CODECS = {
    codec.name: codec
    for codec in (
        _Codec("gzip", re.compile(rb"\x1f\x8b\x08"), 1, _open_gzip, _describe_gzip, _compress_gzip),
        _Codec(
            "bz2",
            re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
            0,
            _open_bz2,
            _describe_bz2,
            _compress_bz2,
        ),
        _Codec("xz", re.compile(rb"\xfd7zXZ\0"), 4, _open_xz, _describe_xz, _compress_xz),
    )
}


# --- formats that are only read, or only around a pickle ------------------------------------------


def _read_only() -> tuple[_Codec, ...]:
    zstd = _zstd()
    found = tuple(_IF_PICKLE.values())
    return found if zstd is None else (*found, zstd)


def _without_length(data: bytes) -> bytes:
    """The zlib stream of joblib before 0.10, which stands behind a length; joblib writes it without
    today. Any other bytes as they are.
    """
    # ZF, then the length as Python 2 or 3 writes hex(), padded to 19 letters; 0.8 wrote no padding.
    if data[:4] != b"ZF0x":
        return data
    found = re.compile(rb"[0-9a-fL]*[\x20]*(?=\x78[\x01\x5e\x9c\xda])").match(data, 4)
    return data if found is None else data[found.end() :]


def _around_pickle(data: bytes) -> _Codec | None:
    """The codec of what has a magic of two or three bytes only, if a pickle is in it: so joblib
    writes with ``compress=``.
    """
    for codec in _IF_PICKLE.values():
        if codec.magic.match(data):
            return codec if _PICKLE.match(_first_bytes(codec, data)) else None
    return None


def _first_bytes(codec: _Codec, data: bytes) -> bytes:
    try:
        return codec.open().decompress(memoryview(data)[:_PIECE], 2)
    except Exception:  # damaged, so it is no such stream
        return b""


def _open_zlib() -> _Decompressor:
    return zlib.decompressobj()


def _describe_zlib(data: bytes) -> Layer:
    # RFC 1950, FLEVEL: 0 stands for level 1, 1 for 2 to 5, of which joblib takes 3.
    return Layer("zlib", (1, 3, 6, 9)[data[1] >> 6])


def _compress_zlib(payload: bytes, layer: Layer) -> bytes:
    return zlib.compress(payload, layer.level)


def _open_lzma() -> _Decompressor:
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=XZ_MEMORY)


def _compress_lzma(payload: bytes, layer: Layer) -> bytes:
    import lzma

    return lzma.compress(payload, lzma.FORMAT_ALONE, preset=layer.level)


def _not_written(payload: bytes, layer: Layer) -> bytes:
    raise CompressionError(layer.codec, "cannot be written again", "Decompress it for good.")


def _only_read(name: str, magic: bytes, opened: Callable[[], _Decompressor]) -> _Codec:
    return _Codec(name, re.compile(magic), 0, opened, lambda data: Layer(name), _not_written)


def _zstd() -> _Codec | None:
    """Zstandard's codec, from Python 3.14 on or with the package backports.zstd."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        try:
            from backports import zstd  # type: ignore[import-not-found,unused-ignore,no-redef]
        except ImportError:
            return None
    return _only_read("zstd", rb"\x28\xb5\x2f\xfd", zstd.ZstdDecompressor)


_PICKLE = re.compile(rb"\x80[\x02-\x05]")
# No pickle begins so: 0x78 is no opcode, and after EMPTY_LIST (0x5d) there is no opcode 0.
_IF_PICKLE = {
    codec.name: codec
    for codec in (
        _Codec(
            "zlib",
            re.compile(rb"\x78[\x01\x5e\x9c\xda]"),
            0,
            _open_zlib,
            _describe_zlib,
            _compress_zlib,
        ),
        _Codec(
            "lzma",
            re.compile(rb"\x5d\0\0"),
            0,
            _open_lzma,
            lambda data: Layer("lzma"),
            _compress_lzma,
        ),
    )
}


# --- expanding ----------------------------------------------------------------------------------

_DAMAGED = "Get the file again from where it came, or from a backup."


def _limit(size: int) -> int:
    return min(MAX_SIZE, max(FREE_SIZE, RATIO * size))


def _expand(codec: _Codec, data: bytes, limit: int) -> bytes:
    """The bytes of all members of the outermost layer, at most ``limit``."""
    parts: list[bytes] = []
    _expand_into(codec, data, limit, parts)
    return b"".join(parts)


def _expand_into(codec: _Codec, data: bytes, limit: int, parts: list[bytes]) -> None:
    view = memoryview(data)
    start = size = 0
    while True:
        start, size = _expand_member(codec, view, start, size, limit, parts)
        start = _skip_padding(codec, view, start)
        if start == len(view):
            return
        if not codec.magic.match(view, start):
            raise CompressionError(
                codec.name,
                f"is followed by {len(view) - start} other bytes, from byte {start} on",
                "They would be lost if the file were written again. Take them off, or split the "
                "file, if you know what they are.",
            )


def _expand_member(
    codec: _Codec, view: memoryview, start: int, size: int, limit: int, parts: list[bytes]
) -> tuple[int, int]:
    """Expand the member at ``start`` into ``parts``. Where it ends, and the size of all so far."""
    member = codec.open()
    while not member.eof:
        piece = view[start : start + _PIECE]
        if not piece:
            problem = f"is cut short: it ends at byte {len(view)}, before its last part is complete"
            raise CompressionError(codec.name, problem, _DAMAGED)
        try:
            part = member.decompress(piece, limit - size + 1)
        except MemoryError:
            raise
        except Exception as error:  # zlib.error, LZMAError, OSError, ValueError, EOFError
            problem = f"is damaged between bytes {start} and {start + len(piece)}: {error}"
            raise CompressionError(codec.name, problem, _DAMAGED) from error
        parts.append(part)
        start += len(piece)
        size += len(part)
        if size > limit:
            problem = f"expands from {len(view)} bytes to more than {limit}, the limit"
            remedy = "If you trust the file and have the memory, give a larger max_size."
            raise CompressionError(codec.name, problem, remedy)
    return start - len(member.unused_data), size


def _skip_padding(codec: _Codec, view: memoryview, start: int) -> int:
    if not codec.padding:
        return start
    zeros = _ZEROS.match(view, start)
    assert zeros is not None  # it matches the empty string too
    return zeros.end() if (zeros.end() - start) % codec.padding == 0 else start
