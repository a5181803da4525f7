"""Reads one pickle from its start to its STOP, in long strides where it can.

Small pickles, and whatever is unusual, are read opcode by opcode (``scan_steps``). Where rows of
one shape repeat, ``scan_skim`` reads them at once, with the same result.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from pickle_migrate.limits import Limits
from pickle_migrate.scan_reader import Reader
from pickle_migrate.scan_steps import advance

if TYPE_CHECKING:
    from pickle_migrate.scan_skim import Skimmer

# Opcodes that are read one by one before rows are looked for, and between two such looks. To look
# takes as long as reading about 500 opcodes; to make a pattern, 5,000.
_FIRST: Final = 320
# Less than this is read as fast without.
_WORTH: Final = 8192


def run(r: Reader, until: int = sys.maxsize, *, skims: bool = True) -> None:
    """Read on from ``r.at`` up to STOP; ``r.at`` is then the offset after it.

    With ``until``, stop before the first opcode that starts there or later: ``r`` can be looked at,
    and run on. Raises PickleFormatError and LimitError; what was seen up to there stays in ``r``.
    """
    skims = skims and until == sys.maxsize and _leaves_room(r.machine.limits)
    skimmer: Skimmer | None = None
    count = _FIRST
    while not advance(r, count, until):
        if len(r.machine.stack) > r.machine.pack_at:
            r.machine.pack()
        if skims and r.size - r.at > _WORTH:
            if skimmer is None:
                from pickle_migrate.scan_skim import Skimmer

                skimmer = Skimmer(r)
            count = skimmer.learn()


def _leaves_room(limits: Limits) -> bool:
    """Whether rows may be counted after they were read. Else each opcode has to be counted."""
    return limits.opcodes is None and limits.memo_key != 0
