"""Seeds, and changes to them that know what an opcode is.

A pickle is kept as a list of its opcodes, each with its argument. Mutations insert, delete, repeat
and exchange opcodes, splice two pickles, edit arguments and memo keys, and now and then change
single bytes or cut the end off. Everything comes from one random generator, so that a batch can be
made again from its seed.
"""

from __future__ import annotations

import collections
import contextlib
import datetime
import decimal
import fractions
import pickle
import pickletools
import struct
import sys
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "hostile"))

from write_corpus import samples

#: Seeds and inputs longer than this are left alone: small ones reach as much, and sooner.
LONGEST = 400
POOL, KEPT = 3_000, 200

Tokens = list[bytes]


def tokens_of(data: bytes) -> Tokens:
    """The opcodes of a pickle with their arguments; what can't be read is one piece."""
    starts: list[int] = []
    with contextlib.suppress(Exception):  # its error says nothing that is needed here
        starts.extend(at for _, _, at in pickletools.genops(data))
    ends = [*starts[1:], None] if starts else []
    pieces = [data[a:b] for a, b in zip(starts, ends, strict=True)]
    if not pieces:
        return [data]
    last = pieces[-1]
    # What follows STOP, or what could not be read, is a piece of its own.
    return [*pieces[:-1], last[:1], last[1:]] if last[:1] == b"." and last[1:] else pieces


class Point:
    """An object with a state."""

    def __init__(self, x: object = 1) -> None:
        self.x = x


class Slots:
    """An object whose state is slots."""

    __slots__ = ("a", "b")

    def __init__(self) -> None:
        self.a, self.b = 1, [2]


class Outer:
    """Holds a class."""

    class Inner:
        """Is held."""


class Extended(Point):
    """A class with keyword arguments for NEWOBJ_EX."""

    def __getnewargs_ex__(self) -> tuple[tuple[int, ...], dict[str, int]]:
        return (), {"x": 1}

    def __new__(cls, x: int = 0) -> Extended:
        return object.__new__(cls)


