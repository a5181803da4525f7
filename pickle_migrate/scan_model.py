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

from collections.abc import Callable, Sequence
from typing import TypeAlias

from pickle_migrate.errors import LimitError, PickleFormatError
from pickle_migrate.limits import NO_LIMITS, Limits
from pickle_migrate.scan_entries import (
    CHANGING,
    EXPANSION_CAP,
    HASHED,
    LIST,
    PLAIN,
    SLOTS,
    TUPLE,
    Args,
    Box,
    Entry,
    Named,
    Shape,
)
from pickle_migrate.scan_memo import Memo, Places

#: depth, weight, depth and weight as ``hash`` walks them, and the largest weight of one part in it.
Weights: TypeAlias = tuple[int, int, int, int, int]

# A value this light may be used before it is filled: the sum is too large by so much at most.
_LIGHT = 16
# Equal shapes are shared. That saves memory and changes nothing, so the table may be emptied.
_SHAPES_KEPT = 4096


class Machine:
    """Stack, marks and memo of one pickle, the globals seen so far, and what is done with them.

    ``text_at`` decodes the text whose opcode stands at an offset; None when that depends on the
    reader's ``encoding``. ``places`` is None unless someone asks for the places of names.
    ``effects`` has, for each kind and the global that it is told of, the first offset and a count.
    ``late``: the weights may be too small, because something was filled after it was used.
    """

    def __init__(
        self,
        text_at: Callable[[int], str | None],
        memo: Memo | None = None,
        limits: Limits = NO_LIMITS,
    ) -> None:
        self.text_at = text_at
        self.limits = limits
        self.stack: list[Entry] = []
        self.marks: list[int] = []
        self.fence = 0
        self.memo = Memo() if memo is None else memo
        self.protocol = 0
        self.named: dict[tuple[str, str, int, str, int], Named] = {}
        self.unresolvable: list[tuple[int, str]] = []
        self.effects: dict[tuple[str, Named | None], list[int]] = {}
        self.places: Places | None = None
        self.deepest = 0
        self.depth = 0
        self.weight = 1
        self.hash_depth = 0
        self.hash_weight = 0
        self.late = False
        self._uses_open = False
        self._shapes: dict[tuple[object, ...], Shape] = {}

    # --- the stack -----------------------------------------------------------------------------

    def mark(self) -> None:
        """MARK."""
        self.marks.append(len(self.stack))
        self.fence = len(self.stack)
        if len(self.marks) > self.deepest:
            self.deepest = len(self.marks)

    def to_mark(self, at: int) -> list[Entry]:
        """Take what is above the topmost mark, and the mark."""
        if not self.marks:
            raise PickleFormatError("an opcode asks for a mark and there is none", at)
        start = self.marks.pop()
        self.fence = self.marks[-1] if self.marks else 0
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def pop(self, at: int) -> Entry:
        """Take the topmost value. ``at`` is the offset that an error names, here and below."""
        if len(self.stack) <= self.fence:
            raise self.underflow(at)
        return self.stack.pop()

    def top(self, at: int) -> Entry:
        """The topmost value, which stays."""
        if len(self.stack) <= self.fence:
            raise self.underflow(at)
        return self.stack[-1]

    def need(self, count: int, at: int) -> None:
        """Raise unless ``count`` values stand above the mark."""
        if len(self.stack) - count < self.fence:
            raise self.underflow(at)

    def underflow(self, at: int) -> PickleFormatError:
        """The error of an opcode that reaches below the mark, or below the stack."""
        what = "a mark stands where a value should" if self.marks else "the stack is empty"
        return PickleFormatError(f"an opcode takes more values than there are: {what}", at)

    def drop(self, entries: Sequence[Entry]) -> None:
        """POP, POP_MARK, and what is left below the value at STOP."""
        self.weigh(entries)
        if self._uses_open:
            self.late = True

    def double(self, at: int) -> None:
        """DUP."""
        entry = self.top(at)
        if isinstance(entry, Shape) and entry.kind in CHANGING:
            if not isinstance(entry, Box):
                entry = self.stack[-1] = Box(entry, -1)
            entry.refs += 1
        self.stack.append(entry)

    # --- the memo ------------------------------------------------------------------------------

    def put(self, key: int, at: int) -> None:
        """PUT and MEMOIZE: set a memo key, which is not negative, to the topmost value."""
        entry = self.top(at)
        if isinstance(entry, Shape) and entry.kind in CHANGING:
            if not isinstance(entry, Box):
                entry = self.stack[-1] = Box(entry, key)
            entry.key = key
        self.memo.put(key, entry)

    def get(self, key: int) -> None:
        """GET: push what a memo key is set to. Raises KeyError."""
        entry = self.memo.get(key)
        if isinstance(entry, Box):
            entry.refs += 1
        elif isinstance(entry, Shape) and entry.kind in CHANGING:
            entry = Box(entry, key, closed=True)
        self.stack.append(entry)

    # --- values with parts ---------------------------------------------------------------------

    def weigh(self, items: Sequence[Entry]) -> Weights:
        """The entries leave the stack as parts of something: what they weigh together."""
        parts = [e for e in items if e is not None and e.__class__ is not int]
        depth = hash_depth = largest = 0
        weight = hash_weight = len(items)
        if not parts:
            return depth, weight, hash_depth, hash_weight, largest
        for part in parts:
            if isinstance(part, Box):
                self._leave(part)
        for part in parts:
            if isinstance(part, Named):
                part.uses.add("named")
                continue
            assert isinstance(part, Shape)
            weight += part.weight - 1
            if part.depth > depth:
                depth = part.depth
            if part.kind in HASHED:
                hash_weight += part.hash_weight - 1
                hash_depth = max(hash_depth, part.hash_depth)
                largest = max(largest, part.hash_weight)
                if isinstance(part, Args) and isinstance(part.first, Named):
                    part.first.uses.add("named")
        return depth, weight, hash_depth, hash_weight, largest

    def _leave(self, box: Box) -> None:
        box.refs -= 1
        if box.refs:
            box.used = max(box.used, box.weight)
            self._uses_open = True
            return
        box.closed = True
        if box.key >= 0:
            self.memo.settle(box.key, box, self._shared(box))

    def _shared(self, like: Shape) -> Shape:
        """The one shape like this one."""
        key = (
            like.kind,
            like.by,
            like.depth,
            like.weight,
            like.hash_depth,
            like.hash_weight,
            like.built,
        )
        found = self._shapes.get(key)
        if found is None:
            if len(self._shapes) >= _SHAPES_KEPT:
                self._shapes.clear()
            found = self._shapes[key] = Shape(*key)
        return found

    def shape(self, kind: str, by: Named | None, weights: Weights, at: int) -> Shape:
        """A new value with parts of these weights."""
        depth, weight, hash_depth, hash_weight, largest = weights
        if kind in HASHED:
            hash_depth, hash_weight = hash_depth + 1, min(hash_weight + 1, EXPANSION_CAP)
        else:
            hash_weight = largest if kind == LIST and largest else 1
        found = Shape(kind, by, depth + 1, min(weight + 1, EXPANSION_CAP), hash_depth, hash_weight)
        self._saw(found, at)
        return self._shared(found)

    def grow(self, weights: Weights, at: int, built: bool = False) -> None:
        """The topmost value, which has a shape, gets parts of these weights."""
        entry = self.stack[-1]
        assert isinstance(entry, Shape)
        if not isinstance(entry, Box):
            like = entry
            entry = Box(like, -1)
        if entry.closed or (entry.used and (entry.refs > 1 or entry.used > _LIGHT)):
            self.late = True
        depth, weight, hash_depth, _, largest = weights
        entry.depth = max(entry.depth, depth + 1)
        entry.weight = min(entry.weight + weight, EXPANSION_CAP)
        if entry.kind == LIST and largest:
            entry.hash_depth = max(entry.hash_depth, hash_depth)
            entry.hash_weight = max(entry.hash_weight, largest)
        entry.built |= built
        self._saw(entry, at)
        if entry.key < 0 and entry.refs == 1:
            self.stack[-1] = self._shared(entry)

    def _saw(self, shape: Shape, at: int) -> None:
        if shape.depth > self.depth:
            self.depth = shape.depth
            self.check("depth", shape.depth, at)
        if shape.weight > self.weight:
            self.weight = shape.weight
            self.check("expansion", shape.weight, at)

    def hash_items(self, items: Sequence[Entry], at: int) -> None:
        """The entries become keys or members of sets, for which they are hashed."""
        for entry in items:
            if isinstance(entry, Shape) and entry.kind in HASHED:
                self.hashed(entry, at)

    def hashed(self, shape: Shape, at: int) -> None:
        """Something like this is hashed."""
        if shape.hash_depth > self.hash_depth:
            self.hash_depth = shape.hash_depth
            self.check("hashed_depth", shape.hash_depth, at)
        if shape.hash_weight > self.hash_weight:
            self.hash_weight = shape.hash_weight
            self.check("hashed_expansion", shape.hash_weight, at)

    def check(self, limit: str, found: int, at: int) -> None:
        """Raise LimitError if so much is more than the limit allows."""
        allowed: int | None = getattr(self.limits, limit)
        if allowed is not None and found > allowed:
            raise LimitError(limit=limit, found=found, allowed=allowed, offset=at)

    def as_tuple(self, items: Sequence[Entry], at: int) -> Entry:
        """The entry of a tuple of these."""
        first = items[0] if items else PLAIN
        second = items[1] if len(items) > 1 else PLAIN
        slots = len(items) == 2 and isinstance(second, Shape) and second.kind in CHANGING
        kind = SLOTS if slots else TUPLE
        if isinstance(first, Named):
            depth, weight, hash_depth, hash_weight, largest = self.weigh(items[1:])
            weights = depth, weight + 1, hash_depth, hash_weight + 1, largest
            text = second if isinstance(second, int) else PLAIN
            return Args(first, text, len(items), self.shape(kind, None, weights, at))
        shape = self.shape(kind, None, self.weigh(items), at)
        if isinstance(first, int) and len(items) == 1:
            return Args(first, PLAIN, 1, shape)
        return shape

    def pop_tuple(self, count: int, at: int) -> None:
        """TUPLE1, TUPLE2, TUPLE3."""
        self.need(count, at)
        self.stack[-count:] = [self.as_tuple(self.stack[-count:], at)]
