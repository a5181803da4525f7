"""What the running program knows of one versioned class: its shape, its stamp, its routes.

An entry is made when the class is first met and kept for the life of the class. Routes are found
when the first pickle that needs one turns up, and found anew when something was declared since.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable

import attrs

from pickle_migrate.newborns import Newborn, newborn_for, older_newborn
from pickle_migrate.readers import Restorer
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Declaration, declaration_of, registered_in_mro
from pickle_migrate.routes import route_for
from pickle_migrate.shapes import Shape, shape_of
from pickle_migrate.stamps import Stamp, StampedClass, StampText
from pickle_migrate.writers import Reducer, writer_for

_lock = threading.RLock()


def _import_with_the_resolver(modules: Iterable[str]) -> None:
    # The package imports the resolver, which says so below, when it is first asked for a name.
    assert callable(sys.modules["pickle_migrate"].loads)
    _import_migrations(modules)


_import_migrations: Callable[[Iterable[str]], None] = _import_with_the_resolver


def import_migrations_with(function: Callable[[Iterable[str]], None]) -> None:
    """Say who imports the modules that hold migrations. The resolver does."""
    global _import_migrations
    _import_migrations = function


def _import_no_class(ref: GlobalRef) -> type | None:
    """Until the resolver is there, and in tests of this layer alone."""
    return None


import_class: Callable[[GlobalRef], type | None] = _import_no_class


def import_classes_with(function: Callable[[GlobalRef], type | None]) -> None:
    """Say who imports a class that the program itself names by its ref. The resolver does."""
    global import_class
    import_class = function


@attrs.define(eq=False, repr=False)
class Entry:
    """One versioned class at work. ``hooked``: BUILD enters registration's ``__setstate__``.

    ``reduce`` gives what the class is today, ``write`` is what pickle is given: the same, unless
    somebody asks for an older version.
    """

    cls: type
    declaration: Declaration
    shape: Shape
    stamp: Stamp
    reduce: Reducer
    hooked: bool
    fast: bool
    write: Reducer = attrs.field(init=False)
    _restorers: dict[str | None, Restorer] = attrs.field(factory=dict)
    _newborns: dict[str, Newborn] = attrs.field(factory=dict)
    _generation: int = -1

    def __attrs_post_init__(self) -> None:
        self.write = self.reduce

    @property
    def unsigned(self) -> StampText:
        """The current stamp without the class's fingerprint: of an object with ``fill=True`` that
        has fields which the class does not declare.
        """
        written = self.stamp.written
        head = attrs.evolve(written.head, fingerprint=None)
        return attrs.evolve(written, classes=(head, *written.classes[1:]))

    def writes(self, text: str | None) -> bool:
        """Whether a stamp's text is one that this code writes today."""
        return text == self.stamp.text or (self.declaration.fill and text == self.unsigned.encode())

    def restorer(self, text: str | None, written: StampText | None) -> Restorer:
        """What restores states of a written version: a stamp's text and what it says, or None and
        None for unstamped pickles.

        Imports the modules of migrations that the class or the settings name, unless the written
        version is the current one. Raises the errors of ``route_for`` and of its problems.
        """
        self._forget_if_declared()
        return self._restorers.get(text) or self._find_restorer(text, written)

    def _find_restorer(self, text: str | None, written: StampText | None) -> Restorer:
        if not self._is_current(written):
            # Outside of the lock, since it runs user code, which may load pickles in its turn.
            _import_migrations(self._migration_modules())
        with _lock:
            self._forget_if_declared()
            route = route_for(self.cls, written)
            found = Restorer(self.cls, self.shape, route, unstamped=written is None)
            self._restorers[text] = found
            return found

    def newborn(self, text: str, written: StampText) -> Newborn:
        """The callable for a stamp of this class: the current stamp, or one that migrates."""
        if text == self.stamp.text:
            return self.stamp
        restorer = self.restorer(text, written)
        found = self._newborns.get(text)
        if found is None:
            make = older_newborn(self.cls, restorer, self.hooked, written)
            found = self._newborns[text] = Stamp.make(written, make)
        return found

    def import_migrations(self) -> None:
        """Import the modules of migrations that the class, its bases and the settings name. Runs
        their code. Raises SettingsError.
        """
        _import_migrations(self._migration_modules())

    def _is_current(self, written: StampText | None) -> bool:
        if written is None:
            return self.declaration.unstamped == self.declaration.version
        return written.classes == self.stamp.written.classes

    def _migration_modules(self) -> list[str]:
        return [m for k in registered_in_mro(self.cls) for m in declaration_of(k).migrations]

    def _forget_if_declared(self) -> None:
        generation = self.declaration.registry.generation
        if generation != self._generation:
            self._restorers.clear()
            self._newborns.clear()
            self._generation = generation


def make_entry(cls: type, *, hooked: bool) -> Entry:
    """The entry of a class that carries a declaration. Imports nothing."""
    shape = shape_of(cls)
    by_value = is_by_value(cls)
    fast = can_be_fast(cls, shape)
    plain_value = shape.kind.build in ("enum", "namedtuple")
    written = StampText(
        tuple(_stamped(k) for k in registered_in_mro(cls)),
        wrapped=not fast and not plain_value,
        whole=plain_value,
    )
    adopted = fast and hooked
    make, first = newborn_for(cls, shape, adopting=adopted)
    stamp = Stamp.make(written, make, *first, by_value=by_value)
    reduce = writer_for(cls, shape, stamp, fast=fast, adopted=adopted, by_value=by_value)
    return Entry(cls, declaration_of(cls), shape, stamp, reduce, hooked, fast)


def can_be_fast(cls: type, shape: Shape) -> bool:
    """Whether pickle's C code alone can give such an object its state back."""
    return shape.kind.only_dict and not is_by_value(cls)


def is_by_value(cls: type) -> bool:
    """Whether the class cannot be imported by its name in another process."""
    return cls.__module__ == "__main__" or "<locals>" in cls.__qualname__


def _stamped(k: type) -> StampedClass:
    declaration = declaration_of(k)
    return StampedClass(GlobalRef.of(k), declaration.version, declaration.fingerprint)
