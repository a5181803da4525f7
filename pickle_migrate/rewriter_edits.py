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
from collections.abc import Iterator, Sequence

import attrs

from pickle_migrate import rewriter_spell as spell
from pickle_migrate import rewriter_texts as texts
from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_nested import silenced
from pickle_migrate.rewriter_spell import Dialect
from pickle_migrate.rewriter_splice import Edit
from pickle_migrate.rewriter_target import Target, is_edited
from pickle_migrate.scan_calls import STAMPS
from pickle_migrate.scan_memo import SITE
from pickle_migrate.scanner import Global, Located, Scan

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
) -> tuple[list[Edit], list[Target]]:
    """The edits of one pickle, sorted, and the targets as they come out. ``targets``: one for each
    of the scan's globals, in order.

    ``stop``: how far memo keys of this pickle may be read. Raises ContentError for names that
    cannot stand where they would have to.
    """
    assert scan.located is not None
    found, told = silenced(data, targets, scan.located, stop)
    for target, sites in zip(targets, scan.located.sites, strict=True):
        if is_edited(target, targets):
            found += _of_lines_and_calls(data, scan, target, sites[::SITE])
    if any(t.ref is not None and t.named.via == "find_class" for t in targets):
        found += _of_stack_globals(data, scan, targets, scan.located, stop)
    found.sort()
    return found, told


# --- GLOBAL, INST, REDUCE -----------------------------------------------------------------------


def _of_lines_and_calls(
    data: bytes, scan: Scan, target: Target, sites: Sequence[int]
) -> Iterator[Edit]:
    named, ref = target.named, target.ref
    assert ref is not None
    dialect = target.dialect(scan)
    for at in sites:
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
) -> Iterator[Edit]:
    changed, readers = _sites(data, targets, located)
    modules: dict[int, str | None] = {}
    for site in changed:
        dialect = site.target.dialect(scan)
        if site.module not in modules:
            text, new = _new_module(data, site.module, readers[site.module], stop)
            modules[site.module] = new
            if text is not None and new is not None:
                yield text.start, text.end, dialect.text(new)
        name_is_shared = len(readers[site.name]) > 1
        yield from _of_site(data, dialect, site, modules[site.module], name_is_shared, stop)


def _sites(
    data: bytes, targets: Sequence[Target], located: Located
) -> tuple[list[_Site], dict[int, list[_Site]]]:
    """The sites with a new name, and all sites that read a text, by the text's offset."""
    changed: list[_Site] = []
    readers: dict[int, list[_Site]] = defaultdict(list)
    for target, numbers in zip(targets, located.sites, strict=True):
        for i in range(0, len(numbers), SITE):
            at, module, name, keys = numbers[i : i + SITE]
            if data[at : at + 1] != _STACK_GLOBAL:
                continue
            operands = None
            if target.ref is not None:
                operands = texts.operands(data, at, module, name, keys)
            site = _Site(at, module, name, target, operands)
            readers[module].append(site)
            readers[name].append(site)
            if target.ref is not None:
                changed.append(site)
    return changed, readers


def _new_module(
    data: bytes, module: int, readers: Sequence[_Site], stop: int
) -> tuple[texts.Text | None, str | None]:
    """The text of a module whose opcode stands at ``module``, and what it is to be; Nones if it
    cannot change where it stands.
    """
    operands = [s.operands for s in readers if s.module == module and s.operands is not None]
    own = [o.module for o in operands if o.module is not None]
    refs = {s.target.ref.module for s in readers if s.target.ref is not None}
    if len(operands) != len(readers) or len(own) != 1 or len(refs) != 1:
        return None, None
    fetched = [o for o in operands if o.module is None]
    known = frozenset(o.fetch for o in fetched if o.fetched == own[0].key)
    (new,) = refs
    if len(known) != len(fetched) or new == readers[0].target.named.ref.module:
        return None, None
    return (own[0], new) if texts.is_unread(data, own[0], stop, but=known) else (None, None)


def _of_site(
    data: bytes, dialect: Dialect, site: _Site, module: str | None, name_is_shared: bool, stop: int
) -> Iterator[Edit]:
    """The edits of one STACK_GLOBAL, beside that of its module's text. ``module`` is what that text
    is to be; None: it stays.
    """
    named, ref = site.target.named, site.target.ref
    assert ref is not None
    has_module = ref.module == (named.ref.module if module is None else module)
    if has_module and not dialect.by_getattr(ref) and site.operands is not None:
        name = site.operands.name
        has_name = ref.qualname == named.ref.qualname
        if has_name or (not name_is_shared and texts.is_unread(data, name, stop)):
            spell.check(ref, dialect, named)
            if not has_name:
                yield name.start, name.end, dialect.text(ref.qualname)
            return
    yield site.at, site.at + 1, _POP + _POP + spell.push(ref, dialect, named)
