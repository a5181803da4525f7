"""What a scan knows of one value on the pickle machine's stack: its *entry*.

A scan executes nothing, so it has no values. It has entries, one for each value that the C
unpickler would have:

- ``PLAIN`` (None): an atom. No text, no global, nothing in it.
- ``int``: a text that stands in the pickle, as the offset of its opcode. Decoded when asked for.
- ``Named``: a global, with all that was seen done with it.
- ``Shape``: anything that has parts: what kind it is, what made it, and how heavy it is. Shapes are
  values: equal ones are shared, and none is changed. Their parts are not kept.
- ``Args``: the shape of a tuple whose first item matters once the tuple is the arguments of a call.
- ``Box``: a shape that changes in place, because the memo holds the value, or DUP doubled it.

Weights
    ``depth``: an atom has 0, a container one more than its deepest part. ``weight``: how many
    values there are with each shared one counted wherever it stands; an atom has 1. ``hash_depth``
    and ``hash_weight`` are the same for what ``hash`` walks: tuples and frozensets; anything else
    counts 1. A list has those of its heaviest item, because a set may be made of it.
"""

from __future__ import annotations

from array import array
from typing import Final, Literal, TypeAlias

from pickle_migrate.refs import GlobalRef

Use: TypeAlias = Literal["instantiated", "called", "named"]

PLAIN: Final = None

#: Larger counts of shared values are told as this one.
EXPANSION_CAP: Final = 1 << 62

# Kinds of shapes. SLOTS is a tuple of two whose second item may be a dict: state with slots.
LIST, DICT, SET, TUPLE, SLOTS, FROZENSET = "list", "dict", "set", "tuple", "slots", "frozenset"
#: ``MADE``: what a call of a named global gave; ``UNSURE``: what anything else gave.
MADE, UNSURE = "made", "unsure"

#: Kinds that opcodes can change in place, and kinds that ``hash`` walks.
CHANGING: Final = frozenset([LIST, DICT, SET, MADE, UNSURE])
HASHED: Final = frozenset([TUPLE, SLOTS, FROZENSET])


class Named:
    """A global on the stack: its ref, where it was first named, and its uses so far.

    ``via``: "find_class", or what else led to it: "getattr", "text_only", "extension" (``code`` is
    then its number, and the ref is empty). ``sites`` is None unless the machine keeps places; then
    it has ``SITE`` numbers for each opcode that names the global.
    """

    __slots__ = ("code", "count", "offset", "protocol", "ref", "sites", "uses", "via")

    def __init__(
        self, ref: GlobalRef, offset: int, protocol: int, via: str = "find_class", code: int = 0
    ) -> None:
        self.ref = ref
        self.offset = offset
        self.protocol = protocol
        self.via = via
        self.code = code
        self.count = 1
        self.uses: set[Use] = set()
        self.sites: array[int] | None = None


class Shape:
    """Something with parts. ``by``: the global that made it, for the kind ``MADE``. ``built``:
    BUILD was done to it. Never changed, unless it is a ``Box``.
    """

    __slots__ = ("built", "by", "depth", "hash_depth", "hash_weight", "kind", "weight")

    def __init__(
        self,
        kind: str,
        by: Named | None = None,
        depth: int = 1,
        weight: int = 1,
        hash_depth: int = 0,
        hash_weight: int = 1,
        built: bool = False,
    ) -> None:
        self.kind = kind
        self.by = by
        self.depth = depth
        self.weight = weight
        self.hash_depth = hash_depth
        self.hash_weight = hash_weight
        self.built = built


class Args(Shape):
    """A tuple. All globals in it but the first item are recorded as named when it is made."""

    __slots__ = ("first", "second", "size")

    def __init__(self, first: Named | int, second: int | None, size: int, like: Shape) -> None:
        super().__init__(
            like.kind, None, like.depth, like.weight, like.hash_depth, like.hash_weight
        )
        self.first = first
        self.second = second
        self.size = size


class Box(Shape):
    """A value with an identity, which opcodes may change in place.

    ``key``: the memo key that holds it, or -1. ``refs``: how many places of the stack hold it.
    ``used``: its weight when something took it while it stood on the stack below, else 0.
    ``closed``: it had left the stack before.
    """

    __slots__ = ("closed", "key", "refs", "used")

    def __init__(self, like: Shape, key: int, refs: int = 1, closed: bool = False) -> None:
        super().__init__(
            like.kind,
            like.by,
            like.depth,
            like.weight,
            like.hash_depth,
            like.hash_weight,
            like.built,
        )
        self.key = key
        self.refs = refs
        self.used = 0
        self.closed = closed


Entry: TypeAlias = int | Named | Shape | None

UNKNOWN: Final = Shape(UNSURE, depth=0)
EMPTY_LIST: Final = Shape(LIST)
EMPTY_DICT: Final = Shape(DICT)
EMPTY_SET: Final = Shape(SET)
EMPTY_TUPLE: Final = Shape(TUPLE, hash_depth=1)
