"""What ``import pickle_migrate`` brings in: every program that loads a pickle pays for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each with the reason why it must wait until it is used.
HEAVY = {
    "asyncio": "nothing here needs it",
    "bz2": "only for files",
    "click": "only for commands",
    "dataclasses": "classes are recognised without it",
    "gzip": "only for files",
    "json": "only for commands",
    "lzma": "only for files",
    "numpy": "never imported by us",
    "packaging": "only where versions of distributions are compared",
    "pickletools": "only for checks of the opcode table",
    "rich": "only for commands",
    "subprocess": "nothing here needs it",
    "tempfile": "only for files",
    "tomllib": "only when settings are read",
}


def modules_after(code: str) -> set[str]:
    command = f"import sys; before = set(sys.modules); {code}; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", command], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def beyond_attrs() -> set[str]:
    """The modules that the package brings in itself; what attrs imports cannot be helped."""
    return modules_after("import pickle_migrate; pickle_migrate.loads") - modules_after(
        "import attrs"
    )


@pytest.mark.parametrize("name", HEAVY)
def test_import_stays_light(beyond_attrs, name):
    """``import pickle_migrate`` does not import what only commands, files or settings need."""
    assert "pickle_migrate.loader" in beyond_attrs
    assert name not in beyond_attrs


def test_import_of_a_heavy_module_would_be_seen():
    """The check itself: a module that is imported is found."""
    assert "json" in modules_after("import json")


@pytest.mark.parametrize("name", ["planner", "store", "executor", "report", "cli"])
def test_import_leaves_the_commands_out(beyond_attrs, name):
    """What only the commands need is not loaded with the package."""
    assert f"pickle_migrate.{name}" not in beyond_attrs


def test_import_declares_nothing_and_reads_no_settings():
    """Importing has no effect but defining: no class is versioned, no settings are looked for."""
    code = (
        "import pickle_migrate\n"
        "from pickle_migrate import resolver\n"
        "from pickle_migrate.registry import DEFAULT\n"
        "print(list(DEFAULT.classes()), resolver._settings)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout == "[] None\n", done.stderr


def test_the_package_alone_imports_nothing():
    """pytest imports the package for its plugin in every run, used or not: what it is made of
    waits until a name is asked for.
    """
    found = modules_after("import pickle_migrate")
    assert {name for name in found if name.startswith("pickle_migrate")} == {"pickle_migrate"}
    assert "attrs" not in found


@pytest.mark.parametrize(
    "imported",
    [
        "import pickle_migrate.stamps",
        "from pickle_migrate import *",
        "from pickle_migrate import versioned",
        "from pickle_migrate.declare import versioned",
    ],
)
def test_plain_pickle_finds_the_resolver_whatever_was_imported(tmp_path, imported):
    """A stamp resolves and migrates although nothing asked the package for a name before."""
    (tmp_path / "shop.py").write_text(
        "from pickle_migrate.declare import Lineage, versioned\n"
        "from pickle_migrate.operations import RenameField\n"
        "@versioned(2)\n"
        "class Order: pass\n"
        "Lineage('shop:Order').upgrade(1, RenameField('qty', 'quantity'))\n"
    )
    code = (
        f"import sys, pickle; sys.path.insert(0, {str(tmp_path)!r})\n"
        f"{imported}\n"
        "old = b'cpickle_migrate.stamps\\nshop:Order@1\\n(tR}(S\\'qty\\'\\nI3\\nub.'\n"
        "print(vars(pickle.loads(old)))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout == "{'quantity': 3}\n", done.stderr


def test_the_package_lists_its_names_before_they_are_imported():
    """``dir`` tells what there is."""
    code = "import pickle_migrate as p; print(set(p.__all__) <= set(dir(p)))"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr
