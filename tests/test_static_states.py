"""Where a class has a say in its own state, and what becomes of states where it has none."""

import dataclasses
import enum
import re

import attrs
import pytest

from pickle_migrate import AddField, Lineage, Registry, RenameField, versioned
from pickle_migrate.errors import StateError, StaticError
from pickle_migrate.hooks import entry_of
from pickle_migrate.migration import Migration
from pickle_migrate.refs import GlobalRef
from pickle_migrate.routes import route_for
from pickle_migrate.shims_types import ShimType
from pickle_migrate.shims_world import World
from pickle_migrate.stamps import MODULE, StampText
from pickle_migrate.static_states import against_class, is_stamp_pair, states_of, states_of_gone

REF = GlobalRef("shop", "Order")


def registered(body=None, bases=(), *, decorate=lambda cls: cls, unstamped=1, version=2):
    """A class at version 2 with one step, in a registry of its own."""
    registry = Registry()
    meta = type(bases[0]) if bases else type
    if meta is enum.EnumType:
        cls = enum.Enum("Order", {"A": 1})
    else:
        cls = decorate(meta("Order", bases, dict(body or {})))
    cls.__module__ = "shop"
    cls.__qualname__ = "Order"
    Lineage(REF, registry=registry).upgrade(1, RenameField("a", "b"))
    versioned(version, unstamped=unstamped, registry=registry)(cls)
    return cls


def stamp(text):
    return StampText.decode(f"shop:Order@{text}")


def against(cls, text=None):
    written = None if text is None else stamp(text)
    return against_class(entry_of(cls), route_for(cls, written), written)


def states(cls, text=None):
    written = None if text is None else stamp(text)
    return states_of(REF, entry_of(cls), route_for(cls, written), unstamped=text is None)


def slotted(cls):
    return dataclasses.dataclass(slots=True)(cls)


PLAIN = {}
OWN_SETSTATE = {"__setstate__": lambda self, state: None}
OWN_GETSTATE = {"__getstate__": lambda self: 1}
FIELDS = {"__annotations__": {"b": int}}


@pytest.mark.parametrize(
    ("cls", "text", "reason"),
    [
        (registered(), None, None),
        (registered(), "1", None),
        (registered(), "1!", None),
        (registered({"__slots__": ("b",)}), "1!", None),
        (registered({"__slots__": ("b",)}), None, None),
        (registered(FIELDS, decorate=slotted), "1!", None),
        (registered({"b": attrs.field()}, decorate=attrs.define), "1!", None),
        (registered(bases=(dict,)), "1!", None),
        (registered(bases=(ValueError,)), "1!", None),
        (registered(bases=(dict,)), None, "is made with arguments or items"),
        (registered(bases=(ValueError,)), None, "is made with arguments or items"),
        (registered(bases=(dict,)), "1", "was another kind of class"),
        (registered(), "1=", "was another kind of class"),
        (registered(OWN_SETSTATE), "1!", "has a __setstate__ of its own"),
        (registered(OWN_GETSTATE), "1!", "has a __getstate__ of its own"),
        (registered(OWN_SETSTATE), "2!", None),
        (registered({"__getinitargs__": ()}), None, "has __getinitargs__"),
        (registered(bases=(enum.Enum,), unstamped=None), "1=", "is an enum"),
    ],
)
def test_classes_that_have_a_say(cls, text, reason):
    """By how the pickle was written, and what the class is today."""
    found = against(cls, text)
    assert found == () if reason is None else found[0].startswith(reason)


def test_functions_and_the_finishing_stage():
    """They need what only a load gives."""
    cls = registered(version=3)
    registry = vars(cls)["__pickle_migrate__"].registry
    Lineage(REF, registry=registry).upgrade(2, lambda state: state)
    assert re.match(r"a step has to run .*<lambda> \(step 2 to 3\)", against(cls)[0])
    cls = registered()
    registry = vars(cls)["__pickle_migrate__"].registry
    Lineage(REF, registry=registry).finish(1, print)
    assert against(cls) == ("its finishing stage needs the loaded objects",)


def test_a_dict_of_fields():
    """The usual state; the given one is not changed."""
    found = states(registered(), "1")
    raw = {"a": 1, "c": 2}
    assert found.mapping(raw) == {"c": 2, "b": 1}
    assert raw == {"a": 1, "c": 2}
    assert found.is_fast
    assert found.mapping({b"a": 1}) == {"b": 1}


