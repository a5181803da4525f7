"""The lock file: where it is, read and written whole."""

from __future__ import annotations

import os
from pathlib import Path

from pickle_migrate import store
from pickle_migrate.errors import FileError, LockError
from pickle_migrate.lock.toml_text import from_text, to_text
from pickle_migrate.lock.values import Lock
from pickle_migrate.project import Settings

NAME = "pickle_migrate.lock.toml"


def path_of(settings: Settings) -> Path:
    """The lock of a project: what the settings say, else ``NAME`` beside the settings, else in the
    working directory.
    """
    if settings.lock:
        return Path(settings.lock)
    return Path(settings.source).absolute().parent / NAME if settings.source else Path.cwd() / NAME


def read_lock(path: str | os.PathLike[str]) -> Lock:
    """Read a lock file. A file that is not there is an empty lock. Raises LockError."""
    data = read_bytes(path)
    return Lock() if data is None else lock_of_bytes(data, os.fspath(path))


def read_bytes(path: str | os.PathLike[str]) -> bytes | None:
    """The bytes of a lock file, or None if there is none. Raises LockError."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        raise LockError(os.fspath(path), f"it cannot be read: {reason}") from error


def lock_of_bytes(data: bytes, path: str) -> Lock:
    """The lock in some bytes. ``path`` is for messages. Raises LockError."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise LockError(path, f"it is no UTF-8 at byte {error.start}") from error
    return from_text(text, path)


def write_lock(path: str | os.PathLike[str], lock: Lock) -> None:
    """Write a lock, whole or not at all; it takes the place of the one that is there. Raises
    LockError; the file is then as it was.
    """
    try:
        data = to_text(lock).encode()
        if not Path(path).is_symlink() and not Path(path).exists():
            store.create(path, data)
            return
        snapshot = store.read(os.fspath(path))
        done = store.replace(snapshot, data, backup=False, break_hard_links=True)
    except (LockError, FileError) as error:
        raise LockError(os.fspath(path), error.problem, error.remedy) from error
    if done.outcome != "ok":
        raise LockError(os.fspath(path), "somebody else changed it meanwhile", "Run it again.")
