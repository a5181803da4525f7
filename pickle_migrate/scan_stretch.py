"""Stretches of a pickle that were read at once, and are read step by step when it matters.

Few pickles ask for a value that stood in a row, other than a text. The texts of a stretch are found
by one expression; for anything else the stretch is read again, by the exact machine, with a memo
and a stack of its own. That happens once to each stretch, so all of it takes linear time.
"""

from __future__ import annotations

from pickle_migrate.scan_entries import (
    EMPTY_DICT,
    EMPTY_LIST,
    Box,
    Entry,
    Frozen,
    FrozenShape,
    Shape,
)
from pickle_migrate.scan_memo import Memo
from pickle_migrate.scan_patterns import Pattern, Taken
from pickle_migrate.scan_reader import Reader
from pickle_migrate.scan_rows import where
from pickle_migrate.scan_steps import advance


class Stretch(Frozen):
    """Units that a pattern took: where they stand in the data, and where their entries belong.

    ``key``: the first of the ``memos`` keys that they set. ``base``: how many entries stood on the
    stack before them. ``opcodes``: how many they are.
    """

    __slots__ = ("base", "end", "holder", "key", "memos", "opcodes", "pattern", "start", "texts")

    def __init__(
        self, reader: Reader, pattern: Pattern, start: int, taken: Taken, opcodes: int
    ) -> None:
        machine = reader.machine
        super().__init__(-1 - len(machine.frozen))
        self.holder = reader
        self.start = start
        self.end = start + taken.size
        self.memos = taken.memos
        self.opcodes = opcodes
        self.pattern = pattern
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
        scratch.machine.named, scratch.machine.watches = main.named, main.watches
        into = where(self.pattern.units[0])
        if into:
            scratch.machine.stack.append(EMPTY_LIST if into == b"a" else EMPTY_DICT)
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
