"""``pickle-migrate inspect`` as users run it: exit codes, the document, the options, a terminal."""

from __future__ import annotations

import json
import os
import pickle
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from world import World

from pickle_migrate import cli, resolver

CLEAN = pickle.dumps({"a": [1, 2, 3]}, 4)
EVIL = pickle.dumps([os.system], 4)


@pytest.fixture
def files(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PICKLE_MIGRATE_SETTINGS", "")
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "clean.pkl").write_bytes(CLEAN)
    (tmp_path / "evil.pkl").write_bytes(EVIL)
    (tmp_path / "shop.pkl").write_bytes(b"cshop\nOrder\n)\x81}Vqty\nK\x01sb.")
    (tmp_path / "notes.txt").write_text("Dear Ada,\n")
    yield tmp_path
    resolver.use_settings(None)


def run(*arguments: str):
    return CliRunner().invoke(cli.main, ["inspect", *arguments])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["clean.pkl"], 0),
        (["notes.txt"], 0),
        (["clean.pkl", "notes.txt"], 0),
        (["evil.pkl"], 1),
        (["shop.pkl"], 1),
        (["clean.pkl", "evil.pkl"], 1),
        (["."], 1),
        (["--allow", "shop:Order", "shop.pkl"], 0),
        (["--allow", "shop.*", "--deny", "shop:Order", "shop.pkl"], 1),
        (["--trust", "evil.pkl"], 0),
        (["gone.pkl"], 2),
        (["*.gone"], 2),
        ([], 2),
        (["--nonsense", "clean.pkl"], 2),
        (["--depth", "0", "clean.pkl"], 2),
        (["--diff", "clean.pkl"], 2),
        (["--dis", "--json", "clean.pkl"], 2),
        (["--allow", "no rule", "clean.pkl"], 2),
        (["--import", "gone_module", "clean.pkl"], 2),
        (["--settings", "gone.toml", "clean.pkl"], 2),
        (["--diff", "clean.pkl", "clean.pkl"], 0),
        (["--diff", "clean.pkl", "shop.pkl"], 1),
        (["--diff", "clean.pkl", "notes.txt"], 2),
    ],
)
def test_exit_codes(files, arguments, code):
    """0 nothing found, 1 findings, 2 could not run; and never a traceback."""
    done = run(*arguments)
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)


def test_the_document(files):
    """One entry a file with its pickles, their globals and findings; nothing else is printed."""
    done = run("--json", "clean.pkl", "evil.pkl", "notes.txt")
    document = json.loads(done.stdout)
    clean, evil, notes = document["files"]
    assert [f["path"] for f in document["files"]] == ["clean.pkl", "evil.pkl", "notes.txt"]
    assert (clean["verdict"], clean["status"], clean["size"]) == ("clean", "complete", len(CLEAN))
    (found,) = evil["pickles"]
    assert (found["protocol"], found["size"]) == (4, len(EVIL))
    (named,) = found["globals"]
    assert named["ref"] == f"{os.system.__module__}:system"
    assert (named["use"], named["verdict"], named["stamp"]) == ("named", "refused", None)
    assert EVIL[named["offset"]] == 0x93
    (finding,) = found["findings"]
    assert (finding["rule"], finding["severity"]) == ("dangerous-global", "danger")
    assert finding["offset"] == named["offset"]
    assert (notes["pickles"], notes["kind"], notes["verdict"]) == ([], "a text file", "none")
    assert document["summary"]["dangerous"] == 1
    assert done.stdout.isascii()


def test_folders_pass_over_what_is_no_pickle(files):
    """It is counted; with --json each file has its entry."""
    done = run(".")
    assert "notes.txt" not in done.output
    assert "1 other files in folders are no pickles" in done.output
    assert len(json.loads(run("--json", ".").stdout)["files"]) == 4


def test_many_files_are_told_in_short(files):
    """A line and its findings each; --depth asks for more."""
    for number in range(6):
        (files / f"{number}.pkl").write_bytes(CLEAN)
    assert "Graph:" not in run(".").output
    assert "Graph:" in run("--depth", "2", ".").output
    assert run(".").output.count("clean: 1 pickle") == 7


