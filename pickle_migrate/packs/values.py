"""What a pack is: rules for one library's old pickles, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from pickle_migrate.policy_presets import CALLED, INSTANTIATED, NAMED
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry

#: What pickles may do with a name: call it, make an object of it, and hold it as a value.
ALL = frozenset([CALLED, INSTANTIATED, NAMED])
#: For functions.
FUNCTION = frozenset([CALLED])
#: For classes that a pickle only names, or makes through a function that is listed too.
VALUE = frozenset([NAMED])
#: For classes whose ``__new__`` alone runs, not their ``__init__``.
EMPTY = frozenset([INSTANTIATED, NAMED])

Names = Mapping[str, str | Mapping[str, frozenset[str]]]


def _refs(names: Names) -> dict[GlobalRef, frozenset[str]]:
    found = {}
    for module, given in names.items():
        groups = {given: ALL} if isinstance(given, str) else given
        for group, uses in groups.items():
            found.update(dict.fromkeys((GlobalRef(module, n) for n in group.split()), uses))
    return found


@attrs.frozen(eq=False)
class Rule:
    """One thing that time has broken, and what mends it.

    ``what`` says what changed, in a line. ``written_by``: the releases whose pickles need it,
    ``read_by``: those that cannot read these without it. ``refs``: the names that it is for, as
    pickles spell them. ``renames``: old name to new, as ``Registry.rename`` takes them.
    ``declare(registry)`` declares lineages; it must import nothing of the library.
    """

    what: str
    written_by: str
    read_by: str = ""
    refs: tuple[str, ...] = ()
    renames: Mapping[str, str] = attrs.field(factory=dict)
    declare: Callable[[Registry], Any] | None = attrs.field(default=None, repr=False)


@attrs.frozen(eq=False)
class Pack:
    """The rules for one library. ``name`` is what ``--pack`` takes.

    ``names``: what its pickles may name when files are upgraded: module to names, apart by blanks,
    or to a dict from such texts to what may be done with them (``ALL``, ``FUNCTION``, ``VALUE``,
    ``EMPTY``). List data classes and constructors, one by one: never what opens, starts or runs
    anything. ``needs``: packs that come with it.
    """

    name: str
    summary: str
    rules: tuple[Rule, ...]
    names: Names = attrs.field(factory=dict, repr=False)
    needs: tuple[str, ...] = ()

    @property
    def allowed(self) -> dict[GlobalRef, frozenset[str]]:
        """What its pickles may name, and what they may do with each."""
        return _refs(self.names)
