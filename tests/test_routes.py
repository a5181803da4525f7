"""Routes: the steps from what a pickle holds to what the code has, and all that is in the way."""

import dataclasses
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pickle_migrate import Lineage, Registry, versioned
from pickle_migrate.errors import (
    AmbiguousRenameError,
    DuplicateStepError,
    FingerprintError,
    GapError,
    MigrationError,
    NewerVersionError,
    StateError,
    UnstampedError,
)
from pickle_migrate.registry import fingerprint_of
from pickle_migrate.routes import route_for
from pickle_migrate.stamps import StampText


@pytest.fixture
def shop(scratch):
    """A shop without classes. ``scratch`` makes the program forget them at the end."""
    return Shop()


class Shop:
    """A registry of its own, and classes of a module that does not exist."""

    def __init__(self):
        self.registry = Registry()

    def lineage(self, name):
        return Lineage(f"shop:{name}", registry=self.registry)

    def versioned(self, name, version, bases=(), unstamped=None, **annotations):
        cls = self.unregistered(name, bases, **annotations)
        return versioned(version, unstamped=unstamped, registry=self.registry)(cls)

    def unregistered(self, name, bases=(), **annotations):
        body = {"__module__": "shop", "__qualname__": name}
        if annotations:
            body["__annotations__"] = annotations
        return type(name, bases, body)


def route(cls, stamp):
    return route_for(cls, None if stamp is None else StampText.decode(stamp))


def versions(found):
    return [(step.ref.qualname, step.version) for step in found.steps]


def problems(found):
    return [(type(p), p.ref) for p in found.problems]


# --- the steps --------------------------------------------------------------------------------


def test_the_current_version_needs_no_step(shop):
    """Whatever is declared for older ones."""
    cls = shop.versioned("Order", 2)
    shop.lineage("Order").upgrade(1)
    found = route(cls, "shop:Order@2")
    assert (found.version, found.steps, found.problems, found.finishers) == (2, (), (), ())
    assert found.check() is found


def test_the_steps_lead_from_the_written_version_to_the_current_one(shop):
    """In order, though declared in another; later ones do not count."""
    cls = shop.versioned("Order", 4)
    shop.lineage("Order").upgrade(3).upgrade(1).upgrade(2).upgrade(4)
    assert versions(route(cls, "shop:Order@2")) == [("Order", 2), ("Order", 3)]
    assert route(cls, "shop:Order@2").version == 2


@pytest.mark.parametrize("unstamped", [1, 2, 3])
def test_an_unstamped_pickle_has_the_version_that_the_class_says(shop, unstamped):
    """``unstamped=`` of the decorator."""
    cls = shop.versioned("Order", 3, unstamped=unstamped)
    shop.lineage("Order").upgrade(1).upgrade(2)
    found = route(cls, None)
    assert found.version == unstamped
    assert [step.version for step in found.steps] == list(range(unstamped, 3))


def test_an_unstamped_pickle_of_a_class_at_version_1_has_version_1(shop):
    """There is no other that it could have."""
    found = route(shop.versioned("Order", 1), None)
    assert (found.version, found.problems) == (1, ())


def test_bases_come_before_derived_classes(shop):
    """Each class of the inheritance has its own version and its own steps."""
    base = shop.versioned("Base", 3)
    mixin = shop.versioned("Mixin", 2)
    cls = shop.versioned("Gift", 2, (base, mixin))
    for name, version in [("Gift", 1), ("Mixin", 1), ("Base", 1), ("Base", 2)]:
        shop.lineage(name).upgrade(version)
    found = route(cls, "shop:Gift@1+shop:Base@1+shop:Mixin@1")
    assert versions(found) == [("Mixin", 1), ("Base", 1), ("Base", 2), ("Gift", 1)]
    assert versions(route(cls, "shop:Gift@2+shop:Base@2+shop:Mixin@2")) == [("Base", 2)]


def test_a_subclass_that_nobody_registered_has_its_bases_steps(shop):
    """It is version 0 in its stamps."""
    base = shop.versioned("Base", 2, unstamped=1)
    cls = shop.unregistered("Child", (base,))
    shop.lineage("Base").upgrade(1)
    cls().__reduce_ex__(2)
    assert versions(route(cls, "shop:Child@0+shop:Base@1")) == [("Base", 1)]
    assert versions(route(cls, None)) == [("Base", 1)]
    assert route(cls, "shop:Child@0+shop:Base@2").steps == ()


