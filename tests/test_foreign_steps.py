"""Steps of classes of others: what they may change, and who sees it."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate import AddField, Lineage, Rebuild, Registry, RemoveField, RenameField, loads
from pickle_migrate.errors import (
    ForeignError,
    GapError,
    MissingFieldError,
    NewerVersionError,
    PickleMigrateError,
    StateError,
    StepFailedError,
)

pytestmark = pytest.mark.usefixtures("lib")


def by_field(name, there=1, gone=2):
    return lambda view: there if name in view.fields else gone


def lineage(registry, version_of=None, ref="lib:Tree"):
    return Lineage(ref, version_of=version_of or by_field("old"), registry=registry)


def tree(lib, **fields):
    made = lib.Tree(1)
    vars(made).update(fields)
    return made


@pytest.mark.parametrize("protocol", range(6))
def test_a_state_is_migrated_before_anything_is_loaded(lib, protocol):
    """Field operations, for each of several objects, at every protocol."""
    registry = Registry()
    lineage(registry).upgrade(1, RenameField("old", "new"), AddField("extra", default=0))
    data = pickle.dumps([tree(lib, old=1), tree(lib, old=2)], protocol)
    assert [(t.new, t.extra) for t in loads(data, registry=registry)] == [(1, 0), (2, 0)]


def test_steps_follow_one_another_from_the_version_that_is_told(lib):
    """An object of a middle version takes only the steps from there on."""
    registry = Registry()
    told = lineage(registry, lambda view: view.fields["v"])
    told.upgrade(1, RenameField("a", "b")).upgrade(2, lambda s: s | {"c": s.pop("b"), "v": 3})
    first, second = tree(lib, v=1, a="x"), tree(lib, v=2, b="y")
    loaded = loads(pickle.dumps([first, second]), registry=registry)
    assert [(t.c, t.v) for t in loaded] == [("x", 3), ("y", 3)]


def test_none_says_that_nothing_is_to_be_done(lib):
    """The object stays as it is."""
    registry = Registry()
    lineage(registry, lambda view: None).upgrade(1, RenameField("nothing", "else"))
    assert loads(pickle.dumps(tree(lib, old=1)), registry=registry).old == 1


def test_what_stands_in_the_way_is_raised(lib):
    """A gap, a newer version, a wrong version, functions that fail, a field that is not there."""
    data = pickle.dumps(tree(lib, old=1))

    def raised(version_of, *steps):
        registry = Registry()
        told = lineage(registry, version_of)
        for version, *operations in steps:
            told.upgrade(version, *operations)
        with pytest.raises(PickleMigrateError) as caught:
            loads(data, registry=registry)
        return caught.value

    assert isinstance(raised(lambda view: 1, (2,)), GapError)
    assert isinstance(raised(lambda view: 9, (1,)), NewerVersionError)
    assert "no version" in str(raised(lambda view: "1", (1,)))
    assert "cannot be told (KeyError" in str(raised(lambda view: view.fields["x"], (1,)))
    assert isinstance(raised(lambda view: 1, (1, RenameField("x", "y"))), MissingFieldError)
    assert isinstance(raised(lambda view: 1, (1, Rebuild(lambda view: 1 / 0))), StepFailedError)


def test_slots_and_a_missing_state_keep_their_form(lib):
    """The pair of dict and slots stays a pair; an object without attributes gets a state."""
    registry = Registry()
    Lineage("lib:Slotted", version_of=by_field("b"), registry=registry).upgrade(
        1, RenameField("b", "c")
    )
    lineage(registry, by_field("new", 2, 1)).upgrade(1, AddField("new", default=7))
    slotted = lib.Slotted()
    slotted.b = 5
    empty = lib.Tree.__new__(lib.Tree)
    loaded = loads(pickle.dumps([slotted, empty]), registry=registry)
    assert loaded[0].c == 5
    assert loaded[1].new == 7


def test_a_state_by_position_gets_the_declared_names(lib):
    """``Lineage.fields`` says which; without it, operations on fields are refused."""

    raw = b"\x80\x02clib\nTree\n)\x81K\x01K\x02\x86b."
    registry = Registry()
    told = lineage(registry, lambda view: 1 if type(view.state) is tuple else 2)
    told.upgrade(1, RenameField("a", "z"))
    with pytest.raises(StateError, match="by position"):
        loads(raw, registry=registry)
    told.fields(1, "a", "b")
    assert vars(loads(raw, registry=registry)) == {"b": 2, "z": 1}


def test_arguments_change_without_the_class(lib):
    """Of a call, of ``__new__`` and of copyreg's constructors, the class is not an argument."""
    registry = Registry()
    seen = []

    def arguments(args, kwargs):
        seen.append(args)
        return (*args, "more"), kwargs

    told = Lineage("lib:Leaf", registry=registry)
    told.version_of(lambda view: 2 if "more" in view.args else 1)
    told.upgrade(1, arguments=lambda args, kwargs: (("more",), kwargs))
    assert loads(b"clib\nLeaf\n(I1\ntR.", registry=registry).value == "more"
    lineage(registry, lambda view: 1 if len(view.args) < 2 else 2).upgrade(1, arguments=arguments)
    loads(b"\x80\x02clib\nTree\nK\x05\x85\x81.", registry=registry)
    assert seen == [(5,)]


