"""``archive.freeze``: taking pickles in, and expecting other states, on request."""

from __future__ import annotations

import dataclasses
import io
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from pickle_migrate import archive, versioned
from pickle_migrate.archive import folder, freeze, loads
from pickle_migrate.archive.values import Provenance
from pickle_migrate.errors import ArchiveError
from pickle_migrate.policy import Policy


@versioned(2, unstamped=2)
@dataclasses.dataclass
class Order:
    customer: str
    quantity: int


REF = f"{__name__}:Order"
ROOT = Path(__file__).resolve().parent.parent


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_an_object_is_archived_with_its_state(tmp_path) -> None:
    """As today's code writes it; what it is now it must be for ever."""
    record = archive.add(
        Order("Ada", 3), "orders/one", folder=tmp_path, release="shop 2", writer="here"
    )
    assert record.record_path.read_text(encoding="utf-8").split("expected:")[1] == (
        f"\n  - class: {REF}\n    fields:\n      customer: Ada\n      quantity: 3\n"
    )
    [read] = folder.read_archive(tmp_path).records
    assert read == record
    assert read.classes == (f"{REF}@2",)
    assert read.provenance.release == "shop 2"
    assert read.provenance.python.startswith("3.")
    assert loads.compare(loads.load_record(read)) == []


def test_libraries_are_noted_that_the_pickle_names(tmp_path) -> None:
    """With the versions that are installed."""
    import numpy
    from packaging.version import Version

    record = archive.add([numpy.arange(2), Version("1")], "a.pkl", folder=tmp_path)
    libraries = record.provenance.libraries
    assert libraries["numpy"] == numpy.__version__
    assert "packaging" in libraries
    assert archive.add([1], "b", folder=tmp_path).provenance.libraries == {}


def test_nothing_that_is_archived_is_overwritten(tmp_path) -> None:
    """The same bytes again change nothing; others of the same name are refused."""
    first = archive.add(Order("Ada", 3), "one", folder=tmp_path)
    before = files(tmp_path)
    assert archive.add(Order("Ada", 3), "one", folder=tmp_path) == first
    with pytest.raises(ArchiveError, match="never overwritten"):
        archive.add(Order("Ada", 4), "one", folder=tmp_path)
    assert files(tmp_path) == before


def test_a_pickle_whose_record_is_missing_gets_one(tmp_path) -> None:
    """As after a kill between the two."""
    first = archive.add(Order("Ada", 3), "one", folder=tmp_path)
    before = files(tmp_path)
    first.record_path.unlink()
    archive.add(Order("Ada", 3), "one", folder=tmp_path)
    assert files(tmp_path) == before


def unstamped() -> bytes:
    """What an earlier program wrote: the class by its name, its fields in a dict."""
    return (
        f"c{__name__}\nOrder\n".encode() + b")\x81}(X\x08\x00\x00\x00customerX\x01\x00\x00\x00b"
        b"X\x08\x00\x00\x00quantityK\x01ub."
    )


def test_classes_of_unstamped_pickles_are_noted_without_a_version(tmp_path) -> None:
    """The bytes say none."""
    data = b"\x80\x02" + unstamped()
    frozen = freeze.freeze(data, "a.pickle", tmp_path, Provenance())
    assert frozen.record.classes == (f"{REF}@?",)
    assert frozen.record.provenance.protocol == 2


class Persistent(pickle.Pickler):
    def persistent_id(self, obj):
        return "five" if obj == 5 else None


def persistent() -> bytes:
    file = io.BytesIO()
    Persistent(file).dump([5])
    return file.getvalue()


def out_of_band() -> bytes:
    return pickle.dumps(pickle.PickleBuffer(b"x" * 99), 5, buffer_callback=lambda b: None)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"hello world, this is text\n" * 9, "no pickle but a text file"),
        (b"", "an empty file"),
        (pickle.dumps([1])[:-1], "no pickle that can be archived"),
        (pickle.dumps([1]) + b"\xff\xff", "2 bytes after its last pickle"),
        (persistent(), "persistent ids"),
        (out_of_band(), "buffers"),
        (b"cno_such_module\nThing\n.", "does not load with today's code"),
        (b"\x1f\x8b\x08junk", "no pickle that can be archived"),
    ],
)
def test_what_cannot_be_archived_is_refused(data, said, tmp_path) -> None:
    """With what to do; nothing is written."""
    with pytest.raises(ArchiveError, match=said) as caught:
        freeze.freeze(data, "a.pickle", tmp_path, Provenance())
    assert caught.value.remedy
    assert files(tmp_path) == {}


def test_a_policy_is_asked_before_anything_is_imported(tmp_path) -> None:
    """A pickle from elsewhere is not loaded to see what it is."""
    data = b"cantigravity\ngeohash\n."
    with pytest.raises(ArchiveError, match="not allowed"):
        freeze.freeze(data, "a.pickle", tmp_path, Provenance(), policy=Policy())
    assert "antigravity" not in sys.modules


def test_another_state_is_accepted_on_request(tmp_path) -> None:
    """The expected part alone is written anew: comments and layout of the rest stay."""
    record = archive.add(Order("Ada", 3), "one", folder=tmp_path)
    text = record.record_path.read_text(encoding="utf-8")
    head, states = text.split("expected:")
    by_hand = f"# checked by Ada\n{head}expected:{states.replace('3', '4  # four')}\n# the end\n"
    record.record_path.write_text(by_hand, encoding="utf-8")
    [read] = folder.read_archive(tmp_path).records

    shown = freeze.accept(read, write=False)
    assert (shown.outcome, shown.lines) == (
        "accepted",
        ("$.quantity: expected 4 (int), found 3 (int)",),
    )
    assert record.record_path.read_text(encoding="utf-8") == by_hand

    assert freeze.accept(read).outcome == "accepted"
    now = record.record_path.read_text(encoding="utf-8")
    assert now.startswith(f"# checked by Ada\n{head}expected:{states}")
    [read] = folder.read_archive(tmp_path).records
    assert freeze.accept(read).outcome == "kept"
    assert record.record_path.read_text(encoding="utf-8") == now


def test_accepting_keeps_line_ends(tmp_path) -> None:
    """Of a checkout on another system."""
    record = archive.add([1], "one", folder=tmp_path)
    data = record.record_path.read_bytes().replace(b"\n", b"\r\n").replace(b"1]", b"2]")
    record.record_path.write_bytes(data)
    [read] = folder.read_archive(tmp_path).records
    freeze.accept(read)
    assert record.record_path.read_bytes() == data.replace(b"2]", b"1]")


def test_what_cannot_be_accepted_is_refused(tmp_path) -> None:
    """Changed bytes, states that a person wrote elsewhere, a pickle that no longer loads."""
    changed = archive.add([1], "changed", folder=tmp_path)
    changed.path.write_bytes(pickle.dumps([2]))
    with pytest.raises(ArchiveError, match="not those that were archived"):
        freeze.accept(changed)

    (tmp_path / "in.yaml").write_text("a: [5]\n")
    data = pickle.dumps([1])
    elsewhere = freeze.record_in_places(
        data, tmp_path / "b.pickle", tmp_path, Provenance(), ("in.yaml#a",)
    )
    elsewhere.path.write_bytes(data)
    with pytest.raises(ArchiveError, match="stands in another file"):
        freeze.accept(elsewhere)

    gone = freeze.record_in_places(
        b"N.", tmp_path / "c.pickle", tmp_path, Provenance(), ("in.yaml#a",)
    )
    with pytest.raises(ArchiveError, match="does not load"):
        freeze.accept(gone)


def test_a_kill_leaves_the_archive_as_it_was_or_with_the_pickle(tmp_path) -> None:
    """Killed as it writes the record: the pickle is whole, and archiving it again completes it."""
    code = (
        "import os, sys\n"
        "from pickle_migrate import archive, store\n"
        "from pickle_migrate.archive import freeze\n"
        "create = store.create\n"
        "def killed(path, data, **more):\n"
        "    if str(path).endswith('.yaml'):\n"
        "        os.kill(os.getpid(), 9)\n"
        "    return create(path, data, **more)\n"
        "freeze.store.create = killed\n"
        "archive.add([1, 2], 'one', folder=sys.argv[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert list(files(tmp_path)) == ["one.pickle"]
    assert pickle.loads(files(tmp_path)["one.pickle"]) == [1, 2]
    archive.add([1, 2], "one", folder=tmp_path)
    assert len(folder.read_archive(tmp_path).records) == 1


def test_the_package_names_nothing_else() -> None:
    """``pickle_migrate.archive.add`` is the one name."""
    assert archive.__all__ == ["add"]
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        archive.other
