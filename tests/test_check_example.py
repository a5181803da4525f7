"""``pickle-migrate check`` on the worked example: kept as it is, and broken by each mistake.

Each test makes a mistake in a copy and runs the real command on it; the copy without the mistake is
kept.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import example_copy
import pytest

BOOK = "fixtures/pickles/skywatch_r4_1/py3.13/book.p4.c.pickle"
TRACK = "fixtures/pickles/skywatch_r4_1/py3.11/track.p1.python.pickle"
LOCK = "migrations/pickle_migrate.lock.toml"
STEPS = "migrations/skywatch_migrations/release_5.py"
TRACK_STEP = 'upgrade(1, RenameField("label", "title"))'


class Copy:
    """A copy of the worked example."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        return self.folder / name

    def edit(self, name: str, old: str, new: str) -> None:
        """Exchange a text that stands in a file."""
        text = self.path(name).read_text(encoding="utf-8")
        assert old in text, f"{name} holds no {old!r}"
        self.path(name).write_text(text.replace(old, new), encoding="utf-8")

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        return subprocess.run(
            [sys.executable, "-m", "pickle_migrate", *arguments],
            cwd=self.folder,
            env=example_copy.environment() | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def check(self, *arguments: str, code: int = 1) -> dict:
        """Run the check, and give its document."""
        done = self.run("check", "--json", *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def rules(self, *arguments: str, code: int = 1) -> dict[str, list[str]]:
        """What the check finds: rule to subjects."""
        found: dict[str, list[str]] = {}
        for item in self.check(*arguments, code=code)["items"]:
            for one in item["findings"]:
                found.setdefault(one["rule"], []).append(one["subject"])
        return found

    def finding(self, rule: str, *arguments: str, code: int = 1) -> dict:
        """The first finding of a rule."""
        items = self.check(*arguments, code=code)["items"]
        return next(f for item in items for f in item["findings"] if f["rule"] == rule)

    def git(self, *arguments: str) -> None:
        """Run git without the user's settings."""
        names = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        command = ["git", *names, *arguments]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("example") / "copy"
    folder.mkdir()
    example_copy.make(folder)
    done = Copy(folder).run("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("Kept (backward-transitive).\n")
    return folder


@pytest.fixture
def copy(template, tmp_path) -> Copy:
    ignored = shutil.ignore_patterns("__pycache__")
    return Copy(Path(shutil.copytree(template, tmp_path / "copy", ignore=ignored)))


# --- the copy without a mistake ---------------------------------------------------------------


@pytest.mark.parametrize("mode", ["backward", "backward-transitive"])
def test_without_a_mistake_it_is_kept(copy, mode):
    """In every form at once."""
    done = copy.run(
        "check", "--mode", mode, "--junit", "out/check.xml", "--markdown", "out/check.md"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Kept ({mode})." in done.stdout
    root = ElementTree.parse(copy.path("out/check.xml")).getroot()
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    assert int(root.get("tests")) > 50
    assert copy.path("out/check.md").read_text().startswith("### ✅")


def test_verbose_lists_what_is_kept(copy):
    done = copy.run("check", "--verbose")
    assert f"kept  {BOOK}\n" in done.stdout
    assert "kept  skywatch.jobs:Job\n" in done.stdout


def test_the_self_test_and_the_thorough_check_are_kept(copy):
    """All that is broken on purpose is noticed; another process gives the same."""
    assert copy.rules("--self-test", "--thorough", code=0) == {}


# --- mistakes in classes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "old", "new", "ref", "line"),
    [
        (
            "jobs.py",
            "    timeout: int = 60\n",
            "    timeout: int = 60\n    owner: str = ''\n",
            "jobs:Job",
            "+ owner: str",
        ),
        ("jobs.py", "    size: int\n", "    size: float\n", "jobs:Upload", "~ size: int -> float"),
        ("people.py", "    since_year: int\n", "", "people:Keeper", "- since_year: int"),
        (
            "summaries.py",
            "        self.text = text\n",
            "        self.text = text\n        self.author = None\n",
            "summaries:Digest",
            "+ author",
        ),
    ],
)
def test_drift(copy, name, old, new, ref, line):
    """Fields changed, the version did not: attrs, dataclass, and a class that declares none."""
    copy.edit(f"migrations/skywatch/{name}", old, new)
    found = copy.finding("drift")
    assert (found["subject"], found["details"]) == (f"skywatch.{ref}", [line])
    assert found["path"] == f"migrations/skywatch/{name}"
    assert "pickle-migrate make" in found["advice"]


def test_a_class_that_is_not_locked(copy):
    copy.edit(
        "migrations/pairs.py", "Lineage(", "@versioned(1)\nclass New:\n    a: int\n\n\nLineage("
    )
    found = copy.rules()
    assert found["not-locked"] == ["pairs:New"]


def test_a_version_that_is_not_locked(copy):
    """With its step; it has no archived pickle either."""
    copy.edit("migrations/pairs.py", "@versioned(2,", "@versioned(3,")
    copy.edit("migrations/pairs.py", "default=None))", "default=None)).upgrade(2)")
    assert copy.rules() == {"not-locked": ["pairs:Pair"]}
    copy.run("lock")
    assert copy.rules() == {"no-sample": ["pairs:Pair"]}


def test_without_a_lock(copy):
    copy.path(LOCK).unlink()
    assert set(copy.rules()) == {"not-locked"}


def test_a_class_that_is_gone(copy):
    """Deleted without a word about its name."""
    text = copy.path("migrations/skywatch/alerts.py").read_text()
    start = text.index(
        '@versioned(2, unstamped=1, migrations="skywatch_migrations")\n@dataclass(frozen'
    )
    copy.path("migrations/skywatch/alerts.py").write_text(text[:start])
    found = copy.rules()
    assert found["gone"] == ["skywatch.alerts:Threshold"]
    assert found["missing-ref"]


def test_a_version_older_than_the_lock(copy):
    """As a revert leaves it."""
    copy.edit("migrations/pairs.py", "@versioned(2,", "@versioned(1,")
    assert copy.rules()["older-than-lock"] == ["pairs:Pair"]


def test_a_gap(copy):
    """A step that is not there any more."""
    copy.edit(STEPS, f'Lineage("skywatch.observations:Track").{TRACK_STEP}', "")
    found = copy.rules()
    assert found["gap"] == ["skywatch.observations:Track"]
    assert TRACK in found["does-not-load"]


def test_a_version_without_an_archived_pickle(copy):
    for path in copy.path("fixtures/pickles/attrs_21_4/py3.8").iterdir():
        path.unlink()
    found = copy.finding("no-sample")
    assert (found["subject"], found["facts"]["version"]) == ("pairs:Pair", 1)
    assert "Old bytes are written by old code" in found["advice"]
    assert copy.rules() == {"no-sample": ["pairs:Pair"]}


def branches(copy: Copy) -> None:
    """A branch and a main that parted here, and each made a version 3 of Pair."""
    copy.git("init", "-q", "-b", "main")
    copy.git("add", "-A")
    copy.git("commit", "-qm", "Where they part")
    for branch, field in (("main", "d"), ("topic", "e")):
        if branch == "topic":
            copy.git("checkout", "-q", "-b", "topic", "HEAD~1")
        copy.edit("migrations/pairs.py", "@versioned(2,", "@versioned(3,")
        copy.edit("migrations/pairs.py", "= None\n", f"= None\n    {field}: int = 0\n")
        step = f'default=None)).upgrade(2, AddField("{field}", default=0))'
        copy.edit("migrations/pairs.py", "default=None))", step)
        assert copy.run("lock").returncode == 0
        copy.git("commit", "-qam", f"A version 3 on {branch}")


def test_two_branches_that_both_made_the_same_version(copy):
    """Compared where they parted; what only this branch made is no conflict."""
    branches(copy)
    assert "same-version" not in copy.rules("--against", "HEAD~1")
    found = copy.finding("same-version", "--against", "main")
    assert (found["subject"], found["facts"]["version"]) == ("pairs:Pair", 3)
    assert found["details"] == ["- d: int", "+ e: int"]


def test_a_branch_that_there_is_not(copy):
    """No repository, then no such branch: could not run."""
    assert copy.rules("--against", "main", code=2) == {"against": ["main"]}
    copy.git("init", "-q", "-b", "main")
    copy.git("add", "-A")
    copy.git("commit", "-qm", "All")
    assert copy.rules("--against", "origin/main", code=2) == {"against": ["origin/main"]}
    assert copy.rules("--against", "main", code=0) == {}


# --- mistakes in the archive ------------------------------------------------------------------


def test_bytes_that_changed(copy):
    """One letter in a text: it still loads."""
    data = copy.path(TRACK).read_bytes()
    assert data.count(b"sgrib") == 0
    copy.path(TRACK).write_bytes(data[:-1] + b"0" + data[-1:])
    assert copy.rules() == {"bytes-changed": [TRACK]}


def test_line_ends_that_git_changed(copy):
    """A pickle of protocol 0 or 1 taken for a text."""
    name = "fixtures/pickles/skywatch_r4/py3.12/book.p0.c.pickle"
    copy.path(name).write_bytes(copy.path(name).read_bytes().replace(b"\n", b"\r\n"))
    assert copy.rules() == {"bytes-changed": [name]}


def test_a_pickle_that_nobody_reads(copy):
    name = "fixtures/pickles/skywatch_r4_1/py3.11/new.pickle"
    shutil.copyfile(copy.path(TRACK), copy.path(name))
    assert copy.rules() == {"not-read": [name]}


def test_a_record_in_a_folder_that_no_setting_covers(copy):
    """Found when it is looked for; a project of its own below this one has its own check."""
    for folder in ("migrations/more", "migrations/other"):
        copy.path(folder).mkdir()
        for name in (TRACK, f"{TRACK}.yaml"):
            shutil.copyfile(copy.path(name), copy.path(folder) / Path(name).name)
    copy.path("migrations/other/pickle_migrate.toml").touch()
    assert copy.rules(code=0) == {}
    stray = f"migrations/more/{Path(TRACK).name}.yaml"
    assert copy.rules("--thorough") == {"not-read": [stray]}


def test_a_record_without_its_pickle(copy):
    copy.path(TRACK).unlink()
    assert copy.rules() == {"no-pickle": [f"{TRACK}.yaml"]}


@pytest.mark.parametrize("how", ["no folder", "no files"])
def test_an_empty_archive(copy, how):
    """Broken, not kept."""
    shutil.rmtree(copy.path("fixtures/pickles"))
    if how == "no folder":
        copy.path("fixtures").rmdir()
    assert copy.rules()["empty-archive"] == ["fixtures/pickles"]


def test_a_name_that_leads_nowhere(copy):
    """A rename that somebody deleted."""
    copy.edit(
        "migrations/skywatch_migrations/names.py", 'DEFAULT.rename("weatherlog", "skywatch")', ""
    )
    found = copy.finding("missing-ref")
    assert "weatherlog" in found["message"]
    assert "renamed_from" in found["advice"]


def test_a_state_other_than_the_recorded_one(copy):
    """A step that computes something else; every pickle still loads."""
    copy.edit("migrations/skywatch_migrations/units.py", "5 / 9", "5 / 8")
    found = copy.finding("other-state")
    assert any("temp_c" in line or "high_c" in line for line in found["details"])
    assert any("convert" in step for step in found["facts"]["steps"])
    assert f"pickle-migrate archive --accept {found['subject']}" in found["advice"]
    assert set(copy.rules()) == {"other-state"}


def test_a_falsified_record(copy):
    copy.edit(f"{TRACK}.yaml", "title:", "label:")
    assert copy.rules() == {"other-state": [TRACK]}


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError('no')",
        "import sys; sys.exit(0)",
        "raise SystemExit",
        "raise KeyError",
        "return None if state.clear() else 3",
        "state['title'] = object.__new__(int)",
    ],
)
def test_a_step_that_does_not_do_its_work(copy, body):
    """It raises, ends the program, or gives something else; nothing of it is kept."""
    copy.edit(STEPS, TRACK_STEP, "upgrade(1, _broken)")
    copy.edit(STEPS, "SEVERITIES =", f"def _broken(state):\n    {body}\n\n\nSEVERITIES =")
    copy.edit(
        STEPS, "# --- observations", f"def _broken(state):\n    {body}\n\n\n# --- observations"
    )
    assert TRACK in [s for subjects in copy.rules().values() for s in subjects]


def test_an_equality_that_lies(copy):
    """States are compared as data, never by the classes' own code."""
    lie = "    def __eq__(self, other):\n        return True\n\n    __hash__ = None\n\n"
    copy.edit(
        "migrations/skywatch/observations.py", "class Track(list):\n", f"class Track(list):\n{lie}"
    )
    copy.edit(
        STEPS,
        TRACK_STEP,
        'upgrade(1, RenameField("label", "title"), ConvertField("title", str.upper))',
    )
    assert TRACK in copy.rules()["other-state"]


# --- mistakes in steps ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "factory",
    [
        "lambda: __import__('uuid').uuid4().hex",
        "lambda: __import__('time').perf_counter_ns()",
        "lambda: __import__('random').random()",
        "iter(range(10**9)).__next__",
    ],
)
def test_a_step_that_is_not_deterministic(copy, factory):
    """A clock, a random number, a counter."""
    copy.edit(STEPS, TRACK_STEP, f'{TRACK_STEP[:-1]}, AddField("uid", factory={factory}))')
    found = copy.rules()
    assert TRACK in found["not-deterministic"]
    assert TRACK in found["other-state"]


def test_a_step_that_goes_by_the_order_of_a_set(copy):
    """Within one process it is always the same: --thorough loads it in another one."""
    words = "['Ada', 'Bob', 'Cy', 'Dee', 'Eve', 'Flo', 'Gus', 'Hal']"
    copy.edit(
        STEPS,
        TRACK_STEP,
        f'{TRACK_STEP[:-1]}, AddField("names", factory=lambda: list(set({words}))))',
    )
    found = copy.rules("--thorough")
    assert TRACK in found["not-deterministic"]


def test_a_step_that_changes_a_neighbour(copy):
    """The keeper of a station is an object with versions of its own."""
    copy.edit(
        "migrations/skywatch_migrations/release_4_1.py",
        '    state.setdefault("keeper", None)\n',
        '    state.setdefault("keeper", None)\n'
        '    if state["keeper"] is not None:\n        state["keeper"].seen = True\n',
    )
    found = copy.finding("touches-others")
    assert "skywatch.people:Keeper" in found["message"]
    assert found["path"] == "migrations/skywatch_migrations/release_4_1.py"


def test_a_step_that_no_archived_pickle_needs(copy):
    """The self-test finds what the check alone cannot."""
    copy.edit(
        STEPS,
        'Lineage("skywatch.jobs:Job").upgrade(\n',
        'Lineage("skywatch.jobs:Job").finish(1, print)\nLineage("skywatch.jobs:Job").upgrade(\n',
    )
    assert copy.rules(code=0) == {}
    found = copy.rules("--self-test")
    assert found == {"not-noticed": ["the finishing stage print of skywatch.jobs:Job from 1"]}


# --- could not run ----------------------------------------------------------------------------


def test_a_damaged_lock(copy):
    copy.edit(LOCK, '"pairs:Pair".unstamped = 1', "<<<<<<< HEAD")
    assert copy.rules(code=2) == {"lock": [LOCK]}


def test_a_damaged_record(copy):
    copy.path(f"{TRACK}.yaml").write_text("pickle: [\n")
    found = copy.rules(code=2)
    assert found["record"] == [f"{TRACK}.yaml"]


@pytest.mark.parametrize("source", ["import gone_module\n", "import sys; sys.exit(0)\n", "1 +\n"])
def test_a_module_that_cannot_be_imported(copy, source):
    """Whatever ends it, the check does not say kept."""
    copy.path("migrations/pairs.py").write_text(source)
    found = copy.finding("module", code=2)
    assert "pairs" in found["message"]


def test_settings_that_cannot_be_read(copy):
    copy.path(example_copy.SETTINGS).write_text("modules = 3\n")
    done = copy.run("check")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")


def test_without_settings(copy, tmp_path):
    """Nobody said what is to be checked."""
    done = copy.run("check", PICKLE_MIGRATE_SETTINGS="")
    assert done.returncode == 2
    assert "no settings" in done.stderr


# --- faces ------------------------------------------------------------------------------------


def broken(copy: Copy) -> None:
    copy.edit("migrations/skywatch_migrations/units.py", "5 / 9", "5 / 8")
    copy.edit(STEPS, "SEVERITIES =", 'print("Hello from a module")\nSEVERITIES =')


def test_what_modules_print_is_no_part_of_the_document(copy):
    broken(copy)
    done = copy.run("check", "--json")
    assert json.loads(done.stdout)["outcome"] == "broken"
    assert "Hello from a module" in done.stderr


def test_annotations_come_by_themselves_on_github(copy):
    broken(copy)
    summary = copy.path("summary.md")
    summary.write_text("Before\n")
    variables = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    done = copy.run("check", "--markdown", str(summary), **variables)
    assert done.returncode == 1
    (first, *_) = [line for line in done.stdout.splitlines() if line.startswith("::error ")]
    assert first.startswith("::error file=fixtures/pickles/")
    inside = copy.run("check", **variables, GITHUB_WORKSPACE=str(copy.folder.parent))
    assert "::error file=copy/fixtures/pickles/" in inside.stdout
    assert summary.read_text().startswith("Before\n### ❌")
    silent = copy.run("check", "--no-github", **variables)
    assert "::error" not in silent.stdout + silent.stderr
    told = copy.run("check", "--json", **variables)
    assert json.loads(told.stdout)
    assert "::error" in told.stderr


