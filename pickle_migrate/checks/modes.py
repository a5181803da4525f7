"""What a check asks for: which versions have to be readable, and by which code.

With the meaning of Confluent's schema registry ("Schema Evolution and Compatibility"). *Backward*:
today's code reads what the previous version wrote. *Forward*: the previous version's code reads
what today's code writes. *Full*: both. *Transitive*: not the previous version alone, but all.
"""

from __future__ import annotations

from collections.abc import Collection

import attrs

from pickle_migrate.errors import ArgumentError
from pickle_migrate.project import MODES

DEFAULT_MODE = "backward-transitive"


@attrs.frozen
class Mode:
    """``backward`` and ``forward``: which of the two are asked for, or both."""

    name: str
    backward: bool
    forward: bool
    transitive: bool

    @classmethod
    def of(cls, name: str) -> Mode:
        """The mode of a name. Raises ArgumentError."""
        if name not in MODES:
            raise ArgumentError(f"mode={name!r}", f"it is one of {', '.join(MODES)}")
        word, _, transitive = name.partition("-")
        return cls(name, word != "forward", word != "backward", bool(transitive))

    def reads(self, version: int, versions: Collection[int], current: int) -> bool:
        """Whether today's code has to read a version, of those that there are. It always has to
        read its own.
        """
        if version >= current:
            return True
        older = [one for one in versions if one < current]
        return self.backward and (self.transitive or version >= max(older, default=version))

    def written(self, versions: Collection[int], current: int) -> list[int]:
        """The older versions that today's code has to be able to write, the newest first."""
        if not self.forward:
            return []
        older = sorted({one for one in versions if one < current}, reverse=True)
        return older if self.transitive else older[:1]
