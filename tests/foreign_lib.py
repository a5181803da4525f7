"""A library that is not ours, for tests: classes in a module ``lib`` that tests may change."""

from __future__ import annotations

import sys
import types

import pytest


class Tree:
    """A class of the library."""

    def __init__(self, *args):
        self.args = args


class Leaf:
    """Another one."""

    def __init__(self, value=None):
        self.value = value


class Slotted:
    """One with slots."""

    __slots__ = ("b", "c")


class Counted(dict):
    """One with items."""


class Sized:
    """One with keyword arguments."""

    def __new__(cls, number, *, length):
        made = super().__new__(cls)
        made.number, made.length = number, length
        return made

    def __getnewargs_ex__(self):
        return (self.number,), {"length": self.length}

    def __getstate__(self):
        return None


def forest(*parts):
    """A function that pickles call."""
    return list(parts)


@pytest.fixture
def lib(monkeypatch):
    """The module ``lib``, whose classes say that they stand there."""
    module = types.ModuleType("lib")
    for found in (Tree, Leaf, Slotted, Counted, Sized, forest):
        monkeypatch.setattr(found, "__module__", "lib")
        setattr(module, found.__name__, found)
    monkeypatch.setitem(sys.modules, "lib", module)
    return module