def test_options_of_size(files):
    """--depth and --limit bound the graph, and --limit the disassembly."""
    (files / "deep.pkl").write_bytes(pickle.dumps([[[[1, 2]]]] * 100))
    assert "[0] 1" in run("deep.pkl").output
    assert "[0] 1" not in run("--depth", "2", "deep.pkl").output
    assert len(run("--limit", "5", "deep.pkl").output.split("\n")) < 16
    assert len(run("--dis", "--limit", "5", "deep.pkl").output.split("\n")) < 13
    assert "MEMOIZE" in run("--dis", "deep.pkl").output


def test_nothing_that_a_pickle_names_is_imported(files):
    """Not even what is allowed."""
    (files / "trap.py").write_text("raise SystemExit('imported')\n")
    (files / "trap.pkl").write_bytes(b"ctrap\nThing\n)\x81.")
    for options in ([], ["--allow", "trap.*"], ["--trust"], ["--dis"], ["--json"]):
        run(*options, "trap.pkl")
    assert "trap" not in sys.modules


def test_steps_are_told_from_declarations(tmp_path):
    """Those of --import and of the settings, without the class of the pickle."""
    world = World(tmp_path)
    world.old_release()
    world.new_release()
    world.order()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pickle_migrate", "inspect", "order.pkl"),
            *("--path", str(world.new), "--import", "shop", "--import", "shop_steps"),
        ],
        cwd=world.data,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "clean" in done.stdout
    assert "shop:Order 1 to 2: rename" in done.stdout
    assert "shop:Order 2 to 3" in done.stdout


def test_settings_count(files):
    """Their rules and their migrations; a module of migrations that fails ends it with 2."""
    (files / "s.toml").write_text('allow = ["shop.*"]\n')
    assert run("--settings", "s.toml", "shop.pkl").exit_code == 0
    (files / "leaves.py").write_text("import sys\nsys.exit(0)\n")
    (files / "s.toml").write_text('migrations = ["leaves"]\n')
    done = run("--settings", "s.toml", "clean.pkl")
    assert done.exit_code == 2
    assert "leaves" in done.output or "SystemExit" in done.output


def test_a_file_that_cannot_be_read_ends_with_2(files):
    """The others are inspected all the same."""
    (files / "secret.pkl").symlink_to("gone.pkl")
    done = run("secret.pkl", "clean.pkl")
    assert done.exit_code == 2
    assert "clean.pkl: clean" in done.output


def on_a_terminal(folder: Path, *arguments: str) -> str:
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    subprocess.run(
        [sys.executable, "-m", "pickle_migrate", "inspect", *arguments],
        cwd=folder,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**environment, "PICKLE_MIGRATE_SETTINGS": ""},
        check=False,
    )
    os.close(slave)
    parts = []
    with os.fdopen(master, "rb") as terminal:
        while True:
            try:
                part = terminal.read1(65536)
            except OSError:
                break
            if not part:
                break
            parts.append(part)
    return b"".join(parts).decode()


def test_colours_on_a_terminal_and_none_in_a_pipe(files):
    """Verdicts and severities stand out; what a pickle holds never becomes a colour."""
    (files / "text.pkl").write_bytes(pickle.dumps({"\x1b[35m[bold]x[/bold]": "\x1b]0;title\x07"}))
    shown = on_a_terminal(files, "evil.pkl", "text.pkl")
    assert "\x1b[1;31mdangerous\x1b[0m" in shown
    assert "\x1b[35m" not in shown
    assert "\x1b]0" not in shown
    assert "[bold]x[/bold]" in shown
    assert "\x1b" not in run("evil.pkl", "text.pkl").output


def test_the_help_names_everything():
    """Examples, options and exit codes."""
    done = run("--help")
    assert done.exit_code == 0
    for text in ("--json", "--dis", "--diff", "--depth", "--limit", "--allow", "--deny", "--trust"):
        assert text in done.output
    assert "Exit codes: 0 nothing was found" in done.output
