"""The fields of classes that declare none: what their methods assign."""

import sys
import textwrap

import pytest

from pickle_migrate.make.assigned import assigned_fields
from pickle_migrate.refs import GlobalRef


@pytest.fixture
def made(tmp_path, monkeypatch):
    def make(body):
        (tmp_path / "assigned_shop.py").write_text("class Order:\n" + textwrap.indent(body, "    "))
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        names = {"__name__": "assigned_shop"}
        exec((tmp_path / "assigned_shop.py").read_text(), names)
        return names["Order"]

    return make


def test_what_init_assigns_and_what_others_do(made):
    """In order, each once; attributes of other objects and properties are none."""
    cls = made(
        "def __init__(this, other):\n"
        "    this.a, (this.b, *this.c) = other\n"
        "    this.a += 1\n"
        "    this.d: int = 2\n"
        "    this.__e = other.f = 3\n"
        "    this.g = 1\n"
        "def close(self):\n"
        "    self.closed = True\n"
        "@property\n"
        "def g(self): return 1\n"
        "@g.setter\n"
        "def g(self, value): self._g = value\n"
    )
    found = assigned_fields(cls)
    assert found.always == ("a", "b", "d", "__e", "c") or set(found.always) == {
        *("a", "b", "c", "d", "__e")
    }
    assert set(found.ever) == {*found.always, "closed", "_g"}


@pytest.mark.parametrize(
    "line", ["setattr(self, 'x', 1)", "self.__dict__.update(x=1)", "vars(self).update(x=1)"]
)
def test_what_comes_in_another_way_makes_it_unsure(made, line):
    """Then no field is taken for one that is gone."""
    assert not assigned_fields(made(f"def __init__(self):\n    self.a = 1\n    {line}\n")).sure
    assert assigned_fields(made("def __init__(self):\n    self.a = 1\n")).sure


def test_a_class_without_init_says_nothing(made):
    """Its fields come from elsewhere."""
    assert assigned_fields(made("x = 1\n")) is None


def test_a_class_without_source():
    """Made in a function, or typed in."""
    assert assigned_fields(type("Order", (), {})) is None


def test_bases_of_which_nobody_knows_the_fields(scratch):
    """Fields of a versioned base are its own business, unless nothing of it was ever seen."""
    source = "@versioned(1)\nclass Base:\n    def __init__(self):\n        self.a = 1\n\n\n"
    source += "@versioned(1)\nclass Order(Base):\n    def __init__(self):\n        self.b = 1\n\n\n"
    source += "@versioned(1)\nclass Bare(Base):\n    pass\n"
    module = scratch.module("assigned_bases", source)
    base = GlobalRef("assigned_bases", "Base")
    assert assigned_fields(module.Order).always == ("b",)
    assert assigned_fields(module.Order).ever == ("b", "a")
    assert assigned_fields(module.Order, {base}).always == ("b", "a")
    assert assigned_fields(module.Bare) is None
    assert assigned_fields(module.Bare, {base}).always == ("a",)
