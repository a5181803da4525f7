"""Ctrl-C, taken where nothing is half done.

While ``Interrupts`` is entered, an interrupt is only noted, so that a file which is being written
is written whole and reported. Within ``breakable()`` it is raised at once, as ever: loading a
large pickle may take long.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any


class Interrupts:
    """A context in which interrupts are noted in ``came``. Elsewhere than in the main thread it
    changes nothing, since only that one gets them.
    """

    def __init__(self) -> None:
        self.came = False
        self._breakable = False
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        is_main = threading.current_thread() is threading.main_thread()
        # Whoever ignores interrupts, or has a handler of another language, keeps that.
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    @contextlib.contextmanager
    def breakable(self) -> Iterator[None]:
        """Raise KeyboardInterrupt for an interrupt within."""
        self._breakable = True
        try:
            yield
        finally:
            self._breakable = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        if self._breakable:
            raise KeyboardInterrupt
