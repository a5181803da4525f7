"""A pickle's tree as indented lines: classes, versions, fields, sizes, what is shared.

A value that stands in several places is drawn once and numbered, ``&1``; the other places say
``*1``, and ``*1 (a cycle)`` inside of itself. Every text is escaped and cut. The number of lines,
of levels and of items of one value is bounded, and nothing recurses.
"""

from __future__ import annotations

from typing import Final

import attrs

from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.report import escaped
from pickle_migrate.stamps import MODULE as STAMPS
from pickle_migrate.stamps import StampText
from pickle_migrate.tree_builder import Tree
from pickle_migrate.tree_nodes import (
    ATOMS,
    CONSTRUCTORS,
    CONTAINERS,
    Child,
    Node,
    children,
    class_of,
)

TEXT_SHOWN: Final = 60
_KEY_SHOWN: Final = 40
_QUOTED: Final = frozenset(["str", "8-bit str", "bytes", "bytearray"])
_PREFIX: Final = {"bytes": "b", "bytearray": "bytearray b", "8-bit str": "8-bit "}


@attrs.frozen
class Cut:
    """How much is drawn: levels, lines, and items of one value."""

    depth: int = 6
    lines: int = 60
    items: int = 12


@attrs.frozen
class Drawn:
    """One line: how deep it stands, the name of the place, and what is there."""

    level: int
    label: str
    text: str

    @property
    def plain(self) -> str:
        """The line, indented."""
        return f"{'  ' * self.level}{self.label}{self.text}"


def draw(tree: Tree, cut: Cut) -> list[Drawn]:
    """The lines of a tree, and at the end one for each reason why something is not drawn."""
    drawing = _Drawing(cut)
    if tree.root is not None:
        drawing.run(tree.root)
    lines = drawing.lines
    if drawing.is_cut:
        lines.append(Drawn(0, "", "... not all of it: --depth and --limit show more"))
    if tree.problem:
        lines.append(Drawn(0, "", f"... up to byte {tree.end}, where {escaped(tree.problem)}"))
    elif not tree.complete:
        lines.append(
            Drawn(0, "", f"... up to byte {tree.end}: {tree.opcodes:,} opcodes were drawn")
        )
    return lines


class _Drawing:
    """Draws depth first, with a stack of its own."""

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self.lines: list[Drawn] = []
        self.is_cut = False
        self._numbers: dict[int, int] = {}
        self._open: set[int] = set()

    def run(self, root: Node) -> None:
        waiting: list[tuple[str, int, str, Node | None]] = [("draw", 0, "", root)]
        while waiting:
            what, level, label, node = waiting.pop()
            if node is None:
                self.lines.append(Drawn(level, "", label))
            elif what == "close":
                self._open.discard(id(node))
            elif len(self.lines) >= self.cut.lines:
                self.is_cut = True
                return
            else:
                waiting += reversed(self._draw(level, label, node))

    def _draw(self, level: int, label: str, node: Node) -> list[tuple[str, int, str, Node | None]]:
        mark = ""
        if _is_shared(node):
            number = self._numbers.get(id(node))
            if number is not None:
                cycle = " (a cycle)" if id(node) in self._open else ""
                self.lines.append(Drawn(level, label, f"*{number}{cycle}  {named(node)}"))
                return []
            number = self._numbers[id(node)] = len(self._numbers) + 1
            mark = f"  &{number}"
        self.lines.append(Drawn(level, label, described(node) + mark))
        return self._inside(level + 1, node)

    def _inside(self, level: int, node: Node) -> list[tuple[str, int, str, Node | None]]:
        inside = [] if node.kind in ATOMS else children(node)
        if not inside:
            return []
        if level > self.cut.depth:
            self.is_cut = True
            return []
        self._open.add(id(node))
        found: list[tuple[str, int, str, Node | None]] = [
            ("draw", level, label_of(child, node), child.node) for child in inside[: self.cut.items]
        ]
        if len(inside) > self.cut.items:
            self.is_cut = True
            more = len(inside) - self.cut.items
            found.append(("more", level, f"... {more:,} more", None))
        return [*found, ("close", level, "", node)]


