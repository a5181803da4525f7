"""Several files changed together: all of them, or none.

First a journal is written, whole, with what each file held and is to hold; then the files, one by
one; then the journal is removed. If one cannot be written, those before it get back what they held.
If the process is killed in between, the journal is still there, and the next run finishes what it
says before it does anything else. So no change is ever half made for long, and nothing is lost: a
file that somebody changed meanwhile is not touched.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pickle_migrate import store
from pickle_migrate.errors import FileError
from pickle_migrate.make.edits import Edit

NAME: Final = ".pickle-migrate-make.json"


def apply(edits: Sequence[Edit], folder: Path) -> None:
    """Make all changes. ``folder`` is where the journal stands meanwhile. Raises FileError; all
    files are then as they were.
    """
    edits = [edit for edit in edits if edit.before != edit.after]
    for edit in edits:
        _require_unchanged(edit)
    journal = folder / NAME
    store.create(journal, _journal(edits))
    done: list[Edit] = []
    try:
        for edit in edits:
            done.append(edit)
            _write(edit.path, edit.before, edit.after)
    except BaseException:
        _take_back(done)
        store.discard(journal)
        raise
    store.discard(journal)


def finish(folder: Path) -> list[Path]:
    """Finish what an earlier run left half done, and give the files that it wrote. Raises FileError
    when one of them is neither what it was nor what it was to be.
    """
    journal = folder / NAME
    try:
        data = journal.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError(str(journal), f"cannot be read: {error.strerror}", "") from error
    written = []
    try:
        entries = json.loads(data)["files"]
        planned = [(Path(e["path"]), e["before"], base64.b64decode(e["after"])) for e in entries]
    except (ValueError, KeyError, TypeError):
        raise FileError(
            str(journal),
            "is no journal of pickle-migrate make",
            "Look at the changed files with git diff, and delete it.",
        ) from None
    for path, before, after in planned:
        now = _content(path)
        if now == after:
            continue
        if (None if now is None else _digest(now)) != before:
            raise FileError(
                str(path),
                "was changed since an interrupted run of make, which is not finished",
                f"Look at it, then delete {journal} and run make again.",
            )
        _write(path, now, after)
        written.append(path)
    store.discard(journal)
    return written


def _journal(edits: Sequence[Edit]) -> bytes:
    files = [
        {
            "path": str(edit.path),
            "before": None if edit.before is None else _digest(edit.before),
            "after": base64.b64encode(edit.after).decode(),
        }
        for edit in edits
    ]
    return json.dumps({"format": 1, "files": files}).encode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileError(str(path), f"cannot be read: {error.strerror}", "") from error


def _require_unchanged(edit: Edit) -> None:
    if _content(edit.path) != edit.before:
        problem = "was changed while make was running"
        raise FileError(str(edit.path), problem, "Nothing was written. Run it again.")


def _write(path: Path, before: bytes | None, after: bytes) -> None:
    if before is None:
        store.create(path, after)
        return
    snapshot = store.read(str(path))
    done = store.replace(snapshot, after, backup=False)
    if snapshot.data != before or done.outcome != "ok":
        raise FileError(str(path), "was changed by somebody else meanwhile", "Run it again.")


def _take_back(done: Sequence[Edit]) -> None:
    for edit in reversed(done):
        with contextlib.suppress(FileError):
            if _content(edit.path) != edit.after:
                continue
            if edit.before is None:
                store.discard(edit.path)
            else:
                _write(edit.path, edit.after, edit.before)