def test_markdown_instead_of_lines(copy):
    broken(copy)
    done = copy.run("check", "--markdown", "-")
    assert done.stdout.startswith("### ❌")
    assert copy.run("check", "--markdown", "-", "--json").returncode == 2


def test_a_file_that_cannot_be_written(copy):
    copy.path("plain").write_text("")
    done = copy.run("check", "--junit", "plain/check.xml")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


# --- forward and full -------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["forward", "full"])
def test_what_the_previous_version_reads_can_be_written(copy, mode):
    """Every class of the example, written as release 4.1 reads it, and read again."""
    assert copy.rules("--mode", mode, code=0) == {}


def test_all_versions_are_asked_for_when_the_mode_is_transitive(copy):
    """Steps of release 4.1 without a way back."""
    found = copy.rules("--mode", "forward-transitive")
    assert set(found) == {"cannot-write"}
    assert "skywatch.observations:Observation" in found["cannot-write"]
    assert copy.rules("--mode", "backward-transitive", code=0) == {}


def test_a_step_without_a_way_back(copy):
    copy.edit(STEPS, TRACK_STEP, 'upgrade(1, RenameField("label", "title"), _upper)')
    copy.edit(STEPS, "# --- observations", "def _upper(state):\n    pass\n\n\n# --- observations")
    assert copy.rules("--mode", "backward", code=0) == {}
    found = copy.finding("cannot-write", "--mode", "full")
    assert found["subject"] == "skywatch.observations:Track"
    assert "has no inverse" in found["message"]


def test_a_way_back_that_does_not_fit_its_step(copy):
    """The inverse gives something else: the objects of archived pickles show it."""
    old = 'ConvertField("minutes", lambda hours: hours * 60'
    text = copy.path(STEPS).read_text()
    start = text.index(old)
    end = text.index(")", text.index("inverse=", start))
    new = f"{old}, inverse=lambda minutes: minutes // 70"
    copy.path(STEPS).write_text(text[:start] + new + text[end:])
    found = copy.finding("cannot-write", "--mode", "forward")
    assert found["subject"] == "skywatch.faults:SensorSilent"
    assert any("minutes" in line for line in found["details"])


def test_what_an_older_version_cannot_hold_needs_consent(copy):
    """A field that the way back drops, with a value that the upgrade would not put there again."""
    copy.edit(
        "migrations/skywatch_migrations/release_5.py",
        'AddField("language", default="en")',
        'AddField("language", factory=lambda state: state["text"][:2])',
    )
    found = copy.rules("--mode", "forward")
    assert "cannot-write" in found
