"""A candidate beside the files that are there: nothing of it touches them."""

import subprocess
import sys

import pytest

from pickle_migrate.errors import RequestError
from pickle_migrate.make import trial
from pickle_migrate.make.edits import Edit


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A package with a module, data beside it, and a folder that is not touched."""
    (tmp_path / "tried" / "inner").mkdir(parents=True)
    (tmp_path / "tried/__init__.py").write_text("NAME = 'old'\n")
    (tmp_path / "tried/inner/__init__.py").write_text("")
    (tmp_path / "tried/inner/data.txt").write_text("data")
    (tmp_path / "tried/__pycache__").mkdir()
    (tmp_path / "other.py").write_text("from tried import NAME\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def run(path, code):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}\n{code}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_imports_see_the_changed_files(project):
    """Those that are there, and new ones; all else is as it was."""
    edits = [
        Edit(project / "tried/__init__.py", b"NAME = 'old'\n", b"NAME = 'new'\n"),
        Edit(project / "tried/inner/added.py", None, b"X = 1\n"),
    ]
    code = (
        "import other, tried.inner.added as a, pathlib\n"
        "print(other.NAME, a.X, pathlib.Path(a.__file__).with_name('data.txt').read_text())"
    )
    before = sorted(p for p in project.rglob("*"))
    with trial._beside(edits) as path:
        assert run(path, code) == "new 1 data"
    assert sorted(p for p in project.rglob("*")) == before
    assert (project / "tried/__init__.py").read_text() == "NAME = 'old'\n"


def test_the_temporary_folder_goes_and_the_project_stays(project):
    """Links are removed, not what they lead to."""
    edit = Edit(project / "tried/__init__.py", b"", b"")
    with trial._beside([edit]) as path:
        place = path[0]
        assert place != str(project)
    assert not trial.Path(place).exists()
    assert (project / "tried/inner/data.txt").read_text() == "data"


def test_a_process_that_says_nothing_is_told(project, monkeypatch):
    """Code that ends the interpreter: how it ended, and that nothing was written."""
    (project / "ends.py").write_text("import os; os._exit(3)\n")
    around = trial.Surroundings("", str(project / "lock.toml"), ("ends",))
    with pytest.raises(RequestError, match="the process ended with 3"):
        trial.try_out([], around, [])


def test_code_that_cannot_be_imported_is_a_problem(project):
    """With the error of that code."""
    edit = Edit(project / "other.py", b"", b"raise ValueError('broken here')\n")
    around = trial.Surroundings("", str(project / "lock.toml"), ("other",))
    found = trial.try_out([edit], around, [])
    assert not found.is_good
    assert "broken here" in found.problems[0]
