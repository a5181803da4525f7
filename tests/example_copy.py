"""A reduced copy of the repository's worked example, to make mistakes in.

``python example_copy.py FOLDER`` makes it, in a process of its own, since its classes are to be
registered in no other: today's modules, some archived pickles of each release, and what today's
release writes itself, so that each version in the lock has one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICKLES = (
    "weatherlog_r1/py2.7/book.p2.c.pickle",
    "weatherlog_r1/py3.8/book.p4.c.pickle",
    "weatherlog_r1/py3.8/shared-row.p4.c.pickle",
    "weatherlog_r2/py3.9/book.p4.c.pickle",
    "weatherlog_r3/py3.11/book.p4.c.pickle",
    "skywatch_r4/py3.12/book.p0.c.pickle",
    "skywatch_r4_1/py3.13/book.p4.c.pickle",
    "skywatch_r4_1/py3.11/track.p1.python.pickle",
    "attrs_21_4/py3.8/pair.p4.c.pickle",
)
# Loaded, and written again as today's release writes them.
TODAY = (
    "skywatch_r4_1/py3.13/book.p4.c.pickle",
    "skywatch_r4_1/py3.11/track.p1.python.pickle",
    "attrs_21_4/py3.8/pair.p4.c.pickle",
)
SETTINGS = "migrations/pickle_migrate.toml"


def make(folder: Path) -> None:
    """Write the copy into an empty folder, with records and a lock."""
    ignored = shutil.ignore_patterns("__pycache__", "*.md")
    shutil.copytree(ROOT / "migrations", folder / "migrations", ignore=ignored)
    for name in PICKLES:
        target = folder / "fixtures/pickles" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "fixtures/pickles" / name, target)
    script = [sys.executable, __file__, str(folder)]
    subprocess.run(script, cwd=folder, env=environment(), check=True)
    lock = [sys.executable, "-m", "pickle_migrate", "lock"]
    subprocess.run(lock, cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL)


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB")}
    return {**kept, "PICKLE_MIGRATE_SETTINGS": SETTINGS, "PYTHONPATH": str(ROOT)}


def main(folder: Path) -> None:
    from pickle_migrate import dumper, loader, project, resolver

    settings = project.read_settings(folder / SETTINGS)
    sys.path[:0] = settings.path
    resolver.use_settings(settings)
    resolver.import_modules()
    archive = folder / "fixtures/pickles"
    for name in TODAY:
        with (archive / name).open("rb") as file:
            written = dumper.dumps(loader.load(file), 4)
        new = archive / "skywatch_r5" / Path(name).name
        new.parent.mkdir(exist_ok=True)
        new.write_bytes(written)
    for path in sorted(archive.rglob("*.pickle")):
        write_record(path, archive)


def write_record(path: Path, archive: Path) -> None:
    import attrs

    from pickle_migrate.archive import loads, records
    from pickle_migrate.archive.values import Record
    from pickle_migrate.lock.seen import sightings_of_file

    classes: set[str] = set()
    for one in sightings_of_file(str(path)):
        classes |= {f"{s.ref}@{s.version}" for s in one.stamped} or {f"{one.ref}@?"}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    encoding = "latin1" if "py2.7" in str(path) else "ASCII"
    record = Record(
        str(path), digest, classes=tuple(sorted(classes)), encoding=encoding, root=archive
    )
    loaded = loads.load_record(record)
    assert loaded.problem is None, loaded.problem
    text = records.states_text(list(loaded.states))
    record = attrs.evolve(record, expected_text=text)
    record.record_path.write_text(records.record_text(record))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
