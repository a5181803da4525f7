"""Pickles of old releases: their own code writes them, in an environment made for it.

The contract with a writer, a Python script: it is run by the old interpreter, in an empty folder,
which is also its first argument. Every file that it leaves there is archived. It should write the
same bytes each time: no times, no random numbers. A fixed hash seed is set.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pickle_migrate.archive.pythons import Environment, last_lines
from pickle_migrate.archive.values import Provenance
from pickle_migrate.errors import ArchiveError


def written_files(environment: Environment, writer: Path, out: Path) -> list[Path]:
    """Run a writer in a new folder ``out``, and give the files that it left there, sorted. What it
    prints goes to standard error. Raises ArchiveError: it failed, or wrote nothing.
    """
    if not writer.is_file():
        remedy = "Name a Python script that writes pickles into its working directory."
        raise ArchiveError(str(writer), "there is no such writer", remedy)
    out.mkdir(parents=True)
    command = [environment.executable, str(writer.absolute()), str(out)]
    done = subprocess.run(
        command,
        cwd=out,
        env=dict(environment.variables),
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    sys.stderr.write(done.stdout)
    if done.returncode != 0:
        python = environment.python.version
        problem = f"it failed under Python {python}: {last_lines(done.stderr)}"
        raise ArchiveError(str(writer), problem, "Correct it; it runs with the old release's code.")
    found = sorted(_files(out))
    if not found:
        remedy = "It writes pickles into its working directory, which is its first argument too."
        raise ArchiveError(str(writer), "it wrote no file", remedy)
    return found


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield path


def provenance_of(environment: Environment, writer: str) -> Provenance:
    """What wrote the files of an environment. The protocol is still to be read from each."""
    release = environment.release
    name = release.partition(" ")[0]
    others = {one: version for one, version in environment.installed.items() if one != name}
    return Provenance(release, environment.python.version, None, others, writer)


def place_for(release: str, python: str) -> str:
    """The folder in the archive for what a release wrote: ``shop-1.2/py3.9``."""
    parts = [re.sub(r"[^A-Za-z0-9._+-]+", "-", release).strip("-.")] if release else []
    short = ".".join(python.split(".")[:2])
    return "/".join([*parts, *([f"py{short}"] if short else [])])


def names_below(files: Sequence[Path], folder: Path, into: str) -> list[str]:
    """The names in the archive for files of a folder."""
    below = [path.relative_to(folder).as_posix() for path in files]
    return [f"{into}/{name}" if into else name for name in below]