def test_a_class_that_was_registered_after_the_pickle_was_written(shop):
    """Its version then is the unstamped one, its base's is in the stamp."""
    base = shop.versioned("Base", 2)
    cls = shop.versioned("Child", 3, (base,), unstamped=2)
    shop.lineage("Base").upgrade(1)
    shop.lineage("Child").upgrade(2)
    found = route(cls, "shop:Child@0+shop:Base@1")
    assert versions(found) == [("Base", 1), ("Child", 2)]
    assert found.problems == ()


def test_steps_declared_under_old_names_count(shop):
    """Through several renames, and for renamed bases."""
    base = shop.versioned("Base", 2)
    cls = shop.versioned("Order", 4, (base,))
    shop.lineage("Purchase").upgrade(1)
    shop.lineage("Deal").upgrade(2).renamed_from("shop:Purchase")
    shop.lineage("Order").upgrade(3).renamed_from("shop:Deal")
    shop.lineage("Root").upgrade(1)
    shop.lineage("Base").renamed_from("shop:Root")
    found = route(cls, "shop:Purchase@1+shop:Root@1")
    assert versions(found) == [("Root", 1), ("Purchase", 1), ("Deal", 2), ("Order", 3)]


def test_one_step_declared_under_both_names_is_refused(shop):
    """Which of them is right is not for us to say; both places are in the error."""
    cls = shop.versioned("Order", 2)
    shop.lineage("Deal").upgrade(1)
    line = sys._getframe().f_lineno - 1
    shop.lineage("Order").upgrade(1).renamed_from("shop:Deal")
    with pytest.raises(DuplicateStepError) as caught:
        route(cls, "shop:Deal@1")
    places = {caught.value.first, caught.value.second}
    assert places == {f"{__name__}, line {line}", f"{__name__}, line {line + 2}"}


def test_the_finishing_stage_runs_version_by_version(shop):
    """Bases first; the functions of versions that the pickle is past are left out."""
    base = shop.versioned("Base", 2)
    cls = shop.versioned("Order", 4, (base,))
    calls = {name: (lambda obj, name=name: name) for name in ("base", "one", "two", "three")}
    shop.lineage("Order").renamed_from("shop:Deal").finish(3, calls["three"])
    shop.lineage("Deal").finish(2, calls["two"])
    shop.lineage("Deal").finish(1, calls["one"])
    shop.lineage("Base").finish(1, calls["base"])
    found = route(cls, "shop:Order@2+shop:Base@1")
    assert [finish(None) for finish in found.finishers] == ["base", "two", "three"]
    assert found.problems == ()


def test_a_step_that_only_finishes_is_no_gap(shop):
    """The state itself did not change."""
    cls = shop.versioned("Order", 3)
    shop.lineage("Order").finish(1, len)
    shop.lineage("Order").upgrade(2)
    found = route(cls, "shop:Order@1")
    assert (versions(found), found.finishers) == ([("Order", 2)], (len,))
    assert found.problems == ()


# --- what is in the way -----------------------------------------------------------------------


def test_a_missing_step_is_a_gap(shop):
    """One for each that is missing."""
    cls = shop.versioned("Order", 5)
    shop.lineage("Order").upgrade(2).upgrade(4)
    found = route(cls, "shop:Order@1")
    assert [p.facts() for p in found.problems] == [
        {"ref": "shop:Order", "written": 1, "missing": 1, "current": 5},
        {"ref": "shop:Order", "written": 1, "missing": 3, "current": 5},
    ]
    with pytest.raises(GapError) as caught:
        found.check()
    assert caught.value is found.problems[0]


def test_a_newer_version_is_refused(shop):
    """Nothing leads back."""
    found = route(shop.versioned("Order", 2), "shop:Order@3")
    assert problems(found) == [(NewerVersionError, "shop:Order")]
    assert (found.problems[0].written, found.problems[0].current) == (3, 2)


