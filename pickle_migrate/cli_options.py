"""Arguments and options that several commands have, each declared once."""

from __future__ import annotations

import click

paths = click.argument("paths", metavar="PATH...", nargs=-1, required=True)
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document, not lines."
)
imports = click.option(
    "--import",
    "imports",
    metavar="MODULE",
    multiple=True,
    help="Import this module first, such as one of migrations. May be repeated.",
)
folders = click.option(
    "--path",
    "folders",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    multiple=True,
    help="Look for modules in this folder too. May be repeated.",
)
settings = click.option(
    "--settings",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Read the settings from this file, not from the nearest pyproject.toml.",
)
lock_file = click.option(
    "--lock",
    "lock_file",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="The lock.  [default: that of the settings, else pickle_migrate.lock.toml beside them]",
)
packs = click.option(
    "--pack",
    "packs",
    metavar="NAME",
    multiple=True,
    help="Use the rules of this pack for a library's old pickles; 'pickle-migrate packs' lists "
    "them. May be repeated.",
)
against = click.option(
    "--against",
    metavar="REF",
    help="Compare with this branch too, at the commit where both parted: 'origin/main'.",
)
