"""Pickles from before a class was registered, where nothing says which version they have.

A class without ``unstamped=`` says that there are none, and then Python's own code gives an object
its state, so that nothing is asked at that moment. The same holds where a step would change the
constructor arguments. This package's loader asks afterwards, by reading the pickle once more: a
class may also be named as mere data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pickle_migrate import stamps
from pickle_migrate.errors import PickleFormatError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.routes import route_for

if TYPE_CHECKING:
    from pickle_migrate.scanner import Scan

_TEXT_ONLY = GlobalRef(stamps.MODULE, stamps.text_only.__qualname__)
_MAKES_OBJECTS = {"instantiated", "called"}


def is_refused(cls: type) -> bool:
    """Whether unstamped pickles of a class cannot be migrated: they carry no version, or what has
    to change stands in their constructor arguments. Its migrations are imported by now.
    """
    return bool(route_for(cls, None).problems)


def position(file: Any) -> int | None:
    """Where a file stands, or None if it cannot be read again from there."""
    try:
        return int(file.tell()) if file.seekable() else None
    except (AttributeError, OSError, ValueError):
        return None


def refuse_unstamped(file: Any, start: int | None, named: dict[GlobalRef, type]) -> None:
    """Raise what is in the way if the pickle that was just read makes objects of the classes.

    ``named`` maps refs as the pickle spells them to classes. A file that cannot be read again is
    passed over. Imports nothing; the file stands where it stood.
    """
    from pickle_migrate.scanner import scan  # only for pickles that name such a class

    end = position(file)
    if start is None or end is None:
        return
    file.seek(start)
    try:
        found = scan(file.read(end - start))
    except PickleFormatError:  # it refers to the memo of the pickle before it
        return
    finally:
        file.seek(end)
    refuse_in(found, named)


def refuse_in(found: Scan, named: dict[GlobalRef, type]) -> None:
    """As ``refuse_unstamped``, by the scan of the pickle."""
    if any(g.ref == _TEXT_ONLY for g in found.globals):
        return  # a script's class, whose stamp stands in the state
    for g in found.globals:
        cls = named.get(g.ref)
        if cls is not None and not _MAKES_OBJECTS.isdisjoint(g.uses):
            route_for(cls, None).check()
