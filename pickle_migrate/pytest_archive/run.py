"""The archive of one pytest run: where it is, which settings hold, what was asked for."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from pickle_migrate import project, resolver
from pickle_migrate.archive import loads
from pickle_migrate.archive.folder import read_archive
from pickle_migrate.archive.states import state_of
from pickle_migrate.archive.values import Archive, Record
from pickle_migrate.checks.rules import EMPTY_ARCHIVE
from pickle_migrate.checks.values import BROKEN, CheckFinding
from pickle_migrate.errors import PickleMigrateError
from pickle_migrate.project import Settings
from pickle_migrate.pytest_archive.verdict import Checker, Entry
from pickle_migrate.report import escaped

#: On each item of the plugin.
MARKER = "pickle_archive"


@attrs.define
class ArchiveRun:
    """The archive of a run. ``shown`` is its folder as people know it. ``whole``: all of it was
    asked for, so that it must not be empty. ``added``: its folder is no part of what was to be
    collected otherwise.
    """

    folder: Path
    settings: Settings
    shown: str
    whole: bool = False
    added: bool = False
    _real: str = ""
    _archive: Archive | None = None
    _checker: Checker | None = None
    _entries: dict[str, Entry] = attrs.field(factory=dict)
    _children: dict[str, list[str]] = attrs.field(factory=dict)

    @classmethod
    def of(cls, config: pytest.Config) -> ArchiveRun:
        """Where the ini file, the settings or the habit says. Reads settings, imports nothing.
        Raises UsageError.
        """
        if not hasattr(pytest, "Directory"):
            problem = (
                f"The archive of old pickles needs pytest 8 or newer; this is {pytest.__version__}."
            )
            raise pytest.UsageError(problem)
        try:
            settings = _settings(config)
        except PickleMigrateError as error:
            raise pytest.UsageError(str(error)) from error
        folder = _folder(config, settings)
        return cls(folder, settings, _shown(folder, config.rootpath))

    def name_of(self, path: Path) -> str | None:
        """A file's or folder's path relative to the archive, with ``/``; None if it is outside."""
        text = str(path)
        for base in (str(self.folder), self._real or self._find_real()):
            if text == base:
                return "."
            if text.startswith(base + os.sep):
                return text[len(base) + 1 :].replace(os.sep, "/")
        return None

    def _find_real(self) -> str:
        self._real = os.path.realpath(self.folder)
        return self._real

    # --- what is in it ---

    @property
    def archive(self) -> Archive:
        """The archive as it is on disk; read once. Empty where there is none. Loads no pickle."""
        if self._archive is None:
            self._archive = (
                read_archive(self.folder) if self.folder.is_dir() else Archive(self.folder)
            )
            entries: list[Entry] = [*self._archive.unread, *self._archive.records]
            for entry in entries:
                name = os.path.relpath(entry.path, self.folder).replace(os.sep, "/")
                self._entries[name] = entry
            self._children = _tree(self._entries)
        return self._archive

    def entry(self, path: Path) -> Entry | None:
        """What is known of a file; None if it is no concern of the archive's."""
        name = self.name_of(path)
        return self._entries.get(name) if self.archive and name is not None else None

    def children(self, path: Path) -> list[Path]:
        """What lies right below a folder of the archive and leads to an entry, by name."""
        name = self.name_of(path)
        found = self._children.get(name, []) if self.archive and name is not None else []
        return [path / child for child in found]

    def nothing_there(self) -> CheckFinding:
        """What an archive without pickles has to say."""
        if not self.folder.is_dir():
            what = f"There is no archive: the folder {self.shown} does not exist."
        elif self.archive.records:
            what = f"pytest collected none of the pickles in the archive {self.shown}."
            advice = "Look whether norecursedirs, --ignore or a conftest.py leaves them out."
            return CheckFinding(EMPTY_ARCHIVE, BROKEN, self.shown, what, advice)
        else:
            what = f"The archive {self.shown} holds no pickle."
        advice = "Begin it: pytest --pickle-archive, or pickle-migrate archive FILE..."
        return CheckFinding(EMPTY_ARCHIVE, BROKEN, self.shown, what, advice)

    # --- with today's code ---

    @contextlib.contextmanager
    def prepared(self) -> Iterator[None]:
        """The settings in force and the project importable, as the commands have it; the modules of
        the settings imported. Afterwards settings and ``sys.path`` are those of the tests again.
        """
        before = _settings_of_tests()
        path = [one for one in (*self.settings.path, str(Path.cwd())) if one not in sys.path]
        sys.path[:0] = path
        if before != self.settings:
            resolver.use_settings(self.settings)
        try:
            yield
        finally:
            for one in path:
                with contextlib.suppress(ValueError):  # user code may have taken it out
                    sys.path.remove(one)
            if before != self.settings:
                resolver.use_settings(before)

    @property
    def checker(self) -> Checker:
        """The check of this archive. Imports the project's code when it is first asked for."""
        if self._checker is None:
            self._checker = Checker.of(self.settings, self.folder)
        return self._checker

    def findings_of(self, entry: Entry) -> tuple[CheckFinding, ...]:
        """What the check has to say of an entry. Loads it, with today's code."""
        with self.prepared():
            return self.checker.findings_of(entry)

    def state_of(self, obj: Any) -> Any:
        """An object as plain data, as expected states are."""
        return state_of(obj)

    def load(self, record: Record) -> loads.Loaded:
        """Load a record's file. Fails the test if the project's code cannot be imported, or the
        pickle does not load.
        """
        with self.prepared():
            problems = [found.what for found in self.checker.problems]
            loaded = loads.load_record(record)
        if loaded.problem is not None:
            problems.append(f"{record.name}: {loaded.problem.what} {loaded.problem.advice}")
        if problems:
            pytest.fail(escaped("\n".join(problems)), pytrace=False)
        return loaded

    # --- what pytest is to collect ---

    def add_to_arguments(self, config: pytest.Config, *, always: bool) -> None:
        """Let pytest collect the archive too. ``always``: also if files were named; else only if
        none were, and pytest chose by itself.
        """
        paths = [_path(config, argument) for argument in config.args]
        inside = [self.name_of(path) for path in paths]
        around = any(path == self.folder or path in self.folder.parents for path in paths)
        if not around and any(name not in (None, ".") for name in inside):
            return  # some archived pickles were chosen, and those alone are meant
        self.whole = around or always or _chooses_by_itself(config)
        if self.whole and not around and self.folder.is_dir():
            self.added = True
            config.args.append(str(self.folder))


