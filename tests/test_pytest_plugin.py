"""The pytest plugin: nothing happens that nobody asked for; options, settings and their order."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pickled_shop import NEW, change

from pickle_migrate import pytest_plugin
from pickle_migrate.pytest_archive import fixtures, items

assert items  # see collected() below
ITEMS = [
    "fixtures/note.pickle::shop:Note@?",
    "fixtures/orders/one.pickle::shop:Order@?",
    "fixtures/orders/two.pickle::shop:Order@?",
]
OWN = "tests/test_own.py::test_own"


def collected(project, *arguments):
    # In this process: a collection imports none of the project's classes. What it imports of ours
    # is imported above, for pytester forgets what was imported meanwhile.
    result = project.runpytest_inprocess("--collect-only", "-q", *arguments)
    return [line for line in result.outlines if "::" in line and " " not in line]


def ini(project, text):
    """Options in the ini file of the project."""
    path = project.path / "pyproject.toml"
    text = path.read_text() + "[tool.pytest.ini_options]\n" + text
    path.write_text(text, encoding="utf-8")


def files_of(project):
    """What is there, but for what pytest and pytester leave themselves."""
    paths = [p.relative_to(project.path) for p in project.path.rglob("*")]
    theirs = ("runpytest", "stdout", "stderr", ".pytest_cache")
    return sorted(str(path) for path in paths if not path.parts[0].startswith(theirs))


# --- not in use -------------------------------------------------------------------------------


def test_nothing_happens_unless_it_is_asked_for(project):
    """A project that merely has the package installed: no items, nothing imported, no output."""
    change(project.path, "raise SystemExit('imported')")
    (project.path / "pickle_migrate.toml").write_text("wrong = true")
    result = project.runpytest_subprocess("-W", "error")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*pickle archive*")
    assert result.stderr.str() == ""


def test_the_plugin_imports_only_pytest_and_the_standard_library():
    """Its module is imported in every run of everybody: no other module of this package, and none
    of what the package depends on.
    """
    code = (
        "import sys, pytest, _pytest.config\n"
        "before = set(sys.modules)\n"
        "import pickle_migrate.pytest_plugin\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["pickle_migrate", "pickle_migrate.pytest_plugin"], done.stderr


def test_a_run_that_does_not_use_it_loads_nothing_more(project):
    """From the options to the summary, no module of ours is imported but the plugin itself."""
    (project.path / "tests" / "test_own.py").write_text(
        "import sys\n"
        "def test_own():\n"
        "    found = [name for name in sys.modules if name.startswith('pickle_migrate')]\n"
        "    assert found == ['pickle_migrate', 'pickle_migrate.pytest_plugin']\n"
    )
    project.runpytest_subprocess().assert_outcomes(passed=1)


def test_it_can_be_turned_off(project):
    """``-p no:pickle_migrate`` works as for any plugin."""
    result = project.runpytest_subprocess("-p", "no:pickle_migrate")
    result.assert_outcomes(passed=1)
    assert "unrecognized arguments: --pickle-check" in (
        project.runpytest_subprocess("-p", "no:pickle_migrate", "--pickle-check").stderr.str()
    )


# --- when the archive is collected --------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], [OWN]),
        (["--pickle-check"], [*ITEMS, OWN]),
        (["--pickle-check", "."], [*ITEMS, OWN]),
        (["--pickle-check", "tests"], [OWN, *ITEMS]),
        (["--pickle-check", OWN], [OWN, *ITEMS]),
        (["--pickle-check", "fixtures"], ITEMS),
        (["--pickle-check", "fixtures", "tests"], [*ITEMS, OWN]),
        (["--pickle-check", "fixtures/orders"], ITEMS[1:]),
        (["--pickle-check", "fixtures/note.pickle"], ITEMS[:1]),
        (["--pickle-check", ITEMS[1]], ITEMS[1:2]),
        (["--pickle-check", ITEMS[2], ITEMS[0]], [ITEMS[2], ITEMS[0]]),
        (["fixtures"], []),
    ],
    ids=str,
)
def test_what_the_option_collects(project, arguments, expected):
    """``--pickle-check`` adds the archive, unless archived pickles are among the arguments: then
    those are meant.
    """
    assert collected(project, *arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], [*ITEMS, OWN]),
        (["tests"], [OWN]),
        ([OWN], [OWN]),
        (["."], [*ITEMS, OWN]),
        (["fixtures/orders"], ITEMS[1:]),
        ([ITEMS[1]], ITEMS[1:2]),
        (["--no-pickle-check"], [OWN]),
        (["--no-pickle-check", "."], [OWN]),
    ],
    ids=str,
)
def test_what_the_ini_option_collects(project, arguments, expected):
    """``pickle_check = true`` adds the archive where pytest chooses by itself; who names files gets
    those.
    """
    ini(project, "pickle_check = true\n")
    assert collected(project, *arguments) == expected


def test_testpaths_do_not_leave_the_archive_out(project):
    """With ``testpaths`` the archive comes after the tests, and its test modules are not looked
    for: old releases may lie there.
    """
    ini(project, "pickle_check = true\ntestpaths = ['tests']\n")
    (project.path / "fixtures" / "test_old_release.py").write_text("raise SystemExit")
    assert collected(project) == [OWN, *ITEMS]


def test_a_folder_below_is_a_choice(project, monkeypatch):
    """``pytest`` called in a folder of tests takes those that are there, as it does by itself."""
    ini(project, "pickle_check = true\n")
    monkeypatch.chdir(project.path / "tests")
    assert collected(project) == [OWN]
    assert collected(project, "--pickle-check") == [OWN, *ITEMS]
    monkeypatch.chdir(project.path / "fixtures")
    assert collected(project) == ITEMS


def test_tests_may_lie_in_the_archive(project):
    """What pytest collects there anyway, it collects."""
    (project.path / "fixtures" / "test_inside.py").write_text("def test_inside(): pass\n")
    inside = "fixtures/test_inside.py::test_inside"
    assert sorted(collected(project, "--pickle-check")) == sorted([*ITEMS, OWN, inside])


# --- where the archive and the settings are -----------------------------------------------------


@pytest.mark.parametrize("place", ["pytest.ini", "tox.ini", "setup.cfg"])
def test_every_kind_of_ini_file(project, place):
    """The options stand where those of pytest stand."""
    section = "tool:pytest" if place == "setup.cfg" else "pytest"
    (project.path / place).write_text(f"[{section}]\npickle_check = true\n")
    assert len(collected(project)) == 4


def test_the_archive_of_the_ini_file_goes_before_that_of_the_settings(project):
    """``pickle_archive`` is relative to the ini file."""
    (project.path / "fixtures").rename(project.path / "kept")
    ini(project, "pickle_check = true\npickle_archive = 'kept'\n")
    assert collected(project, "tests", "--pickle-check")[1:] == [
        item.replace("fixtures", "kept") for item in ITEMS
    ]


def test_the_settings_name_the_archive(project):
    """Without an ini option it is the folder that the commands use."""
    (project.path / "fixtures").rename(project.path / "kept")
    path = project.path / "pyproject.toml"
    path.write_text(path.read_text().replace('"fixtures"', '"kept"'))
    assert len(collected(project, "--pickle-check")) == 4


def test_a_settings_file_of_its_own(project):
    """``pickle_settings`` names it, relative to the ini file, and its own paths are relative to
    itself. Settings that are found otherwise, and wrong, are no matter then.
    """
    (project.path / "pickle_migrate.toml").write_text("wrong = true")
    other = project.path / "config"
    other.mkdir()
    (other / "old.toml").write_text(
        'modules = ["shop"]\narchive = "../fixtures"\nrenames = {"gone" = "shop"}\n'
    )
    ini(project, "pickle_check = true\npickle_settings = 'config/old.toml'\n")
    project.runpytest_subprocess().assert_outcomes(passed=4)


def test_settings_that_are_wrong_are_a_usage_error(project):
    """With the sentence that the commands print, and exit code 4."""
    (project.path / "pickle_migrate.toml").write_text("wrong = true")
    result = project.runpytest_subprocess("--pickle-check")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: Settings in *pickle_migrate.toml: unknown key 'wrong'*"])


def test_rootdir_elsewhere(project, monkeypatch):
    """Called from another folder, with ``--rootdir`` and ``-c``, the archive is the same one."""
    ini(project, "pickle_check = true\npythonpath = ['.']\n")
    elsewhere = project.mkdir("elsewhere")
    monkeypatch.chdir(elsewhere)
    file = project.path / "pyproject.toml"
    result = project.runpytest_subprocess("-c", file, "--rootdir", project.path, project.path)
    result.assert_outcomes(passed=4)
    result = project.runpytest_subprocess("-c", file, f"--rootdir={elsewhere}", "--pickle-check")
    result.assert_outcomes(passed=3)


def test_an_archive_outside_of_the_root(project):
    """A folder beside the project, and one of its pickles by its path."""
    beside = project.path.parent / f"{project.path.name}-archive"
    (project.path / "fixtures").rename(beside)
    ini(project, f"pickle_check = true\npickle_archive = {str(beside)!r}\n")
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=4)
    one = f"{beside}/orders/one.pickle::shop:Order@?"
    result = project.runpytest_subprocess("-c", project.path / "pyproject.toml", one)
    result.assert_outcomes(passed=1)


# --- an archive that is not there ----------------------------------------------------------------


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_an_archive_that_is_missing_fails(project, workers):
    """It was asked for, so nothing is not a success (trap: a check that finds no files)."""
    (project.path / "fixtures").rename(project.path / "elsewhere")
    result = project.runpytest_subprocess("--pickle-check", "-rf", *workers)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "There is no archive: the folder fixtures does not exist.",
            "Begin it: pytest --pickle-archive, or pickle-migrate archive FILE...",
            "FAILED fixtures::archive*",
        ]
    )


def test_an_archive_that_is_empty_fails(project):
    """A folder is no archive, and other files in it are none."""
    for path in (project.path / "fixtures").rglob("*.pickle*"):
        path.unlink()
    (project.path / "fixtures" / "README.md").write_text("nothing yet")
    result = project.runpytest_subprocess("--pickle-check", "tests")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["The archive fixtures holds no pickle."])


@pytest.mark.parametrize("left_out", ["norecursedirs", "ignore", "conftest"])
def test_an_archive_that_pytest_passes_over_fails(project, left_out):
    """Whatever leaves it out: it was asked for."""
    if left_out == "norecursedirs":
        ini(project, "norecursedirs = ['fixtures']\n")
    if left_out == "conftest":
        (project.path / "conftest.py").write_text("collect_ignore = ['fixtures']\n")
    more = ["--ignore=fixtures"] if left_out == "ignore" else []
    result = project.runpytest_subprocess("--pickle-check", *more)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["pytest collected none of the pickles in the archive fixtures."])


def test_an_empty_archive_is_no_matter_where_tests_were_named(project):
    """With the ini option, a run of one test file does not ask for the archive."""
    ini(project, "pickle_check = true\n")
    (project.path / "fixtures").rename(project.path / "elsewhere")
    project.runpytest_subprocess("tests").assert_outcomes(passed=1)


# --- help ---------------------------------------------------------------------------------------


def test_help_has_a_group_of_its_own(project):
    """The options stand together, and the ini options are listed with theirs."""
    result = project.runpytest_subprocess("--help")
    result.stdout.fnmatch_lines(
        [
            "old pickles (pickle_migrate):",
            "  --pickle-check *",
            "  --no-pickle-check *",
            "  --pickle-archive *",
            "  pickle_check (bool):*",
            "  pickle_archive (string):*",
            "  pickle_settings (string):*",
        ]
    )


def test_the_marker_and_the_fixtures_are_listed(project):
    """``--markers`` and ``--fixtures`` say what they are, and strict markers know them."""
    project.runpytest_subprocess("--markers").stdout.fnmatch_lines(
        ["@pytest.mark.pickle_archive:*"]
    )
    fixtures = project.runpytest_subprocess("--fixtures").stdout
    fixtures.fnmatch_lines(["pickle_archive *session scope*", "archived_pickle*"])
    project.runpytest_subprocess("--strict-markers", "--pickle-check").assert_outcomes(passed=4)


def test_the_project_is_not_changed(project):
    """Checking writes nothing into the project; the tests have their own path and settings."""
    change(project.path, NEW)
    (project.path / "tests" / "test_own.py").write_text(
        "import sys\n"
        "from pickle_migrate import resolver\n"
        "def test_own():\n"
        "    assert 'extra' not in sys.path[0]\n"
        "    assert resolver.settings().path == ()\n"
    )
    (project.path / "other.toml").write_text(
        'modules = ["shop"]\npath = ["extra"]\narchive = "fixtures"\n'
    )
    (project.path / "pyproject.toml").write_text("")
    ini(project, "pickle_settings = 'other.toml'\n")
    before = files_of(project)
    project.runpytest_subprocess("--pickle-check", "fixtures", "tests").assert_outcomes(passed=4)
    assert files_of(project) == before


class Recorder:
    """In place of pytest's parser: the names of what is added to it."""

    def __init__(self):
        self.names = []

    def getgroup(self, *_):
        return self

    def addoption(self, name, **_):
        self.names.append(name)

    def addini(self, name, *_):
        self.names.append(name)


def test_every_option_and_fixture_is_in_the_reference():
    """Options, ini options, fixtures and what they offer, each as code."""
    recorder = Recorder()
    pytest_plugin.pytest_addoption(recorder)
    assert len(recorder.names) == 6
    offered = [
        name
        for cls in (fixtures.ArchivedPickle, fixtures.PickleArchive)
        for name in vars(cls)
        if not name.startswith("_")
    ]
    assert {"load", "state", "record", "folder"} <= set(offered)
    page = Path(__file__).resolve().parent.parent / "docs" / "reference" / "pytest.md"
    code = " ".join(re.findall(r"`+([^`]+)`+", page.read_text(encoding="utf-8")))
    names = [*recorder.names, *offered, "pickle_archive", "archived_pickle", "FOLDER::archive"]
    assert [n for n in names if not re.search(rf"(?<![\w-]){re.escape(n)}(?![\w-])", code)] == []
