"""Settings: where they are looked for, what they may hold, and what is wrong with them."""

import os
import sys

import pytest

from pickle_migrate.errors import SettingsError
from pickle_migrate.project import VARIABLE, Settings, find_settings, read_settings


@pytest.fixture(autouse=True)
def outside(monkeypatch):
    """The environment variable is not set, unless the test does it."""
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def write(tmp_path):
    """Write a file below the test's folder and give its path."""

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def pyproject(text):
    return f'[project]\nname = "shop"\n[tool.other]\nx = 1\n[tool.pickle_migrate]\n{text}\n'


WHOLE = """
migrations = ["shop.migrations", "shop.more"]
path = ["src", "."]
encoding = "latin-1"

[{}renames]
"shop.old" = "shop.models"
"shop:Purchase" = "shop.models:Order"
"""


def expected(folder, source):
    return Settings(
        migrations=("shop.migrations", "shop.more"),
        renames={"shop.old": "shop.models", "shop:Purchase": "shop.models:Order"},
        path=(str(folder / "src"), str(folder)),
        encoding="latin-1",
        source=str(source),
    )


# --- where ------------------------------------------------------------------------------------


def test_settings_of_pyproject(write, tmp_path):
    """All keys of ``[tool.pickle_migrate]``; folders are taken from the file's own."""
    path = write("pyproject.toml", pyproject(WHOLE.format("tool.pickle_migrate.")))
    assert find_settings(tmp_path) == read_settings(path) == expected(tmp_path, path)


def test_settings_of_the_file_of_our_own(write, tmp_path):
    """The same keys at the top level."""
    path = write("pickle_migrate.toml", WHOLE.format(""))
    assert find_settings(tmp_path) == read_settings(path) == expected(tmp_path, path)


def test_our_own_file_overrides_pyproject_key_by_key(write, tmp_path):
    """A key that it has replaces that key as a whole, ``renames`` too; the others stay."""
    write("pyproject.toml", pyproject(WHOLE.format("tool.pickle_migrate.")))
    path = write("pickle_migrate.toml", 'encoding = "bytes"\nrenames = {a = "b"}')
    found = find_settings(tmp_path)
    assert (found.encoding, found.renames) == ("bytes", {"a": "b"})
    assert found.migrations == ("shop.migrations", "shop.more")
    assert found.path == (str(tmp_path / "src"), str(tmp_path))
    assert found.source == str(path)


def test_the_nearest_folder_wins(write, tmp_path):
    """The folder itself, then those above it; nothing is taken from two folders."""
    write("pyproject.toml", pyproject('encoding = "latin-1"\nmigrations = "top"'))
    write("a/pickle_migrate.toml", 'migrations = "middle"')
    (tmp_path / "a/b/c").mkdir(parents=True)
    found = find_settings(tmp_path / "a/b/c")
    assert (found.migrations, found.encoding) == (("middle",), "ASCII")
    assert find_settings(tmp_path / "a") == found
    assert find_settings(tmp_path).migrations == ("top",)


def test_a_pyproject_without_our_table_is_passed_by(write, tmp_path):
    """A package inside of a larger project has one of its own."""
    write("pickle_migrate.toml", 'migrations = "top"')
    write("a/pyproject.toml", '[project]\nname = "a"\n')
    write("a/b/pyproject.toml", "[tool.other]\nx = 1\n")
    assert find_settings(tmp_path / "a/b").migrations == ("top",)


def test_an_empty_file_of_our_own_ends_the_search(write, tmp_path):
    """It says: nothing is set here."""
    write("pyproject.toml", pyproject('migrations = "top"'))
    path = write("a/pickle_migrate.toml", "")
    assert find_settings(tmp_path / "a") == Settings(source=str(path))


def test_the_working_directory_is_where_the_search_begins(write, tmp_path, monkeypatch):
    """Through a symbolic link, the real folder counts."""
    write("a/pickle_migrate.toml", 'migrations = "here"')
    (tmp_path / "link").symlink_to(tmp_path / "a")
    monkeypatch.chdir(tmp_path / "link")
    assert find_settings().migrations == ("here",)


def test_without_any_file_the_settings_are_empty(tmp_path):
    """No file is needed."""
    assert find_settings(tmp_path) == Settings()
    assert Settings().encoding == "ASCII"


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be deleted there")
def test_a_deleted_working_directory_has_no_settings(tmp_path, monkeypatch):
    """A long-running program may stand in one, and loads pickles all the same."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert find_settings() == Settings()


# --- the environment variable -----------------------------------------------------------------


def test_the_variable_names_the_file(write, tmp_path, monkeypatch):
    """Of any name, in place of all others."""
    write("pickle_migrate.toml", 'migrations = "near"')
    path = write("conf/other.toml", 'migrations = "named"\npath = "src"')
    monkeypatch.setenv(VARIABLE, str(path))
    assert find_settings(tmp_path).migrations == ("named",)
    assert find_settings(tmp_path).path == (str(tmp_path / "conf/src"),)


def test_the_variable_may_name_a_pyproject(write, tmp_path, monkeypatch):
    """Then its table counts; without one it was named in vain."""
    monkeypatch.setenv(VARIABLE, str(write("a/pyproject.toml", pyproject('migrations = "a"'))))
    assert find_settings(tmp_path).migrations == ("a",)
    path = write("b/pyproject.toml", "[tool.other]\n")
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(SettingsError, match=r"no \[tool\.pickle_migrate\] table") as caught:
        find_settings(tmp_path)
    assert caught.value.path == str(path)


def test_an_empty_variable_turns_settings_off(write, tmp_path, monkeypatch):
    """Whatever files there are."""
    write("pickle_migrate.toml", 'migrations = "near"')
    monkeypatch.setenv(VARIABLE, "")
    assert find_settings(tmp_path) == Settings()


def test_a_named_file_that_is_not_there_is_an_error(tmp_path, monkeypatch):
    """Unlike the files that are looked for."""
    path = tmp_path / "gone.toml"
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(SettingsError, match=r"cannot be read: .*No such file") as caught:
        find_settings()
    assert caught.value.path == str(path)


# --- what --------------------------------------------------------------------------------------


def test_one_module_or_folder_may_be_a_text(write):
    """Instead of a list of one."""
    found = read_settings(write("s.toml", 'migrations = "shop.steps"\npath = "/srv/shop"'))
    assert found.migrations == ("shop.steps",)
    assert found.path == (os.path.realpath("/srv/shop"),)


@pytest.mark.parametrize("encoding", ["ASCII", "bytes", "utf-8", "latin1", "cp1252"])
def test_encodings_that_pickle_takes(write, encoding):
    """As they are spelled; ``bytes`` is pickle's own word."""
    assert read_settings(write("s.toml", f'encoding = "{encoding}"')).encoding == encoding


