"""Drift of a class that says ``fill=True``, by the real command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHOP = """
from dataclasses import dataclass
from pickle_migrate import versioned

@versioned(1{fill})
@dataclass
class Order:
    quantity: int
    {more}
"""
SETTINGS = '[tool.pickle_migrate]\nmodules = ["shop"]\npath = ["."]\n'


def run(folder, *command):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    environment.pop("PICKLE_MIGRATE_SETTINGS", None)
    return subprocess.run(
        [sys.executable, "-m", "pickle_migrate", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("fill", "more", "drifts"),
    [
        ("", "note: str = ''", True),
        (", fill=True", "note: str = ''", False),
        (", fill=True", "note: str", True),
        (", fill=True", "", False),
    ],
)
def test_a_field_with_a_default_needs_no_version_where_the_class_fills(
    tmp_path, fill, more, drifts
):
    """One without a default does: old pickles could not be loaded."""
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    shop = tmp_path / "shop.py"
    shop.write_text(SHOP.format(fill=fill, more="gone: int"))
    assert run(tmp_path, "lock").returncode == 0
    shop.write_text(SHOP.format(fill=fill, more=f"gone: int\n    {more}" if more else "pass"))
    found = json.loads(run(tmp_path, "check", "--json").stdout)
    rules = json.dumps(found)
    assert ('"drift"' in rules) is drifts
