"""Many files replaced with one wait for the disk, instead of one wait for each.

Part of ``store``. First all new files are written beside the old ones, then all are synced at the
same time, then each takes over its name. So a kill or a power cut at any moment leaves each file
old or new, complete; some may be old and some new. No journal is needed for that: whether a file is
current is read from its bytes, so the next run goes on where this one stopped. What a kill leaves
behind is found by its name: see ``clean_leftovers``.

Measured on ext4, small files: waiting for each 290-360 us a file; all written first, then synced
one by one 220-250; synced by several threads 170; ``os.sync`` instead 95. That one is not taken: it
waits for every file system of the machine, and tells no errors.
"""

# System calls by name, as in the rest of the store.
# ruff: noqa: PTH105, PTH120

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType

from attrs import define, field

from pickle_migrate import replacing, writing
from pickle_migrate.backups import Backup
from pickle_migrate.errors import FileError
from pickle_migrate.replacing import Replaced
from pickle_migrate.snapshots import Snapshot, changed_since
from pickle_migrate.writing import telling

#: A batch is full with so many files, or bytes, old and new: larger ones are hardly faster, and all
#: of it is in memory.
MAX_FILES = 256
MAX_BYTES = 64 * 1024**2

_THREADS = 16


@define(eq=False)
class _Pending:
    """One replacement on its way. It is over when there is a result."""

    snapshot: Snapshot
    temporary: str = ""
    warnings: list[str] = field(factory=list)
    kept: Backup | None = None
    result: Replaced | FileError | None = None

    @property
    def folder(self) -> str:
        return os.path.dirname(self.snapshot.target)


@define(eq=False)
class Batch:
    """Replacements that ``commit`` carries out together. To be used with ``with``: at its end, also
    after an error, what was not committed is taken back.

    The options are those of ``store.replace``, and each file is treated as there.
    """

    backup: bool | str = field(default=True, kw_only=True)
    break_hard_links: bool = field(default=False, kw_only=True)
    keep_times: bool = field(default=False, kw_only=True)
    _pending: list[_Pending] = field(factory=list, init=False)
    _size: int = field(default=0, init=False)

    def __enter__(self) -> Batch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._clean_up()

    @property
    def is_full(self) -> bool:
        """Whether it is time to commit."""
        return len(self._pending) >= MAX_FILES or self._size >= MAX_BYTES

    def add(self, snapshot: Snapshot, data: bytes) -> None:
        """Write the new bytes beside the file that was read. Raises FileError if that cannot be
        done, or the file may not be replaced; the batch goes on without it.
        """
        pending = _Pending(snapshot)
        with telling(snapshot.path, "replaced"):
            pending.result = replacing.settle(
                snapshot, data, backup=self.backup, break_hard_links=self.break_hard_links
            )
            if pending.result is None:
                pending.temporary, pending.warnings = replacing.prepare(
                    snapshot, data, keep_times=self.keep_times, sync=False
                )
        self._pending.append(pending)
        self._size += len(snapshot.data) + len(data)

    def commit(self) -> list[tuple[Snapshot, Replaced | FileError]]:
        """Replace all files that were added. What became of each, in the order of adding: a file
        that failed has its FileError there and is as it was; the others are replaced all the same.
        """
        pending = self._pending
        try:
            _sync_files(pending)
            _each(pending, self._back_up)
            _each(pending, _Folders().sync)
            _each(pending, _put)
            _sync_names(pending)
        finally:
            self._clean_up()
        return [(one.snapshot, one.result) for one in pending if one.result]

    def _back_up(self, one: _Pending) -> None:
        one.kept = replacing.keep_backup(one.snapshot, self.backup)

    def _clean_up(self) -> None:
        for one in self._pending:
            if one.temporary:
                replacing.discard_backup(one.kept, one.temporary)
                writing.remove(one.temporary)
        self._pending = []
        self._size = 0


def _each(pending: Iterable[_Pending], step: Callable[[_Pending], None]) -> None:
    """Take a step with each that is not over. One that fails is over, and holds up no other."""
    for one in pending:
        if one.result is None:
            try:
                with telling(one.snapshot.path, "replaced"):
                    step(one)
            except FileError as error:
                one.result = _lost(one.snapshot, error) or error


def _lost(snapshot: Snapshot, error: FileError) -> Replaced | None:
    """The result when a step failed because the file is gone."""
    if isinstance(error.__cause__, FileNotFoundError):
        with contextlib.suppress(OSError):
            changed = changed_since(snapshot)
            return Replaced(changed) if changed else None
    return None


def _sync_files(pending: Sequence[_Pending]) -> None:
    """Have all new files on disk. Several threads wait, so the disk takes many at one time."""
    waiting = [one for one in pending if one.result is None]
    if len(waiting) < 2:
        return _each(waiting, _sync)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda one: _each([one], _sync), waiting))
    return None


def _sync(one: _Pending) -> None:
    writing.sync_file(one.temporary)


@define(eq=False)
class _Folders:
    """Has the names in each folder on disk, once, however many files it has."""

    _errors: dict[str, OSError | None] = field(factory=dict, init=False)

    def sync(self, one: _Pending) -> None:
        """Raises OSError for each file of a folder that could not be synced."""
        if one.folder not in self._errors:
            self._errors[one.folder] = None
            try:
                writing.sync_folder(one.folder)
            except OSError as error:
                self._errors[one.folder] = error
        error_then = self._errors[one.folder]
        if error_then:
            raise error_then


def _put(one: _Pending) -> None:
    changed = changed_since(one.snapshot, look_inside=True)
    if changed:
        one.result = Replaced(changed)
        return
    os.replace(one.temporary, one.snapshot.target)
    one.result = replacing.success(one.kept, one.warnings)


def _sync_names(pending: Iterable[_Pending]) -> None:
    folders = _Folders()
    for one in pending:
        if one.temporary and isinstance(one.result, Replaced) and one.result.outcome == "ok":
            try:
                folders.sync(one)
            except OSError as error:
                one.result = replacing.success(
                    one.kept, [*one.warnings, replacing.not_synced(error)]
                )
