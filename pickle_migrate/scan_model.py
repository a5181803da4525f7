"""The pickle machine's stack and memo, with what a scan must know of each value and no more.

Theory of operation
    A scan executes nothing; ``scan_entries`` says what stands for a value. The stack, the marks and
    the fence are those of Modules/_pickle.c: values and marks are kept apart, and nothing but an
    opcode that asks for the mark reaches below it.

Rules
    - A global is recorded when it is named, before what follows can go wrong.
    - A use is recorded when a global leaves the stack: called, instantiated, or put somewhere
      (named).
    - The parts of a value are weighed when they are put into it, and not kept: so nothing recurses,
      and shared values cost nothing. A list that the pickle shares before it is full is the
      exception; ``grow`` notices each case in which the sum would be too small, and sets ``late``.
    - A value that stands on the stack below, still empty, counts 1 where it is put into another
      one: that is how picklers write cycles.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Final

from pickle_migrate.errors import LimitError, PickleFormatError
from pickle_migrate.limits import NO_LIMITS, Limits
from pickle_migrate.scan_entries import (
    CHANGING,
    PLAIN,
    SLOTS,
    TUPLE,
    Args,
    Box,
    Entry,
    Frozen,
    FrozenShape,
    Named,
    Shape,
    Weights,
)
from pickle_migrate.scan_memo import Memo, Places
from pickle_migrate.scan_pack import BLOCK, Pack, can_pack, parts_to_pack, spread
from pickle_migrate.scan_weights import Scales, and_one, kind_of, shape_of

# A value this light may be used before it is filled: the sum is too large by so much at most.
_LIGHT: Final = 16
# Memo keys up to this one are never too high.
_FREE_KEYS: Final = 1 << 16


class Machine(Scales):
    """Stack, marks and memo of one pickle, the globals seen so far, and what is done with them.

    ``text_at`` decodes the text whose opcode stands at an offset; None when that depends on the
    reader's ``encoding``. ``places`` is None unless someone asks for the places of names.
    ``effects`` has, for each kind and the global that it is told of, the first offset and a count.
    """

    def __init__(
        self,
        text_at: Callable[[int], str | None],
        memo: Memo | None = None,
        limits: Limits = NO_LIMITS,
    ) -> None:
        super().__init__(Memo() if memo is None else memo, limits)
        self.text_at = text_at
        self.stack: list[Entry] = []
        self.marks = array("Q")
        self.fence = 0
        self.protocol = 0
        self.named: dict[tuple[str, str, int, str, int], Named] = {}
        self.unresolvable: list[tuple[int, str]] = []
        self.effects: dict[tuple[str, Named | None], list[int]] = {}
        self.places: Places | None = None
        self.deepest = 0
        self.unsure_state = False
        #: See ``Frozen``; the one with mark -1 stands first.
        self.frozen: list[Frozen] = []
        self.packs = 0
        #: So many entries on the stack are worth a look.
        self.pack_at = 2 * BLOCK

    # --- the stack -----------------------------------------------------------------------------

    def mark(self, at: int) -> None:
        """MARK. Each mark is one of a value that is not whole yet, so marks nest as values do."""
        self.marks.append(len(self.stack))
        self.fence = len(self.stack)
        if len(self.marks) > self.deepest:
            self.deepest = len(self.marks)
            self.check("depth", self.deepest, at)

    def to_mark(self, at: int, *, packed: bool = False) -> list[Entry]:
        """Take what is above the topmost mark, and the mark. ``packed``: see ``scan_pack``."""
        if not self.marks:
            raise PickleFormatError("an opcode asks for a mark and there is none", at)
        start = self.marks.pop()
        self.fence = self.marks[-1] if self.marks else 0
        taken = self.stack[start:]
        del self.stack[start:]
        return spread(taken) if self.packs and not packed else taken

    def pop(self, at: int) -> Entry:
        """Take the topmost value. ``at`` is the offset that an error names, here and below."""
        self.need(1, at)
        return self.stack.pop()

    def top(self, at: int) -> Entry:
        """The topmost value, which stays."""
        self.need(1, at)
        return self.stack[-1]

    def need(self, count: int, at: int) -> None:
        """Raise unless ``count`` values stand above the mark."""
        if len(self.stack) - count < self.fence:
            raise self.underflow(at)
        if self.packs:
            self.stack[-count:] = spread(self.stack[-count:])

    def pack(self) -> None:
        """Keep many values in little memory; see ``scan_pack``."""
        stack = self.stack
        self.pack_at = len(stack) + BLOCK
        if self.frozen:
            return  # those know their places
        for start in reversed(parts_to_pack(stack, self.fence)):
            values = stack[start : start + BLOCK]
            if can_pack(values):
                weights = self.weigh(values)
                stack[start : start + BLOCK] = [Pack(values, weights, self.taint)]
                self.packs += 1
        self.pack_at = len(stack) + BLOCK

    def underflow(self, at: int) -> PickleFormatError:
        """The error of an opcode that reaches below the mark, or below the stack."""
        what = "a mark stands where a value should" if self.marks else "the stack is empty"
        return PickleFormatError(f"an opcode takes more values than there are: {what}", at)

    def thaw(self, place: int) -> None:
        """Make sure that what stands on the stack at a place, counted from its end, is known."""
        entry = self.stack[place]
        if entry.__class__ is FrozenShape:
            assert isinstance(entry, FrozenShape)
            entry.frozen.thaw()
        elif isinstance(entry, int) and entry < 0:
            self.frozen[-1 - entry].thaw()

    def drop(self, entries: Sequence[Entry]) -> None:
        """POP, POP_MARK: the entries leave the stack for nowhere."""
        self.weigh(entries)
        if self.uses_open:
            self.late = True

    def stop(self, at: int) -> None:
        """STOP: the topmost value is the result, and what is left on the stack goes nowhere."""
        entry = self.pop(at)
        if kind_of(entry) is not None:
            self.saw(shape_of(entry).weights, at)
        self.weigh([entry])
        # No copy is made: it may be very much.
        for entry in self.stack:
            if entry is not None and isinstance(entry, Named | Args):
                self.weights_of(entry)

    def double(self, at: int) -> None:
        """DUP."""
        self.top(at)
        self.thaw(-1)
        entry = self.stack[-1]
        if isinstance(entry, Shape) and entry.kind in CHANGING:
            entry = self.stack[-1] = Box(entry, -1)
        if isinstance(entry, Box):
            entry.refs += 1
        self.stack.append(entry)

    # --- the memo ------------------------------------------------------------------------------

    def put(self, key: int, at: int) -> None:
        """PUT and MEMOIZE: set a memo key, which is not negative, to the topmost value."""
        entry = self.top(at)
        if isinstance(entry, FrozenShape) or (isinstance(entry, int) and entry < 0):
            self.thaw(-1)
            entry = self.stack[-1]
        if isinstance(entry, Box):
            entry.key = key
        elif isinstance(entry, Shape) and entry.kind in CHANGING:
            entry = self.stack[-1] = Box(entry, key)
        if key > _FREE_KEYS:
            self._check_key(key, at)
        self.memo.put(key, entry)

    def _check_key(self, key: int, at: int) -> None:
        most = self.limits.memo_key
        if most is not None and key > _FREE_KEYS + most * at:
            raise LimitError("memo_key", key, _FREE_KEYS + most * at, at)

    def get(self, key: int) -> None:
        """GET: push what a memo key is set to. Raises KeyError."""
        entry = self.memo.get(key)
        if isinstance(entry, Box):
            entry.refs += 1
        elif isinstance(entry, Shape) and entry.kind in CHANGING:
            entry = Box(entry, key, closed=True)
        self.stack.append(entry)

    # --- values with parts ---------------------------------------------------------------------

    def grow(self, weights: Weights, at: int, built: bool = False) -> None:
        """The topmost value, which has a shape, gets parts of these weights."""
        self.thaw(-1)
        entry = self.stack[-1]
        if isinstance(entry, Box):
            if entry.closed or (entry.used and (entry.refs > 1 or entry.used > _LIGHT)):
                self.late = True
            shape = entry.shape = self.grown(entry.shape, weights, built)
        else:
            assert isinstance(entry, Shape)
            shape = self.stack[-1] = self.grown(entry, weights, built)
        self.saw(shape.weights, at)

    def as_tuple(self, items: Sequence[Entry], at: int) -> Entry:
        """The entry of a tuple of these."""
        first = items[0] if items else PLAIN
        second = items[1] if len(items) > 1 else PLAIN
        kind = SLOTS if len(items) == 2 and kind_of(second) in CHANGING else TUPLE
        # A global that comes first is not told of as named yet: it may be what is called.
        weights = self.weigh(items[1:] if isinstance(first, Named) else items)
        if kind == SLOTS:
            self.taint = shape_of(second).taint
        if isinstance(first, Named):
            weights = and_one(weights)
        shape = self.shape(kind, None, weights, at)
        if isinstance(first, Named):
            return Args(first, second if isinstance(second, int) else PLAIN, len(items), shape)
        if isinstance(first, int) and len(items) == 1:
            return Args(first, PLAIN, 1, shape)
        return shape

    def pop_tuple(self, count: int, at: int) -> None:
        """TUPLE1, TUPLE2, TUPLE3."""
        self.need(count, at)
        self.thaw(-count)
        if count > 1:
            self.thaw(1 - count)
        self.stack[-count:] = [self.as_tuple(self.stack[-count:], at)]
