"""The README's first command: every archived pickle is upgraded, and a second run changes nothing.

Its set-up, an environment and pip, is left to ``.ci/run``; the command that it then runs is run
here, with the same arguments.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = json.loads((ROOT / "fixtures/manifest.json").read_text(encoding="utf-8"))["files"]


@pytest.fixture(scope="module")
def script() -> dict:
    """The names in ``fixtures/upgrade.py``, which does nothing when it is imported."""
    before = list(sys.path)
    try:
        return runpy.run_path(str(ROOT / "fixtures/upgrade.py"))
    finally:
        sys.path[:] = before


def upgrade(script: dict, *options: str) -> tuple[int, dict]:
    done = subprocess.run(
        [sys.executable, "-m", "pickle_migrate", *script["ARGUMENTS"], *options, "--json"],
        cwd=ROOT,
        env={**os.environ, **script["SETTINGS"]},
        capture_output=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_every_archived_pickle_is_upgraded_and_a_second_run_changes_nothing(script, tmp_path):
    """All files of the manifest come out, none is refused; the second run finds them current."""
    code, first = upgrade(script, "--to", str(tmp_path / "upgraded"))
    assert [f for f in first["files"] if f["problems"]] == []
    assert code == 0
    assert {f["path"] for f in first["files"]} == {f"fixtures/{f['path']}" for f in MANIFEST}
    written = {p: p.read_bytes() for p in (tmp_path / "upgraded").rglob("*") if p.is_file()}
    assert len(written) == len(MANIFEST)

    code, second = upgrade(script, "--to", str(tmp_path / "upgraded"))
    assert code == 0
    assert {f["result"] for f in second["files"]} == {"current"}
    assert {p: p.read_bytes() for p in written} == written


def test_an_older_python_is_told(script):
    """Both commands say which Python they need; the check stands before anything else."""
    for path in ("fixtures/upgrade.py", "tests/run.py"):
        source = (ROOT / path).read_text(encoding="utf-8")
        code = source.replace("sys.version_info < (3, 11)", "True")
        assert code != source
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 1
        assert done.stderr.startswith("This needs Python 3.11 or newer; this is Python ")
