"""Files written again at older versions: whole or not at all, checked before they are replaced."""

import gzip
import io
import pickle

import pytest

from pickle_migrate import loads
from pickle_migrate.discovery import discover
from pickle_migrate.errors import ArgumentError, DowngradeError
from pickle_migrate.file_downgrades import Rollback, roll_back
from pickle_migrate.policy import for_command
from pickle_migrate.scanner import scan_all

SHOP = """
    from dataclasses import dataclass

    @versioned(3)
    @dataclass
    class Order:
        quantity: int
        currency: str = "EUR"

    order = Lineage("shop:Order").renamed_from("shop:Sale", until=1)
    order.upgrade(1, RenameField("qty", "quantity"))
    order.upgrade(2, AddField("currency", default="EUR"))
"""


@pytest.fixture
def shop(scratch):
    return scratch.module("shop", SHOP)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "files"
    made.mkdir()
    return made


def run(folder, version=1, **more):
    return list(roll_back(discover([str(folder)]), Rollback({"shop:Order": version}, **more)))


def results(found):
    return {one.path.rpartition("/")[2]: one.result for one in found}


def stamps_of(path):
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:1] == b"\x1f" else data
    return [text.partition("~")[0] for scan in scan_all(data).pickles for text in scan.stamps]


def test_files_are_replaced_with_a_backup(shop, folder):
    """Rows of pickles, compressed ones, protocols as they were."""
    order = shop.Order(3)
    (folder / "one.pickle").write_bytes(pickle.dumps(order, 2))
    (folder / "row.pickle").write_bytes(pickle.dumps(order) + pickle.dumps([order]))
    (folder / "packed.pkl.gz").write_bytes(gzip.compress(pickle.dumps(order)))
    shared = io.BytesIO()
    pickler = pickle.Pickler(shared)
    pickler.dump(order)
    pickler.dump([order])
    (folder / "shared.pickle").write_bytes(shared.getvalue())
    before = (folder / "one.pickle").read_bytes()
    found = run(folder)
    assert set(results(found).values()) == {"downgraded"}
    assert found[0].classes == ("shop:Order 3 -> shop:Sale 1",)
    assert stamps_of(folder / "one.pickle") == ["shop:Sale@1"]
    assert stamps_of(folder / "row.pickle") == ["shop:Sale@1", "shop:Sale@1"]
    assert stamps_of(folder / "packed.pkl.gz") == ["shop:Sale@1"]
    assert stamps_of(folder / "shared.pickle") == ["shop:Sale@1"]
    assert (folder / "one.pickle").read_bytes()[:2] == b"\x80\x02"
    assert loads((folder / "one.pickle").read_bytes()) == order
    assert (folder / "one.pickle.bak").read_bytes() == before


def test_a_second_run_changes_nothing(shop, folder):
    (folder / "one.pickle").write_bytes(pickle.dumps(shop.Order(3)))
    run(folder, backup=False)
    before = (folder / "one.pickle").read_bytes()
    assert results(run(folder)) == {"one.pickle": "unchanged"}
    assert (folder / "one.pickle").read_bytes() == before


def test_what_is_older_than_asked_for_is_left_alone(shop, folder):
    (folder / "one.pickle").write_bytes(pickle.dumps(shop.Order(3)))
    run(folder, 1, backup=False)
    assert results(run(folder, 2)) == {"one.pickle": "unchanged"}


def test_a_file_that_would_lose_a_value_stays_as_it_was(shop, folder):
    """And the others go on."""
    (folder / "a.pickle").write_bytes(pickle.dumps(shop.Order(3, "USD")))
    (folder / "b.pickle").write_bytes(pickle.dumps(shop.Order(3)))
    before = (folder / "a.pickle").read_bytes()
    found = run(folder)
    assert results(found) == {"a.pickle": "failed", "b.pickle": "downgraded"}
    assert "would lose the value of 'currency'" in found[0].problems[0].what
    assert (folder / "a.pickle").read_bytes() == before
    assert results(run(folder, lossy="allow"))["a.pickle"] == "downgraded"


def test_new_files_in_another_folder(shop, folder, tmp_path):
    """What needs nothing is copied; the old files stay."""
    (folder / "a.pickle").write_bytes(pickle.dumps(shop.Order(3)))
    (folder / "b.pickle").write_bytes(pickle.dumps([1]))
    (folder / "c.txt").write_text("no pickle")
    before = (folder / "a.pickle").read_bytes()
    found = run(folder, to=str(tmp_path / "out"))
    assert results(found) == {
        "a.pickle": "downgraded",
        "b.pickle": "copied",
        "c.txt": "not a pickle",
    }
    assert (folder / "a.pickle").read_bytes() == before
    assert stamps_of(tmp_path / "out" / "a.pickle") == ["shop:Sale@1"]


def test_a_dry_run_writes_nothing(shop, folder):
    (folder / "a.pickle").write_bytes(pickle.dumps(shop.Order(3)))
    before = (folder / "a.pickle").read_bytes()
    assert results(run(folder, dry_run=True)) == {"a.pickle": "would downgrade"}
    assert [p.name for p in folder.iterdir()] == ["a.pickle"]
    assert (folder / "a.pickle").read_bytes() == before


@pytest.mark.parametrize(
    "data", [pickle.dumps([1]) + b"tail", b"\x80\x04broken", pickle.dumps([1])[:-1]]
)
def test_damaged_files_fail(shop, folder, data):
    (folder / "a.pickle").write_bytes(data)
    assert results(run(folder)) == {"a.pickle": "failed"}
    assert (folder / "a.pickle").read_bytes() == data


def test_a_policy_decides_before_anything_is_imported(shop, folder):
    (folder / "a.pickle").write_bytes(b"cos\nsystem\n(S'echo hello'\ntR.")
    found = run(folder, policy=for_command())
    assert results(found) == {"a.pickle": "failed"}
    assert found[0].problems[0].error == "PolicyError"


def test_a_wrong_request_is_refused_before_the_first_file(shop, folder):
    (folder / "a.pickle").write_bytes(pickle.dumps(shop.Order(3)))
    with pytest.raises(DowngradeError):
        run(folder, 9)
    with pytest.raises(ArgumentError):
        list(roll_back(discover([str(folder)]), Rollback({"shop:Nobody": 1})))


def test_a_stamp_of_the_same_version_with_other_fields_goes_back_too(scratch, folder):
    """The old release would refuse its fingerprint; without one it reads it."""
    module = scratch.module(
        "shop",
        """
        from typing import NamedTuple

        @versioned(1)
        class Order(NamedTuple):
            quantity: int

        Lineage("shop:Order").accept_fingerprint(1, "0123abcd")
        """,
    )
    (folder / "a.pickle").write_bytes(pickle.dumps(module.Order(3)))
    found = run(folder, 1, backup=False)
    assert (found[0].result, found[0].classes) == ("downgraded", ("shop:Order 1 -> 1",))
    assert b"~" not in (folder / "a.pickle").read_bytes()
    assert results(run(folder, 1)) == {"a.pickle": "unchanged"}
