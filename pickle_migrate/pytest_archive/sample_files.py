"""A sample as files of the archive: the pickle, and the record with its expected state."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

import attrs

from pickle_migrate import scanner, writing
from pickle_migrate.archive import loads, records
from pickle_migrate.archive.values import Provenance, Record
from pickle_migrate.errors import ArchiveError
from pickle_migrate.stamps import StampText


def write_sample(root: Path, path: Path, data: bytes, writer: str) -> None:
    """Load a pickle once, and write it and its record. The state that it has now is the one that it
    must have for ever. Raises ArchiveError if it does not load; FileExistsError if it is there.
    """
    scan = scanner.scan(data)
    provenance = Provenance(python=platform.python_version(), protocol=scan.protocol, writer=writer)
    texts = [StampText.decode(g.stamp).head for g in scan.globals if g.stamp is not None]
    classes = tuple(dict.fromkeys(f"{head.ref}@{head.version}" for head in texts))
    digest = hashlib.sha256(data).hexdigest()
    record = Record(str(path), digest, provenance, classes, root=root)
    loaded = loads.load_bytes(record, data)
    if loaded.problem is not None:
        raise ArchiveError(str(path), f"it does not load: {loaded.problem.what}")
    record = attrs.evolve(record, expected_text=records.states_text(loaded.states))
    text = records.record_text(record).encode()
    for name, content in ((path, data), (record.record_path, text)):
        temporary = writing.write_temporary(
            str(path.parent), content, lambda file: None, mode=0o644
        )
        writing.publish(temporary, str(name))
