"""How much a pickle may ask for, checked before anything is loaded.

Each default says where it comes from. The number of opcodes alone says nothing of malice, so it has
no limit unless one is given.
"""

from __future__ import annotations

import attrs

MIB = 1024**2


@attrs.frozen
class Limits:
    """What one pickle may ask for. A whole number each; None: no limit.

    ``size``: bytes of the pickle. ``opcodes``: how many there are. ``memo_key``: the highest memo
    key may not be above this many times the number of keys that are set, plus 65,536: C allocates
    its memo by the highest key. ``depth``: how deep values nest. ``item``: bytes of the longest
    single argument. ``expansion``: how many values there are with each shared one counted wherever
    it stands. ``hashed_expansion``: the same for a key or a set member, which is walked as the
    pickle is loaded. ``hashed_depth``: how deep such a one nests; hashing it recurses in C.
    ``digits``: of one number written in decimal text.
    """

    size: int | None = None
    opcodes: int | None = None
    memo_key: int | None = 64
    depth: int | None = 100_000
    item: int | None = None
    expansion: int | None = None
    hashed_expansion: int | None = 1_000_000
    hashed_depth: int | None = 1_000
    digits: int | None = 4_300


NO_LIMITS = Limits(*[None] * len(attrs.fields(Limits)))
