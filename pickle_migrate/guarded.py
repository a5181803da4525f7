"""Loading under a policy or limits: read one pickle whole, scan it, decide, then load those bytes.

``loader.Unpickler`` loads; a guard gives it the bytes, from memory, and the gate that answers for
the names in them. Several pickles in a row may share one memo (a Pickler that dumped twice): what
such a pickle means depends on those before it, so it is scanned together with them.
"""

from __future__ import annotations

import contextlib
import io
import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import attrs

from pickle_migrate import streams
from pickle_migrate.errors import ForeignError, PolicyError
from pickle_migrate.gate import Gate
from pickle_migrate.limits import Limits
from pickle_migrate.policy import Policy
from pickle_migrate.registry import DEFAULT, Registry
from pickle_migrate.scan_row import Row
from pickle_migrate.scanner import Scan, scan

_BUFFER: Final = 1 << 17
_SHARED: Final = (
    "it refers to objects of a pickle before it, which was brought up to date as it was read"
)
#: From one pickle and its scan to the bytes that are loaded in its place.
Rewrite = Callable[[bytes, Scan], bytes]


class Guard:
    """What stands between an unpickler and its file. ``file`` is what the unpickler reads from,
    ``gate`` answers for names (None without a policy), ``scan`` is that of the current pickle,
    ``buffers`` are those outside of the pickle.
    """

    scan: Scan

    def __init__(
        self,
        unpickler: pickle.Unpickler,
        source: Any,
        policy: Policy | None,
        limits: Limits | None,
        *,
        fix_imports: bool,
        encoding: str,
        errors: str,
        buffers: Iterable[Any] | None,
        registry: Registry,
        rewrite: Rewrite | None = None,
    ) -> None:
        # Read twice, if there is a rehearsal.
        self.buffers = buffers if buffers is None else tuple(buffers)
        self._reading = {"encoding": encoding, "errors": errors, "buffers": self.buffers}
        self._source = source
        self._rewrite = rewrite
        self._has_rewritten = False
        self._limits = Limits() if limits is None else limits
        self._feed = streams.Feed()
        self.file = io.BufferedReader(self._feed, _BUFFER)
        persistent = _has_persistent_load(type(unpickler))
        self.gate: Gate | None = None
        # What trusts all and denies nothing loads as plain pickle does.
        if policy is not None and (not policy.trust or policy.deny):
            if policy.registry is DEFAULT is not registry:
                policy = attrs.evolve(policy, registry=registry)
            self.gate = Gate(policy, fix_imports=fix_imports, persistent=persistent)
        self._row: Row | None = None
        self._first: bytes | None = None
        self._failed = False

    def next(self) -> None:
        """Read, scan and decide on the next pickle. Raises EOFError, PickleFormatError, LimitError
        and PolicyError. Imports and runs nothing.
        """
        if self._failed:
            raise pickle.UnpicklingError(
                "A load failed half way, so what the next pickle would refer to is not known. "
                "Make a new Unpickler for it."
            )
        if self._row is None and self._first is not None:
            self._row = Row()  # the unpickler's memo stays, so what it names may stand there
            self._row.scan(self._first, self._limits)
            self._first = None
        taken = self._take()
        self.scan = taken.scan
        if taken.scan.buffers and not self.buffers:
            problem, offset = "stands outside of the pickle", taken.scan.buffer_offsets[0]
            remedy = "Give load the buffers that its writer kept apart."
            raise PolicyError("", taken.before + offset, "buffers", f"a buffer {problem}", remedy)
        if self.gate is not None:
            self.gate.admit(taken.scan, taken.before)
            row, pickles = taken.data, 1
            if self._row is not None:
                row, pickles = self._row.data, self._row.pickles
            self.gate.rehearse(row, pickles, **self._reading)
        if self._row is None:
            self._first = taken.data
        self._feed.put(taken.data)

    @contextlib.contextmanager
    def loading(self) -> Iterator[None]:
        """The time in which the pickle is loaded: nothing is loaded after a load that failed."""
        self._failed = True
        yield
        self._failed = False

    def _take(self) -> streams.Taken:
        """The next pickle, with the steps of others' classes taken; those run on stand-ins."""
        taken = streams.take(self._source, self._scanned, self._limits.size)
        if self._rewrite is None:
            return taken
        if taken.scan.carries_memo:
            if self._has_rewritten:
                raise ForeignError("", _SHARED, "Upgrade its file first: pickle-migrate upgrade.")
            return taken
        new = self._rewrite(taken.data, taken.scan)
        if new is taken.data:
            return taken
        self._has_rewritten = True
        return streams.Taken(new, scan(new, 0, self._limits), taken.before)

    def _scanned(self, data: bytes) -> Scan:
        return (
            scan(data, 0, self._limits) if self._row is None else self._row.scan(data, self._limits)
        )


def _has_persistent_load(cls: type) -> bool:
    """Whether an unpickler says by itself what persistent ids stand for."""
    own = [k for k in cls.__mro__ if k not in (pickle.Unpickler, object)]
    return any("persistent_load" in vars(k) for k in own)
