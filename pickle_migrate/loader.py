"""Loading and dumping with pickle's own signatures: the one place where pickles are loaded.

Everything that plain pickle does for stamped pickles it does here too. What the loader adds:
renames of unstamped classes, the finishing stage, a pause of the cyclic garbage collector while the
graph is built, and writing of graphs too deep for the C pickler.
"""

from __future__ import annotations

import builtins
import io
import pickle
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from pickle_migrate import collector, finishing, resolver, stamps, unbuilt, unsaid
from pickle_migrate.errors import UnknownClassError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry, declaration_of
from pickle_migrate.shapes import MARK


class _Readable(Protocol):
    def read(self, n: int, /) -> bytes: ...
    def readline(self) -> bytes: ...


class _Writable(Protocol):
    def write(self, data: bytes, /) -> Any: ...


BufferCallback = Callable[[pickle.PickleBuffer], Any]


class Unpickler(pickle.Unpickler):
    """``pickle.Unpickler`` that also knows renames and the finishing stage.

    Besides pickle's arguments: ``registry`` (the default one), and ``pause_collector=False`` to
    leave Python's cyclic garbage collector alone. Loading runs code that the pickle names, as
    pickle does: never load a pickle that you do not trust.
    """

    def __init__(
        self,
        file: _Readable,
        *,
        fix_imports: bool = True,
        encoding: str = "ASCII",
        errors: str = "strict",
        buffers: Iterable[Any] | None = (),
        registry: Registry | None = None,
        pause_collector: bool = True,
    ) -> None:
        if fix_imports and encoding == "ASCII" and errors == "strict" and not buffers:
            super().__init__(file)  # pickle's own defaults; handing them on costs small pickles
        else:
            super().__init__(
                file, fix_imports=fix_imports, encoding=encoding, errors=errors, buffers=buffers
            )
        self._registry = DEFAULT if registry is None else registry
        self._pause_collector = pause_collector
        self._file = file
        self._unsaid: dict[GlobalRef, type] = {}
        self._unbuilt = unbuilt.Unbuilt(self._registry)

    def load(self) -> Any:
        """Load the next pickle of the file, migrate it, run its finishing stage, and give its
        object. Raises MigrationError, and what pickle raises.
        """
        start = unsaid.position(self._file)
        finishing.begin()
        try:
            if self._pause_collector:
                with collector.paused():
                    loaded = super().load()
            else:
                loaded = super().load()
            if self._unbuilt:
                self._unbuilt.migrate([*self.memo.copy().values(), loaded])
        finally:
            noted = finishing.end()
        if self._unsaid:
            unsaid.refuse_unstamped(self._file, start, self._unsaid)
        if noted:
            finishing.run(noted)
        return loaded

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """What a global of the pickle stands for, after renames. Imports it, as pickle does."""
        if module_name == stamps.MODULE and stamps.looks_like_stamp(global_name):
            return resolver.find_stamp(global_name, self._registry)
        resolver.settings()
        renamed = self._renamed(module_name, global_name)
        if renamed is not None:
            self._remember(module_name, global_name, renamed)
            return renamed
        if global_name == "getattr" and module_name in ("builtins", "__builtin__"):
            # Below protocol 4 a nested class is written as getattr(Outer, "Inner").
            return self._nested
        # The declarations that know this name may not be imported yet.
        try:
            found = super().find_class(module_name, global_name)
        except (ImportError, AttributeError):
            resolver.import_migrations()
            renamed = self._renamed(module_name, global_name)
            if renamed is None:
                raise
            found = renamed
        if isinstance(found, type) and MARK in vars(found):
            # A pickle that names a versioned class itself is older than its registration, and the
            # name may have been another class's then.
            resolver.import_migrations(declaration_of(found).migrations)
            renamed = self._renamed(module_name, global_name)
        found = found if renamed is None else renamed
        self._remember(module_name, global_name, found)
        return found

    def _remember(self, module_name: str, global_name: str, found: Any) -> None:
        if not isinstance(found, type):
            if hasattr(type(found), MARK):
                self._unbuilt.pass_over(found)
            return
        if not hasattr(found, MARK):
            return
        if MARK in vars(found):
            resolver.import_migrations(declaration_of(found).migrations)
        if MARK in vars(found) and unsaid.is_refused(found):
            self._unsaid[GlobalRef(module_name, global_name)] = found
        elif unbuilt.is_older(found):
            self._unbuilt.add(found)

    def _renamed(self, module_name: str, global_name: str) -> Any:
        ref = GlobalRef(module_name, global_name)
        today = self._registry.current_ref(ref)
        if today != ref:
            return _imported(ref, today)
        if self._registry.renames_below(ref):
            return _Outer(ref)
        return None

    def _nested(self, owner: Any, name: str, *default: Any) -> Any:
        found = self._attribute(owner, name, *default)
        if isinstance(found, type):
            self._remember(found.__module__, found.__qualname__, found)
        return found

    def _attribute(self, owner: Any, name: str, *default: Any) -> Any:
        ref = owner.ref if isinstance(owner, _Outer) else None
        if isinstance(owner, type):
            ref = GlobalRef.of(owner)
        if ref is not None:
            inner = GlobalRef(ref.module, f"{ref.qualname}.{name}")
            renamed = self._renamed(inner.module, inner.qualname)
            if renamed is not None:
                return renamed
            if isinstance(owner, _Outer):
                return resolver.import_ref(inner)
        return builtins.getattr(owner, name, *default)


