"""Schema evolution and migration for pickled Python objects.

Put ``versioned`` on a class, say what changed with ``migrates`` or ``Lineage``, and every old
pickle loads: through this package's ``load`` and through plain ``pickle.load``.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pickle_migrate.declare import Lineage, migrates, versioned
    from pickle_migrate.downgrades.asking import writing_versions
    from pickle_migrate.dumper import Pickler, dump, dumps
    from pickle_migrate.errors import PickleMigrateError
    from pickle_migrate.limits import Limits
    from pickle_migrate.loader import Unpickler, load, loads
    from pickle_migrate.operations import (
        AbsentField,
        AddField,
        ConvertField,
        MergeFields,
        Rebuild,
        RemoveField,
        RenameField,
        SplitField,
    )
    from pickle_migrate.packs.using import use_pack
    from pickle_migrate.policy import Policy
    from pickle_migrate.registry import Registry

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
    "Rebuild",
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
    "use_pack",
    "versioned",
    "writing_versions",
]


def __getattr__(name: str) -> object:
    # Nothing is imported before the first name is asked for (PEP 562). pytest imports this package
    # for its plugin in every run of everybody who has it installed, used or not.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pickle_migrate import declare, dumper, errors, loader, registry

    # Operations are a third of the import time, and a program whose pickles are all current, or
    # whose migrations stand in a module of their own, never needs them. The same holds for
    # policies: most programs load what they wrote.
    modules = [declare, loader, dumper, errors, registry]
    if not any(hasattr(module, name) for module in modules):
        from pickle_migrate import limits, operations, policy
        from pickle_migrate.downgrades import asking
        from pickle_migrate.packs import using

        modules = [limits, policy, operations, using, asking]
    found: object = next(getattr(module, name) for module in modules if hasattr(module, name))
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
