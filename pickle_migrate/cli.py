"""The command ``pickle-migrate``: reads options, runs the steps in order, prints, exits.

Exit codes: 0 all is done, 1 some file failed or would, 2 it could not run. With ``--json``,
standard output holds one document and nothing else: what imported modules print goes to standard
error.
"""

from __future__ import annotations

import codecs
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from pickle_migrate import cli_files, cli_inspect, cli_options, cli_start, report
from pickle_migrate.commands import archive as archive_command
from pickle_migrate.commands import check as check_command
from pickle_migrate.commands import downgrade as downgrade_command
from pickle_migrate.commands import heads as heads_command
from pickle_migrate.commands import history as history_command
from pickle_migrate.commands import lock as lock_command
from pickle_migrate.commands import make as make_command
from pickle_migrate.commands import merge as merge_command
from pickle_migrate.commands import packs as packs_command
from pickle_migrate.commands import squash as squash_command
from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.findings import FilePlan, FileResult
from pickle_migrate.screen import Screen

if TYPE_CHECKING:
    from pickle_migrate.discovery import Found
    from pickle_migrate.ways import Wishes

_SOME_FAILED, _CANNOT_RUN = 1, 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pickle-migrate", message="%(prog)s %(version)s")
def main() -> None:
    """Keep pickles readable when the classes in them change.

    Versioned classes migrate old pickles whenever they are loaded. The commands here do the same to
    files, so that no program has to carry the old versions along.
    """


@attrs.frozen
class Request:
    """The options of ``upgrade``, as they were given."""

    paths: tuple[str, ...]
    to: str | None
    in_place: bool
    dry_run: bool
    as_json: bool
    imports: tuple[str, ...]
    folders: tuple[str, ...]
    no_backup: bool
    encoding: str | None
    settings: str | None
    protocol: int | None
    allow: tuple[str, ...]
    trust: bool
    static: bool
    packs: tuple[str, ...]


@main.command(short_help="Bring pickle files to today's versions of their classes.")
@cli_options.paths
@cli_files.to
@cli_files.in_place
@click.option("--dry-run", is_flag=True, help="Only say what would be done, step by step.")
@cli_options.as_json
@cli_options.imports
@cli_options.folders
@cli_options.packs
@cli_files.no_backup
@click.option(
    "--encoding",
    metavar="ENC",
    help="What Python 2's strings are: latin1, utf-8, ... or bytes.  [default: that of the "
    "settings, else ASCII]",
)
@cli_options.settings
@click.option(
    "--protocol",
    metavar="N",
    type=click.IntRange(0, 5),
    help="Write pickle protocol N, 0 to 5. Otherwise each file keeps its own.",
)
@cli_files.allow
@click.option("--trust", is_flag=True, help="Let pickles name anything, and say what that was.")
@click.option(
    "--static",
    is_flag=True,
    help="Load nothing and import nothing that a pickle names; refuse what needs it.",
)
def upgrade(**options: Any) -> None:
    """Bring pickle files to today's versions of their classes.

    PATH is a file, a folder (with all below it) or a pattern such as 'data/**/*.pkl'. All files are
    planned before the first one is changed. Then each is migrated, written, read back and compared,
    and only then put in its place. A file that fails stays as it was, and the others go on. Files
    that are current are left alone (with --to: copied).

    Where it gives the same result, a pickle is not loaded: names are edited in its bytes (spliced),
    or declared operations run on inert stand-ins (static). The others are loaded (live), which runs
    the code that they name. So a pickle may name versioned classes, and data types of Python, numpy
    and pandas. All else is refused before it is imported, unless --allow or --trust lets it in, or
    --static does without. With --dry-run too, the modules of what is allowed are imported.

    \b
    Examples:
      pickle-migrate upgrade sessions/ --dry-run
      pickle-migrate upgrade sessions/ --to upgraded/
      pickle-migrate upgrade 'cache/*.pkl.gz' --in-place --import shop.migrations

    Exit codes: 0 all is done, 1 some file failed or would, 2 it could not run.
    """
    request = Request(**options)
    _check(request)
    with cli_start.standard_output() as out:
        code = _run(request, Screen(out, quiet=request.as_json))
    sys.exit(code)


