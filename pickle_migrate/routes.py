"""From what a pickle holds to what the code has: which steps, and what stands in the way.

A route is a value. It is found without importing anything, lists every problem at once, and the
same route serves the plan that a person reads and the load that follows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from pickle_migrate.errors import (
    DuplicateStepError,
    FingerprintError,
    GapError,
    MigrationError,
    NewerVersionError,
    StateError,
    UnstampedError,
)
from pickle_migrate.lineage import Finisher, LineageRecord
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import declaration_of, registered_in_mro
from pickle_migrate.schema import field_order
from pickle_migrate.stamps import StampedClass, StampText

if TYPE_CHECKING:
    from pickle_migrate.migration import Migration


@attrs.frozen(eq=False, repr=False)
class Route:
    """The steps for objects of one class as one pickle holds them, bases before derived classes.

    ``problems`` says all that is in the way; with one of them nothing may be loaded. ``version`` is
    the written version of the class itself, ``field_names`` the order of its positional states,
    ``old_names`` the earlier names of the classes by their present ones (private attributes are
    stored under the class's name).
    """

    version: int
    steps: tuple[Migration, ...]
    problems: tuple[MigrationError, ...] = ()
    finishers: tuple[Finisher, ...] = ()
    field_names: tuple[str, ...] | None = None
    old_names: tuple[tuple[str, str], ...] = ()

    def check(self) -> Route:
        """The route itself. Raises the first problem if there is one."""
        if self.problems:
            raise self.problems[0]
        return self


@attrs.frozen(eq=False, repr=False)
class _Leg:
    """The part of a route that belongs to one class of the MRO."""

    version: int
    steps: tuple[Migration, ...]
    problems: tuple[MigrationError, ...]
    finishers: tuple[Finisher, ...]


def route_for(cls: type, written: StampText | None) -> Route:
    """The route for objects of ``cls`` from a stamp, or from an unstamped pickle (None).

    ``cls`` is versioned, or has a base that is. Raises DuplicateStepError, and the errors of
    ambiguous or circular renames.
    """
    classes = registered_in_mro(cls)
    found = _by_class(cls, classes, written)
    legs = [_leg(k, cls, found.get(k), written) for k in reversed(classes)]
    head = legs[-1]
    problems = [p for leg in legs for p in leg.problems]
    problems += _lost_bases(cls, written, found)
    if written is None:
        problems += _arguments_out_of_reach(cls, legs)
    return Route(
        version=head.version,
        steps=tuple(step for leg in legs for step in leg.steps),
        problems=tuple(problems),
        finishers=tuple(f for leg in legs for f in leg.finishers),
        field_names=_field_names(cls, head.version),
        old_names=_old_names(classes, found),
    )


def _by_class(
    cls: type, classes: list[type], written: StampText | None
) -> dict[type, StampedClass]:
    if written is None:
        return {}
    today = {}
    for stamped in written.classes[1:]:
        for k in classes:
            registry = declaration_of(k).registry
            ref = registry.current_ref(stamped.ref, stamped.version, stamped.fingerprint)
            if ref == GlobalRef.of(k):
                today[k] = stamped
    return {**today, cls: written.head}


def _leg(k: type, head: type, stamped: StampedClass | None, written: StampText | None) -> _Leg:
    declaration = declaration_of(k)
    ref, current = GlobalRef.of(k), declaration.version
    if current == 0:  # a subclass that nobody registered has no steps of its own
        return _Leg(0, (), (), ())
    version = stamped.version if stamped is not None else 0
    if not version:
        if declaration.unstamped is None and current > 1:
            return _Leg(0, (), (_no_version(ref, current, k is head or written is None),), ())
        version = declaration.unstamped or current
    if version > current:
        return _Leg(version, (), (NewerVersionError(str(ref), version, current),), ())
    records = declaration.registry.family(ref)
    steps, problems = steps_between(ref, version, current, records)
    if stamped is not None and stamped.fingerprint and not declaration.fill:
        problems += fingerprint_problems(ref, stamped, records, declaration.fingerprint, current)
    finishers = [
        f for v in range(version, current) for r in records for f in r.finishers.get(v, ())
    ]
    return _Leg(version, tuple(steps), tuple(problems), tuple(finishers))


def _no_version(ref: GlobalRef, current: int, is_head: bool) -> MigrationError:
    if is_head:
        return UnstampedError(str(ref), current)
    return StateError(
        str(ref),
        current,
        "the pickle was written when this was not yet a versioned base of the class",
        f"Say which version the state has where the base is not recorded: @versioned({current}, "
        "unstamped=1).",
    )


def steps_between(
    ref: GlobalRef, version: int, current: int, records: list[LineageRecord]
) -> tuple[list[Migration], list[MigrationError]]:
    """The steps of one class, and a GapError for each that is missing; or DuplicateStepError.

    Of several ways that have all their steps, the one with the fewest: squashed migrations lead
    over several versions at once.
    """
    if any(r.squashed for r in records):
        way = _shortest(ref, version, current, records)
        return list(way.steps), list(way.gaps)
    steps: list[Migration] = []
    gaps: list[MigrationError] = []
    for v in range(version, current):
        step = _only(ref, v, [r.steps[v] for r in records if v in r.steps])
        if step is not None:
            steps.append(step)
        elif not any(v in r.finishers for r in records):
            gaps.append(GapError(str(ref), version, v, current))
    return steps, gaps


@attrs.frozen(eq=False, repr=False)
class _Way:
    """The steps from one version to the current one, and what is missing."""

    steps: tuple[Migration, ...]
    gaps: tuple[MigrationError, ...]

    def after(self, step: Migration) -> _Way:
        return _Way((step, *self.steps), self.gaps)


def _shortest(ref: GlobalRef, version: int, current: int, records: list[LineageRecord]) -> _Way:
    ways: dict[int, _Way] = {current: _Way((), ())}
    for v in reversed(range(version, current)):
        rest = ways[v + 1]
        step = _only(ref, v, [r.steps[v] for r in records if v in r.steps])
        if step is not None:
            found = [rest.after(step)]
        elif any(v in r.finishers for r in records):
            found = [rest]
        else:
            found = [_Way(rest.steps, (GapError(str(ref), version, v, current), *rest.gaps))]
        jump = _only(ref, v, [r.squashed[v] for r in records if v in r.squashed])
        if jump is not None and jump.target in ways:
            found.insert(0, ways[jump.target].after(jump))
        ways[v] = min(found, key=lambda way: (len(way.gaps), len(way.steps)))
    return ways.get(version, ways[current])


def _only(ref: GlobalRef, v: int, here: list[Migration]) -> Migration | None:
    if len({step.origin for step in here}) > 1:
        raise DuplicateStepError(str(ref), v, here[0].origin, here[1].origin)
    return here[0] if here else None


def fingerprint_problems(
    ref: GlobalRef,
    stamped: StampedClass,
    records: list[LineageRecord],
    today: str | None,
    current: int,
) -> list[MigrationError]:
    """A FingerprintError if the written state is not the one that the version has."""
    known = {d for r in records for d in r.fingerprints.get(stamped.version, ())}
    if stamped.version == current and today is not None:
        known.add(today)
    written = stamped.fingerprint
    if written is None or not known or written in known:
        return []
    return [FingerprintError(str(ref), stamped.version, written, tuple(sorted(known)))]


def _arguments_out_of_reach(cls: type, legs: list[_Leg]) -> list[MigrationError]:
    # An unstamped pickle gives its arguments straight to the class, before anything of ours runs.
    if not any(step.arguments is not None for leg in legs for step in leg.steps):
        return []
    return [
        StateError(
            str(GlobalRef.of(cls)),
            legs[-1].version,
            "an unstamped pickle gives its constructor arguments straight to the class, where no "
            "step can change them",
            "Load the old pickles with the old class, register it at that version, and dump them "
            "again; from then on they carry their version.",
        )
    ]


def _lost_bases(
    cls: type, written: StampText | None, found: dict[type, StampedClass]
) -> list[MigrationError]:
    # A base that was removed leaves its fields behind; only a newer version of the class can know.
    if written is None or written.head.version != declaration_of(cls).version:
        return []
    kept = set(found.values())
    lost = [c for c in written.classes[1:] if c not in kept]
    return [
        StateError(
            str(GlobalRef.of(cls)),
            written.head.version,
            f"the pickle holds fields of the base {c.ref}, which is no longer a base",
            "Raise the class's version and add a step that removes or keeps those fields; if the "
            f"base was renamed, say so with renamed_from({str(c.ref)!r}).",
        )
        for c in lost
    ]


def _field_names(cls: type, version: int) -> tuple[str, ...] | None:
    declaration = declaration_of(cls)
    for record in declaration.registry.family(GlobalRef.of(cls)):
        if version in record.field_orders:
            return record.field_orders[version]
    return field_order(cls) if version == declaration.version else None


def _old_names(classes: list[type], found: dict[type, StampedClass]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for k in classes:
        olds = declaration_of(k).registry.old_names(GlobalRef.of(k))
        if k in found:
            olds.append(found[k].ref)
        for old in olds:
            # The compiler leaves out the underscores that a class's name begins with.
            name, today = old.qualname.rpartition(".")[2].lstrip("_"), k.__name__.lstrip("_")
            if name != today and (name, today) not in pairs:
                pairs.append((name, today))
    return tuple(pairs)
