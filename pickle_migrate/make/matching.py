"""Which locked class is which class of today, and which of them need a step.

Nothing is imported, written or run; what cannot be known is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from pickle_migrate.errors import RequestError
from pickle_migrate.filling.changes import allows
from pickle_migrate.lineage import LineageRecord
from pickle_migrate.lock.changes import between_versions
from pickle_migrate.lock.today import with_old_names
from pickle_migrate.lock.update import updated
from pickle_migrate.lock.values import Lock, LockedClass
from pickle_migrate.make.assigned import assigned_fields
from pickle_migrate.make.bases import Bases, with_bases, with_pulled_up
from pickle_migrate.make.hints import Options, hints_for
from pickle_migrate.make.questions import Asker, Question, Unanswered
from pickle_migrate.make.subject import Subject
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry, declaration_of
from pickle_migrate.routes import steps_between


@attrs.frozen
class Moved:
    """A class or, as modules, a whole package that has another name. ``old``, ``new`` are texts."""

    old: str
    new: str


@attrs.define
class Work:
    """What there is to do. ``subjects`` need a step; ``moved`` classes only a word, ``packages``
    the same for all in them. ``declared`` have their step and only need the version raised, from
    the first number to the second. ``notes`` are for people.
    """

    subjects: list[Subject] = attrs.field(factory=list)
    moved: list[Moved] = attrs.field(factory=list)
    packages: list[Moved] = attrs.field(factory=list)
    declared: list[tuple[GlobalRef, int, int]] = attrs.field(factory=list)
    notes: list[str] = attrs.field(factory=list)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is to be written."""
        return not (self.subjects or self.moved or self.packages or self.declared)


def find_work(
    before: Lock,
    today: Lock,
    registry: Registry,
    asker: Asker,
    options: Options,
    moved: Iterable[str] = (),
    only: Iterable[GlobalRef] = (),
    bases: Bases | None = None,
) -> Work:
    """Compare the lock with today. ``moved``: hints as ``old=new``; ``only``: look at these classes
    alone, if any; ``bases``: those that archived pickles have. Raises RequestError.
    """
    named = with_old_names(before, today, registry)
    matcher = _Matcher(before, named, registry, asker, bases or {})
    matcher.hint(moved)
    return matcher.work(options, frozenset(only))


