"""Which archived pickle holds which version of which class, by today's names."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import attrs

from pickle_migrate.archive.values import Record
from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry, declaration_of


@attrs.frozen
class Held:
    """A class in an archived pickle: today's ref, and the version that it was written at.
    ``stamped``: the pickle says so itself.
    """

    ref: GlobalRef
    version: int
    stamped: bool = True


@attrs.frozen
class Samples:
    """``by_version``: today's ref to version to the records that hold it, in their order.
    ``of``: what each record holds, by its path as text.
    """

    by_version: dict[GlobalRef, dict[int, list[Record]]]
    of: dict[str, tuple[Held, ...]]

    def versions(self) -> dict[GlobalRef, frozenset[int]]:
        """The versions that there are samples of."""
        return {ref: frozenset(found) for ref, found in self.by_version.items()}

    def up_to(self, ref: GlobalRef, version: int) -> list[Record]:
        """The records that hold a class at a version or an older one: those newest first, since
        they need the fewest steps.
        """
        found = self.by_version.get(ref, {})
        return [one for v in sorted(found, reverse=True) if v <= version for one in found[v]]


def samples_of(records: Iterable[Record], registry: Registry = DEFAULT) -> Samples:
    """Sort records by what they hold. Names are followed by the renames that are declared; what
    they lead nowhere with is left out, since loading it says why.
    """

    @functools.cache
    def held(text: str) -> Held | None:
        return _held(text, registry)

    by_version: dict[GlobalRef, dict[int, list[Record]]] = {}
    of: dict[str, tuple[Held, ...]] = {}
    for record in records:
        found = tuple(one for text in record.classes if (one := held(text)) is not None)
        of[record.file] = found
        for one in found:
            by_version.setdefault(one.ref, {}).setdefault(one.version, []).append(record)
    return Samples(by_version, of)


def today_of(ref: GlobalRef, registry: Registry, version: int | None = None) -> GlobalRef:
    """Today's name of a ref; the ref itself where its renames lead nowhere."""
    try:
        return registry.current_ref(ref, version)
    except PickleMigrateError:
        return ref


def _held(text: str, registry: Registry) -> Held | None:
    name, at, written = text.rpartition("@")
    try:
        ref = GlobalRef.parse(name if at else text)
        version = int(written) if written.isdecimal() else None
        today = registry.current_ref(ref, version)
    except PickleMigrateError:
        return None
    if version is not None:
        return Held(today, version)
    version = _unstamped(today, registry)
    return None if version is None else Held(today, version, stamped=False)


def _unstamped(ref: GlobalRef, registry: Registry) -> int | None:
    cls = registry.class_at(ref)
    if cls is not None:
        declaration = declaration_of(cls)
        # As a load takes it: what was never said is version 1 where there is no other.
        return declaration.unstamped or (1 if declaration.version == 1 else None)
    return next((r.unstamped for r in registry.family(ref) if r.unstamped is not None), None)
