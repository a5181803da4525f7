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
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pickle_migrate.errors import LimitError, PickleFormatError
from pickle_migrate.limits import NO_LIMITS, Limits
from pickle_migrate.scan_entries import (
    ATOM,
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
    Frozen,
    FrozenShape,
    Named,
    Shape,
    Weights,
)
from pickle_migrate.scan_memo import Memo, Places
from pickle_migrate.scan_pack import BLOCK, Pack, can_pack, parts_to_pack, spread

# A value this light may be used before it is filled: the sum is too large by so much at most.
_LIGHT: Final = 16
# Equal shapes are shared. That saves memory and changes nothing, so the table may be emptied.
_SHAPES_KEPT: Final = 4096
# From so many items on it is worth to look for those that are alike.
_MANY: Final = 16
_ATOMS: Final = frozenset([int, type(None)])
# Memo keys up to this one are never too high.
_FREE_KEYS: Final = 1 << 16
# So many values more may be hashed for each byte, above what one key may have.
_WORK_PER_BYTE: Final = 64


class Machine:
    """Stack, marks and memo of one pickle, the globals seen so far, and what is done with them.

    ``text_at`` decodes the text whose opcode stands at an offset; None when that depends on the
    reader's ``encoding``. ``places`` is None unless someone asks for the places of names.
    ``effects`` has, for each kind and the global that it is told of, the first offset and a count.
    ``late``: the weights may be too small, because something was filled after it was used.
    ``watches``: notice keys of dicts that are dunders. That takes time, so it is off until
    ``unsure_state`` or so says that some state may set them, and the reader that there are any.
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
        self.marks = array("Q")
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
        self.watches = False
        self.unsure_state = False
        self.computed_keys = False
        self.taint = 0
        self.hash_work = 0
        #: See ``Frozen``; the one with mark -1 stands first.
        self.frozen: list[Frozen] = []
        self.packs = 0
        #: So many entries on the stack are worth a look.
        self.pack_at = 2 * BLOCK
        self._uses_open = False
        self._shapes: dict[tuple[object, ...], Shape] = {}

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
        if self._uses_open:
            self.late = True

    def stop(self, at: int) -> None:
        """STOP: the topmost value is the result, and what is left on the stack goes nowhere."""
        entry = self.pop(at)
        if kind_of(entry) is not None:
            self._saw(shape_of(entry).weights, at)
        self.weigh([entry])
        # No copy is made: it may be very much.
        for entry in self.stack:
            if entry is not None and isinstance(entry, Named | Args):
                self._weights_of(entry)

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

    def weigh(self, items: Sequence[Entry]) -> Weights:
        """The entries leave the stack as parts of something: what they weigh together."""
        self.taint = 0
        count = len(items)
        if count > _MANY:
            if items.count(items[0]) == count:
                return self._weigh_each({items[0]: count})
            kinds = set(map(type, items))
            if kinds <= _ATOMS:
                return 0, count, 0, count, 0, 0
            if FrozenShape in kinds and Box not in kinds:
                return self._weigh_each(Counter(items))
        parts = [e for e in items if e is not None and not isinstance(e, int)]
        if not parts:
            return 0, count, 0, count, 0, 0
        boxes = [e for e in parts if isinstance(e, Box)]
        if boxes:
            self._leave(boxes)
        shapes = [e.shape if isinstance(e, Box) else e for e in parts]
        if count == 1:
            return self._weights_of(shapes[0])
        depth = hash_depth = inner_depth = inner = 0
        weight = hash_weight = count
        last: Named | Shape | None = None
        more = hash_more = 0
        for shape in shapes:
            if shape is not last:
                last = shape
                d, more, h, hash_more, i, n = self._weights_of(shape)
                depth, hash_depth, inner_depth, inner = (
                    d if d > depth else depth,
                    h if h > hash_depth else hash_depth,
                    i if i > inner_depth else inner_depth,
                    n if n > inner else inner,
                )
            weight += more - 1
            hash_weight += hash_more - 1
        if weight > EXPANSION_CAP:
            weight, hash_weight = EXPANSION_CAP, min(hash_weight, EXPANSION_CAP)
        return depth, weight, hash_depth, hash_weight, inner_depth, inner

    def _weigh_each(self, entries: Mapping[Entry, int]) -> Weights:
        """What ``weigh`` gives, from each entry and how often it is there."""
        depth = hash_depth = inner_depth = inner = weight = hash_weight = 0
        for entry, times in entries.items():
            if isinstance(entry, Box):
                self._leave([entry] * times)
            shape = entry.shape if isinstance(entry, Box) else entry
            weights = ATOM
            if shape is not None and not isinstance(shape, int):
                weights = self._weights_of(shape)
            d, w, h, hash_more, i, n = weights
            depth, hash_depth = max(depth, d), max(hash_depth, h)
            inner_depth, inner = max(inner_depth, i), max(inner, n)
            weight += w * times
            hash_weight += hash_more * times
        if weight > EXPANSION_CAP:
            weight, hash_weight = EXPANSION_CAP, min(hash_weight, EXPANSION_CAP)
        return depth, weight, hash_depth, hash_weight, inner_depth, inner

    def _weights_of(self, part: Named | Shape) -> Weights:
        if isinstance(part, Named):
            part.uses.add("named")
            return ATOM
        if isinstance(part, Args) and isinstance(part.first, Named):
            part.first.uses.add("named")
        if part.taint > self.taint:
            self.taint = part.taint
        return part.weights

    def _leave(self, boxes: list[Box]) -> None:
        settle = self.memo.settle
        for box in boxes:
            box.refs -= 1
            if box.refs:
                box.used = max(box.used, box.shape.weights[1])
                self._uses_open = True
            else:
                box.closed = True
                if box.key >= 0:
                    settle(box.key, box, box.shape)

    def shape(self, kind: str, by: Named | None, weights: Weights, at: int) -> Shape:
        """A new value whose parts have these weights."""
        key = kind, by, weights, self.taint
        self.taint = 0
        found = self._shapes.get(key)
        if found is None:
            found = self._keep(key, Shape(kind, by, _around(kind, weights), False, key[-1]))
        self._saw(found.weights, at)
        return found

    def grow(self, weights: Weights, at: int, built: bool = False) -> None:
        """The topmost value, which has a shape, gets parts of these weights."""
        self.thaw(-1)
        entry = self.stack[-1]
        if isinstance(entry, Box):
            if entry.closed or (entry.used and (entry.refs > 1 or entry.used > _LIGHT)):
                self.late = True
            shape = entry.shape = self._grown(entry.shape, weights, built)
        else:
            assert isinstance(entry, Shape)
            shape = self.stack[-1] = self._grown(entry, weights, built)
        self._saw(shape.weights, at)

    def _grown(self, shape: Shape, weights: Weights, built: bool) -> Shape:
        key = shape, weights, built, self.taint
        self.taint = 0
        found = self._shapes.get(key)
        if found is None:
            more = _together(shape, weights)
            found = Shape(
                shape.kind, shape.by, more, shape.built or built, max(shape.taint, key[-1])
            )
            self._keep(key, found)
        return found

    def _keep(self, key: tuple[object, ...], shape: Shape) -> Shape:
        if len(self._shapes) >= _SHAPES_KEPT:
            self._shapes.clear()
        self._shapes[key] = shape
        return shape

    def _saw(self, weights: Weights, at: int) -> None:
        depth, weight, *_ = weights
        if (depth > self.depth or weight > self.weight) and not self.late:
            # Once late, only the graph of the whole pickle tells.
            self.depth, self.weight = max(self.depth, depth), max(self.weight, weight)
            self.check("depth", self.depth, at)
            self.check("expansion", self.weight, at)

    def hash_items(self, items: Sequence[Entry], at: int) -> None:
        """The entries become keys or members of sets, for which they are hashed."""
        if not items or (items.count(items[0]) == len(items) and type(items[0]) in _ATOMS):
            return
        if _ATOMS.issuperset(map(type, items)):
            return
        for entry in items:
            if entry is None or isinstance(entry, int):
                continue
            if kind_of(entry) in HASHED:
                weights = shape_of(entry).weights
                self.hashed(weights[2], weights[3], at)
            else:
                self.computed_keys = True

    def hashed(self, depth: int, weight: int, at: int) -> None:
        """Something so deep and heavy is hashed."""
        if depth > self.hash_depth:
            self.hash_depth = depth
            self.check("hashed_depth", depth, at)
        if weight > self.hash_weight:
            self.hash_weight = weight
            self.check("hashed_expansion", weight, at)
        self.hash_work += weight
        most = self.limits.hashed_expansion
        if most is not None and self.hash_work > most + _WORK_PER_BYTE * at:
            raise LimitError("hashed_expansion", self.hash_work, most + _WORK_PER_BYTE * at, at)

    def check(self, limit: str, found: int, at: int) -> None:
        """Raise LimitError if so much is more than the limit allows."""
        allowed: int | None = getattr(self.limits, limit)
        if allowed is not None and found > allowed:
            raise LimitError(limit, found, allowed, at)

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
            weights = _and_one(weights)
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


def shape_of(entry: Entry) -> Shape:
    """The shape of an entry that has one."""
    if isinstance(entry, Box):
        return entry.shape
    assert isinstance(entry, Shape)
    return entry


def kind_of(entry: Entry) -> str | None:
    """The kind of an entry's shape; None for atoms, texts and globals."""
    if isinstance(entry, Box):
        return entry.shape.kind
    return entry.kind if isinstance(entry, Shape) else None


