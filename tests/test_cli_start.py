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


def test_settings_that_are_gone_are_an_error():
    """A file that was named must be there."""
    with pytest.raises(SettingsError):
        cli_start.prepare("gone.toml", [], [])
