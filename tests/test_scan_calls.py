"""What a pickle does with globals: effects and uses, held against what the C unpickler does."""

from __future__ import annotations

import collections
import io
import pickle
import sys

import pytest

from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import Effect, scan


class Point:
    def __init__(self, x=0):
        self.x = x


class Rows(list):
    pass


class Table(dict):
    pass


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


class Picky:
    """Pickled through a constructor with arguments."""

    def __init__(self, x):
        self.x = x

    def __reduce__(self):
        return Picky, (self.x,)


@pytest.fixture(autouse=True)
def plain_pickler():
    """Where another test imported dill, Python's pickler writes types as dill does."""
    dill = sys.modules.get("dill")
    if dill is not None:
        dill.extend(use_dill=False)
    yield
    if dill is not None:
        dill.extend(use_dill=True)


def effects(data):
    """As (kind, name, count); the name is None without a ref."""
    return {(e.kind, e.ref and e.ref.qualname, e.count) for e in scan(data).effects}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dumps", [pickle.dumps, pickle._dumps])
def test_ordinary_containers_and_objects(dumps, protocol):
    """Only BUILD, and only on what a named class made."""
    graph = [Point(), Point([1]), {"a": {1}, (1, 2): frozenset([3])}, Picky(4), [(), ("x",)], Point]
    assert effects(dumps(graph, protocol)) == {("build", "Point", 2)}


@pytest.mark.parametrize("protocol", range(2, 6))
def test_subclasses_of_containers(protocol):
    """Items go through their methods, so their class is told."""
    rows, table, named = Rows([1, 2]), Table(a=1), collections.OrderedDict(a=1)
    found = effects(pickle.dumps([rows, table, named, Slotted(1)], protocol))
    assert found == {
        ("append", "Rows", 1),
        ("set_item", "Table", 1),
        ("set_item", "OrderedDict", 1),
        ("build", "Slotted", 1),
    }


GLOBAL = b"cm\nn\n"
CASES = {
    b"cm\nn\n(tR(tR.": {("call", None, 1)},
    b"cm\nn\n(tR(t\x81.": {("call", None, 1)},
    b"((cm\nn\n(tRo.": {("call", None, 1)},
    b"Ppid\n(tR.": {("call", None, 1)},
    b"\x97(tR.": {("call", None, 1)},
    b"N(tR.": {("call", None, 1)},
    GLOBAL + b"}b.": {("build_global", "n", 1)},
    GLOBAL + b"Na.": {("build_global", "n", 1)},
    GLOBAL + b"(NNu.": {("build_global", "n", 1)},
    GLOBAL + b"(N\x90.": {("build_global", "n", 1)},
    GLOBAL + b"(tR}b.": {("build", "n", 1)},
    GLOBAL + b")\x81}b.": {("build", "n", 1)},
    GLOBAL + b")}\x92}b.": {("build", "n", 1)},
    b"(im\nn\n}b.": {("build", "n", 1)},
    b"(cm\nn\no}b.": {("build", "n", 1)},
    b"ccopyreg\n_reconstructor\n(cm\nn\nc__builtin__\nobject\nNtR}b.": {("build", "n", 1)},
    b"ccopyreg\n__newobj__\n(cm\nn\ntR}b.": {("build", "n", 1)},
    b"c__builtin__\ngetattr\n(cm\nn\nVo\ntR(tR}b.": {("build", "n.o", 1)},
    b"N}b.": {("build_unknown", None, 1)},
    b"]}b.": {("build_unknown", None, 1)},
    b"(N)t}b.": {("build_unknown", None, 1)},
    b"Ppid\n}b.": {("build_unknown", None, 1)},
    b"Ppid\nNa.": {("append", None, 1)},
    b"]NNs.": {("set_item", None, 1)},
    b"}(N\x90.": {("add", None, 1)},
    b"NNa.": {("append", None, 1)},
    GLOBAL + b"(tRNa.": {("append", "n", 1)},
    GLOBAL + b"(tR}b}b.": {("build", "n", 1), ("build_again", "n", 1)},
    GLOBAL + b"(tR}bNa.": {("build", "n", 1), ("build_again", "n", 1)},
    GLOBAL + b"(tRp1\n}b0g1\n(Ne.": {("build", "n", 1), ("build_again", "n", 1)},
    GLOBAL + b"(tR2}b0}b.": {("build", "n", 1), ("build_again", "n", 1)},
    # Without any items C does not look at what they would go to.
    b"N(e.": set(),
    b"N(u.": set(),
    b"N(\x90.": set(),
}