_SHARED = [1]
_VALUES = (
    None, True, 0, 255, 65_536, -1, 2**40, 1.5, "", "text", "caf\xe9", b"", b"bytes",
    bytearray(b"x"), [], [1, 2], (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {}, {"a": 1},
    {1: {2: 3}}, set(), {1, 2}, frozenset([1]), Point(), [Point(), Point([])], Outer.Inner,
    Outer.Inner(), Extended(), len, getattr, datetime.date(2020, 1, 2), decimal.Decimal("1"),
    fractions.Fraction(1, 2), collections.OrderedDict(a=1), collections.deque([1]),
    collections.defaultdict(list), [_SHARED, _SHARED, "mutate", "Point"], ValueError("x"), 1j,
    range(3), slice(1), ("builtins", "len", len),
)  # fmt: skip
# As Python 2.7 writes them: cPickle and pickle, protocols 0 to 2.
_PYTHON2 = (
    b"(lp0\nS'a'\np1\naV\\u20ac\np2\nag1\na.",
    b"(dp1\nS'a'\nI1\nsS'b'\nL2L\ns.",
    b"(i__main__\nOld\np0\n(dp1\nS'x'\np2\nF1.5\nsb.",
    b"ccopy_reg\n_reconstructor\np1\n(c__main__\nNew\np2\nc__builtin__\nobject\np3\nNtRp4\n"
    b"(dp5\nS'x'\nI01\nsb.",
    b"(c__main__\nOld\nq\x01oq\x02}q\x03U\x01xK\x01sb.",
    b"\x80\x02c__main__\nNew\nq\x01)\x81q\x02}q\x03U\x01xq\x04K\x01sb.",
    b"\x80\x02]q\x01(U\x03abcq\x02X\x03\x00\x00\x00defq\x03h\x02e.",
    b"c__builtin__\nset\np0\n((lp1\nI1\natp2\nRp3\n.",
)


def seeds() -> list[Tokens]:
    """Pickles of all protocols by both picklers, Python 2's, and the small hostile ones."""
    found = [d(value, n) for value in _VALUES for n in range(6) for d in _PICKLERS]
    found += [d(Slots(), n) for n in range(2, 6) for d in _PICKLERS]
    found += [pickletools.optimize(pickle.dumps(value, 4)) for value in _VALUES]
    found += _PYTHON2
    found += [s.data for s in samples() if s.suffix == ".pkl"]
    small = dict.fromkeys(data for data in found if 0 < len(data) <= LONGEST)
    return [tokens_of(data) for data in small]


_PICKLERS = (pickle.dumps, pickle._dumps)

# --- pieces that are put in ---------------------------------------------------------------------

_MODULES = (
    "os",
    "builtins",
    "__builtin__",
    "copy_reg",
    "copyreg",
    "m",
    "a.b",
    "pickle_migrate.stamps",
)
_NAMES = (
    "n",
    "len",
    "getattr",
    "_reconstructor",
    "O.I",
    "text_only",
    "set",
    "list",
    "m:C@1~00000000",
)
_TEXTS = tuple(dict.fromkeys((*_MODULES, *_NAMES, "__class__", "__dict__", "\xe9", "")))
_BARE = b"N])}(012.abdelotuRQ\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98"
_KEYS = (0, 1, 2, 3, 4, 5, 9, 200, 255, 256, 300)
_NUMBERS = (
    b"1", b"0", b"01", b"00", b"010", b"-1", b" 1", b"1 ", b"+1", b"1_0", b"0x1", b"1\0x", b"",
    b"x", b"1L", b"99999999999999999999", b"1e5", b"inf", b"nan", b".5", b"1.", b"-0", b"\t7",
    b"08", b"1LL",
)  # fmt: skip


def _short_text(text: str) -> bytes:
    raw = text.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


class Mutator:
    """Makes new inputs from a pool of pickles with one random generator. What is put back into the
    pool has at most ``longest`` bytes.
    """

    def __init__(self, pool: list[Tokens], seed: str, longest: int = KEPT) -> None:
        self.pool = list(pool)
        self.longest = longest
        self.random = Random(seed)
        self.below = lambda n, draw=self.random.random: int(draw() * n)

    def next(self) -> Tokens:
        """One input, as pieces."""
        below = self.below
        tokens = list(self.pool[below(len(self.pool))])
        for _ in range(1 + below(4)):
            if not tokens:
                break
            _EDITS[below(len(_EDITS))](self, tokens)
            del tokens[self.longest :]
        return tokens

    def keep(self, tokens: Tokens) -> None:
        """Put an input that the unpickler accepts into the pool, to be changed further."""
        if sum(map(len, tokens)) > self.longest:
            return
        if len(self.pool) < POOL:
            self.pool.append(tokens)
        else:
            self.pool[self.below(POOL)] = tokens

    # --- pieces ---------------------------------------------------------------------------------

    def pick(self, options):
        """One of these."""
        return options[self.below(len(options))]

    def piece(self) -> bytes:
        """An opcode with an argument, or a few that belong together."""
        kind = self.below(15)
        if kind < 5:
            return _BARE[(at := self.below(len(_BARE))) : at + 1]
        return _PIECES[kind - 5](self)

    def memo(self) -> bytes:
        """PUT or GET in one of its forms."""
        key = self.pick(_KEYS)
        form = self.below(6)
        if form < 2:
            return b"pg"[form : form + 1] + (
                b"%d\n" % key if self.below(9) else self.pick(_NUMBERS) + b"\n"
            )
        if form < 4:
            return b"qh"[form - 2 : form - 1] + bytes([key & 255])
        return b"rj"[form - 4 : form - 3] + struct.pack(
            "<I", key if self.below(50) else 1 << self.below(32)
        )

    def text(self) -> bytes:
        """A text in one of its opcodes."""
        text = self.pick(_TEXTS)
        form = self.below(8)
        raw = text.encode("utf-8" if form < 5 else "latin1")
        if form < 3:
            return _short_text(text)
        if form == 3:
            return b"X" + struct.pack("<I", len(raw)) + raw
        if form == 4:
            return b"\x8d" + struct.pack("<Q", len(raw)) + raw
        if form == 5:
            return b"U" + bytes([len(raw)]) + raw
        return b"V" + raw + b"\n" if form == 6 else b"S'" + raw + b"'\n"

    def name(self) -> bytes:
        """A global by GLOBAL, by STACK_GLOBAL, or by INST."""
        module, name = self.pick(_MODULES), self.pick(_NAMES)
        form = self.below(8)
        if form < 4:
            return b"c" + module.encode() + b"\n" + name.encode() + b"\n"
        if form < 7:
            return _short_text(module) + _short_text(name) + b"\x93"
        return b"i" + module.encode() + b"\n" + name.encode() + b"\n"

    def call(self) -> bytes:
        """A name, and something done with it."""
        return self.name() + self.pick(
            (
                b")R",
                b")\x81",
                b"Nb",
                b"NN\x86b",
                b"Na",
                b"NNs",
                b"(Ne",
                b"(NNu",
                b"(N\x90",
                b")}\x92",
            )
        )

    def number(self) -> bytes:
        """A number as text."""
        return self.pick((b"I", b"L", b"F")) + self.pick(_NUMBERS) + b"\n"

    def counted(self) -> bytes:
        """Bytes with a length before them, which now and then lies."""
        raw = self.pick((b"", b"x", b"abc", b"\xff\x00"))
        length = len(raw) if self.below(8) else self.below(300)
        opcode, width = self.pick(
            (
                (b"C", 1),
                (b"B", 4),
                (b"\x8e", 8),
                (b"\x96", 8),
                (b"T", 4),
                (b"\x8a", 1),
                (b"\x8b", 4),
            )
        )
        return opcode + (length & (255 if width == 1 else -1)).to_bytes(width, "little") + raw

    def frame(self) -> bytes:
        """FRAME of some length."""
        return b"\x95" + struct.pack("<Q", self.below(40))

    def proto(self) -> bytes:
        """PROTO of some number."""
        return b"\x80" + bytes([self.below(7)])

    def extension(self) -> bytes:
        """An extension code."""
        code = self.pick((0, 1, 2, 0x77, 255, 256, 65_535, 1 << 31))
        return self.pick(
            (
                b"\x82" + bytes([code & 255]),
                b"\x83" + struct.pack("<H", code & 65_535),
                b"\x84" + struct.pack("<I", code),
            )
        )

    def persistent(self) -> bytes:
        """A persistent id."""
        return self.pick((b"Pid\n", b"P\n", b"NQ", b"P\xe9\n"))


_PIECES = (
    Mutator.memo, Mutator.text, Mutator.name, Mutator.call, Mutator.number, Mutator.counted,
    Mutator.frame, Mutator.proto, Mutator.extension, Mutator.persistent,
)  # fmt: skip

# --- edits ----------------------------------------------------------------------------------------


def _insert(m: Mutator, tokens: Tokens) -> None:
    tokens.insert(m.below(len(tokens)), m.piece())


def _delete(m: Mutator, tokens: Tokens) -> None:
    del tokens[m.below(len(tokens))]


def _replace(m: Mutator, tokens: Tokens) -> None:
    tokens[m.below(len(tokens))] = m.piece()


def _repeat(m: Mutator, tokens: Tokens) -> None:
    start = m.below(len(tokens))
    some = tokens[start : start + 1 + m.below(4)]
    tokens[start:start] = some * (1 + m.below(3))


def _exchange(m: Mutator, tokens: Tokens) -> None:
    a, b = m.below(len(tokens)), m.below(len(tokens))
    tokens[a], tokens[b] = tokens[b], tokens[a]


def _splice(m: Mutator, tokens: Tokens) -> None:
    other = m.pool[m.below(len(m.pool))]
    tokens[m.below(len(tokens)) :] = other[m.below(len(other) or 1) :]


def _graft(m: Mutator, tokens: Tokens) -> None:
    other = m.pool[m.below(len(m.pool))]
    start = m.below(len(other) or 1)
    at = m.below(len(tokens))
    tokens[at:at] = other[start : start + 1 + m.below(8)]


def _opcode(m: Mutator, tokens: Tokens) -> None:
    at = m.below(len(tokens))
    tokens[at] = _BARE[(n := m.below(len(_BARE))) : n + 1] + tokens[at][1:]


def _argument(m: Mutator, tokens: Tokens) -> None:
    at = m.below(len(tokens))
    token = bytearray(tokens[at])
    if len(token) > 1:
        place = 1 + m.below(len(token) - 1)
        token[place] = m.pick((0, 1, 2, 10, 13, 32, 46, 48, 92, 127, 128, 255, m.below(256)))
        tokens[at] = bytes(token)


def _byte(m: Mutator, tokens: Tokens) -> None:
    data = bytearray(b"".join(tokens))
    if data:
        data[m.below(len(data))] = m.below(256)
    tokens[:] = tokens_of(bytes(data)) if m.below(2) else [bytes(data)]


def _cut(m: Mutator, tokens: Tokens) -> None:
    data = b"".join(tokens)
    tokens[:] = [data[: m.below(len(data) + 1)]]


def _name_by_memo(m: Mutator, tokens: Tokens) -> None:
    key = m.pick(_KEYS[:8])
    at = m.below(len(tokens))
    put = b"q" + bytes([key]) if m.below(2) else b"p%d\n" % key
    tokens[at:at] = [m.text(), put, b"0"]
    later = at + 3 + m.below(len(tokens) - at - 2)
    tokens[later:later] = [b"h" + bytes([key]), m.text(), b"\x93"]


_EDITS = (
    _insert, _insert, _insert, _delete, _delete, _replace, _replace, _repeat, _exchange, _splice,
    _graft, _graft, _opcode, _argument, _argument, _byte, _cut, _name_by_memo,
)  # fmt: skip
