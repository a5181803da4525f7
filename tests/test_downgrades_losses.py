"""Whether a step back loses something, decided by value."""

import attrs
import pytest

from pickle_migrate import (
    AddField,
    ConvertField,
    MergeFields,
    RemoveField,
    RenameField,
    SplitField,
)
from pickle_migrate.downgrades.losses import lost_fields, plain_copy, same
from pickle_migrate.downgrades.plan import StepBack
from pickle_migrate.migration import Migration
from pickle_migrate.operations import RunFunction


def lost(newer, *operations, back=None, finishes=False):
    upgrade = Migration("shop:Order", 1, operations)
    migration = upgrade.inverse() if back is None else Migration("m:A", 1, back, backward=True)
    step = StepBack(migration, upgrade, finishes=finishes)
    return lost_fields(step, newer, migration.apply(newer))


class Place:
    def __init__(self, x, y):
        self.x, self.y = x, y


@pytest.mark.parametrize(
    ("value", "expected"), [("EUR", ()), ("USD", ("currency",)), (None, ("currency",))]
)
def test_an_added_field_is_lost_unless_it_has_the_value_of_the_upgrade(value, expected):
    assert lost({"a": 1, "currency": value}, AddField("currency", default="EUR")) == expected


def test_a_factory_is_asked_what_it_would_put_there():
    """Also one that looks at the state."""
    assert lost({"tags": []}, AddField("tags", factory=list)) == ()
    assert lost({"tags": ["x"]}, AddField("tags", factory=list)) == ("tags",)
    copy = AddField("label", factory=lambda state: state["name"].upper())
    assert lost({"name": "a", "label": "A"}, copy) == ()
    assert lost({"name": "a", "label": "B"}, copy) == ("label",)


def test_renames_and_conversions_with_exact_inverses_lose_nothing():
    newer = {"quantity": 3, "price": "2.5"}
    operations = (RenameField("qty", "quantity"), ConvertField("price", str, inverse=float))
    assert lost(newer, *operations) == ()


