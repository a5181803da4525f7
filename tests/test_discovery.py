"""Files, folders and patterns lead to files: each once, in a fixed order, none left out unseen."""

import os
import random
from pathlib import Path

import pytest

from pickle_migrate import discovery
from pickle_migrate.discovery import Found, discover
from pickle_migrate.errors import FileError


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder of files, which is the current one."""

    def make(*paths):
        for path in paths:
            place = tmp_path / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.encode())
        return tmp_path

    monkeypatch.chdir(tmp_path)
    return make


def paths(*given, **options):
    return [found.path for found in discover(given, **options)]


# --- files and folders ------------------------------------------------------------------------


def test_a_file_is_found_as_named(tree):
    """It keeps the spelling that it was given, and is marked as named."""
    tree("data/a.pkl")
    assert list(discover(["data/a.pkl"])) == [Found("data/a.pkl", "a.pkl", explicit=True)]
    assert paths("./data//a.pkl") == ["./data//a.pkl"]


def test_paths_may_be_path_objects(tree):
    """As everywhere in Python."""
    folder = tree("data/a.pkl")
    assert paths(folder / "data") == [str(folder / "data" / "a.pkl")]


def test_a_folder_gives_all_files_below_it_by_name(tree):
    """Whatever they hold; the path below the folder is told, for writing elsewhere."""
    names = ["d/a", "d/b/c", "d/b/d/e.txt", "d/b.pkl", "d/.hidden", "d/z"]
    random.Random(1).shuffle(names)
    tree(*names)
    expected = [".hidden", "a", "b/c", "b/d/e.txt", "b.pkl", "z"]
    found = list(discover(["d"]))
    assert [one.relative for one in found] == expected
    assert [one.path for one in found] == [f"d/{name}" for name in expected]
    assert not any(one.explicit for one in found)
    assert paths("d/") == [f"d/{name}" for name in expected]
    assert [one.relative for one in discover(["."])] == [f"d/{name}" for name in expected]


def test_the_order_of_the_arguments_is_kept(tree):
    """Names are sorted within each argument only."""
    tree("b/x", "a/y", "c")
    assert paths("c", "b", "a") == ["c", "b/x", "a/y"]


def test_a_path_that_is_not_there_is_an_error_at_once(tree):
    """Before the first file is yielded, so that nothing is done by half."""
    tree("a", "d/b")
    for wrong in ("missing", "a/b", "d/c.pkl", ""):
        with pytest.raises(FileError, match="is not there") as caught:
            discover(["a", wrong])
        assert caught.value.path == wrong


def test_a_folder_without_files_is_told(tree):
    """A run that finds nothing must not look like one that found all in order."""
    folder = tree("d/a")
    (folder / "empty" / "inner").mkdir(parents=True)
    found = list(discover(["empty", "d"]))
    assert [one.path for one in found] == ["empty", "d/a"]
    assert "holds no files" in str(found[0].error)


def test_a_folder_that_cannot_be_listed_is_told_and_the_others_go_on(tree, monkeypatch):
    """Its files must not be left out unseen."""
    tree("d/a", "d/closed/b", "d/e")
    real = os.scandir

    def scandir(path):
        if path == "d/closed":
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = list(discover(["d"]))
    assert [one.path for one in found] == ["d/a", "d/closed", "d/e"]
    assert "cannot be listed: Permission denied" in str(found[1].error)
    assert [bool(one.error) for one in discover(["d/**/*"])] == [False, True, False]


@pytest.fixture
def deep(tree):
    """A folder with a file twelve hundred levels down; taken away again, since rmtree recurses."""
    folder = tree("d/a")
    os.chdir(folder / "d")
    for _ in range(1200):
        Path("x").mkdir()
        os.chdir("x")
    Path("end").touch()
    os.chdir(folder)
    yield
    os.chdir(folder / "d" / ("x/" * 1200))
    Path("end").unlink()
    for _ in range(1200):
        os.chdir("..")
        Path("x").rmdir()


@pytest.mark.usefixtures("deep")
def test_a_deep_tree_is_walked():
    """Deeper than Python's recursion limit."""
    assert [len(one.relative) for one in discover(["d"])] == [1, 1200 * 2 + 3]
    assert len(paths("d/**/end")) == 1


