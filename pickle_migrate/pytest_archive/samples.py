"""What the plugin does with samples: into the archive, between processes, and on the terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import platform
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from pickle_migrate import scanner
from pickle_migrate.archive import freeze
from pickle_migrate.archive.values import Provenance
from pickle_migrate.pytest_archive.run import MARKER, ArchiveRun, run_of
from pickle_migrate.pytest_archive.sampling import (
    NEW,
    SKIPPED,
    THERE,
    NoSampleError,
    Sample,
    Sampler,
    Shape,
)
from pickle_migrate.refs import GlobalRef
from pickle_migrate.report import escaped

#: The folder of samples in the archive.
FOLDER = "samples"
#: A sample is small, for it is kept for ever: bytes of its pickle.
MOST = 256 * 1024
_SHOWN = 20


class Sampling:
    """Samples of one run, on their way into its archive. ``test_files``: those that only pytest
    imports.
    """

    def __init__(self, run: ArchiveRun) -> None:
        self.run = run
        self.sampler = Sampler(self)
        self.test_files: frozenset[str] = frozenset()
        self._versions: dict[str, dict[str, str]] = {}

    def take(self, item: pytest.Item, *, passed: bool) -> None:
        """Freeze what a test has pickled, if it has passed. What the check of an archived pickle
        writes is no sample of what the project writes.
        """
        if passed and item.get_closest_marker(MARKER) is None:
            self.sampler.freeze(item.nodeid)
        else:
            self.sampler.forget()

    def __call__(self, obj: Any, shape: Shape, test: str) -> bool:
        """Freeze one object; False if there is a sample of its shape. Raises NoSampleError, and
        whatever the object raises when it is pickled or loaded.
        """
        self._refuse(shape)
        folder = self.run.folder / FOLDER
        path = folder / f"{shape.name}.pickle"
        if path.exists():
            return False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the test had its chance to see them
            data = pickle.dumps(obj)
        if len(data) > MOST:
            raise NoSampleError(f"its pickle has {len(data):,} bytes, a sample at most {MOST:,}")
        provenance = self._provenance(data, shape, test)
        with _alone(folder):
            if path.exists():
                return False
            name = f"{FOLDER}/{path.name}"
            return freeze.freeze(data, name, self.run.folder, provenance).outcome == freeze.ARCHIVED

    def _provenance(self, data: bytes, shape: Shape, test: str) -> Provenance:
        refs = [named.ref for named in scanner.scan(data).globals]
        own = self._installed(shape.ref)
        libraries = {n: v for ref in refs for n, v in self._installed(ref).items() if n not in own}
        release = " ".join(next(iter(own.items()), ()))
        return Provenance(release, platform.python_version(), None, libraries, test)

    def _installed(self, ref: GlobalRef) -> dict[str, str]:
        """The distribution that a name comes from, with its version; asked once for each package,
        since asking reads the metadata of all that is installed.
        """
        top = ref.module.partition(".")[0]
        if top not in self._versions:
            self._versions[top] = freeze.installed_for([ref])
        return self._versions[top]

    def _refuse(self, shape: Shape) -> None:
        file = getattr(sys.modules.get(shape.ref.module), "__file__", None)
        if file is None or file in self.test_files or Path(file).name == "conftest.py":
            raise NoSampleError("it is defined by a module of tests, which only pytest imports")


_SAMPLING: pytest.StashKey[Sampling] = pytest.StashKey()


def sampling_of(config: pytest.Config) -> Sampling:
    """The samples of this run. Raises UsageError."""
    if (found := config.stash.get(_SAMPLING, None)) is None:
        found = config.stash[_SAMPLING] = Sampling(run_of(config))
    return found


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time: workers of pytest-xdist pickle the same. The lock is the folder's, so
    that it leaves no file, and a killed process holds it no longer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


# --- between processes ------------------------------------------------------------------------


def to_plain(samples: Iterable[Sample]) -> list[list[Any]]:
    """Samples as pytest-xdist can send them."""
    return [list(attrs.astuple(sample)) for sample in samples]


def from_plain(rows: Iterable[list[Any]]) -> list[Sample]:
    """The samples of ``to_plain``."""
    return [Sample(*row) for row in rows]


# --- on the terminal --------------------------------------------------------------------------


def summary(samples: list[Sample], folder: str, *, verbose: bool) -> Iterator[str]:
    """The lines for the terminal. ``folder`` is the archive, as it is shown."""
    new, there, skipped = (
        [s for s in samples if s.result == result] for result in (NEW, THERE, SKIPPED)
    )
    if not samples:
        yield "No versioned class was pickled by a test that passed, so nothing was archived."
        return
    yield f"{_counted(new, 'sample')} archived in {escaped(folder)}, {len(there)} there already."
    yield from _rows(new, lambda s: f"  new: {FOLDER}/{s.name}.pickle  ({s.test})", verbose)
    if verbose:
        yield from _rows(there, lambda s: f"  there: {FOLDER}/{s.name}.pickle", verbose)
    if skipped:
        yield f"{_counted(skipped, 'shape')} skipped:"
        yield from _rows(skipped, _why_skipped, verbose)
    if new:
        yield "Read the recorded states (NAME.pickle.yaml), then commit the pickles with them."


def _why_skipped(sample: Sample) -> str:
    return f"  {sample.ref}@{sample.version}: {sample.reason}  ({sample.test})"


def _rows(samples: list[Sample], text: Callable[[Sample], str], verbose: bool) -> Iterator[str]:
    shown = samples if verbose else samples[:_SHOWN]
    yield from (escaped(text(sample)) for sample in shown)
    if len(shown) < len(samples):
        yield f"  ... {len(samples) - len(shown)} more; -v shows all"


def _counted(samples: list[Sample], word: str) -> str:
    return f"1 {word}" if len(samples) == 1 else f"{len(samples)} {word}s"
