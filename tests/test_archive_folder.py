"""``archive.folder``: the records of a folder, and what in it nobody reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pickle_migrate.archive import folder, records
from pickle_migrate.archive.values import Record
from pickle_migrate.errors import ArchiveError
from pickle_migrate.project import Settings


def put(root: Path, name: str, **parts: object) -> Record:
    """A pickle with its record."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"N.")
    parts = parts or {"expected_text": records.states_text([None])}
    record = Record(str(path), "0" * 64, root=root, **parts)
    record.record_path.write_text(records.record_text(record), encoding="utf-8")
    return record


def kinds(root: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in folder.read_archive(root).unread:
        found.setdefault(one.kind, []).append(one.path.name)
    return found


def test_records_are_read_from_all_folders_by_path(tmp_path) -> None:
    """Documents, code, hidden files and what Python leaves behind are passed over."""
    made = [put(tmp_path, name) for name in ("b/2.pickle", "a.pickle", "b/1.pickle.gz")]
    for name in ("README.md", ".gitattributes", "b/write.py", "manifest.json"):
        (tmp_path / name).write_text("x")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/x.pyc").write_bytes(b"x")
    found = folder.read_archive(tmp_path)
    assert found.records == (made[1], made[2], made[0])
    assert found.unread == ()


def test_what_nobody_reads_is_told(tmp_path) -> None:
    """Trap: a fixture that no test reads looks like one that is checked."""
    put(tmp_path, "a.pickle")
    (tmp_path / "lone.pickle").write_bytes(b"N.")
    put(tmp_path, "gone.pickle").path.unlink()
    (tmp_path / "other.yaml").write_text("a: 1\n")
    put(tmp_path, "broken.pickle").record_path.write_text("pickle: [\n")
    put(tmp_path, "bytes.pickle").record_path.write_bytes(b"\xff\xfe")
    assert kinds(tmp_path) == {
        "no-record": ["lone.pickle"],
        "no-pickle": ["gone.pickle.yaml"],
        "unused": ["other.yaml"],
        "damaged-record": ["broken.pickle.yaml", "bytes.pickle.yaml"],
    }
    assert all(one.problem and one.remedy for one in folder.read_archive(tmp_path).unread)


def test_expected_states_in_a_file_count_by_their_keys(tmp_path) -> None:
    """Also in a file beside the archive; a key that no record names checks nothing."""
    root = tmp_path / "pickles"
    put(root, "a.pickle", expected_in=("in.yaml#one", {"x": "../out.yaml#two"}))
    (root / "in.yaml").write_text("one: 1\nspare: 2\n")
    (tmp_path / "out.yaml").write_text("two: 1\n")
    [unused] = folder.read_archive(root).unread
    assert (unused.kind, unused.path.name) == ("unused", "in.yaml")
    assert "'spare'" in unused.problem


def test_a_line_end_of_another_system_changes_nothing(tmp_path) -> None:
    """Trap: git with autocrlf rewrites the records."""
    record = put(tmp_path, "a.pickle")
    data = record.record_path.read_bytes()
    record.record_path.write_bytes(data.replace(b"\n", b"\r\n"))
    assert folder.read_archive(tmp_path).records == (record,)


@pytest.mark.parametrize(("name", "said"), [("missing", "no such folder"), ("file", "no folder")])
def test_no_folder_is_an_error(tmp_path, name, said) -> None:
    """Not an empty archive."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match=said):
        folder.read_archive(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed_is_told(tmp_path) -> None:
    """Its pickles would go unchecked."""
    (tmp_path / "shut").mkdir(mode=0)
    assert kinds(tmp_path) == {"unreadable": ["shut"]}


def test_a_folder_that_vanishes_is_told(tmp_path, monkeypatch) -> None:
    """While it is read."""
    (tmp_path / "shut").mkdir()
    scandir = os.scandir

    def failing(path: str) -> object:
        if path.endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(folder.os, "scandir", failing)
    assert kinds(tmp_path) == {"unreadable": ["shut"]}


def test_large_files_are_read_whole(tmp_path) -> None:
    """However many pieces they take."""
    for size in (0, 1, 1 << 14, (1 << 14) + 1, 3_000_000):
        path = tmp_path / "x"
        path.write_bytes(b"x" * size)
        assert len(folder.read_bytes(str(path))) == size


def test_files_of_expected_states_are_read_anew_when_they_change(tmp_path) -> None:
    """And refused when they are no mapping, no YAML, or not there."""
    path = tmp_path / "in.yaml"
    path.write_text("a: 1\n")
    assert folder.expectations(path) == {"a": 1}
    path.write_text("a: 22\n")
    assert folder.expectations(path) == {"a": 22}
    for text, said in (("- a\n", "no mapping"), ("a: [\n", "line")):
        path.write_text(text)
        with pytest.raises(ArchiveError, match=said):
            folder.expectations(path)
    with pytest.raises(ArchiveError, match="cannot be read"):
        folder.expectations(tmp_path / "none.yaml")


def test_the_archive_of_a_project_is_where_the_settings_say() -> None:
    """Else the folder fixtures beside them."""
    assert folder.archive_of(Settings(archive="/a/b")) == Path("/a/b")
    assert folder.archive_of(Settings(source="/a/pyproject.toml")) == Path("/a/fixtures")
    assert folder.archive_of(Settings()) == Path("fixtures")
