"""``archive.taking``: which files are taken into the archive, and under which names."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate.archive import taking
from pickle_migrate.archive.freeze import ARCHIVED, SAME
from pickle_migrate.archive.values import Provenance
from pickle_migrate.errors import ArchiveError, FileError


def written(path, obj: object):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(obj))
    return path


def test_files_get_their_names_from_the_paths(tmp_path) -> None:
    """A file its own name, those of a folder their paths below it; records and documents not."""
    root = tmp_path / "archive"
    one = written(tmp_path / "one.pickle", 1)
    written(tmp_path / "data/a/x.bin", 1)
    (tmp_path / "data/README.md").write_text("x")
    (tmp_path / "data/a/x.bin.yaml").write_text("pickle: x.bin\n")
    jobs = taking.jobs_for([str(one), str(tmp_path / "data")], root, "shop-1")
    assert [job.name for job in jobs] == ["shop-1/one.pickle", "shop-1/a/x.bin"]
    assert [job.name for job in taking.jobs_for([str(one)], root, "")] == ["one.pickle"]


def test_a_file_in_the_archive_keeps_its_place(tmp_path) -> None:
    """It only lacks a record."""
    root = tmp_path / "archive"
    lone = written(root / "old/lone.pickle", [1])
    [job] = taking.jobs_for([str(lone)], root, "elsewhere")
    assert job.name == "old/lone.pickle"
    [taken] = taking.take([job], root, Provenance(), "ASCII", None)
    assert taken.frozen is not None
    assert taken.frozen.outcome == ARCHIVED
    assert (root / "old/lone.pickle.yaml").exists()


def test_two_files_of_one_name_are_refused(tmp_path) -> None:
    """Before anything is written."""
    paths = [str(written(tmp_path / name / "x.pickle", 1)) for name in ("a", "b")]
    with pytest.raises(ArchiveError, match="the same name"):
        taking.jobs_for(paths, tmp_path / "archive", "")
    with pytest.raises(FileError, match="is not there"):
        taking.jobs_for([str(tmp_path / "missing")], tmp_path / "archive", "")


def test_no_file_at_all_is_an_error(tmp_path) -> None:
    """A folder with nothing but documents."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/README.md").write_text("x")
    with pytest.raises(ArchiveError, match="no file was found"):
        taking.jobs_for([str(tmp_path / "docs")], tmp_path / "archive", "")


def test_a_file_that_is_refused_does_not_stop_the_others(tmp_path) -> None:
    """It is told, and nothing of it is written."""
    bad = tmp_path / "bad.pickle"
    bad.write_bytes(b"text, and no pickle at all")
    good = written(tmp_path / "good.pickle", {"a": 1})
    root = tmp_path / "archive"
    jobs = taking.jobs_for([str(bad), str(good)], root, "")
    first, second = taking.take(jobs, root, Provenance(), "ASCII", None)
    assert first.problem is not None
    assert second.frozen is not None
    assert sorted(p.name for p in root.iterdir()) == ["good.pickle", "good.pickle.yaml"]
    again = list(taking.take(jobs[1:], root, Provenance(), "ASCII", None))
    assert again[0].frozen is not None
    assert again[0].frozen.outcome == SAME


def test_a_dry_run_writes_nothing(tmp_path) -> None:
    """And says the same."""
    path = written(tmp_path / "a.pickle", 1)
    root = tmp_path / "archive"
    jobs = taking.jobs_for([str(path)], root, "")
    [taken] = taking.take(jobs, root, Provenance(), "ASCII", None, write=False)
    assert taken.frozen is not None
    assert not root.exists()


def test_an_encoding_is_noted_where_python_2_may_have_written(tmp_path) -> None:
    """Protocols above 2 have no 8-bit strings."""
    root = tmp_path / "archive"
    for protocol in range(6):
        (tmp_path / f"{protocol}.pickle").write_bytes(pickle.dumps(["x"], protocol))
    jobs = taking.jobs_for([str(tmp_path / f"{p}.pickle") for p in range(6)], root, "")
    found = [one.frozen for one in taking.take(jobs, root, Provenance(), "latin1", None)]
    assert [one.record.encoding for one in found if one] == ["latin1"] * 3 + ["ASCII"] * 3


def test_records_are_chosen_by_paths(tmp_path) -> None:
    """Of the pickle, of its record, of a folder."""
    jobs = taking.jobs_for(
        [str(written(tmp_path / "in" / name, 1)) for name in ("a.pickle", "b.pickle")],
        tmp_path / "archive",
        "x",
    )
    root = tmp_path / "archive"
    list(taking.take(jobs, root, Provenance(), "ASCII", None))
    for path, count in (("x", 2), ("x/a.pickle", 1), ("x/b.pickle.yaml", 1)):
        assert len(taking.chosen(root, [str(root / path)])[1]) == count
    assert len(taking.chosen(root, [])[1]) == 2
    with pytest.raises(ArchiveError, match="no archived pickle"):
        taking.chosen(root, [str(root / "y")])
