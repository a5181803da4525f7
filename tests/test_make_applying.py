"""Several files changed together: all of them, or none."""

import signal
import subprocess
import sys
import textwrap

import pytest

from pickle_migrate import store
from pickle_migrate.errors import FileError
from pickle_migrate.make import applying
from pickle_migrate.make.edits import Edit


@pytest.fixture
def edits(tmp_path):
    """Two files that are there, and a new one."""
    (tmp_path / "a").write_bytes(b"old a")
    (tmp_path / "b").write_bytes(b"old b")
    return [
        Edit(tmp_path / "new", None, b"new"),
        Edit(tmp_path / "a", b"old a", b"new a"),
        Edit(tmp_path / "b", b"old b", b"new b"),
    ]


def content(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


OLD = {"a": b"old a", "b": b"old b"}
NEW = {"a": b"new a", "b": b"new b", "new": b"new"}


def test_all_are_written_and_the_journal_is_gone(tmp_path, edits):
    """Nothing else is left."""
    applying.apply(edits, tmp_path)
    assert content(tmp_path) == NEW
    assert applying.finish(tmp_path) == []


def test_rights_stay(tmp_path, edits):
    """A script stays a script."""
    (tmp_path / "a").chmod(0o755)
    applying.apply(edits, tmp_path)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o755


def test_what_changed_meanwhile_is_not_touched(tmp_path, edits):
    """And neither is any other file."""
    (tmp_path / "b").write_bytes(b"another")
    with pytest.raises(FileError, match="was changed while make was running"):
        applying.apply(edits, tmp_path)
    assert content(tmp_path) == {**OLD, "b": b"another"}


@pytest.mark.parametrize("number", [1, 2])
def test_a_file_that_cannot_be_written_takes_all_back(tmp_path, edits, number, monkeypatch):
    """Each file has what it held, and the new one is gone."""
    real, calls = store.replace, []

    def failing(snapshot, data, **options):
        calls.append(data)
        if len(calls) == number:
            raise FileError(snapshot.path, "cannot be replaced", "")
        return real(snapshot, data, **options)

    monkeypatch.setattr(store, "replace", failing)
    with pytest.raises(FileError, match="cannot be replaced"):
        applying.apply(edits, tmp_path)
    assert content(tmp_path) == OLD


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from pickle_migrate import store
    from pickle_migrate.make import applying
    from pickle_migrate.make.edits import Edit

    folder, when = Path(sys.argv[1]), int(sys.argv[2])
    calls = []
    for name in ("create", "replace", "discard"):
        def counted(*given, real=getattr(store, name), **options):
            if len(calls) == when:
                os.kill(os.getpid(), signal.SIGKILL)
            calls.append(given)
            return real(*given, **options)
        setattr(store, name, counted)
    applying.apply([
        Edit(folder / "new", None, b"new"),
        Edit(folder / "a", b"old a", b"new a"),
        Edit(folder / "b", b"old b", b"new b"),
    ], folder)
"""


@pytest.mark.parametrize("when", range(5))
def test_killed_in_between(tmp_path, edits, when):
    """Before the journal nothing has happened; after it, the next run finishes what was begun."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), str(when)])
    assert done.returncode == -signal.SIGKILL
    applying.finish(tmp_path)
    assert content(tmp_path) == (OLD if when == 0 else NEW)
    assert applying.finish(tmp_path) == []


def test_an_interrupted_run_never_undoes_later_work(tmp_path, edits):
    """A file that somebody changed since is told, and stays."""
    subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path), "2"])
    (tmp_path / "b").write_bytes(b"mine")
    with pytest.raises(FileError, match="was changed since an interrupted run"):
        applying.finish(tmp_path)
    assert (tmp_path / "b").read_bytes() == b"mine"


def test_a_journal_that_is_none(tmp_path):
    """It is not believed."""
    (tmp_path / applying.NAME).write_text("{}")
    with pytest.raises(FileError, match="is no journal"):
        applying.finish(tmp_path)
    assert list(content(tmp_path)) == [applying.NAME]
