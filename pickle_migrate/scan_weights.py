"""How heavy values are, and what hashing them walks; see ``scan_entries`` for the numbers.

The parts of a value are weighed when they are put into it, and not kept: so nothing recurses, and
a shared value costs nothing. Limits are checked as soon as a weight is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from pickle_migrate.errors import LimitError
from pickle_migrate.limits import Limits
from pickle_migrate.scan_entries import (
    ATOM,
    EXPANSION_CAP,
    HASHED,
    LIST,
    Args,
    Box,
    Entry,
    FrozenShape,
    Named,
    Shape,
    Weights,
)
from pickle_migrate.scan_memo import Memo

# Equal shapes are shared. That saves memory and changes nothing, so the table may be emptied.
_SHAPES_KEPT: Final = 4096
# From so many items on it is worth to look for those that are alike.
_MANY: Final = 16
_ATOMS: Final = frozenset([int, type(None)])
# So many values more may be hashed for each byte, above what one key may have.
_WORK_PER_BYTE: Final = 64


class Scales:
    """What was weighed of one pickle. ``depth``, ``weight``, ``hash_depth``, ``hash_weight``: the
    largest of each so far.

    ``late``: the weights may be too small, because something was filled after it was used.
    ``uses_open``: something was used while it stood on the stack below.
    ``watches``: notice keys of dicts that are dunders. That takes time, so it is off until
    ``Machine.unsure_state`` says that a state may set them, and the reader that there are any.
    ``taint``: that of what was weighed last, as far as no shape has taken it.
    """

    def __init__(self, memo: Memo, limits: Limits) -> None:
        self.memo = memo
        self.limits = limits
        self.depth = 0
        self.weight = 1
        self.hash_depth = 0
        self.hash_weight = 0
        self.hash_work = 0
        self.late = False
        self.uses_open = False
        self.watches = False
        self.computed_keys = False
        self.taint = 0
        self._shapes: dict[tuple[object, ...], Shape] = {}

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
            return self.weights_of(shapes[0])
        depth = hash_depth = inner_depth = inner = 0
        weight = hash_weight = count
        last: Named | Shape | None = None
        more = hash_more = 0
        for shape in shapes:
            if shape is not last:
                last = shape
                d, more, h, hash_more, i, n = self.weights_of(shape)
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
                weights = self.weights_of(shape)
            d, w, h, hash_more, i, n = weights
            depth, hash_depth = max(depth, d), max(hash_depth, h)
            inner_depth, inner = max(inner_depth, i), max(inner, n)
            weight += w * times
            hash_weight += hash_more * times
        if weight > EXPANSION_CAP:
            weight, hash_weight = EXPANSION_CAP, min(hash_weight, EXPANSION_CAP)
        return depth, weight, hash_depth, hash_weight, inner_depth, inner

    def weights_of(self, part: Named | Shape) -> Weights:
        """The weights of one part. A global is named by being one."""
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
                self.uses_open = True
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
        self.saw(found.weights, at)
        return found

    def grown(self, shape: Shape, weights: Weights, built: bool) -> Shape:
        """The shape after more parts were put in."""
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

    def saw(self, weights: Weights, at: int) -> None:
        """Something is so heavy."""
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


def and_one(weights: Weights) -> Weights:
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
