"""What a scan tells: values without behaviour. ``scanner`` makes them."""

from __future__ import annotations

from array import array

import attrs

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.findings import Finding
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_calls import STAMPS
from pickle_migrate.scan_entries import Use


@attrs.frozen
class Global:
    """One ref that a pickle names, with all its uses.

    ``ref`` is as the pickle spells it; see ``mapped`` for Python 2's names. ``offset`` is that of
    the opcode that names it first, ``count`` how many opcodes name it. ``protocol`` is what the
    unpickler believes at that place: the last PROTO, or 0 without one; a ref named under two
    protocols is two globals. A ``count`` of 0: the pickle before this one named it.

    ``uses``, strongest first: "instantiated" (NEWOBJ, NEWOBJ_EX, OBJ, INST, or the first argument
    of copyreg's constructors), "called" (REDUCE), "named" (it stands somewhere as data, or nothing
    is done with it).

    ``via``: "find_class" when the unpickler is asked for it by name. "getattr" when it is a call of
    ``getattr`` on a global, which is how protocols below 4 write nested classes. "text_only" when a
    stamp is given as text, as for classes that are pickled by value.
    """

    ref: GlobalRef
    offset: int
    uses: tuple[Use, ...]
    count: int
    protocol: int
    via: str

    @property
    def use(self) -> Use:
        """The strongest of its uses."""
        return self.uses[0]

    @property
    def stamp(self) -> str | None:
        """The text of the stamp, if this global is one."""
        is_text = ":" in self.ref.qualname
        return self.ref.qualname if self.ref.module == STAMPS and is_text else None


@attrs.frozen
class Extension:
    """An extension code (EXT1, EXT2, EXT4) and the uses of what it stands for in the reader."""

    code: int
    offset: int
    uses: tuple[Use, ...]
    count: int


@attrs.frozen
class Unresolvable:
    """A global whose name no scan can know, because the pickle computes it."""

    offset: int
    reason: str


@attrs.frozen
class Effect:
    """Something that loading does beyond making, filling and naming: code of the class may run.

    ``kind``:
        "call": a call or an instance of something that is no named global (a result, a persistent
        id, a buffer, a plain value).
        "build": BUILD on an object that ``ref`` gave when it was called or instantiated.
        "build_global": BUILD, APPEND(S), SETITEM(S) or ADDITEMS on the named global ``ref`` itself:
        a class, module, function or some module's variable.
        "build_unknown": BUILD on anything else.
        "dunder_state": BUILD whose slots state names ``__class__`` or another dunder.
        "build_again": BUILD, APPEND(S), SETITEM(S) or ADDITEMS on an object that BUILD was done to
        before: what is called then may come from its own state.
        "append", "set_item", "add": APPEND(S), SETITEM(S), ADDITEMS on something other than a list,
        dict or set that the pickle's own opcodes made; ``ref`` gave it, or it is unknown.
    Each pair of kind and ref is told once: ``offset`` of the first, ``count`` of all. ``ref`` is as
    the pickle spells it; None when nothing names it.
    """

    kind: str
    ref: GlobalRef | None
    offset: int
    count: int


@attrs.frozen
class Located:
    """Where a pickle is edited when names in it change, for the rewriter.

    ``frames``: the offset of each FRAME. ``sites``: for each of the scan's globals, in their order,
    ``scan_memo.SITE`` numbers for each opcode that names it.
    """

    frames: array[int]
    sites: tuple[array[int], ...]


@attrs.frozen
class Scan:
    """What one pickle holds. Offsets count bytes from the start of the data that was scanned.

    ``globals`` and ``extensions`` are in order of their offset. ``protocol``: the highest of PROTO
    and of the opcodes' protocols. ``longest``: bytes of the longest single argument. ``memo``: how
    many memo keys are set, ``highest_key``: the highest of them, -1 without any. ``marks``: how
    deep marks nest. ``persistent_ids`` and ``buffers`` are counts, with the first few offsets.
    ``carries_memo``: the pickle refers to objects of the pickle before it, as a Pickler writes it
    that dumps twice. ``differences``: where Python's own readers read something else than the C
    unpickler does. ``depth``: how deep values nest. ``expansion``: how many values there are when
    each shared one is counted wherever it stands, ``hashed_expansion`` the same for the largest key
    or set member, ``hashed_depth`` how deep it nests; both expansions stop counting at
    ``EXPANSION_CAP``. ``located``: where names stand, if that was asked for.
    """

    start: int
    end: int
    protocol: int
    globals: tuple[Global, ...]
    extensions: tuple[Extension, ...]
    unresolvable: tuple[Unresolvable, ...]
    opcodes: int
    frames: int
    longest: int
    memo: int
    highest_key: int
    marks: int
    builds: bool
    persistent_ids: int
    persistent_id_offsets: tuple[int, ...]
    buffers: int
    buffer_offsets: tuple[int, ...]
    carries_memo: bool = False
    effects: tuple[Effect, ...] = ()
    differences: tuple[Finding, ...] = ()
    depth: int = 0
    expansion: int = 0
    hashed_expansion: int = 0
    hashed_depth: int = 0
    located: Located | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def refs(self) -> frozenset[GlobalRef]:
        """All refs, as the pickle spells them."""
        return frozenset(g.ref for g in self.globals)

    @property
    def stamps(self) -> tuple[str, ...]:
        """The texts of all stamps, in order of their offset."""
        return tuple(g.stamp for g in self.globals if g.stamp is not None)

    def uses_of(self, ref: GlobalRef) -> frozenset[Use]:
        """All uses of a ref, under any protocol; empty if the pickle doesn't name it."""
        return frozenset(use for g in self.globals if g.ref == ref for use in g.uses)


@attrs.frozen
class Scans:
    """The pickles that stand one after the other in some data, and what follows them.

    ``end`` is where the last one ends, ``size`` the length of the data. ``problem`` says why what
    follows is no pickle; None when nothing follows.
    """

    pickles: tuple[Scan, ...]
    end: int
    size: int
    problem: PickleFormatError | None = None

    @property
    def trailing(self) -> int:
        """How many bytes follow the last pickle."""
        return self.size - self.end


def mapped(ref: GlobalRef, protocol: int) -> GlobalRef:
    """The ref that the C unpickler looks for, with ``fix_imports`` on, as it is by default.

    Below protocol 3 it turns Python 2's names into Python 3's. ``protocol`` is that of the Global.
    Imports nothing that the ref names.
    """
    if protocol >= 3:
        return ref
    from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

    pair = NAME_MAPPING.get((ref.module, ref.qualname))
    if pair is not None:
        return GlobalRef(*pair)
    return GlobalRef(IMPORT_MAPPING.get(ref.module, ref.module), ref.qualname)
