"""Whether edited bytes name what they should, and are the same program otherwise.

All bytes are compared with what they should be, and each pickle that was edited is scanned again:
up to its end, or up to where nothing differs any more. That is after the last edit and the last
opcode that names what was renamed, if the machine is then in the same state as it is at the same
place of the old pickle (see ``rewriter_state``). Names mostly stand at the beginning of a pickle,
so this saves almost all of the second scan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

import attrs

from pickle_migrate.errors import PickleFormatError, VerificationError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_result import derived, shifted
from pickle_migrate.rewriter_spell import Dialect
from pickle_migrate.rewriter_splice import Spliced
from pickle_migrate.rewriter_state import is_same
from pickle_migrate.rewriter_target import Target
from pickle_migrate.scan_calls import GETATTR, MAKES_FIRST, TEXT_ONLY
from pickle_migrate.scan_entries import Named, Use
from pickle_migrate.scan_memo import SITE
from pickle_migrate.scanner import Global, Scan, Scans, scan_all, scan_to
from pickle_migrate.scanner import scan as scan_one

_SHOWN = 3
# Edits that end this far from the start of a pickle, and before a quarter of it, are at its
# beginning; bytes are compared in pieces that fit into a processor's cache.
_BEGINNING = 1 << 16
_CHUNK = 1 << 16
# The opcodes that name in another way than before call these, or call them no more.
_NAMING = GETATTR | {TEXT_ONLY}
# What is done with other globals depends on whether the pickle names one of these.
_TELLING = _NAMING | MAKES_FIRST


@attrs.define
class _Named:
    """How a ref is named under one protocol: by which uses, by how many opcodes. ``loose``: with
    fewer opcodes, it may have fewer uses.
    """

    uses: set[Use] = attrs.field(factory=set)
    count: int = 0
    loose: bool = False


@attrs.frozen
class Work:
    """The old bytes with their scans and targets, the edits, and the new bytes."""

    old: bytes
    scans: Scans
    targets: Sequence[Sequence[Target]]
    edits: Spliced
    new: bytes


def check(work: Work) -> Scans:
    """Raise VerificationError unless the new bytes hold the same pickles as the old ones, with the
    targets' refs in place of the old refs; and give the scans of the new bytes. Imports and runs
    nothing that they name.
    """
    changes = work.edits
    _require_edited(work)
    if any(scan.carries_memo for scan in work.scans.pickles):
        return _check_row(work)
    pairs = zip(work.scans.pickles, work.targets, strict=True)
    scans = tuple(_check_pickle(work, changes, scan, targets) for scan, targets in pairs)
    end, size = changes.moved(work.scans.end), len(work.new)
    return Scans(scans, end, size, work.scans.problem)


def _require_edited(work: Work) -> None:
    """Raise unless the new bytes are the old ones with the edits, and nothing else."""
    at = to = 0
    last = len(work.old), len(work.old), b""
    for start, end, new in chain(work.edits, [last]):
        for piece in range(at, start, _CHUNK):
            stop = min(piece + _CHUNK, start)
            if work.old[piece:stop] != work.new[piece - at + to : stop - at + to]:
                raise VerificationError("differs where nothing was edited")
        to += start - at
        if work.new[to : to + len(new)] != new:
            raise VerificationError("differs from what was to be put in")
        to, at = to + len(new), end
    if to != len(work.new):
        raise VerificationError("has another length than it should")


def _check_row(work: Work) -> Scans:
    try:
        scans = scan_all(work.new)
    except PickleFormatError as error:
        raise VerificationError(f"cannot be scanned: {error.problem}") from error
    if len(scans.pickles) != len(work.scans.pickles) or scans.trailing != work.scans.trailing:
        raise VerificationError("ends elsewhere than the old one")
    for new, old, targets in zip(scans.pickles, work.scans.pickles, work.targets, strict=True):
        _require(new, old, targets)
    return scans


def _check_pickle(work: Work, changes: Spliced, old: Scan, targets: Sequence[Target]) -> Scan:
    last = max(changes.last_before(old.end), _last_site(old, targets))
    if last <= old.start:
        return shifted(old, changes.moved)  # no edit, so all its bytes are the same
    if last - old.start <= min(_BEGINNING, (old.end - old.start) // 4):
        known = _known_from_beginning(last, work, changes, old, targets)
        if known is not None:
            return known
    try:
        new = scan_one(work.new, changes.moved(old.start))
    except PickleFormatError as error:
        raise VerificationError(f"cannot be scanned: {error.problem}") from error
    if new.end != changes.moved(old.end):
        raise VerificationError("ends elsewhere than the old one")
    _require(new, old, targets)
    return new


def _last_site(scan: Scan, targets: Sequence[Target]) -> int:
    """Where the last opcode ends that names a global whose name changes, or 0."""
    assert scan.located is not None
    pairs = zip(targets, scan.located.sites, strict=True)
    return max((s[-SITE] + 1 for t, s in pairs if s and t.is_edited), default=0)


def _known_from_beginning(
    last: int, work: Work, changes: Spliced, old: Scan, targets: Sequence[Target]
) -> Scan | None:
    """The scan of the new pickle, if the machines are in the same state at ``last``, an old offset.
    None if that is not known; the whole pickle says more then.
    """
    if _tells(targets) or any(t.silenced for t in targets):
        return None
    try:
        start, end = changes.moved(old.start), changes.moved(last)
        old_part, old_machine = scan_to(work.old, old.start, last)
        new_part, new_machine = scan_to(work.new, start, end)
    except PickleFormatError:
        return None
    if (old_part.end, new_part.end) != (last, end):
        return None
    by_key = {_key(t.named): t for t in targets}
    here = [attrs.evolve(by_key[_key(g)], named=g) for g in old_part.globals]
    names = {_key(t.named): t.ref for t in targets}
    if differences(new_part, old_part, here) or not is_same(
        old_machine, new_machine, changes.moved, lambda n: names.get(_key(n), n.ref)
    ):
        return None
    return derived(old, (old_part, new_part), targets, changes.moved)


def _key(named: Global | Named) -> tuple[GlobalRef, int, str]:
    return named.ref, named.protocol, named.via


def _require(new: Scan, old: Scan, targets: Sequence[Target]) -> None:
    found = differences(new, old, targets)
    if found:
        raise VerificationError("is not the old one with new names", tuple(found[:_SHOWN]))


def _tells(targets: Sequence[Target]) -> bool:
    """Whether what other globals are used for, and what getattr leads to, may change."""
    return any(t.is_edited and {t.ref, t.named.ref} & _TELLING for t in targets)


def differences(new: Scan, old: Scan, targets: Sequence[Target]) -> list[str]:
    """What one pickle's new scan says otherwise than it should, as short texts."""
    found = [
        f"{fact} is {getattr(new, fact)!r} and was {getattr(old, fact)!r}"
        for fact in _KEPT
        if getattr(new, fact) != getattr(old, fact)
    ]
    if [(e.code, e.uses, e.count) for e in new.extensions] != [
        (e.code, e.uses, e.count) for e in old.extensions
    ]:
        found.append("the extension codes are others")
    tells = _tells(targets)
    names = _named(g for g in new.globals if g.via == "find_class" or not tells)
    wanted = _wanted(old, targets, by_name_only=tells)
    return found + _differences_of_names(names, wanted, with_uses=not tells)


