"""``squash``: one migration in the place of several, written beside them.

The single steps stay: pickles of the versions in between need them. Nothing is deleted; what nobody
needs any more is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from pickle_migrate import resolver
from pickle_migrate.errors import PickleMigrateError, RequestError
from pickle_migrate.lock import files
from pickle_migrate.lock.of_project import archive_of
from pickle_migrate.make import drafting, places
from pickle_migrate.make.composing import compose
from pickle_migrate.make.drafting import Draft
from pickle_migrate.make.edits import Edit
from pickle_migrate.make.layout import Code, Import
from pickle_migrate.make.making import ClassMade, Made, Wishes, finish, tried
from pickle_migrate.make.operation_source import operation_source
from pickle_migrate.make.sources import Spelled
from pickle_migrate.make.step import Step, variable_of
from pickle_migrate.make.trial import Trial
from pickle_migrate.migration import Migration
from pickle_migrate.operations import RunFunction
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, declaration_of
from pickle_migrate.routes import steps_between

#: Shapes of a state that hold the declared fields and no others.
_CLOSED = ("slots", "namedtuple")


def squash(ref: GlobalRef, first: int | None, last: int | None, wishes: Wishes) -> Made:
    """Write one step from version ``first`` (the oldest of which a step is known) to ``last`` (the
    current one). The code is imported already. Raises PickleMigrateError; nothing was written then.
    """
    replaced = _replaced(ref, first, last)
    start, end = replaced[0].source, replaced[-1].target
    notes = tuple(_notes(ref, replaced))
    if len(replaced) == 1:
        if end == start + 1:
            problem = f"from {start} to {end} there is one step only, so there is nothing to squash"
            raise RequestError(f"{ref}: {problem}", "Name the versions: squash CLASS FROM TO.")
        return Made("nothing", wishes.lock, notes=notes)
    step = _step(ref, replaced, wishes.lock)
    draft = Draft()
    draft.write(_place(ref, step, wishes), [step])
    edits = draft.edits()
    made = Made(
        "written",
        wishes.lock,
        (ClassMade(str(ref), start, end, step.words),),
        (drafting.line_of(step),),
        tuple(edits),
        notes=notes,
        trial=_compared(ref, edits, wishes),
    )
    return finish(made, wishes)


def _compared(ref: GlobalRef, edits: Sequence[Edit], wishes: Wishes) -> Trial:
    """What comes of the archived pickles, where that is other than without the squashed step."""
    before = {one.path: one for one in tried(wishes.lock, wishes.imports, [], [ref]).records}
    trial = tried(wishes.lock, wishes.imports, edits, [ref])
    changed = [one.path for one in trial.records if before.get(one.path) != one]
    problems = [f"{path} loads with another state than by the single steps." for path in changed]
    same = tuple(attrs.evolve(one, differences=()) for one in trial.records)
    records = trial.records if changed else same
    return attrs.evolve(trial, problems=(*trial.problems, *problems), records=records)


def _replaced(ref: GlobalRef, first: int | None, last: int | None) -> list[Migration]:
    """The steps in order. Raises GapError, and RequestError for versions that cannot be."""
    cls = DEFAULT.class_at(ref)
    assert cls is not None
    declaration = declaration_of(cls)
    records = declaration.registry.family(ref)
    known = [v for record in records for v in (*record.steps, *record.squashed)]
    if not known:
        raise RequestError(f"{ref}: no step is declared", "There is nothing to squash.")
    start = min(known) if first is None else first
    end = declaration.version if last is None else last
    if not 1 <= start < end <= declaration.version:
        raise RequestError(
            f"{ref}: versions {start} to {end} are none of its history",
            f"Name two of 1 to {declaration.version}, the older one first.",
        )
    steps, gaps = steps_between(ref, start, end, records)
    for gap in gaps:
        raise gap
    beside = [r.squashed[start] for r in records if start in r.squashed]
    if len(steps) > 1 and beside:
        raise RequestError(
            f"{ref}: from {start} there is a squashed step already, to {beside[0].target}, at "
            f"{beside[0].origin}",
            "Delete it first, or squash from another version.",
        )
    return steps


def _step(ref: GlobalRef, replaced: Sequence[Migration], lock: Path) -> Step:
    for step in replaced:
        if step.arguments is not None:
            raise RequestError(
                f"{ref}: the step from {step.source} to {step.target} changes constructor "
                "arguments, and what does that stays a step of its own",
                f"Squash up to {step.source}, or from {step.target}.",
            )
    start, end = replaced[0].source, replaced[-1].target
    operations = compose(
        [one for step in replaced for one in step.operations], _fields(ref, start, lock)
    )
    Migration(ref, start, operations, to=end)  # raises OperationError where steps contradict
    return Step(
        ref,
        start,
        end,
        told_apart([operation_source(one) for one in operations]),
        words=(f"{len(replaced)} steps at once",),
        order=_order(ref, start),
    )


def told_apart(sources: Sequence[Spelled]) -> tuple[Spelled, ...]:
    """The same operations; functions of one name from several modules go by their module."""
    modules: dict[str, set[str]] = {}
    for one in sources:
        for wanted in one.imports:
            modules.setdefault(wanted.name, set()).add(wanted.module)
    twice = {name for name, found in modules.items() if name and len(found) > 1}
    return tuple(_by_module(one, twice) for one in sources)


def _by_module(source: Spelled, twice: set[str]) -> Spelled:
    code, imports = source.code, set(source.imports)
    for wanted in [one for one in source.imports if one.name in twice]:
        parent, _, last = wanted.module.rpartition(".")
        imports.remove(wanted)
        imports.add(Import(parent, last) if parent else Import(wanted.module))
        code = _with_name(code, wanted.name, f"{last}.{wanted.name}")
    return attrs.evolve(source, code=code, imports=frozenset(imports))


def _with_name(code: Code, old: str, new: str) -> Code:
    is_text = code.text[:1] in ("'", '"')
    text = code.text if is_text else re.sub(rf"(?<![\w.]){old}(?!\w)", new, code.text)
    if code.arguments is None:
        return attrs.evolve(code, text=text)
    arguments = tuple((name, _with_name(one, old, new)) for name, one in code.arguments)
    return attrs.evolve(code, text=text, arguments=arguments)


def _fields(ref: GlobalRef, version: int, lock: Path) -> tuple[str, ...] | None:
    """All fields that a state of the version can have, where that is known."""
    cls = DEFAULT.class_at(ref)
    locked = files.read_lock(lock).of(ref)
    at = None if locked is None else locked.at(version)
    if cls is None or at is None or at.fields is None or at.seen or at.state not in _CLOSED:
        return None
    if len([base for base in cls.__mro__ if base not in (object, tuple)]) > 1:
        return None  # the fields of the bases are there too
    prefix = f"_{cls.__name__.lstrip('_')}"
    private = {n for n, _ in at.fields if n.startswith("__") and not n.endswith("__")}
    return tuple(prefix + n if n in private else n for n, _ in at.fields)


def _order(ref: GlobalRef, version: int) -> tuple[str, ...] | None:
    cls = DEFAULT.class_at(ref)
    assert cls is not None
    records = declaration_of(cls).registry.family(ref)
    return next((r.field_orders[version] for r in records if version in r.field_orders), None)


def _place(ref: GlobalRef, step: Step, wishes: Wishes) -> places.Place:
    cls = DEFAULT.class_at(ref)
    assert cls is not None
    named, settings = declaration_of(cls).migrations, resolver.settings()
    probe = places.find_place(wishes.to, named, settings, ref, wishes.name or "m0001")
    if wishes.name is not None or probe.package is None:
        return probe
    listed = [path.name for path in probe.package.parent.iterdir()]
    slug = places.slug_of([variable_of(ref), str(step.version), "to", str(step.to)])
    name = places.next_name(listed, slug)
    return places.find_place(wishes.to, named, settings, ref, name)


# --- what is needed no more -----------------------------------------------------------------------


def _notes(ref: GlobalRef, replaced: Sequence[Migration]) -> Iterator[str]:
    cls = DEFAULT.class_at(ref)
    assert cls is not None
    records = declaration_of(cls).registry.family(ref)
    start, end = replaced[0].source, replaced[-1].target
    counts = _archived(ref)
    singles = {v: r.steps[v] for r in records for v in r.steps if start <= v < end}
    if start in singles:
        step = singles[start]
        called = any(isinstance(one, RunFunction) for one in step.operations)
        todo = "take off its @migrates, for the squashed step calls it" if called else "delete it"
        yield (
            f"No pickle needs the step from {start} to {start + 1} any more, at {step.origin}: "
            f"{todo}."
        )
    waiting = 0
    for version in sorted(v for v in singles if v > start):
        waiting += counts[version]
        yield (
            f"The step from {version} to {version + 1}, at {singles[version].origin}, stays for "
            f"pickles of {_versions(start + 1, version)}: {waiting} in the archive."
        )


def _versions(first: int, last: int) -> str:
    return f"version {first}" if first == last else f"versions {first} to {last}"


def _archived(ref: GlobalRef) -> Counter[int]:
    """How many archived pickles hold each version of the class."""
    from pickle_migrate.archive.folder import read_archive

    found: Counter[int] = Counter()
    root = archive_of(resolver.settings())
    if not root.is_dir():
        return found
    for record in read_archive(root).records:
        for text in record.classes:
            name, _, version = text.rpartition("@")
            try:
                old = GlobalRef.parse(name)
            except PickleMigrateError:
                continue
            number = int(version) if version.isdigit() else None
            if DEFAULT.current_ref(old, number) == ref and number is not None:
                found[number] += 1
    return found
