"""Classes whose fields may change under the same version, because they say ``fill=True``."""

from __future__ import annotations

from pickle_migrate.filling.changes import allows
from pickle_migrate.lock.changes import between
from pickle_migrate.lock.values import Lock
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry


def filled(before: Lock, today: Lock, registry: Registry = DEFAULT) -> set[GlobalRef]:
    """The classes that differ from the lock under the same version, and only in fields that they
    fill or keep: new ones with a default, and those that are gone.
    """
    found = set()
    for change in between(before, today):
        cls = registry.class_at(change.ref)
        if cls is None or not change.drift:
            continue
        if all(allows(cls, one.kind, one.name) for one in change.drift):
            found.add(change.ref)
    return found
