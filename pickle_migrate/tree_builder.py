"""Reads a pickle's opcodes and builds the tree of nodes, up to a number of opcodes.

Nothing is imported, called or made. Memory and time are bounded by the number of opcodes that is
allowed, whatever the pickle's size, and nothing recurses. When the limit is reached, what stands on
the stack is folded together as far as it can be told where it was going, and marked unfinished.

The bytes may be damaged or no pickle at all: then the tree holds what was read before.
``scanner`` is what decides whether a pickle is whole; here it is only drawn.
"""

from __future__ import annotations

from typing import Final

import attrs

from pickle_migrate.opcodes import BY_CODE, Opcode
from pickle_migrate.scan_reader import Data
from pickle_migrate.tree_folding import folded
from pickle_migrate.tree_nodes import Node
from pickle_migrate.tree_stack import Stop
from pickle_migrate.tree_steps import STEPS, Steps
from pickle_migrate.tree_texts import Value, line_end


@attrs.frozen
class Step:
    """One opcode as it was read: where, which, where the next one stands, and the node that it
    pushed or changed (None: none). ``depth`` counts the marks around it.
    """

    at: int
    op: Opcode
    end: int
    node: Node | None
    depth: int


@attrs.frozen
class Tree:
    """``root`` is the pickle's value; None when nothing was read. ``complete``: STOP was reached.
    ``start`` and ``end`` are where the reading began and ended, ``opcodes`` how many were read,
    ``problem`` why it ended early, if the bytes are at fault. ``arrays`` are the stretches (start,
    end) of bytes that stand between opcodes, as joblib writes them; ``objects`` those among them
    that are pickles. ``values`` are the texts and bytes that may be pickles themselves.
    """

    root: Node | None
    complete: bool
    start: int
    end: int
    opcodes: int
    problem: str = ""
    arrays: tuple[tuple[int, int], ...] = ()
    objects: tuple[tuple[int, int], ...] = ()
    values: tuple[Value, ...] = ()


def build(data: Data, start: int, limit: int, *, arrays: bool = False) -> Tree:
    """The tree of the pickle at ``start``, of ``limit`` opcodes at most. ``arrays``: bytes of
    arrays stand between opcodes. Raises nothing.
    """
    builder = Builder(data, start, arrays=arrays)
    while builder.opcodes < limit and builder.advance() is not None:
        pass
    return builder.finish()


def names_something(data: Data, limit: int = 1_000) -> bool:
    """Whether the first opcodes name a global or an extension code before they end or go wrong: an
    unpickler would resolve it, whatever follows. Raises nothing.
    """
    builder = Builder(data, 0)
    while builder.opcodes < limit:
        step = builder.advance()
        if step is None:
            return False
        if step.op.name in _NAMING:
            return True
    return False


_NAMING: Final = frozenset(["GLOBAL", "STACK_GLOBAL", "INST", "EXT1", "EXT2", "EXT4"])


class Builder(Steps):
    """Reads one pickle opcode by opcode. ``at`` is the offset of the next opcode."""

    def __init__(self, data: Data, start: int, *, arrays: bool = False) -> None:
        super().__init__(data, start, inline=arrays)
        self.start = start
        self.opcodes = 0
        self.problem = ""

    def advance(self) -> Step | None:
        """Read one opcode. None: STOP was read before, or the pickle is damaged here."""
        if self.complete or self.problem:
            return None
        at = self.at
        try:
            if at >= len(self.data):
                raise Stop("the data ends before STOP")
            op = BY_CODE.get(self.data[at])
            if op is None:
                raise Stop(f"there is no opcode 0x{self.data[at]:02x}")
            depth = len(self.marks)
            end = self._end_of(op, at)
            node = STEPS[op.code](self, op, at, end)
        except Stop as stop:
            self.problem = str(stop)
            return None
        self.opcodes += 1
        if self.at == at:  # a step that reads on by itself has set it
            self.at = end
        return Step(at, op, self.at, node, min(depth, len(self.marks)))

    def finish(self) -> Tree:
        """The tree of what was read so far."""
        root = self._root if self.complete else folded(self._stack, self.marks)
        return Tree(
            root,
            self.complete,
            self.start,
            self.at,
            self.opcodes,
            self.problem,
            tuple(self.arrays),
            tuple(self.objects),
            tuple(self.values),
        )

    def _end_of(self, op: Opcode, at: int) -> int:
        end = at + 1 + op.fixed
        if op.prefix:
            width = op.prefix
            length = int.from_bytes(self.data[at + 1 : at + 1 + width], "little")
            end = at + 1 + width + length
        for _ in range(op.lines):
            found = line_end(self.data, end)
            if found is None:
                raise Stop(f"the data ends inside {op.name}")
            end = found
        if end > len(self.data):
            raise Stop(f"the data ends inside {op.name}")
        return end
