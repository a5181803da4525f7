"""``pickle-migrate make``: compares code with lock and writes the migration.

Exit codes: 0 written, or there is nothing to do; 1 not written, for questions are open or the
candidate failed; 2 it could not run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from pickle_migrate import cli_options, cli_start, report
from pickle_migrate.errors import PickleMigrateError, RefError, RequestError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.screen import Screen

if TYPE_CHECKING:
    from pickle_migrate.make.making import Made, Wishes
    from pickle_migrate.make.questions import Question
    from pickle_migrate.make.trial import Tried

_NOT_WRITTEN, _CANNOT_RUN = 1, 2
_SHOWN = 5  # differences of so many pickles; --json has all


@attrs.frozen
class Request:
    """The options of ``make``, as they were given."""

    classes: tuple[str, ...]
    renamed: tuple[str, ...]
    default: tuple[str, ...]
    convert: tuple[str, ...]
    removed: tuple[str, ...]
    merged: tuple[str, ...]
    split: tuple[str, ...]
    moved: tuple[str, ...]
    no_input: bool
    empty: str | None
    to: str | None
    name: str | None
    no_edit: bool
    keep: bool
    accept: bool
    samples: bool
    dry_run: bool
    as_json: bool
    lock_file: str | None
    imports: tuple[str, ...]
    folders: tuple[str, ...]
    settings: str | None


def _hint(name: str, metavar: str, help_text: str) -> Callable[[Any], Any]:
    return click.option(name, metavar=metavar, multiple=True, help=f"{help_text} May be repeated.")


@click.command(short_help="Write the migration for what changed since the lock.")
@click.argument("classes", metavar="[CLASS]...", nargs=-1)
@_hint("--renamed", "[CLASS.]OLD=NEW", "This field has another name now.")
@_hint("--default", "[CLASS.]FIELD=VALUE", "Old pickles get this value, Python source.")
@_hint("--convert", "[CLASS.]FIELD=EXPR", "Old values become this, an expression of the field.")
@_hint("--removed", "[CLASS.]FIELD[=VALUE]", "This field is gone; VALUE is for the way back.")
@_hint("--merged", "[CLASS.]A,B=NEW:EXPR", "These fields are one now.")
@_hint("--split", "[CLASS.]OLD=A,B:EXPR", "This field is several now; EXPR gives a tuple.")
@_hint("--moved", "OLD=NEW", "This class, or this module with all in it, has another name.")
@click.option("--no-input", is_flag=True, help="Ask nothing; say what would have been asked.")
@click.option("--empty", metavar="CLASS", help="Write a step for this class to fill in.")
@click.option(
    "--to",
    metavar="FILE|MODULE",
    help="Write it there: a file, a module, or a package that gets a new module.  [default: the "
    "migrations of the settings]",
)
@click.option("--name", metavar="NAME", help="Name of a new module.  [default: m0001_what_changed]")
@click.option("--no-edit", is_flag=True, help="Leave @versioned(N) to me.")
@click.option("--keep", is_flag=True, help="Write it though an archived pickle does not load.")
@click.option("--accept", is_flag=True, help="Take the new states as the expected ones.")
@click.option("--samples", is_flag=True, help="Archive a pickle of each new version as well.")
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
@cli_options.as_json
@cli_options.lock_file
@cli_options.imports
@cli_options.folders
@cli_options.settings
def make(**options: Any) -> None:
    """Write the migration for what changed since the lock.

    Compares each class with the newest version that the lock knows. Where fields changed, it writes
    the step from that version to the next, raises the number in @versioned, and brings the lock up
    to date: all of it, or nothing. What it cannot know, it asks: whether a field was renamed, what
    old pickles get for a new field. The candidate is first tried on the archived pickles of the
    class, in a process of its own.

    CLASS is a name as `pickle-migrate heads` lists them; without one, all classes are looked at.

    \b
    Examples:
      pickle-migrate make
      pickle-migrate make --dry-run
      pickle-migrate make --no-input --renamed Order.qty=quantity --default "Order.currency='EUR'"
      pickle-migrate make --empty shop.models:Order --name release_6

    Exit codes: 0 written, or nothing to do; 1 questions are open or the candidate failed, and
    nothing was written; 2 it could not run.
    """
    request = Request(**options)
    with cli_start.standard_output() as out:
        code = _run(request, Screen(out, quiet=request.as_json))
    sys.exit(code)


def _run(request: Request, screen: Screen) -> int:
    from pickle_migrate.make import making

    try:
        wishes = _wishes(request)
        made = making.make(wishes, _Terminal() if not request.no_input else None)
        accepted = _accept(request, made)
        made = _add_samples(request, made)
    except PickleMigrateError as error:
        click.echo(f"Error: {report.escaped(str(error))}", err=True)
        return _CANNOT_RUN
    except (click.Abort, KeyboardInterrupt):
        click.echo("No answer. Nothing was written.", err=True)
        return _NOT_WRITTEN
    if request.as_json:
        screen.write(document(made))
    else:
        screen.show(report.Line(report.escaped(text)) for text in _lines(request, made))
    good = made.status in ("nothing", "written", "dry run") and accepted
    return 0 if good and not made.failed else _NOT_WRITTEN


def _wishes(request: Request) -> Wishes:
    from pickle_migrate.make.hints import Options
    from pickle_migrate.make.making import Wishes

    start(request.settings, request.folders, request.imports)
    return Wishes(
        lock=cli_start.lock_path(request.lock_file),
        options=Options(
            request.renamed,
            request.default,
            request.convert,
            request.removed,
            request.merged,
            request.split,
        ),
        moved=request.moved,
        only=tuple(class_of(text) for text in request.classes),
        empty=None if request.empty is None else class_of(request.empty),
        to=request.to,
        name=request.name,
        edit=not request.no_edit,
        keep=request.keep,
        dry_run=request.dry_run,
        imports=request.imports,
    )


def start(settings: str | None, folders: tuple[str, ...], imports: tuple[str, ...]) -> None:
    """Import the code, as far as it is there: the module of migrations may be yet to be written.
    Raises PickleMigrateError.
    """
    from pickle_migrate import resolver
    from pickle_migrate.declared import source_of

    cli_start.prepare(settings, folders, imports)
    chosen = resolver.settings()
    there = tuple(m for m in chosen.migrations if source_of(GlobalRef(m, "__name__")) is not None)
    resolver.use_settings(attrs.evolve(chosen, migrations=there))
    cli_start.import_code()
    resolver.use_settings(chosen)


def class_of(text: str) -> GlobalRef:
    """The registered class that a person means: by its ref, or by its name if there is but one of
    it. Raises RequestError.
    """
    from pickle_migrate.registry import DEFAULT

    known = [ref for ref, _ in DEFAULT.classes()]
    try:
        ref = GlobalRef.parse(text)
    except RefError:
        named = [r for r in known if text in (r.qualname, r.qualname.rpartition(".")[2])]
    else:
        named = [r for r in known if r == ref]
    if len(named) != 1:
        problem = "no such class is registered" if not named else "several classes are called that"
        advice = ", ".join(map(str, named)) or "`pickle-migrate heads` lists them."
        raise RequestError(f"{text}: {problem}", f"Name it as module:qualname: {advice}")
    return named[0]


class _Terminal:
    """Asks whoever sits there. Prompts go to standard error; an end of input is no answer."""

    def confirm(self, question: Question) -> bool:
        self._note(question)
        return click.confirm(report.escaped(question.text), default=False, err=True)

    def answer(self, question: Question, check: Callable[[str], str | None]) -> str | None:
        self._note(question)
        while True:
            text: str = click.prompt(
                report.escaped(question.text.removesuffix(":")),
                default=question.default,
                show_default=bool(question.default),
                err=True,
            )
            problem = check(text)
            if problem is None:
                return text
            click.echo(f"  {report.escaped(problem)}", err=True)

    def _note(self, question: Question) -> None:
        if question.note:
            click.echo(report.escaped(question.note), err=True)


def _add_samples(request: Request, made: Made) -> Made:
    """With ``--samples``, archive a pickle of each new version."""
    if not request.samples or made.status != "written" or made.unraised:
        return made
    from pickle_migrate import resolver
    from pickle_migrate.make.samples import add_samples

    refs = [one.ref for one in made.classes if one.version is not None]
    suffix = next((e.path.stem for e in made.edits if e.before is None), f"v{made.classes[0].to}")
    settings = resolver.settings().source
    names = add_samples(settings, str(made.lock), request.imports, refs, suffix)
    return attrs.evolve(made, samples=names)


def _accept(request: Request, made: Made) -> bool:
    """With ``--accept``, have the archive take the new states. Whether that went well."""
    if not request.accept or made.status != "written" or not made.differing:
        return True
    import subprocess

    arguments = [*made.accept_command(request.settings)[1:]]
    command = [sys.executable, "-m", "pickle_migrate", *arguments]
    for folder in request.folders:
        command += ["--path", folder]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if not request.as_json or done.returncode:
        click.echo(report.escaped(done.stdout + done.stderr).rstrip("\n"), err=True)
    return done.returncode == 0


# --- showing ----------------------------------------------------------------------------------


def _lines(request: Request, made: Made) -> Iterator[str]:
    for path in made.finished:
        yield f"{_shown(path)} was written: an earlier run was interrupted, and is finished now."
    yield from (f"Note: {note}" for note in made.notes)
    if made.status == "nothing":
        yield "Nothing to do: the code is as the lock says."
        return
    if made.questions:
        yield "Not written, for these questions are open. Answer each with the option below it:"
        for question in made.questions:
            yield f"  {' '.join((question.note, question.text)).strip()}"
            yield f"    {question.hint}"
        return
    yield from shown(made, request.settings, request.dry_run, request.accept)


def shown(made: Made, settings: str | None, dry_run: bool, accepted: bool = False) -> Iterator[str]:
    """What was made, what came of it when it was tried, and what to do next."""
    yield from made.words
    yield from _files(made)
    yield from _tried(made)
    yield from _closing(made, settings, dry_run, accepted)


def _files(made: Made) -> Iterator[str]:
    for edit in made.edits:
        yield ""
        if edit.before is None:
            yield f"{_shown(edit.path)} (new):"
            yield from (f"  {line}".rstrip() for line in edit.after.decode().splitlines())
        elif edit.path != made.lock:
            yield from edit.diff(_shown(edit.path))
    yield ""


def _tried(made: Made) -> Iterator[str]:
    trial = made.trial
    if trial is None:
        yield "It was not tried on archived pickles."
        return
    yield from (f"Problem: {problem}" for problem in trial.problems)
    for one in trial.records:
        if one.problem:
            yield f"{one.path} does not load: {one.problem}"
    for one in made.differing[:_SHOWN]:
        yield f"{one.path} loads; its state is other than the expected one:"
        yield from (f"  {line}" for line in one.differences)
    if len(made.differing) > _SHOWN:
        yield f"{len(made.differing) - _SHOWN} more load with another state than the expected one."
    loaded = [one for one in trial.records if not one.problem]
    if not trial.records and not trial.problems:
        yield "No pickle of it is archived, so it was tried on none."
    elif loaded:
        count = len(loaded)
        pickles = "1 archived pickle loads" if count == 1 else f"{count} archived pickles load"
        yield f"{pickles} through it."


def _closing(made: Made, settings: str | None, dry_run: bool, accepted: bool) -> Iterator[str]:
    if made.status == "failed":
        yield "Nothing was written. --keep writes it all the same, to go on by hand."
        return
    if dry_run:
        yield "Nothing was written (--dry-run)."
        return
    yield f"Written: {', '.join(_shown(edit.path) for edit in made.edits)}."
    if made.unraised:
        yield f"Raise the versions now: {', '.join(made.unraised)}; then run `pickle-migrate lock`."
    if made.samples:
        yield f"Archived for the new versions: {', '.join(made.samples)}."
    elif made.raised and not made.unraised:
        yield "No pickle of the new version is archived yet: pickle-migrate archive FILE"
    if made.differing and not accepted:
        yield "If these states are right, take them as the expected ones:"
        yield f"  {' '.join(made.accept_command(settings))}"


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def document(made: Made) -> str:
    """All of it as JSON."""
    trial = made.trial
    content = {
        "status": made.status,
        "classes": [attrs.asdict(one) for one in made.classes],
        "questions": [attrs.asdict(one) for one in made.questions],
        "files": [
            {
                "path": str(edit.path),
                "new": edit.before is None,
                "text": edit.after.decode("utf-8", "replace"),
            }
            for edit in made.edits
        ],
        "problems": list(trial.problems) if trial is not None else [],
        "records": _records(trial.records if trial is not None else ()),
        "notes": list(made.notes),
        "accept": made.accept_command(None) if made.differing else [],
    }
    return json.dumps(content, indent=1)


def _records(records: Sequence[Tried]) -> list[dict[str, Any]]:
    return [
        {"path": one.path, "problem": one.problem, "differences": list(one.differences)}
        for one in records
    ]
