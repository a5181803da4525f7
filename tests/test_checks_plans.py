"""What a load would do and what is in its way, for the words of a finding."""

from __future__ import annotations

import pickle

from pickle_migrate.checks.plans import story_of

OLD = """
    @versioned(1)
    class Order:
        pass

    class Gone:
        pass

    class Broken:
        pass
"""
NEW = """
    @versioned(3)
    class Order:
        pass

    Lineage("plan_shop:Order").upgrade(1, AddField("a", default=1))
"""


def story(scratch, make: str):
    module = scratch.module("plan_shop", OLD)
    path = scratch.folder / "one.pickle"
    path.write_bytes(pickle.dumps(eval(make, vars(module)), 4))
    scratch.module("plan_shop", NEW)
    return story_of(str(path))


def test_steps_and_all_that_is_in_the_way(scratch):
    """Not the first problem alone, as a load tells it."""
    found = story(scratch, "[Order(), Gone(), Broken()]")
    assert found.steps == ("plan_shop:Order 1 to 2: add 'a' = 1",)
    assert [one.error for one in found.problems] == ["GapError"] + ["UnknownClassError"] * 2
    assert [one.facts["ref"] for one in found.missing] == ["plan_shop:Gone", "plan_shop:Broken"]


def test_a_module_that_fails_has_no_story(scratch):
    """The finding still says what the load said."""
    for source in ("1 / 0", "import sys; sys.exit(0)", "raise BaseException"):
        module = scratch.module("plan_shop", OLD)
        path = scratch.folder / "one.pickle"
        path.write_bytes(pickle.dumps(module.Gone(), 4))
        scratch.write("plan_shop", source)
        scratch.forget("plan_shop")
        assert story_of(str(path)).steps == ()


def test_what_is_no_pickle_has_no_story(scratch, tmp_path):
    path = tmp_path / "no.pickle"
    path.write_bytes(b"\x80\x04nonsense")
    assert story_of(str(path)).problems == ()
    assert story_of(str(tmp_path / "gone")).problems == ()
