"""``pickle-migrate archive``: the command, as a user runs it."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODELS = """\
from dataclasses import dataclass
from pickle_migrate import versioned

@versioned(1, unstamped=1)
@dataclass
class Order:
    customer: str
    quantity: int
"""


class Shop:
    """A project with one class."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "shop").mkdir()
        (folder / "shop/__init__.py").write_text("")
        (folder / "shop/models.py").write_text(MODELS)
        (folder / "pickle_migrate.toml").write_text(
            'modules = ["shop.*"]\npath = ["."]\narchive = "archive"\n'
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        names = {"PICKLE_MIGRATE_SETTINGS", "GITHUB_ACTIONS"}
        kept = {name: value for name, value in os.environ.items() if name not in names}
        return subprocess.run(
            [sys.executable, "-m", "pickle_migrate", "archive", *arguments],
            cwd=self.folder,
            env={**kept, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )

    def order(self, name: str = "order.pickle") -> None:
        """What an earlier program wrote."""
        body = b"}(X\x08\x00\x00\x00customerX\x03\x00\x00\x00AdaX\x08\x00\x00\x00quantityK\x03ub."
        (self.folder / name).write_bytes(b"\x80\x02cshop.models\nOrder\n)\x81" + body)

    def files(self) -> dict[str, bytes]:
        root = self.folder / "archive"
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def shop(tmp_path) -> Shop:
    return Shop(tmp_path)


def test_a_file_is_archived_and_its_state_is_shown(shop) -> None:
    """With what is known of who wrote it; a second time nothing is written."""
    shop.order()
    done = shop.run("order.pickle", "--release", "shop 1.2", "--python", "3.9")
    assert (done.returncode, done.stderr) == (0, "")
    assert "archived  shop-1.2/py3.9/order.pickle  shop.models:Order@?" in done.stdout
    assert "    customer: Ada\n" in done.stdout
    assert "Read the expected states before you commit them" in done.stdout
    before = shop.files()
    assert list(before) == ["shop-1.2/py3.9/order.pickle", "shop-1.2/py3.9/order.pickle.yaml"]
    assert b"release: shop 1.2\n" in before["shop-1.2/py3.9/order.pickle.yaml"]
    again = shop.run("order.pickle", "--release", "shop 1.2", "--python", "3.9")
    assert again.returncode == 0
    assert "1 archived before" in again.stdout
    assert shop.files() == before


def test_another_pickle_of_that_name_is_refused(shop) -> None:
    """The archived one stays."""
    shop.order()
    shop.run("order.pickle")
    before = shop.files()
    (shop.folder / "order.pickle").write_bytes(pickle.dumps([1]))
    done = shop.run("order.pickle")
    assert done.returncode == 1
    assert "never overwritten" in done.stdout
    assert shop.files() == before
    assert shop.run("order.pickle", "--into", "other").returncode == 0


def test_a_change_of_the_expected_state_needs_accept(shop) -> None:
    """It shows the difference; --dry-run only shows it."""
    shop.order()
    shop.run("order.pickle")
    record = shop.folder / "archive/order.pickle.yaml"
    right = record.read_text()
    record.write_text(right.replace("quantity: 3", "quantity: 4"))
    dry = shop.run("--accept", "--dry-run")
    assert dry.returncode == 0
    assert "$.quantity: expected 4 (int), found 3 (int)" in dry.stdout
    assert record.read_text() != right
    done = shop.run("--accept", "archive/order.pickle", "--json")
    assert json.loads(done.stdout)["pickles"] == [
        {
            "name": "order.pickle",
            "outcome": "accepted",
            "difference": ["$.quantity: expected 4 (int), found 3 (int)"],
        }
    ]
    assert record.read_text() == right
    assert "1 as expected before" in shop.run("--accept").stdout
    assert shop.run("--accept", "archive/none").returncode == 2


def test_what_a_policy_refuses_is_let_in_on_request(shop) -> None:
    """Before that, nothing that it names is imported."""
    (shop.folder / "odd.pickle").write_bytes(b"cshop.odd\nThing\n.")
    (shop.folder / "shop/odd.py").write_text("print('imported')\nclass Thing: pass\n")
    (shop.folder / "pickle_migrate.toml").write_text('path = ["."]\narchive = "archive"\n')
    done = shop.run("odd.pickle")
    assert done.returncode == 1
    assert "Refused at byte 0: shop.odd:Thing is not allowed" in done.stdout
    assert "imported" not in done.stderr
    assert shop.run("odd.pickle", "--allow", "shop.odd:Thing").returncode == 0
    assert shop.run("odd.pickle", "--trust", "--into", "x").returncode == 0


def test_the_list_says_what_is_there_and_what_nobody_reads(shop) -> None:
    """As lines, and as one document."""
    shop.order()
    shop.run("order.pickle", "--release", "shop 1")
    assert shop.run("--list").stdout.startswith(
        "shop-1/order.pickle  shop 1, protocol 2  shop.models:Order@?\n"
    )
    (shop.folder / "archive/lone.pickle").write_bytes(b"N.")
    done = shop.run("--list", "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert [one["name"] for one in document["pickles"]] == ["shop-1/order.pickle"]
    assert [one["kind"] for one in document["unread"]] == ["no-record"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name pickle files, or a script"),
        (["--list", "--accept"], "Choose one of --accept and --list"),
        (["x.pickle", "--with", "numpy"], "--with and --requirements belong to --writer"),
        (["x.pickle", "--into", "../x"], "--into names a folder within the archive"),
        (["missing.pickle"], "is not there"),
        (["--list"], "there is no such folder"),
        (["--writer", "none.py"], "there is no such writer"),
        (["--writer", "none.py", "--python", "9.9"], "there is no such Python"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(arguments, said, shop) -> None:
    """Exit code 2, and nothing is written."""
    done = shop.run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (shop.folder / "archive").exists()


def test_a_writer_is_run_and_what_it_wrote_is_archived(shop) -> None:
    """By this Python, without anything to install."""
    (shop.folder / "write.py").write_text(
        "import pickle\n"
        "for name in ('a', 'b'):\n"
        "    with open(name + '.pickle', 'wb') as file: pickle.dump({'name': name}, file)\n"
        "with open('c.pickle', 'w') as file: file.write('no pickle at all')\n"
    )
    done = shop.run("--writer", "write.py", "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)["pickles"]
    assert [one["outcome"] for one in found] == ["archived", "archived", "refused"]
    assert found[0]["writer"] == "write.py"
    version = ".".join(map(str, sys.version_info[:2]))
    assert found[0]["name"] == f"py{version}/a.pickle"
    assert len(shop.files()) == 4
