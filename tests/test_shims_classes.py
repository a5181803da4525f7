"""Stand-in classes and objects: every opcode that can meet one leaves a note and runs nothing."""

import pickle

import pytest

from pickle_migrate.errors import ShimError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_classes import Shim, shown
from pickle_migrate.shims_reader import load_graph
from pickle_migrate.shims_types import NOTHING, NestedShimType, ShimType
from pickle_migrate.shims_world import World

C = b"cm\nC\n"


def root(data):
    return load_graph(data).root


def events(obj):
    return [(event.kind, event.values) for event in obj.later]


def test_newobj_keeps_its_arguments():
    """They are not handed to any class."""
    obj = root(b"\x80\x02" + C + b"K\x01K\x02\x86\x81.")
    assert (obj.made_by, obj.args, obj.state) == ("new", (1, 2), NOTHING)


def test_newobj_ex_keeps_both():
    """Positional and keyword arguments."""
    obj = root(b"\x80\x04" + C + b"K\x01\x85}\x8c\x01kK\x02s\x92.")
    assert (obj.args, obj.kwargs) == ((1,), {"k": 2})


def test_reduce_is_a_note():
    """A call of anything gives an object of its stand-in."""
    obj = root(b"cos\nsystem\n(S'ls'\ntR.")
    assert (obj.ref, obj.made_by, obj.args) == (GlobalRef("os", "system"), "call", (b"ls",))
    assert obj.callee is type(obj)


def test_a_call_of_what_a_call_gave():
    """Results may be called, as functools.partial's are."""
    obj = root(b"cm\nf\n(I1\ntR(I2\ntR.")
    assert obj.args == (2,)
    assert obj.callee.args == (1,)


@pytest.mark.parametrize("data", [b"(im\nC\n.", b"(cm\nC\no."])
def test_inst_and_obj_without_arguments(data):
    """They call ``__init__`` only if the class has ``__getinitargs__``: so they are told apart."""
    obj = root(data)
    assert (obj.made_by, obj.args, obj.ref) == ("inst", (), GlobalRef("m", "C"))


@pytest.mark.parametrize("data", [b"(I1\nim\nC\n.", b"(cm\nC\nI1\no."])
def test_inst_and_obj_with_arguments_are_calls(data):
    """That is what they do then."""
    obj = root(data)
    assert (obj.made_by, obj.args) == ("call", (1,))


@pytest.mark.parametrize("module", ["copyreg", "copy_reg"])
def test_constructors_of_copyreg(module):
    """Their results are objects of the class that they are given."""
    obj = root(f"c{module}\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR.".encode())
    assert obj.ref == GlobalRef("m", "C")
    assert obj.callee.ref == GlobalRef(module, "_reconstructor")
    assert len(obj.args) == 3


def test_a_constructor_of_something_else():
    """Without a class it is a call as any other."""
    assert root(b"ccopyreg\n__newobj__\n(I1\ntR.").ref == GlobalRef("copyreg", "__newobj__")


def test_getattr_names_nested_classes():
    """And the nested class is a class, of which objects are made."""
    obj = root(b"\x80\x02c__builtin__\ngetattr\ncm\nO\nX\x01\0\0\0I\x86R)\x81.")
    assert obj.ref == GlobalRef("m", "O.I")
    assert type(type(obj)) is NestedShimType


def test_getattr_of_an_object_is_a_call():
    """A bound method: only a call can give that."""
    obj = root(b"\x80\x02c__builtin__\ngetattr\ncm\nC\n)\x81X\x01\0\0\0f\x86R.")
    assert obj.ref == GlobalRef("__builtin__", "getattr")
    assert obj.args[1] == "f"


@pytest.mark.parametrize(
    ("state", "value"),
    [
        (b"}X\x01\0\0\0aK\x01s", {"a": 1}),
        (b"N", None),
        (b"]", []),
        (b"}", {}),
        (b"K\0", 0),
        (b"N}\x86", (None, {})),
        (b"}X\x09\0\0\0__class__K\x01s", {"__class__": 1}),
        (b"N}X\x0c\0\0\0__setstate__K\x01s\x86", (None, {"__setstate__": 1})),
    ],
)
def test_any_state_is_kept_as_it_is(state, value):
    """Falsy ones, pairs, and names that would steer Python: none becomes an attribute."""
    obj = root(b"\x80\x02" + C + b")\x81" + state + b"b.")
    assert obj.state == value
    assert obj._extra is None


def test_a_second_state_is_an_event():
    """Only hand-made pickles do that."""
    obj = root(b"\x80\x02" + C + b")\x81}bNb.")
    assert (obj.state, events(obj)) == ({}, [("build", (None,))])


def test_items_pairs_and_members():
    """In the order in which pickle writes them, or as events."""
    obj = root(b"\x80\x02" + C + b")\x81(K\x01K\x02eK\x03a(K\x04K\x05u}b.")
    assert (obj.items, obj.pairs, obj.later) == ([1, 2, 3], [(4, 5)], [])
    obj = root(b"\x80\x04" + C + b")\x81}bK\x01aK\x02K\x03s(K\x04\x90.")
    assert events(obj) == [("append", (1,)), ("set", (2, 3)), ("add", (4,))]


def test_what_is_done_to_a_class_is_noted():
    """State, items and members for a class itself change no class."""
    cls = root(
        b"\x80\x04" + C + b"N}X\x01\0\0\0xK\x01s\x86bK\x01a(K\x02K\x03eK\x04K\x05s(K\x06\x90."
    )
    kinds = ["build", "append", "append", "append", "set", "add"]
    assert [event.kind for event in cls._later] == kinds
    assert not hasattr(cls, "x")


def test_stand_ins_are_hashed_by_identity():
    """As keys and in sets, whatever they hold."""
    found = root(b"\x80\x04}" + C + b")\x81K\x01s" + C + b")\x81K\x02s.")
    assert len(found) == 2
    assert sorted(found.values()) == [1, 2]


def test_fields_of_other_states():
    """A state that is no mapping has none."""
    assert root(b"\x80\x02" + C + b")\x81]b.").fields == {}
    assert root(b"\x80\x02" + C + b")\x81K\x05}X\x01\0\0\0aK\x01s\x86b.").fields == {"a": 1}


def test_no_reduce():
    """A stand-in never pickles by itself, at no protocol."""
    for protocol in range(6):
        with pytest.raises(ShimError):
            pickle.dumps(World().new(ShimType, GlobalRef("m", "C"))(), protocol)


def test_shown():
    """A few characters for anything."""
    cls = World().find("m", "C")
    assert shown(cls()) == "<shim m:C>"
    assert shown(cls) == "<shim class m:C>"
    assert shown([cls()]) == "<list of 1>"
    assert repr(cls(1)) == "<shim m:C 1 args>"
    assert isinstance(cls(), Shim)
    assert repr(NOTHING) == "NOTHING"
    assert not NOTHING
    assert pickle.loads(pickle.dumps(NOTHING)) is NOTHING
