"""Reads rows of one shape at once: the same result as step by step, many times as fast.

Theory of operation
    ``scan_shapes`` finds what repeats in the opcodes that come next. The exact machine reads one
    unit of each shape, and what that does is measured: what it leaves on the stack, and what it
    counts. All that a scan keeps besides is a maximum, a set or a flag, which another unit of the
    same shape does not change. From then on ``scan_patterns`` takes all units that follow, and the
    counts are multiplied.

    What is not kept of these units are their entries in the memo and the texts on the stack. The
    few that are asked for again are found by reading that stretch step by step: see ``Frozen``.

Rules
    - An argument longer than the longest so far, a memo key that holds no text or that no pickler
      would write there, an opcode of a higher protocol: the pattern stops, the machine goes on.
    - Nothing below the place on the stack where a unit begins is touched, except by APPEND and
      SETITEM, whose list or dict is looked at first.
    - Each byte is looked at by a bounded number of attempts, whose number is bounded by that of the
      opcodes that were read step by step.
"""

from __future__ import annotations

from itertools import chain
from typing import Final

from pickle_migrate.opcodes import ALL
from pickle_migrate.scan_atoms import GETS, PUTS, TEXTS
from pickle_migrate.scan_calls import FRAGILE
from pickle_migrate.scan_entries import (
    DICT,
    EMPTY_DICT,
    EMPTY_LIST,
    LIST,
    PLAIN,
    Args,
    Box,
    Entry,
    Frozen,
    FrozenShape,
    Named,
    Shape,
)
from pickle_migrate.scan_memo import Memo
from pickle_migrate.scan_patterns import Known, Pattern, Taken
from pickle_migrate.scan_reader import Reader
from pickle_migrate.scan_shapes import ATOM, MOST_SHAPES, KeyKind, Unit, look
from pickle_migrate.scan_steps import PUSHES, STEPS, advance, protocol_of, push_fixed
from pickle_migrate.scan_weights import kind_of, shape_of

_LOOK_AT: Final = 1 << 15
_PIECES: Final = (1 << 12, 1 << 17)
# Opcodes to look at, and to read step by step before the next look.
_FEWEST, _MOST = 160, 1 << 16
_DUNDER: Final = "__"
_FRAME: Final = 0x95
_BINPUT: Final = ord("q")
_SHORT_KEYS: Final = 256
_SHORT: Final = 256
_SEAMS: Final = (b"e(", b"u(", b"\x90(")
_MAY_BE_TEXT: Final = TEXTS | set(GETS)
# Attempts in a row that fail, until none are made before the next look.
_PATIENCE: Final = 64


class _Row:
    """A shape and what one unit of it does. ``leaves``: entries; the int 0 stands for an atom."""

    __slots__ = (
        "counts",
        "fresh",
        "hashes",
        "leaves",
        "marks",
        "opcodes",
        "puts",
        "unit",
        "weight",
    )

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.puts = sum(piece in PUTS or piece == b"p" for piece in unit.form)
        self.opcodes = len(unit.form) - self.puts
        self.marks = _nesting(unit.form)
        self.fresh = True
        self.leaves: list[Entry] = []
        self.counts: list[tuple[tuple[str, Named | None], int]] = []
        self.weight = 0
        self.hashes = 0


def _nesting(form: tuple[bytes, ...]) -> int:
    depth = deepest = 0
    for piece in form:
        if piece == b"(":
            depth += 1
            deepest = max(deepest, depth)
        elif piece in (b"t", b"l", b"e", b"d", b"u", b"o", b"\x90", b"\x91"):
            depth -= 1
    return deepest


