"""The names that a policy decides on, found without importing anything."""

from __future__ import annotations

import copyreg
import sys

import pytest

from pickle_migrate import Registry
from pickle_migrate.policy_names import extension_ref, find_name, mapped_name
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import Global, scan


def only(data: bytes, via: str | None = None) -> Global:
    (named,) = [g for g in scan(data).globals if via is None or g.via == via]
    return named


@pytest.mark.parametrize(("fix_imports", "module"), [(True, "builtins"), (False, "__builtin__")])
def test_python_2_names_are_mapped_when_asked_for(fix_imports, module):
    """As an unpickler with ``fix_imports`` looks for them."""
    named = only(b"c__builtin__\nset\n.")
    assert find_name(named, Registry(), fix_imports=fix_imports) == GlobalRef(module, "set")


def test_a_rename_goes_before_python_3_s_name():
    """What the registry leads to is not mapped again. Nothing is imported."""
    registry = Registry()
    registry.rename("__builtin__:set", "shop.gone:Tags")
    named = only(b"c__builtin__\nset\n.")
    assert find_name(named, registry) == GlobalRef("shop.gone", "Tags")
    assert "shop" not in sys.modules


def test_what_getattr_reaches_is_mapped_by_its_class():
    """The class has a name of Python 2, what is nested in it has none."""
    named = only(b"cbuiltins\ngetattr\n(c__builtin__\nset\nS'Line'\ntR.", via="getattr")
    assert mapped_name(named) == GlobalRef("builtins", "set.Line")


def test_a_stamp_keeps_its_name():
    """It is decided on its classes."""
    named = only(b"cpickle_migrate.stamps\nshop/models:Gift@2\n.")
    assert find_name(named, Registry()) == named.ref


def test_an_extension_code_is_the_name_that_copyreg_keeps():
    """None where nothing is registered."""
    assert extension_ref(0x5502) is None
    copyreg.add_extension("shop.models", "Order", 0x5502)
    try:
        assert extension_ref(0x5502) == GlobalRef("shop.models", "Order")
    finally:
        copyreg.remove_extension("shop.models", "Order", 0x5502)
