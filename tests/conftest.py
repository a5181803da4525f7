"""What holds for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from foreign_lib import lib
from pickled_shop import make_project
from scratch import Scratch, scratch_at

pytest_plugins = ["pytester"]

# No test measures time: a busy machine must not fail one. In CI the examples of property tests are
# the same each time, so that a failure is that of the change; elsewhere they are new ones.
hypothesis.settings.register_profile(
    "project",
    deadline=None,
    print_blob=True,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("project")

__all__ = ["lib", "scratch"]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scratch]:
    """A folder for modules that the test writes. No settings; nothing that it declares stays."""
    monkeypatch.setenv("PICKLE_MIGRATE_SETTINGS", "")
    folder = tmp_path / "scratch"
    folder.mkdir()
    with scratch_at(folder) as made:
        yield made


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A small project with an archive of three pickles, and a test of its own in ``tests``. Run
    pytest in it by ``runpytest_subprocess``: the default registry is one for all of a process.
    """
    for name in ("PICKLE_MIGRATE_SETTINGS", "PYTEST_ADDOPTS", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    make_project(pytester.path)
    tests = pytester.mkdir("tests")
    (tests / "test_own.py").write_text("def test_own(): pass\n", encoding="utf-8")
    return pytester
