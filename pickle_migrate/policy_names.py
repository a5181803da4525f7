"""The names that a policy decides on: what an unpickler will look for, by name alone."""

from __future__ import annotations

import copyreg

from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry
from pickle_migrate.scanner import Global, mapped


def mapped_name(named: Global) -> GlobalRef:
    """Python 3's name of a global. ``getattr`` is called on the class, which has its own name."""
    if named.via != "getattr":
        return mapped(named.ref, named.protocol)
    outer, _, name = named.ref.qualname.rpartition(".")
    owner = mapped(GlobalRef(named.ref.module, outer), named.protocol)
    return GlobalRef(owner.module, f"{owner.qualname}.{name}")


def find_name(named: Global, registry: Registry, *, fix_imports: bool = True) -> GlobalRef:
    """The name that an unpickler looks for when no more renames become known: today's, or else
    Python 3's. Imports nothing. Raises what renames raise.
    """
    if named.stamp is not None:
        return named.ref
    today = registry.current_ref(named.ref)
    return mapped_name(named) if today == named.ref and fix_imports else today


def extension_ref(code: int) -> GlobalRef | None:
    """What an extension code stands for in this program, by its name; never what is cached."""
    inverted: dict[int, tuple[str, str]] = getattr(copyreg, "_inverted_registry")  # noqa: B009
    pair = inverted.get(code)
    return None if pair is None else GlobalRef(*pair)
