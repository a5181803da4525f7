"""How much a pickle may ask for, checked before anything is loaded.

Each default says where it comes from. A large pickle is not a hostile one: what grows with honest
data has no limit unless one is given. What a pickle claims to hold, and does not, needs no limit: a
scan refuses it.
"""

from __future__ import annotations

import attrs

MIB = 1024**2


@attrs.frozen
class Limits:
    """What one pickle may ask for. A whole number each; None: no limit.

    ``size``: bytes of the pickle.
    ``opcodes``: how many it has.
    ``memo_key``: a memo key may be at most 65,536, and this many more for each byte before it. C
        allocates 16 bytes for each key up to the highest one: ``LONG_BINPUT 10**8``, 5 bytes, takes
        1.5 GB on Python 3.8 to 3.13. Picklers count from 0 or 1, and need a byte for each at least.
    ``depth``: how deep values nest. Loading and freeing a million levels works on Python 3.8 to
        3.13; what walks them does not. With a stack of 8 MiB, their picklers write 52,000 levels of
        lists at most (3.8), 47,000 (3.11), 5,000 (3.13).
    ``item``: bytes of the longest single argument.
    ``expansion``: how many values there are with each shared one counted wherever it stands. To
        load them costs nothing; to print, compare or copy them does.
    ``hashed_expansion``: the same for a key or a set member, which is walked as the pickle is
        loaded: 10 to 20 ns a value. For all keys together, 64 more are allowed for each byte.
    ``hashed_depth``: how deep such a one nests. ``hash`` recurses in C without a check, 64 bytes of
        stack a level: 131,000 levels of tuples crash Python 3.8 to 3.13 with a stack of 8 MiB, and
        2,000 with the 128 KiB that threads have under musl.
    ``digits``: of one number written as decimal text; one of 640 or less is not counted. ``int``
        takes 4,300 by default, since its time grows with their square.
    """

    size: int | None = None
    opcodes: int | None = None
    memo_key: int | None = 1
    depth: int | None = 60_000
    item: int | None = None
    expansion: int | None = None
    hashed_expansion: int | None = 1_000_000
    hashed_depth: int | None = 1_000
    digits: int | None = 4_300


NO_LIMITS = Limits(*[None] * len(attrs.fields(Limits)))
#: What a file may ask for that is to be upgraded. Depth is no danger to loading, and upgrades write
#: it without recursion: a chain of a hundred thousand of a program's own objects is honest data.
UPGRADE_LIMITS = attrs.evolve(Limits(), depth=None)
