"""One regular expression for all rows of the shapes that were learned.

A pattern takes one unit after the other, from a piece of the data that begins at a unit. The engine
gives one item for each unit. Where memo keys differ from row to row they are captured, and Python
looks at all of them at once; nothing else needs Python.

Every alternative is told from the others by its first bytes or by its length byte, so the engine
never has two ways to take the same bytes: it stays linear.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import attrgetter, itemgetter
from typing import Any, Final

import attrs

from pickle_migrate import scan_atoms
from pickle_migrate.scan_atoms import FIXED, PUTS, Slot
from pickle_migrate.scan_reader import Data
from pickle_migrate.scan_shapes import ATOM, Unit

# Opcodes that one item of the engine should have, where rows need not be told apart.
_BATCH: Final = 24
_FEW: Final = 6
_LONG_TEXT: Final = 3000
_MEMOIZE: Final = b"\x94"
_LOW_BYTES: Final = bytes(range(256))
_REPEATED: Final = [bytes([byte]) * 256 for byte in range(256)]
_THOUSAND: Final = [b"%03d\n" % number for number in range(1000)]
_LINE_KEY: Final = rb"(0|[1-9][0-9]{0,17})\n"


@attrs.frozen
class Known:
    """What holds when a pattern is made. ``is_text``: whether a memo key holds a text for sure.
    ``longest``: the longest argument so far, ``protocol``: the highest protocol so far.
    """

    is_text: Callable[[int], bool]
    longest: int
    protocol: int


@attrs.frozen
class Taken:
    """What was taken. ``order``: the number of each unit's shape, None when there is one shape;
    ``size``: bytes; ``memos``: how many memo keys were set.
    """

    units: int
    order: list[int] | None
    size: int
    memos: int


@functools.lru_cache(maxsize=64)
def _compiled(text: bytes) -> re.Pattern[bytes]:
    return re.compile(text, re.DOTALL)


class Pattern:
    """Takes units of these shapes.

    ``clean``: no argument may hold the byte of MEMOIZE, so that it can be counted. Otherwise it is
    captured wherever it may stand or not.
    """

    def __init__(self, units: list[Unit], known: Known, *, clean: bool) -> None:
        # Longer units first: a shorter one may be how a longer one begins.
        self.units = units
        self._known = known
        self._maybe = any(_memoizes(slot) is None for unit in units for slot in unit.slots)
        self.clean = clean and self._maybe
        self._columns: list[str] = []
        parts = [self._unit(unit) for unit in units]
        # With nothing to capture, a match says by its last group which shape it is.
        self._mixed = len(units) > 1 and not self._columns
        if self._mixed:
            parts = [part + b"()" for part in parts]
        elif len(units) > 1:
            self._columns.clear()
            parts = [self._unit(unit, captured=True) for unit in units]
        whole = b"|".join(parts)
        self._batch = 1 if self._columns or self._mixed else max(_BATCH // len(units[0].form), 1)
        self._text = b"(?:" + whole + b")"
        self._batch = max(min(self._batch, _LONG_TEXT // len(self._text)), 1)
        self._few = min(max(_BATCH // min(len(u.form) for u in units), 2), _FEW)
        self.memoizes = _MEMOIZE in whole
        self.starts = frozenset(chain.from_iterable(map(_starts, units)))
        self._memos = [_fixed_memos(unit) for unit in units]
        self._captures_gets = bool({"gets", "line gets"} & set(self._columns))
        self._of = {kind: self._places(kind) for kind in set(self._columns)}

    @functools.cached_property
    def _regex(self) -> re.Pattern[bytes]:
        return _compiled(self._text + b"|(.+)")

    @functools.cached_property
    def _batches(self) -> re.Pattern[bytes]:
        # Written out is faster than counted, and takes longer to compile.
        return _compiled(self._text * self._batch + b"|(.+)")

    def is_worth_it(self, data: Data, at: int, edge: int) -> bool:
        """Whether some units stand there, one after the other."""
        if self._batch > 1:
            found = self._batches.match(data, at, edge)
            return found is not None and found.start(1) < 0
        for _ in range(self._few):
            at = self.one(data, at, edge)
            if at < 0:
                return False
        return True

    def one(self, data: Data, at: int, edge: int) -> int:
        """Where a unit ends that stands at an offset and ends before ``edge``, or -1."""
        found = self._regex.match(data, at, edge)
        # To ask for the group itself would copy all the rest.
        if found is None or found.start(self._regex.groups) >= 0:
            return -1
        if self._captures_gets and self._first_bad([found.groups()]) == 0:
            return -1
        return found.end()

    def texts(self) -> re.Pattern[bytes]:
        """Finds one value after the other that is put into the memo; group 1 is one that is a
        text. Takes what this pattern takes.
        """
        every = Slot()
        pieces = {b"(", b")"}
        for unit in self.units:
            pieces.update(piece for piece in unit.form if piece != ATOM)
            for slot in unit.slots:
                every.merge(slot)
        return _compiled(scan_atoms.memoized(every, pieces, self._known.longest))

    def _places(self, kind: str) -> list[int]:
        return [i for i, column in enumerate(self._columns) if column == kind]

    # --- the expression ------------------------------------------------------------------------

    def _unit(self, unit: Unit, *, captured: bool = False) -> bytes:
        text = b""
        if captured:
            self._columns.append("shape")
            text = b"(?=(.))"
        slots = iter(unit.slots)
        text += b"".join(self._piece(piece, slots) for piece in unit.form)
        last = next((piece for piece in reversed(unit.form) if piece not in PUTS), b"")
        # An empty container that is about to be filled is no whole unit.
        return text + rb"(?![(asbeu])" if last in (b"]", b"}", b"\x8f") else text

    def _piece(self, piece: bytes, slots: Iterator[Slot]) -> bytes:
        if piece == ATOM:
            return self._slot(next(slots))
        if piece in (b"r", b"p"):
            return self._put(piece)
        return re.escape(piece)

    def _put(self, op: bytes) -> bytes:
        if op == _MEMOIZE or not op:
            return op
        self._columns.append("puts" if op == b"r" else "line puts")
        if op == b"r":
            return b"r(" + scan_atoms.any_byte(4, clean=self.clean) + b")"
        return b"p" + _LINE_KEY

    def _slot(self, slot: Slot) -> bytes:
        ways = [scan_atoms.fixed(op, clean=self.clean) for op in sorted(slot.fixed) if FIXED[op]]
        single = {op[0] for op in slot.fixed if not FIXED[op]}
        if single:
            ways.append(scan_atoms.charset(single))
        ways += self._gets(slot)
        for op, length in sorted(slot.counted.items()):
            cap = min(scan_atoms.cap(length), self._known.longest)
            first = slot.frequent(op)
            text = scan_atoms.counted(op, cap, clean=self.clean, first=first)
            ways.append(text + self._puts(slot))
        for op in sorted(slot.lines):
            put = b"" if op in b"ILF" else self._puts(slot)
            ways.append(scan_atoms.line(op, self._known.longest, clean=self.clean) + put)
        if slot.longs:
            ways.append(scan_atoms.longs(slot.longs, self._known.longest, clean=self.clean))
        return b"(?:" + b"|".join(way for way in ways if way) + b")"

    def _puts(self, slot: Slot) -> bytes:
        ways = []
        for op in sorted(slot.puts - {b""}):
            if op == _MEMOIZE and not self.clean and _memoizes(slot) is None:
                self._columns.append("memoize")
                ways.append(b"(" + _MEMOIZE + b")")
            else:
                ways.append(self._put(op))
        text = b"(?:" + b"|".join(ways) + b")" if ways else b""
        return text + b"?+" if text and b"" in slot.puts else text

    def _gets(self, slot: Slot) -> list[bytes]:
        ways = []
        for op, arguments in sorted(slot.keys.items()):
            if len(arguments) == 1:
                argument = next(iter(arguments))
                if self._known.is_text(scan_atoms.key_of(op, argument)):
                    ways.append(re.escape(op + argument))
                    continue
            if op == b"h":
                texts = {key for key in range(256) if self._known.is_text(key)}
                texts -= {_MEMOIZE[0]} if self.clean else set()
                if texts:
                    ways.append(b"h" + scan_atoms.charset(texts))
                continue
            self._columns.append("gets" if op == b"j" else "line gets")
            ways.append(
                b"j(" + scan_atoms.any_byte(4, clean=self.clean) + b")"
                if op == b"j"
                else b"g" + _LINE_KEY
            )
        return ways

    # --- taking --------------------------------------------------------------------------------

    def take(self, piece: bytes, next_key: int) -> Taken | None:
        """Take what stands at the start of a piece of the data.

        ``next_key`` is the memo key that a pickler sets next. None if the keys are none that a
        pickler writes there, or one of them holds no text: that is for the exact machine.
        """
        if self._mixed:
            shapes, size = self._take_mixed(piece)
            memos = self._count_memos(piece, size, len(shapes), shapes, [])
            return Taken(len(shapes), shapes, size, memos)
        if not self._columns:
            units, size = self._take_batches(piece)
            return Taken(units, None, size, self._count_memos(piece, size, units, None, []))
        rows, size = self._rows(piece)
        bad = self._first_bad(rows)
        if bad is not None:
            rows = rows[:bad]
            last = next(islice(self._regex.finditer(piece), bad - 1, None)) if bad else None
            size = last.end() if last else 0
        puts = self._count_puts(rows, next_key)
        if puts is None:
            return None
        order = self._order(rows)
        puts += self._count_memos(piece, size, len(rows), order, rows)
        return Taken(len(rows), order, size, puts)

    def _take_mixed(self, piece: bytes) -> tuple[list[int], int]:
        """The number of each unit's shape, and how many bytes there are of them."""
        matches = list(self._regex.finditer(piece))
        size = len(piece)
        if matches and matches[-1].lastindex == self._regex.groups:
            size = matches.pop().start()
        return [index - 1 for index in map(attrgetter("lastindex"), matches)], size

    def _rows(self, piece: bytes) -> tuple[list[Any], int]:
        """What is captured of each unit, and how many bytes there are of them."""
        rows: list[Any] = self._regex.findall(piece)
        size = len(piece)
        if rows and rows[-1][-1]:
            size -= len(rows.pop()[-1])
        return rows, size

    def _take_batches(self, piece: bytes) -> tuple[int, int]:
        units = size = 0
        for regex, count in ((self._batches, self._batch), (self._regex, 1)):
            rows = regex.findall(piece[size:] if size else piece)
            rest = len(rows.pop()) if rows and rows[-1] else 0
            units += count * len(rows)
            size = len(piece) - rest
            if not rest or self._batch == 1:
                break
        return units, size

    def _count_memos(
        self, piece: bytes, size: int, units: int, order: list[int] | None, rows: list[Any]
    ) -> int:
        """How many keys MEMOIZE sets in what was taken."""
        if self.clean:
            # Every byte of this value is the opcode, or the key of a global, which is fixed.
            other = self._sum([_in_literals(unit) for unit in self.units], units, order)
            return piece.count(_MEMOIZE, 0, size) - other
        fixed = self._sum(self._memos, units, order)
        maybe = sum(self._column(rows, i).count(_MEMOIZE) for i in self._of.get("memoize", ()))
        return fixed + maybe

    @staticmethod
    def _sum(each: list[int], units: int, order: list[int] | None) -> int:
        if order is None:
            return each[0] * units
        return sum(number * order.count(i) for i, number in enumerate(each))

    @staticmethod
    def _column(rows: Sequence[Any], index: int) -> list[bytes]:
        return [row[index] for row in rows]

    def _order(self, rows: list[Any]) -> list[int] | None:
        places = self._of.get("shape")
        if places is None:
            return None
        return list(map(_FirstOf().__getitem__, map(itemgetter(*places), rows)))

    def _first_bad(self, rows: Sequence[Any]) -> int | None:
        """The first row with a key that holds no text."""
        worst = None
        for kind, op in (("gets", b"j"), ("line gets", b"g")):
            for place in self._of.get(kind, ()):
                column = self._column(rows, place)
                for key in set(column):
                    if key and not self._known.is_text(scan_atoms.key_of(op, key)):
                        at = column.index(key)
                        worst = at if worst is None else min(worst, at)
        return worst

    def _count_puts(self, rows: list[Any], next_key: int) -> int | None:
        """How many explicit memo keys are set; None unless they are those that come next."""
        binary, lines = self._of.get("puts", []), self._of.get("line puts", [])
        if not binary and not lines:
            return 0
        if binary and lines:
            return None
        keys: Iterable[bytes] = chain.from_iterable(rows)
        if len(binary or lines) == 1:
            keys = map(itemgetter((binary or lines)[0]), rows)
        elif len(self._columns) > len(binary or lines):
            keys = chain.from_iterable(map(itemgetter(*binary, *lines), rows))
        if lines:
            texts = list(filter(None, keys))
            return len(texts) if _are_lines_counted_up(texts, next_key) else None
        joined = b"".join(keys)
        return len(joined) // 4 if _are_counted_up(joined, next_key) else None


