"""The compression around a pickle: taken off, and put on again.

gzip, bzip2 and xz, also one inside the other, are recognised by how the bytes begin, never by a
file's name. Nothing here opens a file, unpickles or imports anything. What is no pickle at all is
named by ``signatures.recognise``.

Three rules hold. All members are read: each of the three formats may hold several compressed
streams, one after the other. No byte is dropped: what follows the last member is refused, unless it
is the zero padding that the format allows. No more than a limit is ever expanded, so a few
kilobytes that claim to be terabytes are refused after the limit, not after the memory.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence

from attrs import field, frozen

from pickle_migrate.codec_formats import (
    CODECS,
    IF_PICKLE,
    Codec,
    Layer,
    not_written,
    read_only_codecs,
)
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

# What a member leaves unread is copied once per member, so the pieces that are fed are small.
_PIECE = 64 * 1024
_ZEROS = re.compile(rb"\0*")
_PICKLE = re.compile(rb"\x80[\x02-\x05]")


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
        codec = CODECS.get(layer.codec) or IF_PICKLE.get(layer.codec)
        payload = codec.compress(payload, layer) if codec else not_written(payload, layer)
    return payload


# --- recognising ---------------------------------------------------------------------------------


def _codec_of(data: bytes, *, read_only: bool = False) -> Codec | None:
    known = [*CODECS.values(), *(read_only_codecs() if read_only else ())]
    found = next((codec for codec in known if codec.magic.match(data)), None)
    return found if found is not None or read_only else _around_pickle(data)


def _without_length(data: bytes) -> bytes:
    """The zlib stream of joblib before 0.10, which stands behind a length; joblib writes it without
    today. Any other bytes as they are.
    """
    # ZF, then the length as Python 2 or 3 writes hex(), padded to 19 letters; 0.8 wrote no padding.
    if data[:4] != b"ZF0x":
        return data
    found = re.compile(rb"[0-9a-fL]*[\x20]*(?=\x78[\x01\x5e\x9c\xda])").match(data, 4)
    return data if found is None else data[found.end() :]


def _around_pickle(data: bytes) -> Codec | None:
    """The codec of what has a magic of two or three bytes only, if a pickle is in it: so joblib
    writes with ``compress=``.
    """
    for codec in IF_PICKLE.values():
        if codec.magic.match(data):
            return codec if _PICKLE.match(_first_bytes(codec, data)) else None
    return None


def _first_bytes(codec: Codec, data: bytes) -> bytes:
    try:
        return codec.open().decompress(memoryview(data)[:_PIECE], 2)
    except Exception:  # damaged, so it is no such stream
        return b""


# --- expanding ----------------------------------------------------------------------------------

_DAMAGED = "Get the file again from where it came, or from a backup."


def _limit(size: int) -> int:
    return min(MAX_SIZE, max(FREE_SIZE, RATIO * size))


def _expand(codec: Codec, data: bytes, limit: int) -> bytes:
    """The bytes of all members of the outermost layer, at most ``limit``."""
    parts: list[bytes] = []
    _expand_into(codec, data, limit, parts)
    return b"".join(parts)


def _expand_into(codec: Codec, data: bytes, limit: int, parts: list[bytes]) -> None:
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
    codec: Codec, view: memoryview, start: int, size: int, limit: int, parts: list[bytes]
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


def _skip_padding(codec: Codec, view: memoryview, start: int) -> int:
    if not codec.padding:
        return start
    zeros = _ZEROS.match(view, start)
    assert zeros is not None  # it matches the empty string too
    return zeros.end() if (zeros.end() - start) % codec.padding == 0 else start
