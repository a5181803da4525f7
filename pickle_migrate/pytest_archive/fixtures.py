"""The archive in tests of your own: fixtures ``pickle_archive`` and ``archived_pickle``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from pickle_migrate.archive import loads
from pickle_migrate.archive.values import Record
from pickle_migrate.pytest_archive.run import ArchiveRun


@attrs.frozen
class ArchivedPickle:
    """One archived pickle. ``record`` says what wrote it and which state it must give."""

    record: Record
    _run: ArchiveRun = attrs.field(repr=False)

    @property
    def name(self) -> str:
        """Its path below the archive, with slashes."""
        return self.record.name

    @property
    def path(self) -> Path:
        """Its file."""
        return self.record.path

    def load(self) -> Any:
        """Load it with today's code. Of a file with several pickles, a list of all. A pickle that
        does not load fails the test.
        """
        found = self._run.load(self.record).objects
        return found[0] if len(found) == 1 else list(found)

    def state(self) -> Any:
        """The state that it has when it is loaded, as plain data: for ``data_regression`` and for
        comparisons of your own.
        """
        return self._run.state_of(self.load())

    def differences(self) -> list[str]:
        """The lines that tell where its state differs from the recorded one; empty if it does not.
        Raises ArchiveError.
        """
        return loads.compare(self._run.load(self.record))


@attrs.frozen
class PickleArchive:
    """All archived pickles, by their paths below the folder: ``archive["orders/1.pickle"]``."""

    _run: ArchiveRun

    @property
    def folder(self) -> Path:
        """The folder of the archive."""
        return self._run.folder

    def __iter__(self) -> Iterator[ArchivedPickle]:
        return (ArchivedPickle(record, self._run) for record in self._run.archive.records)

    def __len__(self) -> int:
        return len(self._run.archive.records)

    def __getitem__(self, name: str) -> ArchivedPickle:
        for one in self:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in self) or "nothing"
        raise KeyError(f"{name!r} is not in the archive {self.folder}, which has {names}")

    def load(self, name: str) -> Any:
        """Load one by its name, as ``archive[name].load()`` does."""
        return self[name].load()

    def state_of(self, obj: Any) -> Any:
        """Any object as plain data, the way expected states are written."""
        return self._run.state_of(obj)


def names_of(run: ArchiveRun) -> list[str]:
    """The names of all archived pickles. Raises UsageError if there are none: a test that runs for
    each of no pickles would be skipped, and check nothing.
    """
    names = [record.name for record in run.archive.records]
    if not names:
        raise pytest.UsageError(run.nothing_there().what)
    return names