@attrs.define
class _Matcher:
    before: Lock
    today: Lock
    registry: Registry
    asker: Asker
    bases: Bases
    hinted: dict[str, str] = attrs.field(factory=dict)
    pending: set[GlobalRef] = attrs.field(factory=set)
    asked: set[GlobalRef] = attrs.field(factory=set)

    def hint(self, moved: Iterable[str]) -> None:
        for text in moved:
            old, equals, new = text.partition("=")
            if not equals or (":" in old) is not (":" in new):
                raise RequestError(
                    f"--moved {text}: it is not old=new",
                    "Write --moved shop.models:Order=shop.orders:Purchase, or modules: --moved "
                    "shop=store.",
                )
            self.hinted[old.strip()] = new.strip()

    def work(self, options: Options, only: frozenset[GlobalRef]) -> Work:
        work = Work()
        moves = self._moves(work)
        done = updated(self.before, self._named(moves))
        olds = {one.ref: one for one in self.before.classes}
        joined = {c.ref: c.before for c in (*done.refused, *done.changes) if c.before is not None}
        for now in self.today.classes:
            if only and now.ref not in only:
                continue
            old = joined.get(now.ref) or olds.get(now.ref)
            if old is not None:
                self._look_at(old, now, moves.get(now.ref), options, work)
        work.subjects = with_pulled_up(work.subjects)
        work.moved = [m for m in work.moved if not only or GlobalRef.parse(m.new) in only]
        work.notes += [
            f"{one.ref} is in the lock and no longer in the code. Its old pickles load only if a "
            "lineage says what became of it."
            for one in done.gone
            if not only and one.ref not in self.asked
        ]
        return work

    # --- classes that moved -----------------------------------------------------------------------

    def _named(self, moves: Mapping[GlobalRef, GlobalRef]) -> Lock:
        """Today's lock with the old names that were told just now."""
        found = []
        for one in self.today.classes:
            old = moves.get(one.ref)
            names = {*one.old_names, *([] if old is None else [str(old)])}
            found.append(attrs.evolve(one, old_names=tuple(sorted(names))))
        return Lock(tuple(found))

    def _moves(self, work: Work) -> dict[GlobalRef, GlobalRef]:
        refs = {one.ref for one in self.today.classes}
        told = {name for one in self.today.classes for name in one.old_names}
        gone = [o for o in self.before.classes if o.ref not in refs and str(o.ref) not in told]
        known = {one.ref for one in self.before.classes}
        new = [n for n in self.today.classes if n.ref not in known and not n.old_names]
        moves: dict[GlobalRef, GlobalRef] = {}
        self._packages(gone, new, moves, work)
        for one in [n for n in new if n.ref not in moves and n.ref not in self.pending]:
            taken = set(moves.values())
            for old in _by_likeness([o for o in gone if o.ref not in taken], one):
                if self._is_moved(old, one):
                    moves[one.ref] = old.ref
                    work.moved.append(Moved(str(old.ref), str(one.ref)))
                    break
        return moves

    def _is_moved(self, old: LockedClass, new: LockedClass) -> bool:
        if str(old.ref) in self.hinted:
            return self.hinted[str(old.ref)] == str(new.ref)
        if str(new.ref) in self.hinted.values():
            return False
        self.asked.add(old.ref)
        return self.asker.confirm(
            Question(
                f"Is {new.ref} what {old.ref} was?",
                f"--moved {old.ref}={new.ref}   (or write "
                f'Lineage("{new.ref}").renamed_from("{old.ref}"))',
            )
        )

    def _packages(
        self,
        gone: list[LockedClass],
        new: list[LockedClass],
        moves: dict[GlobalRef, GlobalRef],
        work: Work,
    ) -> None:
        groups: dict[tuple[str, str], list[tuple[GlobalRef, GlobalRef]]] = {}
        for old in gone:
            for one in new:
                if old.ref.qualname == one.ref.qualname and old.ref.module != one.ref.module:
                    pair = _prefixes(old.ref.module, one.ref.module)
                    groups.setdefault(pair, []).append((old.ref, one.ref))
        for (before, after), pairs in sorted(groups.items(), key=lambda item: -len(item[1])):
            pairs = [(o, n) for o, n in pairs if n not in moves and o not in moves.values()]
            hinted = self.hinted.get(before) == after
            if not hinted and (len(pairs) < 2 or before in self.hinted):
                continue
            question = Question(
                f"Was {before} renamed to {after}, with {len(pairs)} classes in it?",
                f"--moved {before}={after}",
            )
            if hinted or self.asker.confirm(question):
                work.packages.append(Moved(before, after))
                moves.update((n, o) for o, n in pairs)
            elif isinstance(self.asker, Unanswered):
                self.pending.update(n for _, n in pairs)
                self.asked.update(o for o, _ in pairs)

    # --- one class --------------------------------------------------------------------------------

    def _look_at(
        self,
        old: LockedClass,
        now: LockedClass,
        moved_from: GlobalRef | None,
        options: Options,
        work: Work,
    ) -> None:
        cls = self.registry.class_at(now.ref)
        if cls is None:
            return
        locked, current = old.head.version, now.head.version
        if current < locked:
            work.notes.append(
                f"{now.ref} is at version {current}, and the lock knows version {locked}: raise it "
                f"to {locked} at least, with @versioned({locked})."
            )
            return
        subject = Subject(
            now.ref,
            cls,
            old.head,
            now.head,
            locked,
            locked + 1 if current == locked else current,
            hints_for(now.ref, cls, options),
            assigned_fields(cls, {one.ref for one in self.before.classes if not one.head.fields}),
            others_now=_by_name(self.today),
            others_then=_by_name(self.before),
        )
        if any(m.new == str(now.ref) for m in work.moved):
            assert moved_from is not None
            subject = attrs.evolve(subject, old_name=str(moved_from))
        subject = with_bases(subject, self.bases, self.before, self.today)
        if current == locked:
            self._same_version(subject, work)
        else:
            self._raised(subject, work)

    def _same_version(self, subject: Subject, work: Work) -> None:
        if not _has_drifted(subject):
            return
        records = self._records(subject)
        steps, gaps = steps_between(subject.ref, subject.version, subject.to, records)
        if steps and not gaps:
            work.declared.append((subject.ref, subject.version, subject.to))
        else:
            self._take(subject, work)

    def _raised(self, subject: Subject, work: Work) -> None:
        records = self._records(subject)
        steps, gaps = steps_between(subject.ref, subject.version, subject.to, records)
        if not gaps:
            return
        if steps:
            raise RequestError(
                f"{subject.ref}: the lock knows version {subject.version}, the code is at "
                f"{subject.to}, and only some of the steps between them are there",
                "Lock each version with `pickle-migrate lock` when it is made; write the missing "
                f"step yourself: pickle-migrate make --empty {subject.ref} begins it.",
            )
        self._take(subject, work)

    def _records(self, subject: Subject) -> list[LineageRecord]:
        registry = declaration_of(subject.cls).registry
        found = registry.family(subject.ref)
        if subject.old_name:
            found = [*found, *registry.family(GlobalRef.parse(subject.old_name))]
        return found

    def _take(self, subject: Subject, work: Work) -> None:
        if {subject.old.state, subject.new.state} & {"own", "reduce"}:
            work.notes.append(
                f"{subject.ref} says itself what its pickles hold (__getstate__ or __reduce__). "
                "The step goes by the fields that it declares: look whether they are in its state, "
                "or begin with --empty."
            )
        work.subjects.append(subject)
        work.moved = [m for m in work.moved if m.new != str(subject.ref)]