def test_arguments_that_give_no_pair_are_refused(lib):
    """With what it should give."""
    registry = Registry()
    lineage(registry, lambda view: 1).upgrade(1, arguments=lambda args, kwargs: args)
    with pytest.raises(StateError, match="a pair"):
        loads(b"\x80\x02clib\nTree\nK\x05\x85\x81.", registry=registry)


# --- rebuilding -------------------------------------------------------------------------------


def to_leaf(view):
    return view.make("lib:Leaf", view.fields["old"])


@pytest.mark.parametrize("protocol", range(6))
def test_all_who_refer_to_an_object_refer_to_what_took_its_place(lib, protocol):
    """In lists, tuples, dict keys and values, arguments, states, and in circles of these."""
    registry = Registry()
    lineage(registry).upgrade(1, Rebuild(to_leaf))
    old = tree(lib, old=1)
    holder = lib.Leaf()
    holder.value = (old, [old, (old, {"k": (old,)})])
    circle = [old]
    circle.append((circle, old))
    counted = lib.Counted(a=old)
    data = pickle.dumps([old, holder, {(old, 1): old}, circle, counted], protocol)
    new, holder, keyed, circle, counted = loads(data, registry=registry)
    assert type(new) is lib.Leaf
    assert new.value == 1
    assert holder.value[0] is holder.value[1][0] is holder.value[1][1][0] is new
    assert holder.value[1][1][1]["k"][0] is new
    assert keyed == {(new, 1): new}
    assert circle[1][0] is circle
    assert circle[0] is circle[1][1] is new
    assert counted["a"] is new


@pytest.mark.parametrize("protocol", [4, 5])
def test_members_of_sets_are_replaced(lib, protocol):
    """Sets hold stand-ins, which are hashed by identity."""
    registry = Registry()
    lineage(registry).upgrade(1, Rebuild(lambda view: "text"))
    old = tree(lib, old=1)
    assert loads(pickle.dumps([{old}, frozenset([old])], protocol), registry=registry) == [
        {"text"},
        frozenset(["text"]),
    ]


def test_a_key_that_cannot_be_hashed_is_refused(lib):
    """A list in the place of a key."""
    registry = Registry()
    lineage(registry).upgrade(1, Rebuild(lambda view: []))
    with pytest.raises(ForeignError, match="key or in a set"):
        loads(pickle.dumps({tree(lib, old=1): 1}), registry=registry)


def test_an_object_in_a_circle_with_its_own_state_is_replaced(lib):
    """What is replaced refers to what refers to it."""
    registry = Registry()
    lineage(registry).upgrade(
        1, Rebuild(lambda view: view.make("lib:Leaf", state={"value": view.fields["me"]}))
    )
    old = tree(lib, old=1)
    old.me = (old, [old])
    new = loads(pickle.dumps(old), registry=registry)
    assert new.value[0] is new.value[1][0] is new


def test_what_takes_the_place_may_hold_the_old_object(lib):
    """A wrapper holds what it wraps, not itself."""
    registry = Registry()

    def wrapped(view):
        del view.fields["old"]
        return view.make("lib:Leaf", [view.shim])

    lineage(registry).upgrade(1, Rebuild(wrapped))
    new = loads(pickle.dumps([tree(lib, old=1)] * 2), registry=registry)
    assert new[0] is new[1]
    assert type(new[0].value[0]) is lib.Tree


