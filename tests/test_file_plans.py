"""Plans for files: what is planned, what is refused by name, what is passed over."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path

import attrs
import joblib
import numpy as np
import pytest
from scratch import scratch_at
from world import World

from pickle_migrate import file_plans, store
from pickle_migrate.errors import FileError
from pickle_migrate.findings import FilePlan

PROTO_4 = b"\x80\x04"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.old_release()
    made.new_release()
    with scratch_at(made.new):
        yield made


def plans(*paths: Path, to: str | None = None) -> list[FilePlan]:
    return list(file_plans.plan_files(store.discover(list(paths)), to))


def explicit(world: World, name: str, data: bytes) -> FilePlan:
    """The plan for a file that is named."""
    path = world.data / name
    path.write_bytes(data)
    [plan] = plans(path)
    return plan


def in_folder(world: World, name: str, data: bytes) -> FilePlan:
    """The plan for a file that lies in a folder which is named."""
    (world.data / name).write_bytes(data)
    [plan] = plans(world.data)
    return plan


def said(plan: FilePlan) -> str:
    return " ".join(problem.what for problem in plan.all_problems())


def test_depth_is_no_reason_to_refuse(world):
    """Loading does not recurse and writing does not either: a long chain is honest data."""
    count = 70_000
    data = PROTO_4 + b"]" * count + b"a" * (count - 1) + b"."
    assert explicit(world, "deep.pkl", data).action == "current"


# --- pickles ------------------------------------------------------------------------------------


def test_a_file_with_old_objects_is_to_be_upgraded(world):
    """Its plan holds what the planner found."""
    [plan] = plans(world.order(protocol=3))
    assert plan.action == "upgrade"
    assert [p.protocol for p in plan.pickles] == [3]
    assert [c.describe() for c in plan.all_classes()] == ["shop:Order 1 -> 3"]
    assert len(plan.all_steps()) == 2


@pytest.mark.parametrize("protocol", range(6))
def test_a_file_without_versioned_classes_is_current(world, protocol):
    """There is nothing to do."""
    data = pickle.dumps({"a": [1, 2.5, "x", None]}, protocol)
    assert explicit(world, "plain.pkl", data).action == "current"


@pytest.mark.parametrize("protocol", range(6))
def test_a_file_that_today_writes_is_current(world, protocol):
    """By all protocols, those without PROTO too: stamps stand there in lines of text."""
    code = f"import shop; pickle.dump(shop.Order(), open('now.pkl', 'wb'), {protocol})"
    world.write(code, release="new")
    for paths in ([world.data / "now.pkl"], [world.data]):
        [plan] = plans(*paths)
        assert (plan.action, plan.all_problems()) == ("current", ())


@pytest.mark.parametrize(
    ("name", "compress"), [("gzip", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_compressed_files(world, name, compress):
    """By how they begin, whatever they are called."""
    data = world.order().read_bytes()
    plan = explicit(world, "it", compress(compress(data)))
    assert (plan.action, plan.codecs) == ("upgrade", (name, name))


def test_one_bad_pickle_in_a_row_refuses_the_file(world):
    """All its problems are listed, each once."""
    world.new_release(steps="")
    world.write(
        "import shop\nwith open('row.pkl', 'wb') as file:\n"
        "    for n in range(3): pickle.dump(shop.Order(qty=n), file)"
    )
    [plan] = plans(world.data / "row.pkl")
    assert (plan.action, len(plan.pickles)) == ("refuse", 3)
    assert [p.facts["missing"] for p in plan.all_problems()] == [1, 2]


def test_planning_changes_nothing_on_disk(world):
    """Neither files nor their times."""
    path = world.order()
    before, status = world.content(), path.stat()
    plans(world.data, to="out")
    assert world.content() == before
    assert path.stat().st_mtime_ns == status.st_mtime_ns


# --- damage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_pickle_that_is_cut_short_is_refused(world, protocol):
    """In a folder too: it begins as only pickles do."""
    data = world.order(protocol=protocol).read_bytes()
    (world.data / "order.pkl").unlink()
    plan = in_folder(world, "cut", data[:-5])
    assert plan.action == "refuse"
    assert said(plan).startswith("Not a complete pickle")


def test_a_cut_pickle_of_protocol_0_is_refused_when_its_name_says_pickle(world):
    """It may begin like a text; nobody calls a text order.pkl."""
    data = world.order(protocol=0).read_bytes()[:-5]
    assert in_folder(world, "order.pkl", data).action == "refuse"


@pytest.mark.parametrize("rest", [b"\0", b"\n", b"rest of it", PROTO_4])
def test_bytes_after_the_last_pickle_refuse_the_file(world, rest):
    """They would be lost."""
    data = world.order().read_bytes()
    plan = explicit(world, "order.pkl", data + rest)
    assert plan.action == "refuse"
    assert f"byte{'s' * (len(rest) > 1)} after its last pickle, from byte {len(data)}" in said(plan)


def test_joblib_files_with_arrays_are_planned(world):
    """joblib puts the arrays' bytes between the opcodes; what is cut short is refused."""
    file = io.BytesIO()
    joblib.dump({"a": np.arange(1000.0)}, file)
    assert explicit(world, "model.joblib", file.getvalue()).action == "current"
    assert explicit(world, "cut.joblib", file.getvalue()[:-1]).action == "refuse"


def test_a_damaged_gzip_file_is_refused(world):
    """No part of it is taken for the whole."""
    data = gzip.compress(world.order().read_bytes())
    plan = explicit(world, "it.gz", data[:-3])
    assert (plan.action, plan.problems[0].error) == ("refuse", "CompressionError")


# --- other files --------------------------------------------------------------------------------


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data.pkl", pickle.dumps([1]))
    return file.getvalue()


def _npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(3))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (_zip(), "a zip container"),
        (_npy(), "a NumPy array file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5 file"),
        (b"SQLite format 3\0" + bytes(100), "an SQLite database"),
        (b"\x28\xb5\x2f\xfd" + bytes(10), "a Zstandard stream"),
    ],
)
def test_containers_are_refused_by_name(world, data, name):
    """They may hold pickles that are not upgraded: the run must not end as if all were done."""
    plan = in_folder(world, "it", data)
    assert plan.action == "refuse"
    assert f"The file is {name}" in said(plan)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "an empty file"),
        (b"Remember the milk.\n", "a text file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "a PNG image"),
        (bytes(range(256)), "binary data"),
    ],
)
def test_what_was_never_a_pickle(world, data, name):
    """Passed over in a folder; a failure when it was named, or is called a pickle."""
    plan = in_folder(world, "it", data)
    assert (plan.action, plan.problems) == ("not a pickle", ())
    plan = explicit(world, "it", data)
    assert plan.action == "not a pickle"
    assert f"The file is {name}" in said(plan)
    (world.data / "it").unlink()
    assert in_folder(world, "it.pkl.gz", data).problems != ()


def test_a_text_that_begins_with_a_pickle_by_chance(world):
    """N is None and the dot is STOP; in a folder it is passed over."""
    assert in_folder(world, "it", b"N. America").action == "not a pickle"
    assert explicit(world, "it", b"N. America").action == "refuse"
    (world.data / "it").unlink()
    old = world.order(protocol=0)
    data = old.read_bytes()
    old.unlink()
    assert in_folder(world, "it", data + b"rest").action == "refuse"


def test_what_cannot_be_read(world):
    """A folder of that name, a file that vanished."""
    path = world.order()
    [found] = store.discover([path])
    path.unlink()
    plan = file_plans.plan_file(found, file_plans.new_ways())
    assert (plan.action, plan.problems[0].error) == ("refuse", "FileError")
    error = FileError("x", "cannot be listed")
    plan = file_plans.plan_file(attrs.evolve(found, error=error), file_plans.new_ways())
    assert said(plan) == "x: cannot be listed."


def test_a_file_that_could_not_be_replaced_is_refused_by_the_plan(world):
    """The plan for --in-place asks the store first."""
    path = world.order()
    (world.data / "other name").hardlink_to(path)
    [plan] = file_plans.plan_files(store.discover([path]), None, store.check_replaceable)
    assert plan.action == "refuse"
    assert "hard links" in said(plan)


def test_a_module_that_exits_ends_nothing(world):
    """sys.exit() in an imported module is that file's problem."""
    world.new_release("raise SystemExit(3)")
    [plan] = plans(world.order())
    assert plan.action == "refuse"
    assert "it raised SystemExit" in said(plan)


# --- outputs ------------------------------------------------------------------------------------


def test_outputs_keep_the_path_below_the_given_folder(world):
    """A named file has its bare name."""
    (world.data / "sub").mkdir()
    path = world.order("sub/order.pkl")
    assert [p.output for p in plans(world.data, to="out")] == ["out/sub/order.pkl"]
    assert [p.output for p in plans(path, to="out")] == ["out/order.pkl"]


def test_files_for_one_output_are_refused_together(world):
    """However the output is spelled; files that are not written are in nobody's way."""
    one, two, three = (
        FilePlan(f"{n}/x", action, output=output)
        for n, action, output in [
            (1, "upgrade", "out/x"),
            (2, "current", "out/../out/x"),
            (3, "refuse", "out/x"),
        ]
    )
    made = file_plans.refuse_collisions([one, two, three])
    assert [p.action for p in made] == ["refuse", "refuse", "refuse"]
    assert [len(p.problems) for p in made] == [1, 1, 0]
    assert file_plans.refuse_collisions([one, three]) == [one, three]
