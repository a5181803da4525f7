"""What the commands that write files have in common."""

import click
import pytest

from pickle_migrate.cli_files import check_place, files_to_read
from pickle_migrate.errors import FileError, RequestError

WRONG = [
    ("out", {"in_place": True}, "Choose one of"),
    (None, {}, "Say where the new files go"),
    ("out", {"no_backup": True}, "--no-backup belongs to --in-place"),
]


@pytest.mark.parametrize(("to", "given", "problem"), WRONG)
def test_options_that_contradict_each_other_are_refused(to, given, problem):
    """One place, and a backup only of what is replaced."""
    options = {"in_place": False, "dry_run": False, "no_backup": False, **given}
    with pytest.raises(click.UsageError, match=problem):
        check_place(to, **options)


@pytest.mark.parametrize(
    ("to", "in_place", "dry_run"),
    [("out", False, False), (None, True, False), (None, False, True)],
)
def test_one_place_is_enough(to, in_place, dry_run):
    """A folder, the files themselves, or none when nothing is written."""
    check_place(to, in_place=in_place, dry_run=dry_run, no_backup=False)


def test_what_an_earlier_run_wrote_is_left_out(tmp_path):
    """The folder of the new files may lie among the old ones."""
    out = tmp_path / "out"
    out.mkdir()
    for path in (tmp_path / "a.pickle", out / "a.pickle"):
        path.write_bytes(b"N.")
    found = files_to_read([str(tmp_path)], str(out))
    assert [one.path for one in found] == [str(tmp_path / "a.pickle")]
    with pytest.raises(RequestError, match="no file was found"):
        files_to_read([str(out)], str(out))


def test_a_path_that_is_not_there_is_told(tmp_path):
    """When it is all that was named."""
    with pytest.raises(FileError):
        files_to_read([str(tmp_path / "gone.pickle")], None)
