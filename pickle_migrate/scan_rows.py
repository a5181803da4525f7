"""Rows: shapes of units, with what one unit of each does to the exact machine.

A row is measured once, on a unit that the exact machine reads. Maxima, sets and flags are then as
they are; what each further unit adds is what is kept here.
"""

from __future__ import annotations

from typing import Final

from pickle_migrate.scan_atoms import GETS, PUTS, TEXTS
from pickle_migrate.scan_entries import (
    ATOM,
    DICT,
    LIST,
    PLAIN,
    Args,
    Box,
    Entry,
    Frozen,
    FrozenShape,
    Named,
    Shape,
    Weights,
)
from pickle_migrate.scan_reader import Reader
from pickle_migrate.scan_shapes import Unit
from pickle_migrate.scan_steps import advance
from pickle_migrate.scan_weights import kind_of

_MAY_BE_TEXT: Final = TEXTS | set(GETS) | {b"g"}
_TO_MARK: Final = frozenset({b"t", b"l", b"e", b"d", b"u", b"o", b"\x90", b"\x91"})


class Row:
    """A shape and what one unit of it does.

    ``fresh``: not measured yet. ``opcodes``: how many, without those that set memo keys. ``marks``:
    how deep marks nest. ``leaves``: the entries that are on the stack after it; the int 0 stands
    for an atom. ``counts``: how often it has each effect. ``hashes``: values that are hashed.
    ``weights``: those of what is put into the list or dict below, for units that are.
    """

    __slots__ = (
        "counts",
        "fresh",
        "hashes",
        "leaves",
        "marks",
        "opcodes",
        "unit",
        "weights",
    )

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.opcodes = sum(piece not in PUTS and piece != b"p" for piece in unit.form)
        self.marks = _nesting(unit.form)
        self.fresh = True
        self.leaves: list[Entry] = []
        self.counts: list[tuple[tuple[str, Named | None], int]] = []
        self.weights: Weights = ATOM
        self.hashes = 0

    @property
    def has_texts(self) -> bool:
        """Whether texts may stand in it."""
        return any(slot.opcodes & _MAY_BE_TEXT for slot in self.unit.slots)

    @property
    def freezes(self) -> bool:
        """Whether something on the stack is not known after a unit was taken."""
        boxes = any(isinstance(entry, Box) for entry in self.leaves)
        return boxes or (0 in self.leaves and self.has_texts)

    def fits(self, reader: Reader) -> bool:
        """Whether a list or dict, made by opcodes, is there for a unit that is put into one."""
        place = where(self.unit)
        if not place:
            return True
        machine = reader.machine
        if len(machine.stack) <= machine.fence:
            return False
        # What such a unit adds to the weight of a list is checked, and noticed, one by one.
        if machine.watches or machine.limits.expansion is not None:
            return False
        return kind_of(machine.stack[-1]) == (LIST if place == b"a" else DICT)

    def measure(self, reader: Reader, at: int, end: int) -> bool:
        """Read a unit step by step and keep what it does. False if that may differ in others."""
        machine = reader.machine
        size, work = len(machine.stack), machine.hash_work
        before = {key: count for key, (_, count) in machine.effects.items()}
        own, reader.steps, reader.pushes = (reader.steps, reader.pushes), None, None
        reader.at = at
        try:
            while reader.at < end:
                if reader.at == end - 1 and where(self.unit):
                    self.weights = _together(machine.stack[size:])
                advance(reader, 1)
        finally:
            reader.steps, reader.pushes = own
        self.fresh = False
        self.hashes = machine.hash_work - work
        counts = {key: n - before.get(key, 0) for key, (_, n) in machine.effects.items()}
        self.counts = [(key, count) for key, count in counts.items() if count]
        left = machine.stack[size:]
        self.leaves = [_kept(entry) for entry in left]
        return reader.at == end and len(left) == self.unit.pushes and not any(map(_has_text, left))

    def leaves_of(self, frozen: Frozen) -> list[Entry]:
        """What stands on the stack after a unit that is frozen."""
        # Only where a text may stand it has to be found later.
        atom = frozen.mark if self.has_texts else PLAIN
        return [
            atom
            if entry == 0
            else FrozenShape(entry.shape, frozen)
            if isinstance(entry, Box)
            else entry
            for entry in self.leaves
        ]


def where(unit: Unit) -> bytes:
    """The opcode that puts a unit somewhere; empty if that is left to a later one."""
    return b"" if unit.pushes else unit.form[-1]


def _nesting(form: tuple[bytes, ...]) -> int:
    depth = deepest = 0
    for piece in form:
        depth += (piece == b"(") - (piece in _TO_MARK)
        deepest = max(deepest, depth)
    return deepest


def _together(entries: list[Entry]) -> Weights:
    """The weights of entries as parts of one value. Nothing is noted of them."""
    shapes = [entry.shape if isinstance(entry, Box) else entry for entry in entries]
    weights = [shape.weights if isinstance(shape, Shape) else ATOM for shape in shapes]
    depth, weight, hash_depth, hash_weight, inner_depth, inner = zip(*weights, strict=True)
    return (
        max(depth),
        sum(weight),
        max(hash_depth),
        sum(hash_weight),
        max(inner_depth),
        max(inner),
    )


def _kept(entry: Entry) -> Entry:
    """An entry as it is now, for later; 0 for an atom."""
    if isinstance(entry, Box):
        return Box(entry.shape, entry.key)
    return 0 if entry is None or isinstance(entry, int) else entry


def _has_text(entry: Entry) -> bool:
    return isinstance(entry, Args) and (
        isinstance(entry.first, int) or isinstance(entry.second, int)
    )