def test_an_unstamped_pickle_needs_its_version(shop):
    """Without ``unstamped=``, a class past version 1 cannot know it."""
    found = route(shop.versioned("Order", 2), None)
    assert problems(found) == [(UnstampedError, "shop:Order")]
    assert "unstamped=1" in found.problems[0].advice()


def test_a_class_registered_later_needs_it_too(shop):
    """Its stamp says that it was not registered then."""
    base = shop.versioned("Base", 1)
    cls = shop.versioned("Child", 2, (base,))
    assert problems(route(cls, "shop:Child@0+shop:Base@1")) == [(UnstampedError, "shop:Child")]


@pytest.mark.parametrize("written", ["shop:Order@2~aa", "shop:Order@1~aa"])
def test_another_fingerprint_is_refused(shop, written):
    """For the current version that of the class, for older ones those that were accepted."""
    cls = shop.versioned("Order", 2, quantity=int)
    shop.lineage("Order").upgrade(1).accept_fingerprint(1, "bb").accept_fingerprint(1, "cc")
    found = route(cls, written)
    assert problems(found) == [(FingerprintError, "shop:Order")]
    known = ("bb", "cc") if "@1" in written else (fingerprint_of(cls),)
    assert (found.problems[0].written, found.problems[0].expected) == ("aa", known)


def test_a_fingerprint_that_is_known_passes(shop):
    """Today's own, and what was accepted; for an old version of which none is known, any."""
    cls = shop.versioned("Order", 3, quantity=int)
    shop.lineage("Order").upgrade(1).upgrade(2).accept_fingerprint(3, "aa")
    shop.lineage("Order").accept_fingerprint(2, "bb")
    stamps = ["3~aa", f"3~{fingerprint_of(cls)}", "3", "2~bb", "2", "1~dd"]
    assert [route(cls, f"shop:Order@{s}").problems for s in stamps] == [()] * 6
    assert route(shop.versioned("Plain", 1), "shop:Plain@1~aa").problems == ()


def test_a_fingerprint_accepted_under_the_old_name_passes(shop):
    """It is the same lineage."""
    cls = shop.versioned("Order", 1, quantity=int)
    shop.lineage("Order").renamed_from("shop:Deal")
    shop.lineage("Deal").accept_fingerprint(1, "aa")
    assert route(cls, "shop:Deal@1~aa").problems == ()


def test_a_base_s_fingerprint_counts(shop):
    """Its fields stand in the same state."""
    base = shop.versioned("Base", 1, x=int)
    cls = shop.versioned("Order", 1, (base,))
    assert problems(route(cls, "shop:Order@1+shop:Base@1~aa")) == [(FingerprintError, "shop:Base")]


def test_a_lost_base_is_refused(shop):
    """The class has the version that it had, yet the pickle holds fields of a base that is gone."""
    cls = shop.versioned("Order", 2)
    shop.lineage("Order").upgrade(1)
    found = route(cls, "shop:Order@2+shop:Base@1")
    assert problems(found) == [(StateError, "shop:Order")]
    assert "shop:Base" in str(found.problems[0])
    assert route(cls, "shop:Order@1+shop:Base@1").problems == ()


def test_a_lost_base_of_an_unregistered_class_is_refused(shop):
    """It has no version that could be raised; registering it gives it one."""
    base = shop.versioned("Base", 1)
    cls = shop.unregistered("Child", (base,))
    cls().__reduce_ex__(2)
    assert problems(route(cls, "shop:Child@0+shop:Gone@1+shop:Base@1")) == [
        (StateError, "shop:Child")
    ]


def test_an_inserted_base_needs_its_version(shop):
    """The pickle was written when it was no base; at version 1 there is but one answer."""
    base = shop.versioned("Base", 2)
    first = shop.versioned("First", 1)
    cls = shop.versioned("Order", 1, (base, first))
    found = route(cls, "shop:Order@1")
    assert problems(found) == [(StateError, "shop:Base")]
    assert "@versioned(2, unstamped=1)" in found.problems[0].advice()
    assert found.steps == ()


