"""What each global of a pickle is to be called."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_spell import Dialect
from pickle_migrate.scanner import Global, Scan


@attrs.frozen
class Target:
    """A global of a pickle and the ref that it is to have; ``ref`` is None where its opcodes stay.
    ``fix_imports`` is as in ``Dialect``. ``silenced``: how many of its opcodes name it no more.
    """

    named: Global
    ref: GlobalRef | None
    fix_imports: bool = True
    silenced: int = 0

    def dialect(self, scan: Scan) -> Dialect:
        """How its places in the pickle are written."""
        # A name with dots that stands there now is read as it is, so that a new one is, too.
        has_dots = self.named.via == "find_class" and "." in self.named.ref.qualname
        return Dialect(scan.protocol, self.named.protocol, self.fix_imports, has_dots)


def followed(target: Target, targets: Sequence[Target]) -> GlobalRef:
    """The ref that a global has after the edits. A class got from its outer one by ``getattr``
    goes where that goes, unless it has a new ref of its own.
    """
    if target.ref is not None:
        return target.ref
    return _led_to(target.named, targets) or target.named.ref


def is_edited(target: Target, targets: Sequence[Target]) -> bool:
    """Whether the opcodes that name a global change."""
    if target.ref is None:
        return False
    return target.named.via != "getattr" or _led_to(target.named, targets) != target.ref


def _led_to(named: Global, targets: Sequence[Target]) -> GlobalRef | None:
    """Where ``getattr`` leads when only what it is called on has its new name; None if that has
    several, or it is no call of ``getattr``.
    """
    outer, dot, inner = named.ref.qualname.rpartition(".")
    if named.via != "getattr" or not dot:
        return None
    owner = GlobalRef(named.ref.module, outer)
    found = {followed(t, targets) for t in targets if t.named.ref == owner} or {owner}
    if len(found) != 1:
        return None
    (new,) = found
    return GlobalRef(new.module, f"{new.qualname}.{inner}")