class Skimmer:
    """Takes units in strides, between the steps of the exact machine."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.rows: dict[tuple[tuple[bytes, ...], int], _Row] = {}
        self.pattern: Pattern | None = None
        self.clean = True
        self.failed = 0
        self.patience = _PATIENCE
        self.wait = _FEWEST // 2
        self.gained = 0
        self.size = _PIECES[0]
        self.changed = reader.machine.memo.changed
        self.longest = 0
        self.keys = 0
        self._made_of: object = None
        self._taking: list[_Row] = []
        self._where = b""
        self._fresh: list[tuple[_Row, Pattern]] = []
        reader.steps, reader.pushes = list(STEPS), list(PUSHES)

    # --- learning ------------------------------------------------------------------------------

    def learn(self) -> int:
        """Look for rows from here on. Gives how many opcodes to read until the next look."""
        r = self.reader
        if self.changed != r.machine.memo.changed:
            self._forget()
        keys, self.keys = self.keys, len(r.machine.memo)
        if r.used[_BINPUT] and keys + 4 < self.keys <= _SHORT_KEYS:
            return _FEWEST  # soon there are 256 keys, and from then on they are written otherwise
        data = bytes(r.data[r.at : r.at + _LOOK_AT])
        memo = r.machine.memo
        units = look(data, min(max(self.wait, _FEWEST), 1024), self._kind, len(memo))
        units = [unit for unit in units if self._is_known_protocol(unit)]
        # What brings little is tried less and less often.
        self.wait = _FEWEST if self.gained > self.wait else min(self.wait * 2, _MOST)
        self.gained = 0
        if not units:
            self._listen()
            return self.wait
        self._add(units)
        self._make()
        return self.wait

    def _add(self, units: list[Unit]) -> None:
        """Rows that are put somewhere else than the ones that come now are dropped, and atoms."""
        where = _where(units[0])
        forms = {unit.form for unit in units}
        self.rows = {
            key: row
            for key, row in self.rows.items()
            if _where(row.unit) == where and (set(key[0]) != {ATOM} or key[0] in forms)
        }
        for unit in units:
            row = self.rows.pop((unit.form, unit.pushes), None)
            if row is None:
                row = _Row(unit)
            else:
                for slot, other in zip(row.unit.slots, unit.slots, strict=True):
                    slot.merge(other)
            self.rows[unit.form, unit.pushes] = row
        while len(self.rows) > MOST_SHAPES:
            del self.rows[next(iter(self.rows))]

    def _forget(self) -> None:
        self.rows.clear()
        self.pattern = None
        self.changed = self.reader.machine.memo.changed

    def _is_known_protocol(self, unit: Unit) -> bool:
        protocol = protocol_of(self.reader)
        opcodes = {piece[:1] for piece in unit.form}.union(*(slot.opcodes for slot in unit.slots))
        return all(_PROTOCOLS[op] <= protocol for op in opcodes - {b"", ATOM})

    def _kind(self, key: int) -> KeyKind | None:
        memo = self.reader.machine.memo
        entry = memo.raw(key)
        if isinstance(entry, Frozen):
            self._is_text(key)
            entry = memo.raw(key)
        if isinstance(entry, int):
            return "text"
        if isinstance(entry, Named):
            return "fragile" if entry.ref in FRAGILE else "global"
        return "other"

    def _is_text(self, key: int) -> bool:
        memo = self.reader.machine.memo
        entry = memo.raw(key)
        if isinstance(entry, _Stretch):
            entry.find_texts()
            entry = memo.raw(key)
        if isinstance(entry, int) and self.reader.machine.watches:
            # What is noticed of a dunder depends on the text.
            return _DUNDER not in (self.reader.machine.text_at(entry) or "")
        return isinstance(entry, int)

    def _make(self) -> None:
        """Make the pattern for what is known, if all rows are measured."""
        r = self.reader
        rows = [row for row in self.rows.values() if not row.fresh]
        known = Known(self._is_text, min(r.longest, 255), protocol_of(r))
        made_of = (
            known.longest,
            tuple((row.unit.form, tuple(s.state() for s in row.unit.slots)) for row in rows),
        )
        if rows and made_of == self._made_of:
            self.clean = False
        self._made_of = made_of
        self.longest = known.longest
        if rows and not any(row.fresh for row in self.rows.values()):
            rows.sort(key=lambda row: -len(row.unit.form))
            self.pattern = Pattern([row.unit for row in rows], known, clean=self.clean)
            self._taking = rows
            self._where = _where(rows[0].unit)
        self._fresh = [
            (row, Pattern([row.unit], known, clean=self.clean))
            for row in self.rows.values()
            if row.fresh
        ]
        self._listen()

    def _listen(self) -> None:
        """Have the opcodes that units begin with ask us first."""
        r = self.reader
        assert r.steps is not None
        assert r.pushes is not None
        r.steps[:], r.pushes[:] = STEPS, PUSHES
        self.failed = 0
        self.patience = _PATIENCE + 4 * max(
            (len(row.unit.form) for row in self.rows.values()), default=0
        )
        starts = set(self.pattern.starts) if self.pattern else set()
        starts.update(*(pattern.starts for _, pattern in self._fresh)) if self.rows else None
        r.turns.update(starts)
        for code in starts:
            r.steps[code], r.pushes[code] = self.step, 0

    # --- between the steps ---------------------------------------------------------------------

    def step(self, r: Reader, at: int) -> int:
        """Take what can be taken at once; if that is nothing, do the opcode's own step."""
        end = self._attempt(at)
        if end != at:
            r.opcodes -= 1
            return end
        code = r.data[at]
        return push_fixed(r, at) if PUSHES[code] else STEPS[code](r, at)

    def _attempt(self, at: int) -> int:
        if self.changed != self.reader.machine.memo.changed:
            self._forget()
            self._fresh = []
            self._listen()
            return at
        if self._fresh:
            for row, alone in self._fresh:
                end = alone.one(self.reader.data, at, self._edge(at))
                if end > at and self._fits(row) and not self._dunder_in(at, end):
                    return self._measure(row, at, end)
        pattern = self.pattern
        if pattern is not None and pattern.is_worth_it(self.reader.data, at, self._edge(at)):
            end = self._take(at)
            if end != at:
                # Short ones bring little, and what is noted of each takes room.
                self.failed = self.failed + 4 if end - at < _SHORT else 0
                return end
        self.failed += 1
        if self.failed > self.patience:
            if min(self.reader.longest, 255) > self.longest:
                self._make()
            else:
                self._quiet()
        return at

    def _dunder_in(self, at: int, end: int) -> bool:
        machine = self.reader.machine
        return machine.watches and _DUNDER.encode() in bytes(self.reader.data[at:end])

    def _edge(self, at: int) -> int:
        """How far units may reach: they are taken from within a frame."""
        r = self.reader
        if at >= r.frame_end:
            r.frame_end = 0
        return r.frame_end or r.size

    def _quiet(self) -> None:
        r = self.reader
        assert r.steps is not None
        assert r.pushes is not None
        r.steps[:], r.pushes[:] = STEPS, PUSHES

    def _fits(self, row: _Row) -> bool:
        """Whether a list or dict, made by opcodes, is there for units that are put into it."""
        if row.unit.pushes:
            return True
        stack = self.reader.machine.stack
        if (
            len(stack) <= self.reader.machine.fence
            or self.reader.machine.limits.expansion is not None
        ):
            return False
        top = stack[-1]
        kind = LIST if _where(row.unit) == b"a" else DICT
        return kind_of(top) == kind

    # --- measuring -----------------------------------------------------------------------------

    def _measure(self, row: _Row, at: int, end: int) -> int:
        r, machine = self.reader, self.reader.machine
        size, work = len(machine.stack), machine.hash_work
        counts = {key: count for key, (_, count) in machine.effects.items()}
        before = _weight(machine.stack[-1]) if not row.unit.pushes else 0
        tables, r.steps, r.pushes, r.at = (r.steps, r.pushes), None, None, at
        try:
            while r.at < end:
                advance(r, 1)
        finally:
            r.steps, r.pushes = tables
        row.fresh = False
        row.hashes = machine.hash_work - work
        row.counts = [
            (key, count - counts.get(key, 0))
            for key, (_, count) in machine.effects.items()
            if count != counts.get(key, 0)
        ]
        leaves = machine.stack[size:]
        if not row.unit.pushes:
            row.weight = _weight(machine.stack[-1]) - before
        row.leaves = [_kept(entry) for entry in leaves]
        if r.at != end or len(leaves) != row.unit.pushes or any(map(_names_text, leaves)):
            del self.rows[row.unit.form, row.unit.pushes]
        self._make()
        return r.at

    # --- taking --------------------------------------------------------------------------------

    def _take(self, at: int) -> int:
        r, pattern = self.reader, self.pattern
        assert pattern is not None
        if not all(map(self._fits, self._taking)):
            return at
        begin = at
        while True:
            key = r.machine.memo.next_key(counted=pattern.memoizes)
            edge = self._edge(at)
            piece = bytes(r.data[at : min(at + self.size, edge)])
            if r.machine.watches:
                piece = piece.partition(_DUNDER.encode())[0]
            taken = pattern.take(piece, key) if key >= 0 else None
            if taken is None or not self._allows(taken, at):
                break
            if taken.units:
                self._apply(at, taken)
                at += taken.size
            rest = len(piece) - taken.size
            if rest < len(piece) // 4:
                if len(piece) < self.size and not rest:
                    break
                self.size = min(self.size * 2, _PIECES[1])
                if taken.units:
                    continue
            after = self._after_batch(at, edge) or self._after_frame(at)
            if after == at:
                break
            at = after
        self.size = max(_PIECES[0], min(self.size, 2 * (at - begin)))
        return at

    def _after_batch(self, at: int, edge: int) -> int:
        """The C pickler fills containers 1,000 items at a time: the offset after such a seam."""
        r = self.reader
        if self._where or at + 2 > edge or r.data[at : at + 2] not in _SEAMS:
            return 0
        for place in (at, at + 1):
            code = r.data[place]
            STEPS[code](r, place)
            r.used[code] = 1
            r.opcodes += 1
        return at + 2

    def _after_frame(self, at: int) -> int:
        r = self.reader
        if at >= r.size or r.data[at] != _FRAME or self._edge(at) != r.size:
            return at
        after = STEPS[_FRAME](r, at)
        r.used[_FRAME] = 1
        r.opcodes += 1
        return after

    def _allows(self, taken: Taken, at: int) -> bool:
        """Whether so many units stay below the limits. Else it is seen step by step where they
        don't.
        """
        machine, most = self.reader.machine, self.reader.machine.limits.hashed_expansion
        if len(machine.marks) + max(row.marks for row in self._taking) > machine.deepest:
            return False
        work = max(row.hashes for row in self._taking) * taken.units
        return not work or most is None or machine.hash_work + work <= most + at

    def _apply(self, at: int, taken: Taken) -> None:
        """Do to the machine what the units that were taken do."""
        r, machine, rows = self.reader, self.reader.machine, self._taking
        order = taken.order
        counts = [taken.units] if order is None else [order.count(i) for i in range(len(rows))]
        opcodes = taken.memos
        for row, count in zip(rows, counts, strict=True):
            if count:
                opcodes += row.opcodes * count
                machine.hash_work += row.hashes * count
                for key, each in row.counts:
                    machine.effects[key][1] += each * count
        r.opcodes += opcodes
        r.skimmed += opcodes
        self.gained += opcodes
        stretch = _Stretch(self, at, taken, opcodes)
        machine.memo.extend(stretch, taken.memos)
        leaves = [self._leaves(row, stretch) for row in rows]
        if taken.memos or any(map(_is_frozen, chain.from_iterable(leaves))):
            machine.frozen.append(stretch)
        if order is None:
            machine.stack.extend(leaves[0] * taken.units)
        else:
            machine.stack.extend(chain.from_iterable(map(leaves.__getitem__, order)))
        weight = sum(row.weight * count for row, count in zip(rows, counts, strict=True))
        if weight:
            machine.grow((0, weight, 0, 0, 0, 0), at)
        if len(machine.stack) > machine.pack_at:
            machine.pack()

    @staticmethod
    def _leaves(row: _Row, stretch: _Stretch) -> list[Entry]:
        # Only where a text may stand it has to be found later.
        atom = stretch.mark if any(s.opcodes & _MAY_BE_TEXT for s in row.unit.slots) else PLAIN
        return [
            atom
            if entry == 0
            else FrozenShape(entry.shape, stretch)
            if isinstance(entry, Box)
            else entry
            for entry in row.leaves
        ]


