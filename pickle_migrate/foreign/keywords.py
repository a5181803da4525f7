"""Objects with keyword arguments, as pickle writes them below protocol 4.

There is no opcode for them there, so ``functools.partial(cls.__new__, cls, *args, **kwargs)`` is
made and called. For a step, such an object is as it is from protocol 4 on. Source: Lib/pickle.py,
``save_reduce``, and ``partial.__reduce__``.
"""

from __future__ import annotations

from typing import Any, Final

from pickle_migrate.shims_classes import Shim
from pickle_migrate.shims_types import NestedShimType, ShimType

_PARTIAL: Final = "functools:partial"
_STATE_SIZE: Final = 4


def shown(shim: Shim) -> Shim | None:
    """The object as protocol 4 would have it; None for one that is made in another way."""
    partial = shim._how
    if not isinstance(partial, Shim) or str(partial.ref) != _PARTIAL or shim._args:
        return None
    state = partial.state
    if type(state) is not tuple or len(state) != _STATE_SIZE:
        return None
    function, args, kwargs, _ = state
    if not isinstance(function, NestedShimType) or function._name != "__new__":
        return None
    if type(args) is not tuple or not args or not isinstance(args[0], ShimType):
        return None
    cls: Any = args[0]
    made: Any = Shim.__new__(cls, *args[1:])
    made.kwargs.update(kwargs)
    made._state = shim._state
    if shim._extra is not None:
        made.items.extend(shim._extra.items)
        made.pairs.extend(shim._extra.pairs)
    found: Shim = made
    return found


def put_back(shim: Shim, changed: Shim) -> None:
    """Let an object have what became of ``shown`` of it."""
    function, args, _, rest = shim._how.state
    shim._how.state = (function, (args[0], *changed.args), dict(changed.kwargs), rest)
    shim._state = changed._state
    shim.items[:] = changed.items
    shim.pairs[:] = changed.pairs
