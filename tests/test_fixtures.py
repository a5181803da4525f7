"""Every archived pickle of ``fixtures/`` is loaded and compared with what a person wrote down.

The loading runs in a process of its own, so that the classes and declarations of ``migrations/`` do
not reach other tests.
"""

from __future__ import annotations

import bz2
import copy
import gzip
import hashlib
import importlib.metadata
import io
import json
import lzma
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from describe import describe, difference, same

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"
MANIFEST = json.loads((FIXTURES / "manifest.json").read_text(encoding="utf-8"))["files"]
UNWRAP = {"": bytes, "gzip": gzip.decompress, "bz2": bz2.decompress, "xz": lzma.decompress}
RELEASES = ["weatherlog_r1", "weatherlog_r2", "weatherlog_r3", "skywatch_r4", "skywatch_r4_1"]
# Releases of packaging that cannot read what packaging 24.0 wrote; 25.0 and 26.2 on can.
PACKAGING_CANNOT = ("26.0", "26.1")

every_file = pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["path"])
stamped = [entry for entry in MANIFEST if entry["release"] == "skywatch_r4_1"]


# --- in the other process ---------------------------------------------------------------------


def load_archive() -> None:
    """Load every file by pickle_migrate, again after it was dumped anew, and the stamped ones by
    plain pickle; print what came as JSON.
    """
    import pickle_migrate

    found = {"pickle_migrate": {}, "dumped anew": {}, "pickle": {}, "without loading": {}}
    for entry in MANIFEST:
        found["without loading"][entry["path"]] = without_loading(entry)
        found["pickle_migrate"][entry["path"]] = outcome(entry, pickle_migrate)
        found["dumped anew"][entry["path"]] = outcome(entry, pickle_migrate, dumped_anew)
    for entry in stamped:
        found["pickle"][entry["path"]] = outcome(entry, pickle)
    json.dump(found, sys.stdout)


def dumped_anew(obj: Any) -> Any:
    """What is left of an object that today's code writes and plain pickle reads."""
    import pickle_migrate

    return pickle.loads(pickle_migrate.dumps(obj))


def without_loading(entry: dict[str, Any]) -> dict[str, Any]:
    """What is in a file after a static upgrade; why there is none, where it is not offered."""
    import pickle_migrate
    from pickle_migrate import resolver, static_upgrade
    from pickle_migrate.errors import StaticError
    from pickle_migrate.scanner import scan_all
    from pickle_migrate.static_plan import StaticPlanner

    data = UNWRAP[entry["wrapping"]]((FIXTURES / entry["path"]).read_bytes())
    planner = StaticPlanner(resolver.import_ref, import_migrations=resolver.import_migrations)
    row = static_upgrade.row_of(data, scan_all(data).pickles, planner)
    reasons = [str(reason) for reason in row.reasons]
    problems = [problem.what for plan in row.plans for problem in plan.shown.problems]
    if reasons or problems or not any(plan.shown.is_old for plan in row.plans):
        return {"not offered": reasons + problems}
    try:
        way = static_upgrade.STATIC
        new = static_upgrade.upgraded(row, way, encoding=entry["encoding"], protocol=None)
        static_upgrade.check(new, row, planner)
    except StaticError as error:
        return {"not offered": [str(error)]}
    return {"objects": [describe(obj) for obj in objects_in(entry, new, pickle_migrate)]}


def outcome(
    entry: dict[str, Any], library: Any, then: Callable[[Any], Any] = lambda obj: obj
) -> dict[str, Any]:
    """The descriptions of all objects in a file, or the error."""
    data = UNWRAP[entry["wrapping"]]((FIXTURES / entry["path"]).read_bytes())
    try:
        return {"objects": [describe(then(obj)) for obj in objects_in(entry, data, library)]}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def objects_in(entry: dict[str, Any], data: bytes, library: Any) -> list[Any]:
    stream = io.BytesIO(data)
    encoding = entry["encoding"]
    if entry["layout"] == "shared row":
        return shared_row(library.Unpickler(stream, encoding=encoding), stream, len(data))
    loaded = []
    while stream.tell() < len(data):
        loaded.append(library.load(stream, encoding=encoding))
    if entry["layout"] == "book":
        [book] = loaded
        names = [key.partition("#")[2].partition("@")[0] for key in entry["expected"]]
        loaded = [book.pop(name) for name in names]
        assert not book, f"not in the manifest: {sorted(book)}"
    return loaded