_KEPT = (
    "protocol",
    "frames",
    "memo",
    "highest_key",
    "builds",
    "persistent_ids",
    "buffers",
    "unresolvable",
)

_Names = dict[tuple[GlobalRef, int], _Named]


def _differences_of_names(new: _Names, wanted: _Names, *, with_uses: bool) -> list[str]:
    found = []
    for key in sorted(new.keys() | wanted.keys()):
        ref, protocol = key
        is_, was = new.get(key, _Named()), wanted.get(key, _Named())
        if not with_uses or was.loose or (ref in _NAMING and is_.count and was.count):
            is_.uses = was.uses
        if (is_.uses, is_.count) != (was.uses, was.count):
            found.append(f"{ref} is named {_told(is_)} under protocol {protocol}, not {_told(was)}")
    return found


def _told(named: _Named) -> str:
    return f"{named.count} times ({', '.join(sorted(named.uses))})" if named.count else "nowhere"


def _named(globals_: Iterable[Global]) -> _Names:
    found: _Names = defaultdict(_Named)
    for g in globals_:
        _add(found, g, g.ref)
    return found


def _add(names: _Names, named: Global, ref: GlobalRef, silenced: int = 0) -> None:
    entry = names[ref, named.protocol]
    entry.uses |= set(named.uses)
    entry.count += named.count - silenced
    entry.loose |= silenced > 0


def _wanted(scan: Scan, targets: Sequence[Target], *, by_name_only: bool) -> _Names:
    found: _Names = defaultdict(_Named)
    for target in targets:
        named, ref = target.named, target.ref
        via, dialect = named.via, target.dialect(scan)
        if target.is_edited and via != "text_only":
            via = "find_class"
            if dialect.by_getattr(ref):
                via = "getattr"
                _add_getattr(found, dialect, named, ref)
        if via == "find_class" or not by_name_only:
            _add(found, named, ref, target.silenced)
    return found


def _add_getattr(names: _Names, dialect: Dialect, named: Global, ref: GlobalRef) -> None:
    """A name with dots, which only ``getattr`` can reach below protocol 4, names more than itself:
    ``getattr`` once for each dot, and each class that it is nested in.
    """
    owner = ref.qualname
    while "." in owner:
        owner = owner.rpartition(".")[0]
        called, outer = dialect.getattr_ref, GlobalRef(ref.module, owner)
        names[called, named.protocol].count += named.count
        names[called, named.protocol].uses.add("called")
        names[outer, named.protocol].count += named.count
        names[outer, named.protocol].uses.add("named")
