"""``pickle-migrate inspect``: reads options, inspects file by file, prints, exits.

Exit codes: 0 nothing was found, 1 something was, 2 it could not run. Nothing that a pickle names is
imported; modules of migrations from the settings and ``--import`` are, before the first file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs
import click

from pickle_migrate import cli_options, cli_start, discovery, report
from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.screen import Screen

if TYPE_CHECKING:
    from pickle_migrate.discovery import Found
    from pickle_migrate.inspect_pickle import Options
    from pickle_migrate.inspected import FileFound
    from pickle_migrate.tree_view import Cut

_FOUND_SOMETHING, _CANNOT_RUN = 1, 2
#: With more files than this, a file is a line and its findings.
_WHOLE_FILES = 5
_DEPTH, _LINES, _DIS_LINES = 6, 60, 1_000


@attrs.frozen
class Request:
    """The options of ``inspect``, as they were given."""

    paths: tuple[str, ...]
    as_json: bool
    dis: bool
    diff: bool
    depth: int | None
    limit: int | None
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    trust: bool
    imports: tuple[str, ...]
    folders: tuple[str, ...]
    settings: str | None
    packs: tuple[str, ...]

    def cut(self, files: int) -> Cut | None:
        """How much of each graph is drawn; None: nothing, there are too many files."""
        from pickle_migrate.tree_view import Cut

        if files > _WHOLE_FILES and self.depth is None and self.limit is None:
            return None
        lines = self.limit or _LINES
        return Cut(self.depth or _DEPTH, lines, max(12, lines // 3))


@click.command(short_help="Show what is in pickle files, without running them.")
@cli_options.paths
@cli_options.as_json
@click.option("--dis", is_flag=True, help="List the opcodes, with what they name and refer to.")
@click.option("--diff", is_flag=True, help="Compare the graphs of two files.")
@click.option(
    "--depth",
    metavar="N",
    type=click.IntRange(1, 1000),
    help=f"Show N levels of each graph.  [default: {_DEPTH}]",
)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, 10_000_000),
    help=f"Show N lines of each graph, and of --dis and --diff.  [default: {_LINES}; with --dis "
    f"and --diff {_DIS_LINES}]",
)
@click.option(
    "--allow",
    metavar="RULE",
    multiple=True,
    help="Allow this too: module:name, or 'package.*'. May be repeated.",
)
@click.option("--deny", metavar="RULE", multiple=True, help="Refuse this. May be repeated.")
@click.option("--trust", is_flag=True, help="Allow all names; other findings stay.")
@cli_options.imports
@cli_options.folders
@cli_options.packs
@cli_options.settings
def inspect(**options: Any) -> None:
    """Show what is in pickle files, without running them.

    PATH is a file, a folder (with all below it) or a pattern such as 'data/**/*.pkl'. Compressed
    files, zip and tar archives, joblib, .npy, ZODB and SQLite files are opened too.

    For each pickle: its graph with classes, versions, fields and sizes; the globals that it names,
    with verdicts; findings, by severity; the migration steps that it would need. Nothing that it
    names is imported or called.

    \b
    Examples:
      pickle-migrate inspect model.pkl
      pickle-migrate inspect uploads/ --json
      pickle-migrate inspect --dis --limit 100 model.pkl
      pickle-migrate inspect --diff old.pkl new.pkl

    Exit codes: 0 nothing was found, 1 something was, 2 it could not run.
    """
    request = Request(**options)
    _check(request)
    with cli_start.standard_output() as out:
        code = _run(request, Screen(out, quiet=request.as_json))
    sys.exit(code)


def _check(request: Request) -> None:
    if request.diff and len(request.paths) != 2:
        raise click.UsageError("--diff compares two files: pickle-migrate inspect --diff A B")
    chosen = [
        name
        for name, given in (
            ("--json", request.as_json),
            ("--dis", request.dis),
            ("--diff", request.diff),
        )
        if given
    ]
    if len(chosen) > 1:
        raise click.UsageError(f"Choose one of {' and '.join(chosen)}.")


def _run(request: Request, screen: Screen) -> int:
    try:
        cli_start.prepare(request.settings, request.folders, request.imports, request.packs)
        cli_start.import_migrations()
        options = _options(request)
        found = _find(request)
    except PickleMigrateError as error:
        click.echo(f"Error: {report.escaped(str(error))}", err=True)
        return _CANNOT_RUN
    try:
        if request.diff:
            return _show_difference(request, found, options, screen)
        return _show_files(request, found, options, screen)
    except KeyboardInterrupt:
        click.echo("Interrupted: not all files were inspected.", err=True)
        return _FOUND_SOMETHING


def _find(request: Request) -> list[Found]:
    if not request.diff:
        return list(discovery.discover(request.paths))
    # Each by itself: a file may be compared with itself.
    return [one for path in request.paths for one in discovery.discover([path])]


def _options(request: Request) -> Options:
    from pickle_migrate import inspect_pickle, needed_steps

    lines = request.limit or _LINES
    return inspect_pickle.Options(
        cli_start.policy_for(request.allow, request.deny, trust=request.trust),
        opcodes=max(20_000, 50 * lines),
        partial=max(5_000, 50 * lines),
        steps=needed_steps.needed_steps,
    )


def _inspected(
    found: Iterable[Found], options: Options, screen: Screen, total: int
) -> Iterator[tuple[Found, FileFound]]:
    from pickle_migrate import inspect_file

    if total <= _WHOLE_FILES:  # a bar above so many lines would only flicker
        for one in found:
            yield one, inspect_file.inspect_file(one, options)
        return
    with screen.progress("Inspecting", total) as step:
        for one in found:
            yield one, inspect_file.inspect_file(one, options)
            step(one.path)


def _show_files(request: Request, found: list[Found], options: Options, screen: Screen) -> int:
    from pickle_migrate import inspect_report

    code, passed_over = 0, 0
    cut = request.cut(len(found))
    documents, kept = [], []
    for one, file in _inspected(found, options, screen, len(found)):
        code = max(code, _code_of(file))
        if request.as_json:
            documents.append(inspect_report.file_document(file))
            continue
        if file.status == "no pickle" and file.is_clean and not one.explicit:
            passed_over += 1
            continue
        if request.dis:
            screen.show(_dis_lines(request, file))
        else:
            screen.show(inspect_report.file_lines(file, cut))
        kept.append(_light(file))
    if request.as_json:
        screen.write(inspect_report.document(documents))
    else:
        screen.show(inspect_report.closing_lines(kept, passed_over))
    return code


def _code_of(file: FileFound) -> int:
    if file.error:
        return _CANNOT_RUN
    return 0 if file.is_clean else _FOUND_SOMETHING


def _light(file: FileFound) -> FileFound:
    """What the summary needs, without the bytes of a hundred thousand files."""
    pickles = tuple(attrs.evolve(p, tree=None, data=b"", nested=()) for p in file.pickles)
    return attrs.evolve(file, pickles=pickles)


def _dis_lines(request: Request, file: FileFound) -> Iterator[Any]:
    from pickle_migrate import inspect_report
    from pickle_migrate.dis_view import dis_lines

    yield from inspect_report.file_lines(file, None)
    left = request.limit or _DIS_LINES
    for pickle in file.all_pickles():
        for line in dis_lines(pickle, left):
            yield line
            left -= 1
        if left <= 0:
            return


def _show_difference(request: Request, found: list[Found], options: Options, screen: Screen) -> int:
    from pickle_migrate import inspect_report
    from pickle_migrate.diff_view import diff_lines

    opcodes = max(1_000_000, options.opcodes)
    options = attrs.evolve(options, opcodes=opcodes, partial=opcodes)
    both = [file for _, file in _inspected(found, options, screen, len(found))]
    if len(both) != 2:
        click.echo("Error: --diff compares two files, and these paths lead to others.", err=True)
        return _CANNOT_RUN
    for file in both:
        if file.error or not file.pickles:
            screen.show(inspect_report.file_lines(file, None))
            return _CANNOT_RUN
    lines, differs = diff_lines(both[0], both[1], request.limit or _DIS_LINES)
    screen.show(lines)
    return _FOUND_SOMETHING if differs else 0
