"""The command that lists packs."""

from __future__ import annotations

import json

from click.testing import CliRunner

from pickle_migrate.cli import main
from pickle_migrate.packs.using import BUILT_IN


def run(*arguments):
    return CliRunner().invoke(main, ["packs", *arguments])


def test_all_packs_in_a_line_each():
    """Names, and what they are for."""
    result = run()
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == list(BUILT_IN)


def test_the_rules_of_one():
    """What changed, and whose pickles need it."""
    result = run("networkx")
    assert "written by networkx 1.0 to 1.11" in result.output
    assert "needed to read with networkx 3.0" in result.output
    assert "for networkx.classes.ordered:OrderedGraph" in result.output


def test_json_holds_all_of_it():
    """The table for the docs."""
    packs = json.loads(run("--json").output)
    assert [pack["name"] for pack in packs] == list(BUILT_IN)
    for pack in packs:
        assert all(rule["what"] and rule["written_by"] for rule in pack["rules"])


def test_an_unknown_name():
    """It could not run; the message says which there are."""
    result = run("nothing")
    assert result.exit_code == 2
    assert "no such pack" in result.output
    assert "python2" in result.output
