"""The lock file: where it is, read, and written whole or not at all."""

import os
from pathlib import Path

import pytest
from lock_world import lock, locked, version

from pickle_migrate.errors import LockError
from pickle_migrate.lock.files import NAME, path_of, read_lock, write_lock
from pickle_migrate.lock.toml_text import to_text
from pickle_migrate.project import Settings

LOCK = lock(locked("shop:Order", version(1, qty="int")))


def test_where_it_is(tmp_path, monkeypatch):
    """What the settings say, else beside them, else in the working directory."""
    monkeypatch.chdir(tmp_path)
    assert path_of(Settings(lock="/there/lock.toml")) == Path("/there/lock.toml")
    assert path_of(Settings(source="/here/pyproject.toml")) == Path("/here", NAME)
    assert path_of(Settings()) == tmp_path / NAME


def test_written_and_read(tmp_path):
    """A new file, with its folder, and then another in its place."""
    path = tmp_path / "sub" / NAME
    write_lock(path, LOCK)
    assert read_lock(path) == LOCK
    write_lock(path, lock())
    assert read_lock(path) == lock()
    assert [one.name for one in path.parent.iterdir()] == [NAME]


def test_no_file_is_an_empty_lock(tmp_path):
    """A project begins so."""
    assert read_lock(tmp_path / NAME) == lock()


def test_a_link_stays_one(tmp_path):
    """The file that it leads to is written."""
    write_lock(tmp_path / "real.toml", lock())
    (tmp_path / NAME).symlink_to("real.toml")
    write_lock(tmp_path / NAME, LOCK)
    assert (tmp_path / NAME).is_symlink()
    assert read_lock(tmp_path / "real.toml") == LOCK


def test_hard_links_are_no_obstacle(tmp_path):
    """Tools that copy a work tree by links make such."""
    write_lock(tmp_path / NAME, lock())
    os.link(tmp_path / NAME, tmp_path / "other")
    write_lock(tmp_path / NAME, LOCK)
    assert read_lock(tmp_path / NAME) == LOCK
    assert read_lock(tmp_path / "other") == lock()


@pytest.mark.parametrize("data", [b"\xff", "format = 1\n".encode("utf-16")])
def test_bytes_that_are_no_text(tmp_path, data):
    """The error says where."""
    (tmp_path / NAME).write_bytes(data)
    with pytest.raises(LockError, match="it is no UTF-8 at byte 0"):
        read_lock(tmp_path / NAME)


def test_a_folder_in_its_place(tmp_path):
    """It can be neither read nor written."""
    (tmp_path / NAME).mkdir()
    for call in (lambda: read_lock(tmp_path / NAME), lambda: write_lock(tmp_path / NAME, LOCK)):
        with pytest.raises(LockError) as caught:
            call()
        assert caught.value.path == str(tmp_path / NAME)


def test_a_name_that_no_file_can_hold(tmp_path):
    """The old file stays."""
    write_lock(tmp_path / NAME, LOCK)
    before = (tmp_path / NAME).read_text()
    with pytest.raises(LockError, match=NAME):
        write_lock(
            tmp_path / NAME, lock(locked("shop:Order", version(1, seen=True, **{"\ud800": ""})))
        )
    assert (tmp_path / NAME).read_text() == before == to_text(LOCK)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_no_rights(tmp_path):
    """The system's own reason is told."""
    write_lock(tmp_path / NAME, LOCK)
    (tmp_path / NAME).chmod(0)
    with pytest.raises(LockError, match="Permission denied"):
        read_lock(tmp_path / NAME)
