"""A pickle of each new version for the archive, made of an archived one of an older version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from pickle_migrate.errors import RequestError
from pickle_migrate.make.trial import python_path


def add_samples(
    settings: str, lock: str, imports: Sequence[str], refs: Sequence[str], suffix: str
) -> tuple[str, ...]:
    """Archive them, named as the one that each is made of and ``suffix``; gives their names. The
    lock takes in what they say. Runs the project's code in a process of its own. Raises
    RequestError.
    """
    task = {
        "path": [path or os.getcwd() for path in sys.path],  # noqa: PTH109 - as sys.path has it
        "settings": settings,
        "lock": lock,
        "imports": list(imports),
        "refs": list(refs),
        "suffix": suffix,
    }
    done = subprocess.run(
        [sys.executable, "-m", "pickle_migrate.make.sample_process"],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": python_path()},
    )
    try:
        told = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        told = {"problems": [f"the process ended with {done.returncode}: {last}"]}
    if told["problems"]:
        problem = told["problems"][0].rstrip(".")
        raise RequestError(
            f"no sample was archived: {problem}",
            "The migration is written. Archive a pickle of the new version yourself: "
            "pickle-migrate archive FILE.",
        )
    return tuple(told["archived"])
