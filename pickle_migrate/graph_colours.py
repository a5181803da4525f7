"""Which objects of two graphs may correspond, where no order tells: in sets, and as dict keys.

Each object gets a colour, a number. Objects of one shape have one colour, in both graphs. At first
it stands for the object's type, its own value and the number of things it holds. Then, round after
round, objects part whose neighbours have different colours (what they hold, and what holds them).
This is colour refinement, the Weisfeiler-Leman method of graph isomorphism.

Objects that correspond never part. Objects that do not may still share a colour, if they are more
than ``ROUNDS`` apart from what makes them different, or in graphs of great symmetry.

Linear in the graphs for each round. Runs what ``graph_parts.Reader`` runs, and swallows its errors:
an object that cannot be read is told by its type.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Final

from pickle_migrate.graph_atoms import ATOMS, canonical, class_names
from pickle_migrate.graph_parts import Reader

#: After so many rounds the search ends; reached by chains of objects that differ at their far end.
ROUNDS: Final = 16


class _Node:
    """An object's edges, as numbers of nodes. ``held_by``: where from, and by which node."""

    __slots__ = ("by_identity", "held_by", "members", "ordered", "pairs")

    def __init__(self) -> None:
        self.ordered: list[int] = []
        self.pairs: list[tuple[int, int]] = []
        self.members: list[int] = []
        self.held_by: list[tuple[int, int]] = []
        self.by_identity = False


class Colours:
    """The colours of all objects that two roots lead to."""

    def __init__(self, reader: Reader, *roots: Any) -> None:
        self._reader = reader
        self._numbers: dict[int, int] = {}
        self._atoms: dict[object, int] = {}
        self._objects: list[Any] = []
        self._nodes: list[_Node] = []
        self._heads: list[Hashable] = []
        self._tags: dict[Hashable, int] = {}
        # The members of each set and the keys of each dict that are no atoms.
        self._groups: list[list[int]] = []
        for root in roots:
            self._number(root)
        # Grows while it is walked.
        for number, obj in enumerate(self._objects):
            if self._heads[number] is None:
                self._heads[number] = self._read(number, obj)
        self._history = self._refine()

    def of(self, obj: Any) -> Sequence[int]:
        """The colours of a member or key that is no atom, from the coarsest to the finest."""
        return self._history.get(self._numbers.get(id(obj), -1), (0,))

    def _number(self, obj: Any) -> int:
        if id(type(obj)) in ATOMS:
            value = canonical(obj)
            number = self._atoms.setdefault(value, len(self._objects))
            head: Hashable = "atom", value
        else:
            number = self._numbers.setdefault(id(obj), len(self._objects))
            head = None
        if number == len(self._objects):
            self._objects.append(obj)
            self._nodes.append(_Node())
            self._heads.append(head)
        return number

    def _read(self, number: int, obj: Any) -> Hashable:
        """Note the edges of an object; give what tells it from others by itself."""
        names = class_names(type(obj))
        try:
            parts = self._reader.parts(obj)
        except Exception:
            return (*names, "unreadable")
        node = self._nodes[number]
        node.by_identity = parts.by_identity
        held: list[tuple[Hashable, Any]] = sorted(parts.fields.items())
        held += enumerate(parts.elements)
        if parts.ordered:
            held += [(("pair", i), part) for i, pair in enumerate(parts.pairs) for part in pair]
        node.ordered = [self._edge(number, tag, part) for tag, part in held]
        if not parts.ordered:
            node.pairs = [
                (self._edge(number, "key", key), self._edge(number, "value", value))
                for key, value in parts.pairs
            ]
        node.members = [self._edge(number, "member", member) for member in parts.members]
        sought = [*node.members, *(key for key, _ in node.pairs)]
        self._groups.append([n for n in sought if id(type(self._objects[n])) not in ATOMS])
        value = canonical(parts.value) if id(type(parts.value)) in ATOMS else parts.value
        fields = tuple(sorted(parts.fields))
        return (*names, value, fields, len(node.ordered), len(node.pairs), len(node.members))

    def _edge(self, holder: int, tag: Hashable, part: Any) -> int:
        number = self._number(part)
        # What may be copied at will says nothing by how often it is referred to.
        if self._nodes[holder].by_identity and id(type(part)) not in ATOMS:
            mark = self._tags.setdefault(tag, len(self._tags))
            self._nodes[number].held_by.append((mark, holder))
        return number

    def _refine(self) -> dict[int, list[int]]:
        for node in self._nodes:
            if not node.by_identity:
                node.held_by.clear()
        colours = _numbered(self._heads)
        history = {number: [colours[number]] for group in self._groups for number in group}
        for _ in range(ROUNDS):
            if all(len({colours[n] for n in group}) == len(group) for group in self._groups):
                break
            refined = _numbered([_seen(n, node, colours) for n, node in enumerate(self._nodes)])
            if max(refined) == max(colours):
                break
            colours = refined
            for number, known in history.items():
                known.append(colours[number])
        return history


