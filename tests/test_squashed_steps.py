"""A step over several versions: every part that follows steps knows it."""

import subprocess
import sys
import textwrap

import pytest

from pickle_migrate import AbsentField, AddField, Lineage, Registry, RenameField
from pickle_migrate.errors import (
    DuplicateStepError,
    FieldExistsError,
    GapError,
    VersionNumberError,
)
from pickle_migrate.lineage import LineageRecord
from pickle_migrate.migration import Migration
from pickle_migrate.refs import GlobalRef
from pickle_migrate.routes import steps_between

COMMAND = (sys.executable, "-m", "pickle_migrate")
ORDER = GlobalRef("shop.models", "Order")


def lineage():
    return Lineage(ORDER, registry=Registry())


def way(made, version, current):
    steps, gaps = steps_between(ORDER, version, current, made._registry.family(ORDER))
    return [(s.source, s.target) for s in steps], [g.missing for g in gaps]


def singles(made, *versions):
    for version in versions:
        made._add(version, (RenameField(f"f{version}", f"f{version + 1}"),), ("here", None), None)
    return made


def test_a_squashed_step_is_the_short_way():
    """A pickle of the first version takes the one step."""
    made = singles(lineage(), 1, 2, 3, 4).upgrade(1, RenameField("f1", "f5"), to=5)
    assert way(made, 1, 5) == ([(1, 5)], [])


def test_versions_in_between_keep_their_steps():
    """Single steps stand beside a squashed one, for pickles of the versions in between."""
    made = singles(lineage(), 2, 3, 4, 5).upgrade(1, RenameField("f1", "f5"), to=5)
    assert way(made, 3, 6) == ([(3, 4), (4, 5), (5, 6)], [])
    assert way(made, 1, 6) == ([(1, 5), (5, 6)], [])


def test_a_squashed_step_beyond_the_current_version_is_not_taken():
    """The code may be at an older version than the migrations know."""
    made = singles(lineage(), 1, 2).upgrade(1, RenameField("f1", "f5"), to=5)
    assert way(made, 1, 3) == ([(1, 2), (2, 3)], [])


def test_a_complete_way_goes_before_a_shorter_one_with_a_gap():
    """A squashed step that leads to where no step goes on is left aside."""
    made = singles(lineage(), 1).upgrade(1, to=3).upgrade(2, to=5)
    assert way(made, 1, 5) == ([(1, 2), (2, 5)], [])


def test_gaps_are_told_all_the_same():
    """What is missing is missing."""
    made = lineage().upgrade(1, to=3)
    assert way(made, 1, 5) == ([(1, 3)], [3, 4])
    assert way(made, 2, 3) == ([], [2])


def test_two_squashed_steps_from_one_version_are_refused():
    """Nobody could say which of the two is meant."""
    made = lineage().upgrade(1, to=3)
    with pytest.raises(DuplicateStepError):
        made.upgrade(1, to=4)


def test_to_is_a_version_above():
    """A step leads to a newer version."""
    for wrong in (1, 0, "3", 2.0, True):
        with pytest.raises(VersionNumberError):
            lineage().upgrade(1, to=wrong)


def test_to_the_next_version_is_a_single_step():
    """``to=2`` says what is so anyway."""
    made = lineage().upgrade(1, to=2)
    assert made._registry.family(ORDER)[0].steps[1].target == 2
    with pytest.raises(DuplicateStepError):
        made.upgrade(1, RenameField("a", "b"))


def test_the_inverse_leads_back_at_once():
    """A migration from 1 to 5 has one from 5 to 1."""
    made = Migration(ORDER, 1, RenameField("a", "b"), to=5)
    back = made.inverse()
    assert (back.source, back.target) == (5, 1)
    assert back.apply(made.apply({"a": 1})) == {"a": 1}
    assert "1 to 5" in made.describe()
    assert "5 to 1" in back.describe()


