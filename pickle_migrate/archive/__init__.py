"""The archive: old pickles that are kept, with what wrote them and the state they must give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pickle_migrate.archive.freeze import add

__all__ = ["add"]


def __getattr__(name: str) -> Any:
    # The rest of the archive imports this package, and ``freeze`` imports the rest.
    if name == "add":
        from pickle_migrate.archive.freeze import add

        return add
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
