"""Which classes carry ``@versioned``, by the source of their modules alone."""

from __future__ import annotations

import sys

import pytest

from pickle_migrate.declared import is_declared
from pickle_migrate.refs import GlobalRef

SOURCE = """
import pickle_migrate
import pickle_migrate as pm
from pickle_migrate import versioned as keeps
raise SystemExit("this module must not be imported")

@versioned(1)
class Star: pass

@pickle_migrate.versioned(2, unstamped=1)
class Dotted: pass

@keeps(1)
class Renamed:
    @versioned(1)
    class Inner: pass
    class Plain: pass

if True:
    @versioned(1)
    class Branch: pass

class Child(Star): pass
class Grandchild(Child): pass
class Other: pass

@staticmethod
class Decorated: pass

def make():
    @versioned(1)
    class Local: pass
"""


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("Star", True),
        ("Dotted", True),
        ("Renamed", True),
        ("Renamed.Inner", True),
        ("Branch", True),
        ("Child", True),
        ("Grandchild", True),
        ("Renamed.Plain", False),
        ("Other", False),
        ("Decorated", False),
        ("make.<locals>.Local", False),
        ("Local", False),
        ("versioned", False),
        ("Missing", False),
    ],
)
def test_what_is_declared(scratch, name, declared):
    """By any spelling of the decorator, nested or derived; nothing is imported."""
    scratch.write("declared_shop.models", SOURCE)
    assert is_declared(GlobalRef("declared_shop.models", name)) is declared
    assert not any(module.startswith("declared_shop") for module in sys.modules)


def test_a_module_without_the_decorator(scratch):
    """A decorator of that name may be another one's."""
    path = scratch.write("declared_other", "")
    path.write_text("from elsewhere import versioned\n@versioned(1)\nclass A: pass\n")
    assert not is_declared(GlobalRef("declared_other", "A"))


def test_what_cannot_be_read(scratch):
    """No module, no Python, a name that is no name: nothing is declared, and nothing fails."""
    scratch.write("declared_broken", "").write_text("class A(:\n")
    for module in ("declared_broken", "declared_none", "a/b", "..", "", "builtins"):
        assert not is_declared(GlobalRef(module, "A"))