def test_pairs_of_dict_and_slots():
    """Old classes with slots."""
    found = states(registered({"__slots__": ("b", "c")}))
    assert found.mapping((None, {"a": 1, "c": 2})) == {"c": 2, "b": 1}
    assert not found.is_fast
    with pytest.raises(StaticError, match="no slots"):
        found.mapping((None, {"a": 1, "d": 2}))


def test_states_by_position():
    """The lineage names the fields, or the error is that of loading."""
    cls = registered(FIELDS, decorate=slotted)
    with pytest.raises(StateError, match="by position"):
        states(cls).mapping([1])
    registry = vars(cls)["__pickle_migrate__"].registry
    Lineage(REF, registry=registry).fields(1, "a")
    assert states(cls).mapping([1]) == {"b": 1}


def test_wrapped_states():
    """A pair of stamp and state, and none with a state setter."""
    world = World()
    text = world.new(ShimType, GlobalRef(MODULE, "shop:Order@1!"))
    found = states(registered({"__slots__": ("b", "c")}), "1!")
    assert is_stamp_pair((text, {"a": 1}))
    assert not is_stamp_pair(({"a": 1}, None))
    assert not is_stamp_pair((world.find("m", "C"), {}))
    assert found.mapping((text, {"a": 1})) == {"b": 1}
    with pytest.raises(StaticError, match="state setter"):
        found.mapping((text, {"a": 1}, 1))


def test_states_that_are_objects():
    """What such an object would be as a state, only its class knows."""
    shim = World().find("m", "C")()
    with pytest.raises(StaticError, match="an object of a class"):
        states(registered(), "1").mapping(shim)


def test_whole_values():
    """Namedtuples: a mapping in the arguments, of exactly the fields."""
    import collections

    cls = registered(bases=(collections.namedtuple("Order", "b c"),), unstamped=None)
    found = states(cls, "1=")
    assert found.whole(({"a": 1, "c": 2},)) == ({"c": 2, "b": 1},)
    with pytest.raises(StaticError, match="has not the fields b, c"):
        found.whole(({"a": 1},))
    with pytest.raises(StaticError, match="one mapping"):
        found.whole((1, 2))


def test_attrs_fields_are_all_there():
    """attrs cannot write an object that lacks one."""
    cls = registered({"b": attrs.field(), "c": attrs.field()}, decorate=attrs.define)
    assert states(cls, "1!").mapping({"a": 1, "c": 2}) == {"c": 2, "b": 1}
    with pytest.raises(StaticError, match="has not the fields"):
        states(cls, "1!").mapping({"a": 1})


def test_classes_that_are_gone():
    """The state keeps its form."""
    step = Migration(REF, 1, (AddField("x", default=1),))
    fast = states_of_gone(REF, stamp("1"), (step,), None)
    wrapped = states_of_gone(REF, stamp("1!"), (step,), None)
    assert (fast.wraps, wrapped.wraps) == (False, True)
    assert fast.mapping({"a": 1}) == {"a": 1, "x": 1}
    text = World().new(ShimType, GlobalRef(MODULE, "shop:Order@1!"))
    assert wrapped.mapping((text, None)) == {"x": 1}
    with pytest.raises(StateError):
        fast.mapping([1])
    with pytest.raises(StaticError, match="no mapping"):
        states_of_gone(REF, stamp("1"), (), None).mapping([1])


def test_classes_that_are_gone_and_had_no_dict():
    """Slots, and fields whose order is declared, become fields by name where a step needs them."""
    step = Migration(REF, 1, (RenameField("a", "x"),))
    gone = states_of_gone(REF, stamp("1"), (step,), None, ("a", "b"))
    assert gone.mapping((None, {"a": 1, "b": 2})) == {"b": 2, "x": 1}
    assert gone.mapping(({"b": 2}, {"a": 1})) == {"b": 2, "x": 1}
    assert gone.mapping([1, 2]) == gone.mapping((1, 2)) == {"b": 2, "x": 1}
    with pytest.raises(StateError, match="3 values by position, and the version has 2"):
        gone.mapping([1, 2, 3])


def test_classes_that_are_gone_keep_what_no_operation_touches():
    """A ``__setstate__`` that nobody can see might take just that."""
    gone = states_of_gone(REF, stamp("1"), (Migration(REF, 1, ()),), None, ("a", "b"))
    with pytest.raises(StaticError, match="no mapping"):
        gone.mapping((None, {"a": 1}))
