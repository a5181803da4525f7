"""A graph of objects as plain data: what a person can read, and write down by hand.

None and values of exact type bool, int, float, str and list stand for themselves; everything else
is a mapping with one telling key. docs/reference/archive.md lists all of them; these are the most
frequent:

    dict: {name: value}     items: [[key, value], ...] when a key is not a str
    tuple, set, frozenset: [...]    bytes: hex digits    date, datetime, time: text    type: ref
    class: ref, with fields, and what it holds as a builtin type (list, dict, value, args, ...)
    same: path              an object that was met before, at that path from the root ``$``
    stranded: true          a set or dict that does not find one of its own members any more
    part: number            an object that stands too deep; ``parts`` lists all of those

Rules
    - Fields and str keys are walked in the order of their names, members of sets and other keys in
      the order of their own descriptions, so that neither the hash seed nor the order of writing
      matters.
    - Identity is followed for mutable containers and instances; not for atoms, plain tuples and
      enum members.
    - No more than ``LEVELS`` objects stand one in another; what is deeper is a part of its own. So
      nothing recurses, and a list of 100,000 linked nodes has a description of linear size.
    - ``repr`` of an object is never used, and nothing that is written depends on an address.

Walking reads ``__dict__``, slots, and for types of C what their ``__reduce_ex__`` gives. It imports
nothing and changes nothing.
"""

from __future__ import annotations

import enum
import json
from collections import deque
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, Final

from pickle_migrate.archive import state_words as words
from pickle_migrate.archive.state_content import Content
from pickle_migrate.archive.state_parts import content_of, fields_of

State = Any
#: Where an object was met: a text, or the place of what holds it and the step from there, a field
#: with its dot or an index.
Place = str | tuple[Any, str | int]
#: So many objects stand one in another; deeper ones are parts of their own.
LEVELS: Final = 24
#: A text or bytes of more than this many characters is told by its length and digest.
LONG: Final = 4_096
_ATOMS: Final = frozenset([type(None), bool, int, float])
# A tuple with so many values below it is described once. Others are described each time they are
# met, since whether equal tuples are one object is an accident of the code that made them.
_HEAVY_TUPLE: Final = 1_000
# A set sorts its members by what is at most this deep in them, and among so many values.
_SORT_LEVELS, _SORT_VALUES = 8, 400


def state_of(obj: Any) -> State:
    """The graph below ``obj`` as plain data.

    Never fails for an odd object: what it has no words for is ``opaque``, with its class. Errors
    that an object's own code raises meanwhile are told the same way.
    """
    return Walker().whole(obj)


