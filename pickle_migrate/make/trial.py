"""A candidate tried before it is kept: in a process of its own, beside the files that are there.

The candidate stands in a folder that looks like the project: links to everything, and the changed
files as they would be. The process imports the code from there, loads the archived pickles of the
classes and says what came of them. So nothing that fails leaves anything behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from pickle_migrate.errors import RequestError
from pickle_migrate.make.edits import Edit
from pickle_migrate.refs import GlobalRef


@attrs.frozen
class Tried:
    """One archived pickle: its path below the archive, why it does not load (empty: it does), and
    where its state is other than the expected one, in lines.
    """

    path: str
    problem: str = ""
    differences: tuple[str, ...] = ()


@attrs.frozen
class Trial:
    """What came of a candidate. ``problems``: why it cannot be kept, besides pickles that do not
    load. ``lock`` is the text that the lock would have.
    """

    records: tuple[Tried, ...] = ()
    problems: tuple[str, ...] = ()
    lock: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the candidate can be kept."""
        return not self.problems and not any(one.problem for one in self.records)


@attrs.frozen
class Surroundings:
    """What the process needs to know: the settings file or empty, the lock, folders, imports."""

    settings: str
    lock: str
    imports: tuple[str, ...] = ()


def try_out(edits: Sequence[Edit], around: Surroundings, refs: Iterable[GlobalRef]) -> Trial:
    """Run the trial. Writes into a temporary folder only. Runs the project's code in the process.
    Raises RequestError when the process says nothing.
    """
    with _beside(edits) as path:
        task = {
            "path": path,
            "settings": around.settings,
            "lock": around.lock,
            "imports": list(around.imports),
            "refs": [str(ref) for ref in refs],
        }
        done = subprocess.run(
            [sys.executable, "-m", "pickle_migrate.make.trial_process"],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": python_path()},
        )
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise RequestError(
            f"the candidate could not be tried: the process ended with {done.returncode}: {last}",
            "Nothing was written.",
        ) from None
    records = tuple(Tried(r["path"], r["problem"], tuple(r["lines"])) for r in told["records"])
    return Trial(records, tuple(told["problems"]), told["lock"])


def python_path() -> str:
    """PYTHONPATH for a process that has to find this package, and what this one has."""
    mine = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join(filter(None, [mine, os.environ.get("PYTHONPATH", "")]))


@contextmanager
def _beside(edits: Sequence[Edit]) -> Iterator[list[str]]:
    """``sys.path`` as it would be with the changed files, for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="pickle-migrate-") as folder:
        roots: dict[Path, list[Edit]] = {}
        for edit in edits:
            root = _root_of(edit.path)
            if root is not None:
                roots.setdefault(root, []).append(edit)
        places = {}
        for number, (root, mine) in enumerate(roots.items()):
            place = Path(folder, str(number))
            _mirror(root, place, {e.path.relative_to(root).parts: e.after for e in mine})
            places[root] = str(place)
        yield [places.get(Path(one or ".").absolute(), one or str(Path.cwd())) for one in sys.path]


def _root_of(path: Path) -> Path | None:
    roots = [Path(one or ".").absolute() for one in sys.path]
    fit = [root for root in roots if path.is_relative_to(root)]
    # The first folder in which the import finds it, which need not be the longest name.
    return next((r for r in fit if _is_module(path.relative_to(r))), fit[0] if fit else None)


def _is_module(path: Path) -> bool:
    return all(part.isidentifier() for part in path.with_suffix("").parts)


def _mirror(there: Path, here: Path, changed: dict[tuple[str, ...], bytes]) -> None:
    """Make ``here`` look like ``there``: links, but for the changed files and their folders."""
    here.mkdir()
    firsts = {parts[0] for parts in changed}
    if there.is_dir():
        for entry in os.scandir(there):
            if entry.name not in firsts and entry.name != "__pycache__":
                (here / entry.name).symlink_to(entry.path)
    for first in firsts:
        inner = {parts[1:]: data for parts, data in changed.items() if parts[0] == first}
        if () in inner:
            (here / first).write_bytes(inner[()])
        else:
            _mirror(there / first, here / first, inner)
