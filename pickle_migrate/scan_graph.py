"""The whole graph of containers in a pickle, for those that fill a list after they share it.

The stack model weighs a value's parts when they are put into it. That is exact for what picklers
write, with few exceptions: a list of more than 1,000 objects that refer back to it, and tuples and
functions that contain themselves. A hostile pickle may fill all its lists last. For these, which
the model notices (``Machine.late``), the pickle is read once more, and this time the edges are
kept, as numbers in arrays: 8 bytes for a value, 8 for each place where it stands.

Nothing recurses. A value inside itself counts 1 there. The pickle is one that ``scan_run.run``
has read to its end, so nothing is checked again.
"""

from __future__ import annotations

from array import array
from typing import Final

from pickle_migrate import scan_texts
from pickle_migrate.opcodes import BY_CODE, Opcode
from pickle_migrate.scan_entries import EXPANSION_CAP
from pickle_migrate.scan_reader import Reader

_EMPTY: Final = frozenset(["EMPTY_LIST", "EMPTY_TUPLE", "EMPTY_DICT", "EMPTY_SET"])
_PACKED: Final = frozenset(
    ["TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "LIST", "DICT", "FROZENSET", "INST", "OBJ"]
)
_MADE: Final = frozenset(["REDUCE", "NEWOBJ", "NEWOBJ_EX"])
_CHANGED: Final = frozenset(["APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD"])
_GETS: Final = frozenset(["GET", "BINGET", "LONG_BINGET"])
_PUTS: Final = frozenset(["PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"])


class Graph:
    """Containers as numbers from 1 on; 0 is anything else."""

    def __init__(self) -> None:
        self.first_edge = array("I", [0])
        self.atoms = array("I", [0])
        self._next_edge = array("I", [0])
        self._target = array("I", [0])

    def new(self, parts: array[int] | tuple[int, ...] = ()) -> int:
        """A container with these parts."""
        self.first_edge.append(0)
        self.atoms.append(0)
        node = len(self.atoms) - 1
        self.add(node, parts)
        return node

    def like(self, node: int) -> int:
        """What a call with these arguments makes: it has their parts, and may get more."""
        self.first_edge.append(self.first_edge[node])
        self.atoms.append(self.atoms[node])
        return len(self.atoms) - 1

    def add(self, node: int, parts: array[int] | tuple[int, ...]) -> None:
        """More parts for a container; 0 has none."""
        for part in parts if node else ():
            if part:
                self._next_edge.append(self.first_edge[node])
                self._target.append(part)
                self.first_edge[node] = len(self._target) - 1
            else:
                self.atoms[node] += 1

    def weigh(self, root: int) -> tuple[int, int]:
        """How deep the values in ``root`` nest, and how many there are with sharing expanded."""
        if not root:
            return 0, 1
        weights = array("Q", bytes(8 * len(self.atoms)))
        depths = array("I", bytes(4 * len(self.atoms)))
        cursor, is_open = self.first_edge[:], bytearray(len(self.atoms))
        path = array("I", [root])
        is_open[root] = 1
        while path:
            node = path[-1]
            edge = cursor[node]
            part = self._target[edge]
            if not edge:
                weights[node] = min(weights[node] + self.atoms[node] + 1, EXPANSION_CAP)
                depths[node] += 1
                is_open[path.pop()] = 0
            elif is_open[part] or weights[part]:
                weight = 1 if is_open[part] else weights[part]
                weights[node] = min(weights[node] + weight, EXPANSION_CAP)
                depths[node] = max(depths[node], 0 if is_open[part] else depths[part])
                cursor[node] = self._next_edge[edge]
            else:
                path.append(part)
                is_open[part] = 1
        return depths[root], weights[root]


class _Walk:
    """Stack, marks and memo of containers as numbers."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.graph = Graph()
        self.stack = array("I")
        self.marks = array("Q")
        self.memo: dict[int, int] = {}

    def to_mark(self) -> array[int]:
        start = self.marks.pop()
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def step(self, op: Opcode, at: int) -> None:
        """Do to the stack what an opcode does."""
        name = op.name
        if name in _EMPTY:
            self.stack.append(self.graph.new())
        elif name in _PACKED:
            parts = self.taken(op)
            self.stack.append(self.graph.new(parts[name == "OBJ" :]))
        elif name in _CHANGED:
            parts = self.to_mark() if op.to_mark else self.pop(op.pops - 1)
            self.graph.add(self.stack[-1], parts)
        elif name in _MADE:
            parts = self.pop(op.pops)
            self.stack.append(self.graph.like(parts[1]))
            self.graph.add(self.stack[-1], parts[2:])
        elif name in _GETS:
            self.stack.append(self.memo.get(self.key(op, at), 0))
        elif name in _PUTS:
            self.memo[len(self.memo) if name == "MEMOIZE" else self.key(op, at)] = self.stack[-1]
        else:
            self.other(op)

    def other(self, op: Opcode) -> None:
        """Opcodes that deal with no container, or only move one."""
        if op.name == "MARK":
            self.marks.append(len(self.stack))
        elif op.name == "POP" and self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        elif op.name == "DUP":
            self.stack.append(self.stack[-1])
        elif op.name != "READONLY_BUFFER":
            self.taken(op)
            self.stack.extend([0] * op.pushes)

    def taken(self, op: Opcode) -> array[int]:
        return self.to_mark() if op.to_mark else self.pop(op.pops)

    def pop(self, count: int) -> array[int]:
        if not count:
            return array("I")
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def key(self, op: Opcode, at: int) -> int:
        if op.fixed:
            return self.reader.number(at, op.fixed)
        return scan_texts.memo_key(self.reader.line(at, at + 1)) or 0


def weighed(reader: Reader) -> tuple[int, int]:
    """Depth and expansion of what the pickle that ``reader`` has read gives, with edges kept."""
    walk, at = _Walk(reader), reader.start
    while True:
        op = BY_CODE[reader.data[at]]
        if op.name == "STOP":
            return walk.graph.weigh(walk.stack[-1])
        walk.step(op, at)
        at = reader.after(op, at)
