"""Hooks for pre-commit, the action for GitHub, the example for GitLab: run as the services do it.

The files are read as the services read them, and what they run is run: by the real pre-commit, and
by bash as GitHub's and GitLab's runners call it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import attrs
import pytest
import yaml
from doc_blocks import blocks_of
from pickled_shop import WRONG, change, make_project

from pickle_migrate.cli import main

ROOT = Path(__file__).resolve().parent.parent
HOOKS = ROOT / ".pre-commit-hooks.yaml"
ACTION = ROOT / ".github" / "actions" / "check" / "action.yml"
PAGE = ROOT / "docs" / "howto" / "ci-services.md"
NEWER = WRONG.replace("versioned(2, unstamped=1)", "versioned(3, unstamped=1)")
TEST = "import pickle, shop\ndef test(): pickle.dumps([shop.Order('Ada', 3), shop.Note('x')])\n"
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@attrs.frozen
class Repository:
    """A clone with the small project in it, all in order, and its ``origin``."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: object, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it; standard output and error are one."""
        return subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
            check=False,
        )

    def must(self, *command: object) -> str:
        """Run a command that does not fail."""
        done = self.run(*command)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def commit(self, message: str = "A change") -> None:
        """Commit everything."""
        self.must("git", "add", "--all")
        self.must("git", "commit", "-q", "-m", message)


@pytest.fixture
def environment(tmp_path):
    """As a runner has it: our commands on PATH, git without anybody's settings."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("PICKLE_", "PYTEST", "GIT"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
        "HOME": str(tmp_path),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{
            f"GIT_{who}_{what}": "a@example.org"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
        "PRE_COMMIT_HOME": str(tmp_path / "pre-commit"),
    }


@pytest.fixture
def repository(tmp_path, environment):
    """The project with samples of today and a lock: the check keeps it."""
    folder = tmp_path / "project"
    make_project(folder)
    (folder / "tests").mkdir()
    (folder / "tests" / "test_shop.py").write_text(TEST)
    (folder / ".gitignore").write_text(".pytest_cache/\n")
    (folder / ".gitattributes").write_text("*.pickle binary\n")
    made = Repository(folder, environment)
    made.must(sys.executable, "-m", "pytest", "-q", "--pickle-archive")
    made.must("pickle-migrate", "lock")
    made.must("git", "init", "-q", "-b", "main")
    made.commit("All in order")
    made.must("git", "clone", "-q", "--bare", ".", tmp_path / "origin.git")
    made.must("git", "remote", "add", "origin", tmp_path / "origin.git")
    made.must("git", "fetch", "-q", "origin")
    return made


# --- pre-commit ---------------------------------------------------------------------------------


@pytest.fixture
def hooked(repository, tmp_path):
    """The project, which uses our hooks from a repository that has them."""
    ours = tmp_path / "hooks"
    ours.mkdir()
    shutil.copy(HOOKS, ours)
    there = Repository(ours, repository.environment)
    there.must("git", "init", "-q")
    there.commit()
    revision = there.must("git", "rev-parse", "HEAD").strip()
    hooks = [{"id": hook["id"]} for hook in yaml.safe_load(HOOKS.read_text())]
    config = {"repos": [{"repo": str(ours), "rev": revision, "hooks": hooks}]}
    (repository.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    repository.commit("Hooks")
    return repository


def test_every_hook_is_a_command_of_ours():
    """The entries are commands and options that there are."""
    hooks = yaml.safe_load(HOOKS.read_text())
    assert [hook["id"] for hook in hooks] == ["pickle-migrate-check", "pickle-migrate-lock"]
    for hook in hooks:
        program, name, *options = hook["entry"].split()
        assert program == "pickle-migrate"
        known = {option for p in main.commands[name].params for option in p.opts}
        assert set(options) <= known


def test_pre_commit_keeps_what_is_in_order(hooked):
    """The real pre-commit runs both hooks, and both pass."""
    done = hooked.run(sys.executable, "-m", "pre_commit", "run", "--all-files")
    assert done.returncode == 0, done.stdout
    assert len(re.findall(r"^pickle-migrate .*Passed$", done.stdout, re.M)) == 2


def test_pre_commit_stops_a_commit(hooked):
    """Installed as git's hook: a wrong step, and a class that the lock does not have as it is."""
    hooked.must(sys.executable, "-m", "pre_commit", "install")
    change(hooked.folder, NEWER)
    hooked.must("git", "add", "--all")
    done = hooked.run("git", "commit", "-m", "A version without a step")
    assert done.returncode == 1, done.stdout
    assert "hook id: pickle-migrate-check" in done.stdout
    assert "hook id: pickle-migrate-lock" in done.stdout
    assert "shop:Order" in done.stdout
    assert "A version without" not in hooked.must("git", "log", "--oneline")


