"""Which changes of a class with ``fill=True`` need no new version."""

from __future__ import annotations

from pickle_migrate.filling.defaults import fields_of
from pickle_migrate.registry import declaration_of
from pickle_migrate.shapes import MARK


def allows(cls: type, kind: str, name: str) -> bool:
    """Whether a change of a field strands no pickle, because the class fills: one that was "added"
    and has a default, or that was "removed" (``kind``, as in ``lock.changes.Change``). Of a class
    that does not fill, none. Runs nothing.
    """
    if MARK not in vars(cls) or not declaration_of(cls).fill:
        return False
    if kind == "removed":
        return True
    return kind == "added" and any(
        field.make is not None for field in fields_of(cls) if field.name == name
    )
