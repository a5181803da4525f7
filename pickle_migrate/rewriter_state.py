"""Whether the pickle machine is in the same state at one place of the old bytes and of the new.

A scan decides what comes next by its state and the bytes that follow. So where both are the same,
but for new names and moved texts, the rest of the two pickles is the same as well, and need not be
read twice. Anything that is not known here counts as a difference.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_entries import Args, Box, Entry, Named, Shape
from pickle_migrate.scan_model import Machine
from pickle_migrate.scan_pack import Pack

#: The ref that a global has after the edits.
NewName = Callable[[Named], GlobalRef]


@attrs.define
class _Pairs:
    """What was met in both machines. ``moved``: where an old offset is in the new bytes."""

    moved: Callable[[int], int]
    new_name: NewName
    there: dict[int, int] = attrs.field(factory=dict)
    back: dict[int, int] = attrs.field(factory=dict)

    def same(self, old: Entry, new: Entry) -> bool:
        if old is None or new is None:
            return old is new
        if isinstance(old, int):
            return isinstance(new, int) and self.moved(old) == new
        if type(old) is not type(new) or isinstance(old, Pack):
            return False
        if isinstance(old, Named) and isinstance(new, Named):
            return self._same_global(old, new)
        if isinstance(old, Box) and isinstance(new, Box):
            return self._same_box(old, new)
        return isinstance(old, Shape) and isinstance(new, Shape) and self._same_shape(old, new)

    def _same_global(self, old: Named, new: Named) -> bool:
        as_before = (old.protocol, old.code) == (new.protocol, new.code)
        return as_before and self.new_name(old) == new.ref

    def _same_box(self, old: Box, new: Box) -> bool:
        # One value at several places of the old machine is one value of the new one.
        met = self.there.setdefault(id(old), id(new)), self.back.setdefault(id(new), id(old))
        if met != (id(new), id(old)):
            return False
        facts = [(b.key, b.refs, b.used, b.closed) for b in (old, new)]
        return facts[0] == facts[1] and self._same_shape(old.shape, new.shape)

    def _same_shape(self, old: Shape, new: Shape) -> bool:
        facts = [(s.kind, s.weights, s.built, s.taint) for s in (old, new)]
        if facts[0] != facts[1] or not self.same(old.by, new.by):
            return False
        if not isinstance(old, Args) or not isinstance(new, Args):
            return not isinstance(old, Args) and not isinstance(new, Args)
        parts = (old.first, new.first), (old.second, new.second)
        return old.size == new.size and all(self.same(*pair) for pair in parts)


def is_same(old: Machine, new: Machine, moved: Callable[[int], int], new_name: NewName) -> bool:
    """Whether two machines would go on in the same way. Changes neither.

    ``moved`` gives the new offset of a text's opcode, ``new_name`` the ref that a global has now.
    """
    if (old.marks, old.fence, old.protocol) != (new.marks, new.fence, new.protocol):
        return False
    if len(old.stack) != len(new.stack) or len(old.memo) != len(new.memo):
        return False
    pairs = _Pairs(moved, new_name)
    memos = zip(old.memo.items(), new.memo.items(), strict=True)
    return all(map(pairs.same, old.stack, new.stack)) and all(
        old_key == new_key and pairs.same(old_entry, new_entry)
        for (old_key, old_entry), (new_key, new_entry) in memos
    )
