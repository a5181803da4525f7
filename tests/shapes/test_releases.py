"""The harness itself: a check whose expectation is falsified on purpose must fail."""

from __future__ import annotations

import copyreg
import sys
from typing import Any

import pytest
from releases import LOADERS, PICKLERS, PROTOCOLS, Problems, Releases, equal, install, written

from pickle_migrate import hooks
from pickle_migrate.registry import DEFAULT

OLD = """
    @versioned(1, unstamped=1)
    class C:
        def __init__(self, a):
            self.a = a
    """
NEW = """
    Lineage("shop:C").upgrade(1, RenameField("a", "b"))
    @versioned(2, unstamped=1)
    class C:
        pass
    """


def failure(releases: Releases, **changed: Any) -> str:
    """The words in which a check of the two releases fails."""
    given = {"old": OLD, "new": NEW, "make": "[C(1), C('x')]", "expected": [{"b": 1}, {"b": "x"}]}
    with pytest.raises(AssertionError) as caught:
        releases.check(**{**given, **changed})
    return str(caught.value)


@pytest.mark.parametrize(
    "expected",
    [
        [{"b": 1}, {"b": "y"}],
        [{"b": True}, {"b": "x"}],
        [{"b": 1.0}, {"b": "x"}],
        [{"a": 1}, {"a": "x"}],
        [{"b": 1}],
        [{"b": 1}, {"b": "x"}, {"b": "x"}],
        [{"b": 1, "c": 2}, {"b": "x"}],
    ],
)
def test_falsified_expectations_are_noticed(releases: Releases, expected: list[Any]) -> None:
    """A wrong value, a value of another type, a wrong name, an object too few or too many: every
    protocol and every loader reports it.
    """
    text = failure(releases, expected=expected)
    for protocol in PROTOCOLS:
        for loader in LOADERS:
            assert f"protocol {protocol}, C pickler" in text
            assert f"{loader}: expected" in text


def test_a_missing_step_is_noticed(releases: Releases) -> None:
    """Without its step the new release refuses the pickles; the report says which error it was."""
    text = failure(releases, new=NEW.replace('Lineage("shop:C")', 'Lineage("shop:Other")'))
    assert "GapError" in text


def test_a_step_that_does_nothing_is_noticed(releases: Releases) -> None:
    """Old states that load as they are."""
    text = failure(releases, new=NEW.replace('RenameField("a", "b")', ""))
    assert "found [{'a': 1}" in text


def test_objects_of_a_class_that_is_gone_are_noticed(releases: Releases) -> None:
    """Equal fields do not do: the objects must be of the class that is imported today."""
    found = Problems(vars)
    shop = install(releases.old_source(OLD))
    objects = [shop.C(1), shop.C(1)]
    objects[1] = objects[0]
    install(releases.new_source(NEW))
    found.compare("title", lambda: objects, [{"a": 1}, {"a": 1}])
    assert "not of today's class" in found.texts[0]


def test_an_object_that_became_two_is_noticed() -> None:
    """The first object is also the last, and has to stay one object."""
    shop = install("class C: pass")
    found = Problems(vars)
    found.compare("title", lambda: [shop.C(), shop.C()], [{}, {}])
    assert found.texts == ["title: one object became two"]


def test_a_copy_that_shares_its_dict_is_noticed() -> None:
    """Equal is not enough for a copy."""
    shop = install("""
        class C:
            def __copy__(self):
                twin = object.__new__(C)
                twin.__dict__ = self.__dict__
                return twin
        """)
    obj = shop.C()
    found = Problems(vars)
    found.copies("title", [obj, obj], [{}, {}])
    assert "title, copy: the copy shares its __dict__" in found.texts


def test_equal_tells_types_apart() -> None:
    """1, True and 1.0 are equal to Python and not to a test."""
    assert equal([1, {"a": (1, "x")}], [1, {"a": (1, "x")}])
    assert not equal([1], [True])
    assert not equal({"a": 1}, {"a": 1.0})
    assert not equal((1,), [1])
    assert not equal({"a": 1}, {"a": 1, "b": 2})


def test_unstamped_old_releases_know_nothing_of_this_package() -> None:
    """The decorator, its import and the bytes are free of it."""
    releases = Releases("unstamped")
    assert "versioned" not in releases.old_source(OLD)
    shop = releases.install_old(OLD)
    assert "versioned" not in vars(shop)
    for one in written([shop.C(1)]):
        assert b"pickle_migrate" not in one.data


def test_a_new_release_finds_nothing_of_the_old_one() -> None:
    """Modules, copyreg's table and the registry are as in a new process."""
    old = install("from pickle_migrate import *\n@versioned(1)\nclass C: pass\n").C
    assert old in copyreg.dispatch_table
    install({"other": ""})
    assert "shop" not in sys.modules
    assert old not in copyreg.dispatch_table
    assert old not in hooks._entries
    assert list(DEFAULT.classes()) == []


def test_every_pickler_and_protocol_is_used() -> None:
    """Bytes that several picklers agree on are kept once, under all their names."""
    shop = install("class C: pass")
    found = written([shop.C()])
    for protocol in PROTOCOLS:
        names = [name for one in found if one.protocol == protocol for name in one.picklers]
        assert sorted(names) == sorted(PICKLERS)
    assert list(PROTOCOLS) == [0, 1, 2, 3, 4, 5]
    assert list(LOADERS) == [
        "pickle_migrate.loads",
        "pickle.loads",
        "pickle._loads",
        "a static upgrade",
    ]
