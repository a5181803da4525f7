"""The walk through two object graphs at once, which finds where they differ.

The rules are those of ``graphs``. Objects that are still to be compared stand on a list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from pickle_migrate.graph_atoms import ATOMS, key_of, same_atom, same_class, text, type_name
from pickle_migrate.graph_colours import Colours, Item, matches
from pickle_migrate.graph_parts import OpaqueError, Reader
from pickle_migrate.graph_paths import Difference, Key, Kind, Places, Raw, Step
from pickle_migrate.graph_payloads import Parts


class _LimitReachedError(Exception):
    """Enough differences were found."""


_MISSING: Final = object()
_Items = Sequence[Item]
_MEMBER: Final = "{{{}}}"


class Walk:
    """One walk through two graphs; ``found`` holds the differences.

    ``care``: how sure it must be of what corresponds where no order tells. At 0, dict keys that
    are objects are taken to stand in the same order, as they do after a pickle is read;
    ``guessed`` says that this was done. From 1 on they are found by shape, as members of sets are.
    ``tied`` says that one of several of equal shape was chosen. At 2, ties are broken with effort.
    If a difference was found after a guess or a tie, it may not be one.
    """

    def __init__(self, left: Any, right: Any, limit: int, care: int) -> None:
        self.found: list[Difference] = []
        self.guessed = False
        self.tied = False
        self._roots = left, right
        self._limit = limit
        self._care = care
        self._reader = Reader()
        self._colours: Colours | None = None
        # id of a left object -> both objects and the place where they met; and back.
        self._met: dict[int, tuple[Any, Any, int]] = {}
        self._taken: dict[int, int] = {}
        # Immutables: id -> id of one that is equal. See _known_equal.
        self._equal: dict[int, int] = {}
        self._kept: list[Any] = []
        self._places = Places()
        self._open: list[tuple[Any, Any, int]] = []
        self._matches: list[Iterator[None]] = []
        self._ties: list[Iterator[None]] = []
        with suppress(_LimitReachedError):
            self._run(left, right)

    def _run(self, left: Any, right: Any) -> None:
        if id(type(left)) in ATOMS and id(type(right)) in ATOMS:
            self._atoms(left, right, 0)
            return
        self._open.append((left, right, 0))
        while True:
            while self._open:
                pair = self._open.pop()
                start = len(self._open)
                self._compare(*pair)
                if len(self._open) > start + 1:
                    # The first part next, so that differences come in the order of the graph.
                    self._open[start:] = reversed(self._open[start:])
            # Objects in sets come last: most of them were met elsewhere by then. Of those that
            # were not, the ones with no double come first.
            if self._matches:
                match = self._matches.pop()
                if next(match, _MISSING) is not _MISSING:
                    self._ties.append(match)
            elif self._ties:
                if next(self._ties[-1], _MISSING) is _MISSING:
                    self._ties.pop()
            else:
                return

    # --- walking ------------------------------------------------------------------------------

    def _child(self, left: Any, right: Any, above: int, step: Step) -> None:
        """Compare two atoms; put off anything else."""
        if id(type(left)) in ATOMS and id(type(right)) in ATOMS:
            self._atoms(left, right, self._places.add(above, step))
        else:
            self._open.append((left, right, self._places.add(above, step)))

    def _atoms(self, left: Any, right: Any, place: int) -> None:
        if not same_atom(left, right):
            self._report("value" if type(left) is type(right) else "type", place, left, right)

    def _compare(self, left: Any, right: Any, place: int) -> None:
        kind = type(left)
        if kind is not type(right) and not same_class(kind, type(right)):
            self._report("type", place, left, right)
        elif kind is list:
            if not self._have_met(left, right, place):
                self._sequences(left, right, place)
        elif kind is dict:
            if not self._have_met(left, right, place):
                self._items(list(left.items()), list(right.items()), place)
        elif kind is tuple:
            if not self._known_equal(left, right):
                self._sequences(left, right, place)
        else:
            self._objects(left, right, place)

    def _have_met(self, left: Any, right: Any, place: int) -> bool:
        """Whether a pair of objects needs no more looking at; pairs them if both are new."""
        before = self._met.get(id(left))
        if before is None and id(right) not in self._taken:
            self._met[id(left)] = left, right, place
            self._taken[id(right)] = place
            return False
        if before is None or before[1] is not right:
            met = [before[2] if before else None, self._taken.get(id(right))]
            texts = [
                text(obj)
                + (", new here" if at is None else f", also at {self._places.path(at) or 'top'}")
                for obj, at in zip((left, right), met, strict=True)
            ]
            self._report("sharing", place, *map(Raw, texts))
        return True

    def _known_equal(self, left: Any, right: Any) -> bool:
        """Whether two immutables are known to be equal; from now on they are taken to be.

        What is equal to one thing is equal to each other, so that a thing that is shared many
        times is not compared many times (Hopcroft and Karp's use of union-find).
        """
        roots = []
        # The right graph's ids are negative: one object may be in both graphs.
        for number in (id(left), -id(right)):
            while (above := self._equal.get(number, number)) != number:
                number = self._equal[number] = self._equal.get(above, above)
            roots.append(number)
        if roots[0] == roots[1]:
            return True
        self._equal[roots[0]] = roots[1]
        self._kept += (left, right)
        return False

    # --- the parts of objects -----------------------------------------------------------------

    def _objects(self, left: Any, right: Any, place: int) -> None:
        try:
            if self._reader.keeps_identity(type(left)):
                done = self._have_met(left, right, place)
            else:
                done = self._known_equal(left, right)
            if done:
                return
            mine, theirs = self._reader.parts(left), self._reader.parts(right)
        except MemoryError:
            raise
        except Exception as error:
            if not (isinstance(error, OpaqueError) and left is right):
                self._unreadable(left, right, place, error)
            return
        if not _same_value(mine.value, theirs.value):
            shown = [Raw(_shown(obj, parts)) for obj, parts in ((left, mine), (right, theirs))]
            self._report("value", place, *shown)
        if mine.fields or theirs.fields:
            self._fields(mine, theirs, place)
        if mine.elements or theirs.elements:
            self._sequences(mine.elements, theirs.elements, place, mine.steps)
        if mine.pairs or theirs.pairs:
            self._items(mine.pairs, theirs.pairs, place, ordered=mine.ordered)
            if mine.ordered:
                self._order(mine, theirs, place)
        if mine.members or theirs.members:
            self._members(mine.members, theirs.members, place)

    def _unreadable(self, left: Any, right: Any, place: int, error: Exception) -> None:
        reason = type_name(type(error))
        if error.args and type(error.args[0]) is str:
            reason += f": {text(error.args[0])}"
        shown = [Raw(f"{text(obj)} ({reason})") for obj in (left, right)]
        self._report("unreadable", place, *shown)

    def _fields(self, mine: Parts, theirs: Parts, place: int) -> None:
        for name, value in mine.fields.items():
            if name in theirs.fields:
                other = theirs.fields[name]
                if id(type(value)) not in ATOMS or not same_atom(value, other):
                    self._child(value, other, place, name)
            else:
                self._report("missing", self._places.add(place, name), value)
        for name, value in theirs.fields.items():
            if name not in mine.fields:
                self._report("extra", self._places.add(place, name), right=value)

    def _sequences(
        self,
        lefts: Sequence[Any],
        rights: Sequence[Any],
        place: int,
        steps: Sequence[str] | None = None,
    ) -> None:
        if len(lefts) != len(rights):
            self._report("length", place, Raw(f"{len(lefts)} elements"), Raw(f"{len(rights)}"))
            return
        for position, (left, right) in enumerate(zip(lefts, rights, strict=True)):
            if id(type(left)) not in ATOMS or not same_atom(left, right):
                step = position if steps is None else Raw(steps[position])
                self._child(left, right, place, step)

    def _items(self, lefts: _Items, rights: _Items, place: int, *, ordered: bool = False) -> None:
        """Compare the values of equal keys, whatever their order."""
        start = 0
        for (key, value), (other, theirs) in zip(lefts, rights, strict=False):
            if id(type(key)) not in ATOMS or not same_atom(key, other):
                break
            start += 1
            if id(type(value)) not in ATOMS or not same_atom(value, theirs):
                self._child(value, theirs, place, Key(key))
        mine, others = self._known_keys(lefts[start:], rights[start:], place)
        if not mine and not others:
            return
        certain = ordered or len(mine) == len(others) == 1
        self.guessed = self.guessed or not certain
        if (certain or self._care == 0) and _key_types(mine) == _key_types(others):
            for item, other_item in zip(mine, others, strict=True):
                self._pair(item, other_item, place)
        else:
            self._matches.append(self._match(mine, others, place))

    def _members(self, lefts: Sequence[Any], rights: Sequence[Any], place: int) -> None:
        mine, theirs = self._known_keys(
            [(one, _MISSING) for one in lefts], [(one, _MISSING) for one in rights], place
        )
        if len(mine) == len(theirs) == 1:
            self._pair(mine[0], theirs[0], place)
        elif mine or theirs:
            self._matches.append(self._match(mine, theirs, place))

    def _known_keys(
        self, lefts: _Items, rights: _Items, place: int
    ) -> tuple[list[Item], list[Item]]:
        """Pair the items whose keys tell by value; give the other items of both sides."""
        known: dict[object, Item] = {}
        mine, theirs = [], []
        for item in rights:
            value = key_of(item[0])
            if value is None:
                theirs.append(item)
            else:
                known[value] = item
        for item in lefts:
            value = key_of(item[0])
            if value is None:
                mine.append(item)
            elif (other := known.pop(value, None)) is None:
                self._lone("missing", item, place)
            else:
                self._pair(item, other, place)
        for item in known.values():
            self._lone("extra", item, place)
        return mine, theirs

    def _pair(self, item: Item, other: Item, place: int) -> None:
        key, value = item
        if value is _MISSING:
            self._child(key, other[0], place, Key(key, _MEMBER))
        else:
            self._child(key, other[0], place, Key(key, "(key {})"))
            self._child(value, other[1], place, Key(key))

    def _lone(self, kind: Kind, item: Item, place: int) -> None:
        key, value = item
        if value is _MISSING:
            at, value = self._places.add(place, Key(key, _MEMBER)), key
        else:
            at = self._places.add(place, Key(key))
        if kind == "missing":
            self._report(kind, at, left=value)
        else:
            self._report(kind, at, right=value)

    def _order(self, mine: Parts, theirs: Parts, place: int) -> None:
        """Report equal keys that stand in another order."""
        orders = [[key_of(key) for key, _ in parts.pairs] for parts in (mine, theirs)]
        if orders[0] != orders[1] and Counter(orders[0]) == Counter(orders[1]):
            at = next(i for i, (one, two) in enumerate(zip(*orders, strict=True)) if one != two)
            self._report("order", place, mine.pairs[at][0], theirs.pairs[at][0])

    def _match(self, mine: _Items, theirs: _Items, place: int) -> Iterator[None]:
        """Pair items by shape; yields when what was paired must be compared first."""
        if not mine or not theirs:
            for item in mine:
                self._lone("missing", item, place)
            for item in theirs:
                self._lone("extra", item, place)
            return
        if self._colours is None:
            self._colours = Colours(self._reader, *self._roots, break_ties=self._care == 2)

        def partner_of(obj: Any) -> Any:
            met = self._met.get(id(obj))
            return None if met is None else met[1]

        def is_taken(obj: Any) -> bool:
            return id(obj) in self._taken

        for pair in matches(mine, theirs, self._colours, partner_of, is_taken):
            if pair is None:
                self.tied = True
                yield
                continue
            mine_one, their_one = pair
            if mine_one is not None and their_one is not None:
                self._pair(mine_one, their_one, place)
            elif mine_one is not None:
                self._lone("missing", mine_one, place)
            elif their_one is not None:
                self._lone("extra", their_one, place)

    def _report(self, kind: Kind, place: int, left: Any = _MISSING, right: Any = _MISSING) -> None:
        show = _with_type if kind == "type" else _text
        path = self._places.path(place)
        self.found.append(Difference(path, show(left), show(right), kind))
        if len(self.found) >= self._limit:
            raise _LimitReachedError


def _key_types(items: _Items) -> list[int]:
    return [id(type(key)) for key, _ in items]


def _same_value(left: Any, right: Any) -> bool:
    if id(type(left)) in ATOMS:
        return same_atom(left, right)
    return bool(left == right)


def _shown(obj: Any, parts: Parts) -> str:
    """An object that extends a builtin value, with the value."""
    values = parts.value if type(parts.value) is tuple else (parts.value,)
    return f"{type_name(type(obj))}({', '.join(map(text, values))})"


def _text(obj: Any) -> str:
    if obj is _MISSING:
        return ""
    return obj if type(obj) is Raw else text(obj)


def _with_type(obj: Any) -> str:
    """A text that names the type too."""
    name = type_name(type(obj), in_full=True)
    shown = text(obj)
    return name if shown.endswith(" object") else f"{name} {shown}"
