"""The way back to an older version: its steps, and all that is in the way, as a value."""

import pytest

from pickle_migrate import (
    AddField,
    ConvertField,
    Lineage,
    MergeFields,
    Registry,
    RemoveField,
    RenameField,
    SplitField,
    migrates,
    versioned,
)
from pickle_migrate.downgrades.plan import backward
from pickle_migrate.errors import ArgumentError, DowngradeError, DuplicateStepError
from pickle_migrate.operations import RunFunction
from pickle_migrate.refs import GlobalRef


@pytest.fixture
def registry(scratch):
    return Registry()


def declare(registry, version, name="Order", unstamped=None, **annotations):
    body = {"__module__": "shop", "__qualname__": name, "__annotations__": annotations}
    return versioned(version, unstamped=unstamped, registry=registry)(type(name, (), body))


def lineage(registry, name="Order"):
    return Lineage(f"shop:{name}", registry=registry)


def nothing(state):
    """A function that changes nothing."""


def test_operations_with_an_inverse_get_it_by_themselves(registry):
    """In the opposite order, within each step and over all steps."""
    declare(registry, 3)
    lineage(registry).upgrade(1, RenameField("qty", "quantity"), AddField("currency", "EUR"))
    lineage(registry).upgrade(2, ConvertField("price", str, inverse=int))
    plan = backward("shop:Order", 1, registry)
    assert (plan.ref, plan.current, plan.version) == (GlobalRef("shop", "Order"), 3, 1)
    assert plan.problems == ()
    assert [step.describe() for step in plan.steps] == [
        "shop:Order 3 to 2: convert 'price' with int",
        "shop:Order 2 to 1: remove 'currency'; rename 'quantity' to 'qty'",
    ]
    assert plan.check() is plan


def test_the_current_version_needs_no_step(registry):
    declare(registry, 2)
    assert backward("shop:Order", 2, registry).steps == ()


@pytest.mark.parametrize(
    ("operation", "in_problem", "in_remedy"),
    [
        (RemoveField("a"), "(remove 'a')", "RemoveField('a', default=...)"),
        (ConvertField("a", str), "convert 'a' with str", "ConvertField"),
        (SplitField("a", ("b", "c"), str.split), "split 'a'", "SplitField"),
        (MergeFields(("a", "b"), "c", "{} {}".format), "merge 'a', 'b'", "MergeFields"),
        (nothing, "run nothing", "@migrates('shop:Order', 1, inverse=...)"),
    ],
)
def test_what_has_no_inverse_is_named_with_what_to_declare(
    registry, operation, in_problem, in_remedy
):
    """And the whole step can always be declared."""
    declare(registry, 2)
    lineage(registry).upgrade(1, operation)
    plan = backward("shop:Order", 1, registry)
    (problem,) = plan.problems
    assert in_problem in problem.problem
    assert "from 1 to 2" in problem.problem
    assert in_remedy in problem.remedy
    assert "Lineage('shop:Order').downgrade(1, ...)" in problem.remedy
    with pytest.raises(DowngradeError):
        plan.check()


def test_all_problems_are_listed(registry):
    """A gap, a step without inverse, and the finishing stage."""
    declare(registry, 4)
    lineage(registry).upgrade(2, RemoveField("a"))
    lineage(registry).finish(3, nothing)
    problems = [p.problem for p in backward("shop:Order", 1, registry).problems]
    assert problems == [
        "what nothing does after loading (from 3 to 4) has no way back",
        "the step from 2 to 3 has no inverse (remove 'a')",
        "no migration leads from 1 to 2, so none leads back",
    ]


def test_a_declared_way_back_takes_the_place_of_the_inverse(registry):
    declare(registry, 2)
    lineage(registry).upgrade(1, RemoveField("a"))
    lineage(registry).finish(1, nothing)
    lineage(registry).downgrade(1, AddField("a", default=0))
    plan = backward("shop:Order", 1, registry)
    assert plan.problems == ()
    assert [step.describe() for step in plan.steps] == ["shop:Order 2 to 1: add 'a' = 0"]


def test_a_function_may_give_its_inverse(registry):
    """``@migrates(..., inverse=...)``."""
    declare(registry, 2)
    migrates("shop:Order", 1, inverse=dict, registry=registry)(nothing)
    (step,) = backward("shop:Order", 1, registry).steps
    assert step.migration.operations == (RunFunction(dict, inverse=nothing),)


def test_consent_goes_with_the_inverses_of_the_step(registry):
    """``downgrade(1, lossy=True)`` says nothing else."""
    declare(registry, 2)
    lineage(registry).upgrade(1, AddField("a", 0))
    plan = backward("shop:Order", 1, registry)
    assert "drops 'a'" in plan.losses[0]
    lineage(registry).downgrade(1, lossy=True)
    plan = backward("shop:Order", 1, registry)
    assert plan.losses == ()
    assert [step.lossy for step in plan.steps] == [True]


