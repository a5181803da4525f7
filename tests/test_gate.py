"""What a name leads to is looked at when it is resolved, and nothing else is answered for."""

from __future__ import annotations

import copyreg
import enum
import io
import pickle
import sys

import pytest

import pickle_migrate
from pickle_migrate import Policy, Unpickler, loads
from pickle_migrate.errors import PolicyError
from pickle_migrate.gate import home_of
from pickle_migrate.refs import GlobalRef

SOURCE = """
import os
from os import system
from collections import OrderedDict
import enum
import functools

class Order:
    class Line:
        pass
    def total(self):
        return 1

class Color(enum.Enum):
    RED = 1
    def paint(self):
        return "paint"

def make(value):
    return [value]

tools = os
THING = Order()
run = functools.partial(os.system, "echo caught")
log = "".join
"""


@pytest.fixture
def shop(scratch):
    """A module that imports others."""
    return scratch.module("gate_shop", SOURCE)


def named(name: str, module: str = "gate_shop") -> bytes:
    return b"\x80\x04\x8c%c%b\x8c%c%b\x93." % (
        len(module),
        module.encode(),
        len(name),
        name.encode(),
    )


GROUP = Policy(allow=["gate_shop.*"])


@pytest.mark.parametrize("name", ["Order", "Order.Line", "Color", "make", "Order.total", "THING"])
def test_what_is_defined_in_a_package(shop, name):
    """Classes, functions, and what is nested in them."""
    found = shop
    for part in name.split("."):
        found = getattr(found, part)
    assert loads(named(name), policy=GROUP) is found


@pytest.mark.parametrize("name", ["system", "OrderedDict", "tools", "os", "enum", "run", "log"])
def test_what_a_package_imported_is_not_in_it(shop, name):
    """``from os import system`` makes no function of the shop's."""
    with pytest.raises(PolicyError) as caught:
        loads(named(name), policy=GROUP)
    assert caught.value.ref == f"gate_shop:{name}"
    assert "gate_shop.*" in caught.value.rule


def test_what_a_package_imported_and_is_allowed_itself(shop):
    """The rule that names its home lets it pass."""
    policy = Policy(allow=["gate_shop.*"], presets=["standard"])
    assert loads(named("OrderedDict"), policy=policy).__name__ == "OrderedDict"


@pytest.mark.parametrize(
    "name", ["tools.system", "THING.total", "make.__globals__", "tools.sys.modules"]
)
def test_a_dotted_name_leads_through_classes_only(shop, name):
    """An object or a module on the way leads out."""
    with pytest.raises(PolicyError):
        loads(named(name), policy=GROUP)


def test_a_name_that_is_listed_whole_is_as_the_user_says(shop):
    """Whatever it is."""
    policy = Policy(allow=["gate_shop:tools.path.join", "gate_shop:system"])
    assert loads(named("tools.path.join"), policy=policy) is shop.os.path.join
    assert loads(named("system"), policy=policy) is shop.system


def test_members_of_enums_by_getattr(shop):
    """As Python 3.11 wrote them; nothing else of the class."""
    data = b"cbuiltins\ngetattr\n(cgate_shop\nColor\nS'%s'\ntR."
    policy = Policy(allow=["gate_shop:Color", "gate_shop:Order"])
    assert loads(data % b"RED", policy=policy) is shop.Color.RED
    for attack in (data % b"paint", data.replace(b"Color", b"Order") % b"total", data % b"mro"):
        with pytest.raises(PolicyError):
            loads(attack, policy=policy)


def test_nested_classes_by_getattr(shop):
    """Below protocol 4, where the dotted name is allowed."""
    for protocol in (2, 3, 4, 5):
        data = pickle.dumps(shop.Order.Line, protocol)
        assert loads(data, policy=GROUP) is shop.Order.Line
        assert loads(data, policy=Policy(allow=["gate_shop:Order", "gate_shop:Order.Line"]))


def test_classes_of_a_moved_package_only(shop):
    """A rename says that its classes are yours; a function there may do anything."""
    registry = pickle_migrate.Registry()
    registry.rename("old_shop", "gate_shop")
    policy = Policy(presets=["registered"], registry=registry)
    load = {"policy": policy, "registry": registry}
    assert loads(named("Order", "old_shop"), **load) is shop.Order
    with pytest.raises(PolicyError, match="is no class"):
        loads(named("make", "old_shop"), **load)


