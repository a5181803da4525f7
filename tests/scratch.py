"""Modules that a test writes, imports and forgets, and the program's state put back after it."""

from __future__ import annotations

import contextlib
import copyreg
import importlib
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from pickle_migrate import hooks, resolver
from pickle_migrate.registry import DEFAULT

HEADER = "from pickle_migrate import *\n"


class Scratch:
    """A folder on ``sys.path``. What is imported from it is gone when the test ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, source: str) -> Path:
        """Write a module's file, and ``__init__.py`` for the packages above it. Imports nothing.

        The source may be indented; ``from pickle_migrate import *`` is put before it.
        """
        *packages, last = name.split(".")
        folder = self.folder
        for package in packages:
            folder /= package
            folder.mkdir(exist_ok=True)
            (folder / "__init__.py").touch()
        path = folder / f"{last}.py"
        path.write_text(HEADER + textwrap.dedent(source), encoding="utf-8")
        importlib.invalidate_caches()
        return path

    def module(self, name: str, source: str) -> ModuleType:
        """Write a module and import it anew, in place of the one of that name from before."""
        self.write(name, source)
        self.forget(name)
        return importlib.import_module(name)

    def forget(self, *names: str) -> None:
        """Take modules out of ``sys.modules`` and their classes out of the default registry, as a
        program has it that never imported them.
        """
        for name in names:
            for ref in [ref for ref in DEFAULT._classes if ref.module == name]:
                del DEFAULT._classes[ref]
            sys.modules.pop(name, None)
            parent, _, last = name.rpartition(".")
            if parent in sys.modules:
                vars(sys.modules[parent]).pop(last, None)

    def remove(self, name: str) -> None:
        """Forget a module and delete its file."""
        self.forget(name)
        (self.folder / f"{name.replace('.', '/')}.py").unlink()
        importlib.invalidate_caches()

    def forget_all(self) -> None:
        """Take all modules of the folder out of ``sys.modules``."""
        here = str(self.folder)
        found = [
            n for n, m in sys.modules.items() if str(getattr(m, "__file__", "")).startswith(here)
        ]
        self.forget(*found)


@contextlib.contextmanager
def scratch_at(folder: Path) -> Iterator[Scratch]:
    """A scratch folder on ``sys.path``; at the end the default registry, the classes known, the
    settings and ``sys`` are as they were.
    """
    tables = [DEFAULT._records, DEFAULT._classes, DEFAULT._old_names, DEFAULT._renames._rules]
    before = [dict(table) for table in tables]
    entered, bytecode = set(hooks._entries), sys.dont_write_bytecode
    made = Scratch(folder)
    resolver.use_settings(None)
    sys.path.insert(0, str(folder))
    # A module written twice in one second would be read from its first bytecode.
    sys.dont_write_bytecode = True
    try:
        yield made
    finally:
        sys.dont_write_bytecode = bytecode
        sys.path.remove(str(folder))
        made.forget_all()
        for table, content in zip(tables, before, strict=True):
            table.clear()
            table.update(content)
        for cls in set(hooks._entries) - entered:
            del hooks._entries[cls]
            copyreg.dispatch_table.pop(cls, None)
        resolver._found.clear()
        resolver.use_settings(None)
        DEFAULT.generation += 1
