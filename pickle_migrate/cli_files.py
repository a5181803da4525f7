"""What the commands that write files have in common: where the new files go, and which are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from pickle_migrate import discovery
from pickle_migrate.discovery import Found
from pickle_migrate.errors import RequestError

to = click.option(
    "--to", metavar="DIR", help="Write new files into this folder; the old ones stay."
)
in_place = click.option(
    "--in-place", is_flag=True, help="Replace the files; the old ones stay as NAME.bak."
)
no_backup = click.option("--no-backup", is_flag=True, help="With --in-place: keep no NAME.bak.")
allow = click.option(
    "--allow",
    metavar="RULE",
    multiple=True,
    help="Let pickles name this too: 'shop.models:Order', or 'shop.*' for a package. May be "
    "repeated.",
)


def check_place(to: str | None, *, in_place: bool, dry_run: bool, no_backup: bool) -> None:
    """Raise UsageError, which ends with exit code 2, unless the options say one place."""
    if to is not None and in_place:
        raise click.UsageError("Choose one of --to DIR and --in-place.")
    if to is None and not in_place and not dry_run:
        raise click.UsageError(
            "Say where the new files go: --to DIR writes them into a folder, --in-place replaces "
            "the old ones. Or look first, with --dry-run."
        )
    if no_backup and not in_place:
        raise click.UsageError("--no-backup belongs to --in-place.")


def files_to_read(paths: Sequence[str], to: str | None) -> list[Found]:
    """The files to look at. Raises FileError and RequestError when there are none."""
    found = list(discovery.discover(paths))
    if to is not None:
        # Of an earlier run: what was written is not to be read as what is to be changed.
        there = Path(to).resolve()
        found = [one for one in found if there not in Path(one.path).resolve().parents]
    errors = [one.error for one in found if one.error is not None]
    if errors and len(errors) == len(found):
        raise errors[0]
    if not found:
        raise RequestError("no file was found", "Name files or folders outside of --to.")
    return found