def shared_row(unpickler: Any, stream: io.BytesIO, size: int) -> list[Any]:
    """One Pickler wrote the same objects twice: the second time, they are references."""
    loaded = []
    while stream.tell() < size:
        loaded.append(unpickler.load())
    half = len(loaded) // 2
    again = [first is second for first, second in zip(loaded, loaded[half:], strict=False)]
    assert all(again), "an object was loaded twice"
    return loaded[:half]


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What came of every file: by loader, then by path."""
    settings = tmp_path_factory.mktemp("settings") / "pickle_migrate.toml"
    settings.write_text('migrations = ["skywatch_migrations", "pairs"]')
    path = os.pathsep.join(map(str, [ROOT / "migrations", ROOT / "tests", ROOT]))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import test_fixtures as t; t.load_archive()"],
        env={
            **os.environ,
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PICKLE_MIGRATE_SETTINGS": str(settings),
        },
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)


# --- what is expected -------------------------------------------------------------------------


@cache
def expectations(file: str) -> dict[str, Any]:
    return yaml.safe_load((FIXTURES / "expected" / file).read_text(encoding="utf-8"))


def expected_of(entry: dict[str, Any]) -> list[Any]:
    keys = [key.partition("#") for key in entry["expected"]]
    return [expectations(file)[key] for file, _, key in keys]


def archive_problems(manifest: list[dict[str, Any]], folder: Path) -> list[str]:
    """What is wrong between a manifest and the files that lie in the archive's folder."""
    if not manifest:
        return ["the manifest lists no files"]
    listed = {entry["path"] for entry in manifest}
    present = {f.relative_to(folder.parent).as_posix() for f in folder.rglob("*") if f.is_file()}
    present -= {f"{path}.yaml" for path in listed}  # their records
    twice = len(manifest) - len(listed)
    return [
        *(f"{path}: not in the manifest" for path in sorted(present - listed)),
        *(f"{path}: no such file" for path in sorted(listed - present)),
        *([f"{twice} paths are listed twice"] if twice else []),
    ]


# --- the archive is whole ---------------------------------------------------------------------


def test_the_manifest_and_the_folder_list_the_same_files() -> None:
    """Each archived file is in the manifest once, and each entry has its file."""
    assert archive_problems(MANIFEST, FIXTURES / "pickles") == []


def test_a_manifest_that_lists_no_files_is_a_problem() -> None:
    """Trap: a check that finds no files must fail."""
    assert archive_problems([], FIXTURES / "pickles") == ["the manifest lists no files"]


def test_a_file_that_no_entry_names_is_a_problem(tmp_path: Path) -> None:
    """A pickle that somebody put there by hand is noticed, and so is one that is gone."""
    (tmp_path / "pickles").mkdir()
    (tmp_path / "pickles" / "stray.pickle").write_bytes(b"N.")
    assert archive_problems([{"path": "pickles/gone.pickle"}], tmp_path / "pickles") == [
        "pickles/stray.pickle: not in the manifest",
        "pickles/gone.pickle: no such file",
    ]


def test_nothing_else_lies_in_the_fixtures_folder() -> None:
    """Pickles stand in pickles/ only, where the manifest is compared with what lies there."""
    known = {
        "README.md",
        "expected",
        "manifest.json",
        "packs",
        "pickles",
        "releases",
        "upgrade.py",
        "write_fixtures.py",
        "write_records.py",
    }
    found = {path.name for path in FIXTURES.iterdir()} - {"__pycache__"}
    assert found <= known


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_is_archived_from_two_interpreters_at_every_protocol(release: str) -> None:
    """Every release was run by at least two Pythons, at all their protocols, with both picklers."""
    mine = [entry for entry in MANIFEST if entry["release"] == release]
    assert len({entry["python"] for entry in mine}) >= 2
    assert {entry["protocol"] for entry in mine} == {0, 1, 2, 3, 4, 5}
    assert {entry["pickler"] for entry in mine} == {"c", "python"}
    assert {entry["layout"] for entry in mine} == {"one", "book", "row", "shared row"}


def test_every_wrapping_is_archived() -> None:
    """gzip, bz2 and xz files are there, and bare ones."""
    assert {entry["wrapping"] for entry in MANIFEST} == set(UNWRAP)


def test_every_expectation_is_used() -> None:
    """A hand-written state that no file refers to would check nothing."""
    used = {key for entry in MANIFEST for key in entry["expected"]}
    files = ("skywatch.yaml", "pairs.yaml", "packaging.yaml")
    assert used == {f"{file}#{key}" for file in files for key in expectations(file)}


# --- every file loads as expected -------------------------------------------------------------


@every_file
def test_an_archived_file_has_the_bytes_that_were_written(entry: dict[str, Any]) -> None:
    """The old bytes are never written anew by accident."""
    data = (FIXTURES / entry["path"]).read_bytes()
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (entry["sha256"], entry["size"])


@every_file
def test_an_archived_file_loads_with_the_expected_state(
    entry: dict[str, Any], archive: dict[str, Any]
) -> None:
    """``pickle_migrate.load`` gives, from any release's bytes, what today's classes should hold."""
    found = archive["pickle_migrate"][entry["path"]]
    if entry["release"] == "packaging_24" and _installed_packaging_cannot_read():
        assert found["error"].startswith(("AttributeError", "ModuleNotFoundError"))
        return
    assert found.get("error") is None
    assert difference(expected_of(entry), found["objects"]) == ""


