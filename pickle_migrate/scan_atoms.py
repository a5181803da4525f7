"""Atoms as regular expressions: the values without parts, of which most of a pickle consists.

An *atom* is one opcode that pushes a number, a text, bytes, None or a boolean, or that gets a text
from the memo; a text or bytes may be put into the memo at once. A *slot* is a place in a repeated
run of opcodes where an atom stands, with the forms of atoms that were seen there. ``Slot.pattern``
gives the expression that takes these forms and nothing else, with all lengths inside the data.

Everything here takes less than what the C unpickler takes (a number in text only as picklers write
it, for one), never more: what no expression takes is read by the exact machine.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

#: Opcodes of a fixed size that push a number, None or a boolean, with the bytes of their argument.
FIXED: Final = {b"K": 1, b"M": 2, b"J": 4, b"G": 8, b"N": 0, b"\x88": 0, b"\x89": 0}
#: Texts and bytes with a length prefix, with the bytes of that.
COUNTED: Final = {b"\x8c": 1, b"X": 4, b"U": 1, b"T": 4, b"C": 1, b"B": 4}
#: Texts among the above: the entry that they push is the offset of their opcode.
TEXTS: Final = frozenset({b"\x8c", b"X", b"U", b"T", b"S", b"V"})
#: Opcodes with a line of text, as picklers write them.
LINES: Final = frozenset({b"I", b"L", b"F", b"S", b"V"})
GETS: Final = {b"h": 1, b"j": 4}
LONG1: Final = b"\x8a"
PUTS: Final = {b"q": 1, b"r": 4, b"\x94": 0}

_WHOLE: Final = {b"K", b"M", b"J"}
_LENGTHS: Final = (8, 16, 24, 32, 48, 64, 96, 128, 192, 255)
_MEMOIZE: Final = 0x94
# Measured: the fastest for texts of 3 to 220 bytes.
_UNGROUPED, _GROUP = 16, 32
# Lengths that stand in front of all others: most texts in one place are of few lengths.
_FREQUENT: Final = 16


class Slot:
    """What was seen in one place.

    ``fixed`` and ``lines``: opcodes. ``counted``: for each opcode the longest argument,
    ``lengths``: how often each length was seen with it. ``longs``: lengths of LONG1. ``puts``: how
    texts are put into the memo: "" for not at all. ``keys``: for each opcode that
    gets from the memo, its arguments.
    """

    __slots__ = ("counted", "fixed", "keys", "lengths", "lines", "longs", "puts")

    def __init__(self) -> None:
        self.fixed: set[bytes] = set()
        self.lines: set[bytes] = set()
        self.counted: dict[bytes, int] = {}
        self.lengths: Counter[tuple[bytes, int]] = Counter()
        self.longs: set[int] = set()
        self.puts: set[bytes] = set()
        self.keys: dict[bytes, set[bytes]] = {}

    def add(self, op: bytes, argument: bytes, length: int) -> None:
        """An opcode was seen; ``length`` is that of a counted argument."""
        if op in FIXED:
            # Where one whole number stands, others will.
            self.fixed |= _WHOLE if op in _WHOLE else {op}
        elif op in COUNTED:
            self.counted[op] = max(self.counted.get(op, 0), length)
            self.lengths[op, length] += 1
        elif op == LONG1:
            self.longs.add(length)
        elif op in LINES:
            self.lines.add(op)
        else:
            self.keys.setdefault(op, set()).add(argument)

    def merge(self, other: Slot) -> None:
        """What was seen there was seen here too."""
        self.fixed |= other.fixed
        self.lines |= other.lines
        self.longs |= other.longs
        self.puts |= other.puts
        self.lengths.update(other.lengths)
        for op, length in other.counted.items():
            self.counted[op] = max(self.counted.get(op, 0), length)
        for op, keys in other.keys.items():
            self.keys.setdefault(op, set()).update(keys)

    def frequent(self, op: bytes) -> list[int]:
        """The lengths that were seen most often with an opcode, the most frequent one first."""
        seen = ((n, count) for (code, n), count in self.lengths.items() if code == op)
        return [n for n, _ in sorted(seen, key=lambda pair: (-pair[1], pair[0]))][:_FREQUENT]

    def state(self) -> tuple[object, ...]:
        """Equal for slots that take the same."""
        return (
            frozenset(self.fixed),
            frozenset(self.lines),
            frozenset(self.longs),
            frozenset(self.puts),
            frozenset((op, cap(length)) for op, length in self.counted.items()),
            frozenset((op, frozenset(keys)) for op, keys in self.keys.items()),
        )

    @property
    def opcodes(self) -> set[bytes]:
        """All opcodes that were seen here."""
        longs = {LONG1} if self.longs else set()
        return self.fixed | self.lines | set(self.counted) | set(self.keys) | self.puts | longs


def cap(length: int) -> int:
    """The longest argument that is taken where one of this length was seen."""
    return next((most for most in _LENGTHS if length + length // 2 < most), 255)


def any_byte(count: int, *, clean: bool) -> bytes:
    """So many bytes; ``clean``: none of them the opcode MEMOIZE."""
    one = rb"[^\x94]" if clean else b"."
    return b"" if count == 0 else one if count == 1 else one + b"{%d}" % count


def fixed(op: bytes, *, clean: bool) -> bytes:
    """An opcode with its argument of a fixed size."""
    return re.escape(op) + any_byte(FIXED[op], clean=clean)


def counted(op: bytes, longest: int, *, clean: bool, first: Sequence[int] = ()) -> bytes:
    """An opcode with a length of at most ``longest``, which is below 256, and so many bytes.

    The engine takes alternatives one after the other, so the lengths in ``first`` are tried first,
    and longer ones stand in groups.
    """
    zeros = b"\\0" * (COUNTED[op] - 1)

    def one(length: int) -> bytes:
        return rb"\x%02x" % length + zeros + any_byte(length, clean=clean)

    lengths = [n for n in range(longest + 1) if not (clean and n == _MEMOIZE)]
    ways = [one(n) for n in first if n in lengths]
    lengths = [n for n in lengths if n not in first]
    ways += [one(n) for n in lengths if n < _UNGROUPED]
    for start in range(_UNGROUPED, longest + 1, _GROUP):
        group = [one(n) for n in lengths if start <= n < start + _GROUP]
        if group:
            last = min(start + _GROUP - 1, longest)
            ways.append(rb"(?=[\x%02x-\x%02x])(?:" % (start, last) + b"|".join(group) + b")")
    return re.escape(op) + b"(?:" + b"|".join(ways) + b")"


def longs(lengths: set[int], longest: int, *, clean: bool) -> bytes:
    """LONG1 with one of these lengths, of those that are at most ``longest``. None: empty."""
    ways = [
        rb"\x%02x" % n + any_byte(n, clean=clean)
        for n in sorted(lengths)
        if n <= longest and n != _MEMOIZE
    ]
    return rb"\x8a(?:" + b"|".join(ways) + b")" if ways else b""


def line(op: bytes, longest: int, *, clean: bool) -> bytes:
    """An opcode with a line of at most ``longest`` bytes, as picklers write it."""
    not_memoize = rb"\x94" if clean else b""
    if op == b"V":
        plain = rb"[^\\\n%s]{0,%d}+\n" % (not_memoize, longest)
        escapes = rb"|\\u[0-9a-f]{4}|\\U000[0-9a-f]{5}|\\U0010[0-9a-f]{4}"
        part = rb"[^\\\n%s]++" % not_memoize + escapes
        return rb"V(?:%s|(?=[^\n]{0,%d}\n)(?:%s)*\n)" % (plain, longest, part)
    if op == b"S":
        # The quotes are part of the line.
        return rb"S'[^'\\\n\x80-\xff]{0,%d}+'\n" % (longest - 2) if longest >= 2 else rb"(?!)"
    number = {
        b"I": rb"(?:0[01]?|-?[1-9][0-9]{0,17})",
        b"L": rb"(?:0|-?[1-9][0-9]{0,99})L?",
        b"F": rb"-?(?:[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[-+]?[0-9]{1,2})?"
        rb"|[0-9](?:\.[0-9]{1,20})?e(?:-[0-9]{3}|\+(?:[12][0-9]{2}|30[0-7])))",
    }[op]
    limit = b"" if longest > 102 else rb"(?=[^\n]{0,%d}\n)" % longest
    return op + limit + number + rb"\n"


@functools.lru_cache(maxsize=16)
def _line_pattern(op: bytes) -> re.Pattern[bytes]:
    return re.compile(line(op, 255, clean=False))


def is_plain_line(op: bytes, argument: bytes) -> bool:
    """Whether an opcode's line, with its line feed, is as picklers write it, and not long."""
    return _line_pattern(op).fullmatch(op + argument) is not None


