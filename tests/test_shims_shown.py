"""Values in a few characters."""

import pytest

from pickle_migrate import shims_shown


class Loud:
    def __repr__(self):
        raise AssertionError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (1.5, "1.5"),
        (-7, "-7"),
        (1 << 4000, "<int of 4001 bits>"),
        ("a\x1b", "'a\\x1b'"),
        (b"\xff", "b'\\xff'"),
        ("x" * 50, "'" + "x" * 40 + "'..."),
        ([1], "<list of 1>"),
        ({}, "<dict of 0>"),
        (Loud(), "<Loud>"),
    ],
)
def test_values(value, text):
    """Short, escaped, and by no repr of the value's own."""
    assert shims_shown.value(value) == text


def test_names_are_escaped_and_cut():
    """A pickle chooses its names."""
    assert shims_shown.text("m\u202e:C") == "m\\u202e:C"
    assert len(shims_shown.text("x" * 10_000)) == 80