@every_file
def test_an_archived_file_that_is_dumped_anew_needs_nothing_more(
    entry: dict[str, Any], archive: dict[str, Any]
) -> None:
    """Migrated and dumped by today's code, it has the same state under plain ``pickle`` too."""
    if entry["release"] == "packaging_24" and _installed_packaging_cannot_read():
        return
    found = archive["dumped anew"][entry["path"]]
    assert found.get("error") is None
    assert difference(expected_of(entry), found["objects"]) == ""


@every_file
def test_an_archived_file_that_is_upgraded_without_loading(
    entry: dict[str, Any], archive: dict[str, dict[str, Any]]
) -> None:
    """Where a static upgrade is offered, it gives what loading gives."""
    found = archive["without loading"][entry["path"]]
    if "not offered" in found or _installed_packaging_cannot_read():
        return
    assert difference(expected_of(entry), found["objects"]) == ""


def test_static_upgrades_are_offered(archive: dict[str, dict[str, Any]]) -> None:
    """Trap: a check that checks nothing. For every release some files need no loading."""
    offered = [path for path, found in archive["without loading"].items() if "objects" in found]
    assert len(offered) >= 60
    assert {path.split("/")[1] for path in offered} >= set(RELEASES)


def _installed_packaging_cannot_read() -> bool:
    return importlib.metadata.version("packaging") in PACKAGING_CANNOT


@pytest.mark.parametrize("entry", stamped, ids=lambda entry: entry["path"])
def test_a_stamped_file_loads_by_plain_pickle_too(
    entry: dict[str, Any], archive: dict[str, Any]
) -> None:
    """Stamps carry version and name through ``pickle.load``. Only the finishing stage is missing
    there, which fills the index of a network.
    """
    found = archive["pickle"][entry["path"]]
    assert found.get("error") is None
    for expected, key, state in zip(
        expected_of(entry), entry["expected"], found["objects"], strict=True
    ):
        if key == "skywatch.yaml#network":
            assert state["class"] == "skywatch.places:StationNetwork"
            assert state["fields"]["index"] == {"dict": {}}
        else:
            assert difference(expected, state) == ""


def test_fields_that_changed_places_keep_their_values(archive: dict[str, Any]) -> None:
    """Trap: attrs 21.4 wrote slots by position. Read field by field into today's order, ``a`` and
    ``b`` would be exchanged and ``c`` unset, with no error.
    """
    pairs = [entry for entry in MANIFEST if entry["release"] == "attrs_21_4"]
    found = [
        archive["pickle_migrate"][e["path"]]["objects"] for e in pairs if "pair.p" in e["path"]
    ]
    right = {"class": "pairs:Pair", "fields": {"a": "first", "b": "second", "c": None}}
    assert found
    assert all(same([right], objects) for objects in found)


# --- the checks can fail ----------------------------------------------------------------------


@every_file
def test_a_falsified_expectation_is_noticed(entry: dict[str, Any], archive: dict[str, Any]) -> None:
    """Trap: an archive test that compares a file with itself. One wrong value must be seen."""
    found = archive["pickle_migrate"][entry["path"]]
    if "error" in found:
        assert _installed_packaging_cannot_read()
        return
    for number in range(len(entry["expected"])):
        wrong = copy.deepcopy(expected_of(entry))
        wrong[number] = falsified(wrong[number])
        assert difference(wrong, found["objects"]).startswith(f"$[{number}]")


def falsified(expected: Any) -> Any:
    """The description with one value changed, the deepest on the way of the last members."""
    if isinstance(expected, dict):
        last = list(expected)[-1]
        return {**expected, last: falsified(expected[last])}
    if isinstance(expected, list) and expected:
        return [*expected[:-1], falsified(expected[-1])]
    return "falsified"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (1, True),
        ("1", 1),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        ({"a": None}, {}),
        ([{"same": "$"}], [{"same": "$[0]"}]),
    ],
)
def test_descriptions_differ_by_type_length_and_reference(left: Any, right: Any) -> None:
    """The comparison itself: what Python calls equal is not enough."""
    assert same(left, left)
    assert not same(left, right)


def test_describe_tells_shared_objects_from_equal_ones() -> None:
    """One list met twice is described once and then referred to; two equal lists are not."""
    shared: list[int] = [1]
    assert describe([shared, shared]) == [[1], {"same": "$[0]"}]
    assert describe([[1], [1]]) == [[1], [1]]


def test_describe_follows_a_cycle() -> None:
    """A list that holds itself refers to the root."""
    pages: list[Any] = []
    pages.append(pages)
    assert describe(pages) == [{"same": "$"}]


def test_describe_notices_a_stranded_key() -> None:
    """Trap: an object whose hash changed after it was put into a set is found there no more."""

    class Word:
        def __init__(self, text: str) -> None:
            self.text = text

        def __hash__(self) -> int:
            return hash(self.text)

    word = Word("old")
    words = {word}
    assert "stranded" not in describe(words)
    word.text = "new"
    assert describe(words)["stranded"] is True


def test_describe_has_no_words_for_other_things() -> None:
    """What the describing function does not know, it refuses; it never passes it by."""
    with pytest.raises(TypeError, match="no words for"):
        describe([object()])
