"""``pickle-migrate history``: all versions of a class, and the steps that lead between them.

Exit codes: 0 it was shown, 2 it could not run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
import click

from pickle_migrate import cli_options, cli_start, report
from pickle_migrate.commands import lock_parts
from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.screen import Screen

if TYPE_CHECKING:
    from pickle_migrate.lock.history import History, StepKnown, VersionKnown

_CANNOT_RUN = 2
_PICKLES_SHOWN = 4


@click.command(short_help="Show all versions of a class, and the steps between them.")
@click.argument("name", metavar="CLASS")
@cli_options.as_json
@cli_options.lock_file
@cli_options.imports
@cli_options.folders
@cli_options.settings
def history(
    name: str,
    as_json: bool,
    lock_file: str | None,
    imports: tuple[str, ...],
    folders: tuple[str, ...],
    settings: str | None,
) -> None:
    """Show all versions of a class, and the steps between them.

    CLASS is written module:qualname, as today or under an older name; the qualname alone does where
    no other class has it. For each version: its fields, the pickles of the archive that hold it,
    and the step to the next one.

    \b
    Examples:
      pickle-migrate history shop.models:Order
      pickle-migrate history Order --json

    Exit codes: 0 it was shown, 2 it could not run.
    """
    with cli_start.standard_output() as out:
        screen = Screen(out, quiet=as_json)
        try:
            project = lock_parts.project(settings, folders, imports, lock_file)
            found = _history(name, project)
        except PickleMigrateError as error:
            click.echo(f"Error: {report.escaped(str(error))}", err=True)
            sys.exit(_CANNOT_RUN)
        if as_json:
            screen.write(json.dumps(_data(found), indent=1))
        else:
            screen.show(lock_parts.lines(_lines(found)))


def _history(name: str, project: lock_parts.Project) -> History:
    from pickle_migrate.lock import history as lock_history

    ref = lock_history.find_class(name, project.lock, project.today)
    return lock_history.history(ref, project.lock, project.today, project.sightings)


def _lines(found: History) -> Iterator[str]:
    current = "gone from the code" if found.current is None else f"at version {found.current}"
    yield f"{found.ref}, {current}"
    if found.old_names:
        yield f"was {', '.join(found.old_names)}"
    if found.unstamped is not None:
        yield f"pickles without a version are of version {found.unstamped}"
    for one in found.versions:
        yield ""
        yield from _of_version(one, found)
        for step in one.steps:
            yield from _of_step(step)


def _of_version(one: VersionKnown, found: History) -> Iterator[str]:
    version = one.version
    facts = [version.state]
    if version.fingerprint is not None:
        facts.append(f"fingerprint {version.fingerprint}")
    if version.fields is not None and version.seen:
        facts.append("fields seen in pickles")
    if found.locked is None or version.version > found.locked:
        facts.append("not locked yet")
    yield f"version {version.version}  ({', '.join(facts)})"
    if version.fields is None:
        yield "    its fields are not known"
    for name, kind in version.fields or ():
        yield f"    {name}: {kind}" if kind else f"    {name}"
    if one.pickles:
        more = len(one.pickles) - _PICKLES_SHOWN
        listed = ", ".join(one.pickles[:_PICKLES_SHOWN])
        yield f"  archived: {listed}{f', and {more} more' if more > 0 else ''}"
    else:
        yield "  archived: none"


def _of_step(step: StepKnown) -> Iterator[str]:
    if step.missing:
        yield f"  {step.source} -> {step.target}  is missing: `pickle-migrate make` writes it"
        return
    where = f"  {step.origin}" if step.origin else ""
    yield f"  {step.source} -> {step.target}{where}"
    yield from (f"    {text}" for text in step.operations or ("nothing to do",))


def _data(found: History) -> dict[str, Any]:
    return {
        "class": str(found.ref),
        "old_names": list(found.old_names),
        "unstamped": found.unstamped,
        "current": found.current,
        "locked": found.locked,
        "versions": [
            {
                "version": one.version.version,
                "known": one.version.known,
                "state": one.version.state,
                "fingerprint": one.version.fingerprint,
                "fields": dict(one.version.fields) if one.version.fields is not None else None,
                "pickles": list(one.pickles),
                "steps": [attrs.asdict(step) for step in one.steps],
            }
            for one in found.versions
        ],
    }
