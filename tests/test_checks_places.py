"""Where things are declared, for annotations."""

from __future__ import annotations

from pathlib import Path

import pytest

from pickle_migrate.checks import places
from pickle_migrate.checks.places import Place
from pickle_migrate.refs import GlobalRef

SOURCE = """
    @versioned(1)
    class Order:
        class Line:
            pass
"""


def test_a_class_and_a_nested_one(scratch, monkeypatch):
    scratch.module("place_shop", SOURCE)
    monkeypatch.chdir(scratch.folder)
    assert places.of_class(GlobalRef("place_shop", "Order")) == Place("place_shop.py", 4)
    assert places.of_class(GlobalRef("place_shop", "Order.Line")) == Place("place_shop.py", 5)
    assert places.of_class(GlobalRef("place_shop", "Gone")) == Place("place_shop.py", None)
    assert places.of_class(GlobalRef("gone_shop", "Order")) == Place()


@pytest.mark.parametrize(
    ("origin", "line"),
    [("place_shop, line 7", 7), ("place_shop:step.<locals>.f, line 12", 12), ("?, line x", None)],
)
def test_a_step(scratch, monkeypatch, origin, line):
    scratch.module("place_shop", SOURCE)
    monkeypatch.chdir(scratch.folder)
    expected = Place() if line is None else Place("place_shop.py", line)
    assert places.of_step(origin) == expected


def test_a_function():
    assert places.of_function(test_a_function).path.endswith("test_checks_places.py")
    assert places.of_function(print) == Place()


def test_paths_are_told_from_here(tmp_path, monkeypatch):
    """Relative with slashes below the working directory, absolute elsewhere."""
    monkeypatch.chdir(tmp_path)
    assert places.shown(tmp_path / "a" / "b") == "a/b"
    assert places.shown("a") == "a"
    assert places.shown(Path("/elsewhere")) == "/elsewhere"
