"""Backups and temporary files are known by their names, and nobody else's file is taken for one."""

import os
from pathlib import Path

import pytest
from test_store import names

from pickle_migrate import writing
from pickle_migrate.backups import clean_leftovers, find_leftovers, original_of

TEMPORARY = ".pickle-migrate-0123456789abcdef.tmp"


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("a.pkl.bak", "a.pkl"),
        ("a.pkl.bak1", "a.pkl"),
        ("a.pkl.bak10", "a.pkl"),
        ("a.bak.bak", "a.bak"),
        ("a\n.bak", "a\n"),
        ("a.pkl", None),
        ("a.pkl.bak0", None),
        ("a.pkl.bak01", None),
        ("a.pkl.bakx", None),
        ("a.pkl.bak\n", None),
        (".bak", None),
        ("axbak", None),
    ],
)
def test_a_backup_is_known_by_its_name(name, original):
    """The suffix, and a number from 1."""
    assert original_of(name) == original


def test_another_suffix_is_taken_literally():
    """Its dots and signs mean themselves."""
    assert original_of("a.old", ".old") == "a"
    assert original_of("axold", ".old") is None
    assert original_of("a~2", "~") == "a"


def test_the_name_of_a_temporary_file_is_the_one_that_is_written(tmp_path):
    """What is written is what is found again."""
    path = writing.write_temporary(str(tmp_path), b"x", lambda _: None)
    assert writing.TEMPORARY.fullmatch(Path(path).name)
    assert find_leftovers(str(tmp_path), older_than=0) == [path]


def test_leftovers_are_removed_and_nothing_else(tmp_path):
    """In all folders below, by their names only."""
    (tmp_path / "d").mkdir()
    others = ["a.pkl", "a.pkl.bak", ".pickle-migrate-x.tmp", f"{TEMPORARY}.old", f"x{TEMPORARY}"]
    for name in [TEMPORARY, f"d/{TEMPORARY}", *others]:
        (tmp_path / name).write_bytes(b"x")
    expected = [str(tmp_path / TEMPORARY), str(tmp_path / "d" / TEMPORARY)]
    assert find_leftovers(str(tmp_path), older_than=0) == expected
    assert clean_leftovers(str(tmp_path), older_than=0) == expected
    assert names(tmp_path) == sorted([*others, "d"])
    assert names(tmp_path / "d") == []


def test_a_temporary_file_of_a_run_at_work_is_left_alone(tmp_path):
    """Its age counts from the last touch, not from the time that was copied from an old file."""
    (tmp_path / TEMPORARY).write_bytes(b"x")
    os.utime(tmp_path / TEMPORARY, ns=(0, 0))
    assert clean_leftovers(str(tmp_path)) == []
    assert names(tmp_path) == [TEMPORARY]


def test_a_leftover_that_cannot_be_removed_is_not_reported_as_gone(tmp_path, monkeypatch):
    """The folder may be read-only."""
    (tmp_path / TEMPORARY).write_bytes(b"x")

    def unlink(_):
        raise PermissionError(13, "no")

    monkeypatch.setattr(os, "unlink", unlink)
    assert clean_leftovers(str(tmp_path), older_than=0) == []
