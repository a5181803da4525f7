"""``archive.state_compare``: where two states differ, as lines."""

from __future__ import annotations

import pytest

from pickle_migrate.archive.state_compare import differences, same, shown


def order(**fields: object) -> dict:
    return {"class": "shop.models:Order", "fields": fields}


@pytest.mark.parametrize(
    ("expected", "found", "line"),
    [
        (order(a=1), order(a=2), "$.a: expected 1 (int), found 2 (int)"),
        (order(a=1), order(a=1.0), "$.a: expected 1 (int), found 1.0 (float)"),
        (order(a=0.0), order(a=-0.0), "$.a: expected 0.0 (float), found -0.0 (float)"),
        (order(a="x"), order(a=None), '$.a: expected "x", found null'),
        (order(a=1), order(), "$.a: expected 1, found nothing"),
        (order(), order(a=1), "$.a: expected nothing, found 1"),
        ([1, 2], [1], "$: expected 2 members, found 1"),
        ({"list": [{"dict": {"a": 1}}]}, {"list": [{"dict": {"a": "1"}}]},
         '$[0].a: expected 1, found "1"'),
        ({"same": "$"}, {"same": "$.a"}, '$.same: expected "$", found "$.a"'),
        ({"tuple": [1]}, {"set": [1]}, "$: expected {tuple: [1]}, found {set: [1]}"),
        (order(a=1), "x", '$: expected shop.models:Order {fields: {a: 1}}, found "x"'),
        (True, 1, "$: expected true (bool), found 1 (int)"),
    ],
)  # fmt: skip
def test_a_difference_is_a_line_with_its_path(expected, found, line) -> None:
    """The path is that of the object; types are told where values look alike."""
    assert differences(expected, found) == [line]
    assert not same(expected, found)


def test_what_is_equal_has_none() -> None:
    """A NaN equals a NaN; the order of keys does not count."""
    nan = float("nan")
    assert differences({"a": [nan], "b": 1}, {"b": 1, "a": [float("nan")]}) == []
    assert same([], [])


def test_the_number_and_the_length_of_lines_is_limited() -> None:
    """A difference in every one of a thousand fields does not flood the terminal."""
    lines = differences(list(range(1_000)), [str(i) for i in range(1_000)], limit=3)
    assert len(lines) == 4
    assert lines[-1] == "and more"
    assert len(shown(["x" * 500] * 50)) <= 70
    assert shown(10**5_000).startswith("0x")


def test_deep_states_are_compared_without_recursion() -> None:
    """However they came to be."""
    left: object = 1
    right: object = 2
    for _ in range(50_000):
        left, right = [left], [right]
    [line] = differences(left, right)
    assert line.startswith("$[0][0]")
    assert "expected 1 (int), found 2 (int)" in line
