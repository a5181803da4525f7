"""``pickle-migrate check``: reads options, runs the check, shows it in every form asked for, exits.

Exit codes: 0 kept, 1 broken, 2 could not run. Standard output holds the lines or, with ``--json``,
one document; what modules and migrations print goes to standard error.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from pickle_migrate import cli_options, cli_start, report
from pickle_migrate.errors import PickleMigrateError, RequestError
from pickle_migrate.project import MODES
from pickle_migrate.screen import Screen

if TYPE_CHECKING:
    from pickle_migrate.checks.values import CheckReport

_CANNOT_RUN: Final = 2
_SUMMARY: Final = "GITHUB_STEP_SUMMARY"


@attrs.frozen
class Request:
    """The options of ``check``, as they were given."""

    mode: str | None
    against: str | None
    self_test: bool
    thorough: bool
    verbose: bool
    as_json: bool
    junit: str | None
    markdown: str | None
    github: bool | None
    lock_file: str | None
    imports: tuple[str, ...]
    folders: tuple[str, ...]
    settings: str | None

    @property
    def annotates(self) -> bool:
        """Whether annotations are written: as asked for, else where GitHub Actions reads them."""
        if self.github is not None:
            return self.github
        return os.environ.get("GITHUB_ACTIONS") == "true"


@click.command(short_help="Ask whether every archived pickle still loads as it should (for CI).")
@click.option(
    "--mode",
    type=click.Choice(MODES),
    help="What has to be readable by what.  [default: that of the settings, else "
    "backward-transitive]",
)
@click.option(
    "--against",
    metavar="REF",
    help="Compare with another branch too, such as origin/main: did both make the same version?",
)
@click.option(
    "--self-test",
    is_flag=True,
    help="Falsify expectations, drop steps and rename fields, in memory, and see that the check "
    "notices.",
)
@click.option(
    "--thorough",
    is_flag=True,
    help="Load every archived pickle under watch, and once more in another process.",
)
@click.option("-v", "--verbose", is_flag=True, help="List what is kept too, and all details.")
@cli_options.as_json
@click.option("--junit", metavar="FILE", help="Write JUnit XML into this file too.")
@click.option(
    "--markdown",
    metavar="FILE",
    help=f"Write Markdown into this file too; added at its end if it is ${_SUMMARY}. '-': print it "
    "instead of the lines.",
)
@click.option(
    "--github/--no-github",
    default=None,
    help="Print annotations for GitHub Actions.  [default: when GITHUB_ACTIONS is true]",
)
@cli_options.lock_file
@cli_options.imports
@cli_options.folders
@cli_options.settings
def check(**options: Any) -> None:
    """Ask whether every archived pickle still loads as it should.

    Looks at every versioned class: is it as the lock has it, does a step lead from each version to
    today's, is there an archived pickle of each? And at every archived pickle: are its bytes as
    they were, does it load, with the state that its record says? What is found is kept, broken, or
    could not run. Imports the modules of the settings and loads the archived pickles, which runs
    their code.

    \b
    Examples:
      pickle-migrate check
      pickle-migrate check --against origin/main --junit check.xml
      pickle-migrate check --mode full-transitive --self-test

    Exit codes: 0 kept, 1 broken, 2 could not run.
    """
    request = Request(**options)
    if request.as_json and request.markdown == "-":
        raise click.UsageError("Choose one of --json and --markdown -.")
    with cli_start.standard_output() as out:
        code = _run(request, Screen(out, quiet=request.as_json or request.markdown == "-"))
    sys.exit(code)


def _run(request: Request, screen: Screen) -> int:
    from pickle_migrate.checks.values import BROKEN, KEPT

    try:
        cli_start.prepare(request.settings, request.folders, request.imports)
        found = _checked(request, screen)
        _show(request, found, screen)
    except PickleMigrateError as error:
        click.echo(f"Error: {report.escaped(str(error))}", err=True)
        return _CANNOT_RUN
    except KeyboardInterrupt:
        click.echo("Interrupted: not everything was checked.", err=True)
        return _CANNOT_RUN
    except BaseException as error:
        # Whatever code of the project ends this, sys.exit(0) included, it was not kept.
        traceback.print_exc()
        name = type(error).__name__
        click.echo(f"Error: the check itself ended with {name}, as shown above.", err=True)
        return _CANNOT_RUN
    return {KEPT: 0, BROKEN: 1}.get(found.outcome, _CANNOT_RUN)


def _checked(request: Request, screen: Screen) -> CheckReport:
    from pickle_migrate.checks import run

    wishes = run.Wishes(
        request.mode,
        request.against,
        request.self_test,
        request.thorough,
        cli_start.lock_path(request.lock_file),
        request.imports,
    )
    return run.run_check(wishes, screen.progress)


# --- showing ----------------------------------------------------------------------------------


def _show(request: Request, found: CheckReport, screen: Screen) -> None:
    from pickle_migrate.check_report import github, json_document, junit, markdown, text

    # Files first: a closed pipe must not keep CI from its report.
    if request.junit:
        _write(request.junit, junit.junit_xml(found))
    if request.markdown and request.markdown != "-":
        appends = request.markdown == os.environ.get(_SUMMARY)
        _write(request.markdown, markdown.markdown(found), appends=appends)
    if request.as_json:
        screen.write(json_document.document(found))
    elif request.markdown == "-":
        screen.write(markdown.markdown(found).rstrip("\n"))
    else:
        screen.show(text.text_lines(found, verbose=request.verbose))
    if request.annotates:
        # GitHub's runner reads both streams; standard output may hold one document.
        other = request.as_json or request.markdown == "-"
        for line in github.annotation_lines(found, _folder_in_workspace()):
            click.echo(line, err=True) if other else screen.write(line)


def _folder_in_workspace() -> str:
    """Where in the checked out repository this is, as GitHub's runner names it."""
    root = os.environ.get("GITHUB_WORKSPACE")
    if not root:
        return ""
    try:
        folder = Path.cwd().relative_to(Path(root).resolve()).as_posix()
    except ValueError:
        return ""
    return "" if folder == "." else folder


def _write(name: str, text: str, *, appends: bool = False) -> None:
    path = Path(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if appends else "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RequestError(f"{name} cannot be written: {reason}", "Name another file.") from error
