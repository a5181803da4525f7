"""``pickle-migrate packs``: which packs of rules there are, and what each mends."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from pickle_migrate import cli_options, cli_start, report
from pickle_migrate.errors import PickleMigrateError

if TYPE_CHECKING:
    from pickle_migrate.packs.values import Pack

_CANNOT_RUN = 2


@click.command(short_help="List the packs of rules for old pickles of libraries.")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@cli_options.as_json
def packs(names: tuple[str, ...], as_json: bool) -> None:
    """List the packs of rules for the old pickles of well-known libraries.

    With NAME, show the rules of these: what changed, which releases wrote the pickles that need the
    rule, and which cannot read them without it. A pack is used by --pack NAME of other commands, by
    packs = ["NAME"] in the settings, or by pickle_migrate.use_pack("NAME"). Nothing of a library is
    imported.

    \b
    Examples:
      pickle-migrate packs
      pickle-migrate packs python2
      pickle-migrate upgrade old.pkl --pack python2 --in-place

    Exit codes: 0 all is well, 2 there is no such pack.
    """
    from pickle_migrate.packs import using

    with cli_start.standard_output() as out:
        try:
            found = [using.find(name) for name in names or using.names()]
        except PickleMigrateError as error:
            click.echo(f"Error: {report.escaped(str(error))}", err=True)
            sys.exit(_CANNOT_RUN)
        if as_json:
            print(json.dumps([_document(pack) for pack in found], indent=2), file=out)
            return
        width = max(len(pack.name) for pack in found)
        for pack in found:
            print(report.escaped(f"{pack.name:{width}}  {pack.summary}"), file=out)
            for line in _rule_lines(pack) if names else ():
                print(report.escaped(line), file=out)


def _rule_lines(pack: Pack) -> list[str]:
    lines = []
    for rule in pack.rules:
        lines.append(f"  {rule.what}")
        lines.append(f"      written by {rule.written_by}")
        if rule.read_by:
            lines.append(f"      needed to read with {rule.read_by}")
        if rule.refs:
            lines.append(f"      for {', '.join(rule.refs)}")
    if pack.needs:
        lines.append(f"  with it: {', '.join(pack.needs)}")
    return lines


def _document(pack: Pack) -> dict[str, Any]:
    rules = [
        {
            "what": rule.what,
            "written_by": rule.written_by,
            "read_by": rule.read_by,
            "refs": list(rule.refs),
            "renames": dict(rule.renames),
        }
        for rule in pack.rules
    ]
    return {
        "name": pack.name,
        "summary": pack.summary,
        "needs": list(pack.needs),
        "rules": rules,
        "names": sorted(str(ref) for ref in pack.allowed),
    }
