"""Stack, marks and memo of the nodes of one pickle, as ``tree_steps`` fills them."""

from __future__ import annotations

from pickle_migrate.tree_nodes import Node


class Stop(Exception):  # noqa: N818 - it is no error of the reader
    """The reading cannot go on: the pickle is damaged here."""


class Stack:
    """``at`` is the offset of the opcode that is being read, ``marks`` where marks stand."""

    def __init__(self, start: int) -> None:
        self.at = start
        self.marks: list[int] = []
        self._stack: list[Node] = []
        # Where the opcodes of each value on the stack begin, which of a shared one is a GET.
        self._starts: list[int] = []
        self._mark_starts: list[int] = []
        self._start = start  # that of what was taken last
        self._memo: dict[int, Node] = {}

    def _pop(self) -> Node:
        if len(self._stack) <= (self.marks[-1] if self.marks else 0):
            raise Stop("an opcode takes more values than there are")
        self._start = self._starts.pop()
        return self._stack.pop()

    def _top(self) -> Node:
        if len(self._stack) <= (self.marks[-1] if self.marks else 0):
            raise Stop("an opcode takes more values than there are")
        return self._stack[-1]

    def _to_mark(self) -> list[Node]:
        if not self.marks:
            raise Stop("an opcode asks for a mark and there is none")
        start = self.marks.pop()
        taken = self._stack[start:]
        self._start = self._mark_starts.pop()
        del self._stack[start:], self._starts[start:]
        return taken

    def _push(self, node: Node, start: int | None = None) -> Node:
        self._stack.append(node)
        self._starts.append(self.at if start is None else start)
        return node