# --- what is left out -------------------------------------------------------------------------


def test_folders_that_hold_no_data_are_left_out(tree):
    """Version control and compiled modules."""
    tree("d/a", "d/.git/objects/b", "d/x/__pycache__/c.pyc", "d/.hg/d", "d/.svn/e")
    assert paths("d") == paths("d/**/*") == ["d/a"]
    assert paths("d/.git") == ["d/.git/objects/b"]


def test_our_backups_and_temporary_files_are_left_out(tree):
    """Trap: a second run must not upgrade what the first one kept."""
    temporary = "d/.pickle-migrate-0123456789abcdef.tmp"
    tree("d/a", "d/a.bak", "d/a.bak1", "d/a.bak12", temporary, "d/a.bak.bak", "d/a.old")
    assert paths("d") == ["d/a", "d/a.old"]
    assert paths("d/*") == ["d/a", "d/a.old"]
    assert paths("d", suffix=".old") == ["d/a", "d/a.bak", "d/a.bak.bak", "d/a.bak1", "d/a.bak12"]


def test_a_backup_without_its_original_is_a_file_like_others(tree):
    """No file that may be someone's only copy is left out unseen."""
    tree("d/b.bak", "d/c.bak1", "d/e.bak01", "d/e")
    assert paths("d") == ["d/b.bak", "d/c.bak1", "d/e", "d/e.bak01"]


def test_named_backups_are_left_out_beside_their_original(tree):
    """``data/*`` is expanded by the shell and names the backups too; one named alone is meant."""
    tree("d/a", "d/a.bak", "d/a.bak1", "e/a.bak")
    assert paths("d/a", "d/a.bak", "./d/a.bak1", "e/a.bak") == ["d/a", "e/a.bak"]
    assert paths("d/a.bak") == ["d/a.bak"]


def test_what_is_no_regular_file_is_left_out_of_folders(tree):
    """Pipes, and links that lead to nothing, hold no data. Named, the reader refuses them."""
    folder = tree("d/a")
    os.mkfifo(folder / "d" / "pipe")
    (folder / "d" / "lost").symlink_to("nowhere")
    assert paths("d") == ["d/a"]
    assert paths("d/lost", "d/pipe") == ["d/lost", "d/pipe"]


def test_a_link_that_goes_round_is_left_to_the_reader(tree):
    """It may be a mistake of someone who misses the file."""
    folder = tree("d/a")
    (folder / "d" / "round").symlink_to("round")
    assert paths("d") == ["d/a", "d/round"]


# --- links, and files under several names -----------------------------------------------------


def test_links_to_folders_are_not_followed(tree):
    """They may lead round in a circle, or out of the folder. A named one is followed."""
    folder = tree("d/a", "other/b")
    (folder / "d" / "up").symlink_to("..")
    (folder / "d" / "other").symlink_to("../other")
    assert paths("d") == paths("d/**/*") == ["d/a"]
    assert paths("d/other") == ["d/other/b"]


def test_links_to_files_are_followed(tree):
    """The file is reached by the link's name."""
    folder = tree("d/a", "other/b")
    (folder / "d" / "link").symlink_to("../other/b")
    assert paths("d") == ["d/a", "d/link"]


def test_a_file_counts_once(tree):
    """Named twice, reached through a link, a hard link or two folders: upgraded once."""
    folder = tree("d/a", "d/b")
    (folder / "d" / "c").symlink_to("a")
    os.link(folder / "d" / "a", folder / "d" / "d")
    assert paths("d") == ["d/a", "d/b"]
    assert paths("d/b", "d", "./d/a", "d/d", folder / "d") == ["d/b", "d/a"]