def test_nothing_is_imported_for_what_is_refused(scratch):
    """Neither the module nor the packages above it."""
    scratch.write("gate_lazy.models", "raise SystemExit('imported')")
    for policy in (Policy(), Policy(allow=["*"], deny=["gate_lazy.*"])):
        with pytest.raises(PolicyError):
            loads(named("Order", "gate_lazy.models"), policy=policy)
    assert not any(name.startswith("gate_lazy") for name in sys.modules)


def test_a_subclass_that_asks_for_more_is_told_no(shop):
    """Whatever its find_class makes of names: only what was scanned is answered for."""

    class Curious(Unpickler):
        def find_class(self, module, name):
            return super().find_class("os", "system")

    with pytest.raises(PolicyError, match="only what was scanned"):
        Curious(io.BytesIO(named("Order")), policy=GROUP).load()


def test_one_name_with_two_meanings(shop):
    """``__builtin__:set`` below protocol 3 and above it: which one, no name can tell."""
    data = b"c__builtin__\nset\n\x80\x04c__builtin__\nset\n\x86."
    with pytest.raises(PolicyError, match="two protocols"):
        loads(data, policy=Policy(allow=["__builtin__:set"], presets=["standard"]))


def test_a_cached_extension_code(shop):
    """The unpickler takes what is cached without asking, so it has to be what the name says."""
    code = 0x5502
    data = b"\x80\x02\x83\x02\x55."
    copyreg.add_extension("gate_shop", "Order", code)
    policy = Policy(allow=["gate_shop:Order"], extensions=True)
    cache = copyreg._extension_cache
    try:
        assert loads(data, policy=policy) is shop.Order
        assert cache[code] is shop.Order
        assert loads(data, policy=policy) is shop.Order
        cache[code] = print
        with pytest.raises(PolicyError, match="cache"):
            loads(data, policy=policy)
    finally:
        cache.pop(code, None)
        copyreg.remove_extension("gate_shop", "Order", code)


def test_persistent_ids_need_who_knows_them():
    """A subclass with persistent_load; an attribute of that name on pickle's own class is none."""

    class Knowing(Unpickler):
        def persistent_load(self, pid):
            return f"object {pid}"

    assert Knowing(io.BytesIO(b"P7\n."), policy=Policy()).load() == "object 7"
    with pytest.raises(PolicyError, match="persistent"):
        loads(b"P7\n.", policy=Policy())


def test_a_trusted_pickle_may_do_what_pickle_allows(shop):
    """Computed names, methods by getattr; what is denied is refused all the same."""
    computed = b"\x80\x04cbuiltins\nstr\n\x8c\x09gate_shop\x85R\x8c\x04make\x93."
    method = pickle.dumps([1, 2].index, 2)
    for deny in ((), ("gate_shop:Color",)):
        policy = Policy(trust=True, deny=deny)
        assert loads(computed, policy=policy) is shop.make
        assert loads(method, policy=policy)(2) == 1
    with pytest.raises(PolicyError):
        loads(computed, policy=Policy(trust=True, deny=["gate_shop:make"]))


def test_where_things_say_that_they_are_defined(shop):
    """An object is where its class is; a module's class is nobody's to allow."""
    assert home_of(shop.Order.Line) == GlobalRef("gate_shop", "Order.Line")
    assert str(home_of(shop.system)).endswith(":system")
    assert home_of(shop) == GlobalRef("builtins", "module")
    assert home_of(shop.THING) == GlobalRef("gate_shop", "Order")
    assert home_of(enum.Enum) == GlobalRef("enum", "Enum")
    assert home_of(3) == GlobalRef("builtins", "int")


@pytest.mark.parametrize("options", [{"trust": True}, {"allow": ["shutil:os.getcwd"]}])
@pytest.mark.parametrize("rule", ["os.*", "posix.*", "nt.*", "posix:getcwd", "os:getcwd"])
def test_what_is_denied_is_denied_under_another_name(options, rule):
    """A module that imported what is denied is no way around the rule."""
    import os

    from pickle_migrate import Policy, loads
    from pickle_migrate.errors import PolicyError

    if rule.startswith(("posix", "nt")) and not rule.startswith(os.name):
        pytest.skip("that is another system's module")
    data = b"\x80\x04\x8c\x06shutil\x8c\x09os.getcwd\x93."
    assert loads(data, policy=Policy(**options)) is os.getcwd
    with pytest.raises(PolicyError, match="leads to"):
        loads(data, policy=Policy(deny=[rule], **options))
