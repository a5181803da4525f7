"""Pickles written opcode by opcode, and the record of one hostile file.

Nothing here pickles an object: each function gives bytes, so that a technique is spelled as an
attacker spells it. ``p(4, ...)`` makes a whole pickle.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any, Final

import attrs

STOP: Final = b"."
MARK: Final = b"("
NONE: Final = b"N"
POP: Final = b"0"
POP_MARK: Final = b"1"
DUP: Final = b"2"
REDUCE: Final = b"R"
BUILD: Final = b"b"
OBJ: Final = b"o"
NEWOBJ: Final = b"\x81"
NEWOBJ_EX: Final = b"\x92"
STACK_GLOBAL: Final = b"\x93"
MEMOIZE: Final = b"\x94"
EMPTY_TUPLE: Final = b")"
EMPTY_LIST: Final = b"]"
EMPTY_DICT: Final = b"}"
EMPTY_SET: Final = b"\x8f"
TUPLE1, TUPLE2, TUPLE3 = b"\x85", b"\x86", b"\x87"
APPEND, APPENDS = b"a", b"e"
SETITEM, SETITEMS, ADDITEMS = b"s", b"u", b"\x90"
FROZENSET: Final = b"\x91"

#: What a file is expected to come to.
REFUSED, MALFORMED, LIMITED = "refused", "malformed", "limited"
INERT, CONTAINED, ALLOWED = "inert", "contained", "allowed"
#: The module whose functions note that they were called, and do nothing else.
CANARY: Final = "hostile_canary"


@attrs.frozen
class Sample:
    """One file of the corpus.

    ``name`` is its path without a suffix, ``about`` the technique in a line. ``expect``:
        "refused": it asks for what the default policy does not allow.
        "malformed": the C unpickler refuses its bytes, or reads them in two ways, and the scan
        refuses them.
        "limited": it asks for more than the default limits allow.
        "inert": it holds nothing that runs; what is hidden in it, or what it would cost to show,
        is its point.
        "contained": it is no pickle itself but holds some; inspect looks inside, a load refuses it.
        "allowed": it is benign and must load, to an object equal to that of plain pickle.
    ``names``: refs ``module:qualname`` that a scan must list, unless it says that a name cannot be
    resolved. ``inside``: refs that are hidden in a container or in bytes, for inspect to find.
    ``by_arguments``: its names are allowed, its arguments are not, or the bytes of the load decide.
    ``later``: what is refused comes after the first pickle, and a load reads only that one.
    ``bomb``: no plain unpickler may read it.
    """

    name: str
    about: str
    expect: str
    data: bytes = attrs.field(repr=False)
    names: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    bomb: bool = False
    suffix: str = ".pkl"
    by_arguments: bool = False
    later: bool = False

    @property
    def group(self) -> str:
        """The technique's group, which is its folder."""
        return self.name.partition("/")[0]

    @property
    def file(self) -> str:
        """The path below the corpus's folder."""
        return self.name + self.suffix


class Samples:
    """Collects the files of one module of techniques."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.made: list[Sample] = []

    def add(
        self,
        name: str,
        about: str,
        data: bytes,
        *names: str,
        expect: str = REFUSED,
        inside: tuple[str, ...] = (),
        **more: Any,
    ) -> None:
        """One more file. ``names`` are the refs that a scan must list, ``more`` other fields."""
        full = f"{self.group}/{name}"
        self.made.append(Sample(full, about, expect, data, names, inside, **more))

    def add_bomb(
        self, name: str, about: str, data: bytes, *names: str, expect: str = LIMITED, **more: Any
    ) -> None:
        """A file that only a scan may read."""
        self.add(name, about, data, *names, expect=expect, bomb=True, **more)


# --- values ---


def text(value: str) -> bytes:
    """A text: SHORT_BINUNICODE, or BINUNICODE when it is long."""
    raw = value.encode("utf-8", "surrogatepass")
    return b"\x8c" + bytes([len(raw)]) + raw if len(raw) < 256 else long_text(value)


def long_text(value: str) -> bytes:
    """BINUNICODE, which protocol 1 has."""
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def raw(value: bytes) -> bytes:
    """Bytes: SHORT_BINBYTES, or BINBYTES when they are long."""
    if len(value) < 256:
        return b"C" + bytes([len(value)]) + value
    return b"B" + struct.pack("<I", len(value)) + value


def number(value: int) -> bytes:
    """BININT1, BININT or LONG1."""
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    size = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def tup(*items: bytes) -> bytes:
    """A tuple of these."""
    if len(items) > 3:
        return MARK + b"".join(items) + b"t"
    return b"".join(items) + (EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3)[len(items)]


def lst(*items: bytes) -> bytes:
    """A list of these."""
    return EMPTY_LIST + MARK + b"".join(items) + APPENDS


def dct(*pairs: tuple[bytes, bytes]) -> bytes:
    """A dict of these."""
    return EMPTY_DICT + MARK + b"".join(key + value for key, value in pairs) + SETITEMS


def put(key: int) -> bytes:
    """BINPUT or LONG_BINPUT."""
    return b"q" + bytes([key]) if key < 256 else b"r" + struct.pack("<I", key)


def get(key: int) -> bytes:
    """BINGET or LONG_BINGET."""
    return b"h" + bytes([key]) if key < 256 else b"j" + struct.pack("<I", key)


# --- names and calls ---


def line(code: str, *lines: str | bytes) -> bytes:
    """An opcode whose arguments are lines of text."""
    encoded = [part.encode() if isinstance(part, str) else part for part in lines]
    return code.encode() + b"".join(part + b"\n" for part in encoded)


def glob(ref: str) -> bytes:
    """GLOBAL. The ref is ``module:qualname``."""
    return line("c", *ref.split(":", 1))


def named(ref: str) -> bytes:
    """STACK_GLOBAL from two literal texts."""
    module, qualname = ref.split(":", 1)
    return text(module) + text(qualname) + STACK_GLOBAL


def call(target: bytes, *args: bytes) -> bytes:
    """REDUCE."""
    return target + tup(*args) + REDUCE


def touch(*args: bytes) -> bytes:
    """A call of the canary, by STACK_GLOBAL and REDUCE."""
    return call(named(TOUCH), *args)


TOUCH: Final = f"{CANARY}:touch"
THING: Final = f"{CANARY}:Thing"
BOX: Final = f"{CANARY}:box"


# --- whole pickles ---


def frame(body: bytes) -> bytes:
    """FRAME around these bytes."""
    return b"\x95" + struct.pack("<Q", len(body)) + body


def proto(number: int) -> bytes:
    """PROTO."""
    return b"\x80" + bytes([number])


def p(protocol: int, *parts: bytes) -> bytes:
    """A whole pickle as a pickler lays it out: PROTO from 2 on, one frame from 4 on."""
    body = b"".join(parts) + STOP
    if protocol >= 4:
        return proto(protocol) + frame(body)
    return (proto(protocol) if protocol >= 2 else b"") + body


def repeated(count: int, part: Callable[[int], bytes]) -> bytes:
    """``part(0) + part(1) + ...``."""
    return b"".join(part(i) for i in range(count))


def flattened(groups: Iterable[Samples]) -> list[Sample]:
    """All files of these groups, in order."""
    return [sample for group in groups for sample in group.made]
