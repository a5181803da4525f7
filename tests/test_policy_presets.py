"""What the presets allow is there, and is data."""

from __future__ import annotations

import builtins
import importlib
import types

import pytest

from pickle_migrate.policy_presets import (
    CALLED,
    FILLED,
    INSTANTIATED,
    NAMED,
    NAMES,
    table,
)

STANDARD = table("standard")


@pytest.mark.parametrize("name", NAMES)
def test_roles_are_known_words(name):
    """Each entry says what may be done with it."""
    for key, roles in table(name).items():
        assert roles, key
        assert roles <= {CALLED, INSTANTIATED, NAMED, FILLED}
        assert all(part and ":" not in part for part in key)


def test_every_standard_name_is_there():
    """A typing error would allow nothing, or what somebody else puts there."""
    for module, qualname in STANDARD:
        if module == "pathlib._local":  # Python 3.13's
            continue
        found = importlib.import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
        assert not isinstance(found, types.ModuleType)


#: Functions among the standard names, each looked at: they make values of their arguments.
FUNCTIONS = {
    ("copyreg", "_reconstructor"),
    ("copyreg", "__newobj__"),
    ("copyreg", "__newobj_ex__"),
    ("_codecs", "encode"),
    ("_operator", "getitem"),
    ("array", "_array_reconstructor"),
    ("pickle_migrate.stamps", "text_only"),
}


def test_every_other_standard_name_is_a_class_or_a_constant():
    """A function is allowed only after somebody read it, and is none to keep as a value."""
    for key, roles in STANDARD.items():
        module, qualname = key
        if module in ("pathlib._local", "typing"):
            continue
        found = getattr(importlib.import_module(module), qualname)
        is_function = not isinstance(found, type) and callable(found)
        assert is_function is (key in FUNCTIONS), key
        assert not is_function or roles == {CALLED}


@pytest.mark.parametrize(
    "name",
    ["eval", "exec", "compile", "open", "getattr", "setattr", "delattr", "__import__", "input",
     "print", "map", "filter", "vars", "globals", "breakpoint", "super", "property", "memoryview",
     "iter", "reversed", "zip", "enumerate", "staticmethod", "classmethod"],
)  # fmt: skip
def test_builtins_that_are_no_data(name):
    """Whatever runs, opens, looks into or walks other things."""
    assert hasattr(builtins, name)
    assert all(("builtins", name) not in table(preset) for preset in NAMES)


def test_every_exception_is_a_value():
    """They are pickled often, and raise nothing by being made."""
    for name in ("ValueError", "KeyError", "OSError", "ExceptionGroup", "UnicodeDecodeError"):
        assert ("builtins", name) in STANDARD


def test_a_preset_that_is_none():
    """The policy says so with the names that there are."""
    with pytest.raises(KeyError):
        table("everything")


@pytest.mark.parametrize("name", ["RangeIndex", "DatetimeIndex", "DataFrame", "Series"])
def test_pandas_containers_are_not_called(name):
    """Called, they copy what a number says, or open the time zone that a text names; picklers make
    them by functions whose arguments are checked, or empty.
    """
    entries = {k: r for k, r in table("pandas").items() if k[1] == name}
    assert entries
    assert all(CALLED not in roles for roles in entries.values())
    if name.endswith("Index"):
        assert all(roles == {NAMED} for roles in entries.values())
