"""Lineage records: what was declared for a class, each declaration once."""

import functools
from importlib.machinery import ModuleSpec

import pytest

from pickle_migrate.errors import DuplicateStepError, VersionNumberError
from pickle_migrate.lineage import LineageRecord, check_version
from pickle_migrate.migration import Migration
from pickle_migrate.refs import GlobalRef

REF = GlobalRef("shop", "Order")
NOT_VERSIONS = [0, -1, 1.0, "1", None, True, (1,)]


def step(version, origin="shop, line 3"):
    return Migration(REF, version, (), origin)


def run_of(module):
    """What Python makes anew each time that it runs a module."""
    return ModuleSpec(module, None)


def make_finisher():
    def finish(obj):
        return obj

    return finish


def first(obj):
    return obj


def second(obj):
    return obj


# --- steps ------------------------------------------------------------------------------------


def test_a_step_is_kept_by_the_version_that_it_starts_from():
    """In any order of declaration."""
    record = LineageRecord(REF)
    two, one = step(2), step(1)
    record.add_step(two)
    record.add_step(one)
    assert record.steps == {2: two, 1: one}


def test_the_same_declaration_again_replaces_the_step():
    """The same place declares it: a function of declarations was called twice."""
    record = LineageRecord(REF)
    record.add_step(step(1))
    again = step(1)
    record.add_step(again)
    assert record.steps[1] is again


def test_another_declaration_of_the_same_step_is_refused():
    """Both places stand in the error, and the first one is kept."""
    record, kept = LineageRecord(REF), step(1, "shop.steps, line 3")
    record.add_step(kept)
    with pytest.raises(DuplicateStepError, match=r"shop\.steps, line 3.*shop\.more:up") as caught:
        record.add_step(step(1, "shop.more:up, line 9"))
    assert caught.value.facts() == {
        "ref": "shop:Order",
        "version": 1,
        "first": "shop.steps, line 3",
        "second": "shop.more:up, line 9",
    }
    assert record.steps[1] is kept


def test_a_reloaded_module_replaces_its_step_wherever_it_stands_now():
    """An edit moved the line; Python gave the module another ``__spec__``."""
    record, moved = LineageRecord(REF), step(1, "shop.steps, line 9")
    record.add_step(step(1, "shop.steps, line 3"), run_of("shop.steps"))
    record.add_step(moved, run_of("shop.steps"))
    assert record.steps[1] is moved


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (run_of("shop.steps"), run_of("shop.more")),
        (run_of("shop.steps"), None),
        (None, run_of("shop.steps")),
        (None, None),
    ],
)
def test_another_module_does_not_replace_it(before, now):
    """Nor one of which nothing tells that it was reloaded."""
    record = LineageRecord(REF)
    record.add_step(step(1, "here"), before)
    with pytest.raises(DuplicateStepError):
        record.add_step(step(1, "there"), now)


def test_one_run_of_a_module_may_not_declare_a_step_twice():
    """The same ``__spec__``: it is one and the same text of the module."""
    record, run = LineageRecord(REF), run_of("shop.steps")
    record.add_step(step(1, "shop.steps, line 3"), run)
    with pytest.raises(DuplicateStepError):
        record.add_step(step(1, "shop.steps, line 9"), run)


# --- the finishing stage ----------------------------------------------------------------------


def test_finishers_are_kept_in_the_order_of_their_declaration():
    """Several for one version."""
    record = LineageRecord(REF)
    record.add_finisher(1, second)
    record.add_finisher(1, first)
    record.add_finisher(2, first)
    assert record.finishers == {1: (second, first), 2: (first,)}


def test_the_same_finisher_is_kept_once():
    """The last one made, at the place of the first."""
    record, again = LineageRecord(REF), make_finisher()
    for function in (make_finisher(), first, again):
        record.add_finisher(1, function)
    assert record.finishers[1] == (again, first)


def test_finishers_without_code_of_their_own_are_told_apart():
    """Two partials of one function are two."""
    record = LineageRecord(REF)
    one, other = functools.partial(first), functools.partial(first)
    for function in (one, other, one):
        record.add_finisher(1, function)
    assert record.finishers[1] == (one, other)


def test_a_reloaded_module_replaces_its_finishers():
    """Those of its earlier runs would otherwise run, too. Others stay."""
    record, earlier, now = LineageRecord(REF), run_of("shop.steps"), run_of("shop.steps")
    record.add_finisher(1, first, earlier)
    record.add_finisher(1, make_finisher(), earlier)
    record.add_finisher(1, functools.partial(first), run_of("shop.more"))
    kept = record.finishers[1][2]
    record.add_finisher(1, second, now)
    record.add_finisher(1, first, now)
    assert record.finishers[1] == (kept, second, first)


# --- the rest ---------------------------------------------------------------------------------


def test_fingerprints_are_added_to_those_accepted_before():
    """For each version."""
    record = LineageRecord(REF)
    record.accept(2, "aa")
    record.accept(2, "bb")
    record.accept(1, "cc")
    assert record.fingerprints == {2: {"aa", "bb"}, 1: {"cc"}}


def test_a_part_holds_what_is_known_of_some_versions():
    """All that is known of them, in a record of its own."""
    record = LineageRecord(REF)
    for version in (1, 2, 3):
        record.add_step(step(version))
        record.add_finisher(version, first)
        record.accept(version, "aa")
        record.field_orders[version] = ("a",)
    part = record.part({1, 3}.__contains__)
    tables = (part.steps, part.finishers, part.fingerprints, part.field_orders)
    assert [list(table) for table in tables] == [[1, 3]] * 4
    assert part.ref == REF
    assert record.versions() == [1, 2, 3]


def test_versions_are_those_of_which_anything_is_known():
    """A field order alone counts."""
    record = LineageRecord(REF)
    record.field_orders[4] = ("a",)
    record.accept(2, "aa")
    record.add_finisher(3, first)
    assert record.versions() == [2, 3, 4]


@pytest.mark.parametrize("version", NOT_VERSIONS)
def test_a_version_is_a_whole_number_from_1(version):
    """True is none, nor is 1.0; the error shows it and the class."""
    with pytest.raises(VersionNumberError, match="shop:Order") as caught:
        check_version(REF, version)
    assert repr(version) in caught.value.problem
    with pytest.raises(VersionNumberError):
        LineageRecord(REF).add_finisher(version, first)


def test_any_whole_number_from_1_is_a_version():
    """However large."""
    assert [check_version(REF, version) for version in (1, 2, 10**9)] == [None] * 3
