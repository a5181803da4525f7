"""What each global of a pickle is to be called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import attrs

from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_spell import Dialect
from pickle_migrate.scanner import Global, Scan


@attrs.frozen
class Target:
    """A global of a pickle and the ref that it has in the end.

    ``is_edited``: the opcodes that name it change. ``fix_imports`` is as in ``Dialect``.
    ``silenced``: how many of its opcodes name it no more.
    """

    named: Global
    ref: GlobalRef
    is_edited: bool
    fix_imports: bool = True
    silenced: int = 0

    def dialect(self, scan: Scan) -> Dialect:
        """How its places in the pickle are written."""
        # A name with dots that stands there now is read as it is, so that a new one is, too.
        has_dots = self.named.via == "find_class" and "." in self.named.ref.qualname
        return Dialect(scan.protocol, self.named.protocol, self.fix_imports, has_dots)


def settled(
    wishes: Iterable[tuple[Global, GlobalRef | None]], *, fix_imports: bool = True
) -> list[Target]:
    """The targets of one pickle's globals, in their order, from the refs that they are to have.

    None: its opcodes stay. Then a class got from its outer one by ``getattr`` goes where that goes;
    with a ref of its own, it needs an edit only if that is not where it goes anyway.
    """
    found: list[Target] = []
    refs: dict[GlobalRef, set[GlobalRef]] = defaultdict(set)
    for named, wish in wishes:
        leads = named.ref
        if named.via == "getattr":
            leads = _led_to(named, refs) or named.ref
        ref = leads if wish is None else wish
        found.append(Target(named, ref, ref != leads, fix_imports))
        refs[named.ref].add(ref)
    return found


def _led_to(named: Global, refs: dict[GlobalRef, set[GlobalRef]]) -> GlobalRef | None:
    """Where ``getattr`` leads when only what it is called on, which was named before, has its new
    name; None if that has several.
    """
    outer, _, inner = named.ref.qualname.rpartition(".")
    found = refs.get(GlobalRef(named.ref.module, outer), set())
    if len(found) != 1:
        return None
    (new,) = found
    return GlobalRef(new.module, f"{new.qualname}.{inner}")