def _is_frozen(entry: Entry) -> bool:
    return isinstance(entry, FrozenShape) or (isinstance(entry, int) and entry < 0)


class _Stretch(Frozen):
    """Units that were taken at once."""

    __slots__ = ("base", "end", "holder", "key", "memos", "opcodes", "pattern", "start", "texts")

    def __init__(self, skimmer: Skimmer, start: int, taken: Taken, opcodes: int) -> None:
        machine = skimmer.reader.machine
        assert skimmer.pattern is not None
        super().__init__(-1 - len(machine.frozen))
        self.holder = skimmer.reader
        self.start = start
        self.end = start + taken.size
        self.memos = taken.memos
        self.opcodes = opcodes
        self.pattern = skimmer.pattern
        self.key = machine.memo.next_key(counted=False)
        self.base = len(machine.stack)
        self.texts = False

    def find_texts(self) -> None:
        """Put the texts into the memo, if that needs no more than an expression."""
        if self.texts:
            return
        self.texts = True
        piece = bytes(self.holder.data[self.start : self.end])
        found = [match.start(1) for match in self.pattern.texts().finditer(piece)]
        if len(found) != self.memos:
            self.thaw()
            return
        memo = self.holder.machine.memo
        for key, at in enumerate(found, self.key):
            if at >= 0:
                memo.replace(key, self, self.start + at)

    def thaw(self) -> None:
        """Read the stretch step by step, and put the entries where they belong."""
        main = self.holder.machine
        memo = _Replayed(main.memo, self.key)
        scratch = Reader(self.holder.data, self.start, memo)
        scratch.carries_memo = self.holder.carries_memo
        scratch.machine.named = main.named
        where = _where(self.pattern.units[0])
        if where:
            scratch.machine.stack.append(EMPTY_LIST if where == b"a" else EMPTY_DICT)
        below = len(scratch.machine.stack)
        advance(scratch, self.opcodes)
        for place, entry in enumerate(scratch.machine.stack[below:], self.base):
            if not self._put_back(place, entry) and isinstance(entry, Box):
                scratch.machine.weigh([entry])
        for key, entry in enumerate(memo.own, self.key):
            main.memo.replace(key, self, entry)

    def _put_back(self, place: int, entry: Entry) -> bool:
        stack = self.holder.machine.stack
        if place >= len(stack):
            return False
        there = stack[place]
        mine = (
            there == self.mark
            if isinstance(there, int)
            else isinstance(there, FrozenShape) and there.frozen is self
        )
        if mine:
            stack[place] = entry
        return mine


