"""Who asks for older versions: a call, a ``with`` block, the settings. Nearer wins, class by class.

While nobody asks, the classes' own reducers stand where pickle finds them, and nothing is slower.
While somebody does, each reducer looks who asks in its own thread or task (``contextvars``).
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from types import FrameType
from typing import Any, Final, Literal

import attrs

from pickle_migrate import entries, hooks
from pickle_migrate.downgrades.ways import Asked, Way
from pickle_migrate.entries import Entry
from pickle_migrate.errors import ArgumentError, DowngradeError, PickleMigrateError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, declaration_of, registered_in_mro
from pickle_migrate.renames import Holder
from pickle_migrate.shapes import MARK

#: A mapping's keys may be of several kinds, or all of one.
Versions = (
    Mapping["type | str | GlobalRef", int]
    | Mapping[str, int]
    | Mapping[type, int]
    | Mapping[GlobalRef, int]
)
Lossy = Literal["refuse", "allow"]
_OWN: Final = frozenset([__name__, hooks.__name__])


@attrs.define(eq=False)
class Request:
    """Versions that somebody asks for, by the names that they were asked by."""

    versions: Mapping[GlobalRef, int]
    may_lose: bool = False
    _ways: dict[Entry, tuple[int, Way | None]] = attrs.field(factory=dict)

    def way(self, entry: Entry) -> Way | None:
        """The way back of a class's objects; None where they are written as they are.

        Imports the modules of migrations when a class is first met. Raises DowngradeError.
        """
        registry = entry.declaration.registry
        known = self._ways.get(entry)
        if known is not None and known[0] == registry.generation:
            return known[1]
        entry.import_migrations()
        generation = registry.generation
        asked = {k: found for k in registered_in_mro(entry.cls) if (found := self._asked(k))}
        way = _made_way(entry, asked, self.may_lose, generation) if asked else None
        self._ways[entry] = generation, way
        return way

    def _asked(self, k: type) -> Asked | None:
        ref, declaration = GlobalRef.of(k), declaration_of(k)
        if not declaration.version:
            return None
        found = {ref: self.versions[ref]} if ref in self.versions else {}
        registry = declaration.registry
        for name, version in self.versions.items():
            if name == ref or registry.holder(name) is not None:
                continue
            if registry.current_ref(name, version or None) == ref:
                found[name] = version
        if len(set(found.values())) > 1:
            names = " and ".join(f"{name}: {version}" for name, version in found.items())
            raise ArgumentError(f"versions={{{names}}}", "both are names of one class")
        name, version = next(reversed(found.items()), (ref, -1))
        return None if version < 0 else (version, name)

    def over(self, outer: Request | None) -> Request:
        """This one, and what an outer one asks for besides."""
        if outer is None:
            return self
        return Request({**outer.versions, **self.versions}, self.may_lose)


_made: dict[tuple[Any, ...], tuple[int, Way | None]] = {}
_MOST_MADE: Final = 1_000


def _made_way(
    entry: Entry, asked: Mapping[type, Asked], may_lose: bool, generation: int
) -> Way | None:
    """A way is compiled once, however often a call asks for it; None if nothing changes on it."""
    key = (entry, may_lose, *asked.items())
    known = _made.get(key)
    if known is not None and known[0] == generation:
        return known[1]
    way = Way(entry, asked, may_lose=may_lose)
    if len(_made) >= _MOST_MADE:
        _made.clear()
    _made[key] = generation, way if way.is_open else None
    return _made[key][1]


class _Asking:
    """Everybody who asks now."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.always: Request | None = None
        self.everywhere: list[Request] = []
        self.blocks = 0
        self.here: ContextVar[Request | None] = ContextVar("pickle_migrate_writing", default=None)

    def request(self) -> Request | None:
        """What is asked for in this thread or task."""
        here = self.here.get()
        if here is not None:
            return here
        return self.everywhere[-1] if self.everywhere else self.always

    def change(self, blocks: int = 0) -> None:
        """Put reducers that ask where pickle finds them, or take them away."""
        with self.lock:
            self.blocks += blocks
            anybody = self.blocks or self.everywhere or self.always
            hooks.ask_reducers(AskedReducer if anybody else None)


_asking = _Asking()


class AskedReducer:
    """What pickle is given for a class while somebody asks for older versions."""

    __slots__ = ("_entry",)

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def __call__(self, obj: Any) -> Any:
        """The reduce tuple of an object, at the version that is asked for here."""
        entry = self._entry
        hooks.know_settings()
        request = _asking.request()
        if request is None or _is_copying():
            return entry.reduce(obj)
        way = request.way(entry)
        return entry.reduce(obj) if way is None else way.reduce(obj)

    def take_back(self, reduced: Any) -> Any:
        """What an unregistered subclass gets, whose own ``__reduce_ex__`` calls ``super()``."""
        request = _asking.request()
        if request is None or isinstance(reduced, str) or _is_copying():
            return reduced
        way = request.way(self._entry)
        return reduced if way is None else way.reduced_plainly(reduced)