def test_the_settings_of_ci(write, tmp_path):
    """Paths are relative to the file; a class to write at an older version is a ref."""
    text = """
        modules = "shop.models"
        lock = "schemas.toml"
        archive = "tests/pickles"
        mode = "full"
        packs = ["sklearn"]
        [write]
        "shop.models:Order" = 2
    """
    found = read_settings(write("s.toml", text))
    here = os.path.realpath(tmp_path)
    assert (found.lock, found.archive) == (f"{here}/schemas.toml", f"{here}/tests/pickles")
    assert (found.modules, found.mode, found.packs) == (("shop.models",), "full", ("sklearn",))
    assert found.write == {"shop.models:Order": 2}


WRONG = [
    ("migrations = 3", "migrations must be a list of texts, not 3"),
    ('migrations = ["shop", 3]', r"migrations must be a list of texts, not \['shop', 3\]"),
    ('migrations = ["shop", ""]', "migrations must be a list of texts"),
    ('migrations = ""', "migrations must be a list of texts"),
    ('migrations = {a = "b"}', "migrations must be a list of texts"),
    ("path = true", "path must be a list of texts, not True"),
    ("path = [1.5]", "path must be a list of texts"),
    ('renames = "a"', "renames must be a table of old name = new name"),
    ('renames = ["a", "b"]', "renames must be a table"),
    ("renames = {a = 1}", "renames must be a table"),
    ('renames = {a = ""}', "renames must be a table"),
    ("renames = {a.b = {c = 1}}", "renames must be a table"),
    ('encoding = "no-such"', "encoding 'no-such' is not one that Python knows"),
    ('encoding = "hex"', "encoding 'hex' is not one that Python knows"),
    ('encoding = ""', "encoding '' is not one that Python knows"),
    ('encoding = "a\\u0000"', "is not one that Python knows"),
    ("encoding = 8", "encoding 8 is not one that Python knows"),
    (
        'migration = "shop"',
        "unknown key 'migration'; the keys are allow, archive, deny, encoding, lock, migrations, "
        "mode, modules, packs, path, presets, renames, write",
    ),
    ("= 3", r"cannot be read: .*line 1"),
    ("lock = 3", "lock must be a path, relative to this file, not 3"),
    ('archive = ""', "archive must be a path, relative to this file, not ''"),
    ('mode = "sideways"', "mode 'sideways' is none of backward, backward-transitive, forward"),
    ("write = 2", "write must be a table of class = version"),
    ('write = {"shop.models:Order" = -1}', "the version of 'shop.models:Order' is a whole number"),
    ('write = {"Order" = 1}', "write: .*'Order'"),
]


@pytest.mark.parametrize(("text", "problem"), WRONG)
def test_a_wrong_value_is_refused(write, tmp_path, text, problem):
    """The error names the file, the key and what is expected; found or named, the same."""
    path = write("pickle_migrate.toml", text)
    for read in (lambda: read_settings(path), lambda: find_settings(tmp_path)):
        with pytest.raises(SettingsError, match=problem) as caught:
            read()
        assert caught.value.path == str(path)


@pytest.mark.parametrize(
    "text", ["tool = 3", "[tool]\npickle_migrate = 3", "[tool]\npickle_migrate = ['x']"]
)
def test_a_pyproject_whose_table_is_none_is_refused(write, tmp_path, text):
    """It was meant for us."""
    write("pyproject.toml", text)
    with pytest.raises(SettingsError, match=r"tool\.pickle_migrate is a table, not"):
        find_settings(tmp_path)


def test_the_error_names_the_file_that_is_wrong(write, tmp_path):
    """Though another one in the folder is read as well, and is right."""
    path = write("pyproject.toml", pyproject("path = 5"))
    write("pickle_migrate.toml", 'migrations = "shop"')
    with pytest.raises(SettingsError) as caught:
        find_settings(tmp_path)
    assert caught.value.path == str(path)


def test_a_file_that_is_no_utf8_is_an_error(tmp_path):
    """Of ours, not a UnicodeDecodeError."""
    path = tmp_path / "pickle_migrate.toml"
    path.write_bytes(b'migrations = "\xe9"')
    with pytest.raises(SettingsError, match="cannot be read"):
        find_settings(tmp_path)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path)