def test_a_part_of_a_lineage_holds_its_squashed_steps():
    """A class that took over some versions of another takes their squashed steps too."""
    record = LineageRecord(ORDER)
    record.add_step(Migration(ORDER, 1, to=3))
    record.add_step(Migration(ORDER, 4, to=6))
    assert record.versions() == [1, 4]
    assert list(record.part(lambda v: v < 3).squashed) == [1]


def test_a_field_that_must_be_absent():
    """It is refused when it is there, and nothing else happens."""
    operation = AbsentField("b")
    assert operation.apply({"a": 1}) == {"a": 1}
    with pytest.raises(FieldExistsError, match="'b'"):
        operation.apply({"b": 1})
    assert operation.inverse() == operation
    assert operation.writes == frozenset()


def test_a_name_that_must_be_absent_can_be_made_afterwards():
    """The check at the declaration and the compiled chain follow it."""
    from pickle_migrate.compiler import compile_chain

    made = Migration(ORDER, 1, (AbsentField("b"), AddField("b", default=2)), to=3)
    assert compile_chain([made])({"a": 1}) == {"a": 1, "b": 2}
    with pytest.raises(FieldExistsError):
        compile_chain([made])({"b": 1})


CLASS = """
    from pickle_migrate import *

    @versioned({version})
    class Order:
        pass
"""
STEPS = """
    order = Lineage("shop:Order")
    order.upgrade(2, RenameField("amount", "quantity"))
    order.upgrade(3, AddField("currency", default="EUR"))
    order.upgrade(1, RenameField("qty", "quantity"), AddField("currency", default="EUR"), to=4)
"""


def run(folder, code, **options):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def shop(tmp_path):
    """Pickles of versions 1 and 2, written by the code of those versions, and today's code."""
    for version, name in ((1, "qty"), (2, "amount")):
        (tmp_path / "shop.py").write_text(textwrap.dedent(CLASS.format(version=version)))
        run(
            tmp_path,
            f"import pickle, shop; o = shop.Order(); o.{name} = 3\n"
            f"pickle.dump(o, open('v{version}.pkl', 'wb'))",
        )
    today = CLASS.format(version=4) + STEPS
    (tmp_path / "shop.py").write_text(textwrap.dedent(today))
    return tmp_path


def test_plain_pickle_takes_the_squashed_step(shop):
    """Old pickles of the first version and of one in between give the same object."""
    for version in (1, 2):
        out = run(shop, f"import pickle; print(vars(pickle.load(open('v{version}.pkl', 'rb'))))")
        assert out == "{'quantity': 3, 'currency': 'EUR'}\n"


@pytest.mark.parametrize("way", ["--static", "--trust"])
def test_the_command_takes_it_with_and_without_loading(shop, way):
    """``upgrade`` runs the squashed step on stand-ins, and live."""
    done = subprocess.run(
        [*COMMAND, "upgrade", "v1.pkl", "--to", "new", "--path", ".", "--import", "shop", way],
        cwd=shop,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    out = run(shop, "import pickle; print(vars(pickle.load(open('new/v1.pkl', 'rb'))))")
    assert out == "{'quantity': 3, 'currency': 'EUR'}\n"


def test_it_works_when_the_class_is_gone(shop):
    """Stand-ins follow the lineage to its head, which only a squashed step may know."""
    source = "from pickle_migrate import *\n" + textwrap.dedent(STEPS).replace(
        "order.upgrade(3", "#"
    )
    (shop / "steps.py").write_text(source)
    (shop / "shop.py").unlink()
    done = subprocess.run(
        [*COMMAND, "inspect", "v1.pkl", "--path", ".", "--import", "steps"],
        cwd=shop,
        capture_output=True,
        text=True,
    )
    assert "1 to 4" in done.stdout, done.stdout + done.stderr


def test_a_gap_error_in_a_route_is_a_gap_error():
    """The class of the problem stays what it was."""
    made = lineage().upgrade(1, to=3)
    _, gaps = steps_between(ORDER, 1, 4, made._registry.family(ORDER))
    assert [type(g) for g in gaps] == [GapError]
