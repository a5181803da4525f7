"""Versioned bases that a class got or lost, and fields that went from a class into its base.

Which bases a class had, its stamped pickles in the archive say: a stamp names each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.lock.seen import Sighting
from pickle_migrate.lock.values import Lock
from pickle_migrate.make.subject import Subject
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry, registered_in_mro

#: The bases, by the class and its version: those that all stamps of it name.
Bases = Mapping[tuple[GlobalRef, int], frozenset[GlobalRef]]


def bases_seen(sightings: Iterable[Sighting], registry: Registry) -> Bases:
    """The versioned bases of each class that archived pickles have, under today's names."""
    found: dict[tuple[GlobalRef, int], set[frozenset[GlobalRef]]] = {}
    for sighting in sightings:
        if sighting.written is None:
            continue
        try:
            refs = [
                registry.current_ref(one.ref, one.version or None, one.fingerprint)
                for one in sighting.written.classes
            ]
        except PickleMigrateError:
            continue
        key = refs[0], sighting.written.head.version
        found.setdefault(key, set()).add(frozenset(refs[1:]))
    # Where pickles differ, the class was changed without a new version: nothing is sure.
    return {key: next(iter(several)) for key, several in found.items() if len(several) == 1}


def with_bases(subject: Subject, bases: Bases, before: Lock, today: Lock) -> Subject:
    """The subject, with the fields of bases that came or went since its old version."""
    then = bases.get((subject.ref, subject.version))
    if then is None and subject.old_name:
        then = bases.get((GlobalRef.parse(subject.old_name), subject.version))
    if then is None:
        return subject
    now = {GlobalRef.of(k) for k in registered_in_mro(subject.cls)[1:]}
    lost, got = sorted(then - now), sorted(now - then)
    words = [f"{ref.qualname} is no base of it any more" for ref in lost]
    words += [f"{ref.qualname} is a base of it now" for ref in got]
    return attrs.evolve(
        subject,
        base_fields_then=_fields(lost, before),
        base_fields_now=_fields(got, today),
        words=tuple(words),
    )


def _fields(refs: Iterable[GlobalRef], lock: Lock) -> dict[str, str]:
    found: dict[str, str] = {}
    for ref in refs:
        locked = lock.of(ref)
        found.update(() if locked is None else locked.head.fields or ())
    return found


def with_pulled_up(subjects: list[Subject]) -> list[Subject]:
    """The same subjects; where one lost a field that its base got, both know of it: the field is in
    the old state of the one, and is not in that of objects of the base itself.
    """
    changed = {one.ref: one for one in subjects}
    for derived in subjects:
        for base in subjects:
            if base is derived or not issubclass(derived.cls, base.cls):
                continue
            gone = derived.before.keys() - derived.after.keys()
            names = frozenset(gone & (base.after.keys() - base.before.keys()))
            if names:
                word = f"{', '.join(sorted(names))} went into {base.ref.qualname}"
                one, other = changed[derived.ref], changed[base.ref]
                changed[derived.ref] = attrs.evolve(
                    one, pulled_up=one.pulled_up | names, words=(*one.words, word)
                )
                changed[base.ref] = attrs.evolve(other, shared=other.shared | names)
    return list(changed.values())
