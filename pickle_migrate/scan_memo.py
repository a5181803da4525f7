"""The memo of the pickle machine, and the places of names for whoever edits them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final, Literal

from pickle_migrate.scan_entries import PLAIN, Entry, Frozen, Named, Shape


class Memo:
    """The memo: entries by key. Keys without gaps, which picklers write, cost 8 bytes each."""

    __slots__ = ("_dense", "_frozen", "_holes", "_sparse", "_top", "changed")

    def __init__(self) -> None:
        self._dense: list[Entry | Frozen] = []
        self._sparse: dict[int, Entry] = {}
        self._holes = 0
        self._top = -1
        self._frozen: list[Frozen] = []
        #: How often a key was set that was set before.
        self.changed = 0

    def copy(self) -> Memo:
        """A memo of its own with the same entries."""
        self._thaw_all()  # what is frozen knows this memo alone
        found = Memo()
        found._dense, found._sparse = self._dense.copy(), self._sparse.copy()
        found._holes, found._top = self._holes, self._top
        return found

    def __len__(self) -> int:
        """How many keys are set, which is the key that MEMOIZE sets next."""
        return len(self._dense) + len(self._sparse) - self._holes

    @property
    def highest(self) -> int:
        """The highest key that is set, or -1."""
        return max(len(self._dense) - 1, self._top)

    def put(self, key: int, entry: Entry) -> None:
        """Set a key, which is not negative."""
        size = len(self._dense)
        if key == 0 and self._holes:
            self._holes = 0
            self._dense[0] = entry
        elif key < size:
            self.changed += 1
            self._thaw_all()
            self._dense[key] = entry
        elif key == size and key not in self._sparse:
            self._dense.append(entry)
        elif key == 1 and not self._sparse:
            # Python 2's cPickle counts from 1.
            self._dense += [PLAIN, entry]
            self._holes = 1
        else:
            self._sparse[key] = entry
            if key > self._top:
                self._top = key

    def get(self, key: int) -> Entry:
        """The entry. Raises KeyError if the key is not set."""
        if self._holes <= key < len(self._dense):
            entry = self._dense[key]
            if isinstance(entry, Frozen):
                entry.thaw()
                entry = self._dense[key]
                assert not isinstance(entry, Frozen)
            return entry
        return self._sparse[key]

    def items(self) -> Iterator[tuple[int, Entry]]:
        """Each key that is set, with its entry."""
        for key in range(self._holes, len(self._dense)):
            yield key, self.get(key)
        yield from self._sparse.items()

    # --- stretches of keys ---------------------------------------------------------------------

    def next_key(self, *, counted: bool) -> int:
        """The key that a pickler sets next, or -1 if no pickler set the keys up to here.

        ``counted``: the pickler is one that uses MEMOIZE.
        """
        return -1 if self._sparse or (counted and self._holes) else len(self._dense)

    def raw(self, key: int) -> Entry | Frozen:
        """What stands at a key now. PLAIN if it is not set."""
        return self._dense[key] if self._holes <= key < len(self._dense) else PLAIN

    def extend(self, frozen: Frozen, count: int) -> None:
        """Set the next keys. What is frozen may have got any key that is set before these."""
        self._dense.extend([frozen] * count)
        self._frozen.append(frozen)

    def _thaw_all(self) -> None:
        """Read what is frozen, while the keys that it got are what they were."""
        frozen, self._frozen = self._frozen, []
        for one in frozen:
            one.thaw()

    def replace(self, key: int, frozen: Frozen, entry: Entry) -> None:
        """Set a key to what was frozen there, if it is still that."""
        if self._dense[key] is frozen:
            self._dense[key] = entry

    def settle(self, key: int, old: Entry, new: Shape) -> None:
        """Put ``new`` where ``old`` is, if it still is there."""
        if key < len(self._dense):
            if self._dense[key] is old:
                self._dense[key] = new
        elif self._sparse.get(key) is old:
            self._sparse[key] = new

    def holds(self, key: int, text: int) -> bool:
        """Whether a key is set to the text whose opcode stands at an offset."""
        try:
            entry = self.get(key)
        except KeyError:
            return False
        return isinstance(entry, int) and entry == text


#: Numbers kept for one site: the offset of the opcode that names; those of the opcodes of the two
#: texts of STACK_GLOBAL, else 0; and how many memo keys are set there, if the last one that MEMOIZE
#: set holds the second text, else 0.
SITE: Final = 4


class Places:
    """Where a pickle is edited when names in it change. Kept on demand, in 4 bytes a number where
    all offsets fit.

    ``size``: that of the data. ``frames``: the offset of each FRAME. The sites of globals stand in
    their ``Named``.
    """

    __slots__ = ("_code", "frames")

    def __init__(self, size: int) -> None:
        self._code: Literal["I", "Q"] = "I" if size < 1 << 32 else "Q"
        self.frames: array[int] = array(self._code)

    def add(self, named: Named, at: int, texts: tuple[int, int], memo: Memo) -> None:
        """Note a site."""
        keys = len(memo) if texts[1] else 0
        if keys and not memo.holds(keys - 1, texts[1]):
            keys = 0
        if named.sites is None:
            named.sites = array(self._code)
        named.sites.extend((at, *texts, keys))