def _and_one(weights: Weights) -> Weights:
    """The weights of these parts and an atom."""
    depth, weight, hash_depth, hash_weight, inner_depth, inner = weights
    return depth, weight + 1, hash_depth, hash_weight + 1, inner_depth, inner


def _around(kind: str, parts: Weights) -> Weights:
    """The weights of a value of this kind, as a part, from those of its parts."""
    depth, weight, hash_depth, hash_weight, inner_depth, inner = parts
    weight = min(weight + 1, EXPANSION_CAP)
    if kind in HASHED:
        hash_depth, hash_weight = hash_depth + 1, min(hash_weight + 1, EXPANSION_CAP)
        inner_depth, inner = max(inner_depth, hash_depth), max(inner, hash_weight)
        return depth + 1, weight, hash_depth, hash_weight, inner_depth, inner
    if kind != LIST:
        inner_depth = inner = 0
    return depth + 1, weight, 0, 1, inner_depth, inner


def _together(shape: Shape, parts: Weights) -> Weights:
    """The weights of a value that has a shape, after it got more parts."""
    depth, weight, _, _, inner_depth, inner = shape.weights
    if shape.kind == LIST:
        inner_depth, inner = max(inner_depth, parts[4]), max(inner, parts[5])
    return max(depth, parts[0] + 1), min(weight + parts[1], EXPANSION_CAP), 0, 1, inner_depth, inner
