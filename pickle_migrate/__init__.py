"""Schema evolution and migration for pickled Python objects.

Put ``versioned`` on a class, say what changed with ``migrates`` or ``Lineage``, and every old pickle
loads: through this package's ``load`` and through plain ``pickle.load``.
"""

from pickle_migrate.declare import Lineage, migrates, versioned
from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.loader import Pickler, Unpickler, dump, dumps, load, loads
from pickle_migrate.operations import (
    AddField,
    ConvertField,
    MergeFields,
    RemoveField,
    RenameField,
    SplitField,
)
from pickle_migrate.registry import Registry

__all__ = [
    "AddField",
    "ConvertField",
    "Lineage",
    "MergeFields",
    "PickleMigrateError",
    "Pickler",
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
