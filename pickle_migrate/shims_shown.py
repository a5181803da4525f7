"""Values of pickles in a few characters, without running any code of theirs.

Numbers may have a million digits, texts may steer a terminal, and a list may hold itself: so only
what is short is shown by its own ``repr``, and all text is escaped.
"""

from __future__ import annotations

from typing import Any, Final

_CHARACTERS: Final = 40
_BITS: Final = 128
_CONTAINERS: Final = (list, tuple, set, frozenset, dict)


def value(obj: Any) -> str:
    """A value that is no stand-in."""
    kind = type(obj)
    if obj is None or kind is bool or kind is float:
        return str(obj)
    if kind is int:
        bits = obj.bit_length()
        return str(obj) if bits <= _BITS else f"<int of {bits} bits>"
    if kind is str or kind is bytes:
        return ascii(obj[:_CHARACTERS]) + ("..." if len(obj) > _CHARACTERS else "")
    if kind in _CONTAINERS:
        return f"<{kind.__name__} of {len(obj)}>"
    return f"<{kind.__name__}>"


def text(name: str) -> str:
    """A name, escaped and cut."""
    return ascii(name[: 2 * _CHARACTERS])[1:-1]