def key_of(op: bytes, argument: bytes) -> int:
    """The memo key of GET, BINGET or LONG_BINGET; -1 for none that a pickler writes."""
    if op != b"g":
        return int.from_bytes(argument, "little")
    digits = argument.removesuffix(b"\n")
    return int(digits) if digits.isdigit() and len(digits) < 19 else -1


def charset(members: set[int]) -> bytes:
    """One of these bytes. There is at least one."""
    return b"[" + b"".join(rb"\x%02x" % byte for byte in sorted(members)) + b"]"


def memoized(seen: Slot, pieces: set[bytes], longest: int) -> bytes:
    """Any of these opcodes that are followed by no put, then one that is. Group 1: it is a text."""
    plain = [fixed(op, clean=False) for op in sorted(seen.fixed)]
    plain += [re.escape(piece) for piece in sorted(pieces) if piece not in (b"\x94", b"r", b"p")]
    plain += [rb"h.", rb"j.{4}", rb"g[0-9]+\n"]
    if seen.longs:
        plain.append(longs(seen.longs, longest, clean=False))
    texts: list[bytes] = []
    for op, length in sorted(seen.counted.items()):
        one = counted(op, min(cap(length), longest), clean=False)
        (texts if op in TEXTS else plain).append(one)
    for op in sorted(seen.lines):
        (texts if op in TEXTS else plain).append(line(op, longest, clean=False))
    text = b"(?:" + b"|".join(texts) + b")" if texts else b"(?!)"
    other = b"(?:" + b"|".join(way for way in plain if way) + b")"
    put = rb"(?:\x94|q.|r.{4}|p[0-9]+\n)"
    unput = rb"(?:" + other[3:-1] + b"|" + text[3:-1] + rb")(?![\x94qrp])"
    return b"(?:" + unput + b")*(?:(" + text + b")|" + other + b")" + put
