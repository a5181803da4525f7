"""What differs between the graphs of two pickles, place by place, what is shared included.

Two trees are walked together. A value that was met before must have met the same partner: otherwise
the one pickle shares a value where the other has two. Nothing recurses, each pair is compared once,
and no more than a number of differences is collected.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_reader import Data
from pickle_migrate.tree_builder import Tree
from pickle_migrate.tree_nodes import ATOMS, CONTAINERS, Child, Node, children, class_of
from pickle_migrate.tree_texts import TEXT_KEPT

CHANGED, ONLY_A, ONLY_B, SHARING = "changed", "only in A", "only in B", "sharing"
_ROOT: Final = "(the whole)"
_PATH_KEPT: Final = 300


@attrs.frozen
class Difference:
    """``kind`` is one of the above; ``path`` the place, as ``.items[3].qty``. ``a`` and ``b`` are
    the nodes there; None where there is none. ``other`` is, for what is shared, where else the
    value stands: in A, and in B; empty where it stands there for the first time.
    """

    kind: str
    path: str
    a: Node | None = None
    b: Node | None = None
    other: tuple[str, str] = ("", "")


@attrs.frozen
class Compared:
    """``differences`` in the order of A's graph; ``is_cut``: there are more. ``pairs``: how many
    values were compared.
    """

    differences: tuple[Difference, ...]
    is_cut: bool
    pairs: int


def compare(a: tuple[Tree, Data], b: tuple[Tree, Data], limit: int) -> Compared:
    """Compare two trees with the bytes they were built from. Raises nothing."""
    comparing = _Comparing(a[1], b[1])
    found: list[Difference] = []
    is_cut = False
    for difference in comparing.run(a[0].root, b[0].root):
        if len(found) == limit:
            is_cut = True
            break
        found.append(difference)
    return Compared(tuple(found), is_cut, comparing.pairs)


class _Comparing:
    def __init__(self, data_a: Data, data_b: Data) -> None:
        self.pairs = 0
        self._data = (data_a, data_b)
        self._partner: dict[int, int] = {}
        self._path_a: dict[int, str] = {}
        self._path_b: dict[int, str] = {}

    def run(self, a: Node | None, b: Node | None) -> Iterator[Difference]:
        waiting: list[tuple[str, Node | None, Node | None]] = [("", a, b)]
        while waiting:
            path, left, right = waiting.pop()
            self.pairs += 1
            if left is None or right is None:
                if left is not right:
                    kind = ONLY_B if left is None else ONLY_A
                    yield Difference(kind, path or _ROOT, left, right)
                continue
            shared = self._met(path, left, right)
            if shared is not None:
                yield from shared
            elif self._is_other(left, right):
                yield Difference(CHANGED, path or _ROOT, left, right)
            else:
                waiting += reversed(_places(path, left, right))

    def _met(self, path: str, a: Node, b: Node) -> list[Difference] | None:
        """None: neither was met before, or they are no values that can be shared."""
        if a.kind in ATOMS or b.kind in ATOMS or "global" in (a.kind, b.kind):
            return None
        if not (children(a) or children(b)):
            return None
        first_a, first_b = self._path_a.get(id(a)), self._path_b.get(id(b))
        if first_a is None and first_b is None:
            self._partner[id(a)] = id(b)
            self._path_a[id(a)] = self._path_b[id(b)] = path or _ROOT
            return None
        if self._partner.get(id(a)) == id(b):
            return []
        return [Difference(SHARING, path or _ROOT, a, b, (first_a or "", first_b or ""))]

    def _is_other(self, a: Node, b: Node) -> bool:
        if a.kind != b.kind or a.ref != b.ref or a.made != b.made:
            return True
        if a.kind in ATOMS:
            return a.text != b.text or a.size != b.size or self._differ_inside(a, b)
        if a.kind == "object":
            return class_of(a) != class_of(b)
        return a.kind not in CONTAINERS and (a.text, a.size) != (b.text, b.size)

    def _differ_inside(self, a: Node, b: Node) -> bool:
        """Whether atoms of which only the beginning is kept differ further on."""
        if a.size <= TEXT_KEPT and "a number of" not in a.text:
            return False
        sizes = (a.size or a.end - a.start, b.size or b.end - b.start)
        parts = [
            memoryview(data)[max(node.start, node.end - size) : node.end]
            for data, node, size in zip(self._data, (a, b), sizes, strict=True)
        ]
        return bool(parts[0] != parts[1])


_Key = tuple[object, ...]


def _places(path: str, a: Node, b: Node) -> list[tuple[str, Node | None, Node | None]]:
    ours, theirs = _by_key(a), _by_key(b)
    keys = [*ours, *(key for key in theirs if key not in ours)]
    found: list[tuple[str, Node | None, Node | None]] = []
    for key in keys:
        child = ours.get(key) or theirs[key]
        place = (path + _step(child, a))[-_PATH_KEPT:]
        left, right = ours.get(key), theirs.get(key)
        a_node, b_node = left.node if left else None, right.node if right else None
        found.append((place, a_node, b_node))
    return found


def _by_key(node: Node) -> dict[_Key, Child]:
    found: dict[_Key, Child] = {}
    is_set = node.kind in ("set", "frozenset")
    for child in children(node):
        named = child.node if is_set else child.key
        key: _Key = (child.label,) if named is None else _identity(named)
        if is_set and child.node.kind not in ATOMS:
            key = ("member",)
        again = 0
        while (*key, again) in found and again < 1_000:
            again += 1
        found[(*key, again)] = child
    return found


def _identity(node: Node) -> _Key:
    if node.kind in ATOMS:
        return (node.kind, node.text, node.size)
    ref: GlobalRef | None = node.ref or class_of(node)
    parts = tuple((c.label, c.node.kind, c.node.text) for c in children(node)[:20])
    return (node.kind, ref, parts)


def _step(child: Child, owner: Node) -> str:
    if child.key is None:
        return f"[{child.label}]" if child.label.isdecimal() else f".{child.label}"
    key = child.key
    text = key.text[:60] if key.kind in ATOMS else key.kind
    is_field = owner.kind == "object" and key.kind in ("str", "8-bit str") and text.isidentifier()
    return f".{text}" if is_field else f"[{text!r}]"
