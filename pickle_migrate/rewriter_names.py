"""The names that a registry says have changed, put into old pickles without loading them.

Only names change here: of classes and functions that were renamed or moved, by themselves, with
the class that they are nested in or with their package; and those inside of stamps. Versions stay,
so a pickle whose state needs steps still needs them afterwards, under its new name.

Bytes in, bytes out. Nothing is imported, also not what declares the renames: declare them first.
"""

from __future__ import annotations

import attrs

from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry
from pickle_migrate.rewriter import NewRef, renamed
from pickle_migrate.scanner import Global
from pickle_migrate.stamps import StampedClass, StampText

# No program nests classes so deep, and each level is asked for.
_DEEPEST = 100


def rename_payload(payload: bytes, registry: Registry | None = None) -> bytes:
    """The pickles in ``payload`` with each name as it is today; ``payload`` itself if all are.

    ``registry``: None is the default one. Raises what ``rewriter.renamed`` raises, StampError for
    a stamp that is none, RenameLoopError and AmbiguousRenameError. Imports and runs nothing.
    """
    return renamed(payload, todays_ref(registry))


def todays_ref(registry: Registry | None = None) -> NewRef:
    """What ``rewriter.renamed`` asks, answered by a registry (None: the default one)."""
    known = DEFAULT if registry is None else registry

    def new_ref(named: Global) -> GlobalRef | None:
        if named.stamp is not None:
            stamp = StampText.decode(named.stamp)
            classes = tuple(_stamped_today(c, known) for c in stamp.classes)
            return GlobalRef(named.ref.module, attrs.evolve(stamp, classes=classes).encode())
        if named.ref.qualname.count(".") > _DEEPEST:
            return None
        return _today(named.ref, known, by_getattr=named.via == "getattr")

    return new_ref


def _stamped_today(stamped: StampedClass, registry: Registry) -> StampedClass:
    today = registry.current_ref(stamped.ref, stamped.version or None, stamped.fingerprint)
    return attrs.evolve(stamped, ref=today)


def _today(ref: GlobalRef, registry: Registry, *, by_getattr: bool) -> GlobalRef:
    """As the loader finds it: below protocol 4, a nested class is got from its outer one."""
    today = registry.current_ref(ref)
    outer, dot, name = ref.qualname.rpartition(".")
    if today != ref or not by_getattr or not dot:
        return today
    owner = _today(GlobalRef(ref.module, outer), registry, by_getattr=True)
    return registry.current_ref(GlobalRef(owner.module, f"{owner.qualname}.{name}"))