def _is_shared(node: Node) -> bool:
    if not node.again:
        return False
    return node.kind == "object" or (node.kind in CONTAINERS and bool(node.items))


# --- words ----------------------------------------------------------------------------------------


def label_of(child: Child, owner: Node) -> str:
    """The name of a place, with what separates it from its value."""
    if child.key is None:
        if owner.kind in ("set", "frozenset"):
            return "- "
        return f"[{child.label}] " if child.label.isdecimal() else f"{child.label}: "
    key = child.key
    is_field = owner.kind == "object" and owner.pairs[-2:-1] != [key]
    if is_field and key.kind in ("str", "8-bit str") and key.text.isidentifier():
        return f".{_cut(key.text, _KEY_SHOWN)} = "
    return f"{value_of(key, _KEY_SHOWN)}: "


def described(node: Node) -> str:
    """A value in a few words, without what is in it."""
    if node.kind in ATOMS:
        return value_of(node)
    parts = [named(node)]
    if node.kind == "object" and node.items:
        parts.append(f"{len(node.items):,} items")
    if node.kind == "object" and node.pairs:
        parts.append(f"{len(node.pairs) // 2:,} entries")
    if node.kind in CONTAINERS or node.kind in ("object", "array"):
        parts.append(_bytes(node.end - node.start))
    if node.unfinished:
        parts.append("not finished")
    return ", ".join(parts)


def named(node: Node) -> str:
    """What kind of value it is, and of what class."""
    if node.kind in CONTAINERS:
        count = len(node.items) // 2 if node.kind == "dict" else len(node.items)
        return f"{node.kind} of {count:,}" if count else f"empty {node.kind}"
    if node.kind == "global":
        return f"global {_ref(node)}"
    if node.kind == "object":
        return _object(node)
    if node.kind == "persistent id":
        return f"persistent id {_inner(node)}"
    if node.kind == "extension":
        return f"extension code {node.text}"
    return f"{node.kind} {_cut(node.text)}".rstrip()


def _inner(node: Node) -> str:
    if not node.items:
        return f"'{_cut(node.text)}'"
    inner = node.items[0]
    return value_of(inner) if inner.kind in ATOMS else f"({inner.kind})"


def _ref(node: Node) -> str:
    return _cut(str(node.ref), 120) if node.ref is not None else "with a computed name"


def _object(node: Node) -> str:
    ref = class_of(node)
    if ref is None:
        target = node.target
        what = "a result" if target is None or target.kind == "object" else _article(target)
        return f"{node.made}: {what}"
    if ref.module == STAMPS and ":" in ref.qualname:
        return _stamped(ref.qualname)
    is_made = node.made == "instantiated" or (node.target and node.target.ref in CONSTRUCTORS)
    shown = _cut(str(ref), 120)
    return shown if is_made else f"{shown}(...)"


def _article(target: Node) -> str:
    return named(target) if target.kind in ("global", "extension") else f"a value ({target.kind})"


def _stamped(text: str) -> str:
    try:
        head = StampText.decode(text).head
    except PickleMigrateError:
        return f"malformed stamp {_cut(text, 120)}"
    return f"{_cut(str(head.ref), 120)} version {head.version}"


def value_of(node: Node, limit: int = TEXT_SHOWN) -> str:
    """A plain value as text, or what else stands where a plain value is expected."""
    if node.kind not in ATOMS:
        return named(node)
    if node.kind not in _QUOTED:
        return _cut(node.text)
    more = f"... ({_bytes(node.size)})" if len(node.text) > limit else ""
    text = node.text[:limit]
    if node.kind != "str":  # bytes have no letters beyond ASCII
        text = text.encode("ascii", "backslashreplace").decode()
    return f"{_PREFIX.get(node.kind, '')}'{escaped(text)}'{more}"


def _cut(text: str, limit: int = TEXT_SHOWN) -> str:
    return escaped(text, limit)


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count:,} bytes"
