"""What every command does first: output, settings, modules."""

from __future__ import annotations

import io
import sys

import pytest

from pickle_migrate import cli_start, resolver
from pickle_migrate.errors import RequestError, SettingsError


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    yield
    resolver.use_settings(None)


def test_what_modules_print_goes_to_standard_error(monkeypatch):
    """Standard output holds what the command prints, and nothing else."""
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with cli_start.standard_output() as ours:
        print("user code")
        ours.write("document")
    assert (out.getvalue(), err.getvalue()) == ("document", "user code\n")


def test_folders_and_settings_lead_to_modules(tmp_path):
    """--path before the settings' path before the working directory."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "module_of_a.py").write_text("")
    (tmp_path / "s.toml").write_text('path = ["b"]\n')
    cli_start.prepare("s.toml", ["a"], ["module_of_a"])
    assert sys.path[:3] == [str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path)]
    assert "module_of_a" in sys.modules


def test_a_module_that_exits_is_an_error_of_the_request(tmp_path):
    """A module that calls sys.exit() ends nothing."""
    (tmp_path / "module_that_exits.py").write_text("import sys\nsys.exit(3)\n")
    with pytest.raises(RequestError, match="--import module_that_exits"):
        cli_start.prepare(None, [], ["module_that_exits"])


@pytest.mark.parametrize(
    ("code", "text", "remedy"),
    [
        (
            "from pickle_migrate import AddField\nAddField('z', default=[])\n",
            "all objects would share its default, a list; use factory=.",
            "Correct the operation",
        ),
        ("no_such_name\n", "NameError: name 'no_such_name' is not defined.", "Correct that module"),
        ("import no_such_module\n", "No module named 'no_such_module'.", "name that with --path"),
    ],
)
def test_what_a_module_raises_is_told_with_what_to_do(tmp_path, code, text, remedy):
    """A folder is no remedy for a module that was found."""
    (tmp_path / "steps_that_fail.py").write_text(code)
    with pytest.raises(RequestError) as caught:
        cli_start.prepare(None, [], ["steps_that_fail"])
    assert caught.value.what().endswith(text)
    assert not caught.value.what().endswith("..")
    assert remedy in caught.value.advice()


def test_a_rename_that_is_wrong_ends_in_one_full_stop(tmp_path):
    """The error in an error brings its own."""
    (tmp_path / "s.toml").write_text('[renames]\n"shop" = "store:Order"\n')
    with pytest.raises(SettingsError) as caught:
        cli_start.prepare("s.toml", [], [])
    assert caught.value.what().endswith("'shop.models:Order'.")


def test_settings_that_are_gone_are_an_error():
    """A file that was named must be there."""
    with pytest.raises(SettingsError):
        cli_start.prepare("gone.toml", [], [])
