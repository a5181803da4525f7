"""What a scan knows of one value on the pickle machine's stack: its *entry*.

A scan executes nothing, so it has no values. It has entries, one for each value that the C
unpickler would have:

- ``PLAIN`` (None): an atom. No text, no global, nothing in it.
- ``int``: a text that stands in the pickle, as the offset of its opcode. Decoded when asked for.
- ``Named``: a global, with all that was seen done with it.
- ``Shape``: anything that has parts: its kind, what made it, and how heavy it is. Shapes are
  values: equal ones may be one object, and none is ever changed. Their parts are not kept.
- ``Args``: the shape of a tuple whose first item matters once the tuple is the arguments of a call.
- ``Box``: holds the shape of a value that opcodes can change in place and that stands in the memo,
  or twice on the stack. A changed value gets another shape; all its places have the same box.

``Weights`` are six numbers, of a value as a part of another one, or of several parts together:

0. depth: an atom has 0, a container one more than its deepest part;
1. weight: how many values there are with each shared one counted wherever it stands, an atom is 1;
2. and 3. the same for what ``hash`` walks: tuples and frozensets; anything else counts as an atom;
4. and 5. the largest of 2 and 3 among tuples and frozensets in it, as far as lists lead there,
   because a set may be made of a list by a call.
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


#: Taints of a dict, and of what may be made of it: a key that no scan can know, a dunder as a key.
COMPUTED_KEY, DUNDER_KEY = 1, 2

#: See the module's docstring.
Weights: TypeAlias = tuple[int, int, int, int, int, int]

ATOM: Final = (0, 1, 0, 1, 0, 0)
NOTHING: Final = (0, 0, 0, 0, 0, 0)


class Shape:
    """Something with parts. ``weights`` are those of it as a part. ``by``: the global that made it,
    for the kind ``MADE``. ``built``: BUILD was done to it. ``taint``: see ``DUNDER_KEY``, known
    only while the machine watches for it. Never changed.
    """

    __slots__ = ("built", "by", "kind", "taint", "weights")

    def __init__(
        self,
        kind: str,
        by: Named | None,
        weights: Weights,
        built: bool = False,
        taint: int = 0,
    ) -> None:
        self.kind = kind
        self.by = by
        self.weights = weights
        self.built = built
        self.taint = taint


class Frozen:
    """Values that are known only as a stretch of the data, until one of them is asked for.

    The memo has it in place of each of their entries. On the stack, a negative int, which is
    ``mark`` of one of these, stands for an atom, and a ``FrozenShape`` for a value that changes in
    place. Whoever weighs them may do so; whoever wants to know more thaws them first.
    """

    __slots__ = ("mark",)

    def __init__(self, mark: int) -> None:
        self.mark = mark

    def thaw(self) -> None:
        """Put the entries where they belong, on the stack and into the memo."""
        raise NotImplementedError


class FrozenShape(Shape):
    """A value on the stack that is in the memo too, and not known as an entry there."""

    __slots__ = ("frozen",)

    def __init__(self, like: Shape, frozen: Frozen) -> None:
        super().__init__(like.kind, like.by, like.weights, like.built, like.taint)
        self.frozen = frozen


class Args(Shape):
    """A tuple. All globals in it but the first item are recorded as named when it is made."""

    __slots__ = ("first", "second", "size")

    def __init__(self, first: Named | int, second: int | None, size: int, like: Shape) -> None:
        super().__init__(like.kind, None, like.weights, False, like.taint)
        self.first = first
        self.second = second
        self.size = size


class Box:
    """A value with an identity, which opcodes may change in place.

    ``key``: a memo key that holds it, or -1. ``refs``: how many places of the stack hold it.
    ``used``: its weight when something took it while it stood on the stack below, else 0.
    ``closed``: it had left the stack before.
    """

    __slots__ = ("closed", "key", "refs", "shape", "used")

    def __init__(self, shape: Shape, key: int, closed: bool = False) -> None:
        self.shape = shape
        self.key = key
        self.refs = 1
        self.used = 0
        self.closed = closed


Entry: TypeAlias = int | Named | Shape | Box | None

UNKNOWN: Final = Shape(UNSURE, None, ATOM)
EMPTY_LIST: Final = Shape(LIST, None, (1, 1, 0, 1, 0, 0))
EMPTY_DICT: Final = Shape(DICT, None, (1, 1, 0, 1, 0, 0))
EMPTY_SET: Final = Shape(SET, None, (1, 1, 0, 1, 0, 0))
EMPTY_TUPLE: Final = Shape(TUPLE, None, (1, 1, 1, 1, 1, 1))
