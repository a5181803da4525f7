"""Records outside of the archive: archived pickles in a folder that no setting covers.

Looked for below the folder of the settings, in folders that are no project of their own, hidden, or
an environment of Python's. Reads names, and the beginning of files that are called as records are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pickle_migrate.archive.values import SUFFIX
from pickle_migrate.project import Settings

#: Folders that are looked into; a repository has fewer, a disk has more.
FOLDERS: Final = 10_000
_SKIPPED: Final = frozenset(["__pycache__", "node_modules", "build", "dist"])
#: What makes a folder a project, or an environment, of its own.
_OWN: Final = frozenset(["pyproject.toml", "pickle_migrate.toml", "pyvenv.cfg"])
_BEGINNING: Final = b"pickle: "


def records_elsewhere(settings: Settings, archive: Path) -> Iterator[Path]:
    """The records beside pickles that the archive does not hold, in the order of their paths."""
    start = Path(settings.source).absolute().parent if settings.source else Path.cwd()
    covered = os.path.realpath(archive)
    for count, (folder, folders, names) in enumerate(os.walk(start)):
        if count == FOLDERS:
            return
        if os.path.realpath(folder) == covered or (count and _OWN & set(names)):
            folders.clear()
            continue
        folders[:] = sorted(n for n in folders if n not in _SKIPPED and not n.startswith("."))
        there = set(names)
        for name in sorted(names):
            if name.endswith(SUFFIX) and name.removesuffix(SUFFIX) in there:
                path = Path(folder, name)
                if _is_record(path):
                    yield path


def _is_record(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_BEGINNING)) == _BEGINNING
    except OSError:
        return False