def test_a_conversion_that_cannot_express_a_value_loses_it():
    """Ninety minutes are no number of hours."""
    hours = ConvertField("minutes", lambda h: h * 60, inverse=lambda m: m // 60)
    assert lost({"minutes": 120}, hours) == ()
    assert lost({"minutes": 90}, hours) == ("minutes",)
    number = ConvertField("code", str, inverse=int)
    assert lost({"code": "7"}, number) == ()
    assert lost({"code": "007"}, number) == ("code",)


def test_what_the_conversion_to_the_older_unit_keeps_is_no_loss():
    """The upgrade rounds, but the older state holds all the digits."""
    celsius = ConvertField(
        "t", lambda f: round((f - 32) * 5 / 9, 2), inverse=lambda c: c * 9 / 5 + 32
    )
    assert lost({"t": 10.0131}, celsius) == ()
    assert lost({"t": 10.01}, celsius) == ()


@pytest.mark.parametrize("value", [99.6, 12345.67, 3.004, 0.4])
def test_digits_that_the_way_back_rounds_off_are_a_loss(value):
    """However few: 12345.67 is not 12345."""
    number = ConvertField("total", float, inverse=int)
    assert lost({"total": value}, number) == ("total",)
    assert lost({"total": float(int(value))}, number) == ()


def test_a_default_that_is_nearly_the_value_does_not_make_up_for_it():
    """The older state does not depend on the value at all."""
    assert lost({"rate": 0.501}, AddField("rate", default=0.5)) == ("rate",)


def test_a_function_that_drops_a_field_is_found_out():
    """It has no names of fields; what counts is what comes back."""

    def forth(state):
        state["t"], state["note"] = state.pop("f") * 2, ""

    def back(state):
        state["f"] = state.pop("t") / 2
        del state["note"]

    both = RunFunction(forth, inverse=back)
    assert lost({"t": 4.0, "note": ""}, both) == ()
    assert lost({"t": 4.0, "note": "hello"}, both) == ("note",)


def test_split_and_merged_fields_are_judged_by_their_values():
    name = MergeFields(("first", "last"), "name", "{} {}".format, inverse=lambda n: n.split(" ", 1))
    assert lost({"name": "Ada Byron King"}, name) == ()
    wind = SplitField("wind", ("way", "speed"), str.split, inverse=lambda way, speed: f"{way} 0")
    assert lost({"way": "NW", "speed": "0"}, wind) == ()
    assert lost({"way": "NW", "speed": "7"}, wind) == ("speed",)


def test_objects_are_compared_by_their_fields():
    """A new object with the same fields is no loss, though it is not equal."""
    place = MergeFields(("x", "y"), "place", Place, inverse=lambda p: (p.x, p.y))
    assert lost({"place": Place(1, 2)}, place) == ()
    half = MergeFields(("x", "y"), "place", Place, inverse=lambda p: (p.x, 0))
    assert lost({"place": Place(1, 2)}, half) == ("place",)


def test_what_the_upgrade_removes_is_lost_unless_the_older_state_has_it():
    assert lost({"a": 1}, RemoveField("b", default=0)) == ()
    drops = [AddField("a", default=0), RemoveField("x")]
    assert lost({"x": 5}, RemoveField("a"), back=drops) == ("x",)
    moves = [RenameField("x", "a")]
    assert lost({"x": 5}, RemoveField("a"), back=moves) == ()


def test_functions_may_not_change_what_the_object_holds():
    """The upgrade runs on a copy of the containers."""
    tags = ["x"]

    def forth(state):
        state["tags"].append("new")

    def back(state):
        state["tags"] = [tag for tag in state["tags"] if tag != "new"]

    lost({"tags": tags}, RunFunction(forth, inverse=back))
    assert tags == ["x"]


def test_a_state_that_is_no_mapping_is_judged_as_a_whole():
    pair = RunFunction(lambda state: (state[0], 0), inverse=lambda state: (state[0],))
    assert lost((1, 0), pair) == ()
    assert lost((1, 5), pair) == ("state",)


def test_what_the_finishing_stage_fills_is_not_judged():
    assert lost({"index": {1: 2}}, AddField("index", factory=dict), finishes=True) == ()


def test_an_upgrade_that_fails_on_the_older_state_is_told():
    """What is written then could not be read."""
    with pytest.raises(Exception, match="invalid literal"):
        lost({"a": 1}, ConvertField("a", int, inverse=lambda a: "x"))


@attrs.define
class Slotted:
    a: int


class Named(list):
    pass


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 1, True),
        (1, True, False),
        (1, 1.0, False),
        (float("nan"), float("nan"), True),
        ([1, (2, {"a": 3})], [1, (2, {"a": 3})], True),
        ([1, 2], [1, 2, 3], False),
        ({"a": 1}, {"b": 1}, False),
        ({1, 2}, {2, 1}, True),
        (Place(1, [2]), Place(1, [2]), True),
        (Place(1, 2), Place(1, 3), False),
        (Slotted(1), Slotted(1), True),
        (Slotted(1), Slotted(2), False),
        (Named([1]), Named([1]), True),
        (Named([1]), Named([2]), False),
    ],
)
def test_values_are_the_same_by_type_and_parts(left, right, expected):
    assert same(left, right) is expected


def test_comparing_arrays_gives_an_answer():
    """numpy answers ``==`` with an array, which has no truth."""
    numpy = pytest.importorskip("numpy")
    assert same(numpy.arange(3), numpy.arange(3)) is True
    assert same(numpy.arange(3), numpy.arange(4)) is False


def test_a_plain_copy_has_its_own_containers_and_the_same_objects():
    """Cycles included."""
    place = Place(1, 2)
    value = {"a": [place, {1}], "t": ([], 1), "s": (1, 2)}
    value["self"] = value
    made = plain_copy(value)
    assert made["self"] is made
    assert made["a"] is not value["a"]
    assert made["a"][0] is place
    assert made["a"][1] is not value["a"][1]
    assert made["t"][0] is not value["t"][0]
    assert made["s"] is value["s"]
