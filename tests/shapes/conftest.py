"""Tests of shapes: each starts without classes, lineages and renames of the tests before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from releases import Releases, isolation


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings files, and nothing that this test declares stays behind."""
    monkeypatch.setenv("PICKLE_MIGRATE_SETTINGS", "")
    with isolation():
        yield


@pytest.fixture(params=["stamped", "hooked", "unstamped"])
def releases(request: pytest.FixtureRequest) -> Releases:
    """Releases whose pickles are stamped, or unstamped; see ``releases.py`` for the three ways."""
    return Releases(request.param)


@pytest.fixture(params=["stamped", "hooked"])
def stamped_releases(request: pytest.FixtureRequest) -> Releases:
    """As ``releases``, for what unstamped pickles cannot give."""
    return Releases(request.param)
