"""A repository of git with a lock in it, for tests of what merges do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import attrs

from pickle_migrate.lock.toml_text import from_text, to_text
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.refs import GlobalRef
from pickle_migrate.schema import Schema

NAME = "pickle_migrate.lock.toml"
_ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


def version(number, /, seen=False, state="dict", **fields):
    """A version with these fields, name to type."""
    every = tuple(sorted(fields.items()))
    fingerprint = None if seen else Schema(every).fingerprint()
    return LockedVersion(number, every, fingerprint, state, seen)


def locked(ref, *versions, **more):
    """A class with these versions."""
    return LockedClass(GlobalRef.parse(ref), versions, **more)


def lock(*classes):
    """A lock with these classes."""
    return Lock(tuple(sorted(classes, key=lambda one: one.ref)))


class Repository:
    """A repository with one branch, ``main``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commits = 0
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    @property
    def path(self) -> Path:
        return self.folder / NAME

    def git(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=_ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, content: Lock | None = None) -> str:
        """Commit all that there is, with this lock. Gives the commit."""
        # Two commits of one second with one message would be the same one.
        self.commits += 1
        if content is not None:
            self.write(NAME, to_text(content))
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"change {self.commits}")
        return self.git("rev-parse", "HEAD").stdout.strip()

    def branches(self, base: Lock, ours: Lock, theirs: Lock) -> None:
        """Two branches that part at ``base``: ``theirs`` on main, ``ours`` on a branch of its own,
        which is checked out.
        """
        self.commit(base)
        self.git("checkout", "-q", "-b", "ours")
        self.commit(ours)
        self.git("checkout", "-q", "main")
        self.commit(theirs)
        self.git("checkout", "-q", "ours")

    def merge(self) -> bool:
        """Merge main. Whether git did so without a conflict."""
        return self.git("merge", "-q", "--no-edit", "main", check=False).returncode == 0

    def read(self) -> Lock:
        """The lock that is there now."""
        return from_text(self.path.read_text(), NAME)


@attrs.frozen
class Done:
    """What a run of the command gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.out)


HEADER = """\
from dataclasses import dataclass, field
import enum, attrs
from pickle_migrate import *
"""


class Shop(Repository):
    """A repository with a small program, for tests that run the real command in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.write(".gitattributes", f"{NAME} merge=union\n")
        self.write(".gitignore", "__pycache__\n")
        self.write(
            "pickle_migrate.toml",
            'modules = ["shop.*"]\narchive = "old"\n',
        )
        self.write("shop/__init__.py", "")
        self.models("@versioned(1)\n@dataclass\nclass Order:\n    qty: int\n")

    def models(self, source: str, module: str = "models") -> None:
        """Write a module of the package ``shop``."""
        self.write(f"shop/{module}.py", HEADER + textwrap.dedent(source))

    def run(self, *arguments: str, **environment: str) -> Done:
        """Run ``pickle-migrate`` in the folder."""
        kept = {n: v for n, v in _ENVIRONMENT.items() if not n.startswith("PICKLE_MIGRATE")}
        done = subprocess.run(
            [sys.executable, "-m", "pickle_migrate", *arguments],
            cwd=self.folder,
            env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def python(self, code: str) -> str:
        """Run code in the folder, and give what it prints."""
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            cwd=self.folder,
            env={**_ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
