"""Options that several commands have: they mean the same in each."""

from __future__ import annotations

import pytest

from pickle_migrate.cli import main

SHARED = ("paths", "as_json", "imports", "folders", "settings")


@pytest.mark.parametrize("name", SHARED)
def test_commands_that_read_files_share_an_option(name):
    """Under one name, with one type and one text, and never the same object twice."""
    upgrade, inspect = (
        next(p for p in main.commands[command].params if p.name == name)
        for command in ("upgrade", "inspect")
    )
    assert upgrade is not inspect
    assert upgrade.to_info_dict() == inspect.to_info_dict()
