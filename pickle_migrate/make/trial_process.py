"""The process in which a candidate is tried: reads a task from standard input, loads, tells.

Not for use by itself; ``trial`` starts it. Writes nothing but one JSON document to standard output.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs


def main() -> None:
    """Read the task, do it, print what came of it."""
    out = os.dup(1)
    os.dup2(2, 1)  # what the project's code prints is no part of the answer
    task = json.loads(sys.stdin.read())
    sys.path[:] = task["path"]
    sys.dont_write_bytecode = True
    told = _told(task)
    with os.fdopen(out, "w", encoding="utf-8") as stream:
        json.dump(told, stream)


def _told(task: dict[str, Any]) -> dict[str, Any]:
    from pickle_migrate.findings import Problem

    told: dict[str, Any] = {"records": [], "problems": [], "lock": ""}
    try:
        import_code(task)
        told["problems"] = list(_gaps(task))
        if not told["problems"]:
            told["records"] = list(_records(task))
            told["lock"], more = next_lock(task)
            told["problems"] += more
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        problem = Problem.of(error, "importing the code")
        told["problems"].append(f"{problem.what} {problem.advice}".strip())
    return told


def import_code(task: dict[str, Any]) -> None:
    """Import the project's code as the commands do, with the settings and imports of the task."""
    from pickle_migrate import project, resolver
    from pickle_migrate.refs import GlobalRef
    from pickle_migrate.registry import DEFAULT, declaration_of

    path = task["settings"]
    settings = project.read_settings(Path(path)) if path else project.Settings()
    resolver.use_settings(settings)
    for module in task["imports"]:
        resolver.import_ref(GlobalRef(module, "__name__"))  # every module has that
    resolver.import_modules()
    resolver.import_migrations()
    for _, cls in DEFAULT.classes():
        resolver.import_migrations(declaration_of(cls).migrations)


def _gaps(task: dict[str, Any]) -> Iterator[str]:
    """Steps that are missing from the locked versions of the classes to today's."""
    from pickle_migrate.lock.files import read_lock
    from pickle_migrate.refs import GlobalRef
    from pickle_migrate.registry import DEFAULT, declaration_of
    from pickle_migrate.routes import steps_between

    before = read_lock(task["lock"])
    for ref in map(GlobalRef.parse, task["refs"]):
        cls, locked = DEFAULT.class_at(ref), before.of(ref)
        if cls is None:
            yield f"{ref}: the class is not registered when the code is imported."
        elif locked is not None:
            declaration = declaration_of(cls)
            records = declaration.registry.family(ref)
            version = locked.head.version
            _, gaps = steps_between(ref, version, declaration.version, records)
            yield from (gap.what() for gap in gaps)


def _records(task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    from pickle_migrate import resolver
    from pickle_migrate.archive import folder, loads
    from pickle_migrate.lock.of_project import archive_of

    root = archive_of(resolver.settings())
    if not root.is_dir():
        return
    for record in folder.read_archive(root).records:
        if not holds(record.classes, task["refs"]):
            continue
        loaded = loads.load_record(record)
        problem, lines = loaded.problem, list[str]()
        if problem is None:
            lines = loads.compare(loaded)
        yield {
            "path": record.path.relative_to(root).as_posix(),
            "problem": "" if problem is None else f"{problem.what} {problem.advice}".strip(),
            "lines": lines,
        }


def holds(classes: tuple[str, ...], refs: list[str]) -> bool:
    """Whether a record names one of the classes, under the name that it has or had."""
    from pickle_migrate.errors import PickleMigrateError
    from pickle_migrate.refs import GlobalRef
    from pickle_migrate.registry import DEFAULT

    for text in classes:
        name, _, version = text.rpartition("@")
        try:
            ref = GlobalRef.parse(name)
            today = DEFAULT.current_ref(ref, int(version) if version.isdigit() else None)
        except PickleMigrateError:
            return True
        if str(today) in refs or str(ref) in refs:
            return True
    return False


def next_lock(task: dict[str, Any]) -> tuple[str, list[str]]:
    """The text of the next lock, and what is in its way."""
    from pickle_migrate import resolver
    from pickle_migrate.lock import files, toml_text
    from pickle_migrate.lock.of_project import today_of
    from pickle_migrate.lock.today import with_old_names
    from pickle_migrate.lock.update import updated
    from pickle_migrate.registry import DEFAULT

    before = files.read_lock(task["lock"])
    today = with_old_names(before, today_of(resolver.settings()), DEFAULT)
    done = updated(before, today)
    problems = [
        f"{change.ref}: its fields are other than those of the locked version "
        f"{change.version}, and its version was not raised."
        for change in done.refused
        if str(change.ref) in task["refs"]
    ]
    return toml_text.to_text(attrs.evolve(done.after)), problems


if __name__ == "__main__":
    main()
