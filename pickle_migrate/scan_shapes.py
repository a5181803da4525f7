"""What repeats in a pickle: rows of one shape, found by looking a few hundred opcodes ahead.

Theory of operation
    The elements of a long list, the items of a dict, the members of a set are *units*: runs of
    opcodes that push one value (or, for items, two; or push one and append it), and reach no lower
    on the stack. Most units of a long container have one of few *shapes*: the same opcodes, with
    atoms in the same places, which differ. ``look`` finds them by following the opcodes' effects
    on the depth of the stack, from the opcode that comes next.

    A shape says what the machine does in all respects but the texts and numbers themselves; the
    machine never looks at these, except where ``_Looking`` says that an opcode is no part of units.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import attrs

from pickle_migrate.opcodes import BY_CODE, Opcode
from pickle_migrate.scan_atoms import COUNTED, FIXED, LINES, PUTS, Slot, is_plain_line, key_of

#: "text": an atom from the memo. "global": a global, which a unit may name by its key. "fragile":
#: a global whose call may name something else. "other": a value with parts.
KeyKind: TypeAlias = Literal["text", "global", "fragile", "other"]
#: An atom's place is told as this; no opcode has this code.
ATOM: Final = b"A"

#: Units longer than this are none.
LONGEST_UNIT: Final = 400
#: Shapes that one pattern takes.
MOST_SHAPES: Final = 8

_BYTES: Final = [bytes([code]) for code in range(256)]
_STRUCTURE: Final = frozenset(
    _BYTES[ord(c)] for c in "(]})tledusabRo\x85\x86\x87\x81\x92\x8f\x90\x91"
)
_GETS: Final = frozenset({b"h", b"j", b"g"})
_TUPLES: Final = frozenset({b"t", b"\x85", b"\x86", b"\x87"})
_ITEMS: Final = frozenset({b"u", b"d"})


@attrs.frozen
class Unit:
    """A unit's shape. ``form`` has one piece for each opcode: an opcode, ATOM, or the bytes of an
    opcode that gets a global. ``slots`` has one for each ATOM. ``pushes``: how many values.
    """

    form: tuple[bytes, ...]
    slots: tuple[Slot, ...]
    pushes: int


class _Value:
    __slots__ = ("kind", "start")

    def __init__(self, start: int, kind: str) -> None:
        self.start = start
        self.kind = kind


class _Mark:
    __slots__ = ("items", "start")

    def __init__(self, start: int, items: bool) -> None:
        self.start = start
        self.items = items


# Which units belong together, with the places where they begin and end.
_Spans: TypeAlias = list[tuple[int, int]]


class _Looking:
    """Reads ahead. ``pieces`` are those of Unit.form; None for what is no part of a unit."""

    def __init__(
        self, data: bytes, kind_of: Callable[[int], KeyKind | None], next_key: int
    ) -> None:
        self.data = data
        self.kind_of = kind_of
        self.next_key = next_key
        self.new_keys: dict[int, KeyKind] = {}
        self.pieces: list[bytes | None] = []
        self.seen: list[tuple[bytes, bytes, int]] = []
        self.puts: dict[int, bytes] = {}
        self.stack: list[_Value | _Mark] = []
        self.groups: dict[object, tuple[int, _Spans]] = {}

    def read(self, count: int) -> None:
        """Read so many opcodes, or as far as the data goes."""
        at = 0
        for _ in range(count):
            if at >= len(self.data):
                break
            after = self._one(at)
            if after == 0:
                break
            at = after
        self._leave_open()

    def _one(self, at: int) -> int:
        op = self.data[at : at + 1]
        facts = BY_CODE.get(op[0])
        end, argument, length = self._argument(op, facts, at)
        if facts is None or end > len(self.data) or op == b".":
            return 0
        if op in PUTS or op == b"p":
            self._put(op, argument)
            return end
        atom = self._is_atom(op, argument, length)
        if atom or op not in _GETS:
            piece = ATOM if atom else op if op in _STRUCTURE else None
            kind = "atom" if atom else "other"
        else:
            kind = self._kind(op, argument) or "other"
            piece = op + argument if kind in ("global", "fragile") else None
        self.pieces.append(piece)
        self.seen.append((op, argument, length))
        self._effect(op, facts, kind)
        return end

    def _argument(self, op: bytes, facts: Opcode | None, at: int) -> tuple[int, bytes, int]:
        """Where the next opcode is; the bytes of the argument; its length, if that is counted."""
        if facts is None:
            return at, b"", 0
        start = at + 1
        if facts.prefix:
            length = int.from_bytes(self.data[start : start + facts.prefix], "little")
            return start + facts.prefix + length, b"", length
        end = start + facts.fixed
        for _ in range(facts.lines):
            end = self.data.find(b"\n", end) + 1
            if not end:
                return len(self.data) + 1, b"", 0
        return end, self.data[start:end], 0

    def _is_atom(self, op: bytes, argument: bytes, length: int) -> bool:
        if op in FIXED:
            return True
        if op in COUNTED or op == b"\x8a":
            return length < 128 if op == b"\x8a" else length < 256
        if op in LINES:
            return is_plain_line(op, argument)
        return op in _GETS and self._kind(op, argument) == "text"

    def _kind(self, op: bytes, argument: bytes) -> KeyKind | None:
        key = key_of(op, argument)
        return self.new_keys.get(key) or self.kind_of(key)

    def _put(self, op: bytes, argument: bytes) -> None:
        """PUT: a part of the atom before it, or a piece of its own."""
        if not self.pieces:
            return
        at = len(self.pieces) - 1
        last = self.seen[at][0]
        is_text = self.pieces[at] == ATOM and (last in COUNTED or last in LINES)
        explicit = b"r" if op == b"q" else op
        if is_text and at not in self.puts:
            self.puts[at] = explicit
        else:
            self.pieces.append(explicit)
            self.seen.append((op, argument, 0))
        key = self.next_key
        if op != b"\x94":
            key = key_of(b"g" if op == b"p" else b"h", argument)
        self.new_keys[key] = "text" if is_text else "other"
        self.next_key += 1

    # --- what is on the stack ------------------------------------------------------------------

    def _effect(self, op: bytes, facts: Opcode, kind: str) -> None:
        here = len(self.pieces) - 1
        if op == b"(":
            self.stack.append(_Mark(here, self._on_dict(here)))
            return
        start = here
        taken: list[_Value] = []
        if facts.to_mark:
            start, taken = self._to_mark(op, here)
            if start < 0:
                return
        popped = self._pop(facts.pops)
        if popped is None:
            self._append_below(op, here)
            self.stack.clear()
            return
        if popped:
            start = popped[0].start
        if op in (b"a", b"s"):
            self._note((popped[0].start, op), 0, [(popped[1].start, here + 1)])
        if not self._is_plain(op, taken, popped):
            self.pieces[here] = None
        if facts.pushes:
            kind = self._made(op, taken, popped) if kind == "other" else kind
            self.stack.append(_Value(start, kind))

    def _on_dict(self, here: int) -> bool:
        # The MARK before the items of a dict follows the dict, or its earlier items.
        last = next(
            (op for op, _, _ in reversed(self.seen[max(here - 2, 0) : here]) if op not in PUTS), b""
        )
        return last in (b"}", b"u")

    def _to_mark(self, op: bytes, here: int) -> tuple[int, list[_Value]]:
        taken: list[_Value] = []
        while self.stack:
            top = self.stack.pop()
            if isinstance(top, _Mark):
                taken.reverse()
                self._note_values((top.start, "mark"), taken, here, pairs=op in _ITEMS)
                return top.start, taken
            taken.append(top)
        taken.reverse()
        pairs = op in _ITEMS
        self._note_values(
            ("below", here), taken[len(taken) % 2 if pairs else 0 :], here, pairs=pairs
        )
        return -1, taken

    def _pop(self, count: int) -> list[_Value] | None:
        popped = self.stack[len(self.stack) - count :] if count else []
        if len(popped) < count or any(isinstance(value, _Mark) for value in popped):
            return None
        del self.stack[len(self.stack) - count :]
        return [value for value in popped if isinstance(value, _Value)]

    def _append_below(self, op: bytes, here: int) -> None:
        """APPEND and SETITEM on what was there before: the values on the stack are one unit."""
        count = {b"a": 1, b"s": 2}.get(op, 0)
        values = self.stack[-count:] if count else []
        if len(values) == count and len(self.stack) == count and count:
            first = values[0]
            if isinstance(first, _Value):
                self._note(("below", op), 0, [(first.start, here + 1)])

    def _is_plain(self, op: bytes, taken: list[_Value], popped: list[_Value]) -> bool:
        """Whether what the opcode does is the same for all atoms."""
        if op == b"R":
            return popped[0].kind == "global" or (
                popped[0].kind == "fragile" and popped[1].kind == "named tuple"
            )
        if op in (b"\x81", b"\x92"):
            return popped[0].kind in ("global", "fragile")
        if op == b"o":
            return bool(taken) and taken[0].kind in ("global", "fragile")
        return True

    def _made(self, op: bytes, taken: list[_Value], popped: list[_Value]) -> str:
        if op in _TUPLES:
            items = taken or popped
            is_named = bool(items) and items[0].kind in ("global", "fragile")
            second = items[1].kind if len(items) > 1 else ""
            if is_named and second in ("global", "fragile"):
                return "named tuple"
            return "tuple"
        return popped[0].kind if op in (b"a", b"s", b"b") and popped else "other"

    def _leave_open(self) -> None:
        """What is open when the looking ends has units too; the last of each may be cut."""
        values: list[_Value] = []
        pairs = False
        for entry in [*self.stack, None]:
            if isinstance(entry, _Value):
                values.append(entry)
                continue
            if len(values) > 2:
                cut = len(values) - 1 - (pairs and len(values) % 2 == 0)
                here = values[cut].start
                self._note_values((here, "open"), values[:cut], here, pairs=pairs)
            values = []
            pairs = isinstance(entry, _Mark) and entry.items

    def _note_values(self, group: object, values: list[_Value], end: int, *, pairs: bool) -> None:
        """Values of one container, or its keys and values, which end where it is filled."""
        if not pairs and self._alternate(values):
            # Keys and values, very likely; it makes no difference to what they do.
            pairs = True
            values = values[not self._is_text_at(values[0]) :]
            if len(values) % 2:
                end = values.pop().start
        step = 2 if pairs else 1
        starts = [value.start for value in values[::step]]
        if len(values) % step == 0 and starts:
            self._note(group, step, list(zip(starts, [*starts[1:], end], strict=True)))

    def _is_text_at(self, value: _Value) -> bool:
        return self.seen[value.start][0] not in FIXED

    def _alternate(self, values: list[_Value]) -> bool:
        """Whether texts and numbers take turns."""
        if len(values) < 6 or any(value.kind != "atom" for value in values):
            return False
        texts = [self._is_text_at(value) for value in values]
        return all(one != other for one, other in pairwise(texts))

    def _note(self, group: object, pushes: int, spans: _Spans) -> None:
        if spans:
            self.groups.setdefault(group, (pushes, []))[1].extend(spans)

    # --- what was found ------------------------------------------------------------------------

    def units(self, pushes: int, spans: _Spans) -> list[Unit]:
        """The shapes of these units; those that no pattern can take are left out."""
        found = []
        for start, end in spans:
            form = self.pieces[start:end]
            if end - start <= LONGEST_UNIT and None not in form:
                slots = tuple(self._slot(i) for i in range(start, end) if form[i - start] == ATOM)
                found.append(Unit(tuple(p for p in form if p is not None), slots, pushes))
        return found

    def _slot(self, at: int) -> Slot:
        slot = Slot()
        op, argument, length = self.seen[at]
        slot.add(op, argument, length)
        if op in COUNTED or op in LINES:
            slot.puts.add(self.puts.get(at, b""))
        return slot


def look(
    data: bytes, count: int, kind_of: Callable[[int], KeyKind | None], next_key: int
) -> list[Unit]:
    """The shapes that repeat in what comes next, most frequent first; one Unit for each, with all
    that was seen in its slots. None when too little repeats.

    ``data`` begins at an opcode, ``count`` of which are looked at. ``kind_of`` says what a memo key
    holds, ``next_key`` is the key that MEMOIZE sets next.
    """
    looking = _Looking(data, kind_of, next_key)
    looking.read(count)
    best: list[Unit] = []
    most = 0
    for pushes, spans in looking.groups.values():
        shapes = Counter(tuple(looking.pieces[a:b]) for a, b in spans if b - a <= LONGEST_UNIT)
        repeated = [
            (form, n) for form, n in shapes.most_common(MOST_SHAPES) if n > 1 and None not in form
        ]
        covered = sum(len(form) * n for form, n in repeated)
        if covered > most and covered * 2 > sum(b - a for a, b in spans) and covered >= 32:
            wanted = {form for form, _ in repeated}
            units = looking.units(
                pushes, [s for s in spans if tuple(looking.pieces[slice(*s)]) in wanted]
            )
            best, most = _merged(units), covered
    return best


def _merged(units: list[Unit]) -> list[Unit]:
    merged: dict[tuple[bytes, ...], Unit] = {}
    for unit in units:
        known = merged.setdefault(unit.form, unit)
        if known is not unit:
            for slot, other in zip(known.slots, unit.slots, strict=True):
                slot.merge(other)
    return list(merged.values())
