"""Environments with exact releases of the libraries, and programs in them that read pickles.

An environment is a folder ``.venv-packs-NAME-X.Y`` at the top of the clone, made by the first test
that needs it, with the pip at hand; delete it to make it anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = Path(__file__).resolve().parent
FACTS = ROOT / "fixtures" / "packs"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@contextlib.contextmanager
def alone(name: str) -> Iterator[None]:
    """One process at a time: pytest-xdist runs several."""
    with (ROOT / f".venv-packs-{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def python_of(reader: str) -> Path:
    """The Python of an environment, made if it is not there."""
    folder = ROOT / f".venv-packs-{reader}-{PYTHON}"
    wanted = FOLDER / f"{reader}.txt"
    key = f"{sys.version}\n{wanted.read_text()}"
    marker, python = folder / "made-from.txt", folder / "bin" / "python"
    with alone(f"{reader}-{PYTHON}"):
        if not (marker.is_file() and marker.read_text() == key):
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            _install(python, wanted)
            marker.write_text(key)
    return python


def _install(python: Path, wanted: Path) -> None:
    options = ["-q", "--disable-pip-version-check", "--only-binary=:all:"]
    command = [str(python), "-m", "pip", "install", *options, "-r", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(
            f"pip could not install {wanted.relative_to(ROOT)}, which these tests read old pickles "
            f"with (exit code {done.returncode}). Is the package index reachable?\n{done.stderr}"
        )


def answers(python: Path, asked: list[tuple[Path, str]]) -> list[dict]:
    """What each pickle holds as a reader tells it, in order; a crash is an answer too."""
    found: list[dict] = []
    while len(found) < len(asked):
        lines = "".join(f"{path}\t{encoding}\n" for path, encoding in asked[len(found) :])
        command = [str(python), "-I", str(FOLDER / "read_pickles.py"), str(FACTS)]
        one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            command,
            input=lines,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **one},
        )
        found += [json.loads(line) for line in done.stdout.splitlines()]
        if len(found) < len(asked):
            found.append({"failed": "load", "error": f"crash (exit code {done.returncode})"})
    return found
