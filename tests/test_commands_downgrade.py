"""``pickle-migrate downgrade``, as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHOP = """
from pickle_migrate import *

@versioned(2, unstamped=1)
class Order:
    pass

Lineage("shop:Order").upgrade(1, RenameField("qty", "quantity"), AddField("note", default=""))

def order(quantity, note=""):
    made = Order()
    made.quantity, made.note = quantity, note
    return made
"""
WRITE = """
import pickle, shop
for name, obj in {"a": shop.order(1), "b": shop.order(2, "kept")}.items():
    with open(f"{name}.pickle", "wb") as file:
        pickle.dump(obj, file)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shop.py").write_text(SHOP)
    subprocess.run([sys.executable, "-c", WRITE], cwd=tmp_path, env=environment(), check=True)
    return tmp_path


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "PICKLE_MIGRATE_SETTINGS": ""}


def run(folder, *arguments, settings=""):
    found = {**environment(), "PICKLE_MIGRATE_SETTINGS": settings}
    command = [sys.executable, "-m", "pickle_migrate", "downgrade", *arguments]
    return subprocess.run(
        command, cwd=folder, env=found, capture_output=True, text=True, check=False
    )


def test_each_file_is_told_with_what_changes_in_it(folder):
    """And with what is in the way of the others."""
    done = run(folder, "a.pickle", "b.pickle", "--version", "shop:Order=1", "--in-place")
    assert done.returncode == 1
    first, second, *more = done.stdout.splitlines()
    assert first.split() == ["downgraded", "a.pickle", "shop:Order", "2", "->", "1"]
    assert second.split() == ["failed", "b.pickle"]
    assert "would lose the value of 'note'" in more[0]
    assert more[-1] == "2 files: 1 downgraded, 1 failed."
    assert b"qty" in (folder / "a.pickle").read_bytes()
    assert b"quantity" in (folder / "a.pickle.bak").read_bytes()


def test_json_is_one_document(folder):
    options = ["--version", "shop:Order=1", "--to", "out", "--lossy", "--json"]
    done = run(folder, "a.pickle", "b.pickle", *options)
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert found["summary"] == {"downgraded": 2}
    assert found["files"][0]["output"] == "out/a.pickle"
    assert (folder / "out" / "b.pickle").exists()


def test_the_versions_of_the_settings_are_taken_when_none_is_given(folder):
    path = folder / "settings.toml"
    path.write_text('[write]\n"shop:Order" = 1\n')
    done = run(folder, "a.pickle", "--dry-run", settings=str(path))
    assert done.returncode == 0
    assert done.stdout.startswith("would downgrade a.pickle  shop:Order 2 -> 1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dry-run"], "no version is asked for"),
        (["--dry-run", "--version", "shop:Order"], "says no class and version"),
        (["--dry-run", "--version", "shop:Order=x"], "says no class and version"),
        (["--dry-run", "--version", "shop:Nobody=1"], "no versioned class of that name"),
        (["--dry-run", "--version", "shop:Order=5"], "newer than this code"),
        (["--version", "shop:Order=1"], "Say where the new files go"),
        (["--version", "shop:Order=1", "--to", "x", "--in-place"], "Choose one"),
        (["--version", "shop:Order=1", "--to", "x", "--no-backup"], "--no-backup belongs"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_what_to_do(folder, options, message):
    done = run(folder, "a.pickle", *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert sorted(p.name for p in folder.glob("*.pickle*")) == ["a.pickle", "b.pickle"]
