"""From scanned pickles to a plan: which steps, which renames, and all that is in the way.

The planner decides and does nothing: no pickle is loaded and no file is touched. It has to know the
classes, though, so the modules that a pickle names are imported, by the two functions that it is
given. With a policy, a pickle that holds something refused is not looked at any further, and
nothing that it names is imported. Without one, whoever plans for a pickle must trust it as much as
if it were to be loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

from pickle_migrate.errors import (
    ContentError,
    PickleMigrateError,
    PolicyError,
    UnknownClassError,
)
from pickle_migrate.findings import ClassFound, PicklePlan, Problem
from pickle_migrate.hooks import entry_of
from pickle_migrate.policy import Policy
from pickle_migrate.policy_presets import NAMES
from pickle_migrate.policy_verdicts import EXTENSIONS, NOT_LISTED, RENAMES, STANDS_ALONE, Refusal
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import (
    DEFAULT,
    Registry,
    declaration_of,
    registered_in_mro,
    today_of_name,
)
from pickle_migrate.routes import Route, route_for
from pickle_migrate.scanner import Global, Scan, mapped
from pickle_migrate.stamps import StampedClass, StampText, text_only

ImportRef = Callable[[GlobalRef], Any]
ImportMigrations = Callable[[Iterable[str]], None]

# A pickle may name a million things that are refused; a person needs the first few.
_MOST_TOLD = 20
_LIBRARIES = frozenset(f"preset {name}" for name in NAMES if name != "registered")
_TEXT_ONLY = GlobalRef(text_only.__module__, text_only.__name__)


@attrs.frozen
class _Seen:
    """A global of a pickle with what it is today. ``found`` is a class, anything else, or None when
    it is not there; ``error`` then says why.
    """

    named: Global
    stamp: StampText | None
    today: GlobalRef
    found: Any = None
    error: Exception | None = None

    @property
    def cls(self) -> type | None:
        """The class, if it is versioned or has a base that is."""
        return _versioned(self.found)

    @property
    def makes(self) -> bool:
        """Whether the pickle makes objects of it by itself, rather than through a stamp."""
        return self.stamp is None and self.named.use != "named"

    @property
    def is_old(self) -> bool:
        """Whether the pickle would be another one if it were written today."""
        if self.cls is None:
            return self.stamp is None and self.today != self.named.ref
        if self.stamp is not None:
            return not entry_of(self.cls).writes(self.named.stamp)
        return self.makes or self.today != self.named.ref


class Planner:
    """Plans pickles by what a registry knows.

    ``import_ref`` gives what a ref names, or raises. ``import_migrations`` imports the modules of
    migrations of the settings, and those that it is given. Both run user code. ``policy`` says what
    may be imported; None: all.
    """

    def __init__(
        self,
        import_ref: ImportRef,
        import_migrations: ImportMigrations,
        registry: Registry = DEFAULT,
        policy: Policy | None = None,
    ) -> None:
        self.policy = policy
        self._resolve = import_ref
        self._import_migrations = import_migrations
        self._registry = registry
        self._plans: dict[PicklePlan, PicklePlan] = {}

    def plan(self, scan: Scan) -> PicklePlan:
        """The plan for one pickle. Every problem is listed, none is raised."""
        problems = list(_hidden(scan))
        refused = self._refused(scan)
        if refused:
            problems += [Problem.of(refusal.error()) for refusal in refused[:_MOST_TOLD]]
            more = len(refused) - _MOST_TOLD
            if more > 0:
                problems.append(Problem("PolicyError", f"{more:,} more are refused."))
            return PicklePlan(scan.protocol, problems=_each_once(problems))
        seen = [self._see(g) for g in scan.globals if g.ref != _TEXT_ONLY]
        if any(one.is_old or one.error for one in seen):
            try:
                self._import_migrations(_migration_modules(seen))
            except Exception as error:
                problems.append(Problem.of(error, "importing the migrations"))
            # Only now are all renames known: a name may belong to another class.
            seen = [self._see(g) for g in scan.globals if g.ref != _TEXT_ONLY]
        classes: list[ClassFound] = []
        steps: list[str] = []
        watched: list[str] = []
        for one in seen:
            if one.error is not None:
                problems.append(_missing(one))
            classes += self._classes(one)
            route = self._route(one, problems)
            if route is not None and (route.steps or route.finishers):
                steps += [step.describe() for step in route.steps]
                watched += [str(one.today)] if one.makes else []
        is_old = any(one.is_old for one in seen)
        if is_old:
            problems += _outside(scan)
        made = PicklePlan(
            protocol=scan.protocol,
            classes=tuple(dict.fromkeys(classes)),
            steps=tuple(dict.fromkeys(steps)),
            problems=_each_once(problems),
            is_old=is_old,
            watched=tuple(dict.fromkeys(watched)),
            let_in=self._let_in(scan),
        )
        # Of a hundred thousand files, most have the same plan.
        return made if problems else self._plans.setdefault(made, made)

    # --- what may be imported -------------------------------------------------------------------

    def _refused(self, scan: Scan) -> list[Refusal]:
        if self.policy is None:
            return []
        found = _refusals(self.policy, scan)
        if any(refusal.rule == NOT_LISTED for refusal in found):
            before = self._registry.generation
            try:
                self._import_migrations(())  # they may declare the very names
            except Exception:
                return found  # whoever loads is told; here the names are what is in the way
            if self._registry.generation != before:
                found = _refusals(self.policy, scan)
        return found

    def _let_in(self, scan: Scan) -> tuple[str, ...]:
        """What only ``trust`` allows, as texts."""
        if self.policy is None or not self.policy.trust:
            return ()
        strict = attrs.evolve(self.policy, trust=False)
        found = _refusals(strict, scan)
        return tuple(dict.fromkeys(str(one.ref) if one.ref else one.problem for one in found))

    def import_ref(self, ref: GlobalRef) -> Any:
        """What a ref names. Raises PolicyError, and as resolving it does."""
        if self.policy is not None:
            verdict = self.policy.verdict_today(ref)
            if not verdict.allowed:
                raise PolicyError(str(ref), 0, verdict.rule, "is not allowed", verdict.remedy)
            if verdict.rule in _LIBRARIES:
                return None  # such classes have no versions, and numpy takes long to import
        if self._registry.is_foreign(ref) or self._registry.pack_of(ref) is not None:
            return None  # neither have these, and perhaps they are gone
        return self._resolve(ref)

    # --- what a global is today -----------------------------------------------------------------

    def _see(self, named: Global) -> _Seen:
        try:
            if named.stamp is not None:
                return self._see_stamp(named, StampText.decode(named.stamp))
            return self._see_name(named)
        except PickleMigrateError as error:
            return _Seen(named, None, named.ref, None, error)

    def _see_stamp(self, named: Global, stamp: StampText) -> _Seen:
        head = stamp.head
        cls = self._class_at(head.ref)
        if cls is not None and entry_of(cls).stamp.text == named.stamp:
            return _Seen(named, stamp, head.ref, cls)
        today = self._today(head)
        cls = self._class_at(today)
        if cls is not None:
            return _Seen(named, stamp, GlobalRef.of(cls), cls)
        renamed = "" if today == head.ref else f" (renamed to {today})"
        try:
            found = self.import_ref(today)
            reason = "that class is not registered with @versioned"
            if not isinstance(found, type):
                reason = "that is no class today"
        except Exception as failure:
            reason = f"it cannot be imported: {_reason(failure)}"
        error = UnknownClassError(str(head.ref), head.version, reason + renamed)
        return _Seen(named, stamp, today, None, error)

    def _see_name(self, named: Global) -> _Seen:
        today = today_of_name(self._registry, named.ref, named.via == "getattr")
        try:
            if today == named.ref:
                found = self.import_ref(mapped(today, named.protocol))
            else:
                found = self.import_ref(today)
        except PolicyError as error:
            error.offset = named.offset
            raise
        except Exception as error:
            reason = f"it cannot be imported: {_reason(error)}"
            if today != named.ref:
                reason = f"it is renamed to {today}, which cannot be imported: {_reason(error)}"
            return _Seen(named, None, today, None, UnknownClassError(str(named.ref), 0, reason))
        if _versioned(found) is not None:
            today = GlobalRef.of(found)
        return _Seen(named, None, today, found)

    def _class_at(self, ref: GlobalRef) -> type | None:
        try:
            found = self.import_ref(ref)
        except Exception:
            found = self._registry.class_at(ref)
        return _versioned(found)

    def _today(self, stamped: StampedClass) -> GlobalRef:
        return self._registry.current_ref(stamped.ref, stamped.version or None, stamped.fingerprint)

    # --- what there is to do --------------------------------------------------------------------

    def _route(self, one: _Seen, problems: list[Problem]) -> Route | None:
        if one.cls is None or (one.stamp is None and not one.makes):
            return None
        try:
            route = route_for(one.cls, one.stamp)
        except PickleMigrateError as error:
            problems.append(Problem.of(error))
            return None
        problems += [Problem.of(problem) for problem in route.problems]
        return route

    def _classes(self, one: _Seen) -> Iterator[ClassFound]:
        if one.stamp is not None:
            yield from (self._stamped(c, one.cls) for c in one.stamp.classes if c.version)
        elif one.cls is None:
            if one.today != one.named.ref:
                yield ClassFound(str(one.named.ref), str(one.today))
        elif one.makes:
            yield from _unstamped(one, one.cls)
        elif one.is_old:
            yield ClassFound(str(one.named.ref), str(one.today))

    def _stamped(self, stamped: StampedClass, cls: type | None) -> ClassFound:
        ref = str(stamped.ref)
        for k in registered_in_mro(cls) if cls is not None else []:
            is_it = GlobalRef.of(k) == stamped.ref
            if is_it or GlobalRef.of(k) == self._today(stamped):
                current = declaration_of(k).version or None
                return ClassFound(ref, str(GlobalRef.of(k)), stamped.version, current, stamped=True)
        return ClassFound(ref, ref, stamped.version, None, stamped=True)


def _versioned(found: Any) -> type | None:
    if not isinstance(found, type) or not registered_in_mro(found):
        return None
    return entry_of(found).cls  # which enters a subclass that nobody registered, as a load would


def _unstamped(one: _Seen, cls: type) -> Iterator[ClassFound]:
    for k in registered_in_mro(cls):
        declaration, today = declaration_of(k), str(GlobalRef.of(k))
        written = declaration.unstamped
        if written is None and declaration.version == 1:
            written = 1
        ref = str(one.named.ref) if k is cls else today
        yield ClassFound(ref, today, written, declaration.version or None)


def _refusals(policy: Policy, scan: Scan) -> list[Refusal]:
    """What a policy refuses, without what is a problem of its own here, whatever the policy."""
    own = (EXTENSIONS, STANDS_ALONE, RENAMES)
    return [one for one in policy.refusals(scan, persistent=True) if one.rule not in own]


def _hidden(scan: Scan) -> Iterator[Problem]:
    """What keeps the scan from seeing which classes a pickle holds."""
    if scan.extensions:
        yield _only_its_program("extension codes, whose meaning stands in the program's copyreg")
    if scan.unresolvable:
        yield _only_its_program("names that it computes")


def _outside(scan: Scan) -> Iterator[Problem]:
    """What a pickle leaves to its program, and what there is no loader for here."""
    if scan.persistent_ids:
        yield _only_its_program("persistent ids, which stand for objects outside of it")
    if scan.buffers:
        yield _only_its_program("buffers outside of it (buffer_callback)")


def _only_its_program(what: str) -> Problem:
    remedy = "Upgrade it in its own program: load it with pickle_migrate, and dump it."
    return Problem.of(ContentError(f"holds a pickle with {what}", remedy))


def _migration_modules(seen: list[_Seen]) -> list[str]:
    classes = [k for one in seen if one.cls is not None for k in registered_in_mro(one.cls)]
    return list(dict.fromkeys(m for k in classes for m in declaration_of(k).migrations))


def _missing(one: _Seen) -> Problem:
    assert one.error is not None
    problem = Problem.of(one.error)
    if not isinstance(one.error, UnknownClassError):
        return problem
    if one.named.ref.module == "__main__" or one.named.via == "text_only":
        advice = (
            "Classes of a script or of a function are known to their program alone: "
            "upgrade the file there, or move the class to a module and rename it."
        )
        return attrs.evolve(problem, advice=advice)
    hint = "If its code is in another folder, name that with --path."
    return attrs.evolve(problem, advice=f"{hint} {problem.advice}")


def _reason(error: Exception) -> str:
    text = Problem.of(error).what
    return text.partition(": ")[2] if isinstance(error, ImportError | AttributeError) else text


def _each_once(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(p for i, p in enumerate(problems) if p not in problems[:i])
