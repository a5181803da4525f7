"""Bytes in, values out: what a pickle names, and how it uses what it names.

A pickle is a program. A scan reads it as CPython's C unpickler would (Modules/_pickle.c) and runs
nothing: no module is imported, nothing is called, nothing is written.

``scan`` reads one pickle, ``scan_all`` every pickle in a row. Both take any bytes-like object, and
read it in place: a memory-mapped file is never copied as a whole. Both end in a result or in
PickleFormatError, which says at which byte.

What is decided as C decides it
    Unknown opcodes, truncated arguments, lengths and frames beyond the end, negative lengths, texts
    of numbers, memo keys that are not set, extension codes, protocols, marks and stack underflow.
What is not
    What only shows when a value is made: whether text is valid UTF-8, whether a key is hashable,
    whether a call succeeds. So a scan accepts each pickle that C accepts, and some that C refuses.
"""

from __future__ import annotations

from array import array
from typing import Final

import attrs

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.findings import Finding
from pickle_migrate.limits import NO_LIMITS, Limits
from pickle_migrate.opcodes import ALL, HIGHEST_PROTOCOL
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_calls import STAMPS
from pickle_migrate.scan_entries import EXPANSION_CAP as EXPANSION_CAP
from pickle_migrate.scan_entries import Named, Use
from pickle_migrate.scan_memo import Memo, Places
from pickle_migrate.scan_model import Machine
from pickle_migrate.scan_reader import Data, Reader
from pickle_migrate.scan_steps import run

_CODES: Final = [[op.code for op in ALL if op.protocol == p] for p in range(HIGHEST_PROTOCOL + 1)]
_STRONGEST_FIRST: Final[tuple[Use, ...]] = ("instantiated", "called", "named")


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


def scan(data: Data, offset: int = 0, limits: Limits | None = None) -> Scan:
    """Read the pickle that starts at ``offset``, up to its STOP. What follows is not looked at.

    ``limits``: what the pickle may ask for; None: anything.
    Raises PickleFormatError and LimitError. Imports and runs nothing that the pickle names.
    """
    return _result(_read(_plain_view(data), offset, None, limits or NO_LIMITS))


def scan_all(
    data: Data, offset: int = 0, limits: Limits | None = None, *, locate: bool = False
) -> Scans:
    """Read every pickle from ``offset`` on, one after the other.

    Each pickle is read by itself. Where one refers to memo keys that it never set, the row was
    written by one Pickler, and all of it is read again with one memo. ``locate``: keep the places
    of all names, which needs memory for each of them. ``limits`` hold for each pickle by itself.
    Raises PickleFormatError if not even one pickle stands there, and LimitError.
    """
    view, limits = _plain_view(data), limits or NO_LIMITS
    apart = _row(view, offset, limits, shares_memo=False, locate=locate)
    if apart.problem is None:
        return apart
    joined = _row(view, offset, limits, shares_memo=True, locate=locate)
    return joined if joined.end > apart.end else apart


def _row(view: Data, offset: int, limits: Limits, *, shares_memo: bool, locate: bool) -> Scans:
    reader = _read(view, offset, None, limits, locate)
    found, problem = [_result(reader)], None
    while reader.at < len(view):
        try:
            memo = reader.machine.memo if shares_memo else None
            reader = _read(view, reader.at, memo, limits, locate)
        except PickleFormatError as error:
            problem = error
            break
        found.append(_result(reader))
    return Scans(tuple(found), found[-1].end, len(view), problem)


def scan_to(data: Data, offset: int, until: int) -> tuple[Scan, Machine]:
    """Read the pickle that starts at ``offset`` to the first opcode at ``until`` or after it: what
    was seen up to there, and the machine as it is there. The scan's ``end`` is that place.

    STOP must come later. Raises PickleFormatError. Imports and runs nothing.
    """
    reader = Reader(_plain_view(data), offset, None, NO_LIMITS)
    run(reader, until)
    return _result(reader), reader.machine


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


def _read(
    view: Data, offset: int, memo: Memo | None, limits: Limits, locate: bool = False
) -> Reader:
    reader = Reader(view, offset, memo, limits)
    reader.machine.places = Places() if locate else None
    run(reader)
    return reader


def _plain_view(data: Data) -> Data:
    if not isinstance(data, memoryview):
        return data
    return data.cast("B") if data.c_contiguous else memoryview(data.tobytes())


def _result(reader: Reader) -> Scan:
    machine = reader.machine
    named = machine.named.values()
    return Scan(
        start=reader.start,
        end=reader.at,
        protocol=_protocol(reader),
        globals=tuple(_global(n) for n in named if n.via != "extension"),
        extensions=tuple(
            Extension(n.code, n.offset, _uses(n), n.count) for n in named if n.via == "extension"
        ),
        unresolvable=tuple(Unresolvable(*pair) for pair in machine.unresolvable),
        opcodes=reader.opcodes,
        frames=reader.frames,
        longest=reader.longest,
        memo=len(machine.memo),
        highest_key=machine.memo.highest,
        marks=machine.deepest,
        builds=reader.builds,
        persistent_ids=reader.persistent_ids,
        persistent_id_offsets=tuple(reader.persistent_id_offsets),
        buffers=reader.buffers,
        buffer_offsets=tuple(reader.buffer_offsets),
        carries_memo=reader.carries_memo,
        effects=_effects(machine),
        differences=reader.differences.findings(),
        depth=machine.depth,
        expansion=machine.weight,
        hashed_expansion=machine.hash_weight,
        hashed_depth=machine.hash_depth,
        located=_located(machine),
    )


def _protocol(reader: Reader) -> int:
    """The highest of PROTO and of the opcodes' protocols."""
    for protocol in range(HIGHEST_PROTOCOL, reader.protocol, -1):
        if any(map(reader.used.__getitem__, _CODES[protocol])):
            return protocol
    return reader.protocol


def _located(machine: Machine) -> Located | None:
    if machine.places is None:
        return None
    named = (n for n in machine.named.values() if n.via != "extension")
    return Located(machine.places.frames, tuple(n.sites or array("Q") for n in named))


def _effects(machine: Machine) -> tuple[Effect, ...]:
    # Two globals of one ref, named under two protocols, are one here.
    found: dict[tuple[str, GlobalRef | None], Effect] = {}
    for (kind, by), (offset, count) in machine.effects.items():
        ref = None if by is None or by.via == "extension" else by.ref
        told = found.get((kind, ref))
        count += told.count if told else 0
        found[kind, ref] = Effect(kind, ref, told.offset if told else offset, count)
    return tuple(found.values())


def _global(named: Named) -> Global:
    return Global(named.ref, named.offset, _uses(named), named.count, named.protocol, named.via)


def _uses(named: Named) -> tuple[Use, ...]:
    return tuple(use for use in _STRONGEST_FIRST if use in named.uses) or ("named",)
