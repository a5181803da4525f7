"""Which bytes of a pickle change when names in it change.

``edits`` decides for one pickle and changes nothing. Each place where a global is named is one of
four opcodes:

    GLOBAL, INST    the two lines are replaced where they stand.
    STACK_GLOBAL    the two texts are replaced where they stand if nothing else can read them (see
                    ``rewriter_texts``). Otherwise they stay, and so do the memo keys that they
                    have: POP, POP, and then the new name without memo keys.
    REDUCE          of ``getattr`` on a class, which below protocol 4 names a class in it: POP, POP
                    and the new name, unless the new name of the outer class leads there anyway.
                    Of ``text_only``: POP, and the new stamp.

So no memo key changes its number or its value, and the stack is as it was after each place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge

import attrs

from pickle_migrate import rewriter_spell as spell
from pickle_migrate import rewriter_texts as texts
from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_nested import silenced
from pickle_migrate.rewriter_spell import Dialect
from pickle_migrate.rewriter_splice import Edit
from pickle_migrate.rewriter_target import Target
from pickle_migrate.scan_calls import STAMPS
from pickle_migrate.scan_memo import SITE
from pickle_migrate.scanner import Global, Located, Scan

# With more sites than this, what is known of one is not kept for the others.
_MOST_SITES = 10_000
_GLOBAL, _INST, _STACK_GLOBAL, _POP = b"c", b"i", b"\x93", b"0"


@attrs.frozen
class _Site:
    """One STACK_GLOBAL with its new ref, or None. ``operands`` is None where nothing is known."""

    at: int
    module: int
    name: int
    target: Target
    operands: texts.Operands | None


def edits(
    data: bytes, scan: Scan, targets: Sequence[Target], stop: int
) -> tuple[Iterator[Edit], list[Target]]:
    """The edits of one pickle in order, and the targets as they come out. ``targets``: one for each
    of the scan's globals, in order.

    ``stop``: how far memo keys of this pickle may be read. The edits are made when they are asked
    for, and raise ContentError for names that cannot stand where they would have to.
    """
    assert scan.located is not None
    found, told = silenced(data, targets, scan.located, stop)
    streams: list[Iterable[Edit]] = [sorted(found)]
    for target, sites in zip(targets, scan.located.sites, strict=True):
        if target.is_edited:
            streams.append(_of_lines_and_calls(data, scan, target, sites))
    if any(t.is_edited and t.named.via == "find_class" for t in targets):
        streams += _of_stack_globals(data, scan, targets, scan.located, stop)
    return merge(*streams), told


# --- GLOBAL, INST, REDUCE -----------------------------------------------------------------------


def _of_lines_and_calls(
    data: bytes, scan: Scan, target: Target, sites: Sequence[int]
) -> Iterator[Edit]:
    named, ref = target.named, target.ref
    dialect = target.dialect(scan)
    for i in range(0, len(sites), SITE):
        at = sites[i]
        code = data[at : at + 1]
        if code == _GLOBAL:
            yield at, _after_lines(data, at), _as_global(ref, dialect, named)
        elif code == _INST:
            yield at, _after_lines(data, at), _as_inst(ref, dialect, named)
        elif named.via == "getattr":
            yield at, at + 1, _POP + _POP + spell.push(ref, dialect, named)
        elif named.via == "text_only":
            yield at, at + 1, _as_text_only(ref, dialect, named)


def _after_lines(data: bytes, at: int) -> int:
    return data.index(b"\n", data.index(b"\n", at) + 1) + 1


def _as_global(ref: GlobalRef, dialect: Dialect, named: Global) -> bytes:
    if dialect.by_getattr(ref):
        return spell.push(ref, dialect, named)
    spell.check(ref, dialect, named)
    return _GLOBAL + spell.lines(ref, "utf-8", named)


def _as_inst(ref: GlobalRef, dialect: Dialect, named: Global) -> bytes:
    if dialect.by_getattr(ref):
        problem = "is written by INST, which cannot name what is nested in a class"
        raise spell.refused(named, ref, problem)
    spell.check(ref, dialect, named)
    return _INST + spell.lines(ref, "ascii", named)


def _as_text_only(ref: GlobalRef, dialect: Dialect, named: Global) -> bytes:
    if ref.module != STAMPS:
        raise spell.refused(named, ref, "is a stamp, which only another stamp can replace")
    return _POP + dialect.single(dialect.text(ref.qualname)) + b"R"


# --- STACK_GLOBAL -------------------------------------------------------------------------------


def _of_stack_globals(
    data: bytes, scan: Scan, targets: Sequence[Target], located: Located, stop: int
) -> list[Iterable[Edit]]:
    count = sum(len(sites) for sites in located.sites) // SITE
    if count > _MOST_SITES:
        pairs = zip(targets, located.sites, strict=True)
        return [_one_by_one(data, scan, t, sites) for t, sites in pairs if t.is_edited]
    return [sorted(_all_together(data, scan, targets, located, texts.Search(data, stop)))]


def _one_by_one(data: bytes, scan: Scan, target: Target, numbers: Sequence[int]) -> Iterator[Edit]:
    """The edits where there are many sites: of texts without memo keys, which nothing else reads,
    in place; of all others inserted.
    """
    nothing = texts.Search(data, scan.end, 0)
    dialect = target.dialect(scan)
    for site in _sites_of(data, target, numbers):
        module, operands = None, site.operands
        if operands is not None and operands.module is not None and operands.module.key is None:
            module = target.ref.module
            if operands.name.key is None and not dialect.by_getattr(target.ref):
                yield operands.module.start, operands.module.end, dialect.text(module)
            else:
                module = None
        yield from _of_site(dialect, site, module, False, nothing)


def _all_together(
    data: bytes, scan: Scan, targets: Sequence[Target], located: Located, search: texts.Search
) -> Iterator[Edit]:
    """The edits where it pays to know of each text who reads it."""
    readers: dict[int, list[_Site]] = defaultdict(list)
    changed: list[_Site] = []
    for target, numbers in zip(targets, located.sites, strict=True):
        for site in _sites_of(data, target, numbers):
            readers[site.module].append(site)
            readers[site.name].append(site)
            if target.is_edited:
                changed.append(site)
    modules: dict[int, str | None] = {}
    for site in changed:
        dialect = site.target.dialect(scan)
        if site.module not in modules:
            text, new = _new_module(site.module, readers[site.module], search)
            modules[site.module] = new
            if text is not None and new is not None:
                yield text.start, text.end, dialect.text(new)
        is_shared = len(readers[site.name]) > 1
        yield from _of_site(dialect, site, modules[site.module], is_shared, search)


def _sites_of(data: bytes, target: Target, numbers: Sequence[int]) -> Iterator[_Site]:
    """The STACK_GLOBALs of a global."""
    for i in range(0, len(numbers), SITE):
        at, module, name, keys = numbers[i : i + SITE]
        if data[at : at + 1] == _STACK_GLOBAL:
            operands = None
            if target.is_edited:
                operands = texts.operands(data, at, module, name, keys)
            yield _Site(at, module, name, target, operands)


def _new_module(
    module: int, readers: Sequence[_Site], search: texts.Search
) -> tuple[texts.Text | None, str | None]:
    """The text of a module whose opcode stands at ``module``, and what it is to be; Nones if it
    cannot change where it stands.
    """
    operands = [s.operands for s in readers if s.module == module and s.operands is not None]
    own = [o.module for o in operands if o.module is not None]
    refs = {s.target.ref.module for s in readers if s.target.is_edited}
    if len(operands) != len(readers) or len(own) != 1 or len(refs) != 1:
        return None, None
    fetched = [o for o in operands if o.module is None]
    known = frozenset(o.fetch for o in fetched if o.fetched == own[0].key)
    (new,) = refs
    if len(known) != len(fetched) or new == readers[0].target.named.ref.module:
        return None, None
    return (own[0], new) if search.is_unread(own[0], but=known) else (None, None)


def _of_site(
    dialect: Dialect, site: _Site, module: str | None, name_is_shared: bool, search: texts.Search
) -> Iterator[Edit]:
    """The edits of one STACK_GLOBAL, beside that of its module's text. ``module`` is what that text
    is to be; None: it stays.
    """
    named, ref = site.target.named, site.target.ref
    has_module = ref.module == (named.ref.module if module is None else module)
    if has_module and not dialect.by_getattr(ref) and site.operands is not None:
        name = site.operands.name
        has_name = ref.qualname == named.ref.qualname
        if has_name or (not name_is_shared and search.is_unread(name)):
            spell.check(ref, dialect, named)
            if not has_name:
                yield name.start, name.end, dialect.text(ref.qualname)
            return
    yield site.at, site.at + 1, _POP + _POP + spell.push(ref, dialect, named)
