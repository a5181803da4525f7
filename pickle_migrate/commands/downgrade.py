"""``pickle-migrate downgrade``: writes files so that an earlier release reads them again.

Exit codes: 0 all is done, 1 some file failed or would, 2 it could not run.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs
import click

from pickle_migrate import cli_files, cli_options, cli_start, report
from pickle_migrate.errors import PickleMigrateError, RequestError
from pickle_migrate.screen import Screen

if TYPE_CHECKING:
    from pickle_migrate.file_downgrades import Rollback, RolledBack

_SOME_FAILED, _CANNOT_RUN = 1, 2
_WIDTH = 16


@attrs.frozen
class Request:
    """The options of ``downgrade``, as they were given."""

    paths: tuple[str, ...]
    versions: tuple[str, ...]
    to: str | None
    in_place: bool
    dry_run: bool
    lossy: bool
    no_backup: bool
    as_json: bool
    imports: tuple[str, ...]
    folders: tuple[str, ...]
    settings: str | None
    allow: tuple[str, ...]
    trust: bool


@click.command(short_help="Bring pickle files back to what an earlier release reads.")
@cli_options.paths
@click.option(
    "--version",
    "versions",
    metavar="CLASS=N",
    multiple=True,
    help="Write this class at version N: 'shop.models:Order=2'; 0 is without a stamp. May be "
    "repeated.  [default: the setting write]",
)
@cli_files.to
@cli_files.in_place
@click.option("--dry-run", is_flag=True, help="Do all but write, and say what would be done.")
@click.option("--lossy", is_flag=True, help="Drop values that the older version has no place for.")
@cli_files.no_backup
@cli_options.as_json
@cli_options.imports
@cli_options.folders
@cli_options.settings
@cli_files.allow
@click.option("--trust", is_flag=True, help="Let pickles name anything.")
def downgrade(**options: Any) -> None:
    """Bring pickle files back to what an earlier release reads.

    For a rollback: the new release has written files already, and the old one has to read them. Run
    it with the new release's code. Each file is loaded, written at the versions that are asked for,
    read back and checked, and only then put in its place. A file that fails stays as it was, and
    the others go on. Files in which nothing is newer are left alone (with --to: copied).

    \b
    Examples:
      pickle-migrate downgrade sessions/ --version shop.models:Order=2 --dry-run
      pickle-migrate downgrade sessions/ --version shop.models:Order=2 --in-place

    Exit codes: 0 all is done, 1 some file failed or would, 2 it could not run.
    """
    request = Request(**options)
    cli_files.check_place(
        request.to,
        in_place=request.in_place,
        dry_run=request.dry_run,
        no_backup=request.no_backup,
    )
    with cli_start.standard_output() as out:
        code = _run(request, Screen(out, quiet=request.as_json), out)
    sys.exit(code)


def _run(request: Request, screen: Screen, out: Any) -> int:
    from pickle_migrate import file_downgrades

    results: list[RolledBack] = []
    try:
        cli_start.prepare(request.settings, request.folders, request.imports)
        wanted = _wanted(request)
        found = cli_files.files_to_read(request.paths, request.to)
        with screen.progress("Downgrading", len(found)) as step:
            for result in file_downgrades.roll_back(found, wanted):
                results.append(result)
                if not request.as_json:
                    for line in _lines(result):
                        click.echo(line, file=out)
                step(result.path)
    except PickleMigrateError as error:
        click.echo(f"Error: {report.escaped(str(error))}", err=True)
        return _CANNOT_RUN
    if request.as_json:
        click.echo(json.dumps(_document(results), indent=1), file=out)
    else:
        click.echo(f"\n{_summary(results)}", file=out)
    return _SOME_FAILED if any(result.is_bad for result in results) else 0


def _wanted(request: Request) -> Rollback:
    from pickle_migrate import resolver
    from pickle_migrate.file_downgrades import Rollback

    chosen = resolver.settings()
    versions = _versions(request.versions) if request.versions else chosen.write
    if not versions:
        raise RequestError(
            "no version is asked for", "Give --version 'shop.models:Order=2', or the setting write."
        )
    lossy: Literal["refuse", "allow"] = "allow" if request.lossy else "refuse"
    return Rollback(
        versions,
        lossy,
        request.to,
        backup=not request.no_backup,
        dry_run=request.dry_run,
        encoding=chosen.encoding,
        policy=cli_start.policy_for(request.allow, trust=request.trust),
    )


def _versions(given: tuple[str, ...]) -> Mapping[str, int]:
    found = {}
    for text in given:
        name, _, number = text.rpartition("=")
        if not name or not number.isdecimal():
            remedy = "Write it as CLASS=N: 'shop.models:Order=2'."
            raise RequestError(f"--version {text!r} says no class and version", remedy)
        found[name] = int(number)
    return found


def _lines(result: RolledBack) -> Iterator[str]:
    classes = ", ".join(result.classes)
    told = f"{result.result:<{_WIDTH}}{report.escaped(result.path)}"
    yield f"{told}  {report.escaped(classes)}" if classes else told
    for problem in result.problems:
        yield f"    {report.escaped(problem.what)}"
        if problem.advice:
            yield f"    {report.escaped(problem.advice)}"
    for warning in result.warnings:
        yield f"    Warning: {report.escaped(warning)}."


def _summary(results: list[RolledBack]) -> str:
    counts = Counter(result.result for result in results)
    files = "1 file" if len(results) == 1 else f"{len(results)} files"
    return f"{files}: {', '.join(f'{count} {word}' for word, count in counts.items())}."


def _document(results: list[RolledBack]) -> dict[str, Any]:
    return {
        "files": [
            {
                "path": result.path,
                "result": result.result,
                "classes": list(result.classes),
                "problems": [
                    {"error": p.error, "what": p.what, "advice": p.advice} for p in result.problems
                ],
                "output": result.output,
                "backup": result.backup,
                "warnings": list(result.warnings),
            }
            for result in results
        ],
        "summary": dict(Counter(result.result for result in results)),
    }
