"""Schema evolution and migration for pickled Python objects.

Put ``versioned`` on a class, say what changed with ``migrates`` or ``Lineage``, and every old
pickle loads: through this package's ``load`` and through plain ``pickle.load``.
"""

from typing import TYPE_CHECKING

from pickle_migrate.declare import Lineage, migrates, versioned
from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.loader import Pickler, Unpickler, dump, dumps, load, loads
from pickle_migrate.registry import Registry

if TYPE_CHECKING:
    from pickle_migrate.limits import Limits
    from pickle_migrate.operations import (
        AbsentField,
        AddField,
        ConvertField,
        MergeFields,
        RemoveField,
        RenameField,
        SplitField,
    )
    from pickle_migrate.policy import Policy

__all__ = [
    "AbsentField",
    "AddField",
    "ConvertField",
    "Limits",
    "Lineage",
    "MergeFields",
    "PickleMigrateError",
    "Pickler",
    "Policy",
    "Registry",
    "RemoveField",
    "RenameField",
    "SplitField",
    "Unpickler",
    "dump",
    "dumps",
    "load",
    "loads",
    "migrates",
    "versioned",
]


def __getattr__(name: str) -> object:
    # Operations are a third of the import time, and a program whose pickles are all current, or
    # whose migrations stand in a module of their own, never needs them (PEP 562).
    # The same holds for policies: most programs load what they wrote.
    if name in __all__:
        from pickle_migrate import limits, operations, policy

        for module in (limits, policy, operations):
            if hasattr(module, name):
                globals()[name] = found = getattr(module, name)
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
