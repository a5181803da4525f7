"""Samples of what a test run pickles: one for each shape of a versioned class.

The reducers are watched. An object of a shape that was not met yet is noted and kept, and frozen
when its test has passed; the test itself sees nothing of it. Copies (``copy.copy``, ``deepcopy``)
go through the same reducers and are not noted.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

from pickle_migrate import hooks
from pickle_migrate.entries import Entry, is_by_value
from pickle_migrate.readers import is_wrapped
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT
from pickle_migrate.writers import Reducer

#: What became of a sample.
NEW, THERE, SKIPPED = "new", "there", "skipped"
#: Objects of one shape that are tried, until one of them pickles alone.
TRIES = 5


@attrs.frozen
class Shape:
    """What one sample stands for: a class, its stamp (version and fingerprint, those of its bases
    too), and how the state looks, as ``dict currency,customer``.
    """

    ref: GlobalRef
    version: int
    stamp: str
    state: str

    @property
    def name(self) -> str:
        """The name of the sample without a suffix. The same in each process and run."""
        digest = hashlib.sha256(f"{self.stamp}\n{self.state}".encode()).hexdigest()
        return f"{self.ref.module}.{self.ref.qualname}-{self.version}-{digest[:8]}"


@attrs.frozen
class Sample:
    """What became of one shape: ``result`` is new, there or skipped; ``reason`` says why it was
    skipped. ``test`` is the node id of the test that pickled it, ``name`` that of the shape.
    """

    ref: str
    version: int
    name: str
    result: str
    test: str = ""
    reason: str = ""


@attrs.define
class _Noted:
    shape: Shape
    objects: list[Any] = attrs.field(factory=list)


class NoSampleError(Exception):
    """An object is no sample; the text says why, as a phrase."""


#: Puts an object of a shape into the archive, as pickled by a test; False: there is one already.
#: Raises NoSampleError, and what the object's pickling raises.
Freeze = Callable[[Any, Shape, str], bool]


class Sampler:
    """Watches what is pickled between ``start`` and ``stop``. Safe to use from several threads."""

    def __init__(self, freeze: Freeze) -> None:
        self._freeze = freeze
        self._lock = threading.Lock()
        self._done: dict[tuple[str, Any], Sample] = {}
        self._noted: dict[tuple[str, Any], _Noted] = {}
        self._busy = False

    def start(self) -> None:
        """Watch all versioned classes, those that are declared later included."""
        hooks.watch_reducers(self._watch)

    def stop(self) -> None:
        """Watch no longer."""
        hooks.watch_reducers(None)

    @property
    def samples(self) -> list[Sample]:
        """What became of each shape so far, by class, version and name."""
        return merged(self._done.values())

    def _watch(self, entry: Entry) -> Reducer:
        own = entry.reduce
        if is_by_value(entry.cls) or entry.declaration.registry is not DEFAULT:
            return own

        def reduce(obj: Any) -> Any:
            reduced = own(obj)
            if not self._busy:
                self._note(obj, entry, reduced)
            return reduced

        return reduce

    def _note(self, obj: Any, entry: Entry, reduced: Any) -> None:
        text = entry.stamp.text
        try:
            key = (text, _quick(reduced))
            known = self._done.get(key)
            if (known is not None and known.result != SKIPPED) or _is_copying(sys._getframe(2)):
                return
            with self._lock:
                noted = self._noted.get(key)
                if noted is None:
                    version = entry.declaration.version
                    shape = Shape(GlobalRef.of(entry.cls), version, text, state_text(reduced))
                    noted = self._noted[key] = _Noted(shape)
                if len(noted.objects) < TRIES:
                    noted.objects.append(obj)
        except Exception:  # what cannot be told apart is left out; the dump goes on
            return

    def add(self, samples: Iterable[Sample]) -> None:
        """Take over what another process has frozen."""
        for sample in samples:
            self._done[sample.test, sample] = sample

    def forget(self) -> None:
        """Drop what was noted since the last test: it did not pass."""
        with self._lock:
            self._noted = {}

    def freeze(self, test: str) -> None:
        """Freeze what was noted, as pickled by ``test``. Raises nothing that a class raises."""
        with self._lock:
            noted, self._noted = self._noted, {}
        self._busy = True
        try:
            for key, one in noted.items():
                self._done[key] = self._sample(one, test)
        finally:
            self._busy = False

    def _sample(self, noted: _Noted, test: str) -> Sample:
        shape, result, reason = noted.shape, SKIPPED, ""
        for obj in noted.objects:
            try:
                result = NEW if self._freeze(obj, shape, test) else THERE
            except (KeyboardInterrupt, MemoryError):
                raise
            except BaseException as error:  # pytest's own outcomes are no Exceptions
                reason = reason or _reason(error)
            else:
                reason = ""
                break
        return Sample(str(shape.ref), shape.version, shape.name, result, test, reason)


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, NoSampleError) else f"{type(error).__name__}: {error}"


def _is_copying(frame: Any) -> bool:
    """Whether a copy, not a pickle, asked for the reduction: the caller beyond our own hooks."""
    while frame is not None and frame.f_globals.get("__name__") == hooks.__name__:
        if frame.f_code is hooks.shallow_copy.__code__:
            return True
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__") == "copy"


# --- shapes -----------------------------------------------------------------------------------


def _quick(reduced: Any) -> Any:
    """Equal for equal shapes, and quick to find: it is asked for each object that is pickled."""
    state = reduced[2] if type(reduced) is tuple and len(reduced) > 2 else None
    if type(state) is dict:
        return tuple(state)
    return state_text(reduced)


def state_text(reduced: Any) -> str:
    """How the state of a reduce tuple is shaped, as a text: field names where it has any, sorted.

    Runs no code of the object's: values are not looked at.
    """
    if type(reduced) is not tuple:
        return "name"
    state: Any = reduced[2] if len(reduced) > 2 else None
    if is_wrapped(state):
        state = state[1]  # the other one is the stamp
    if state is None and type(reduced[1]) is tuple and len(reduced[1]) == 1:
        state = reduced[1][0]  # a whole value, which stands in the arguments
    extras = [name for name, part in zip(("items", "pairs"), reduced[3:5], strict=False) if part]
    return " ".join([_shape(state), *extras])


def _shape(state: Any) -> str:
    if type(state) is dict:
        return f"dict {','.join(sorted(_names(state)))}"
    if type(state) is tuple and len(state) == 2 and {type(s) for s in state} <= {dict, type(None)}:
        return f"slots {','.join(sorted(n for part in state if part for n in _names(part)))}"
    if type(state) in (list, tuple):
        return f"{type(state).__name__} of {len(state)}"
    return type(state).__name__


def _names(state: dict[Any, Any]) -> Iterator[str]:
    return (key if type(key) is str else type(key).__name__ for key in state)


# --- what is told -----------------------------------------------------------------------------


def merged(samples: Iterable[Sample]) -> list[Sample]:
    """The samples of several processes, each shape once, by class, version and name: what one
    archived another one found there, and what one could not pickle another one could.
    """
    best: dict[tuple[str, int, str], Sample] = {}
    order = (NEW, THERE, SKIPPED).index
    for sample in samples:
        key = (sample.ref, sample.version, sample.name)
        if key not in best or order(sample.result) < order(best[key].result):
            best[key] = sample
    return [best[key] for key in sorted(best)]
