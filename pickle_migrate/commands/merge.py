"""``pickle-migrate merge``: puts this branch's versions after those of another branch.

Exit codes: 0 done, or nothing to do, 1 something is left to do by hand, 2 it could not run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from pickle_migrate import cli_options, cli_start, report
from pickle_migrate.commands import lock_parts
from pickle_migrate.errors import FileError, PickleMigrateError
from pickle_migrate.screen import Screen

if TYPE_CHECKING:
    from pickle_migrate.lock.merge_plan import MergePlan, SourceChange

_BY_HAND, _CANNOT_RUN = 1, 2


@click.command(short_help="Put this branch's versions after those of another branch.")
@click.option(
    "--against",
    metavar="REF",
    help="The other branch: 'origin/main'.  [default: that of the merge or rebase under way]",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@cli_options.as_json
@cli_options.lock_file
@cli_options.settings
def merge(
    against: str | None,
    dry_run: bool,
    as_json: bool,
    lock_file: str | None,
    settings: str | None,
) -> None:
    """Put this branch's versions after those of another branch.

    Where both branches made version 3 of a class, theirs stays version 3, and yours becomes version
    4: the number in @versioned, the steps of this branch that lead to it, and the lock. The source
    is edited where a number stands as such; the difference is shown. Then read your step again: it
    takes what the other branch made.

    Run it after `git merge` or `git rebase` stopped, or on a branch that merged already. Nothing is
    imported. A lock in which git left marks of a conflict, or lines that contradict each other, is
    written anew from both branches.

    \b
    Examples:
      pickle-migrate merge --dry-run
      pickle-migrate merge --against origin/main

    Exit codes: 0 done, or nothing to do, 1 something is left to do by hand, 2 it could not run.
    """
    with cli_start.standard_output() as out:
        screen = Screen(out, quiet=as_json)
        try:
            cli_start.prepare(settings, (), ())
            path = cli_start.lock_path(lock_file)
            plan, status = _merge(path, against, dry_run=dry_run)
        except PickleMigrateError as error:
            click.echo(f"Error: {report.escaped(str(error))}", err=True)
            sys.exit(_CANNOT_RUN)
        if as_json:
            screen.write(_document(path, plan, status))
        else:
            screen.show(lock_parts.lines(_lines(path, plan, status)))
    sys.exit(_BY_HAND if plan.by_hand or plan.problems else 0)


def _merge(path: Path, against: str | None, *, dry_run: bool) -> tuple[MergePlan, str]:
    """The plan, and what became of it: nothing, planned, refused or written."""
    from pickle_migrate.lock import files, merge_plan, toml_text

    plan = merge_plan.merge_plan(path, against)
    if plan.problems:
        return plan, "refused"
    text = toml_text.to_text(plan.lock).encode()
    if not plan.sources and not plan.classes and files.read_bytes(path) in (text, None):
        return plan, "nothing"
    if dry_run:
        return plan, "planned"
    for change in plan.sources:
        _write(change)
    files.write_lock(path, plan.lock)
    return plan, "written"


def _write(change: SourceChange) -> None:
    """Put the new source in the place of the one that the plan was made for."""
    from pickle_migrate import store

    snapshot = store.read(change.path)
    is_same = snapshot.data == change.before.encode()
    done = (
        store.replace(snapshot, change.after.encode(), backup=False, break_hard_links=True)
        if is_same
        else None
    )
    if done is None or done.outcome != "ok":
        problem = "was changed by others meanwhile"
        raise FileError(str(change.path), problem, "Run the command again.")


def _lines(path: Path, plan: MergePlan, status: str) -> Iterator[str]:
    for one in plan.classes:
        numbers = ", ".join(f"{old} -> {new}" for old, new in one.numbers.items())
        yield f"{one.ref}: both branches made version {min(one.numbers)}. Yours: {numbers}"
    for ref in plan.same:
        yield f"{ref}: both branches made the same step; it stays one version"
    for change in plan.sources:
        yield from change.diff(lock_parts.shown(change.path))
    yield from plan.problems
    if status in ("refused", "nothing"):
        refused = "Nothing was written."
        yield refused if plan.problems else "Nothing to do: no class has two heads."
        return
    would = "would be written" if status == "planned" else "was written"
    yield f"{lock_parts.shown(path)} {would}: the versions of both branches."
    if plan.by_hand:
        yield "Left to do by hand:"
        yield from (f"  {text}" for text in plan.by_hand)
    yield from plan.advice
    yield "Then run `pickle-migrate lock` and `pickle-migrate check`."


def _document(path: Path, plan: MergePlan, status: str) -> str:
    content: dict[str, Any] = {
        "lock": str(path),
        "status": status,
        "against": plan.sides.name,
        "classes": [
            {
                "class": str(one.ref),
                "numbers": {str(old): new for old, new in one.numbers.items()},
                "touched_by_both": list(one.touched_by_both),
                "theirs": [{**attrs.asdict(c), "text": c.describe()} for c in one.others],
            }
            for one in plan.classes
        ],
        "same": [str(ref) for ref in plan.same],
        "files": [str(change.path) for change in plan.sources],
        "advice": list(plan.advice),
        "by_hand": list(plan.by_hand),
        "problems": list(plan.problems),
    }
    return json.dumps(content, indent=1)
