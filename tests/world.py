"""A small world for the command's tests: an old release, a new one, and files of the old one.

The old release writes its pickles in a process of its own, where nothing of today's classes exists.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import attrs

HEADER = "from pickle_migrate import *\n"
PREAMBLE = "import gzip, io, pickle, sys; from pathlib import Path\n"
OLD_SHOP = """
    class Order:
        def __init__(self, **fields):
            self.__dict__.update(fields)

    class Note:
        def __init__(self, **fields):
            self.__dict__.update(fields)

    class Plain:
        pass
"""
NEW_SHOP = """
    @versioned(3, unstamped=1, migrations="shop_steps")
    class Order:
        pass

    class Plain:
        pass

    class Note:
        pass
"""
STEPS = """
    Lineage("shop:Order").upgrade(1, RenameField("qty", "quantity"))

    @migrates("shop:Order", 2)
    def add_currency(state):
        state["currency"] = "EUR"
"""


@attrs.frozen
class Done:
    """What a run of the command gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.out)

    @property
    def files(self) -> list[dict[str, Any]]:
        return self.document["files"]


class World:
    """Folders ``old`` and ``new`` with a release each, and ``data`` with pickles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.old, self.new, self.data = folder / "old", folder / "new", folder / "data"
        for made in (self.old, self.new, self.data):
            made.mkdir()

    def old_release(self, source: str = OLD_SHOP, module: str = "shop") -> None:
        """Write a module of the old release."""
        _write(self.old, module, source)

    def new_release(
        self, source: str = NEW_SHOP, module: str = "shop", *, steps: str | None = STEPS
    ) -> None:
        """Write a module of the new release, and its migrations."""
        _write(self.new, module, HEADER + textwrap.dedent(source))
        if steps is not None:
            _write(self.new, "shop_steps", HEADER + textwrap.dedent(steps))

    def write(self, code: str, *, release: str = "old") -> None:
        """Run code in ``data`` with a release's modules: it writes the files."""
        folder = self.folder / release
        done = subprocess.run(
            [sys.executable, "-c", PREAMBLE + textwrap.dedent(code)],
            cwd=self.data,
            env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def order(self, name: str = "order.pkl", fields: str = "qty=2", protocol: int = 4) -> Path:
        """A file with one old order."""
        self.write(
            f"import shop; pickle.dump(shop.Order({fields}), open({name!r}, 'wb'), {protocol})"
        )
        return self.data / name

    def run(self, *arguments: str | Path, path: bool = True, **environment: str) -> Done:
        """Run ``pickle-migrate upgrade`` in ``data`` with the new release on its path."""
        extra = ["--path", str(self.new)] if path else []
        command = [sys.executable, "-m", "pickle_migrate", "upgrade", *map(str, arguments), *extra]
        done = subprocess.run(
            command,
            cwd=self.data,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
            capture_output=True,
            text=True,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def load(self, name: str, expression: str) -> str:
        """What an expression over the object ``obj`` of a file prints, with the new release."""
        code = f"import pickle; obj = pickle.load(open({name!r}, 'rb')); print({expression})"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=self.data,
            env={**os.environ, "PYTHONPATH": str(self.new), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def content(self) -> dict[str, bytes]:
        """Every file below ``data`` with its bytes."""
        files = [p for p in self.data.rglob("*") if p.is_file()]
        return {str(p.relative_to(self.data)): p.read_bytes() for p in sorted(files)}


def _write(folder: Path, module: str, source: str) -> None:
    *packages, last = module.split(".")
    for package in packages:
        folder /= package
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    (folder / f"{last}.py").write_text(textwrap.dedent(source), encoding="utf-8")