# --- GitHub ---------------------------------------------------------------------------------------


@attrs.frozen
class ActionRun:
    """What the runner saw: the code of the step that ended it, the log, the files of a job."""

    code: int
    log: str
    summary: str
    outputs: dict[str, str]
    ran: list[str]


def run_action(repository, **inputs):
    """Run the shell steps of the action as GitHub's runner does: bash with -e and pipefail, inputs
    put in where ``${{ inputs.name }}`` stands.
    """
    action = yaml.safe_load(ACTION.read_text())
    assert inputs.keys() <= action["inputs"].keys()
    given = {name: str(one["default"]) for name, one in action["inputs"].items()}
    given = {**given, "against": "", "install": "echo installed", **inputs}
    files = {n: repository.folder.parent / n for n in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    for file in files.values():
        file.write_text("")
    log, ran, code = "", [], 0
    for step in action["runs"]["steps"]:
        if not _applies(step, given) or "uses" in step:
            continue
        more = {name: _filled(text, given) for name, text in step.get("env", {}).items()}
        more |= {name: str(file) for name, file in files.items()} | {"GITHUB_ACTIONS": "true"}
        script = repository.folder.parent / "step.sh"
        script.write_text(step["run"])
        folder = _filled(step["working-directory"], given)
        shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script]
        here = Repository(repository.folder / folder, repository.environment)
        done = here.run(*shell, **more)
        log, code = log + done.stdout, done.returncode
        ran.append(step["name"])
        if code:
            break
    lines = files["GITHUB_OUTPUT"].read_text().splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    return ActionRun(code, log, files["GITHUB_STEP_SUMMARY"].read_text(), outputs, ran)


def _applies(step, given):
    condition = step.get("if")
    if condition is None:
        return True
    name = re.fullmatch(r"inputs\.([\w-]+) != ''", condition)[1]
    return given[name] != ""


def _filled(text, given):
    return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], text)


