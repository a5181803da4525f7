"""``pickle-migrate heads``: the newest version of each class, in the lock, the code and elsewhere.

Exit codes: 0 each class has one newest version, 1 two branches both made one, 2 it could not run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from pickle_migrate import cli_options, cli_start, report
from pickle_migrate.commands import lock_parts
from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.screen import Screen

if TYPE_CHECKING:
    from pickle_migrate.lock.heads import Head

_TWO_HEADS, _CANNOT_RUN = 1, 2


@click.command(short_help="List the newest version of each class, in the lock and in the code.")
@cli_options.against
@cli_options.as_json
@cli_options.lock_file
@cli_options.imports
@cli_options.folders
@cli_options.settings
def heads(
    against: str | None,
    as_json: bool,
    lock_file: str | None,
    imports: tuple[str, ...],
    folders: tuple[str, ...],
    settings: str | None,
) -> None:
    """List the newest version of each class, in the lock and in the code.

    With --against, also where this branch and another one parted, and on that branch. A class of
    which both made the same version has two heads; `pickle-migrate merge` puts yours after theirs.

    \b
    Examples:
      pickle-migrate heads
      pickle-migrate heads --against origin/main

    Exit codes: 0 each class has one head, 1 some class has two, 2 it could not run.
    """
    with cli_start.standard_output() as out:
        screen = Screen(out, quiet=as_json)
        try:
            project = lock_parts.project(settings, folders, imports, lock_file)
            found = _heads(project, against)
        except PickleMigrateError as error:
            click.echo(f"Error: {report.escaped(str(error))}", err=True)
            sys.exit(_CANNOT_RUN)
        if as_json:
            screen.write(json.dumps({"heads": [_data(one) for one in found]}, indent=1))
        else:
            screen.show(lock_parts.lines(_lines(found, against)))
    sys.exit(_TWO_HEADS if any(one.clashes for one in found) else 0)


def _heads(project: lock_parts.Project, against: str | None) -> tuple[Head, ...]:
    from pickle_migrate.lock import heads as lock_heads
    from pickle_migrate.lock.against import made_by_both, other_branch

    if against is None:
        return lock_heads.heads(project.lock, project.today)
    other = other_branch(project.path, against)
    clashes = made_by_both(project.path, against, project.lock)
    return lock_heads.heads(project.lock, project.today, other, clashes)


def _lines(found: Sequence[Head], against: str | None) -> Iterator[str]:
    columns = ["base", "theirs", "lock", "code"] if against else ["lock", "code"]
    width = max((len(report.escaped(str(one.ref))) for one in found), default=0)
    width = max(width, len("class"))
    yield "  ".join(["class".ljust(width), *columns])
    for one in found:
        numbers = [_number(getattr(one, column)).rjust(len(column)) for column in columns]
        remarks = "; ".join(one.remarks())
        yield "  ".join([str(one.ref).ljust(width), *numbers, remarks]).rstrip()
        yield from (f"    {change.describe()}" for change in one.differences())
        for clash in one.clashes:
            yield from (f"    {change.describe()}" for change in clash.changes)


def _number(version: int | None) -> str:
    return "-" if version is None else str(version)


def _data(one: Head) -> dict[str, Any]:
    return {
        "class": str(one.ref),
        "lock": one.lock,
        "code": one.code,
        "base": one.base,
        "theirs": one.theirs,
        "remarks": list(one.remarks()),
        "change": lock_parts.change_data(one.change) if one.change is not None else None,
        "both_made": [
            {
                "version": clash.version,
                "differs": clash.differs,
                "differences": [change.describe() for change in clash.changes],
            }
            for clash in one.clashes
        ],
    }
