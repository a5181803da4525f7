"""Which types fit into which, and what leads from one to another."""

import pytest

from pickle_migrate.make.conversions import between, usual, widens


@pytest.mark.parametrize(
    ("old", "new", "function", "back"),
    [
        ("int", "str", "str", "int"),
        ("float", "str", "repr", "float"),
        ("list[int]", "tuple[int, ...]", "tuple", "list"),
        ("set[str]", "frozenset[str]", "frozenset", "set"),
        ("str", "Path", "Path", "str"),
    ],
)
def test_what_loses_nothing(old, new, function, back):
    """And the way back."""
    found = between(old, new)
    assert (found.function, found.back) == (function, back)
    assert usual(old, new) == found


@pytest.mark.parametrize(("old", "new"), [("float", "int"), ("list", "set"), ("int", "float")])
def test_what_may_lose_something_is_only_proposed(old, new):
    """A person decides."""
    assert between(old, new) is None
    assert usual(old, new) is not None


@pytest.mark.parametrize(
    ("old", "new"), [("str", "int"), ("list[int]", "tuple[str, ...]"), ("Order", "Gift")]
)
def test_what_nobody_knows(old, new):
    """Neither is proposed."""
    assert usual(old, new) is None


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ("int", "int | None", True),
        ("None | int", "None | int | str", True),
        ("int | None", "int", False),
        ("int", "Any", True),
        ("int", "", True),
        ("", "int", True),
        ("list[int]", "list[int] | None", False),
        ("int", "str", False),
    ],
)
def test_what_fits(old, new, answer):
    """Each value of the old type is one of the new type."""
    assert widens(old, new) is answer
