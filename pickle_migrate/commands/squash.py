"""``pickle-migrate squash``: writes one migration in the place of several.

Exit codes: 0 written, or there is nothing to do; 1 the candidate failed; 2 it could not run.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import attrs
import click

from pickle_migrate import cli_options, cli_start, report
from pickle_migrate.commands import make as make_command
from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.screen import Screen

if TYPE_CHECKING:
    from pickle_migrate.make.making import Made

_FAILED, _CANNOT_RUN = 1, 2


@attrs.frozen
class Request:
    """The options of ``squash``, as they were given."""

    class_name: str
    first: int | None
    last: int | None
    to: str | None
    name: str | None
    dry_run: bool
    as_json: bool
    lock_file: str | None
    imports: tuple[str, ...]
    folders: tuple[str, ...]
    settings: str | None


@click.command(short_help="Write one migration in the place of several.")
@click.argument("class_name", metavar="CLASS")
@click.argument("first", metavar="[FROM", type=click.IntRange(min=1), required=False)
@click.argument("last", metavar="TO]", type=click.IntRange(min=2), required=False)
@click.option(
    "--to",
    metavar="FILE|MODULE",
    help="Write it there: a file, a module, or a package that gets a new module.  [default: the "
    "migrations of the settings]",
)
@click.option("--name", metavar="NAME", help="Name of a new module.  [default: m0001_what_it_is]")
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
@cli_options.as_json
@cli_options.lock_file
@cli_options.imports
@cli_options.folders
@cli_options.settings
def squash(**options: Any) -> None:
    """Write one migration in the place of several.

    The steps of CLASS from version FROM to TO become one that leads there at once. It makes the
    same state of every state, and refuses what they refuse. The single steps stay, for pickles of
    the versions in between; the command says which of them nobody needs any more.

    Without FROM and TO: from the oldest version of which a step is known to the current one.

    \b
    Examples:
      pickle-migrate squash shop.models:Order
      pickle-migrate squash Order 1 5 --dry-run

    Exit codes: 0 written, or nothing to do; 1 the candidate failed, and nothing was written; 2 it
    could not run.
    """
    request = Request(**options)
    if request.first is not None and request.last is None:
        raise click.UsageError("Name both versions, FROM and TO, or none.")
    with cli_start.standard_output() as out:
        code = _run(request, Screen(out, quiet=request.as_json))
    sys.exit(code)


def _run(request: Request, screen: Screen) -> int:
    try:
        made = _squash(request)
    except PickleMigrateError as error:
        click.echo(f"Error: {report.escaped(str(error))}", err=True)
        return _CANNOT_RUN
    if request.as_json:
        screen.write(make_command.document(made))
    else:
        lines = [f"Note: {note}" for note in made.notes]
        if made.status == "nothing":
            lines.insert(0, "Nothing to do: one step leads there already.")
        else:
            lines[:0] = make_command.shown(made, request.settings, request.dry_run)
        screen.show(report.Line(report.escaped(text)) for text in lines)
    return _FAILED if made.failed else 0


def _squash(request: Request) -> Made:
    from pickle_migrate.make import squashing
    from pickle_migrate.make.making import Wishes

    make_command.start(request.settings, request.folders, request.imports)
    wishes = Wishes(
        lock=cli_start.lock_path(request.lock_file),
        to=request.to,
        name=request.name,
        dry_run=request.dry_run,
        imports=request.imports,
    )
    ref = make_command.class_of(request.class_name)
    return squashing.squash(ref, request.first, request.last, wishes)
