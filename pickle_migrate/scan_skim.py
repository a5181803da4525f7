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
from pickle_migrate.scan_calls import FRAGILE
from pickle_migrate.scan_entries import Frozen, Named
from pickle_migrate.scan_patterns import Known, Pattern, Taken
from pickle_migrate.scan_reader import Reader
from pickle_migrate.scan_rows import Row, where
from pickle_migrate.scan_shapes import ATOM, MOST_SHAPES, KeyKind, Unit, look
from pickle_migrate.scan_steps import PUSHES, STEPS, protocol_of, push_fixed
from pickle_migrate.scan_stretch import Stretch

_LOOK_AT: Final = 1 << 15
_PIECES: Final = (1 << 12, 1 << 17)
# Opcodes to look at, and to read step by step before the next look.
_FEWEST, _MOST = 160, 1 << 16
# To make a pattern takes as long as to read so many opcodes.
_MAKES, _OPCODES_A_MAKE = 16, 10_000
_DUNDER: Final = "__"
_FRAME: Final = 0x95
_BINPUT: Final = ord("q")
_SHORT_KEYS: Final = 256
_SHORT: Final = 256
_SEAMS: Final = (b"e(", b"u(", b"\x90(")
# Attempts in a row that fail, until none are made before the next look.
_PATIENCE: Final = 64


class Skimmer:
    """Takes units in strides, between the steps of the exact machine."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.rows: dict[tuple[tuple[bytes, ...], int], Row] = {}
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
        self.makes = 0
        self._made_of: object = None
        self._taking: list[Row] = []
        self._where = b""
        self._fresh: list[tuple[Row, Pattern]] = []
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
        enough = self.gained > self.wait and self.makes < _MAKES + r.opcodes // _OPCODES_A_MAKE
        self.wait = _FEWEST if enough else min(self.wait * 2, _MOST)
        self.gained = 0
        if not units:
            self._listen()
            return self.wait
        self._add(units)
        self._make()
        return self.wait

    def _add(self, units: list[Unit]) -> None:
        """Rows that are put somewhere else than the ones that come now are dropped, and atoms."""
        place = where(units[0])
        forms = {unit.form for unit in units}
        self.rows = {
            key: row
            for key, row in self.rows.items()
            if where(row.unit) == place and (set(key[0]) != {ATOM} or key[0] in forms)
        }
        for unit in units:
            row = self.rows.pop((unit.form, unit.pushes), None)
            if row is None:
                row = Row(unit)
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
        if isinstance(entry, Stretch):
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
        self.makes += 1
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
            self._where = where(rows[0].unit)
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
                if end > at and row.fits(self.reader) and not self._dunder_in(at, end):
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

    def _measure(self, row: Row, at: int, end: int) -> int:
        if not row.measure(self.reader, at, end):
            del self.rows[row.unit.form, row.unit.pushes]
        self._make()
        return self.reader.at

    # --- taking --------------------------------------------------------------------------------

    def _take(self, at: int) -> int:
        r, pattern = self.reader, self.pattern
        assert pattern is not None
        if not all(row.fits(r) for row in self._taking):
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
            # A piece that is cut within a frame goes on with the next one.
            if taken.units and len(piece) == self.size and taken.size * 4 > len(piece) * 3:
                self.size = min(self.size * 2, _PIECES[1])
                continue
            # What stands behind the last unit was copied for nothing: the next piece is shorter.
            self.size = max(_PIECES[0], min(self.size, 2 * taken.size))
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
        if machine.packs and (taken.memos or any(row.freezes for row in self._taking)):
            return False  # what is frozen knows its place on the stack
        work = max(row.hashes for row in self._taking) * taken.units
        return not work or most is None or machine.hash_work + work <= most + at

    def _apply(self, at: int, taken: Taken) -> None:
        """Do to the machine what the units that were taken do."""
        r, machine, rows = self.reader, self.reader.machine, self._taking
        assert self.pattern is not None
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
        stretch = Stretch(r, self.pattern, at, taken, opcodes)
        machine.memo.extend(stretch, taken.memos)
        leaves = [row.leaves_of(stretch) for row in rows]
        if taken.memos or any(row.freezes for row in rows):
            machine.frozen.append(stretch)
        if order is None:
            machine.stack.extend(leaves[0] * taken.units)
        else:
            machine.stack.extend(chain.from_iterable(map(leaves.__getitem__, order)))
        for row, count in zip(rows, counts, strict=True):
            if count and where(row.unit):
                depth, weight, hash_depth, hash_weight, *inner = row.weights
                times = weight * count, hash_depth, hash_weight * count
                machine.grow((depth, *times, inner[0], inner[1]), at)
        if len(machine.stack) > machine.pack_at:
            machine.pack()


_PROTOCOLS: Final = {bytes([op.code]): op.protocol for op in ALL}