def _is_copying() -> bool:
    """Whether ``copy`` asks, also through a class's own methods: a copy equals its original."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__")
        if module == "copy":
            return True
        if not frame.f_code.co_name.startswith("__reduce") and module not in _OWN:
            return False
        frame = frame.f_back
    return False


def ask_always(versions: Mapping[str, int]) -> None:
    """Take what the settings ask for; nothing takes it away again."""
    asked = {GlobalRef.parse(name): version for name, version in versions.items()}
    _asking.always = Request(asked) if asked else None
    _asking.change()


@contextlib.contextmanager
def writing_versions(
    versions: Versions, *, lossy: Lossy = "refuse", everywhere: bool = False
) -> Iterator[None]:
    """Inside, pickles are written so that code of these versions reads them, by whatever writes
    them: ``pickle.dump``, cloudpickle, multiprocessing, a cache.

    ``versions``: class, ref ``module:qualname`` or ``GlobalRef`` to version; an older name of a
    class stands for it, and is the name that is written. 0: without a stamp, as before the class
    was registered; a base at 0 is left out of the stamp. What is not named is written as it is.
    ``lossy="allow"`` consents to what the way back drops. It holds for this thread or task;
    ``everywhere=True``: for all threads of the process that ask for nothing themselves, such as
    those in which multiprocessing's queues and pools pickle. Blocks nest; the inner one wins.

    Reads the settings, imports the classes that are named and the modules of migrations. Raises
    ArgumentError, RefError, and DowngradeError for a version above the current one; inside,
    DowngradeError comes out of the dump of an object that cannot be written so.
    """
    hooks.know_settings()
    request = Request(_checked(versions), _may_lose(lossy)).over(_asking.request())
    if everywhere:
        with _asking.lock:
            _asking.everywhere.append(request)
    token = _asking.here.set(request)
    _asking.change(1)
    try:
        yield
    finally:
        _asking.here.reset(token)
        if everywhere:
            with _asking.lock:
                _asking.everywhere.remove(request)
        _asking.change(-1)


@contextlib.contextmanager
def writing_today() -> Iterator[None]:
    """Inside, this thread or task asks for nothing, whatever the settings or outer blocks say."""
    token = _asking.here.set(Request({}))
    try:
        yield
    finally:
        _asking.here.reset(token)


def _may_lose(lossy: object) -> bool:
    if lossy not in ("refuse", "allow"):
        raise ArgumentError(f"lossy={lossy!r}", "it is 'refuse' or 'allow'")
    return lossy == "allow"


def _checked(versions: Any) -> dict[GlobalRef, int]:
    if not isinstance(versions, Mapping):
        raise ArgumentError(f"versions={versions!r}", "it is a mapping of class to version")
    found: dict[GlobalRef, int] = {}
    for target, version in versions.items():
        if type(version) is not int or version < 0:
            call = f"versions={{{target!r}: {version!r}}}"
            raise ArgumentError(call, "a version is a whole number from 0")
        ref = GlobalRef.of(target)
        current = _current(target, ref)
        if current is None:
            call = f"versions={{{str(ref)!r}: {version}}}"
            raise ArgumentError(call, "there is no versioned class of that name, now or before")
        if version > current:
            remedy = "Ask for an older version."
            raise DowngradeError(str(ref), version, current, "that is newer than this code", remedy)
        found[ref] = version
    return found


def _current(target: object, ref: GlobalRef) -> int | None:
    """The current version of a class, or None if there is no such class here, now or before."""
    if isinstance(target, type):
        return declaration_of(target).version or None if MARK in vars(target) else None
    holder = DEFAULT.holder(ref) or _holder(ref)
    if holder is None:
        cls = entries.import_class(ref)
        if cls is not None and MARK in vars(cls):
            return declaration_of(cls).version or None
        _import_all_migrations()
        holder = _holder(ref)
    return None if holder is None else holder.version


def _known() -> list[Entry]:
    """The entries of classes that their registries still have: not of earlier runs of a module."""
    return [
        known
        for known in hooks.entries()
        if known.declaration.registry.class_at(GlobalRef.of(known.cls)) is known.cls
    ]


def _holder(ref: GlobalRef) -> Holder | None:
    registries = {id(r): r for r in (DEFAULT, *(e.declaration.registry for e in _known()))}
    for registry in registries.values():
        with contextlib.suppress(PickleMigrateError):  # of a name that was another's before
            found = registry.holder(ref) or registry.holder(registry.current_ref(ref))
            if found is not None:
                return found
    return None


def _import_all_migrations() -> None:
    # Whose old name it is stands in some module of migrations, and nobody knows in which.
    for known in _known():
        known.import_migrations()