def _chooses_by_itself(config: pytest.Config) -> bool:
    """Whether pytest was called at the root and told no files, so that all tests are meant; in a
    folder below, those of that folder are.
    """
    if config.args_source is config.ArgsSource.INVOCATION_DIR:
        return config.invocation_params.dir == config.rootpath
    return config.args_source is config.ArgsSource.TESTPATHS


def _settings_of_tests() -> Settings | None:
    """Those in force; None where they cannot be read, which is nothing to the archive's own."""
    try:
        return resolver.settings()
    except PickleMigrateError:
        return None


_RUN: pytest.StashKey[ArchiveRun] = pytest.StashKey()


def run_of(config: pytest.Config) -> ArchiveRun:
    """The archive of this run; settings are read when it is first asked for. Raises UsageError."""
    if (run := config.stash.get(_RUN, None)) is None:
        run = config.stash[_RUN] = ArchiveRun.of(config)
    return run


def _tree(names: Iterable[str]) -> dict[str, list[str]]:
    """Each folder's children, sorted; the archive itself is ``.``."""
    found: dict[str, set[str]] = {}
    for name in names:
        parts = name.split("/")
        for number, part in enumerate(parts):
            found.setdefault("/".join(parts[:number]) or ".", set()).add(part)
    return {folder: sorted(children) for folder, children in found.items()}


def _settings(config: pytest.Config) -> Settings:
    named = config.getini("pickle_settings")
    if named:
        return project.read_settings(_beside_ini(config, named))
    return project.find_settings(config.rootpath)


def _folder(config: pytest.Config, settings: Settings) -> Path:
    named = config.getini("pickle_archive")
    if named:
        return _beside_ini(config, named)
    if settings.archive:
        return Path(settings.archive)
    base = Path(settings.source).parent if settings.source else config.rootpath
    return base / "fixtures"


def _shown(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else str(folder)


def _beside_ini(config: pytest.Config, name: str) -> Path:
    base = config.inipath.parent if config.inipath is not None else config.rootpath
    return Path(os.path.normpath(base / name))


def _path(config: pytest.Config, argument: str) -> Path:
    # As pytest reads an argument: a path, then perhaps a part of the file.
    place: Any = str(argument).partition("[")[0].split("::")[0]
    return Path(os.path.normpath(config.invocation_params.dir / place))
