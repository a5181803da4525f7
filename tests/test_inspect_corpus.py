"""Real old pickles of 23 projects: inspect lists every global that their manifest names."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from pickle_migrate import policy
from pickle_migrate.discovery import Found
from pickle_migrate.inspect_file import inspect_file
from pickle_migrate.inspect_pickle import Options

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
MANIFEST = CORPUS / "manifest.json"
FILES = json.loads(MANIFEST.read_text())["files"] if MANIFEST.exists() else []

pytestmark = pytest.mark.skipif(
    not FILES, reason="the corpus of old pickles is not beside the clone"
)


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["file"])
def test_every_global_of_the_manifest_is_listed(entry):
    """And none besides, apart from what getattr reaches; and all of the file was read."""
    path = CORPUS / entry["file"]
    found = inspect_file(Found(str(path), path.name, explicit=True), Options(policy.for_command()))
    listed = {f"{g.ref.module}.{g.ref.qualname}" for p in found.all_pickles() for g in p.globals}
    by_getattr = {
        f"{g.ref.module}.{g.ref.qualname}"
        for p in found.all_pickles()
        for g in p.globals
        if g.via == "getattr"
    }
    assert listed - by_getattr == set(entry.get("globals", []))
    assert found.status == "complete"
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
    assert found.size == entry["size"]
    assert sum(p.persistent_ids for p in found.pickles) == entry["n_persistent_ids"]
    assert len(found.pickles) == entry["n_pickles"]
    assert {p.protocol for p in found.pickles} == set(entry["protocols"])


def test_all_23_are_there():
    """A check that finds no files fails."""
    assert len(FILES) == 23
