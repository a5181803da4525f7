"""The formats of compression as records: how each begins, is described, taken off and put on.

Sources: RFC 1952 (gzip), RFC 1950 (zlib), the .xz File Format 1.1.0, and bzip2's own source for its
magic. Nothing here opens a file or knows of a limit; ``codecs`` does.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from typing import Protocol

from attrs import frozen

from pickle_migrate.errors import CompressionError

#: An xz header may ask for 4 GiB of dictionary; the highest preset needs 65 MiB.
XZ_MEMORY = 512 * 1024**2


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


class Decompressor(Protocol):
    """Takes one member apart, as the decompressors of the standard library do."""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""

    @property
    def unused_data(self) -> bytes:
        """What was fed and stands behind the member."""

    def decompress(self, data: memoryview, max_length: int, /) -> bytes:
        """Up to ``max_length`` bytes more of what is inside."""


@frozen
class Codec:
    """Facts about one format. ``padding``: how many zero bytes at a time may follow a member, 0 for
    none. ``describe`` reads the parameters from bytes that have already been expanded once.
    """

    name: str
    magic: re.Pattern[bytes]
    padding: int
    open: Callable[[], Decompressor]
    describe: Callable[[bytes], Layer]
    compress: Callable[[bytes, Layer], bytes]


# --- the three formats ----------------------------------------------------------------------------


def _open_gzip() -> Decompressor:
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


def _open_bz2() -> Decompressor:
    import bz2

    return bz2.BZ2Decompressor()


def _describe_bz2(data: bytes) -> Layer:
    return Layer("bz2", data[3] - ord("0"))


def _compress_bz2(payload: bytes, layer: Layer) -> bytes:
    import bz2

    return bz2.compress(payload, layer.level)


def _open_xz() -> Decompressor:
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


def _describe_xz(data: bytes) -> Layer:
    return Layer("xz", check=data[7] & 0x0F)


def _compress_xz(payload: bytes, layer: Layer) -> bytes:
    import lzma

    return lzma.compress(payload, lzma.FORMAT_XZ, check=layer.check, preset=layer.level)


# bzip2's magic is followed by that of its first block, or of its end when it is empty. Without
# that, a pickle of bytes (opcode B) could be taken for it. No pickle can begin like the other two.
CODECS = {
    codec.name: codec
    for codec in (
        Codec("gzip", re.compile(rb"\x1f\x8b\x08"), 1, _open_gzip, _describe_gzip, _compress_gzip),
        Codec(
            "bz2",
            re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
            0,
            _open_bz2,
            _describe_bz2,
            _compress_bz2,
        ),
        Codec("xz", re.compile(rb"\xfd7zXZ\0"), 4, _open_xz, _describe_xz, _compress_xz),
    )
}


# --- formats that are only read, or only around a pickle ------------------------------------------


def _open_zlib() -> Decompressor:
    return zlib.decompressobj()


def _describe_zlib(data: bytes) -> Layer:
    # RFC 1950, FLEVEL: 0 stands for level 1, 1 for 2 to 5, of which joblib takes 3.
    return Layer("zlib", (1, 3, 6, 9)[data[1] >> 6])


def _compress_zlib(payload: bytes, layer: Layer) -> bytes:
    return zlib.compress(payload, layer.level)


def _open_lzma() -> Decompressor:
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=XZ_MEMORY)


def _compress_lzma(payload: bytes, layer: Layer) -> bytes:
    import lzma

    return lzma.compress(payload, lzma.FORMAT_ALONE, preset=layer.level)


def not_written(payload: bytes, layer: Layer) -> bytes:
    """Raise CompressionError, for a format that is only read."""
    raise CompressionError(layer.codec, "cannot be written again", "Decompress it for good.")


def _only_read(name: str, magic: bytes, opened: Callable[[], Decompressor]) -> Codec:
    return Codec(name, re.compile(magic), 0, opened, lambda data: Layer(name), not_written)


def _zstd() -> Codec | None:
    """Zstandard's codec, from Python 3.14 on or with the package backports.zstd."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        try:
            from backports import zstd  # type: ignore[import-not-found,unused-ignore,no-redef]
        except ImportError:
            return None
    return _only_read("zstd", rb"\x28\xb5\x2f\xfd", zstd.ZstdDecompressor)


# No pickle begins so: 0x78 is no opcode, and after EMPTY_LIST (0x5d) there is no opcode 0.
IF_PICKLE = {
    codec.name: codec
    for codec in (
        Codec(
            "zlib",
            re.compile(rb"\x78[\x01\x5e\x9c\xda]"),
            0,
            _open_zlib,
            _describe_zlib,
            _compress_zlib,
        ),
        Codec(
            "lzma",
            re.compile(rb"\x5d\0\0"),
            0,
            _open_lzma,
            lambda data: Layer("lzma"),
            _compress_lzma,
        ),
    )
}


def read_only_codecs() -> tuple[Codec, ...]:
    """The formats that are taken off only on request; Zstandard where Python has it."""
    zstd = _zstd()
    found = tuple(IF_PICKLE.values())
    return found if zstd is None else (*found, zstd)
