"""Which migration steps a pickle would need, by what is declared at the moment.

Unlike a plan, this imports nothing that the pickle names: a class counts as far as its declaration,
or that of its lineage, is there already. So it may know less than a plan, never more.
"""

from __future__ import annotations

from collections.abc import Iterator

from pickle_migrate.errors import GapError, PickleMigrateError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry
from pickle_migrate.routes import route_for, steps_between
from pickle_migrate.scanner import Global, Scan, mapped
from pickle_migrate.stamps import StampedClass, StampText

#: Lines of one pickle; more are counted.
LINES = 200


def needed_steps(scan: Scan, registry: Registry = DEFAULT) -> tuple[str, ...]:
    """The steps and renames as lines, each once: ``shop:Order 1 to 2: rename qty to quantity``.
    What is in the way stands among them as ``not possible: ...``. Raises nothing, imports nothing.
    """
    lines: dict[str, None] = {}
    for named in scan.globals:
        try:
            lines.update(dict.fromkeys(_of_global(named, registry)))
        except PickleMigrateError as error:
            lines[_problem(error)] = None
    shown = tuple(lines)
    return shown if len(shown) <= LINES else (*shown[:LINES], f"{len(shown) - LINES} more")


def _of_global(named: Global, registry: Registry) -> Iterator[str]:
    if named.stamp is not None:
        yield from _of_stamp(StampText.decode(named.stamp), registry)
        return
    today = registry.current_ref(named.ref)
    if today != named.ref:
        yield f"{named.ref} is {today} today"
    else:
        today = mapped(named.ref, named.protocol)
    cls = registry.class_at(today)
    if cls is not None and named.use != "named":
        yield from _of_class(cls, None)
    elif named.use != "named" and registry.is_foreign(today):
        steps = {v: step for r in registry.family(today) for v, step in r.steps.items()}
        for version in sorted(steps):
            yield f"{steps[version].describe()} (if its state says that it is of that version)"


def _of_stamp(written: StampText, registry: Registry) -> Iterator[str]:
    head = written.head
    today = registry.current_ref(head.ref, head.version or None, head.fingerprint)
    if today != head.ref:
        yield f"{head.ref} is {today} today"
    cls = registry.class_at(today)
    if cls is not None:
        yield from _of_class(cls, written)
        return
    for stamped in reversed(written.classes):
        yield from _of_lineage(stamped, registry)


def _of_class(cls: type, written: StampText | None) -> Iterator[str]:
    route = route_for(cls, written)
    yield from (step.describe() for step in route.steps)
    yield from (_problem(error) for error in route.problems)
    if route.finishers:
        yield f"{GlobalRef.of(cls)}: a finishing stage, after the whole graph is loaded"


def _of_lineage(stamped: StampedClass, registry: Registry) -> Iterator[str]:
    """The declared steps from a version on, of a class that nobody registered by now."""
    if not stamped.version:
        return
    today = registry.current_ref(stamped.ref, stamped.version, stamped.fingerprint)
    records = registry.family(today)
    ends = [step.target for r in records for step in (*r.steps.values(), *r.squashed.values())]
    steps, gaps = steps_between(today, stamped.version, max(ends, default=0), records)
    missing = min((gap.missing for gap in gaps if isinstance(gap, GapError)), default=None)
    for step in steps:
        if missing is None or step.version < missing:
            yield step.describe()


def _problem(error: PickleMigrateError) -> str:
    return f"not possible: {error.what()}"