def test_the_action_is_a_composite_one():
    """With the keys that GitHub asks for; each step that runs says its shell, as it must."""
    action = yaml.safe_load(ACTION.read_text())
    assert action["runs"]["using"] == "composite"
    assert {"name", "description", "inputs", "outputs", "runs"} <= action.keys()
    for name, one in action["inputs"].items():
        assert one["description"], name
    for step in action["runs"]["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert "uses" in step or step["shell"] == "bash"


def test_inputs_never_become_part_of_a_script():
    """A branch may be called ``$(command)``: what is put into a script would be run."""
    for step in yaml.safe_load(ACTION.read_text())["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_action_keeps_what_is_in_order(repository):
    """Code 0, a summary, a JUnit report, and the outcome for later steps."""
    done = run_action(repository)
    assert done.code == 0, done.log
    assert done.ran == ["Install the project", "Check"]
    assert done.outputs == {"outcome": "kept"}
    assert "kept" in done.summary
    report = ElementTree.parse(repository.folder / "pickle-migrate.xml").getroot()
    assert report.get("failures") == "0"
    assert "::error" not in done.log


def test_the_action_marks_what_is_broken(repository):
    """Annotations in the log, findings in the summary, code 1."""
    change(repository.folder, WRONG)
    done = run_action(repository)
    assert done.code == 1
    assert done.outputs == {"outcome": "broken"}
    assert "::error file=fixtures/orders/one.pickle.yaml" in done.log
    assert "broken" in done.summary
    assert "USD" in done.summary


def test_the_action_says_what_could_not_run(repository):
    """A module that cannot be imported: code 2, and an outcome of its own."""
    change(repository.folder, "import no_such_module\n")
    done = run_action(repository)
    assert done.code == 2
    assert done.outputs == {"outcome": "could not run"}
    assert "no_such_module" in done.log


def test_the_action_compares_with_a_branch_of_a_shallow_clone(repository, tmp_path):
    """Two branches made version 3: seen although the checkout had one commit only."""
    steps = 'order.upgrade(2, RenameField("currency", "money"))\n'
    theirs = NEWER.replace("currency: str", "money: str").replace("USD", "EUR")
    _branch(repository, "main", theirs + "    " + steps)
    repository.must("git", "push", "-q", "origin", "main")
    repository.must("git", "switch", "-q", "-c", "feature", "main~1")
    _branch(
        repository,
        "feature",
        theirs.replace("money", "coin") + "    " + steps.replace("money", "coin"),
    )
    repository.must("git", "push", "-q", "origin", "feature")
    shallow = tmp_path / "shallow"
    origin = f"file://{tmp_path / 'origin.git'}"
    repository.must("git", "clone", "-q", "--depth=1", "--branch=feature", origin, shallow)
    done = run_action(Repository(shallow, repository.environment), against="origin/main")
    assert "Fetch what is compared with" in done.ran
    assert done.code == 1, done.log
    assert "same-version" in done.summary
    assert "origin/main" in done.log


def _branch(repository, name, source):
    change(repository.folder, source)
    repository.must(sys.executable, "-m", "pytest", "-q", "--pickle-archive")
    repository.must("pickle-migrate", "lock")
    repository.commit(f"Version 3 on {name}")


def test_the_inputs_of_the_action_reach_the_command(repository):
    """The mode, more arguments, another folder, no report, and nothing to install."""
    done = run_action(
        repository, mode="backward", arguments="--verbose --no-github", junit="", install=""
    )
    assert done.code == 0, done.log
    assert done.ran == ["Check"]
    assert "(backward)" in done.log
    assert "kept  shop:Order" in done.log
    assert not (repository.folder / "pickle-migrate.xml").exists()
    done = run_action(repository, mode="sideways")
    assert (done.code, done.outputs) == (2, {"outcome": "could not run"})
    deeper = attrs.evolve(repository, folder=repository.folder.parent)
    assert run_action(deeper, **{"working-directory": "project"}).code == 0


def test_a_hostile_branch_name_is_only_a_name(repository, tmp_path):
    """Nothing of an input is run."""
    name = f"origin/$(touch${{IFS}}{tmp_path}/ran)"
    done = run_action(repository, against=name)
    assert done.code != 0
    assert not (tmp_path / "ran").exists()


# --- the documented examples ---------------------------------------------------------------------


def documented(name):
    """A YAML file that the page shows."""
    for block in blocks_of(PAGE, ROOT):
        first, _, text = block.text.partition("\n")
        if first == f"# {name}":
            return yaml.safe_load(text)
    raise AssertionError(f"{PAGE.name} shows no {name}")


def test_the_workflow_of_the_page_uses_the_action_as_it_is():
    """Its inputs are those that there are, and the checkout has all commits."""
    workflow = documented(".github/workflows/old-pickles.yml")
    (job,) = workflow["jobs"].values()
    checkout, action = job["steps"][:2]
    assert checkout["with"]["fetch-depth"] == 0
    assert action["uses"].split("@")[0].endswith("pickle_migrate/.github/actions/check")
    assert action["with"].keys() <= yaml.safe_load(ACTION.read_text())["inputs"].keys()


def test_the_pre_commit_file_of_the_page_names_hooks_that_there_are():
    """By their ids."""
    (repo,) = documented(".pre-commit-config.yaml")["repos"]
    known = {hook["id"] for hook in yaml.safe_load(HOOKS.read_text())}
    assert {hook["id"] for hook in repo["hooks"]} == known


@pytest.mark.parametrize("source", ["kept", "broken"])
def test_the_job_for_gitlab_runs(repository, source):
    """Its lines, as GitLab's runner gives them to a shell, but for the installation; the report is
    where the artefact is taken from.
    """
    (job,) = [one for one in documented(".gitlab-ci.yml").values() if "script" in one]
    lines = [line for line in job["script"] if "pip install" not in line]
    assert len(lines) < len(job["script"])
    if source == "broken":
        change(repository.folder, WRONG)
    variables = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", **job.get("variables", {})}
    script = "\n".join(["set -eo pipefail", *lines])
    done = repository.run("bash", "-c", script, **{k: str(v) for k, v in variables.items()})
    assert done.returncode == (1 if source == "broken" else 0), done.stdout
    report = ElementTree.parse(repository.folder / job["artifacts"]["reports"]["junit"]).getroot()
    assert report.get("failures") == ("2" if source == "broken" else "0")
    assert job["artifacts"]["when"] == "always"