def test_for_writing_elsewhere_each_path_counts_once(tree):
    """A copy of the folder has all of its names."""
    folder = tree("d/a", "d/b")
    (folder / "d" / "c").symlink_to("a")
    assert paths("d", "d/c", "./d/a", once=False) == ["d/a", "d/b", "d/c"]


def test_a_file_that_is_named_anywhere_is_a_named_one(tree):
    """Also when its folder comes first."""
    tree("d/a", "d/b")
    for once in (True, False):
        found = discover(["d", "d/b"], once=once)
        assert [(one.path, one.explicit) for one in found] == [("d/a", False), ("d/b", True)]


# --- patterns ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.pkl", ["a.pkl", "b.pkl"]),
        ("?.pkl", ["a.pkl", "b.pkl"]),
        ("[!a].pkl", ["b.pkl"]),
        ("d/*.pkl", ["d/c.pkl"]),
        ("*/*.pkl", ["d/c.pkl"]),
        ("**/*.pkl", ["a.pkl", "b.pkl", "d/c.pkl", "d/e/f.pkl"]),
        ("**/e/*.pkl", ["d/e/f.pkl"]),
        ("d/**/f.pkl", ["d/e/f.pkl"]),
        ("d/**/**/*.pkl", ["d/c.pkl", "d/e/f.pkl"]),
        ("d/**", ["d/.h.pkl", "d/c.pkl", "d/e/f.pkl", "d/g.txt"]),
        ("d/*", ["d/c.pkl", "d/e/f.pkl", "d/g.txt"]),
        ("d/.*", ["d/.h.pkl"]),
        ("d/e*", ["d/e/f.pkl"]),
    ],
)
def test_patterns_match_as_in_a_shell(tree, pattern, expected):
    """``**`` goes through all folders; a name that begins with a dot must be asked for."""
    tree("a.pkl", "b.pkl", "d/c.pkl", "d/e/f.pkl", "d/g.txt", "d/.h.pkl", ".i/j.pkl")
    assert paths(pattern) == expected
    here = Path.cwd()
    assert paths(f"{here}/{pattern}") == [f"{here}/{path}" for path in expected]


def test_the_path_below_the_fixed_part_is_told(tree):
    """A pattern's files are written elsewhere with the folders that the pattern found."""
    tree("d/2024/a", "d/2025/a")
    assert [one.relative for one in discover(["d/20*/a"])] == ["2024/a", "2025/a"]
    assert [one.relative for one in discover(["d/20*"])] == ["2024/a", "2025/a"]
    assert not any(one.explicit for one in discover(["d/20*/a"]))


def test_a_pattern_that_matches_nothing_is_an_error(tree):
    """It is misspelt, or the wrong folder."""
    tree("d/a")
    for wrong in ("*.pkl", "e/*", "d/a/*", "d/**/b", "**/x/y"):
        with pytest.raises(FileError, match="matches no file"):
            discover([wrong])


def test_a_file_whose_name_looks_like_a_pattern_is_found(tree):
    """What is there under that very name comes first."""
    tree("d/a[1].pkl", "d/a1.pkl")
    assert paths("d/a[1].pkl") == ["d/a[1].pkl"]


def test_a_pattern_follows_links_to_folders_but_not_everywhere(tree):
    """``*`` names the link itself; ``**`` could run in circles."""
    folder = tree("d/a/x")
    (folder / "d" / "b").symlink_to("a")
    assert paths("d/*/x", once=False) == ["d/a/x", "d/b/x"]
    assert paths("d/**/x", once=False) == ["d/a/x"]


def test_names_need_not_be_text(tree):
    """A name that is no UTF-8 comes through."""
    folder = tree("d/a")
    try:
        (folder / "d" / "b\udcff").write_bytes(b"")
    except OSError:
        pytest.skip("this file system wants UTF-8")
    assert paths("d") == paths("d/*") == ["d/a", "d/b\udcff"]


def test_the_folders_left_out_are_told():
    """The docs name them."""
    assert {"__pycache__", ".git", ".hg", ".svn"} == discovery.SKIPPED_FOLDERS
