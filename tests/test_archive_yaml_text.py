"""``archive.yaml_text``: plain data to YAML and back."""

from __future__ import annotations

import pytest
import yaml
from archive_graphs import DATA, equal
from hypothesis import given

from pickle_migrate.archive import yaml_text
from pickle_migrate.errors import ArgumentError, ContentError


@given(DATA)
def test_what_is_written_is_read_back(data) -> None:
    """By our reader and by PyYAML's own, with the order of keys; and written the same again."""
    text = yaml_text.write(data)
    assert equal(yaml_text.read(text), data)
    assert equal(yaml.load(text, yaml.SafeLoader), data)
    assert yaml_text.write(yaml_text.read(text)) == text


def test_it_is_laid_out_for_a_reader() -> None:
    """One key with a single value, a few numbers, and nothing stand in one line."""
    data = {
        "class": "shop.models:Order",
        "fields": {"when": {"date": "2015-03-01"}, "sizes": [1, 2.5], "none": [], "lines": "a\nb"},
        "list": [{"a": 1, "b": [["x"]]}],
    }
    assert yaml_text.write(data) == (
        "class: shop.models:Order\n"
        "fields:\n"
        '  when: {date: "2015-03-01"}\n'
        "  sizes: [1, 2.5]\n"
        "  none: []\n"
        "  lines: |-\n"
        "    a\n"
        "    b\n"
        "list:\n"
        "  - a: 1\n"
        "    b:\n"
        "      - - x\n"
    )


@pytest.mark.parametrize("data", [object(), {1: 2}, {"a": (1, {2})}, b"a"])
def test_other_data_is_refused(data) -> None:
    """Nothing is written by its ``repr``."""
    with pytest.raises(ArgumentError, match=r"holds None|keys are str"):
        yaml_text.write(data)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2\n", "line 2.*stands twice"),
        ("a: 2015-03-01\n", "timestamp is no plain data"),
        ("a: !!binary aGk=\n", "binary is no plain data"),
        ("a: !!set {x}\n", "set is no plain data"),
        ("a: !!python/object:os.system x\n", "could not determine a constructor"),
        ("a: [1\n", "line 2"),
        ("1: a\n", "a key is a text"),
        ("on: a\n", "a key is a text"),
        ("[a]: b\n", "a key is a text"),
        ("a: \x00\n", "unacceptable|not allowed|control"),
        ("a: 1\n---\nb: 2\n", "document"),
    ],
)
def test_what_is_no_plain_data_is_refused(text, said) -> None:
    """With the line that it stands in; nothing that it names is run."""
    with pytest.raises(ContentError, match=said):
        yaml_text.read(text)


def test_anchors_and_merges_are_read() -> None:
    """As a person writes expected states by hand."""
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n"
    assert yaml_text.read(text) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}


def test_a_text_nested_too_deep_is_an_error_not_a_crash() -> None:
    """However it was made."""
    with pytest.raises(ContentError):
        yaml_text.read("[" * 5_000)
