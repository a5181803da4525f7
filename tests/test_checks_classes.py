"""The checks of classes, on values: the lock against the code, steps, samples, modes."""

from __future__ import annotations

import attrs
import pytest

from pickle_migrate import Lineage, Registry
from pickle_migrate.checks.classes import Known, check_classes
from pickle_migrate.checks.modes import Mode
from pickle_migrate.errors import ArgumentError
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.refs import GlobalRef

ORDER = GlobalRef("gone_shop.models", "Order")
FIELDS = {1: {"qty": "int"}, 2: {"quantity": "int"}, 3: {"note": "str", "quantity": "int"}}


def locked(*versions: int, ref: GlobalRef = ORDER, fields: dict | None = None, **facts) -> Lock:
    known = FIELDS | (fields or {})
    made = tuple(LockedVersion(v, tuple(sorted(known[v].items()))) for v in versions)
    return Lock((LockedClass(ref, made, **facts),))


def rules(lock: Lock, today: Lock, samples=(1, 2, 3), mode="backward-transitive", **more):
    registry = Registry()
    lineage = Lineage(ORDER, registry=registry)
    for version in more.pop("steps", (1, 2)):
        lineage.upgrade(version, lambda state: state)
    held = {ORDER: frozenset(samples)} if samples else {}
    known = Known(lock, today, held, Mode.of(mode), registry=registry, **more)
    return [found for item in check_classes(known) for found in item.findings]


def names(*given, **more) -> list[str]:
    return [found.rule for found in rules(*given, **more)]


def test_what_is_locked_stepped_and_archived_is_kept():
    assert names(locked(1, 2, 3), locked(1, 2, 3)) == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({3: {"note": "str", "quantity": "int", "gift": "bool"}}, ("+ gift: bool",)),
        ({3: {"quantity": "int"}}, ("- note: str",)),
        ({3: {"note": "str", "quantity": "float"}}, ("~ quantity: int -> float",)),
    ],
)
def test_drift(fields, told):
    """Fields changed and the version did not."""
    (found,) = rules(locked(1, 2, 3), locked(1, 2, 3, fields=fields))
    assert (found.rule, found.details, found.subject) == ("drift", told, str(ORDER))
    assert "Make it version 4" in found.advice


def test_drift_of_the_state_alone():
    """The same fields in a state of another shape."""
    (one,) = locked(1).classes
    other = attrs.evolve(one, versions=(attrs.evolve(one.head, state="positional"),))
    assert names(locked(1), Lock((other,))) == ["drift"]


def test_fill_lets_fields_come_and_go():
    """fill=True: a class's fields may change without a version."""
    fields = {3: {"quantity": "int"}}
    given = locked(1, 2, 3), locked(1, 2, 3, fields=fields)
    assert names(*given, filled=frozenset([ORDER])) == []


def test_a_class_that_the_lock_does_not_have():
    assert names(Lock(), locked(1), samples=(1,)) == ["not-locked"]


def test_a_version_that_the_lock_does_not_have():
    """With the changes that it brings."""
    (found,) = rules(locked(1, 2), locked(2, 3))
    assert (found.rule, found.details[-1]) == ("not-locked", "+ note: str")


def test_a_class_under_another_name_than_in_the_lock():
    old = GlobalRef("gone_shop.old", "Order")
    today = locked(1, 2, 3, old_names=(str(old),))
    assert names(locked(1, 2, 3, ref=old), today) == ["not-locked"]


def test_a_class_that_is_gone():
    (found,) = rules(locked(1, 2), Lock(), samples=())
    assert found.rule == "gone"
    assert "renamed_from" in found.advice


def test_a_version_that_went_back():
    """A revert, or a merge that took the older side."""
    assert names(locked(1, 2, 3), locked(1, 2)) == ["older-than-lock"]


@pytest.mark.parametrize(("steps", "missing"), [((2,), [1]), ((1,), [2]), ((), [1, 2])])
def test_a_gap(steps, missing):
    found = rules(locked(1, 2, 3), locked(1, 2, 3), steps=steps)
    assert [(one.rule, one.facts["missing"]) for one in found] == [("gap", v) for v in missing]


def test_a_gap_below_what_the_lock_knows():
    """A version that only the archive holds, and one that only unstamped= says."""
    assert names(locked(2, 3), locked(2, 3), samples=(1, 2, 3), steps=(2,)) == ["gap"]
    given = locked(2, 3, unstamped=1), locked(2, 3, unstamped=1)
    assert names(*given, samples=(2, 3), steps=(2,)) == ["gap"]


@pytest.mark.parametrize("samples", [(1, 2), (1, 3), (2, 3), ()])
def test_a_version_without_an_archived_pickle(samples):
    found = rules(locked(1, 2, 3), locked(1, 2, 3), samples=samples)
    missing = sorted({1, 2, 3} - set(samples))
    assert [(one.rule, one.facts["version"]) for one in found] == [
        ("no-sample", v) for v in missing
    ]


@pytest.mark.parametrize(
    ("mode", "missing"),
    [
        ("backward-transitive", [1, 2, 3]),
        ("backward", [2, 3]),
        ("full", [2, 3]),
        ("full-transitive", [1, 2, 3]),
        ("forward", [3]),
        ("forward-transitive", [3]),
    ],
)
def test_a_mode_says_which_versions_are_read(mode, missing):
    """Confluent's words: backward is about the previous version, transitive about all."""
    found = rules(locked(1, 2, 3), locked(1, 2, 3), samples=(), mode=mode)
    assert [one.facts["version"] for one in found] == missing


@pytest.mark.parametrize(
    ("mode", "written"),
    [
        ("backward", []),
        ("backward-transitive", []),
        ("forward", [4]),
        ("full", [4]),
        ("forward-transitive", [4, 2, 1]),
        ("full-transitive", [4, 2, 1]),
    ],
)
def test_a_mode_says_which_versions_are_written(mode, written):
    """The previous one is the one before, whatever its number."""
    assert Mode.of(mode).written([1, 2, 4, 5], 5) == written


def test_a_mode_that_there_is_not():
    with pytest.raises(ArgumentError, match="backwards"):
        Mode.of("backwards")
