"""``make`` from start to end: look, decide, draft, try, write.

The one part of ``make`` that does things, and it does them in that order: whatever fails, nothing
has been written before.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import attrs

from pickle_migrate import resolver
from pickle_migrate.errors import RequestError
from pickle_migrate.lock import files
from pickle_migrate.lock.of_project import archive_of, sightings_of, today_with
from pickle_migrate.make import applying, drafting, places
from pickle_migrate.make.bases import bases_seen
from pickle_migrate.make.deciding import decide
from pickle_migrate.make.drafting import Draft, Raise
from pickle_migrate.make.edits import Edit
from pickle_migrate.make.hints import Options
from pickle_migrate.make.layout import call, quoted
from pickle_migrate.make.matching import Work, find_work
from pickle_migrate.make.places import Place
from pickle_migrate.make.questions import Asker, Question, Unanswered
from pickle_migrate.make.step import FunctionText, Step, variable_of
from pickle_migrate.make.trial import Surroundings, Trial, Tried, try_out
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry, declaration_of

#: More archived pickles are named by the folder in which they all are.
_NAMED = 10


@attrs.frozen
class Wishes:
    """What was asked for. ``edit``: raise versions in the source. ``keep``: write it though pickles
    do not load through it.
    """

    lock: Path
    options: Options = attrs.field(factory=Options)
    moved: tuple[str, ...] = ()
    only: tuple[GlobalRef, ...] = ()
    empty: GlobalRef | None = None
    to: str | None = None
    name: str | None = None
    edit: bool = True
    keep: bool = False
    dry_run: bool = False
    imports: tuple[str, ...] = ()


@attrs.frozen
class ClassMade:
    """One class of which a step was made, for programs."""

    ref: str
    version: int | None
    to: int | None
    words: tuple[str, ...]


@attrs.frozen
class Made:
    """What came of it. ``status``: "nothing" to do, "questions" are open, "failed" when it was
    tried, "dry run", or "written". ``finished``: files that an interrupted run had left.
    ``unraised``: versions that are left to the user. ``samples``: what was archived for the new
    versions. ``raised``: whether there are any.
    """

    status: str
    lock: Path
    classes: tuple[ClassMade, ...] = ()
    words: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    questions: tuple[Question, ...] = ()
    trial: Trial | None = None
    notes: tuple[str, ...] = ()
    finished: tuple[Path, ...] = ()
    unraised: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    raised: bool = False

    @property
    def failed(self) -> bool:
        """Whether the candidate did not stand the trial."""
        return self.trial is not None and not self.trial.is_good

    @property
    def differing(self) -> tuple[Tried, ...]:
        """The archived pickles that load with another state than the expected one."""
        records = () if self.trial is None else self.trial.records
        return tuple(one for one in records if one.differences and not one.problem)

    def accept_command(self, settings: str | None) -> list[str]:
        """The command that takes the new states as the expected ones."""
        root = archive_of(resolver.settings())
        paths = [str(root / one.path) for one in self.differing]
        if len(paths) > _NAMED:
            paths = [os.path.commonpath(paths)]
        here = Path.cwd()
        shown = [Path(p).relative_to(here) if Path(p).is_relative_to(here) else p for p in paths]
        paths = [shlex.quote(str(path)) for path in shown]
        more = [] if settings is None else ["--settings", shlex.quote(settings)]
        return ["pickle-migrate", "archive", "--accept", *paths, *more]


def make(wishes: Wishes, asker: Asker | None) -> Made:
    """Make the migrations that are missing. The code is imported already. ``asker`` None: nobody
    answers. Raises PickleMigrateError; nothing was written then.
    """
    # Of what an interrupted run left, this process has imported the old text.
    finished = () if wishes.dry_run else tuple(applying.finish(wishes.lock.parent))
    if finished:
        return Made("nothing", wishes.lock, finished=finished, notes=("Run make again.",))
    asking: Asker = asker if asker is not None else Unanswered()
    work = _empty_work(wishes) if wishes.empty is not None else _work(wishes, asking)
    notes = tuple(work.notes)
    if work.is_nothing and wishes.empty is None:
        open_ = tuple(asking.questions) if isinstance(asking, Unanswered) else ()
        return Made("questions" if open_ else "nothing", wishes.lock, questions=open_, notes=notes)
    steps = _steps(wishes, work, asking)
    if isinstance(asking, Unanswered) and asking.questions:
        return Made("questions", wishes.lock, questions=tuple(asking.questions), notes=notes)
    return _carry_out(wishes, work, steps, notes)


def _work(wishes: Wishes, asker: Asker) -> Work:
    if files.read_bytes(wishes.lock) is None:
        raise RequestError(
            f"there is no lock {wishes.lock}, so nothing says what the classes were before",
            "Lock the classes as they were, before the change: git stash, `pickle-migrate lock`, "
            "git stash pop.",
        )
    before = files.read_lock(wishes.lock)
    sightings = sightings_of(resolver.settings())
    bases = bases_seen((one for seen in sightings.values() for one in seen), DEFAULT)
    return find_work(
        before,
        today_with(sightings),
        DEFAULT,
        asker,
        wishes.options,
        wishes.moved,
        wishes.only,
        bases,
    )


def _steps(wishes: Wishes, work: Work, asker: Asker) -> list[Step]:
    if wishes.empty is not None:
        return [_empty_step(wishes.empty, version_to_leave(wishes.lock, wishes.empty))]
    steps = [decide(subject, asker) for subject in work.subjects]
    named = [
        Step(GlobalRef.parse(moved.new), None, old_name=moved.old, words=("moved",))
        for moved in work.moved
    ]
    return [*named, *steps]


# --- a step to fill in ----------------------------------------------------------------------------


def _empty_work(wishes: Wishes) -> Work:
    return Work()


def version_to_leave(lock: Path, ref: GlobalRef) -> int:
    """The version from which the next step of a class starts: the newest of the lock if the code
    is above it, else that of the code.
    """
    cls = DEFAULT.class_at(ref)
    assert cls is not None
    current = declaration_of(cls).version
    locked = files.read_lock(lock).of(ref)
    newest = current if locked is None else locked.head.version
    return newest if newest < current else current


def _empty_step(ref: GlobalRef, version: int) -> Step:
    name = variable_of(ref)
    docstring = f"From version {version} to {version + 1}: what changed in {ref.qualname}."
    body = ("# Change the state here, or return a new one.", "return state")
    decorator = call("migrates", quoted(str(ref)), str(version))
    function = FunctionText(name, ("state",), docstring, body=body, decorator=decorator)
    words = ("a step to fill in",)
    return Step(ref, version, version + 1, functions=(function,), words=words, whole_function=True)


# --- files ----------------------------------------------------------------------------------------


def _carry_out(wishes: Wishes, work: Work, steps: Sequence[Step], notes: tuple[str, ...]) -> Made:
    raises = raises_of(work, steps, DEFAULT)
    draft = _draft(wishes, work, steps)
    written = draft.edits()
    unraised: tuple[str, ...] = ()
    if wishes.edit:
        for one in raises:
            draft.raise_version(one)
    elif raises:
        unraised = tuple(f"{one.ref} to {one.new}" for one in raises)
    edits = draft.edits()
    classes = tuple(
        ClassMade(str(s.ref), s.version, None if s.version is None else s.to, s.words)
        for s in steps
    )
    words = [f"{moved.old} is called {moved.new} now" for moved in work.packages]
    words += [drafting.line_of(step) for step in steps]
    words += [f"{ref} {old} to {new}: its step is there already" for ref, old, new in work.declared]
    made = Made(
        "written", wishes.lock, classes, tuple(words), tuple(edits), notes=notes, unraised=unraised
    )
    made = attrs.evolve(made, raised=any(one.version is not None for one in classes))
    if unraised:
        made = attrs.evolve(made, edits=tuple(written))
        return finish(made, wishes)
    refs = [*(s.ref for s in steps), *(ref for ref, _, _ in work.declared)]
    refs += [GlobalRef.parse(m.new) for m in work.moved]
    return finish(attrs.evolve(made, trial=tried(wishes.lock, wishes.imports, edits, refs)), wishes)


def tried(
    lock: Path, imports: Sequence[str], edits: Sequence[Edit], refs: Sequence[GlobalRef]
) -> Trial:
    """What comes of the changes when they are tried."""
    around = Surroundings(resolver.settings().source, str(lock), tuple(imports))
    return try_out(edits, around, refs)


def finish(made: Made, wishes: Wishes) -> Made:
    """Write what was made, if it stood the trial or is to be kept anyway."""
    trial = made.trial
    if trial is not None and trial.lock and trial.is_good:
        before = files.read_bytes(wishes.lock)
        edit = Edit(wishes.lock, before, trial.lock.encode())
        # A step to fill in needs no lock, so it makes none.
        if edit.before != edit.after and not (edit.before is None and wishes.empty is not None):
            made = attrs.evolve(made, edits=(*made.edits, edit))
    if made.failed and not wishes.keep:
        return attrs.evolve(made, status="failed")
    if wishes.dry_run:
        return attrs.evolve(made, status="dry run")
    applying.apply(made.edits, wishes.lock.parent)
    return made


def raises_of(work: Work, steps: Sequence[Step], registry: Registry) -> list[Raise]:
    """The versions that have to be raised in the source: those that the code does not have yet."""
    wanted = [(s.ref, s.to) for s in steps if s.version is not None]
    wanted += [(ref, new) for ref, _, new in work.declared]
    found = []
    for ref, to in wanted:
        cls = registry.class_at(ref)
        assert cls is not None
        assert to is not None
        current = declaration_of(cls).version
        if current < to:
            found.append(Raise(ref, current, to))
    return found


def _draft(wishes: Wishes, work: Work, steps: Sequence[Step]) -> Draft:
    draft = Draft()
    groups: dict[Path, tuple[Place, list[Step]]] = {}
    for step in steps:
        place = _place(wishes, work, steps, step.ref)
        groups.setdefault(place.path, (place, []))[1].append(step)
    packages = list(work.packages)
    if packages and not groups:
        old = GlobalRef(packages[0].new, "_")
        place = _place(wishes, work, steps, old)
        groups[place.path] = (place, [])
    for place, several in groups.values():
        draft.write(place, several, packages)
        packages = []
    return draft


def _place(wishes: Wishes, work: Work, steps: Sequence[Step], ref: GlobalRef) -> Place:
    cls = DEFAULT.class_at(ref)
    named = () if cls is None else declaration_of(cls).migrations
    settings = resolver.settings()
    slug = drafting.slug(steps, work.packages)
    probe = places.find_place(wishes.to, named, settings, ref, wishes.name or "m0001")
    if wishes.name is None and probe.package is not None and not _is_named(wishes.to):
        listed = [path.name for path in probe.package.parent.iterdir()]
        name = places.next_name(listed, slug)
        return places.find_place(wishes.to, named, settings, ref, name)
    if wishes.name is not None and not wishes.name.isidentifier():
        raise RequestError(f"--name {wishes.name}: that is no name of a module", "As in release_6.")
    return probe


def _is_named(to: str | None) -> bool:
    """Whether ``--to`` names the very file."""
    return to is not None and to.endswith(".py") and not to.endswith("__init__.py")