class _Replayed(Memo):
    """A memo on top of another one, which stays as it is."""

    __slots__ = ("_below", "_first", "own")

    def __init__(self, below: Memo, first: int) -> None:
        super().__init__()
        self._below = below
        self._first = first
        self.own: list[Entry] = []

    def __len__(self) -> int:
        return self._first + len(self.own)

    def put(self, key: int, entry: Entry) -> None:
        if key < len(self):
            self.own[key - self._first] = entry
        else:
            self.own.append(entry)

    def get(self, key: int) -> Entry:
        if key >= self._first:
            return self.own[key - self._first]
        return self._below.get(key)

    def settle(self, key: int, old: Entry, new: Shape) -> None:
        at = key - self._first
        if 0 <= at < len(self.own) and self.own[at] is old:
            self.own[at] = new


def _where(unit: Unit) -> bytes:
    """The opcode that puts a unit somewhere; empty if that is left to a later one."""
    return b"" if unit.pushes else unit.form[-1]


def _kept(entry: Entry) -> Entry:
    """An entry as it is now, for later; 0 for an atom."""
    if isinstance(entry, Box):
        return Box(entry.shape, entry.key)
    return 0 if entry is None or isinstance(entry, int) else entry


def _weight(entry: Entry) -> int:
    return shape_of(entry).weights[1]


def _names_text(entry: Entry) -> bool:
    return isinstance(entry, Args) and (
        isinstance(entry.first, int) or isinstance(entry.second, int)
    )


_PROTOCOLS: Final = {bytes([op.code]): op.protocol for op in ALL}