def _has_drifted(subject: Subject) -> bool:
    if subject.words:
        return True
    content = [c for c in between_versions(subject.old, subject.new) if c.is_drift]
    if any(not allows(subject.cls, change.kind, change.name) for change in content):
        return True
    if declaration_of(subject.cls).fill:
        return False
    if subject.new.fields is None or subject.new.seen:
        known = subject.old.fields is not None and subject.assigned is not None
        return known and set(subject.before) != set(subject.after)
    return False


def _by_name(lock: Lock) -> dict[str, tuple[GlobalRef, frozenset[str]]]:
    return {
        one.ref.qualname.rpartition(".")[2]: (
            one.ref,
            frozenset(name for name, _ in one.head.fields or ()),
        )
        for one in lock.classes
    }


def _prefixes(old: str, new: str) -> tuple[str, str]:
    """The parts of two module names in which they differ, without the ends that are the same."""
    olds, news = old.split("."), new.split(".")
    while len(olds) > 1 and len(news) > 1 and olds[-1] == news[-1]:
        olds.pop()
        news.pop()
    return ".".join(olds), ".".join(news)


def _by_likeness(gone: list[LockedClass], new: LockedClass) -> Iterator[LockedClass]:
    """Locked classes that the new one may have been, the likeliest first."""
    found = [(_likeness(old, new), old) for old in gone]
    found = [(score, old) for score, old in found if score >= 0.5]
    yield from (old for _, old in sorted(found, key=lambda pair: -pair[0]))


def _likeness(old: LockedClass, new: LockedClass) -> float:
    same_name = old.ref.qualname.rpartition(".")[2] == new.ref.qualname.rpartition(".")[2]
    olds, news = ({n for n, _ in one.head.fields or ()} for one in (old, new))
    shared = len(olds & news) / len(olds | news) if olds | news else 0.0
    if (old.head.state == "enum") is not (new.head.state == "enum"):
        return 0.0
    return max(shared, 0.6 if same_name else 0.0) + (0.2 if same_name else 0.0)
