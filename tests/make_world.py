"""A project whose classes change: for the tests of ``make`` and ``squash``.

The old pickles are written by the old source, in a process of its own, where nothing of the new
source exists; then they are archived and the classes are locked, as a user would do it.
"""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import attrs

SETTINGS = """
    [tool.pickle_migrate]
    modules = ["{package}.*"]
    migrations = ["{package}.migrations"]
    archive = "archive"
"""
RUFF = [sys.executable, "-m", "ruff"]
_WRITE = """
import pickle, sys
sys.path.insert(0, {folder!r})
from {module} import *
with open({path!r}, "wb") as file:
    pickle.dump({code}, file, {protocol})
"""
_ARCHIVE = """
import hashlib, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from pickle_migrate.archive import loads, records, states, values
path = Path({path!r})
data = path.read_bytes()
found = loads.load_all(data, "ASCII", {{}})
text = records.states_text([states.state_of(one) for one in found])
classes = {classes!r}
record = values.Record(path, hashlib.sha256(data).hexdigest(), classes=classes, expected_text=text)
record.record_path.write_text(records.record_text(record))
"""


@attrs.frozen
class Done:
    """What a run of a command gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.out)


class Project:
    """A package in a folder of its own, with settings, an archive and a lock."""

    def __init__(self, folder: Path, package: str = "shop", settings: str = SETTINGS) -> None:
        self.folder, self.package = folder, package
        (folder / package / "migrations").mkdir(parents=True)
        (folder / "archive").mkdir()
        (folder / package / "__init__.py").touch()
        self.file(f"{package}/migrations/__init__.py", '"""Migrations of the shop."""\n')
        self.file("pyproject.toml", settings.format(package=package))

    def file(self, path: str, text: str) -> Path:
        """Write a file of the project."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return target

    def text(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def models(self, source: str) -> None:
        """Write ``models.py`` of the package."""
        self.file(f"{self.package}/models.py", source)

    def pickle(self, name: str, code: str, *classes: str, protocol: int = 4) -> None:
        """Write and archive a pickle, with the source as it is now."""
        self.write(name, code, protocol=protocol)
        self.archive(name, *classes)

    def write(
        self, name: str, code: str, *, protocol: int = 4, python: str = sys.executable
    ) -> None:
        """Write a pickle into the archive, without a record."""
        path, module = str(self.folder / "archive" / name), f"{self.package}.models"
        facts = {"folder": str(self.folder), "module": module, "path": path}
        self._python(python, _WRITE.format(code=code, protocol=protocol, **facts))

    def archive(self, name: str, *classes: str) -> None:
        """Write its record: the state that it gives with the source as it is now."""
        path = str(self.folder / "archive" / name)
        named = tuple(f"{self.package}.models:{one}" for one in classes)
        facts = {"folder": str(self.folder), "path": path, "classes": named}
        self._python(sys.executable, _ARCHIVE.format(**facts))

    def _python(self, python: str, code: str) -> str:
        done = subprocess.run(
            [python, "-c", code],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def load(self, name: str, show: str = "found") -> str:
        """Load an archived pickle by plain pickle, with the source as it is now."""
        path = str(self.folder / "archive" / name)
        return self._python(
            sys.executable,
            f"import pickle; found = pickle.load(open({path!r}, 'rb')); print({show})",
        ).rstrip("\n")

    def run(self, *arguments: str, answers: str = "") -> Done:
        """Run ``pickle-migrate`` in the folder, with these lines as its input."""
        done = subprocess.run(
            [sys.executable, "-m", "pickle_migrate", *arguments],
            cwd=self.folder,
            input=answers,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def lock(self) -> None:
        done = self.run("lock")
        assert done.code == 0, done.out + done.err

    def make(self, *arguments: str, answers: str | None = None) -> Done:
        """Run ``make``; without answers, nobody is asked."""
        if answers is None:
            return self.run("make", "--no-input", *arguments)
        return self.run("make", *arguments, answers=answers)

    def in_terminal(self, *arguments: str, answers: str) -> Done:
        """Run a command at a terminal, in which these lines are typed."""
        main, side = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "pickle_migrate", *arguments],
            cwd=self.folder,
            stdin=side,
            stdout=side,
            stderr=side,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "TERM": "dumb"},
        )
        os.close(side)
        os.write(main, answers.encode())
        shown = b""
        while True:
            ready, _, _ = select.select([main], [], [], 60)
            try:
                piece = os.read(main, 65536) if ready else b""
            except OSError:  # the other end is closed
                piece = b""
            if not piece:
                break
            shown += piece
        os.close(main)
        return Done(process.wait(), shown.decode(), "")

    def written(self) -> dict[str, str]:
        """The modules of migrations by name, without the package's own."""
        folder = self.folder / self.package / "migrations"
        return {p.stem: p.read_text() for p in folder.glob("*.py") if p.stem != "__init__"}

    def snapshot(self) -> dict[str, bytes]:
        """Every file of the project."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }

    def check_style(self) -> None:
        """What was written is as ruff would leave it, and has none of its default complaints."""
        files = [str(p) for p in (self.folder / self.package / "migrations").glob("*.py")]
        line = ["--isolated", "--line-length", "100"]
        for command in (["format", "--check", "--diff"], ["check", "--extend-select", "I"]):
            done = subprocess.run(
                [*RUFF, *command, *line, *files], cwd=self.folder, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr
