"""``archive.records``: the record beside each archived pickle, as text."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from pickle_migrate.archive import records
from pickle_migrate.archive.values import Provenance, Record
from pickle_migrate.errors import ArchiveError

ROOT = Path("/archive")
DIGEST = "0123456789abcdef" * 4
FULL = Record(
    "/archive/shop/order.pickle",
    DIGEST,
    Provenance("shop 1.2", "3.9.18", 4, {"numpy": "1.19.5", "attrs": "21.4"}, "samples.py"),
    ("shop.models:Order@2", "shop.models:Line@?"),
    "latin1",
    records.states_text([{"class": "shop.models:Order", "fields": {"a": 1, "b": "x"}}, [1, 2]]),
    (),
    ROOT,
)
TEXT = f"""\
pickle: order.pickle
sha256: "{DIGEST}"
written by:
  release: shop 1.2
  python: "3.9.18"
  protocol: 4
  libraries:
    attrs: "21.4"
    numpy: "1.19.5"
  writer: samples.py
classes:
  - shop.models:Order@2
  - shop.models:Line@?
encoding: latin1
expected:
  - class: shop.models:Order
    fields:
      a: 1
      b: x
  - [1, 2]
"""


def test_a_record_is_text_that_a_reviewer_can_read() -> None:
    """The keys in their order, libraries by name."""
    assert records.record_text(FULL) == TEXT


def test_what_is_written_is_read() -> None:
    """All of it, the expected states as text and as data."""
    read = records.parse(TEXT, FULL.file, ROOT)
    assert read == FULL
    assert read.expected[1] == [1, 2]
    assert read.name == "shop/order.pickle"
    assert str(read.record_path) == "/archive/shop/order.pickle.yaml"


@pytest.mark.parametrize(
    "change",
    [
        {"provenance": Provenance()},
        {"classes": ()},
        {"encoding": "ASCII"},
        {"file": "/archive/shop/1.pickle"},
        {"file": "/archive/shop/a: 'b'.pickle"},
        {"provenance": Provenance(protocol=0)},
        {"expected_text": "", "expected_in": ("e.yaml#a", {"x": "b.yaml#y", "z": "c.yaml#w"})},
    ],
)
def test_a_part_that_says_nothing_is_left_out(change) -> None:
    """And is read as nothing."""
    record = attrs.evolve(FULL, **change)
    read = records.parse(records.record_text(record), record.file, ROOT)
    assert attrs.evolve(read, line=record.line) == record


def test_any_form_of_the_same_yaml_is_read() -> None:
    """Comments, other quotes, another order, flow style: what a person may make of it."""
    text = (
        "# looked at by Ada\n"
        f"sha256: {DIGEST!r}\n"
        "pickle: 'order.pickle'\n"
        "expected: [{fields: {b: x, a: 1}, class: 'shop.models:Order'}, [1, 2]]  # two\n"
    )
    read = records.parse(text, FULL.file, ROOT)
    assert read.expected == FULL.expected
    assert read.sha256 == DIGEST
    assert read.line == 4


def test_a_record_with_a_comment_in_its_states_keeps_the_text() -> None:
    """It is compared as data then, and equal."""
    read = records.parse(TEXT.replace("a: 1", "a: 1  # one"), FULL.file, ROOT)
    assert read.expected == FULL.expected


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("pickle: order.pickle\n", "", "the key 'pickle' is missing"),
        ("pickle: order.pickle", "pickle: other.pickle", "it is the record of 'other.pickle'"),
        ("pickle: order.pickle", "pickle: er.pickle", "it is the record of 'er.pickle'"),
        (DIGEST, DIGEST[:-1], "sha256 is 64 hexadecimal digits"),
        ("encoding: latin1", "encoding: 5", "encoding is a text"),
        ("encoding: latin1", "colour: red", "the key 'colour' is none of"),
        ("protocol: 4", "protocol: four", "protocol is a number"),
        ("release: shop 1.2", "release: 1.2", "release is a text in quotes"),
        ("release: shop 1.2", "by: Ada", "'by' is none of release"),
        ('attrs: "21.4"', "attrs: 21.4", "libraries: texts are expected"),
        ("- shop.models:Order@2", "- 2", "classes: texts are expected"),
        ("expected:", "expects:", "the key 'expects' is none of"),
        ("expected:", "expected:\nexpected in: []\nother:", "the key 'other'"),
        ("encoding: latin1", "expected in: [a#b]", "both are there"),
        (TEXT[TEXT.index("expected:") :], "", "none is there"),
        (TEXT[TEXT.index("expected:") :], "expected: []\n", "with one item for each pickle"),
        (TEXT[TEXT.index("expected:") :], "expected in: [a.yaml]\n", "expected in: file#key"),
        (TEXT[TEXT.index("expected:") :], "expected in: [{}]\n", "a mapping of keys is empty"),
        (TEXT, "", "it holds no record but nothing"),
        (TEXT, "- a\n", "it holds no record but a list"),
        ("written by:", "written by: x\nothers:", "mapping values|none of"),
        ("  protocol: 4", "  protocol: 4\n  protocol: 5", "stands twice"),
        ("encoding: latin1", "encoding: [", "line "),
    ],
)
def test_what_is_no_record_is_told(old, new, said) -> None:
    """With the file, the key and what to do. Trap: a merge that kept both sides of a key."""
    with pytest.raises(ArchiveError, match=said) as caught:
        records.parse(TEXT.replace(old, new), FULL.file, ROOT)
    assert caught.value.path == "/archive/shop/order.pickle.yaml"
    assert caught.value.remedy


def test_a_pickle_outside_of_the_archive_has_its_whole_path_for_a_name() -> None:
    """As a fixture of somewhere else."""
    assert attrs.evolve(FULL, root=Path("/elsewhere")).name == FULL.file