def test_a_part_is_up_to_date_before_what_holds_it(lib):
    """A step of the outer object sees what the inner one became."""
    registry = Registry()
    Lineage("lib:Leaf", version_of=lambda view: 1, registry=registry).upgrade(
        1, Rebuild(lambda view: view.fields["value"] * 2)
    )
    lineage(registry).upgrade(1, lambda state: {"seen": state["old"]})
    assert loads(pickle.dumps(tree(lib, old=lib.Leaf(21))), registry=registry).seen == 42


def test_what_a_function_gave_has_a_lineage_of_its_own(lib):
    """The ref of a lineage may be a function, which is never called."""
    registry = Registry()
    Lineage("lib:forest", version_of=lambda view: 1, registry=registry).upgrade(
        1, Rebuild(lambda view: view.args)
    )
    assert loads(b"clib\nforest\n(I1\nI2\ntR.", registry=registry) == (1, 2)


def test_real_objects_may_take_a_place(lib):
    """They are pickled as pickle does."""
    import fractions

    registry = Registry()
    lineage(registry).upgrade(1, Rebuild(lambda view: fractions.Fraction(1, 3)))
    assert loads(pickle.dumps([tree(lib, old=1)]), registry=registry) == [fractions.Fraction(1, 3)]


def test_a_chain_ends_with_plain_data(lib):
    """The steps after it are for objects."""
    registry = Registry()
    lineage(registry).upgrade(1, Rebuild(lambda view: 5)).upgrade(2, RenameField("x", "y"))
    assert loads(pickle.dumps(tree(lib, old=1)), registry=registry) == 5


def test_removing_and_adding_parts_in_place(lib):
    """Items and pairs may be changed, and a Rebuild that returns None keeps the object."""
    registry = Registry()

    def clean(view):
        view.pairs[:] = [(key, value) for key, value in view.pairs if key != "bad"]

    told = Lineage("lib:Counted", registry=registry)
    told.version_of(lambda view: 1 if "bad" in dict(view.pairs) else 2)
    told.upgrade(1, Rebuild(clean))
    lineage(registry).upgrade(1, RemoveField("old", default=None))
    assert loads(pickle.dumps(lib.Counted(a=1, bad=2)), registry=registry) == {"a": 1}


def test_a_renamed_class_is_found_under_its_old_name(lib):
    """A lineage holds for all names of its class, and a function sees today's and the old one."""
    registry = Registry()
    seen = []

    def version_of(view):
        seen.append((str(view.ref), str(view.written)))
        return 1 if "old" in view.fields else 2

    lineage(registry, version_of).upgrade(1, RenameField("old", "new")).renamed_from("gone:Bush")
    data = pickle.dumps(tree(lib, old=1), 0).replace(b"clib\nTree", b"cgone\nBush")
    assert loads(data, registry=registry).new == 1
    assert seen[0] == ("lib:Tree", "gone:Bush")


@pytest.mark.parametrize("protocol", range(6))
def test_an_object_looks_the_same_at_each_protocol(lib, protocol):
    """Below protocol 2, a function of copyreg makes it; views hide that."""
    registry = Registry()
    seen = []

    def version_of(view):
        seen.append((view.made_by, view.args, view.state))
        return 2 if view.args else 1

    lineage(registry, version_of).upgrade(1, arguments=lambda args, kwargs: ((5,), kwargs))
    assert loads(pickle.dumps(tree(lib, old=1), protocol), registry=registry).old == 1
    assert seen == [("new", (), {"args": (1,), "old": 1})]


@pytest.mark.parametrize("protocol", range(2, 6))
def test_keyword_arguments_change_at_each_protocol(lib, protocol):
    """Below protocol 4, pickle writes them as a call of a partial function."""
    registry = Registry()
    told = Lineage("lib:Sized", registry=registry)
    old = lib.Sized(1, length=3)
    data = pickle.dumps([old, old], protocol).replace(b"length", b"size".ljust(6, b"x"))
    told.version_of(lambda view: 1 if "sizexx" in view.kwargs else 2)
    told.upgrade(1, arguments=lambda args, kwargs: ((args[0] + 1,), {"length": kwargs["sizexx"]}))
    first, second = loads(data, registry=registry)
    assert first is second
    assert (first.number, first.length) == (2, 3)