def _seen(number: int, node: _Node, colours: list[int]) -> Hashable:
    """An object's colour with those of its neighbours."""
    return (
        colours[number],
        tuple([colours[n] for n in node.ordered]),
        tuple(sorted([(colours[key], colours[value]) for key, value in node.pairs])),
        tuple(sorted([colours[n] for n in node.members])),
        tuple(sorted([(tag, colours[n]) for tag, n in node.held_by])),
    )


def _numbered(values: Sequence[Hashable]) -> list[int]:
    """Each value as the number of its first appearance among different ones."""
    seen: dict[Hashable, int] = {}
    return [seen.setdefault(value, len(seen)) for value in values]


_Item = tuple[Any, Any]


def matches(
    mine: Sequence[_Item],
    theirs: Sequence[_Item],
    colours: Colours,
    partner_of: Callable[[Any], Any],
    is_taken: Callable[[Any], bool],
) -> Iterator[tuple[_Item | None, _Item | None] | None]:
    """Pair the items of two dicts, or the members of two sets, by the colours of their keys.

    Yields pairs, None standing in a pair for what has no partner. A bare None says: before the next
    pair, compare the last one to its end, for the next is chosen among equals. ``partner_of`` gives
    the partner that an object of the left graph has by then, if any, or None; ``is_taken``
    whether one of the right graph has one.
    """
    waiting = {id(item[0]): item for item in theirs}
    lefts, rights = _by_colour(mine, colours, -1), _by_colour(theirs, colours, -1)
    ties: list[_Item] = []
    for colour, items in lefts.items():
        if len(items) == len(rights[colour]) == 1:
            yield items[0], waiting.pop(id(rights[colour][0][0]))
        else:
            ties += items
    lone = []
    for item in ties:
        yield None
        partner = partner_of(item[0])
        choice = rights[colours.of(item[0])[-1]]
        other = None if partner is None else waiting.get(id(partner))
        while partner is None and other is None and choice:
            first = choice.popleft()
            if id(first[0]) in waiting and not is_taken(first[0]):
                other = first
        if other is None:
            lone.append(item)
        else:
            yield item, waiting.pop(id(other[0]))
    yield from _leftovers(lone, list(waiting.values()), colours)


def _leftovers(
    mine: list[_Item], theirs: list[_Item], colours: Colours
) -> Iterator[tuple[_Item | None, _Item | None]]:
    """Pair what differs somewhere with what it is most like, so that the difference is found."""
    levels = len(colours.of(mine[0][0])) if mine else 0
    for level in reversed(range(levels)):
        rights = _by_colour(theirs, colours, level)
        left_over = []
        for item in mine:
            choice = rights[_colour(item, colours, level)]
            if choice:
                yield item, choice.popleft()
            else:
                left_over.append(item)
        mine, theirs = left_over, [item for items in rights.values() for item in items]
    for item in mine:
        yield item, None
    for item in theirs:
        yield None, item


def _by_colour(
    items: Sequence[_Item], colours: Colours, level: int
) -> defaultdict[int, deque[_Item]]:
    groups: defaultdict[int, deque[_Item]] = defaultdict(deque)
    for item in items:
        groups[_colour(item, colours, level)].append(item)
    return groups


def _colour(item: _Item, colours: Colours, level: int) -> int:
    known = colours.of(item[0])
    return known[level] if level < len(known) else known[-1]
