"""The way back from the current version of a class to an older one, and all that is in the way.

A plan is a value: nothing is imported, run or written to make it, and it prints. The steps are the
inverses of the declared ones, in the opposite order, or what ``Lineage.downgrade`` says instead.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from pickle_migrate.compiler import Migrate, compile_chain
from pickle_migrate.downgrades.names import fingerprint_at, name_at
from pickle_migrate.errors import DowngradeError
from pickle_migrate.fieldrules import Operation, listed, name_of
from pickle_migrate.migration import Migration, WayBack
from pickle_migrate.operations import (
    AddField,
    ConvertField,
    MergeFields,
    RemoveField,
    RenameField,
    RunFunction,
    SplitField,
)
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry, declaration_of

if TYPE_CHECKING:
    from pickle_migrate.lineage import LineageRecord


@attrs.frozen(slots=False)
class StepBack:
    """One step of a way back: from ``version + 1`` to ``version``.

    ``upgrade`` is the step that it undoes, None where there is none but a function of the finishing
    stage; ``finishes``: there is such a function. ``lossy``: consent was declared to what it drops.
    """

    migration: Migration
    upgrade: Migration | None
    lossy: bool = False
    finishes: bool = False

    @property
    def version(self) -> int:
        """The version that it leads to."""
        return self.migration.version

    @functools.cached_property
    def back(self) -> Migrate:
        """What takes a state back, compiled. The state that it is given is not changed."""
        return compile_chain((self.migration,))

    @functools.cached_property
    def forth(self) -> Migrate:
        """What takes the older state up again."""
        return compile_chain(() if self.upgrade is None else (self.upgrade,))

    @functools.cached_property
    def only_names(self) -> bool:
        """Whether the upgrade makes no value of a value."""
        operations = () if self.upgrade is None else self.upgrade.operations
        return all(isinstance(op, AddField | RemoveField | RenameField) for op in operations)

    @property
    def drops(self) -> tuple[str, ...]:
        """The fields that an operation removes, so that a value may be lost, in order."""
        return tuple(op.name for op in self.migration.operations if isinstance(op, RemoveField))

    def describe(self) -> str:
        """What it does, in one line."""
        return self.migration.describe()


@attrs.frozen
class Backward:
    """The way back of one class from ``current`` to ``version``, newest step first.

    ``version`` 0 asks for pickles without a stamp; then the steps lead to the version that
    ``unstamped=`` says. ``name`` is what the class was called at that version, ``fingerprint`` what
    its stamps had, None where nobody knows. With one of ``problems``, nothing can be written.
    """

    ref: GlobalRef
    current: int
    version: int
    steps: tuple[StepBack, ...] = ()
    name: GlobalRef | None = None
    fingerprint: str | None = None
    problems: tuple[DowngradeError, ...] = ()

    @property
    def losses(self) -> tuple[str, ...]:
        """What objects may lose and nobody consented to, one sentence for each step: a value that
        the upgrade would not put there again. Whether an object has such a value is only known when
        it is written; then it is refused.
        """
        return tuple(
            f"The way back from {step.migration.source} to {step.version} drops "
            f"{listed(step.drops)}: refused for objects whose value is not the one that the "
            "upgrade puts there."
            for step in self.steps
            if step.drops and not step.lossy
        )

    def check(self) -> Backward:
        """The plan itself. Raises the first problem if there is one."""
        if self.problems:
            raise self.problems[0]
        return self

    def lines(self) -> tuple[str, ...]:
        """The plan for a person: the steps, what may be lost, and what is in the way."""
        head = f"{self.ref} from version {self.current} to {self.version or 'no stamp'}"
        renamed = "" if self.name in (None, self.ref) else f", as {self.name}"
        steps = [f"  {step.describe()}" for step in self.steps]
        problems = [f"  {problem}" for problem in self.problems]
        return (f"{head}{renamed}", *steps, *(f"  {loss}" for loss in self.losses), *problems)

    def __str__(self) -> str:
        return "\n".join(self.lines())


def backward(
    target: type | str | GlobalRef, version: int, registry: Registry = DEFAULT
) -> Backward:
    """The way back of a registered class to ``version``, with all that is in the way.

    ``target``: the class or its ref, also one that it had before. ``version``: from 0 (no stamp) to
    the current one; a higher one is a problem. The lineage of the class alone: its bases have ways
    of their own. The modules of migrations must be imported already. Imports, runs and writes
    nothing. Raises RefError.
    """
    asked = GlobalRef.of(target)
    ref = asked if registry.holder(asked) is not None else registry.current_ref(asked)
    cls = registry.class_at(ref)
    if cls is None or not declaration_of(cls).version:
        remedy = "Import the module that registers it with @versioned first."
        problem = DowngradeError(str(asked), version, 0, "no class of that name is here", remedy)
        return Backward(ref, 0, version, problems=(problem,))
    return way_of(cls, version, asked)


def way_of(cls: type, version: int, asked: GlobalRef) -> Backward:
    """As ``backward``, for a class. ``asked``: the name by which the version was asked for; an
    older one is the name to write.
    """
    declaration, ref = declaration_of(cls), GlobalRef.of(cls)
    registry, current = declaration.registry, declaration.version
    if version > current:
        newer = DowngradeError(
            str(ref), version, current, "that is newer than this code", "Ask for an older version."
        )
        return Backward(ref, current, version, problems=(newer,))
    base = version or declaration.unstamped or (1 if current == 1 else 0)
    problems: list[DowngradeError] = []
    if not base:
        problems.append(
            DowngradeError(
                str(ref),
                0,
                current,
                "nothing says which version the pickles without a stamp have",
                f"Say it: @versioned({current}, unstamped=1).",
            )
        )
        return Backward(ref, current, version, problems=tuple(problems))
    steps, gaps = _steps(ref, base, current, registry.family(ref))
    name, unsure = (asked, None) if asked != ref else (ref, None)
    if asked == ref:
        name, unsure = name_at(registry, ref, base, current)
    problems += [_asked_for(gap, version) for gap in gaps]
    if unsure is not None:
        remedy = (
            f"Say it: Lineage({str(ref)!r}).renamed_from(..., until=N), or ask for the version by "
            "the name that the reader knows."
        )
        problems.append(DowngradeError(str(ref), version, current, unsure, remedy))
    fingerprint = None
    if version:
        fingerprint = fingerprint_at(registry, ref, version, current, declaration.fingerprint)
    return Backward(ref, current, version, steps, name, fingerprint, tuple(problems))


def _asked_for(gap: DowngradeError, version: int) -> DowngradeError:
    return DowngradeError(gap.ref, version, gap.current, gap.problem, gap.remedy)


def _steps(
    ref: GlobalRef, version: int, current: int, records: list[LineageRecord]
) -> tuple[tuple[StepBack, ...], list[DowngradeError]]:
    steps: list[StepBack] = []
    problems: list[DowngradeError] = []
    for v, upgrade in _upgrades(version, current, records):
        end = v + 1 if upgrade is None else upgrade.target
        way = next((r.ways_back[v] for r in records if v in r.ways_back), None)
        finishers = [f for r in records for n in range(v, end) for f in r.finishers.get(n, ())]
        found = _step(upgrade, way, finishers=bool(finishers))
        if found is not None:
            lossy = way is not None and way.lossy
            steps.append(StepBack(found, upgrade, lossy, finishes=bool(finishers)))
            continue
        if upgrade is None and not finishers:
            problem = f"no migration leads from {v} to {end}, so none leads back"
        elif finishers and (upgrade is None or upgrade.inverse() is not None):
            names = " and ".join(name_of(f) for f in finishers)
            problem = f"what {names} does after loading (from {v} to {end}) has no way back"
        else:
            assert upgrade is not None
            problem = f"the step from {v} to {end} has no inverse ({_without_inverse(upgrade)})"
        problems.append(DowngradeError(str(ref), v, current, problem, _remedy(ref, v, upgrade)))
    return tuple(reversed(steps)), problems[::-1]


def _upgrades(
    version: int, current: int, records: list[LineageRecord]
) -> list[tuple[int, Migration | None]]:
    """The steps to undo with their versions, oldest first: single ones where they are there, for a
    way back is declared for those; squashed ones in their place where they are not.
    """
    found: list[tuple[int, Migration | None]] = []
    v = version
    while v < current:
        step = next((r.steps[v] for r in records if v in r.steps), None)
        if step is None and not any(v in r.ways_back for r in records):
            squashed = [r.squashed[v] for r in records if v in r.squashed]
            step = next((one for one in squashed if one.target <= current), None)
        found.append((v, step))
        v = v + 1 if step is None else step.target
    return found


def _step(upgrade: Migration | None, way: WayBack | None, *, finishers: bool) -> Migration | None:
    """The migration back, or None if there is none."""
    declared = None if way is None else way.migration
    if declared is None:
        # Consent alone says that what the finishing stage did may be left as it is.
        if finishers and not (way is not None and way.lossy):
            return None
        return None if upgrade is None else upgrade.inverse()
    if upgrade is None or declared.operations:
        if upgrade is not None and upgrade.arguments is not None and declared.arguments is None:
            if upgrade.arguments_back is None:
                return None
            return attrs.evolve(declared, arguments=upgrade.arguments_back)
        return declared
    # Only the arguments have a function of their own; the state goes back by the inverses.
    by_itself = attrs.evolve(upgrade, arguments=None).inverse()
    return None if by_itself is None else attrs.evolve(by_itself, arguments=declared.arguments)


def _without_inverse(upgrade: Migration) -> str:
    found = [one.describe() for one in upgrade.operations if one.inverse() is None]
    if upgrade.arguments is not None and upgrade.arguments_back is None:
        found.append("change the constructor arguments")
    return "; ".join(found)


def _remedy(ref: GlobalRef, v: int, upgrade: Migration | None) -> str:
    hints = [] if upgrade is None else _hints(ref, v, upgrade.operations)
    whole = f"declare the way back: Lineage({str(ref)!r}).downgrade({v}, ...)"
    return f"{', '.join(dict.fromkeys(hints))}; or {whole}." if hints else f"D{whole[1:]}."


def _hints(ref: GlobalRef, v: int, operations: Iterable[Operation]) -> list[str]:
    hints = []
    for one in operations:
        if one.inverse() is not None:
            continue
        if isinstance(one, RemoveField):
            hints.append(f"Say what was there before: RemoveField({one.name!r}, default=...)")
        elif isinstance(one, ConvertField | SplitField | MergeFields):
            hints.append(f"Give {type(one).__name__} the function that leads back: inverse=...")
        elif isinstance(one, RunFunction):
            call = f"@migrates({str(ref)!r}, {v}, inverse=...)"
            hints.append(f"Give {name_of(one.function)} the function that leads back: {call}")
    return hints