@pytest.mark.parametrize("data", CASES, ids=repr)
def test_effects(data):
    """What is called, given state or filled, and what made it."""
    assert effects(data) == CASES[data]


def test_one_effect_for_each_kind_and_ref():
    """Also where the ref is named under two protocols: the first offset, and the count of all."""
    one = GLOBAL + b"(tR}b0"
    found = scan(one + b"\x80\x02" + one + b"N.").effects
    assert found == (Effect("build", GlobalRef("m", "n"), 9, 2),)


SLOTS = [
    pytest.param(b"N}(V%s\nNu\x86b.", id="in a tuple of two"),
    pytest.param(b"N(V%s\nNd\x86b.", id="by DICT"),
    pytest.param(b"N}V%s\nNs\x86b.", id="by SETITEM"),
    pytest.param(b"N}(V%s\nNu\x86p1\n0g1\nb.", id="from the memo"),
    pytest.param(b"cm\ntuple\n(N}(V%s\nNulp9\n0(g9\ntRb.", id="in a tuple that a call makes"),
    pytest.param(b"cm\nD\n(tR(V%s\nNub.", id="in a dict that a call makes"),
]


@pytest.mark.parametrize("state", SLOTS)
@pytest.mark.parametrize(
    ("key", "is_told"),
    [(b"__class__", True), (b"\\u005f_dict__", True), (b"a", False), (b"_a_", False)],
)
def test_slots_states_that_set_dunders(state, key, is_told):
    """They are set as attributes, and may change the class of an object."""
    found = effects(GLOBAL + b")\x81" + state % key)
    assert (("dunder_state", "n", 1) in found) == is_told
    assert ("build", "n", 1) in found


def test_dunders_elsewhere_are_no_matter():
    """As values, as names, in the ``__dict__``, or in a dict that is a value."""
    point, slotted = Point({"__a__": "__class__"}), Slotted({"__class__": 1})
    point.__dict__["__b__"] = "__main__"
    for protocol in range(2, 6):
        found = effects(pickle.dumps([point, slotted], protocol))
        assert found == {("build", "Point", 1), ("build", "Slotted", 1)}


def test_a_computed_key_of_slots_may_be_a_dunder():
    """No scan can know it, so it is told."""
    found = effects(GLOBAL + b")\x81N}(cm\nf\n(tRNu\x86b.")
    assert ("dunder_state", "n", 1) in found
    found = effects(GLOBAL + b")\x81cm\nD\n(tR(cm\nf\n(tRNub.")
    assert not any(kind == "dunder_state" for kind, *_ in found)


def test_why_build_again_matters():
    """State may put a method into an object, and the next BUILD calls it: here ``print``."""
    called = []

    class Reader(pickle.Unpickler):
        def find_class(self, module, name):
            return called.append if name == "hidden" else Point

    data = GLOBAL + b")\x81}V__setstate__\ncm\nhidden\nsbVargument\nb."
    Reader(io.BytesIO(data)).load()
    assert called == ["argument"]
    assert ("build_again", "n", 1) in effects(data)


def test_the_uses_of_a_class_and_its_arguments():
    """Instantiated where the class makes, named where it is an argument, called for functions."""
    uses = {g.ref.qualname: g.uses for g in scan(b"cm\nf\n(cm\na\ncm\nb\ntR.").globals}
    assert uses == {"f": ("called",), "a": ("named",), "b": ("named",)}
    uses = {g.ref.qualname: g.uses for g in scan(b"cm\nA\n(cm\na\nt\x81.").globals}
    assert uses == {"A": ("instantiated",), "a": ("named",)}
