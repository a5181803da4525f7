"""The lock that the code says now: every registered class, with all versions that are known of it.

The fields of today's version come from the class; where it declares none, and for the versions
before, from pickles in which they were seen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping

import attrs

from pickle_migrate.errors import AmbiguousRenameError, RenameLoopError
from pickle_migrate.filling.defaults import fields_of
from pickle_migrate.lineage import LineageRecord
from pickle_migrate.lock.seen import Sighting
from pickle_migrate.lock.shape_words import members_of, positions_of, shape_word
from pickle_migrate.lock.sorted_fields import At, Seen, own_name, sort_sightings
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry, declaration_of
from pickle_migrate.schema import schema_of

#: The shape of a version of which nobody knows the state.
UNKNOWN = "unknown"
# Forms of a state under which a class of any of today's shapes may have been pickled.
_FORMS = frozenset({"dict", "whole"})
_DEFAULTS = frozenset({"dict", "slots", "dict and slots"})


def lock_of(registry: Registry = DEFAULT, sightings: Iterable[Sighting] = ()) -> Lock:
    """The classes that are registered by now. Imports nothing: whoever asks has imported the
    modules that register them. ``sightings`` is what was seen in pickles, see ``seen``.
    """
    seen = sort_sightings(registry, sightings)
    classes = [_class(registry, ref, cls, seen) for ref, cls in registry.classes()]
    return Lock(tuple(sorted(classes, key=lambda one: one.ref)))


def with_old_names(before: Lock, today: Lock, registry: Registry = DEFAULT) -> Lock:
    """Today's lock, whose classes also have the names in ``before`` that renames lead to them: a
    rename of a module or a package, or of what a class is nested in, names no class.
    """
    refs = {one.ref for one in today.classes}
    names: dict[GlobalRef, set[str]] = {}
    for old in before.classes:
        if old.ref in refs:
            continue
        with contextlib.suppress(AmbiguousRenameError, RenameLoopError):
            new = registry.current_ref(old.ref, old.head.version, old.head.fingerprint)
            names.setdefault(new, set()).add(str(old.ref))
    return Lock(
        tuple(
            attrs.evolve(one, old_names=tuple(sorted({*one.old_names, *names.get(one.ref, ())})))
            for one in today.classes
        )
    )


def _class(registry: Registry, ref: GlobalRef, cls: type, seen: Mapping[At, Seen]) -> LockedClass:
    declaration = declaration_of(cls)
    mine = {version: one for (of, version), one in seen.items() if of == ref}
    records = declaration.registry.family(ref)
    current = declaration.version
    told = {v for record in records for v in record.versions()}
    told |= mine.keys() | {current, declaration.unstamped or current}
    versions = [
        _earlier(cls, version, records, mine.get(version)) for version in range(min(told), current)
    ]
    return LockedClass(
        ref,
        (*versions, _current(cls, current, mine.get(current))),
        declaration.unstamped,
        _old_names(registry, ref, mine.values()),
    )


def _old_names(registry: Registry, ref: GlobalRef, seen: Iterable[Seen]) -> tuple[str, ...]:
    names = {name for one in seen for name in one.names} | set(registry.old_names(ref))
    return tuple(sorted(str(name) for name in names - {ref}))


def _current(cls: type, version: int, seen: Seen | None) -> LockedVersion:
    declaration = declaration_of(cls)
    schema = schema_of(cls)
    fields = members_of(cls)
    if fields is None and schema is not None:
        fields = schema.fields
    is_seen = fields is None and seen is not None and seen.fields is not None
    return LockedVersion(
        version,
        seen.fields if is_seen and seen is not None else fields,
        declaration.fingerprint,
        shape_word(cls),
        is_seen,
        # By position are unstamped pickles alone, and only those of this version by today's order.
        positions_of(cls) if declaration.unstamped == version else None,
        declaration.fill,
        frozenset(one.name for one in fields_of(cls) if one.make is not None)
        if declaration.fill
        else None,
    )


def _earlier(
    cls: type, version: int, records: Iterable[LineageRecord], seen: Seen | None
) -> LockedVersion:
    order = next((r.field_orders[version] for r in records if version in r.field_orders), None)
    accepted = {d for record in records for d in record.fingerprints.get(version, ())}
    if seen is None:
        fields = None if order is None else _ordered_fields(cls, order)
        state = UNKNOWN if order is None else "positional"
        return LockedVersion(version, fields, _one(accepted), state, fields is not None, order)
    fields = seen.fields
    fingerprint = _one(seen.fingerprints or accepted)
    return LockedVersion(version, fields, fingerprint, _word(cls, seen), fields is not None, order)


def _ordered_fields(cls: type, order: Iterable[str]) -> tuple[tuple[str, str], ...]:
    inherited = {
        name
        for base in cls.__mro__[1:]
        if (schema := schema_of(base)) is not None
        for name, _ in schema.fields
    }
    names = [own_name(name, (cls.__name__.lstrip("_"),)) for name in order]
    return tuple(sorted((name, "") for name in names if name not in inherited))


def _one(found: Iterable[str]) -> str | None:
    """The fingerprint of a version, if it has but one."""
    every = sorted(found)
    return every[0] if len(every) == 1 else None


def _word(cls: type, seen: Seen) -> str:
    """How the states of an earlier version are shaped, as far as pickles and today's class tell."""
    today = shape_word(cls)
    if not seen.words:
        return UNKNOWN
    if today not in _DEFAULTS and seen.words <= _FORMS:
        return today
    return " or ".join(sorted(seen.words))
