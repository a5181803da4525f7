"""What was seen in pickles, sorted: which class of today, which version, whose fields.

A pickle holds the fields of a class and of its bases together, private ones under the class's name
of then. Here each class gets its own, under the names that ``schema`` gives them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

import attrs

from pickle_migrate.errors import AmbiguousRenameError, RenameLoopError
from pickle_migrate.lock.seen import Sighting
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry, declaration_of, registered_in_mro
from pickle_migrate.schema import field_order, schema_of

At = tuple[GlobalRef, int]


@attrs.frozen
class Seen:
    """What pickles say of one version of one class: its own fields (None: their states have no
    names), the forms of its states, the fingerprints of its stamps, and how its pickles spell it.
    """

    fields: tuple[tuple[str, str], ...] | None = None
    words: frozenset[str] = frozenset()
    fingerprints: frozenset[str] = frozenset()
    names: frozenset[GlobalRef] = frozenset()


@attrs.define
class _Found:
    fields: dict[str, str] = attrs.field(factory=dict)
    named: bool = False
    words: set[str] = attrs.field(factory=set)
    fingerprints: set[str] = attrs.field(factory=set)
    names: set[GlobalRef] = attrs.field(factory=set)
    bases: set[At] = attrs.field(factory=set)


def sort_sightings(registry: Registry, sightings: Iterable[Sighting]) -> dict[At, Seen]:
    """What was seen of each version of each class, by today's refs. Of a class that is not
    registered, or whose version nobody knows, nothing is told. Imports nothing.
    """
    found: dict[At, _Found] = {}
    for one in sorted(sightings, key=repr):
        head = one.stamped[0] if one.stamped else None
        version, digest = (head.version, head.fingerprint) if head is not None else (None, None)
        at = version_of(registry, one.ref, version or None, digest)
        if at is not None:
            _note(registry, found, at, one)
    return {at: _own(registry, at, one, found) for at, one in found.items()}


def version_of(
    registry: Registry, ref: GlobalRef, version: int | None, fingerprint: str | None = None
) -> At | None:
    """Today's ref and the version of what a pickle calls ``ref``; version None is unstamped. None
    where nobody knows.
    """
    with contextlib.suppress(AmbiguousRenameError, RenameLoopError):
        today = registry.current_ref(ref, version, fingerprint)
        cls = registry.class_at(today)
        if version is not None:
            return (today, version)
        if cls is not None and (declaration := declaration_of(cls)).version:
            only = 1 if declaration.version == 1 else None
            unstamped = declaration.unstamped or only
            return None if unstamped is None else (today, unstamped)
        for record in registry.family(today):
            if record.unstamped is not None:
                return (today, record.unstamped)
    return None


def _note(registry: Registry, found: dict[At, _Found], at: At, one: Sighting) -> None:
    entry = found.setdefault(at, _Found())
    entry.words.add(one.word)
    entry.names.add(one.ref)
    for stamped in one.stamped:
        base = version_of(registry, stamped.ref, stamped.version or None, stamped.fingerprint)
        if base is not None and stamped.version:
            if stamped.fingerprint is not None:
                found.setdefault(base, _Found()).fingerprints.add(stamped.fingerprint)
            if base != at:
                entry.bases.add(base)
    if not one.stamped:
        entry.bases.update(_unstamped_bases(registry, at[0]))
    names = one.fields if one.fields is not None else _by_position(registry, at, one)
    if names is not None:
        entry.named = True
        entry.fields.update(names)


def _unstamped_bases(registry: Registry, ref: GlobalRef) -> Iterator[At]:
    cls = registry.class_at(ref)
    for base in registered_in_mro(cls)[1:] if cls is not None else ():
        at = version_of(registry, GlobalRef.of(base), None)
        if at is not None:
            yield at


def _by_position(registry: Registry, at: At, one: Sighting) -> tuple[tuple[str, str], ...] | None:
    if one.word != "positional":
        return None
    order = order_of(registry, at)
    return None if order is None else tuple((name, "") for name in order[: one.count])


def order_of(registry: Registry, at: At) -> tuple[str, ...] | None:
    """The order of the positional states of a version, where it is declared or is today's."""
    ref, version = at
    for record in registry.family(ref):
        if version in record.field_orders:
            return record.field_orders[version]
    cls = registry.class_at(ref)
    is_today = cls is not None and declaration_of(cls).version == version
    return field_order(cls) if is_today and cls is not None else None


# --- whose fields -----------------------------------------------------------------------------


def _own(registry: Registry, at: At, entry: _Found, found: dict[At, _Found]) -> Seen:
    fields: dict[str, str] | None = None
    if entry.named:
        mine = _short_names(registry, at[0], entry.names)
        others = {n for base in entry.bases for n in _base_names(registry, base, found)}
        fields = {
            own_name(name, mine): kind
            for name, kind in entry.fields.items()
            if name not in others and own_name(name, mine) not in others
        }
    return Seen(
        None if fields is None else tuple(sorted(fields.items())),
        frozenset(entry.words),
        frozenset(entry.fingerprints),
        frozenset(entry.names),
    )


def _base_names(registry: Registry, base: At, found: dict[At, _Found]) -> Iterator[str]:
    """The names under which fields of a base stand in a state of the class."""
    ref, version = base
    entry = found.get(base, _Found())
    yield from entry.fields
    shorts = _short_names(registry, ref, entry.names)
    names = {own_name(name, shorts) for name in entry.fields}
    cls = registry.class_at(ref)
    if cls is not None and declaration_of(cls).version == version:
        schema = schema_of(cls)
        names.update(name for name, _ in schema.fields) if schema else None
    for name in names:
        if name.startswith("__"):
            yield from (f"_{short}{name}" for short in shorts)
        else:
            yield name


def _short_names(
    registry: Registry, ref: GlobalRef, spelled: Iterable[GlobalRef]
) -> frozenset[str]:
    every = (ref, *spelled, *registry.old_names(ref))
    return frozenset(one.qualname.rpartition(".")[2].lstrip("_") for one in every)


def own_name(name: str, shorts: Iterable[str]) -> str:
    """A name of a field without the class's name, which private ones carry."""
    for short in shorts:
        if short and name.startswith(f"_{short}__"):
            return name[len(short) + 1 :]
    return name
