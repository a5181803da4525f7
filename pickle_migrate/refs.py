"""What a pickle names to import, as a value.

A pickle names a class or a function by two texts, a module and a qualified name. ``GlobalRef``
holds the pair. Its text form is ``module:qualname``, the form of entry points, because a dot alone
does not tell where the module ends.
"""

from __future__ import annotations

import attrs

from pickle_migrate.errors import RefError


@attrs.frozen(order=True)
class GlobalRef:
    """A module and a qualified name, as a pickle spells them. Both are str; nothing is imported."""

    module: str
    qualname: str

    @classmethod
    def parse(cls, text: str) -> GlobalRef:
        """Read ``module:qualname``. Raises RefError on any other text. Imports nothing."""
        module, colon, qualname = text.partition(":")
        if not colon or not module or not qualname or ":" in qualname:
            raise RefError(text)
        return cls(module, qualname)

    @classmethod
    def of(cls, target: type | str | GlobalRef) -> GlobalRef:
        """The ref of a class, of a text ``module:qualname``, or of a ref. Imports nothing."""
        if isinstance(target, GlobalRef):
            return target
        if isinstance(target, str):
            return cls.parse(target)
        if not isinstance(target, type):
            raise RefError(repr(target))
        return cls(target.__module__, target.__qualname__)

    def __str__(self) -> str:
        return f"{self.module}:{self.qualname}"