def _imported(ref: GlobalRef, today: GlobalRef) -> Any:
    try:
        return resolver.import_ref(today)
    except (ImportError, AttributeError) as error:
        reason = f"it is renamed to {today}, which cannot be imported: {error}"
        raise UnknownClassError(str(ref), 0, reason) from error


class _Outer:
    """Stands for a class of which something nested was renamed, until getattr asks for that."""

    def __init__(self, ref: GlobalRef) -> None:
        self.ref = ref


class Pickler(pickle.Pickler):
    """``pickle.Pickler``, unchanged: registered classes write their stamps through any pickler."""


def load(
    file: _Readable,
    *,
    fix_imports: bool = True,
    encoding: str = "ASCII",
    errors: str = "strict",
    buffers: Iterable[Any] | None = (),
    registry: Registry | None = None,
    pause_collector: bool = True,
) -> Any:
    """``pickle.load`` with migrations: read one pickle from a binary file and give its object.

    Raises MigrationError when the pickle cannot be migrated, and what pickle raises. Imports and
    runs what the pickle names: never load a pickle that you do not trust. Writes nothing.
    """
    return Unpickler(
        file,
        fix_imports=fix_imports,
        encoding=encoding,
        errors=errors,
        buffers=buffers,
        registry=registry,
        pause_collector=pause_collector,
    ).load()


def loads(
    data: bytes | bytearray | memoryview,
    /,
    *,
    fix_imports: bool = True,
    encoding: str = "ASCII",
    errors: str = "strict",
    buffers: Iterable[Any] | None = (),
    registry: Registry | None = None,
    pause_collector: bool = True,
) -> Any:
    """``pickle.loads`` with migrations: bytes in, the first pickle's object out. As ``load``."""
    file: Any = io.BytesIO(data)
    if len(data) > collector.PAYS_FROM or data[:1] != b"\x80" or data[1] < 4:
        # The C unpickler reads ahead only in files that can be peeked into, and in frames.
        file = io.BufferedReader(file)
    return Unpickler(
        file,
        fix_imports=fix_imports,
        encoding=encoding,
        errors=errors,
        buffers=buffers,
        registry=registry,
        pause_collector=pause_collector and len(data) > collector.PAYS_FROM,
    ).load()


def dumps(
    obj: Any,
    protocol: int | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: BufferCallback | None = None,
) -> bytes:
    """``pickle.dumps``, also for graphs that are too deep for the C pickler. Raises TooDeepError,
    and what pickle raises.
    """
    from pickle_migrate import deep  # a program that only loads need not pay for it

    return deep.dumps(obj, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback)


def dump(
    obj: Any,
    file: _Writable,
    protocol: int | None = None,
    *,
    fix_imports: bool = True,
    buffer_callback: BufferCallback | None = None,
) -> None:
    """``pickle.dump``; the file is written to only when the whole pickle is made, so that an object
    that cannot be pickled leaves the file as it was. As ``dumps``.
    """
    file.write(dumps(obj, protocol, fix_imports=fix_imports, buffer_callback=buffer_callback))
