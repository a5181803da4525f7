"""Pausing the cyclic garbage collector while a graph is loaded.

A load makes many objects and throws hardly any away, yet the collector walks the young ones again
and again meanwhile. ``with paused():`` keeps it from starting by itself until the block is left.

How it pauses
    By raising the first threshold of ``gc`` to a number that is never reached. It is not done by
    ``gc.disable()``. That switch belongs to the program: code that runs inside the block, or in
    another thread, may call ``gc.disable()`` or ``gc.enable()``, and what it asked for holds
    afterwards. The two cannot be told apart if both use one switch. So ``gc.isenabled()`` says the
    same inside the block as outside, and ``gc.collect()`` works inside it.

Rules
    - Users are counted over threads and nesting. The first in pauses, the last out restores.
    - If the threshold was changed inside the block by others, theirs holds: it is not restored, and
      the collector may run for the rest of the block.
    - The threshold is restored whatever ends the block. An interrupt that strikes as the block is
      being left cannot keep the collector paused either: the pause ends with its object.
    - A child process made by ``fork`` begins unpaused, for the threads that paused are not in it.

Cost
    About 1.5 microseconds, most of it for the lock, which ``with`` alone takes so that no interrupt
    can leave it held. Below ``PAYS_FROM`` bytes a pickle holds too few objects for that to pay.
"""

from __future__ import annotations

import gc
import os
import threading
from typing import Final

#: A load of fewer bytes gains less than the pause costs: the collector starts after 700 new objects
#: (2,000 from Python 3.13 on), and an object with one field takes three bytes or more.
PAYS_FROM: Final = 2_048

# No process has so many new objects. Also unlike any number that a program would choose, so that a
# threshold set by others is told from this one. Below 2**31, where the counter of gc ends.
_NEVER: Final = 0x3FFF_FFFB

# Reentrant: a finalizer may run inside these few lines, and may load a pickle itself.
_lock = threading.RLock()
_users = 0
_threshold = gc.get_threshold()[0]
# Which process this is: counted up in each child, so that pauses from before the fork don't count.
_process = 0
_OUTSIDE: Final = -1


class paused:  # noqa: N801 - used as a word in a with statement, as contextlib.suppress is.
    """A context in which the collector does not start by itself: ``with paused(): ...``.

    Gives nothing to ``as``. May be nested, and used by several threads at once. One object is
    entered once. Runs no user code.
    """

    # Which process entered; _OUTSIDE before and after. On the class, which spares an __init__.
    _entered = _OUTSIDE

    def __enter__(self) -> None:
        global _users, _threshold
        with _lock:
            # Said before it is done: if an interrupt cuts this short, __del__ leaves again.
            self._entered = _process
            _users += 1
            if _users == 1:
                current = gc.get_threshold()[0]
                # Equal if someone read it inside an earlier pause and put it back after that.
                if current != _NEVER:
                    _threshold = current
                gc.set_threshold(_NEVER)

    def __exit__(self, *exc_info: object) -> None:
        global _users
        with _lock:
            if self._entered != _process:
                return
            if _users == 1 and gc.get_threshold()[0] == _NEVER:
                gc.set_threshold(_threshold)
            self._entered = _OUTSIDE
            _users -= 1

    def __del__(self) -> None:
        # Only after an interrupt that kept __exit__ from running.
        if self._entered != _OUTSIDE:
            paused.__exit__(self)


def _begin_child() -> None:
    """In the child of a fork: forget the threads that are gone, with the lock one may have held."""
    global _lock, _users, _process
    _lock = threading.RLock()
    _process += 1
    _users = 0
    if gc.get_threshold()[0] == _NEVER:
        gc.set_threshold(_threshold)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_child)
