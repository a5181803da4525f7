"""The pytest plugin: archived pickles as test items, samples of what the tests pickle, fixtures.

pytest imports this module in every run of everybody who has the package installed. So it imports
nothing but the standard library and pytest, and without one of the options it does nothing: no
settings are read, no module of the project or of this package is imported.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pickle_migrate.pytest_archive.fixtures import ArchivedPickle, PickleArchive
    from pickle_migrate.pytest_archive.run import ArchiveRun
    from pickle_migrate.pytest_archive.samples import Sampling

#: The name under which workers of pytest-xdist send their samples.
_SENT = "pickle_migrate_samples"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Three options of the command line and three of the ini file."""
    group = parser.getgroup("pickle_migrate", "old pickles (pickle_migrate)")
    group.addoption(
        "--pickle-check",
        action="store_const",
        const=True,
        default=None,
        dest="pickle_check",
        help="Load each archived pickle with today's code and compare its state with the recorded "
        "one. Each is a test of its own.",
    )
    group.addoption(
        "--no-pickle-check",
        action="store_const",
        const=False,
        dest="pickle_check",
        help="Leave the archived pickles out, whatever the ini file says.",
    )
    group.addoption(
        "--pickle-archive",
        action="store_true",
        dest="pickle_archive",
        help="Put one sample of each shape of a versioned class that the tests pickle into the "
        "archive. What is there already stays as it is.",
    )
    parser.addini(
        "pickle_check", "Check the archived pickles too, as --pickle-check does.", "bool", False
    )
    parser.addini(
        "pickle_archive",
        "The folder of the archived pickles, relative to this file. By itself: what the settings "
        "of pickle_migrate say, else fixtures.",
    )
    parser.addini(
        "pickle_settings",
        "The settings file of pickle_migrate, relative to this file. By itself: the nearest "
        "pickle_migrate.toml or pyproject.toml with [tool.pickle_migrate], from rootdir up.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; prepare what was asked for."""
    config.addinivalue_line(
        "markers", "pickle_archive: an archived pickle, put on by the plugin of pickle_migrate."
    )
    if _is_checking(config):
        from pickle_migrate.pytest_archive.run import run_of

        run_of(config).add_to_arguments(config, always=config.getoption("pickle_check") is True)
    if (sampling := _sampling(config)) is not None:
        sampling.sampler.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Watch no longer."""
    if (sampling := _sampling(config)) is not None:
        sampling.sampler.stop()


def _is_checking(config: pytest.Config) -> bool:
    asked = config.getoption("pickle_check")
    return bool(config.getini("pickle_check")) if asked is None else bool(asked)


# --- archived pickles as items ------------------------------------------------------------------


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The folder of the archive, and those below it."""
    run = _checking(parent.config)
    if run is None or not run.added or run.name_of(path) is None:
        return None
    from pickle_migrate.pytest_archive.items import ArchiveFolder

    return ArchiveFolder.of(parent, path, run)


@pytest.hookimpl(tryfirst=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A file of the archive that was named by itself."""
    run = _checking(parent.config)
    if run is None or run.name_of(file_path) is None:
        return None
    from pickle_migrate.pytest_archive.items import archived_file

    return archived_file(parent, file_path, run)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell the sampler which modules only pytest imports."""
    if (sampling := _sampling(session.config)) is not None:
        sampling.test_files = frozenset(str(item.path) for item in session.items)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """An archive that was asked for and gave nothing is a failure, not nothing."""
    run = _checking(config)
    if run is not None:
        from pickle_migrate.pytest_archive.items import missed

        items += missed(session, run, items)


def _checking(config: pytest.Config) -> ArchiveRun | None:
    if not _is_checking(config):
        return None
    from pickle_migrate.pytest_archive.run import run_of

    return run_of(config)


# --- samples ------------------------------------------------------------------------------------


def _sampling(config: pytest.Config) -> Sampling | None:
    if not config.getoption("pickle_archive", False):
        return None
    from pickle_migrate.pytest_archive.samples import sampling_of

    return sampling_of(config)


@pytest.hookimpl(hookwrapper=True)  # the old kind, since the new one is an error for an old pluggy
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    """Freeze what a test has pickled, when it has passed and before its fixtures end."""
    outcome = yield
    if (sampling := _sampling(item.config)) is not None:
        sampling.take(item, passed=outcome.excinfo is None)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist sends its samples to the one that reports."""
    sampling = _sampling(session.config)
    output = getattr(session.config, "workeroutput", None)
    if sampling is not None and output is not None:
        from pickle_migrate.pytest_archive.samples import to_plain

        output[_SENT] = to_plain(sampling.sampler.samples)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take the samples of a worker that has ended."""
    sent = getattr(node, "workeroutput", {}).get(_SENT)
    if sent and (sampling := _sampling(node.config)) is not None:
        from pickle_migrate.pytest_archive.samples import from_plain

        sampling.sampler.add(from_plain(sent))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was archived, what was there, and what was skipped."""
    if (sampling := _sampling(config)) is not None:
        from pickle_migrate.pytest_archive.samples import summary

        terminalreporter.section("pickle archive")
        verbose = config.get_verbosity() > 0
        for line in summary(sampling.sampler.samples, sampling.run.shown, verbose=verbose):
            terminalreporter.write_line(line)


# --- fixtures -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def pickle_archive(pytestconfig: pytest.Config) -> PickleArchive:
    """The archive of old pickles, for tests of your own: ``load(name)``, ``state_of(obj)``."""
    from pickle_migrate.pytest_archive.fixtures import PickleArchive
    from pickle_migrate.pytest_archive.run import run_of

    return PickleArchive(run_of(pytestconfig))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``archived_pickle`` runs once for each archived pickle."""
    if "archived_pickle" in metafunc.fixturenames:
        from pickle_migrate.pytest_archive.fixtures import names_of
        from pickle_migrate.pytest_archive.run import run_of

        names = names_of(run_of(metafunc.config))
        metafunc.parametrize("archived_pickle", names, ids=names, indirect=True)


@pytest.fixture
def archived_pickle(
    request: pytest.FixtureRequest, pickle_archive: PickleArchive
) -> ArchivedPickle:
    """Each archived pickle in turn: ``load()``, ``state()``, ``record``."""
    return pickle_archive[request.param]
