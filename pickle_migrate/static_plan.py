"""What of a pickle can be upgraded without loading it, from its scan and what is declared.

For each global: a new name, or a new name and what becomes of the states of its objects, or why it
has to be loaded. Classes that this process knows tell their current version, schema and kind; of a
class that is gone the declared lineage does. ``look_up`` says what a ref is today, and decides
whether anything is imported for that; nothing else here imports what a pickle names.

Why the result is the same
    A stamp says in which version a state is, and loading migrates from there. So a state that is
    migrated by the declared operations, under the stamp of the version that they lead to, loads as
    the old one does: whatever way it was brought there. What could differ is what classes do to
    their own states, which is why ``static_states`` asks whether they have a say.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import attrs

from pickle_migrate.errors import GapError, PickleMigrateError, StaticError, UnstampedError
from pickle_migrate.findings import ClassFound, PicklePlan, Problem
from pickle_migrate.hooks import entry_of
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
from pickle_migrate.stamps import MODULE, StampText, text_only
from pickle_migrate.static_gone import (
    GoneClass,
    ReadSource,
    gone_class,
    told_by_lineage,
    unstamped_class,
)
from pickle_migrate.static_source import SourceClass, source_class
from pickle_migrate.static_states import States, against_class, states_of, states_of_gone

LookUp = Callable[[GlobalRef], Any]
Mentions = Callable[[str], bool]

_IMPORT: Final = "Name the module that says so with --import."
_TELL: Final = "If the class is gone, say it in its lineage: Lineage(...).unstamped(1)."
_TEXT_ONLY: Final = GlobalRef(text_only.__module__, text_only.__name__)


@attrs.frozen(eq=False)
class Change:
    """What becomes of one global of a pickle. ``written`` stands in its place. With ``states``, the
    objects that are made of it change too; ``stamp`` is what makes them afterwards, where that is
    not the global itself.
    """

    written: GlobalRef
    states: States | None = None
    stamp: GlobalRef | None = None


@attrs.frozen(eq=False)
class StaticPlan:
    """One pickle: what changes, by ref as the pickle spells it, and the plan as people see it.

    ``reasons`` say why it cannot be upgraded without loading; with one of them, it is not.
    """

    changes: dict[GlobalRef, Change]
    shown: PicklePlan
    reasons: tuple[StaticError, ...] = ()

    @property
    def only_names(self) -> bool:
        """Whether nothing but names changes."""
        return all(change.states is None for change in self.changes.values())


@attrs.define(eq=False)
class _Found:
    """What is gathered for one pickle."""

    changes: dict[GlobalRef, Change] = attrs.field(factory=dict)
    reasons: list[StaticError] = attrs.field(factory=list)
    problems: list[Problem] = attrs.field(factory=list)
    classes: list[ClassFound] = attrs.field(factory=list)
    steps: list[str] = attrs.field(factory=list)

    def refuse_all(self, ref: GlobalRef, reasons: Iterable[str], remedy: str = "") -> None:
        """Note every reason."""
        for reason in reasons:
            self.refuse(ref, reason, remedy)

    def refuse(self, ref: GlobalRef | str, reason: str, remedy: str = "") -> None:
        """Note why it cannot be done."""
        made = StaticError(str(ref), reason, remedy)
        if made.facts() not in [known.facts() for known in self.reasons]:
            self.reasons.append(made)


def loaded(ref: GlobalRef) -> Any:
    """What a ref names among the modules that are imported already, or None. Imports nothing, and
    runs no ``__getattr__`` of a module or a class.
    """
    found: Any = sys.modules.get(ref.module)
    for name in ref.qualname.split("."):
        holders = found.__mro__ if isinstance(found, type) else (found,)
        spaces = [getattr(holder, "__dict__", {}) for holder in holders]
        found = next((space[name] for space in spaces if name in space), None)
    return found


class StaticPlanner:
    """Plans pickles without importing what they name, unless ``look_up`` does."""

    def __init__(
        self,
        look_up: LookUp = loaded,
        registry: Registry = DEFAULT,
        import_migrations: Callable[[Iterable[str]], None] = lambda modules: None,
        read_source: ReadSource = source_class,
    ) -> None:
        self._read_source = read_source
        self._look_up = look_up
        self.registry = self._registry = registry
        self._import_migrations = import_migrations

    def plan(self, scan: Scan, mentions: Mentions = lambda text: True) -> StaticPlan:
        """The plan for one pickle. ``mentions`` says whether a text stands somewhere in it."""
        found = _Found()
        _hidden(scan, found)
        self._import_steps(scan)
        for named in scan.globals:
            try:
                if named.stamp is not None:
                    self._stamp(named, StampText.decode(named.stamp), found, mentions)
                elif named.ref != _TEXT_ONLY:
                    self._name(named, found)
            except PickleMigrateError as error:
                found.problems.append(Problem.of(error))
        return StaticPlan(found.changes, _shown(scan, found), tuple(found.reasons))

    def _import_steps(self, scan: Scan) -> None:
        """Import the modules of migrations that the classes themselves name: not the pickle."""
        modules: dict[str, None] = {}
        for named in scan.globals:
            ref = named.ref
            with contextlib.suppress(PickleMigrateError):
                if named.stamp is not None:
                    ref = StampText.decode(named.stamp).head.ref
                cls = self._class_at(ref)
                for k in registered_in_mro(cls) if cls is not None else ():
                    modules.update(dict.fromkeys(declaration_of(k).migrations))
        if modules:
            self._import_migrations(modules)

    # --- stamps -----------------------------------------------------------------------------------

    def _stamp(self, named: Global, stamp: StampText, found: _Found, mentions: Mentions) -> None:
        head = stamp.head
        cls = self._class_at(head.ref)
        if cls is None or entry_of(cls).stamp.text != named.stamp:
            today = self._registry.current_ref(head.ref, head.version or None, head.fingerprint)
            cls = self._class_at(today)
            if cls is None:
                gone = gone_class(stamp, self._registry, self._read_source)
                self._gone(named, stamp, gone, found, mentions)
                return
        route = route_for(cls, stamp)
        self._stamped(named, stamp, cls, route, found, mentions)

    def _stamped(
        self,
        named: Global,
        stamp: StampText,
        cls: type,
        route: Route,
        found: _Found,
        mentions: Mentions,
    ) -> None:
        entry = entry_of(cls)
        found.classes += self._classes_of(stamp, cls)
        found.problems += [Problem.of(problem) for problem in route.problems]
        if entry.writes(named.stamp) or route.problems:
            return
        found.steps += [step.describe() for step in route.steps]
        route = _without_names(route, mentions)
        reasons = against_class(entry, route, stamp)
        if reasons:
            found.refuse_all(stamp.head.ref, reasons)
            return
        now = entry.stamp.written
        same_form = (now.wrapped, now.whole) == (stamp.wrapped, stamp.whole)
        states = None
        if route.steps or route.old_names or not same_form:
            states = states_of(named.ref, entry, route, unstamped=False)
        _restamp(named, stamp, entry.stamp.text, states, found)

    def _gone(
        self, named: Global, stamp: StampText, gone: GoneClass, found: _Found, mentions: Mentions
    ) -> None:
        found.classes += gone.classes
        _problems(gone, found)
        if gone.stamp == stamp or gone.problems:
            return
        found.steps += [step.describe() for step in gone.steps]
        if gone.reasons:
            found.refuse_all(stamp.head.ref, gone.reasons)
            return
        states = None
        unmangle = gone.unmangle(mentions)
        if gone.steps or unmangle is not None:
            states = states_of_gone(named.ref, stamp, gone.steps, unmangle, gone.field_names)
        _restamp(named, stamp, gone.stamp.encode(), states, found)

    def _classes_of(self, stamp: StampText, cls: type) -> Iterator[ClassFound]:
        for one in stamp.classes:
            if not one.version:
                continue
            today = self._registry.current_ref(one.ref, one.version, one.fingerprint)
            current = None
            for k in registered_in_mro(cls):
                if GlobalRef.of(k) in (one.ref, today):
                    today, current = GlobalRef.of(k), declaration_of(k).version or None
                    break
            yield ClassFound(str(one.ref), str(today), one.version, current, stamped=True)

    # --- names ------------------------------------------------------------------------------------

    def _name(self, named: Global, found: _Found) -> None:
        today = today_of_name(self._registry, named.ref, named.via == "getattr")
        there = mapped(today, named.protocol) if today == named.ref else today
        cls = self._class_at(there)
        if cls is not None:
            self._known(named, today, cls, found)
            return
        source = None
        if named.use != "named":
            source = self._read_source(there) or told_by_lineage(today, self._registry)
        if source is not None and (source.unstamped or 1) != source.version:
            self._unstamped_gone(named, there, source, found)
        elif source is None and self._has_lineage(today) and named.use != "named":
            reason = "carries no version, and nothing here says which it has"
            found.refuse(named.ref, reason, f"{_IMPORT} {_TELL}")
        elif today != named.ref:
            found.classes.append(ClassFound(str(named.ref), str(today)))
            self._rename(named, today, found)

    def _unstamped_gone(
        self, named: Global, today: GlobalRef, source: SourceClass, found: _Found
    ) -> None:
        """Objects of a class that is there and not imported: its source tells their version."""
        version = source.unstamped
        found.classes.append(ClassFound(str(named.ref), str(today), version, source.version))
        if version is None:
            found.problems.append(Problem.of(UnstampedError(str(named.ref), source.version)))
            return
        gone = unstamped_class(today, self._registry, source)
        _problems(gone, found)
        if gone.problems:
            return
        found.steps += [step.describe() for step in gone.steps]
        own = () if source.reason is None else (source.reason,)
        reasons = (*gone.reasons, *_against_nested(named))
        if own or reasons:
            found.refuse_all(named.ref, own, _IMPORT)  # imported, the class may be found plain
            found.refuse_all(named.ref, [r for r in reasons if r not in own])
            return
        unmangle = gone.unmangle(lambda text: True)
        states = states_of_gone(named.ref, gone.written, gone.steps, unmangle, gone.field_names)
        stamp = GlobalRef(MODULE, gone.stamp.encode())
        found.changes[named.ref] = Change(today, states, stamp)

    def _known(self, named: Global, today: GlobalRef, cls: type, found: _Found) -> None:
        own = GlobalRef.of(cls)
        if named.use == "named":
            if own != named.ref:
                found.classes.append(ClassFound(str(named.ref), str(own)))
                self._rename(named, own, found)
            return
        found.classes += _unstamped(named, cls)
        route = route_for(cls, None)
        found.problems += [Problem.of(problem) for problem in route.problems]
        if route.problems:
            return
        found.steps += [step.describe() for step in route.steps]
        entry = entry_of(cls)
        reasons = (*against_class(entry, route, None), *_against_nested(named))
        if reasons:
            found.refuse_all(named.ref, reasons)
            return
        states = states_of(named.ref, entry, route, unstamped=True)
        stamp = GlobalRef(MODULE, entry.stamp.text)
        found.changes[named.ref] = Change(own, states, stamp)

    def _rename(self, named: Global, today: GlobalRef, found: _Found) -> None:
        found.changes[named.ref] = Change(today)

    def _has_lineage(self, ref: GlobalRef) -> bool:
        # Steps of classes of others were taken before, or there was nothing to do.
        return not self._registry.is_foreign(ref) and any(
            record.steps or record.finishers for record in self._registry.family(ref)
        )

    def _class_at(self, ref: GlobalRef) -> type | None:
        try:
            found = self._look_up(ref)
        except Exception:
            found = None
        if not isinstance(found, type) or not registered_in_mro(found):
            found = self._registry.class_at(ref)
        if not isinstance(found, type) or not registered_in_mro(found):
            return None
        return entry_of(found).cls


def _hidden(scan: Scan, found: _Found) -> None:
    if scan.unresolvable:
        found.refuse("", "the pickle computes names")


def _problems(gone: GoneClass, found: _Found) -> None:
    """What is in the way of a class that is not here: perhaps only that its steps are not."""
    for problem in gone.problems:
        if isinstance(problem, GapError):
            reason = "needs steps that no imported module declares"
            found.refuse(problem.ref, reason, _IMPORT)
        else:
            found.problems.append(Problem.of(problem))


def _restamp(
    named: Global, stamp: StampText, new: str, states: States | None, found: _Found
) -> None:
    if named.via != "find_class":
        found.refuse(stamp.head.ref, "is in the pickle by value, which only its program knows")
    else:
        found.changes[named.ref] = Change(GlobalRef(MODULE, new), states)


def _against_nested(named: Global) -> tuple[str, ...]:
    """Why a class that the pickle gets by ``getattr`` cannot get a stamp."""
    if named.via != "find_class" and "named" in named.uses:
        return ("is a value too, and nested in another class, below protocol 4",)
    return ()


def _without_names(route: Route, mentions: Mentions) -> Route:
    """The route without the old names of private attributes of which the pickle holds none."""
    kept = tuple(pair for pair in route.old_names if mentions(f"_{pair[0]}__"))
    return attrs.evolve(route, old_names=kept)


def _unstamped(named: Global, cls: type) -> Iterator[ClassFound]:
    for k in registered_in_mro(cls):
        declaration, today = declaration_of(k), str(GlobalRef.of(k))
        written = declaration.unstamped
        if written is None and declaration.version == 1:
            written = 1
        ref = str(named.ref) if k is cls else today
        yield ClassFound(ref, today, written, declaration.version or None)


def _shown(scan: Scan, found: _Found) -> PicklePlan:
    problems = found.problems
    return PicklePlan(
        protocol=scan.protocol,
        classes=tuple(dict.fromkeys(found.classes)),
        steps=tuple(dict.fromkeys(found.steps)),
        problems=tuple(p for i, p in enumerate(problems) if p not in problems[:i]),
        is_old=bool(found.changes or found.reasons),
    )
