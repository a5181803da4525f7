"""Packs by name: which there are, and taking their rules into a registry.

Nothing of a pack's library is imported, neither when it is looked at nor when it is used.
"""

from __future__ import annotations

from pickle_migrate import resolver
from pickle_migrate.errors import PackError, PickleMigrateError
from pickle_migrate.packs.values import Pack
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry

#: The packs of this package, each a module here with a ``PACK``.
BUILT_IN = (
    *("attrs", "joblib", "networkx", "numpy", "numpy1", "packaging", "pandas", "python2"),
    *("scipy", "sklearn"),
)
#: Where other distributions name theirs: name = "module:attribute".
GROUP = "pickle_migrate.migrations"


def names() -> tuple[str, ...]:
    """The names of all packs, those of this package first."""
    others = (name for name in resolver.entry_points(GROUP) if name not in BUILT_IN)
    return (*BUILT_IN, *sorted(others))


def find(name: str) -> Pack:
    """The pack of a name. Imports its module. Raises PackError if there is none."""
    try:
        if name in BUILT_IN:
            found = resolver.import_ref(GlobalRef(f"pickle_migrate.packs.{name}", "PACK"))
        else:
            others = resolver.entry_points(GROUP)
            if name not in others:
                known = ", ".join(names())
                raise PackError(name, "", "there is no such pack", f"There are {known}.")
            found = resolver.import_ref(GlobalRef.parse(others[name]))
    except PickleMigrateError:
        raise
    except Exception as error:
        problem = f"it cannot be imported ({type(error).__name__}: {error})"
        raise PackError(name, "", problem, "Correct the distribution that brings it.") from error
    if not isinstance(found, Pack):
        raise PackError(name, "", f"its entry point leads to {found!r}, which is no Pack")
    return found


def use_pack(*wanted: str, registry: Registry | None = None) -> None:
    """Take the rules of packs, and of those that they need, each once. Raises PackError, and what
    is wrong with a rule. From then on ``load`` and ``upgrade`` know them; plain pickle does not.
    """
    mine = DEFAULT if registry is None else registry
    for name in wanted:
        if name not in mine.packs:
            _use(find(name), mine)


def _use(pack: Pack, registry: Registry) -> None:
    use_pack(*pack.needs, registry=registry)
    with registry.declaring(pack.name):
        for rule in pack.rules:
            try:
                for old, new in rule.renames.items():
                    registry.rename(old, new)
                if rule.declare is not None:
                    rule.declare(registry)
            except PackError:
                raise
            except PickleMigrateError as error:
                where = rule.refs[0] if rule.refs else ""
                raise PackError(pack.name, where, str(error).rstrip(".")) from error
        registry.allow_for(pack.name, pack.allowed)
