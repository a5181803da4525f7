"""joblib's files as plain pickles and back: by real files of five of its releases, and its own."""

from __future__ import annotations

import gzip
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest

from pickle_migrate import Lineage, Registry, RenameField, codecs, file_plans, static_plan, ways
from pickle_migrate.errors import ContentError
from pickle_migrate.foreign import arrays, joblib_files
from pickle_migrate.foreign.joblib_files import opened
from pickle_migrate.loader import load_parts
from pickle_migrate.packs.using import use_pack
from pickle_migrate.shims import loads as stand_ins

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "packs" / "joblib"


def value():
    """As ``fixtures/packs/joblib/write_joblib.py`` has it."""
    numbers = np.arange(6.0).reshape(2, 3)
    return {
        "numbers": numbers,
        "by_column": np.asfortranarray(numbers + 1),
        "objects": np.array([1, "x", None], dtype=object),
        "texts": np.array(["ab", "cë"]),
        "records": np.array([(1.5, 2), (2.5, 3)], dtype=[("x", "f8"), ("y", "i4")]),
        "dates": np.array(["2020-01-01"], dtype="M8[D]"),
        "empty": np.zeros((0, 3)),
        "scalar": np.float64(3),
        "plain": [1, "two", (numbers[0], {"k": numbers[:, 1]})],
    }


def assert_same(found, wanted):
    if isinstance(wanted, np.ndarray):
        assert type(found) is np.ndarray
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
    elif isinstance(wanted, dict):
        assert list(found) == list(wanted) or set(found) == set(wanted)
        for key in wanted:
            assert_same(found[key], wanted[key])
    elif isinstance(wanted, list | tuple):
        assert type(found) is type(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert_same(one, other)
    else:
        assert type(found) is type(wanted)
        assert found == wanted


def dumped(tmp_path, obj, **options):
    path = tmp_path / "written.joblib"
    joblib.dump(obj, path, **options)
    return path.read_bytes()


def loaded(tmp_path, data):
    path = tmp_path / "again.joblib"
    path.write_bytes(data)
    return joblib.load(path)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_the_plain_pickle_holds_the_arrays_and_leads_back(tmp_path, protocol):
    """At each protocol, of each kind: numbers, records, objects, by column, empty."""
    file = opened(dumped(tmp_path, value(), protocol=protocol))
    assert_same(pickle.loads(file.plain), value())
    assert_same(loaded(tmp_path, file.closed(file.plain)), value())


@pytest.mark.parametrize("size", range(1, 40))
def test_the_padding_fits_the_new_place(tmp_path, size):
    """A text before the arrays shifts them; joblib asks for places that 16 divides."""
    file = opened(dumped(tmp_path, ["x" * 5, np.arange(3.0), np.arange(4)]))
    plain = pickle.dumps(["x" * size, np.arange(3.0), np.arange(4)], 4)
    new = file.closed(plain)
    assert_same(loaded(tmp_path, new), ["x" * size, np.arange(3.0), np.arange(4)])
    assert new.find(np.arange(3.0).tobytes()) % 16 == 0
    mapped = joblib.load(tmp_path / "again.joblib", mmap_mode="r")
    np.testing.assert_array_equal(mapped[1], np.arange(3.0))


def test_what_is_no_such_file_is_none_of_it(tmp_path):
    """Plain pickles, also such as mention the wrapper; files of joblib without arrays."""
    assert opened(pickle.dumps("NumpyArrayWrapper")) is None
    assert opened(dumped(tmp_path, {"a": 1})) is None


def test_a_damaged_file_is_refused(tmp_path):
    """Cut short, or with bytes behind it."""
    data = dumped(tmp_path, value())
    for damaged in (data[:-1], data + b"more", data[: len(data) // 2]):
        with pytest.raises(ContentError, match="joblib"):
            opened(damaged)


def test_steps_and_renames_reach_into_the_file(tmp_path):
    """The file is upgraded as the pickle that plain pickle would have written."""
    registry = Registry()
    Lineage("gone:Model", registry=registry).version_of(
        lambda view: 1 if "w" in view.fields else 2
    ).upgrade(1, RenameField("w", "weights"))
    registry.rename("gone", f"{__name__}")
    data = dumped(tmp_path, Model(w=np.arange(1000.0)))
    data = data.replace(__name__.encode(), b"gone".ljust(len(__name__), b"x"))
    registry.rename("gone".ljust(len(__name__), "x"), "gone")
    static = ways.Ways(None, static_plan.StaticPlanner(registry=registry), ways.Wishes())
    new, way = file_plans.upgraded(data, static, "")
    assert way == "static"
    again = loaded(tmp_path, new)
    np.testing.assert_array_equal(again.weights, np.arange(1000.0))
    assert file_plans.upgraded(new, static, "")[0] == new


class Model:
    """A class of the program."""

    def __init__(self, **fields):
        vars(self).update(fields)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/*.joblib")), ids=lambda p: str(p)[-40:])
def test_files_of_old_releases(tmp_path, path):
    """Old joblib wrote them, some under Python 2, some with arrays in other files. Upgraded with
    the packs, they hold what today's joblib computes of the same value.
    """
    registry = Registry()
    use_pack("joblib", "python2", registry=registry)
    static = ways.Ways(
        None, static_plan.StaticPlanner(registry=registry), ways.Wishes(), load_parts
    )
    opened_file = codecs.unwrap(path.read_bytes())
    new, _ = file_plans.upgraded(opened_file.payload, static, str(path))
    assert_same(loaded(tmp_path, codecs.wrap(new, opened_file.layers)), value())
    assert file_plans.upgraded(new, static, str(tmp_path / "alone.joblib"))[0] == new


def test_there_are_files_of_old_releases():
    """Five releases, with and without compression."""
    assert len(list(FIXTURES.glob("*/*.joblib"))) == 10


def test_gzip_around_it(tmp_path):
    """Compression is another layer."""
    data = dumped(tmp_path, value(), compress=("gzip", 3))
    assert_same(pickle.loads(joblib_files.plain_of(gzip.decompress(data))), value())


@pytest.mark.parametrize("protocol", range(2, 6))
def test_arrays_are_read_as_stand_ins(protocol):
    """Their type, shape, order and bytes, without NumPy, in each form that NumPy writes."""
    for array in (np.arange(6).reshape(2, 3), np.asfortranarray(np.eye(2)), np.zeros((0, 2))):
        found = arrays.read(stand_ins(pickle.dumps(array, protocol), encoding="latin1").root)
        assert found.is_plain
        assert found.shape == array.shape
        assert found.data == array.tobytes("F" if found.is_fortran else "C")
    objects = arrays.read(stand_ins(pickle.dumps(np.array([None, 1]), protocol)).root)
    assert objects.data is None
    assert objects.objects == [None, 1]
    assert arrays.read(stand_ins(pickle.dumps(1j, protocol)).root) is None


def test_an_array_of_objects_that_shares_texts_with_itself(tmp_path):
    """It is a pickle of its own in the file, whose names may be shared otherwise when read back."""
    objects = np.array([Model(a=np.arange(3.0)), Model(a=np.arange(4), b="a")], dtype=object)
    file = opened(dumped(tmp_path, [objects, Model(c=objects)], protocol=4))
    again = loaded(tmp_path, file.closed(pickle.dumps(pickle.loads(file.plain), 4)))
    assert again[0][1].b == "a"
    np.testing.assert_array_equal(again[1].c[0].a, np.arange(3.0))
