"""Which objects of two graphs may correspond, where no order tells: in sets, and as dict keys.

Each object gets a colour, a number. Objects of one shape have one colour, in both graphs. At first
it stands for the object's type, its own value and the number of things it holds. Then, round after
round, objects part whose neighbours have different colours (what they hold, and what holds them).
This is colour refinement, the Weisfeiler-Leman method of graph isomorphism.

Objects that correspond never part. Objects that do not may still share a colour, if they are more
than ``ROUNDS`` apart from what makes them different, or in graphs of great symmetry. To break
ties, one object of each graph is given a new colour of their own, and the rounds go on from there;
a choice after which the two graphs no longer have the same colours was wrong, and is taken back.

Linear in the graphs for each round. Runs what ``graph_parts.Reader`` runs, and swallows its errors:
an object that cannot be read is told by its type.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Final

from pickle_migrate.graph_atoms import ATOMS, canonical, class_names
from pickle_migrate.graph_parts import Reader

#: After so many rounds the search ends; reached by chains of objects that differ at their far end.
ROUNDS: Final = 16
# Rounds in which nothing parts, after which nothing will: what leads to an immutable needs one for
# each immutable that it is nested in.
_IDLE: Final = 2
_BITS: Final = 256
_ALL_BITS: Final = (1 << _BITS) - 1
#: How many colours are given in all to break ties.
_EFFORT: Final = 4_000_000


class _Node:
    """An object's edges, as numbers of nodes.

    What holds it stands in two lists, of pairs (how it is held, by which node): objects, and
    immutables. Of immutables it cannot be told how many there are, for they may be copied at will.
    """

    __slots__ = ("by_identity", "held_by", "held_in", "members", "ordered", "pairs")

    def __init__(self) -> None:
        self.ordered: list[int] = []
        self.pairs: list[tuple[int, int]] = []
        self.members: list[int] = []
        self.held_by: list[tuple[int, int]] = []
        self.held_in: list[tuple[int, int]] = []
        self.by_identity = False

    def parts(self) -> list[int]:
        return [*self.ordered, *self.members, *(number for pair in self.pairs for number in pair)]


class Colours:
    """The colours of all objects that two roots lead to, a left and a right one."""

    def __init__(self, reader: Reader, left: Any, right: Any, *, break_ties: bool) -> None:
        self._reader = reader
        self._numbers: dict[int, int] = {}
        self._atoms: dict[object, int] = {}
        self._objects: list[Any] = []
        self._nodes: list[_Node] = []
        self._heads: list[Hashable] = []
        self._tags: dict[Hashable, int] = {}
        # The members of each set and the keys of each dict that are no atoms.
        self._groups: list[list[int]] = []
        self._roots = self._number(left), self._number(right)
        # Grows while it is walked.
        for number, obj in enumerate(self._objects):
            if self._heads[number] is None:
                self._heads[number] = self._read(number, obj)
        for node in self._nodes:
            if not node.by_identity and not node.parts():
                # Held by very many, as classes are, and passing nothing on.
                node.held_by.clear()
                node.held_in.clear()
        colours = _numbered(self._heads)
        self._history: dict[int, list[int]] = {n: [] for group in self._groups for n in group}
        self._remember(colours)
        # First by what they hold alone: that is what makes two members alike to a person.
        for with_holders in (False, True):
            for refined in self._rounds(colours, with_holders=with_holders):
                colours = refined
                self._remember(colours)
        if break_ties:
            self._remember(self._without_ties(colours))

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
        if id(type(part)) not in ATOMS:
            mark = self._tags.setdefault(tag, len(self._tags))
            node = self._nodes[number]
            holders = node.held_by if self._nodes[holder].by_identity else node.held_in
            holders.append((mark, holder))
        return number

    def _remember(self, colours: list[int]) -> None:
        for number, known in self._history.items():
            known.append(colours[number])

    def _rounds(self, colours: list[int], *, with_holders: bool) -> Iterator[list[int]]:
        """Ever finer colours, until the members of each group differ or nothing parts any more."""
        traces = [0] * len(colours)
        idle = 0
        for _ in range(ROUNDS):
            if idle > (_IDLE if with_holders else 0) or all(
                len({colours[n] for n in group}) == len(group) for group in self._groups
            ):
                return
            number_of_colours = len(set(colours))
            if with_holders:
                traces = [
                    0 if node.by_identity else _trace(node, colours, traces) for node in self._nodes
                ]
            seen = [
                (*_below(n, node, colours), *_above(node, colours, traces))
                if with_holders and node.by_identity
                else _below(n, node, colours)
                for n, node in enumerate(self._nodes)
            ]
            colours = _numbered(seen)
            idle = idle + 1 if max(colours) + 1 == number_of_colours else 0
            yield colours

    # --- breaking ties ------------------------------------------------------------------------

    def _without_ties(self, colours: list[int]) -> list[int]:
        """Colours that tell the members of each group apart, if two equal graphs allow it."""
        lefts, rights = self._sides()
        effort = _EFFORT if _census(colours, lefts) == _census(colours, rights) else 0
        while effort > 0 and (mine := self._tied(colours, lefts)) is not None:
            for theirs in sorted(n for n in rights if colours[n] == colours[mine]):
                tried = colours.copy()
                tried[mine] = tried[theirs] = -1
                for refined in self._rounds(tried, with_holders=True):
                    tried = refined
                    effort -= len(tried)
                if effort < 0 or _census(tried, lefts) == _census(tried, rights):
                    colours = tried
                    break
            else:
                return colours
        return colours

    def _sides(self) -> tuple[set[int], set[int]]:
        """The objects that only the left root leads to, and those that only the right one does."""
        left, right = (self._reached(root) for root in self._roots)
        return left - right, right - left

    def _reached(self, root: int) -> set[int]:
        reached, waiting = set(), [root]
        while waiting:
            number = waiting.pop()
            if number not in reached:
                reached.add(number)
                waiting += self._nodes[number].parts()
        return {number for number in reached if self._nodes[number].by_identity}

    def _tied(self, colours: list[int], lefts: set[int]) -> int | None:
        """An object that shares its colour, for which members of a group share theirs."""
        census = _census(colours, lefts)
        for group in self._groups:
            if len({colours[n] for n in group}) < len(group):
                for number in self._objects_below(group):
                    if number in lefts and census[colours[number]] > 1:
                        return number
        return None

    def _objects_below(self, group: list[int]) -> Iterator[int]:
        """The members of a group; in place of an immutable, the objects that it leads to."""
        seen: set[int] = set()
        waiting = list(group)
        while waiting:
            number = waiting.pop()
            if self._nodes[number].by_identity:
                yield number
            elif number not in seen:
                seen.add(number)
                waiting += self._nodes[number].parts()


def _census(colours: list[int], numbers: set[int]) -> Counter[int]:
    return Counter(colours[number] for number in numbers)


def _below(number: int, node: _Node, colours: list[int]) -> tuple[Hashable, ...]:
    """An object's colour with those of what it holds."""
    return (
        colours[number],
        tuple([colours[n] for n in node.ordered]),
        tuple(sorted([(colours[key], colours[value]) for key, value in node.pairs])),
        tuple(sorted([colours[n] for n in node.members])),
    )


