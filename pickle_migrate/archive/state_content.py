"""What an object holds besides its fields, as a value that is still to be described."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

Pairs = Iterable[tuple[Any, Any]]


@attrs.frozen(eq=False)
class Content:
    """What an object holds besides its fields.

    ``plain`` is said already. ``sequences``, ``unordered``, ``mapping``, ``ordered`` (pairs whose
    order counts) and ``values`` are still to be described, each under its name. ``opaque``: nobody
    can tell what it holds. ``whole``: the content says all, fields would only repeat it.
    ``name``: what the class is called, where releases of its library call it differently.
    """

    plain: Mapping[str, Any] = attrs.field(factory=dict)
    sequences: tuple[tuple[str, Iterable[Any]], ...] = ()
    unordered: tuple[str, Any] | None = None
    mapping: Mapping[Any, Any] | None = None
    ordered: Pairs | None = None
    values: tuple[tuple[str, Any], ...] = ()
    opaque: bool = False
    whole: bool = False
    name: str = ""