def _check(request: Request) -> None:
    """Raise UsageError, which ends with exit code 2, for options that contradict each other."""
    cli_files.check_place(
        request.to,
        in_place=request.in_place,
        dry_run=request.dry_run,
        no_backup=request.no_backup,
    )
    if request.to is not None and Path(request.to).exists() and not Path(request.to).is_dir():
        raise click.UsageError(f"--to {report.escaped(request.to)}: that is no folder.")
    try:
        if request.encoding is not None and request.encoding != "bytes":
            codecs.lookup(request.encoding)
    except LookupError:
        raise click.UsageError(
            f"--encoding {report.escaped(str(request.encoding))}: there is no such encoding. "
            "latin1 reads every string of Python 2, and bytes leaves them as bytes."
        ) from None


# --- running ----------------------------------------------------------------------------------


def _run(request: Request, screen: Screen) -> int:
    """Prepare, plan, do, print. Gives the exit code."""
    try:
        cli_start.prepare(request.settings, request.folders, request.imports, request.packs)
        found = cli_files.files_to_read(request.paths, request.to)
        plans = _plan(request, found, screen)
    except PickleMigrateError as error:
        click.echo(f"Error: {report.escaped(str(error))}", err=True)
        return _CANNOT_RUN
    except KeyboardInterrupt:
        click.echo("Interrupted while planning. Nothing was changed.", err=True)
        return _SOME_FAILED
    act = _show_plans if request.dry_run else _carry_out
    results = act(request, plans, screen)
    if request.as_json:
        screen.write(report.document(results))
    else:
        screen.show(report.trust_lines(results) if request.trust else [])
        screen.show(report.closing_lines(results))
    return _SOME_FAILED if any(result.is_bad for result in results) else 0


def _plan(request: Request, found: list[Found], screen: Screen) -> list[FilePlan]:
    from pickle_migrate import file_plans, store

    policy = cli_start.policy_for(request.allow, trust=request.trust)
    may_replace = None
    if request.in_place:
        may_replace = partial(store.check_replaceable, backup=not request.no_backup)
    plans = []
    with screen.progress("Planning", len(found)) as step:
        ways = file_plans.new_ways(_wishes(request), policy, static=request.static)
        for plan in file_plans.plan_files(found, request.to, may_replace, ways):
            plans.append(plan)
            step(plan.path)
    return file_plans.refuse_collisions(plans)


def _wishes(request: Request) -> Wishes:
    from pickle_migrate import resolver, ways

    return ways.Wishes(request.encoding or resolver.settings().encoding, request.protocol)


def _show_plans(request: Request, plans: list[FilePlan], screen: Screen) -> list[FileResult]:
    from pickle_migrate import executor

    results = list(executor.results_of_planning(plans))
    lines = report.Lines(plan.path for plan in plans)
    for result in results:
        screen.show(lines.of_file(result))
    screen.show(report.step_lines(results))
    return results


def _carry_out(request: Request, plans: list[FilePlan], screen: Screen) -> list[FileResult]:
    from pickle_migrate import executor

    wishes = _wishes(request)
    options = executor.Options(
        backup=not request.no_backup,
        encoding=wishes.encoding,
        protocol=wishes.protocol,
        policy=cli_start.policy_for(request.allow, trust=request.trust),
        static=request.static,
    )
    results = []
    lines = report.Lines(plan.path for plan in plans)
    with screen.progress("Upgrading", len(plans)) as step:
        for result in executor.carry_out(plans, options):
            results.append(result)
            screen.show(lines.of_file(result))
            step(result.plan.path)
    return results


main.add_command(cli_inspect.inspect)
main.add_command(downgrade_command.downgrade)
main.add_command(lock_command.lock)
main.add_command(heads_command.heads)
main.add_command(history_command.history)
main.add_command(merge_command.merge)
main.add_command(make_command.make)
main.add_command(packs_command.packs)
main.add_command(check_command.check)
main.add_command(squash_command.squash)
main.add_command(archive_command.archive)
