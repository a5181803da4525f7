"""The stand-in classes of one graph, and calls whose results are dropped."""

import pytest

from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_reader import load_graph
from pickle_migrate.shims_types import MadeShimType, ShimType
from pickle_migrate.shims_world import World


def test_one_class_for_each_ref():
    """However often it is named."""
    world = World()
    assert world.find("m", "C") is world.find("m", "C")
    assert world.find("m", "C") is not world.find("m", "D")
    assert world.find("m", "C") is not World().find("m", "C")


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "é", "__newobj__", "x" * 1000])
def test_any_name_is_taken(name):
    """A pickle may name anything, also what no class can be called."""
    cls = World().find(name, name)
    assert isinstance(cls, ShimType)
    assert cls.ref == GlobalRef(name, name)
    assert cls.__name__ != "__newobj__"


def test_a_state_setter_is_kept_where_it_sets():
    """``copyreg``'s sixth element: a call with the object and its state, then dropped."""
    obj = load_graph(b"\x80\x04cm\nf\ncm\nC\n)\x81\x94K\x01\x86R0h\0.").root
    (event,) = obj.later
    (call,) = event.values
    assert (event.kind, call.ref, call.args) == ("call", GlobalRef("m", "f"), (obj, 1))


def test_calls_that_are_used_are_no_setters():
    """A result that stands in the graph is there already."""
    graph = load_graph(b"\x80\x04cm\nC\n)\x81\x94cm\nf\nh\0K\x01\x86R\x86.")
    obj, result = graph.root
    assert (obj.later, graph.lost) == ([], ())
    assert result.args == (obj, 1)


def test_dropped_calls_are_given_back():
    """Without an object to keep them."""
    graph = load_graph(b"\x80\x04cm\nf\nK\x01\x85R0N.")
    assert [call.args for call in graph.lost] == [(1,)]


def test_a_setter_of_a_class():
    """cloudpickle fills classes so."""
    cls = load_graph(b"\x80\x04cm\nf\ncm\nC\n\x94K\x01\x86R0h\0.").root
    assert [event.kind for event in cls._later] == ["call"]


def test_classes_that_a_call_makes():
    """Where the pickle makes an object of a call's result, that result is a class."""
    obj = load_graph(b"\x80\x04cm\nmake\nK\x01\x85R)\x81}b.").root
    assert type(type(obj)) is MadeShimType
    assert (type(obj)._given, obj.state) == ((1,), {})
