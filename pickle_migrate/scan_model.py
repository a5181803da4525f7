"""The pickle machine's stack and memo, with what a scan must know of each value and no more.

Theory of operation
    A scan executes nothing, so it has no values. It has *entries*: one for each value that the C
    unpickler would have on its stack. Most are ``PLAIN``: no text and no global. The others are
    those from which a global's name, or what is done with a global, can be learned:

    - ``int``: text that stands in the pickle, as the offset of its opcode. Decoded when asked for.
    - ``Named``: a global, with all that was seen done with it.
    - ``Args``: a tuple whose first item may matter once the tuple is the arguments of a call.
    - ``UNKNOWN``: whatever a call, a persistent id or a buffer gives. It may be a text; a name made
      from it cannot be resolved.

    The stack, the marks and the fence are those of Modules/_pickle.c: values and marks are kept
    apart, and nothing but an opcode that asks for the mark reaches below it.

Rules
    - A global is recorded when it is named, before what follows can go wrong.
    - A use is recorded when a global leaves the stack: called, instantiated, or put somewhere
      (named).
    - Entries don't nest, so nothing recurses and shared tuples cost nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.refs import GlobalRef

Use: TypeAlias = Literal["instantiated", "called", "named"]


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


PLAIN: Final = None
UNKNOWN: Final = _Unknown()


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


#: Numbers kept for one site: the offset of the opcode that names; those of the opcodes of the two
#: texts of STACK_GLOBAL, else 0; and how many memo keys are set there, if the last one that MEMOIZE
#: set holds the second text, else 0.
SITE: Final = 4


class Places:
    """Where a pickle is edited when names in it change. Kept on demand, 8 bytes a number.

    ``frames``: the offset of each FRAME. The sites of globals stand in their ``Named``.
    """

    __slots__ = ("frames",)

    def __init__(self) -> None:
        self.frames = array("Q")

    def add(self, named: Named, at: int, texts: tuple[int, int], memo: Memo) -> None:
        """Note a site."""
        keys = len(memo) if texts[1] else 0
        if keys and not memo.holds(keys - 1, texts[1]):
            keys = 0
        if named.sites is None:
            named.sites = array("Q")
        named.sites.extend((at, *texts, keys))


class Args:
    """A tuple. All globals in it but the first item are recorded as named when it is made."""

    __slots__ = ("first", "second", "size")

    def __init__(self, first: Named | int, second: Entry, size: int) -> None:
        self.first = first
        self.second = second
        self.size = size


Entry: TypeAlias = int | Named | Args | _Unknown | None

# Calls of these say something about their first argument.
_MAKES_FIRST: Final = frozenset(
    GlobalRef(module, name)
    for module in ("copyreg", "copy_reg")
    for name in ("_reconstructor", "__newobj__", "__newobj_ex__")
)
_GETATTR: Final = frozenset(GlobalRef(module, "getattr") for module in ("builtins", "__builtin__"))
STAMPS: Final = "pickle_migrate.stamps"
_TEXT_ONLY: Final = GlobalRef(STAMPS, "text_only")


class Memo:
    """The memo: entries by key. Keys without gaps, which picklers write, cost 8 bytes each."""

    __slots__ = ("_dense", "_holes", "_sparse")

    def __init__(self) -> None:
        self._dense: list[Entry] = []
        self._sparse: dict[int, Entry] = {}
        self._holes = 0

    def __len__(self) -> int:
        """How many keys are set, which is the key that MEMOIZE sets next."""
        return len(self._dense) + len(self._sparse) - self._holes

    @property
    def highest(self) -> int:
        """The highest key that is set, or -1."""
        return max(len(self._dense) - 1, max(self._sparse, default=-1))

    def put(self, key: int, entry: Entry) -> None:
        """Set a key, which is not negative."""
        size = len(self._dense)
        if key == 0 and self._holes:
            self._holes = 0
            self._dense[0] = entry
        elif key < size:
            self._dense[key] = entry
        elif key == size and key not in self._sparse:
            self._dense.append(entry)
        elif key == 1 and not self._sparse:
            # Python 2's cPickle counts from 1.
            self._dense += [PLAIN, entry]
            self._holes = 1
        else:
            self._sparse[key] = entry

    def get(self, key: int) -> Entry:
        """The entry. Raises KeyError if the key is not set."""
        if self._holes <= key < len(self._dense):
            return self._dense[key]
        return self._sparse[key]

    def holds(self, key: int, text: int) -> bool:
        """Whether a key is set to the text whose opcode stands at an offset."""
        try:
            entry = self.get(key)
        except KeyError:
            return False
        return isinstance(entry, int) and entry == text


class Machine:
    """Stack, marks and memo of one pickle, and the globals seen so far.

    ``text_at`` decodes the text whose opcode stands at an offset; None when that depends on the
    reader's ``encoding``. ``places`` is None unless someone asks for the places of names.
    """

    def __init__(self, text_at: Callable[[int], str | None], memo: Memo | None = None) -> None:
        self.text_at = text_at
        self.stack: list[Entry] = []
        self.marks: list[int] = []
        self.fence = 0
        self.memo = Memo() if memo is None else memo
        self.protocol = 0
        self.named: dict[tuple[str, str, int, str, int], Named] = {}
        self.unresolvable: list[tuple[int, str]] = []
        self.places: Places | None = None
        self.deepest = 0

    # --- the stack -----------------------------------------------------------------------------

    def mark(self) -> None:
        """MARK."""
        self.marks.append(len(self.stack))
        self.fence = len(self.stack)
        if len(self.marks) > self.deepest:
            self.deepest = len(self.marks)

    def to_mark(self, at: int) -> list[Entry]:
        """Take what is above the topmost mark, and the mark."""
        if not self.marks:
            raise PickleFormatError("an opcode asks for a mark and there is none", at)
        start = self.marks.pop()
        self.fence = self.marks[-1] if self.marks else 0
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def pop(self, at: int) -> Entry:
        """Take the topmost value. ``at`` is the offset that an error names, here and below."""
        if len(self.stack) <= self.fence:
            raise self.underflow(at)
        return self.stack.pop()

    def top(self, at: int) -> Entry:
        """The topmost value, which stays."""
        if len(self.stack) <= self.fence:
            raise self.underflow(at)
        return self.stack[-1]

    def need(self, count: int, at: int) -> None:
        """Raise unless ``count`` values stand above the mark."""
        if len(self.stack) - count < self.fence:
            raise self.underflow(at)

    def underflow(self, at: int) -> PickleFormatError:
        """The error of an opcode that reaches below the mark, or below the stack."""
        what = "a mark stands where a value should" if self.marks else "the stack is empty"
        return PickleFormatError(f"an opcode takes more values than there are: {what}", at)

    def pop_tuple(self, count: int, at: int) -> None:
        """TUPLE1, TUPLE2, TUPLE3."""
        self.need(count, at)
        self.stack[-count:] = [self.as_tuple(self.stack[-count:])]

    def as_tuple(self, items: Sequence[Entry]) -> Entry:
        """The entry of a tuple of these."""
        first = items[0] if items else PLAIN
        if isinstance(first, Named) or (isinstance(first, int) and len(items) == 1):
            self.put_all_away(items[1:])
            return Args(first, items[1] if len(items) > 1 else PLAIN, len(items))
        self.put_all_away(items)
        return PLAIN

    def pop_one(self, at: int) -> None:
        """POP: a value, or the mark when nothing is above it."""
        if self.marks and self.marks[-1] == len(self.stack):
            self.to_mark(at)
        else:
            self.put_away(self.pop(at))

    # --- globals -------------------------------------------------------------------------------

    def name(
        self,
        module: str,
        qualname: str,
        at: int,
        via: str = "find_class",
        code: int = 0,
        texts: tuple[int, int] = (0, 0),
    ) -> Named:
        """Record that a global is named, and give its entry. ``texts`` are offsets for its site."""
        key = (module, qualname, self.protocol, via, code)
        found = self.named.get(key)
        if found is None:
            found = Named(GlobalRef(module, qualname), at, self.protocol, via, code)
            self.named[key] = found
        else:
            found.count += 1
        if self.places is not None:
            self.places.add(found, at, texts, self.memo)
        return found

    def adopted(self, entry: Entry, at: int) -> Entry:
        """An entry of the memo of the pickle before this one, as an entry of this pickle."""
        if isinstance(entry, Args):
            first = self.adopted(entry.first, at) if isinstance(entry.first, Named) else PLAIN
            return Args(first, entry.second, entry.size) if isinstance(first, Named) else entry
        if not isinstance(entry, Named):
            return entry
        key = (entry.ref.module, entry.ref.qualname, entry.protocol, entry.via, entry.code)
        if key not in self.named:
            self.named[key] = Named(entry.ref, at, entry.protocol, entry.via, entry.code)
            self.named[key].count = 0
        return self.named[key]

    def name_from_stack(self, at: int) -> None:
        """STACK_GLOBAL."""
        qualname, module = self.pop(at), self.pop(at)
        ref = self._name_text(module, at), self._name_text(qualname, at)
        if ref[0] is None or ref[1] is None:
            self.unresolvable.append((at, "the name is not a literal text"))
            self.put_away(module)
            self.put_away(qualname)
            self.stack.append(UNKNOWN)
        else:
            assert isinstance(module, int)
            assert isinstance(qualname, int)
            self.stack.append(self.name(ref[0], ref[1], at, texts=(module, qualname)))

    def _name_text(self, entry: Entry, at: int) -> str | None:
        if entry is PLAIN or isinstance(entry, Args):
            raise PickleFormatError("the name of a global is not a text", at)
        # A global may be a text too: some module's variable.
        return self.text_at(entry) if isinstance(entry, int) else None

    def put_away(self, entry: Entry) -> None:
        """The entry leaves the stack as a piece of data."""
        if isinstance(entry, Args):
            entry = entry.first
        if isinstance(entry, Named):
            entry.uses.add("named")

    def put_all_away(self, entries: Sequence[Entry]) -> None:
        """The entries leave the stack as pieces of data."""
        for entry in entries:
            if entry is not PLAIN:
                self.put_away(entry)

    # --- calls ---------------------------------------------------------------------------------

    def make(self, target: Entry, args: Entry) -> None:
        """NEWOBJ, NEWOBJ_EX, OBJ, INST: an instance of ``target``."""
        if isinstance(target, Named):
            target.uses.add("instantiated")
        else:
            self.put_away(target)
        self.put_away(args)
        self.stack.append(UNKNOWN)

    def reduce(self, at: int) -> None:
        """REDUCE: a call."""
        args = self.pop(at)
        target = self.pop(at)
        result: Entry = UNKNOWN
        if isinstance(target, Named):
            target.uses.add("called")
            result = self._called(target.ref, args, at)
        else:
            self.put_away(target)
            self.put_away(args)
        self.stack.append(result)

    def _called(self, ref: GlobalRef, args: Entry, at: int) -> Entry:
        if not isinstance(args, Args):
            self.put_away(args)
            return UNKNOWN
        first = args.first
        if isinstance(first, Named) and ref in _MAKES_FIRST:
            first.uses.add("instantiated")
            return UNKNOWN
        self.put_away(first)
        if isinstance(first, Named) and ref in _GETATTR and args.size == 2:
            return self._attribute(first, args.second, at)
        if isinstance(first, int) and ref == _TEXT_ONLY:
            text = self.text_at(first)
            if text is not None:
                return self.name(STAMPS, text, at, via="text_only")
        return UNKNOWN

    def _attribute(self, owner: Named, attribute: Entry, at: int) -> Entry:
        text = self.text_at(attribute) if isinstance(attribute, int) else None
        if text is None or owner.via == "extension":
            return UNKNOWN
        return self.name(owner.ref.module, f"{owner.ref.qualname}.{text}", at, via="getattr")
