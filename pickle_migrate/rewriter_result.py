"""The scan of a rewritten pickle, from that of the old one.

After its last edit a new pickle is the old one, with other names at other offsets. So its scan is
known without reading it to the end: what was seen up to there, and what the old scan has more than
the old pickle had up to the same place. It is what a scan of the new pickle would give, but that
``longest`` may be that of an old name; where the rest cannot be said for certain, there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_target import Target
from pickle_migrate.scan_entries import Use
from pickle_migrate.scanner import Effect, Global, Scan

Moved = Callable[[int], int]
_Key = tuple[GlobalRef, int, str]

_STRONGEST_FIRST: tuple[Use, ...] = ("instantiated", "called", "named")


def shifted(old: Scan, moved: Moved) -> Scan:
    """The scan of a pickle without edits, whose bytes stand elsewhere now."""
    return attrs.evolve(
        old,
        start=moved(old.start),
        end=moved(old.end),
        globals=tuple(attrs.evolve(g, offset=moved(g.offset)) for g in old.globals),
        extensions=tuple(attrs.evolve(e, offset=moved(e.offset)) for e in old.extensions),
        unresolvable=tuple(attrs.evolve(u, offset=moved(u.offset)) for u in old.unresolvable),
        persistent_id_offsets=tuple(map(moved, old.persistent_id_offsets)),
        buffer_offsets=tuple(map(moved, old.buffer_offsets)),
        effects=tuple(attrs.evolve(e, offset=moved(e.offset)) for e in old.effects),
        differences=tuple(
            attrs.evolve(d, offset=None if d.offset is None else moved(d.offset))
            for d in old.differences
        ),
        located=None,
    )


def derived(
    old: Scan, parts: tuple[Scan, Scan], targets: Sequence[Target], moved: Moved
) -> Scan | None:
    """The scan of an edited pickle. ``parts``: what was seen of the old and of the new one up to
    the place from which on they are the same.
    """
    old_part, new_part = parts
    refs = {_key(t.named): t.ref for t in targets}
    effects = _effects(old, refs, moved)
    if effects is None or old.differences or new_part.differences:
        return None
    return attrs.evolve(
        shifted(old, moved),
        globals=tuple(_globals(old, parts, targets, moved)),
        opcodes=old.opcodes + new_part.opcodes - old_part.opcodes,
        longest=max(old.longest, new_part.longest),
        marks=max(old.marks, new_part.marks),
        effects=effects,
        depth=max(old.depth, new_part.depth),
        expansion=max(old.expansion, new_part.expansion),
    )


def _key(named: Global) -> _Key:
    return named.ref, named.protocol, named.via


def _globals(
    old: Scan, parts: tuple[Scan, Scan], targets: Sequence[Target], moved: Moved
) -> Iterator[Global]:
    """Those of the new part, then those that come after it, each with all its uses."""
    old_part, new_part = parts
    before = {_key(g): g.count for g in old_part.globals}
    # What the edits name besides: getattr, and classes that others are got from.
    extra = {_key(g): g for g in new_part.globals}
    found: dict[_Key, Global | None] = dict.fromkeys(extra)
    for target in targets:
        named = target.named
        key = target.ref, named.protocol, _via(target, new_part)
        if key in extra:
            new = extra[key]
            extra[key] = attrs.evolve(new, count=new.count - before.get(_key(named), 0))
        offset = extra[key].offset if key in extra else moved(named.offset)
        here = attrs.evolve(named, ref=key[0], via=key[2], offset=offset)
        found[key] = _together(found.get(key), here)
    for key, known in found.items():
        more = extra.get(key)
        both = _together(known, more) if more is not None and more.count else known
        if both is not None:
            yield both


def _together(one: Global | None, other: Global) -> Global:
    if one is None:
        return other
    uses = tuple(use for use in _STRONGEST_FIRST if use in {*one.uses, *other.uses})
    return attrs.evolve(one, uses=uses, count=one.count + other.count)


def _via(target: Target, scan: Scan) -> str:
    via, ref = target.named.via, target.ref
    if via == "text_only" or not target.is_edited:
        return via
    return "getattr" if target.dialect(scan).by_getattr(ref) else "find_class"


def _effects(old: Scan, refs: dict[_Key, GlobalRef], moved: Moved) -> tuple[Effect, ...] | None:
    """The effects under their new refs; None if two of them may have become one."""
    new: dict[GlobalRef, GlobalRef] = {}
    for (ref, _, _), now in refs.items():
        if new.setdefault(ref, now) != now:
            return None
    if len(set(new.values())) != len(new):
        return None
    return tuple(
        attrs.evolve(e, offset=moved(e.offset), ref=None if e.ref is None else new[e.ref])
        for e in old.effects
    )