def _above(node: _Node, colours: list[int], traces: list[int]) -> tuple[Hashable, ...]:
    """The colours of what holds an object, and through which immutables."""
    return (
        tuple(sorted([(tag, colours[n]) for tag, n in node.held_by])),
        tuple(sorted({(tag, colours[n]) for tag, n in node.held_in})),
        _trace(node, colours, traces) if node.held_in else 0,
    )


def _trace(node: _Node, colours: list[int], traces: list[int]) -> int:
    """Which objects lead to an immutable, as a set of bits.

    Two copies of it have together the bits that it would have if it were shared.
    """
    trace = 0
    for tag, holder in node.held_by:
        trace |= 1 << hash((tag, colours[holder])) % _BITS
    for tag, holder in node.held_in:
        turned = traces[holder] << tag % _BITS
        trace |= (turned | turned >> _BITS) & _ALL_BITS
    return trace


def _numbered(values: Sequence[Hashable]) -> list[int]:
    """Each value as the number of its first appearance among different ones."""
    seen: dict[Hashable, int] = {}
    return [seen.setdefault(value, len(seen)) for value in values]


# --- pairing members by their colours ----------------------------------------------------------

#: A key with its value; for a member of a set, the value is whatever the caller likes.
Item = tuple[Any, Any]


def matches(
    mine: Sequence[Item],
    theirs: Sequence[Item],
    colours: Colours,
    partner_of: Callable[[Any], Any],
    is_taken: Callable[[Any], bool],
) -> Iterator[tuple[Item | None, Item | None] | None]:
    """Pair the items of two dicts, or the members of two sets, by the colours of their keys.

    Yields pairs, None standing in a pair for what has no partner. A bare None says: before the next
    pair, compare the last one to its end, for the next is chosen among equals. ``partner_of`` gives
    the partner that an object of the left graph has by then, if any, or None; ``is_taken``
    whether one of the right graph has one.
    """
    waiting = {id(item[0]): item for item in theirs}
    lefts, rights = _by_colour(mine, colours, -1), _by_colour(theirs, colours, -1)
    ties: list[Item] = []
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
    mine: list[Item], theirs: list[Item], colours: Colours
) -> Iterator[tuple[Item | None, Item | None]]:
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
    items: Sequence[Item], colours: Colours, level: int
) -> defaultdict[int, deque[Item]]:
    groups: defaultdict[int, deque[Item]] = defaultdict(deque)
    for item in items:
        groups[_colour(item, colours, level)].append(item)
    return groups


def _colour(item: Item, colours: Colours, level: int) -> int:
    known = colours.of(item[0])
    return known[level] if level < len(known) else known[-1]
