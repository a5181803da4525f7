"""``pickle-migrate archive``: takes pickles into the archive, lists it, accepts other states.

Exit codes: 0 all is done, 1 some pickle was refused, 2 it could not run.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from pickle_migrate import cli_options, cli_start, report
from pickle_migrate.commands import archive_lines
from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.findings import Problem
from pickle_migrate.screen import Screen

if TYPE_CHECKING:
    from pickle_migrate.archive.taking import Job, Taken
    from pickle_migrate.archive.values import Provenance

_SOME_REFUSED, _CANNOT_RUN = 1, 2


@attrs.frozen
class Request:
    """The options of ``archive``, as they were given."""

    paths: tuple[str, ...]
    release: str
    python: str
    writer: str
    more: tuple[str, ...]
    requirement_files: tuple[str, ...]
    into: str | None
    archive: str | None
    accept: bool
    dry_run: bool
    listed: bool
    as_json: bool
    encoding: str | None
    allow: tuple[str, ...]
    trust: bool
    imports: tuple[str, ...]
    folders: tuple[str, ...]
    settings: str | None

    @property
    def root(self) -> Path:
        """The folder of the archive."""
        from pickle_migrate import resolver
        from pickle_migrate.archive.folder import archive_of

        return Path(self.archive) if self.archive else archive_of(resolver.settings())


@click.command(short_help="Keep old pickles, each with the state that it must give.")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option(
    "--release",
    metavar="WHAT",
    default="",
    help="The release that wrote the pickles. With --writer and no PATH: what pip installs, such "
    "as 'shop==1.2', a folder or 'git+https://...'.",
)
@click.option(
    "--python",
    metavar="X.Y",
    default="",
    help="The Python that wrote them. With --writer and no PATH: the one that runs it, a version "
    "or an executable.  [default there: this one]",
)
@click.option(
    "--writer",
    metavar="SCRIPT",
    default="",
    help="What wrote them. With no PATH: a script that the old release runs, and that writes "
    "pickles into its working directory.",
)
@click.option(
    "--with",
    "more",
    metavar="REQ",
    multiple=True,
    help="Install this too for the writer: 'numpy==1.19'. May be repeated.",
)
@click.option(
    "--requirements",
    "requirement_files",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="Install what this file lists, as pip's -r does. May be repeated.",
)
@click.option(
    "--into",
    metavar="NAME",
    help="The folder within the archive.  [default: release and Python, as shop-1.2/py3.9]",
)
@click.option(
    "--archive",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="The archive.  [default: that of the settings, else fixtures beside them]",
)
@click.option(
    "--accept",
    is_flag=True,
    help="Expect the states that archived pickles give now, of those at PATH or of all, and show "
    "what is different.",
)
@click.option("--dry-run", is_flag=True, help="Write nothing; only say what would be done.")
@click.option("--list", "listed", is_flag=True, help="List what is archived.")
@cli_options.as_json
@click.option(
    "--encoding",
    metavar="ENC",
    help="What Python 2's strings are: latin1, utf-8, ... or bytes.  [default: that of the "
    "settings, else ASCII]",
)
@click.option(
    "--allow",
    metavar="RULE",
    multiple=True,
    help="Let pickles name this too: 'shop.models:Order', or 'shop.*' for a package. May be "
    "repeated.",
)
@click.option("--trust", is_flag=True, help="Let the pickles name anything.")
@cli_options.imports
@cli_options.folders
@cli_options.settings
def archive(**options: Any) -> None:
    """Keep old pickles, each with the state that it must give.

    Copies pickle files into the archive, each with a record beside it: what wrote it, its digest,
    and the state that today's code gives when it loads the file. Look at that state: from then on
    `pickle-migrate check` compares with it. What is archived is never overwritten.

    With --writer and no PATH, an old release writes them: an environment is made with that Python
    and that release, and the script runs in it.

    A pickle may name versioned classes, and data types of Python, numpy and pandas. All else is
    refused before it is imported, unless --allow or --trust lets it in.

    \b
    Examples:
      pickle-migrate archive backup/orders.pickle --release 'shop 1.2' --python 3.9
      pickle-migrate archive --release 'shop==1.2' --python 3.9 --writer write_samples.py
      pickle-migrate archive --accept fixtures/shop-1.2

    Exit codes: 0 all is done, 1 some pickle was refused, 2 it could not run.
    """
    request = Request(**options)
    _check(request)
    with cli_start.standard_output() as out:
        code = _run(request, Screen(out, quiet=request.as_json))
    sys.exit(code)


def _check(request: Request) -> None:
    runs = bool(request.writer) and not request.paths
    if request.accept and request.listed:
        raise click.UsageError("Choose one of --accept and --list.")
    if request.accept or request.listed:
        return
    if not request.paths and not runs:
        raise click.UsageError(
            "Name pickle files, or a script that an old release runs: --release 'shop==1.2' "
            "--python 3.9 --writer write_samples.py. --list shows what is archived."
        )
    if (request.more or request.requirement_files) and not runs:
        raise click.UsageError("--with and --requirements belong to --writer without a PATH.")
    if request.into is not None and (
        Path(request.into).is_absolute() or ".." in Path(request.into).parts
    ):
        raise click.UsageError("--into names a folder within the archive, such as shop-1.2.")


def _run(request: Request, screen: Screen) -> int:
    from pickle_migrate import resolver

    try:
        cli_start.prepare(request.settings, request.folders, request.imports)
        if request.listed:
            return _list(request, screen)
        resolver.import_modules()
        cli_start.import_migrations()
        if request.accept:
            return _accept(request, screen)
        if request.paths:
            return _take_files(request, screen)
        return _take_release(request, screen)
    except PickleMigrateError as error:
        click.echo(f"Error: {report.escaped(str(error))}", err=True)
        return _CANNOT_RUN
    except KeyboardInterrupt:
        click.echo("Interrupted. What was archived by then is complete.", err=True)
        return _SOME_REFUSED


# --- taking in --------------------------------------------------------------------------------


def _take_files(request: Request, screen: Screen) -> int:
    from pickle_migrate.archive import releases, taking
    from pickle_migrate.archive.values import Provenance

    into = request.into
    if into is None:
        into = releases.place_for(request.release, request.python)
    jobs = taking.jobs_for(request.paths, request.root, into)
    said = Provenance(request.release, request.python, None, {}, request.writer)
    return _take(request, jobs, said, screen)


def _take_release(request: Request, screen: Screen) -> int:
    from pickle_migrate.archive import pythons, releases, taking

    python = pythons.find_python(request.python) if request.python else pythons.this_python()
    with tempfile.TemporaryDirectory(prefix="pickle-migrate-") as scratch:
        if not request.as_json:
            what = request.release or "the writer"
            click.echo(f"Making an environment for {what}, Python {python.version} ...", err=True)
        environment = pythons.environment(
            python, Path(scratch), request.release, request.more, request.requirement_files
        )
        out = Path(scratch) / "out"
        files = releases.written_files(environment, Path(request.writer), out)
        into = request.into
        if into is None:
            into = releases.place_for(environment.release, python.version)
        names = releases.names_below(files, out, into)
        jobs = [taking.Job(str(path), name) for path, name in zip(files, names, strict=True)]
        said = releases.provenance_of(environment, Path(request.writer).name)
        return _take(request, jobs, said, screen)


def _take(request: Request, jobs: list[Job], said: Provenance, screen: Screen) -> int:
    from pickle_migrate import resolver
    from pickle_migrate.archive import taking

    policy = cli_start.policy_for(request.allow, trust=request.trust)
    encoding = request.encoding or resolver.settings().encoding
    taken = []
    with screen.progress("Archiving", len(jobs)) as step:
        for one in taking.take(
            jobs, request.root, said, encoding, policy, write=not request.dry_run
        ):
            taken.append(one)
            screen.show(archive_lines.of_taken(one, whole=len(jobs) <= archive_lines.WHOLE))
            step(one.job.path)
    _close(request, taken, screen)
    return _SOME_REFUSED if any(one.problem for one in taken) else 0


def _close(request: Request, taken: list[Taken], screen: Screen) -> None:
    if request.as_json:
        screen.write(archive_lines.document(taken))
    else:
        screen.show(archive_lines.closing(taken, request.root, dry=request.dry_run))


# --- the other two ----------------------------------------------------------------------------


def _accept(request: Request, screen: Screen) -> int:
    from pickle_migrate.archive import freeze, taking

    _, found = taking.chosen(request.root, request.paths)
    done: list[tuple[str, freeze.Accepted | Problem]] = []
    for record in found:
        try:
            accepted: Any = freeze.accept(record, write=not request.dry_run)
        except PickleMigrateError as error:
            accepted = Problem.of(error)
        done.append((record.name, accepted))
        screen.show(archive_lines.of_accepted(record.name, accepted))
    if request.as_json:
        screen.write(archive_lines.accepted_document(done))
    else:
        screen.show(archive_lines.accepted_closing(done, dry=request.dry_run))
    return _SOME_REFUSED if any(isinstance(one, Problem) for _, one in done) else 0


def _list(request: Request, screen: Screen) -> int:
    from pickle_migrate.archive import taking

    found, shown = taking.chosen(request.root, request.paths)
    if request.as_json:
        screen.write(archive_lines.listed_document(found, shown))
    else:
        screen.show(_lines(archive_lines.listed(found, shown)))
    return _SOME_REFUSED if found.unread else 0


def _lines(texts: Iterator[str]) -> Iterator[report.Line]:
    return (report.Line(text) for text in texts)
