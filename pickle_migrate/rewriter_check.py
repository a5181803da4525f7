"""Whether edited bytes name what they should, and are the same program otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import attrs

from pickle_migrate.errors import PickleFormatError, VerificationError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_edits import Target, followed, is_edited
from pickle_migrate.rewriter_spell import Dialect
from pickle_migrate.scan_calls import GETATTR, MAKES_FIRST, TEXT_ONLY
from pickle_migrate.scan_entries import Use
from pickle_migrate.scanner import Global, Scan, Scans, scan_all

_SHOWN = 3
# The opcodes that name in another way than before call these, or call them no more.
_NAMING = GETATTR | {TEXT_ONLY}
# What is done with other globals depends on whether the pickle names one of these.
_TELLING = _NAMING | MAKES_FIRST


@attrs.define
class _Named:
    """How a ref is named under one protocol: by which uses, by how many opcodes."""

    uses: set[Use] = attrs.field(factory=set)
    count: int = 0


def check(new: bytes, old: Scans, targets: Sequence[Sequence[Target]]) -> None:
    """Scan the new bytes and raise VerificationError unless they hold the same pickles as before,
    with the targets' refs in place of the old ones. Imports and runs nothing that they name.
    """
    try:
        scans = scan_all(new)
    except PickleFormatError as error:
        raise VerificationError(f"cannot be scanned: {error.problem}") from error
    if len(scans.pickles) != len(old.pickles) or scans.trailing != old.trailing:
        raise VerificationError("ends elsewhere than the old one")
    for new_scan, old_scan, wanted in zip(scans.pickles, old.pickles, targets, strict=True):
        found = differences(new_scan, old_scan, wanted)
        if found:
            raise VerificationError("is not the old one with new names", tuple(found[:_SHOWN]))


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
    # What other globals are used for, and what getattr leads to, may then be told otherwise.
    tells = any(t.ref is not None and {t.ref, t.named.ref} & _TELLING for t in targets)
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
        if not with_uses or (ref in _NAMING and is_.count and was.count):
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


def _add(names: _Names, named: Global, ref: GlobalRef) -> None:
    entry = names[ref, named.protocol]
    entry.uses |= set(named.uses)
    entry.count += named.count


def _wanted(scan: Scan, targets: Sequence[Target], *, by_name_only: bool) -> _Names:
    found: _Names = defaultdict(_Named)
    for target in targets:
        named, ref = target.named, followed(target, targets)
        if named.via == "find_class" or not by_name_only:
            _add(found, named, ref)
        dialect = Dialect(scan.protocol, named.protocol)
        if dialect.by_getattr(ref) and is_edited(target, targets):
            _add_getattr(found, dialect, named, ref)
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
