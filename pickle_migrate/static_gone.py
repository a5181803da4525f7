"""A class that is not there, or not to be imported: what is declared of its pickles elsewhere.

The current version is the one that the source of its module says, read and not run; where there is
none, the head of the lineage, one above its last step. A state is brought there, and the stamp says
so; which fields the class then has, only the class could say, and its fingerprint is left out
unless one is declared for that version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from pickle_migrate.errors import MigrationError, NewerVersionError
from pickle_migrate.findings import ClassFound
from pickle_migrate.lineage import LineageRecord
from pickle_migrate.migration import Migration
from pickle_migrate.readers import unmangled
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry
from pickle_migrate.routes import fingerprint_problems, steps_between
from pickle_migrate.stamps import StampedClass, StampText
from pickle_migrate.static_functions import against
from pickle_migrate.static_source import SourceClass

ReadSource = Callable[[GlobalRef], SourceClass | None]


@attrs.frozen(eq=False)
class GoneClass:
    """What is declared for the classes of one stamp, ``written``. ``stamp`` is the one that it
    becomes, ``reasons`` say why its states cannot be migrated without the class, and
    ``field_names`` is the declared order of its states by position.
    """

    written: StampText
    stamp: StampText
    steps: tuple[Migration, ...]
    classes: tuple[ClassFound, ...]
    problems: tuple[MigrationError, ...]
    reasons: tuple[str, ...]
    old_names: tuple[tuple[str, str], ...]
    field_names: tuple[str, ...] | None

    def unmangle(self, mentions: Callable[[str], bool]) -> Callable[[Any], Any] | None:
        """What gives private attributes the new class's name, or None if the pickle has none."""
        kept = [(f"_{old}__", f"_{new}__") for old, new in self.old_names if mentions(f"_{old}__")]
        return (lambda state: unmangled(state, kept)) if kept else None


@attrs.frozen(eq=False)
class _Leg:
    """One class of the stamp: from its version to the head of its lineage."""

    old: StampedClass
    new: StampedClass
    steps: tuple[Migration, ...]
    problems: tuple[MigrationError, ...]
    has_finishers: bool
    reason: str | None = None


def gone_class(stamp: StampText, registry: Registry, read: ReadSource) -> GoneClass:
    """What is known of a stamp whose class is not there. ``read`` gives what the source says of a
    class. Imports nothing. Raises the errors of ambiguous or circular renames, and
    DuplicateStepError.
    """
    legs = [_leg(one, registry, read) for one in stamp.classes]
    steps = tuple(step for leg in reversed(legs) for step in leg.steps)
    return GoneClass(
        written=stamp,
        stamp=attrs.evolve(stamp, classes=tuple(leg.new for leg in legs)),
        steps=steps,
        classes=tuple(_found(leg) for leg in legs if leg.old.version),
        problems=tuple(problem for leg in reversed(legs) for problem in leg.problems),
        reasons=_reasons(stamp, steps, legs, registry),
        old_names=_old_names(legs, registry),
        field_names=_field_names(legs[0], registry),
    )


def unstamped_class(ref: GlobalRef, registry: Registry, source: SourceClass) -> GoneClass:
    """The same for unstamped pickles: ``ref`` is today's, ``source`` says which version they have.
    Its class alone counts, without bases.
    """
    written = StampText((StampedClass(ref, source.unstamped or 1),))
    return gone_class(written, registry, lambda _: source)


def told_by_lineage(ref: GlobalRef, registry: Registry) -> SourceClass | None:
    """A class that is not there, as its lineage tells of it; None where ``Lineage.unstamped`` does
    not say which version unstamped pickles have.
    """
    records = registry.family(ref)
    told = {record.unstamped for record in records} - {None}
    if len(told) != 1:
        return None
    unstamped = told.pop()
    assert unstamped is not None
    return SourceClass(max([unstamped, *map(_head, records)]), unstamped)


def _leg(one: StampedClass, registry: Registry, read: ReadSource) -> _Leg:
    today = registry.current_ref(one.ref, one.version or None, one.fingerprint)
    if not one.version:
        return _Leg(one, attrs.evolve(one, ref=today), (), (), False)
    records = registry.family(today)
    source = read(today)
    head = max([one.version, *map(_head, records)]) if source is None else source.version
    if one.version > head:
        problem = NewerVersionError(str(today), one.version, head)
        return _Leg(one, one, (), (problem,), False)
    steps, problems = steps_between(today, one.version, head, records)
    problems += fingerprint_problems(today, one, records, None, head)
    finishers = any(record.finishers.get(v) for record in records for v in range(one.version, head))
    fingerprint = one.fingerprint if head == one.version else _fingerprint(head, records)
    new = StampedClass(today, head, fingerprint)
    reason = source.reason if source is not None and steps else None
    return _Leg(one, new, tuple(steps), tuple(problems), finishers, reason)


def _head(record: LineageRecord) -> int:
    after = [v + 1 for v in (*record.steps, *record.finishers)]
    after += [step.target for step in record.squashed.values()]
    return max([*after, *record.field_orders, *record.fingerprints], default=0)


def _fingerprint(version: int, records: list[LineageRecord]) -> str | None:
    known = {digest for record in records for digest in record.fingerprints.get(version, ())}
    return known.pop() if len(known) == 1 else None


def _reasons(
    stamp: StampText, steps: tuple[Migration, ...], legs: list[_Leg], registry: Registry
) -> tuple[str, ...]:
    reasons = [reason for step in steps for reason in against(step)]
    reasons += [leg.reason for leg in legs if leg.reason is not None]
    if any(leg.has_finishers for leg in legs):
        reasons.append("its finishing stage needs the loaded objects")
    if steps and stamp.whole:
        reasons.append("is an enum or a namedtuple, whose members only the class knows")
    news = [leg.new for leg in legs]
    if any(registry.current_ref(n.ref, n.version or None, n.fingerprint) != n.ref for n in news):
        reasons.append("has a name that is another class's old name, and neither class is here")
    return tuple(reasons)


def _found(leg: _Leg) -> ClassFound:
    old, new = leg.old, leg.new
    return ClassFound(str(old.ref), str(new.ref), old.version, new.version, stamped=True)


def _field_names(leg: _Leg, registry: Registry) -> tuple[str, ...] | None:
    orders = [record.field_orders for record in registry.family(leg.new.ref)]
    return next((order[leg.old.version] for order in orders if leg.old.version in order), None)


def _old_names(legs: list[_Leg], registry: Registry) -> tuple[tuple[str, str], ...]:
    pairs: dict[tuple[str, str], None] = {}
    for leg in legs:
        name = _simple(leg.new.ref)
        for old in [*registry.old_names(leg.new.ref), leg.old.ref]:
            if _simple(old) != name:
                pairs[_simple(old), name] = None
    return tuple(pairs)


def _simple(ref: GlobalRef) -> str:
    return ref.qualname.rpartition(".")[2]
