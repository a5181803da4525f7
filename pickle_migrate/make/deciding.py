"""From what changed about a class to the step that tells of it. Asks where it cannot know.

Nothing is imported, written or run here. What was hinted goes first; then whoever answers is asked:
renames before merges and splits, these before fields that are new or gone.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import attrs

from pickle_migrate.errors import RequestError
from pickle_migrate.lock.changes import between_versions
from pickle_migrate.make import conversions
from pickle_migrate.make.defaults import default_of
from pickle_migrate.make.enum_steps import enum_step
from pickle_migrate.make.field_steps import Fields
from pickle_migrate.make.questions import Asker, Question, Unanswered
from pickle_migrate.make.step import Step
from pickle_migrate.make.subject import Subject
from pickle_migrate.registry import declaration_of


def decide(subject: Subject, asker: Asker) -> Step:
    """The step of one class. Raises RequestError for a hint that does not fit the class. Questions
    that nobody answered leave a step that is not whole; whoever gave ``asker`` knows of them.
    """
    if subject.new.state == "enum":
        return enum_step(subject, asker)
    decider = _Decider(subject, asker)
    decider.run()
    return decider.step()


@attrs.define
class _Decider:
    subject: Subject
    asker: Asker
    before: dict[str, str] = attrs.field(init=False)
    after: dict[str, str] = attrs.field(init=False)
    fields: Fields = attrs.field(init=False)
    pending: set[str] = attrs.field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self.before, self.after = self.subject.before, self.subject.after
        self.fields = Fields(self.subject, self.asker)

    @property
    def removed(self) -> list[str]:
        """Old fields of which nobody has said what became of them."""
        return [n for n in self.before if n not in self.after]

    @property
    def added(self) -> list[str]:
        """New fields of which nobody has said where they are from."""
        return [n for n in self.after if n not in self.before]

    def run(self) -> None:
        """Settle every field."""
        self._check_hints()
        self._hinted()
        self._renamed()
        self._moved_to_and_from_objects()
        self._merged()
        self._split()
        for name in [n for n in self.after if n in self.before]:
            self.fields.converted(name, self.before[name], self.after[name])
        # Of a field that is in an open question, the answer will tell.
        for name in [n for n in self.added if n not in self.pending]:
            self.fields.added(name, self.after[name])
        for name in [n for n in self.removed if n not in self.pending]:
            self.fields.removed(name, self.before[name])

    def _confirmed(self, question: Question, *names: str) -> bool:
        if self.asker.confirm(question):
            return True
        if isinstance(self.asker, Unanswered):
            self.pending.update(names)
        return False

    # --- hints ------------------------------------------------------------------------------------

    def _check_hints(self) -> None:
        hints = self.subject.hints
        new = [
            *hints.renamed,
            *hints.merged,
            *hints.defaults,
            *(n for v in hints.split.values() for n in v[0]),
        ]
        old = [
            *hints.renamed.values(),
            *hints.split,
            *(n for v in hints.merged.values() for n in v[0]),
        ]
        for name in new:
            if name not in self.after:
                self._refuse(name, "today's", self.after)
        for name in [*old, *hints.removed]:
            # A hint that stands in the class stays there after it was of use.
            if name not in self.before and name not in self.after and name in hints.removed:
                continue
            if name not in self.before and not self._is_done(name):
                self._refuse(name, f"version {self.subject.version}'s", self.before)

    def _is_done(self, name: str) -> bool:
        """Whether a hint tells of an earlier step: what it makes is there in the old version."""
        hints = self.subject.hints
        made = [new for new, old in hints.renamed.items() if old == name]
        made += [new for new, (olds, _) in hints.merged.items() if name in olds]
        made += hints.split.get(name, ((), ""))[0]
        return bool(made) and all(one in self.before for one in made)

    def _refuse(self, name: str, whose: str, known: Iterable[str]) -> None:
        raise RequestError(
            f"{self.subject.ref}: a hint names the field {name!r}, which is none of {whose} fields",
            f"These are {', '.join(sorted(known)) or 'none'}.",
        )

    def _hinted(self) -> None:
        hints = self.subject.hints
        for new, old in hints.renamed.items():
            if old in self.removed and new in self.added:
                self._rename(old, new)
        for new, (olds, text) in hints.merged.items():
            if new in self.added and all(old in self.before for old in olds):
                self.fields.merged(olds, new, text)
                self._settle(olds, [new])
        for old, (news, text) in hints.split.items():
            if old in self.removed and all(new in self.after for new in news):
                self.fields.split(old, news, text)
                self._settle([old], news)

    def _settle(self, olds: Iterable[str], news: Iterable[str]) -> None:
        for old in olds:
            self.before.pop(old, None)
        for new in news:
            self.after.pop(new, None)

    def _rename(self, old: str, new: str) -> None:
        kind = self.before.pop(old)
        self.fields.renamed(old, new)
        # From here on it is a field that is there under its new name.
        self.before[new] = kind

    # --- questions --------------------------------------------------------------------------------

    def _renamed(self) -> None:
        for old, new in self._candidates():
            if old in self.removed and new in self.added:
                kind = self.after[new]
                shown = f" ({kind})" if kind else ""
                name = self.subject.name
                question = Question(
                    f"Was {name}.{old} renamed to {name}.{new}{shown}?",
                    f"--renamed {name}.{old}={new}   (if not: --removed {name}.{old})",
                )
                if self._confirmed(question, old, new):
                    self._rename(old, new)

    def _candidates(self) -> list[tuple[str, str]]:
        """Fields that are gone with new ones that they may be, the likeliest names first."""
        hints = self.subject.hints
        fit = [
            (old, new)
            for new in self.added
            for old in self.removed
            if new not in hints.defaults
            and old not in hints.removed
            and _may_be(self.before[old], self.after[new])
        ]
        return sorted(fit, key=lambda p: -difflib.SequenceMatcher(None, *p).ratio())

    def _moved_to_and_from_objects(self) -> None:
        for new in self.added:
            found = self.subject.others_now.get(self.after[new])
            moved = [] if found is None else [n for n in self.removed if n in found[1]]
            if found is not None and moved:
                self._into_object(new, found, moved)
        for old in self.removed:
            found = self.subject.others_then.get(self.before[old])
            moved = [] if found is None else [n for n in self.added if n in found[1]]
            if found is not None and moved:
                self._out_of_object(old, moved)

    def _into_object(self, new: str, found: object, moved: list[str]) -> None:
        kind = self.after[new]
        name, fields = self.subject.name, ", ".join(moved)
        question = Question(
            f"Did {fields} of {name} move into the {kind} that is {name}.{new} now?",
            f'--merged "{name}.{",".join(moved)}={new}:{kind}({", ".join(moved)})"',
        )
        if self._confirmed(question, new, *moved):
            self.fields.made_object(moved, new, kind)
            self._settle(moved, [new])

    def _out_of_object(self, old: str, moved: list[str]) -> None:
        name, fields = self.subject.name, ", ".join(moved)
        parts = ", ".join(f"{old}.{one}" for one in moved)
        text = f"({parts},)" if len(moved) == 1 else f"({parts})"
        question = Question(
            f"Are {fields} of {name} what {name}.{old}, a {self.before[old]}, held?",
            f'--split "{name}.{old}={",".join(moved)}:{text}"',
        )
        if self._confirmed(question, old, *moved):
            self.fields.split(old, tuple(moved), text)
            self._settle([old], moved)

    def _merged(self) -> None:
        for new in self._without_default():
            olds = self._unsaid()
            if len(olds) < 2 or new not in self.added:
                continue
            name = self.subject.name
            question = Question(
                f"Is {name}.{new} made of several of the fields that are gone? Their names, or "
                "nothing:",
                f'--merged "{name}.{",".join(olds)}={new}:EXPRESSION"   '
                f"(if not: --default {name}.{new}=VALUE)",
                note=f"Gone are {', '.join(olds)}.",
            )
            names = self._names(question, olds, new)
            if names:
                self.fields.merged(names, new, None)
                self._settle(names, [new])

    def _split(self) -> None:
        for old in self._unsaid():
            news = self._without_default()
            if len(news) < 2:
                continue
            name = self.subject.name
            question = Question(
                f"Was {name}.{old} split into several of the new fields? Their names, or nothing:",
                f'--split "{name}.{old}={",".join(news)}:EXPRESSION"   '
                f"(if not: --removed {name}.{old})",
                note=f"New are {', '.join(news)}.",
            )
            names = self._names(question, news, old)
            if names:
                self.fields.split(old, names, None)
                self._settle([old], names)

    def _unsaid(self) -> list[str]:
        """Fields that are gone and of which neither a hint nor an open question tells."""
        hints = self.subject.hints
        return [n for n in self.removed if n not in hints.removed and n not in self.pending]

    def _without_default(self) -> list[str]:
        """New fields of which nothing says what they hold."""
        hints, cls = self.subject.hints, self.subject.cls
        fit = [n for n in self.added if n not in hints.defaults and n not in self.pending]
        return [n for n in fit if not any(default_of(k, n) is not None for k in cls.__mro__)]

    def _names(self, question: Question, known: list[str], other: str) -> tuple[str, ...]:
        def check(text: str) -> str | None:
            wrong = [n for n in text.replace(",", " ").split() if n not in known]
            return f"{', '.join(wrong)}: not one of {', '.join(known)}" if wrong else None

        answer = self.asker.answer(question, check)
        if isinstance(self.asker, Unanswered):
            self.pending.update((*known, other))
        return tuple((answer or "").replace(",", " ").split())

    # --- the result -------------------------------------------------------------------------------

    def step(self) -> Step:
        """What was decided."""
        subject, fields = self.subject, self.fields
        order = _order(subject)
        words = [*subject.words, *fields.words] or list(_other_words(subject))
        comment = "" if fields.operations else _comment(subject)
        return Step(
            subject.ref,
            subject.version,
            subject.to,
            tuple(fields.operations),
            tuple(fields.functions),
            tuple(words),
            order,
            subject.old_name,
            comment=comment,
        )


def _order(subject: Subject) -> tuple[str, ...] | None:
    """The fields of the old version by position, where its pickles may hold values so."""
    order = subject.old.order
    if order is None or subject.old.state == "namedtuple":
        return None
    # attrs wrote positions before 22.2; pickles with a stamp are of newer ones.
    is_attrs = "__attrs_attrs__" in vars(subject.cls)
    if is_attrs and declaration_of(subject.cls).unstamped != subject.version:
        return None
    return tuple(map(subject.stored, order))


def _may_be(old: str, new: str) -> bool:
    """Whether a field of one type may be one of the other type under another name."""
    return not old or not new or old == new or conversions.widens(old, new)


def _other_words(subject: Subject) -> Iterable[str]:
    for change in between_versions(subject.old, subject.new):
        if change.kind == "type":
            yield f"{change.name} may be {change.after or 'anything'}"
        elif change.kind == "state":
            yield f"the state is {change.after} now, was {change.before}"
        elif change.kind == "order":
            yield "fields changed places"


def _comment(subject: Subject) -> str:
    if subject.words:
        return "The fields are in the state already; only where they are declared changed."
    kinds = {change.kind for change in between_versions(subject.old, subject.new)}
    if "state" in kinds:
        return "The fields are the same; only the form of the state changed."
    if "order" in kinds:
        return "Fields changed places; values of old pickles go by name."
    return "Types changed on paper only: the values of old pickles fit."
