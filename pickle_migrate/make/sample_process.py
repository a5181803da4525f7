"""The process that archives a pickle of each new version: it imports the code as it is now.

Not for use by itself; ``samples`` starts it. What is archived is written by the code whose version
it carries: objects that archived pickles of older versions gave, pickled anew.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pickle_migrate.archive.values import Record


def main() -> None:
    """Read the task, do it, print what came of it."""
    from pickle_migrate.findings import Problem
    from pickle_migrate.make.trial_process import import_code

    out = os.dup(1)
    os.dup2(2, 1)  # what the project's code prints is no part of the answer
    task = json.loads(sys.stdin.read())
    sys.path[:] = task["path"]
    told: dict[str, Any] = {"archived": [], "problems": []}
    try:
        import_code(task)
        told["archived"] = list(_archived(task))
        _lock(task)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        told["problems"].append(Problem.of(error).what)
    with os.fdopen(out, "w", encoding="utf-8") as stream:
        json.dump(told, stream)


def _archived(task: dict[str, Any]) -> Iterator[str]:
    from pickle_migrate import resolver
    from pickle_migrate.archive import freeze, loads
    from pickle_migrate.archive.folder import archive_of, read_archive

    root = archive_of(resolver.settings())
    for record in _fewest(list(read_archive(root).records), task["refs"]):
        loaded = loads.load_record(record)
        if loaded.problem is not None:
            continue
        obj = loaded.objects[0] if len(loaded.objects) == 1 else list(loaded.objects)
        path = Path(record.path).relative_to(root)
        name = path.with_name(f"{path.name.split('.')[0]}-{task['suffix']}").as_posix()
        writer = "pickle-migrate make --samples"
        yield freeze.add(obj, name, folder=root, writer=writer).path.name


def _lock(task: dict[str, Any]) -> None:
    """Of a class that declares no fields, the sample may be the first to say which it has."""
    from pickle_migrate.lock import files
    from pickle_migrate.make.trial_process import next_lock

    text, problems = next_lock(task)
    if not problems:
        files.write_lock(task["lock"], files.lock_of_bytes(text.encode(), task["lock"]))


def _fewest(records: list[Record], refs: list[str]) -> Iterator[Record]:
    """Records in which all classes are, few of them and small ones first."""
    from pickle_migrate.make.trial_process import holds

    missing = list(refs)
    records.sort(key=lambda one: Path(one.path).stat().st_size)
    while missing:
        best = max(
            records, key=lambda one: sum(holds(one.classes, [ref]) for ref in missing), default=None
        )
        found = [] if best is None else [ref for ref in missing if holds(best.classes, [ref])]
        if best is None or not found:
            return
        yield best
        missing = [ref for ref in missing if ref not in found]


if __name__ == "__main__":
    main()
