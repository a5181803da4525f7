"""How pickles with objects of others' classes are rewritten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from pickle_migrate.registry import Registry

#: From the bytes of a pickle to its object, under a policy that allows data of the presets alone.
Load = Callable[[bytes], Any]


@attrs.frozen(eq=False)
class Wanted:
    """``encoding``: of 8-bit strings of Python 2 that are not UTF-8. ``load``: what loads parts of
    pickles that steps ask for; None: nothing may be loaded.
    """

    registry: Registry
    encoding: str = "ASCII"
    load: Load | None = None
