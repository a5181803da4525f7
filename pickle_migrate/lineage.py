"""All versions of one class: its steps, and what is known of each version. Data, no decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from pickle_migrate.errors import DuplicateStepError, VersionNumberError
from pickle_migrate.refs import GlobalRef

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from pickle_migrate.migration import Migration, WayBack

Finisher = Callable[[Any], object]
#: From a view of one object of a pickle to the version of its state; None: nothing is to be done.
VersionOf = Callable[[Any], int | None]


@attrs.frozen
class ByteStrings:
    """Where in the objects of a class Python 2 kept data in 8-bit strings, rather than text.

    ``args`` are places among its constructor arguments, ``state`` are names of fields, or places in
    a state that is a tuple.
    """

    args: frozenset[int] = frozenset()
    state: frozenset[str | int] = frozenset()


@attrs.define(eq=False, repr=False)
class LineageRecord:
    """What was declared for one ref. ``Lineage`` is the public way to write it."""

    ref: GlobalRef
    steps: dict[int, Migration] = attrs.field(factory=dict)
    field_orders: dict[int, tuple[str, ...]] = attrs.field(factory=dict)
    fingerprints: dict[int, frozenset[str]] = attrs.field(factory=dict)
    finishers: dict[int, tuple[Finisher, ...]] = attrs.field(factory=dict)
    unstamped: int | None = None
    squashed: dict[int, Migration] = attrs.field(factory=dict)
    ways_back: dict[int, WayBack] = attrs.field(factory=dict)
    version_of: VersionOf | None = None
    byte_strings: ByteStrings | None = None
    _runs: dict[object, ModuleSpec | None] = attrs.field(factory=dict)

    def add_step(self, migration: Migration, run: ModuleSpec | None = None) -> None:
        """Keep a migration. The same declaration again replaces it; another one from the same
        version raises DuplicateStepError, which names both. A squashed one, which leads further
        than to the next version, stands apart from the steps that it replaces: both may be there.

        ``run`` is the ``__spec__`` of the module that declares it, which Python makes anew when the
        module is reloaded: what an earlier run of the same module declared is replaced, too.
        """
        version = migration.version
        check_version(self.ref, version)
        single = migration.target == version + 1
        table, key = (self.steps, version) if single else (self.squashed, ("squashed", version))
        before = table.get(version)
        if (
            before is not None
            and before.origin != migration.origin
            and not _is_rerun(run, self._runs.get(key))
        ):
            raise DuplicateStepError(str(self.ref), version, before.origin, migration.origin)
        table[version], self._runs[key] = migration, run

    def add_way_back(self, way: WayBack, run: ModuleSpec | None = None) -> None:
        """Keep a way back, as ``add_step`` keeps a migration. Raises DuplicateStepError."""
        version = way.version
        check_version(self.ref, version)
        before = self.ways_back.get(version)
        if (
            before is not None
            and before.origin != way.origin
            and not _is_rerun(run, self._runs.get(("back", version)))
        ):
            raise DuplicateStepError(str(self.ref), version + 1, before.origin, way.origin)
        self.ways_back[version], self._runs["back", version] = way, run

    def accept(self, version: int, digest: str) -> None:
        """Keep a fingerprint under which pickles of a version hold the state as it should be."""
        self.fingerprints[version] = self.fingerprints.get(version, frozenset()) | {digest}

    def add_finisher(self, version: int, function: Finisher, run: ModuleSpec | None = None) -> None:
        """Keep a function of the finishing stage, once however often it is declared. ``run`` as in
        ``add_step``.
        """
        check_version(self.ref, version)
        kept = {
            _origin(known): known
            for known in self.finishers.get(version, ())
            if not _is_rerun(run, self._runs.get((version, _origin(known))))
        }
        kept[_origin(function)] = function
        self.finishers[version] = tuple(kept.values())
        self._runs[version, _origin(function)] = run

    def versions(self) -> list[int]:
        """The versions of which anything is known."""
        tables = (
            self.steps,
            self.squashed,
            self.field_orders,
            self.fingerprints,
            self.finishers,
            self.ways_back,
        )
        return sorted({v for table in tables for v in table})

    def part(self, holds: Callable[[int], bool]) -> LineageRecord:
        """What is known of some versions: those of which ``holds`` says so."""
        return LineageRecord(
            self.ref,
            {v: step for v, step in self.steps.items() if holds(v)},
            {v: names for v, names in self.field_orders.items() if holds(v)},
            {v: digests for v, digests in self.fingerprints.items() if holds(v)},
            {v: functions for v, functions in self.finishers.items() if holds(v)},
            self.unstamped if self.unstamped is not None and holds(self.unstamped) else None,
            {v: step for v, step in self.squashed.items() if holds(v)},
            self.ways_back,
            self.version_of,
            self.byte_strings,
        )


def _is_rerun(run: ModuleSpec | None, before: ModuleSpec | None) -> bool:
    if run is None or before is None:
        return False
    return run is not before and run.name == before.name


def _origin(function: Finisher) -> object:
    code = getattr(function, "__code__", None)
    if code is None:
        return id(function)
    return (function.__module__, function.__qualname__, code.co_firstlineno)


def check_version(ref: GlobalRef, version: object) -> None:
    """Raise VersionNumberError unless ``version`` is a whole number from 1 up."""
    if type(version) is not int or version < 1:
        raise VersionNumberError(str(ref), f"{version!r} is not a version")