class Walker:
    """One walk through one graph. ``unordered``: sets and odd keys are described with members."""

    def __init__(self, *, unordered: bool = True, levels: int = LEVELS) -> None:
        self.unordered = unordered
        self.levels = levels
        self.seen: dict[int, Place] = {}
        self.kept: list[Any] = []  # an id is only good while its object lives
        self.count = 0
        self.later: deque[tuple[Any, str]] = deque()
        self.parts = 0

    def whole(self, obj: Any) -> State:
        """The description of a root and all that is below it."""
        first = self.walk(obj, "$", 0)
        if not self.later:
            return first
        found = [first]
        while self.later:
            part, path = self.later.popleft()
            found.append(self.described(part, path, 0))
        return {"parts": found}

    def walk(self, obj: Any, path: str, level: int) -> State:
        """The description of what stands at a path, ``level`` objects below the root or part."""
        kind = type(obj)
        self.count += 1
        if kind in _ATOMS:
            return obj
        if kind is str:
            return obj if len(obj) <= LONG else words.long_text(obj)
        plain = self.without_identity(obj, kind, path, level)
        if plain is not None:
            return plain
        known = self.seen.get(id(obj))
        if known is not None:
            return {"same": path_text(known)}
        self.kept.append(obj)
        if level >= self.levels:
            return self.put_off(obj)
        self.seen[id(obj)] = path
        return self.described(obj, path, level)

    def put_off(self, obj: Any) -> State:
        """An object that stands too deep: described when all above is done."""
        self.parts += 1
        path = f"${self.parts}"
        self.seen[id(obj)] = path
        self.later.append((obj, path))
        return {"part": self.parts}

    def described(self, obj: Any, path: str, level: int) -> State:
        """The description of an object that has identity, met for the first time."""
        kind = type(obj)
        if kind is list:
            return self.members(obj, path, level)
        if kind is tuple:  # one that stood too deep
            return {"tuple": self.members(obj, path, level)}
        if kind is dict:
            return self.pairs(obj, path, level)
        if kind is set or kind is frozenset:
            return self.members_of_set(obj, kind.__name__, path, level)
        return self.instance(obj, kind, path, level)

    # --- what has no identity -----------------------------------------------------------------

    def without_identity(self, obj: Any, kind: type, path: str, level: int) -> State | None:
        """The description of an atom or of a plain tuple; None for all else."""
        if kind is tuple:
            return self.plain_tuple(obj, path, level)
        if kind is bytes:
            return words.of_bytes(obj)
        by_type = words.BY_TYPE.get(kind)
        if by_type is not None:
            return by_type(obj, self.into(path, level))
        if isinstance(obj, enum.Flag):
            return {"class": words.ref(kind), "value": obj.value}
        if isinstance(obj, enum.Enum):
            return {"class": words.ref(kind), "name": obj.name}
        return words.named(obj, self.into(path, level))

    def plain_tuple(self, obj: tuple[Any, ...], path: str, level: int) -> State:
        """A tuple, which is described each time that it is met, unless it is heavy."""
        known = self.seen.get(id(obj))
        if known is not None:
            return {"same": path_text(known)}
        if level >= self.levels:
            self.kept.append(obj)
            return self.put_off(obj)
        before = self.count
        found = {"tuple": self.members(obj, path, level)}
        if self.count - before > _HEAVY_TUPLE:
            self.kept.append(obj)
            self.seen[id(obj)] = path
        return found

    def into(self, path: str, level: int) -> words.Walk:
        """How a part of an object is described."""
        return lambda value, step: self.walk(value, path + step, level + 1)

    # --- containers ---------------------------------------------------------------------------

    def members(self, values: Iterable[Any], path: str, level: int) -> list[State]:
        """The members of a sequence."""
        return [self.walk(v, f"{path}[{i}]", level + 1) for i, v in enumerate(values)]

    def members_of_set(self, values: Any, name: str, path: str, level: int) -> dict[str, State]:
        """The members of a set, sorted."""
        if not self.unordered:
            return {name: len(values)}
        ordered = sorted(values, key=self.sort_key)
        found: dict[str, State] = {name: self.members(ordered, path, level)}
        return found | stranded(values)

    def pairs(self, mapping: Mapping[Any, Any], path: str, level: int) -> dict[str, State]:
        """A mapping whose order does not count."""
        own = dict.items(mapping) if isinstance(mapping, dict) else mapping.items()
        held: list[tuple[Any, Any]] = list(own)
        if all(type(key) is str and len(key) <= LONG for key, _ in held):
            held.sort(key=itemgetter(0))
            return {"dict": {k: self.walk(v, f"{path}.{k}", level + 1) for k, v in held}}
        if not self.unordered:
            return {"items": len(held)}
        held.sort(key=lambda item: self.sort_key(item[0]))
        return {"items": self.keyed(held, path, level)} | stranded(mapping)

    def keyed(self, items: Iterable[Any], path: str, level: int) -> list[State]:
        """Pairs of key and value, in the order given."""
        return [
            [
                self.walk(key, f"{path}.keys[{i}]", level + 1),
                self.walk(value, f"{path}.values[{i}]", level + 1),
            ]
            for i, (key, value) in enumerate(items)
        ]

    def sort_key(self, obj: Any) -> tuple[str, str]:
        """What members of sets and keys are sorted by. Of equal ones, those met before come first,
        by their paths.
        """
        return sort_text(obj), path_text(self.seen.get(id(obj), "~"))

    # --- instances ----------------------------------------------------------------------------

    def instance(self, obj: Any, kind: type, path: str, level: int) -> dict[str, State]:
        """An object of a class that has no words of its own."""
        try:
            content = content_of(obj, kind)
        except Exception as error:  # the object's own code
            return {"opaque": words.ref(kind), "error": type(error).__name__}
        if content.opaque:
            return {"opaque": words.ref(kind)}
        found: dict[str, State] = {"class": content.name or words.ref(kind)}
        found |= self.contents(obj, content, path, level)
        fields = None if content.whole else fields_of(obj, kind)
        if fields:
            found["fields"] = {
                name: self.walk(fields[name], f"{path}.{name}", level + 1)
                for name in sorted(fields)
            }
        return found

    def contents(self, obj: Any, content: Content, path: str, level: int) -> dict[str, State]:
        """What an object holds besides its fields."""
        found: dict[str, State] = dict(content.plain)
        for name, values in content.sequences:
            step = f".{name}" if name in _STEPPED else ""
            found[name] = self.members(values, path + step, level)
        if content.unordered is not None:
            name, values = content.unordered
            found |= self.members_of_set(values, name, path, level)
        if content.mapping is not None:
            found |= self.pairs(content.mapping, path, level)
        if content.ordered is not None:
            found["ordered"] = self.keyed(content.ordered, path, level)
        for name, value in content.values:
            found[name] = self.walk(value, f"{path}.{name}", level + 1)
        return found


# Sequences whose members are not reached by an index of the object itself.
_STEPPED: Final = frozenset(["args"])


def path_text(place: Place) -> str:
    """A place as a text from the root."""
    steps: list[str] = []
    while not isinstance(place, str):
        place, step = place
        steps.append(step if isinstance(step, str) else f"[{step}]")
    return place + "".join(reversed(steps))


def sort_text(obj: Any) -> str:
    """What an object is sorted by where no order tells: its description without members of sets,
    since an object may lead back to the set that is being sorted.
    """
    if type(obj) is str:
        return json.dumps(obj)
    walker = _Shallow(unordered=False)
    return json.dumps(walker.walk(obj, "$", 0), sort_keys=True, default=str)


class _Shallow(Walker):
    """A walk that goes so far as to sort by it."""

    def walk(self, obj: Any, path: str, level: int) -> State:
        if type(obj) is int and obj.bit_length() > 2_000:
            return hex(obj)
        if level > _SORT_LEVELS or self.count > _SORT_VALUES:
            return {"class": words.ref(type(obj))}
        return super().walk(obj, path, level)


def stranded(container: Any) -> dict[str, State]:
    """``stranded: true``, if a member is not found under its own hash."""
    try:
        lost = not all(member in container for member in container)
    except Exception:  # a hash or an equality of the user's that fails: not found either
        lost = True
    return {"stranded": True} if lost else {}
