"""A slotted attrs class whose fields changed places. Old pickles hold its values by position.

Written with attrs 21.4 as ``(a, b)``. Without the order of version 1, attrs would put them into
today's fields one by one: ``a`` and ``b`` exchanged, ``c`` unset, and no error.
"""

import attrs

from pickle_migrate import AddField, Lineage, versioned


@versioned(2, unstamped=1)
@attrs.define
class Pair:
    """Two texts and a third one that came later."""

    b: str
    a: str
    c: str | None = None


Lineage("pairs:Pair").fields(1, "a", "b").upgrade(1, AddField("c", default=None))