def _are_counted_up(keys: bytes, first: int) -> bool:
    """Whether numbers of 4 bytes each are those from ``first`` on."""
    count = len(keys) // 4
    skipped, last = first % 256, first + count - 1
    planes = [_LOW_BYTES * ((count + skipped) // 256 + 1)]
    for shift in (8, 16, 24):
        planes.append(
            b"".join(
                [_REPEATED[high >> shift - 8 & 255] for high in range(first >> 8, (last >> 8) + 1)]
            )
        )
    return all(keys[i::4] == plane[skipped : skipped + count] for i, plane in enumerate(planes))


def _are_lines_counted_up(keys: list[bytes], first: int) -> bool:
    """The same for numbers in decimal texts."""
    after = first + len(keys)
    expected = []
    for block in range(first // 1000, after // 1000 + 1):
        low, high = max(first - 1000 * block, 0), min(after - 1000 * block, 1000)
        if block:
            expected.append((b"%d" % block).join([b"", *_THOUSAND[low:high]]))
        else:
            expected += [b"%d\n" % number for number in range(low, high)]
    return (b"\n".join(keys) + b"\n" if keys else b"") == b"".join(expected)


class _FirstOf(dict[tuple[bytes, ...], int]):
    """Which of several groups took part in a match."""

    def __missing__(self, key: tuple[bytes, ...]) -> int:
        self[key] = found = next(i for i, byte in enumerate(key) if byte)
        return found


def _memoizes(slot: Slot) -> bool | None:
    """Whether what stands in a slot is memoized: always, never, or None for some of it."""
    if _MEMOIZE not in slot.puts:
        return False
    alone = not (slot.fixed or slot.longs or slot.keys or slot.lines - set(b"SV"))
    return True if alone and slot.puts == {_MEMOIZE} else None


def _starts(unit: Unit) -> set[int]:
    if unit.form[0] != ATOM:
        return {unit.form[0][0]}
    return {op[0] for op in unit.slots[0].opcodes - unit.slots[0].puts}


def _fixed_memos(unit: Unit) -> int:
    """How many keys MEMOIZE sets at least in each unit."""
    return unit.form.count(_MEMOIZE) + sum(_memoizes(slot) is True for slot in unit.slots)


def _in_literals(unit: Unit) -> int:
    """How often the byte of MEMOIZE stands in opcodes' arguments that are the same in all units."""
    keys = [piece for piece in unit.form if len(piece) > 1]
    for slot in unit.slots:
        keys += [key for keys in slot.keys.values() if len(keys) == 1 for key in keys]
    return sum(piece.count(_MEMOIZE) for piece in keys)