def test_an_inserted_base_with_an_unstamped_version_has_its_steps(shop):
    """As if its fields had been there at that version."""
    base = shop.versioned("Base", 2, unstamped=1)
    cls = shop.versioned("Order", 1, (base,))
    shop.lineage("Base").upgrade(1)
    assert versions(route(cls, "shop:Order@1")) == [("Base", 1)]


def test_all_problems_are_listed_at_once(shop):
    """Bases first, in the order of the steps; nothing needs to be tried twice."""
    inserted = shop.versioned("Inserted", 2)
    base = shop.versioned("Base", 3, x=int)
    newer = shop.versioned("Newer", 1)
    cls = shop.versioned("Order", 2, (inserted, base, newer))
    found = route(cls, "shop:Order@2+shop:Base@1+shop:Newer@2+shop:Lost@1")
    assert problems(found) == [
        (NewerVersionError, "shop:Newer"),
        (GapError, "shop:Base"),
        (GapError, "shop:Base"),
        (StateError, "shop:Inserted"),
        (StateError, "shop:Order"),
    ]
    assert all(isinstance(p, MigrationError) for p in found.problems)


def test_an_ambiguous_base_is_an_error(shop):
    """Two classes claim its name."""
    base, other = shop.versioned("Base", 2), shop.versioned("Other", 2)
    cls = shop.versioned("Order", 1, (base, other))
    shop.lineage("Base").renamed_from("shop:Root")
    shop.lineage("Other").renamed_from("shop:Root")
    with pytest.raises(AmbiguousRenameError):
        route(cls, "shop:Order@1+shop:Root@1")


# --- names ------------------------------------------------------------------------------------


def test_the_fields_of_a_positional_state_are_those_of_the_written_version(shop):
    """As declared for it, under an old name too; for the current one those of the class."""
    cls = dataclasses.dataclass(shop.unregistered("Order", b=int, a=str))
    cls = versioned(3, unstamped=1, registry=shop.registry)(cls)
    shop.lineage("Order").upgrade(1).upgrade(2).fields(1, "x", "y").renamed_from("shop:Deal")
    shop.lineage("Deal").fields(2, "z")
    names = [route(cls, stamp).field_names for stamp in (None, "shop:Deal@2", "shop:Order@3")]
    assert names == [("x", "y"), ("z",), ("b", "a")]


def test_without_a_declaration_the_fields_of_an_old_version_are_not_known(shop):
    """Today's order is no witness."""
    cls = dataclasses.dataclass(shop.unregistered("Order", b=int, a=str))
    cls = versioned(2, registry=shop.registry)(cls)
    shop.lineage("Order").upgrade(1)
    assert route(cls, "shop:Order@1").field_names is None


def test_old_names_are_told_for_private_attributes(shop):
    """Of the class and its bases, by their last name, if it changed."""
    base = shop.versioned("Base", 1, unstamped=1)
    cls = shop.versioned("Order", 1, (base,), unstamped=1)
    shop.lineage("Order").renamed_from("shop:Deal", "elsewhere:Order", "shop:Box.Deal")
    shop.lineage("Deal").renamed_from("shop:Purchase")
    shop.lineage("Base").renamed_from("shop:Root")
    expected = {("Deal", "Order"), ("Purchase", "Order"), ("Root", "Base")}
    assert set(route(cls, None).old_names) == expected
    assert len(route(cls, None).old_names) == 3
    written = route(shop.versioned("Solo", 1), "shop:Single@1")
    assert written.old_names == (("Single", "Solo"),)


# --- a law ------------------------------------------------------------------------------------


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    declared=st.sets(st.integers(1, 6)),
    current=st.integers(1, 6),
    written=st.integers(1, 6),
)
def test_each_version_between_is_a_step_or_a_problem(scratch, declared, current, written):
    """Never both, never neither; a version beyond the current one is one problem."""
    shop = Shop()
    cls = shop.versioned("Order", current)
    for version in declared:
        shop.lineage("Order").upgrade(version)
    found = route(cls, f"shop:Order@{written}")
    if written > current:
        assert problems(found) == [(NewerVersionError, "shop:Order")]
        return
    between = set(range(written, current))
    assert [step.version for step in found.steps] == sorted(between & declared)
    assert [p.missing for p in found.problems] == sorted(between - declared)
