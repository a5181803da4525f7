"""How pickles with objects of others' classes are rewritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from pickle_migrate import store
from pickle_migrate.registry import Registry

#: From the bytes of a pickle to its object, under a policy that allows data of the presets alone.
Load = Callable[[bytes], Any]
Beside = Callable[[str], bytes | None]


@attrs.frozen(eq=False)
class Wanted:
    """``encoding``: of 8-bit strings of Python 2 that are not UTF-8. ``load``: what loads parts of
    pickles that steps ask for; None: nothing may be loaded. ``beside``: what reads another file of
    the same folder, by its bare name, and gives None if it is not there. ``protocol``: None
    writes each pickle at the protocol that it had.
    """

    registry: Registry
    encoding: str = "ASCII"
    load: Load | None = None
    beside: Beside | None = None
    protocol: int | None = None


def file_beside(path: str, name: str) -> bytes | None:
    """The bytes of a file in the folder of another one; None if there is none of that name, or the
    name leads elsewhere. Raises FileError.
    """
    if not name or name in (".", "..") or Path(name).name != name or "\0" in name:
        return None
    found = Path(path).parent / name
    return store.read(str(found)).data if found.is_file() else None
