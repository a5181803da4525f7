"""Classes nested in others, as protocols below 4 name them: ``getattr(Outer, "Inner")``."""

from __future__ import annotations

import builtins
import weakref
from collections.abc import Callable
from typing import Any

import attrs

from pickle_migrate.refs import GlobalRef

_GETATTR = frozenset({("builtins", "getattr"), ("__builtin__", "getattr")})


def is_getattr(ref: GlobalRef) -> bool:
    """Whether a global is ``getattr``, in Python 3 or in Python 2."""
    return (ref.module, ref.qualname) in _GETATTR


@attrs.frozen
class Outer:
    """Stands for a class that is gone and of which something nested was renamed, until ``getattr``
    asks for that.
    """

    ref: GlobalRef


class Getattr:
    """``getattr`` that asks an unpickler, as long as there is one; else it is Python's own.

    A pickle may also hold ``getattr`` as a value: this one is equal to it and pickles as it.
    """

    __slots__ = ("_ask",)

    def __init__(self, ask: Callable[..., Any]) -> None:
        # Weak, because the unpickler's memo holds this object and all that was loaded.
        self._ask = weakref.WeakMethod(ask)

    def __call__(self, owner: Any, name: str, *default: Any) -> Any:
        """What the unpickler finds for ``getattr(owner, name, *default)``."""
        ask = self._ask()
        return (ask or builtins.getattr)(owner, name, *default)

    def __eq__(self, other: object) -> bool:
        return other is builtins.getattr or type(other) is Getattr

    def __hash__(self) -> int:
        return hash(builtins.getattr)

    def __repr__(self) -> str:
        return repr(builtins.getattr)

    def __reduce__(self) -> tuple[Any, ...]:
        return plain_getattr, ()


def plain_getattr() -> Callable[..., Any]:
    """Python's own ``getattr``: what a ``Getattr`` pickles as."""
    return builtins.getattr