def test_arguments_need_a_function_of_their_own(registry):
    """The state goes back by the inverses then."""
    declare(registry, 2)
    lineage(registry).upgrade(1, AddField("a", 0), arguments=lambda args, kwargs: (args, kwargs))
    (problem,) = backward("shop:Order", 1, registry).problems
    assert "change the constructor arguments" in problem.problem
    lineage(registry).downgrade(1, arguments=max)
    (step,) = backward("shop:Order", 1, registry).steps
    assert step.migration.arguments is max
    assert step.drops == ("a",)


def test_the_inverse_of_arguments_may_stand_with_their_function(registry):
    declare(registry, 2)
    migrates("shop:Order", 1, arguments=True, inverse=min, registry=registry)(max)
    (step,) = backward("shop:Order", 1, registry).steps
    assert step.migration.arguments is min


def test_the_name_at_a_version_is_the_one_that_held_until_then(registry):
    """Of several, the one that ended first after it."""
    declare(registry, 4)
    lineage(registry).upgrade(1).upgrade(2).upgrade(3)
    lineage(registry).renamed_from("old:Purchase", until=1).renamed_from("old:Sale", until=2)
    names = {v: str(backward("shop:Order", v, registry).name) for v in (1, 2, 3, 4)}
    assert names == {1: "old:Purchase", 2: "old:Sale", 3: "shop:Order", 4: "shop:Order"}


def test_without_until_nothing_says_the_name_except_of_the_first_version(registry):
    """A rename came with a later version than the first."""
    declare(registry, 3)
    lineage(registry).upgrade(1).upgrade(2).renamed_from("old:Sale")
    assert str(backward("shop:Order", 1, registry).name) == "old:Sale"
    (problem,) = backward("shop:Order", 2, registry).problems
    assert "it was called old:Sale before" in problem.problem
    assert "until=N" in problem.remedy


def test_who_asks_by_an_older_name_gets_that_name(registry):
    declare(registry, 3)
    lineage(registry).upgrade(1).upgrade(2).renamed_from("old:Sale")
    plan = backward("old:Sale", 2, registry)
    assert (str(plan.ref), str(plan.name), plan.problems) == ("shop:Order", "old:Sale", ())


def test_a_fingerprint_is_given_if_exactly_one_is_known(registry):
    """With two, nobody knows which is the reader's own."""
    cls = declare(registry, 2, a=int)
    lineage(registry).upgrade(1).accept_fingerprint(1, "0123abcd")
    assert backward(cls, 1, registry).fingerprint == "0123abcd"
    assert backward(cls, 2, registry).fingerprint is not None
    lineage(registry).accept_fingerprint(1, "ffff0000").accept_fingerprint(2, "ffff0000")
    assert backward(cls, 1, registry).fingerprint is None
    assert backward(cls, 2, registry).fingerprint is None


def test_no_stamp_leads_to_the_version_of_unstamped_pickles(registry):
    """And is refused where nothing says which that is."""
    declare(registry, 3, unstamped=2)
    lineage(registry).upgrade(2, RenameField("a", "b"))
    assert [s.version for s in backward("shop:Order", 0, registry).steps] == [2]
    declare(registry, 3, "Other")
    (problem,) = backward("shop:Other", 0, registry).problems
    assert "unstamped=1" in problem.remedy
    assert "without a stamp" in str(problem)


def test_a_newer_version_and_an_unknown_class_are_problems(registry):
    declare(registry, 2)
    assert "newer than this code" in backward("shop:Order", 3, registry).problems[0].problem
    assert "no class of that name" in backward("shop:Nobody", 1, registry).problems[0].problem


def test_it_prints(registry):
    declare(registry, 3)
    lineage(registry).upgrade(1, RemoveField("a")).upgrade(2, AddField("b", 0))
    lineage(registry).renamed_from("old:Sale", until=1)
    text = str(backward("shop:Order", 1, registry))
    assert text.splitlines()[:3] == [
        "shop:Order from version 3 to 1, as old:Sale",
        "  shop:Order 3 to 2: remove 'b'",
        "  The way back from 3 to 2 drops 'b': refused for objects whose value is not the one that "
        "the upgrade puts there.",
    ]
    assert "has no inverse (remove 'a')" in text


def test_an_empty_declaration_and_a_second_one_are_refused(registry):
    with pytest.raises(ArgumentError, match="it says nothing"):
        lineage(registry).downgrade(1)
    with pytest.raises(ArgumentError, match="True or False"):
        lineage(registry).downgrade(1, lossy="yes")
    lineage(registry).downgrade(1, nothing)
    with pytest.raises(DuplicateStepError, match="two migrations from version 2"):
        lineage(registry).downgrade(1, nothing)


def test_a_squashed_migration_leads_back_where_the_single_steps_are_gone(registry):
    """To the version where it starts; there is no way to those in between."""
    declare(registry, 4)
    lineage(registry).upgrade(1, RenameField("a", "b"), to=3).upgrade(3, RenameField("b", "c"))
    plan = backward("shop:Order", 1, registry)
    assert plan.problems == ()
    assert [(s.migration.source, s.migration.target) for s in plan.steps] == [(4, 3), (3, 1)]
    (problem,) = backward("shop:Order", 2, registry).problems
    assert "no migration leads from 2 to 3" in problem.problem
