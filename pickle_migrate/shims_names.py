"""Where C code looks for stand-in classes while it pickles them.

The C pickler writes a class by its ``__module__`` and ``__qualname__``, and first asks that module
whether the name leads back to the class. So stand-ins say that they live here, each under a name of
its own, and this module answers for them (PEP 562). Those names never reach a finished pickle:
``shims_splice`` puts those of the pickle in their place.
"""

from __future__ import annotations

import itertools
import secrets
import weakref
from typing import Any, Final

#: No pickle holds this by chance, and nobody can know it beforehand.
PREFIX: Final = f"shim_{secrets.token_hex(12)}_"
#: The length of every name: they are found in bytes by their beginning.
LENGTH: Final = len(PREFIX) + 8
EXTENSIONS: Final = f"{__name__}.extension_{secrets.token_hex(12)}"

_numbers = itertools.count()
_classes: weakref.WeakValueDictionary[str, type] = weakref.WeakValueDictionary()


def new_token() -> str:
    """A name that no other stand-in of this process has."""
    return f"{PREFIX}{next(_numbers):08x}"


def enter(token: str, cls: type) -> None:
    """Let the name lead to the class for as long as the class is there."""
    _classes[token] = cls


def class_of(token: str) -> type | None:
    """The class that has the name."""
    return _classes.get(token)


def __getattr__(name: str) -> Any:
    found = _classes.get(name)
    if found is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found
