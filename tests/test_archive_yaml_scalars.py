"""``archive.yaml_scalars``: single values that every reader of YAML 1.1 gives back."""

from __future__ import annotations

import pytest
import yaml
from archive_graphs import equal

from pickle_migrate.archive import yaml_scalars as scalars


@pytest.mark.parametrize(
    "text",
    [
        *("no", "Yes", "on", "null", "~", "y", "1e3", "1:30", "2020-01-01", "0x1f", "012", ".inf"),
        *("=", "<<", "", " a", "a ", "a: b", "a #b", "- a", "a:", "#a", "inf", "@a", "`a`", "%a"),
    ],
)
def test_a_text_that_yaml_takes_for_something_else_is_quoted(text) -> None:
    """Trap: Norway is False, half past one is ninety."""
    written = scalars.text_scalar(text)
    assert written == f'"{text}"'
    assert yaml.safe_load(f"a: {written}") == {"a": text}


@pytest.mark.parametrize(
    "text",
    ["shop.models:Order", "Zürich Fluntern", "a, b", "fixtures/a#b", "../a.yaml#key", "it's"],
)
def test_a_text_that_can_stand_plain_does(text) -> None:
    """A reviewer reads texts, not quotes."""
    assert scalars.text_scalar(text) == text
    assert yaml.safe_load(f"a: {text}") == {"a": text}


@pytest.mark.parametrize("char", ["\0", "\x85", "\u2028", "\u202e", "\ufeff", "\u200b", "\ue000"])
def test_characters_that_cannot_be_seen_are_written_out(char) -> None:
    """Also those that turn the direction of a line: a reviewer sees what is there."""
    written = scalars.text_scalar(f"a{char}b")
    assert written.isascii()
    assert yaml.safe_load(written) == f"a{char}b"


@pytest.mark.parametrize(
    "number", [0.0, -0.0, 1e16, 1e-7, 5e-324, 1.5, float("inf"), float("-inf")]
)
def test_a_float_is_read_as_the_same_float(number) -> None:
    """YAML 1.1 wants a point and a signed exponent."""
    assert equal(yaml.safe_load(scalars.float_scalar(number)), number)


def test_a_number_of_thousands_of_digits_is_written() -> None:
    """Python refuses to print it in decimal digits."""
    number = -(10**5000)
    assert yaml.safe_load(scalars.int_scalar(number)) == number


@pytest.mark.parametrize("text", ["a\nb", "a\nb\n", "a\n\n  b\nc"])
def test_several_lines_are_a_block(text) -> None:
    """The mark, then the lines."""
    lines = scalars.literal_lines(text)
    assert lines is not None
    block = "a: " + "\n  ".join(lines) + "\n"
    assert yaml.safe_load(block) == {"a": text}


@pytest.mark.parametrize(
    "text", ["a", "\na\nb", " a\nb", "a\nb\n\n", "a\n \nb", "a\tb\nc", "a\r\nb"]
)
def test_lines_that_a_block_would_lose_are_quoted(text) -> None:
    """Leading spaces, trailing empty lines, tabs."""
    assert scalars.literal_lines(text) is None


def test_words_stand_plain_as_keys() -> None:
    """Also two words; but no word of YAML's."""
    assert [scalars.word(text) for text in ("a", "written by", "no", "a b ", "1a")] == [
        "a",
        "written by",
        '"no"',
        '"a b "',
        '"1a"',
    ]


def test_single_values_and_others() -> None:
    """None for what is no single value."""
    assert scalars.scalar(True) == "true"
    assert scalars.scalar(None) == "null"
    assert scalars.scalar([]) is None
    assert scalars.scalar("a b, c") == "a b, c"
    assert scalars.scalar("a b, c", inside=True) == '"a b, c"'
