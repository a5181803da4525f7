"""Archived pickles as pytest sees them: a folder, files below it, one item for each file.

The node id of an item is the path of the pickle and the versioned classes in it, as
``fixtures/order.pickle::shop.models:Order@1``. The order is that of the paths, in every process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pickle_migrate.archive.values import Record, Unread
from pickle_migrate.checks.values import CheckFinding
from pickle_migrate.pytest_archive.failure import NotKeptError
from pickle_migrate.pytest_archive.run import MARKER, ArchiveRun, run_of
from pickle_migrate.pytest_archive.verdict import Entry
from pickle_migrate.report import escaped

_NO_CLASSES = "loads"


class ArchiveFolder(pytest.Directory):
    """A folder of an archive that is outside of what pytest was to collect: test modules in it, of
    old releases perhaps, are not looked for.
    """

    run: ArchiveRun

    @classmethod
    def of(cls, parent: Any, path: Path, run: ArchiveRun) -> ArchiveFolder:
        """The node of a folder."""
        made: ArchiveFolder = cls.from_parent(parent, path=path)
        made.run = run
        return made

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """Folders and files, in the order of their names."""
        for path in self.run.children(self.path):
            if self.ihook.pytest_ignore_collect(collection_path=path, config=self.config):
                continue
            if (entry := self.run.entry(path)) is not None:
                yield ArchivedFile.of(self, path, entry)
            else:
                yield ArchiveFolder.of(self, path, self.run)


class ArchivedFile(pytest.File):
    """The file of an archived pickle, or something in the archive that nobody reads."""

    entry: Entry

    @classmethod
    def of(cls, parent: Any, path: Path, entry: Entry) -> ArchivedFile:
        """The node of a file."""
        made: ArchivedFile = cls.from_parent(parent, path=path)
        made.entry = entry
        return made

    def collect(self) -> Iterator[pytest.Item]:
        """One item."""
        name = _item_name(self.entry)
        item: ArchivedItem = ArchivedItem.from_parent(self, name=name)
        item.entry = self.entry
        if isinstance(self.entry, Record):
            item.extra_keyword_matches.update(_keywords(self.entry))
        yield item


class _Marked(pytest.Item):
    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.add_marker(MARKER)

    @property
    def run(self) -> ArchiveRun:
        """The archive of this run."""
        return run_of(self.config)

    def fail(self, findings: tuple[CheckFinding, ...], entry: Entry | None) -> None:
        """Raise NotKeptError."""
        raise NotKeptError(findings, entry, verbose=self.config.get_verbosity() > 0)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """What was found, without a traceback of ours; anything else as pytest shows it. Also the
        line for the short summary, which pytest-xdist sends along.
        """
        if not isinstance(excinfo.value, NotKeptError):
            return super().repr_failure(excinfo, style)
        shown = excinfo.getrepr(style="value")
        if (crash := shown.reprcrash) is not None:
            crash.path, crash.lineno, crash.message = str(self.path), 1, excinfo.value.message
        return shown

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is, as reports show it: the file, its first line, and a heading."""
        path = self.nodeid.partition("::")[0]
        return self.path, 0, f"{path} ({self.name})"


class ArchivedItem(_Marked):
    """One archived pickle: it loads, with the state that its record says."""

    entry: Entry

    def runtest(self) -> None:
        """Raise NotKeptError with all that the check finds."""
        findings = self.run.findings_of(self.entry)
        if findings:
            self.fail(findings, self.entry)


class MissingArchive(_Marked):
    """Fails: an archive was asked for, and there is no archived pickle."""

    def runtest(self) -> None:
        """Raise NotKeptError."""
        self.fail((self.run.nothing_there(),), None)


def archived_file(parent: Any, path: Path, run: ArchiveRun) -> ArchivedFile | None:
    """The node of a file of the archive; None if it is neither a pickle nor out of place."""
    entry = run.entry(path)
    return None if entry is None else ArchivedFile.of(parent, path, entry)


def missed(session: pytest.Session, run: ArchiveRun, items: list[pytest.Item]) -> list[pytest.Item]:
    """An item that fails, if all of the archive was asked for and nothing of it is among the items.
    Not with ``--lf``, which leaves out what passed, nor in a run that begins the archive.
    """
    options = ("lf", "pickle_archive")
    if not run.whole or any(session.config.getoption(one, False) for one in options):
        return []
    if any(isinstance(item, ArchivedItem) for item in items):
        return []
    nodeid = f"{run.shown}::archive"
    return [MissingArchive.from_parent(session, name="archive", nodeid=nodeid)]


def _item_name(entry: Entry) -> str:
    if isinstance(entry, Unread):
        return escaped(entry.kind)
    first, *others = entry.classes or (_NO_CLASSES,)
    return escaped(f"{first}+{len(others)}" if others else first)


def _keywords(record: Record) -> Iterator[str]:
    """What ``-k`` finds, besides the path and the name: each class, with and without its module."""
    for text in record.classes:
        name, _, version = text.rpartition("@")
        yield from (text, name, name.rpartition(":")[2], f"v{version}")
    yield record.provenance.release
