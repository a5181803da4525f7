"""Archived pickles loaded once more in another process, where the hashes of texts are others.

Within one process a set of texts always comes in the same order, so that a step which makes a list
of a set gives the same each time, and another one tomorrow. Started with ``python -c``; what it
prints as it loads goes to standard error.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pickle_migrate import project, resolver
from pickle_migrate.archive import loads
from pickle_migrate.archive.loads import Loaded
from pickle_migrate.archive.records import states_text
from pickle_migrate.archive.values import Record
from pickle_migrate.errors import RequestError
from pickle_migrate.project import Settings
from pickle_migrate.refs import GlobalRef

_SEED: Final = "PYTHONHASHSEED"
_PROGRAM: Final = "from pickle_migrate.checks.elsewhere import main; main()"


def states_elsewhere(
    records: Sequence[Record], settings: Settings, imports: Sequence[str] = ()
) -> dict[str, str]:
    """What each record loads with in a process of its own, as text, by its path. Starts one process
    for all of them. Raises RequestError if that process does not answer.
    """
    asked = {
        "path": sys.path,
        "settings": settings.source,
        "imports": list(imports),
        "records": [[record.file, record.encoding] for record in records],
    }
    environment = {**os.environ, _SEED: "2" if os.environ.get(_SEED) == "1" else "1"}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    try:
        found: dict[str, str] = json.loads(done.stdout)
    except ValueError:
        last = done.stderr.strip().splitlines()[-1:] or ["it printed nothing"]
        problem = f"the other process ended with {done.returncode}: {last[0]}"
        raise RequestError(problem, "Leave out --thorough, or correct what ends it.") from None
    return found


def told(loaded: Loaded) -> str:
    """What a load gave, as text: the same text for the same states."""
    if loaded.problem is not None:
        return f"problem: {loaded.problem.what}"
    return states_text(list(loaded.states))


def main() -> None:
    """Answer on standard output what is asked on standard input. Imports and loads."""
    asked: dict[str, Any] = json.loads(sys.stdin.read())
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        sys.path[:] = asked["path"]
        source = asked["settings"]
        resolver.use_settings(project.read_settings(Path(source)) if source else Settings())
        for module in asked["imports"]:
            resolver.import_ref(GlobalRef(module, "__name__"))
        resolver.import_modules()
        found = {
            path: told(loads.load_record(Record(path, "", encoding=encoding)))
            for path, encoding in asked["records"]
        }
    out.write(json.dumps(found))
