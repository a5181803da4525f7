"""Objects of unstamped pickles for which pickle wrote no state.

An object without attributes gets no BUILD, at no protocol, and so nothing hands it over to be
migrated. This package's loader looks for such objects when a pickle is read: the unpickler's memo
holds all that it made. Plain ``pickle.load`` keeps nothing, and leaves them as they were.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pickle_migrate import finishing
from pickle_migrate.hooks import entry_of
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry, declaration_of, registered_in_mro
from pickle_migrate.stamps import Stamp, is_text_only


def is_older(cls: type) -> bool:
    """Whether unstamped pickles of a versioned class have steps to run."""
    found = [declaration_of(k) for k in registered_in_mro(cls)]
    return any(d.unstamped is not None and d.unstamped < d.version for d in found)


class Unbuilt:
    """What one unpickler knows of classes that its pickles name without a stamp."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._classes: set[type] = set()
        self._settled: set[int] = set()  # ids; the memo keeps the objects

    def __bool__(self) -> bool:
        return bool(self._classes)

    def add(self, cls: type) -> None:
        """Keep a class of which the pickle may hold objects of an older version."""
        self._classes.add(cls)

    def pass_over(self, obj: object) -> None:
        """Keep in mind an object that the pickle names and did not make."""
        self._settled.add(id(obj))

    def migrate(self, made: Iterable[Any]) -> None:
        """Migrate those among the objects that were made and never given a state.

        Runs the steps, in the order in which the objects were made; raises their errors. To be
        called before the load's finishing stage, whose notes tell who had a state.
        """
        made, classes, settled = list(made), self._classes, self._settled
        mine = [obj for obj in made if type(obj) in classes]
        # Nearly all have attributes, so pickle handed them their state; those are done with.
        bare = {
            id(obj): obj
            for obj in mine
            if not getattr(obj, "__dict__", None) and id(obj) not in settled
        }
        settled.update(map(id, mine))
        if not bare:
            return
        # Where a pickle names a class beside its stamp, the class is a value there.
        stamps = [obj for obj in made if type(obj) is Stamp]
        if any(map(is_text_only, stamps)):
            return
        heads = [stamp.written.head for stamp in stamps]
        stamped = {self._registry.current_ref(h.ref, h.version, h.fingerprint) for h in heads}
        given = {id(obj) for _, obj in finishing.noted()}
        for key, obj in bare.items():
            entry = entry_of(type(obj))
            empty = key not in given and not entry.shape.take_fields(obj)
            if empty and GlobalRef.of(type(obj)) not in stamped:
                entry.restorer(None, None).restore_raw(obj, {})
