"""What holds for all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from foreign_lib import lib
from scratch import Scratch, scratch_at

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
