"""The pickler that keeps its own stack writes what pickle's Python pickler writes, at any depth."""

import collections
import copyreg
import datetime
import decimal
import enum
import io
import pickle
import subprocess
import sys
import textwrap
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate import stack_pickler
from pickle_migrate.errors import TooDeepError
from pickle_migrate.stack_pickler import StackPickler

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


class Plain:
    def __init__(self, **fields):
        self.__dict__.update(fields)

    class Nested:
        """Its name has a dot."""


class Slotted:
    __slots__ = ("a", "b")

    def __getstate__(self):
        return None, {"a": self.a, "b": self.b}

    def __setstate__(self, state):
        self.a, self.b = state[1]["a"], state[1]["b"]


class Positional(collections.namedtuple("Positional", "x y")):
    pass


class Keywords:
    def __new__(cls, *args, **kwargs):
        made = super().__new__(cls)
        made.given = (args, kwargs)
        return made

    def __getnewargs_ex__(self):
        return self.given


class Parts:
    """Its reducer gives whatever parts it was told to."""

    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return self.parts


class Meta(type):
    pass


class Ruled(metaclass=Meta):
    pass


class Colour(enum.Enum):
    RED = 1


class Items(list):
    pass


class Table(dict):
    pass


def set_state(obj, state):
    obj.state = state


class PythonPickler(pickle._Pickler):
    """pickle's own, with the table that it has until something imports dill."""

    dispatch = {
        type(None): pickle._Pickler.save_none,
        bool: pickle._Pickler.save_bool,
        int: pickle._Pickler.save_long,
        float: pickle._Pickler.save_float,
        str: pickle._Pickler.save_str,
        bytes: pickle._Pickler.save_bytes,
        bytearray: pickle._Pickler.save_bytearray,
        pickle.PickleBuffer: pickle._Pickler.save_picklebuffer,
        tuple: pickle._Pickler.save_tuple,
        list: pickle._Pickler.save_list,
        dict: pickle._Pickler.save_dict,
        set: pickle._Pickler.save_set,
        frozenset: pickle._Pickler.save_frozenset,
        type: pickle._Pickler.save_type,
        types.FunctionType: pickle._Pickler.save_global,
    }


def written(obj, protocol, hooks=None, callback=None):
    file = io.BytesIO()
    StackPickler(hooks, file, protocol, True, callback).dump(obj)
    return file.getvalue()


def written_by_python(obj, protocol, callback=None):
    file = io.BytesIO()
    PythonPickler(file, protocol, buffer_callback=callback).dump(obj)
    return file.getvalue()


def slotted():
    made = Slotted()
    made.a, made.b = 1, "b"
    return made


def with_attributes(container):
    container.note = "kept"
    return container


SHARED = ["shared"]
OBJECTS = {
    "atoms": [None, True, False, 0, -1, 255, 256, 65536, 2**31, -(2**31), 2**70, 10**700, 1.5],
    "text": ["", "a", "é\n\\", "x" * 300, b"", b"a", b"y" * 300, bytearray(), bytearray(b"z")],
    "large": ["x" * 70_000, b"y" * 70_000, bytearray(70_000)],
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((),))],
    "lists": [[], [1], [1, 2], list(range(999)), list(range(1000)), list(range(2001))],
    "dicts": [{}, {1: 2}, {1: 2, "a": None}, {n: n for n in range(1001)}],
    "sets": [set(), {1}, set(range(1001)), frozenset(), frozenset([1]), frozenset("ab")],
    "shared": [SHARED, SHARED, (SHARED, {"k": SHARED})],
    "objects": [Plain(), Plain(a=1, b=Plain()), slotted(), Positional(1, 2), Colour.RED],
    "keywords": Keywords(1, 2, three=3),
    "subclasses": [with_attributes(Items([1, 2])), with_attributes(Table(a=1))],
    "library": [
        datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC),
        decimal.Decimal("1.50"),
        collections.OrderedDict(a=1),
        collections.defaultdict(list, a=[1]),
        collections.deque([1, 2], 5),
        ValueError("what", 1),
        1j,
        range(3),
    ],
    "globals": [len, Plain, Plain.Nested, Meta, Ruled, print, collections.OrderedDict.fromkeys],
    "types": [type(None), type(...), type(NotImplemented), ..., NotImplemented, int, type],
    "reduced": [
        Parts(Plain, ()),
        Parts(Plain, (), {"a": 1}),
        Parts(list, (), None, iter([1, 2])),
        Parts(dict, (), None, None, iter({1: 2}.items())),
        Parts(Plain, (), {"a": 1}, None, None, set_state),
    ],
}


def refilled(obj):
    """The same with new iterators, which a first writing would have used up."""
    if not isinstance(obj, list):
        return obj
    again = []
    for part in obj:
        if isinstance(part, Parts) and len(part.parts) > 3:
            items = [iter([1, 2]) if len(part.parts) == 4 else None, iter([(1, 2)])]
            again.append(Parts(*part.parts[:3], *items[: len(part.parts) - 3], *part.parts[5:]))
        else:
            again.append(part)
    return again


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", OBJECTS)
def test_same_bytes_as_the_python_pickler(name, protocol):
    """For every kind of object, the bytes are those of pickle._Pickler."""
    theirs = written_by_python(refilled(OBJECTS[name]), protocol)
    assert written(refilled(OBJECTS[name]), protocol) == theirs


atoms = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=5)
)
graphs = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(atoms, inner, max_size=4),
        st.frozensets(atoms, max_size=4),
        st.sets(atoms, max_size=4),
        st.dictionaries(st.text(max_size=3), inner, max_size=3).map(lambda kept: Plain(**kept)),
        inner.map(lambda shared: [shared, shared]),
    ),
    max_leaves=20,
)


@given(graphs, st.sampled_from(PROTOCOLS))
def test_same_bytes_for_any_graph(graph, protocol):
    """The same for graphs that nobody thought of."""
    assert written(graph, protocol) == written_by_python(graph, protocol)


def recursive_list():
    made = []
    made.append(made)
    return made


def recursive_tuple(size):
    inner = []
    made = (inner, *range(size - 1))
    inner.append(made)
    return made


def recursive_frozenset():
    member = Plain()
    made = frozenset([member])
    member.home = made
    return made


def recursive_object():
    made = Plain()
    made.me = made
    made.table = {made: [made]}
    return made


def recursive_arguments():
    box = []
    made = Parts(Plain, (), None)
    made.parts = (tuple, (box,))
    box.append(made)
    return made


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "make",
    [
        recursive_list,
        lambda: recursive_tuple(1),
        lambda: recursive_tuple(3),
        lambda: recursive_tuple(4),
        recursive_frozenset,
        recursive_object,
        recursive_arguments,
    ],
)
def test_same_bytes_for_cycles(make, protocol):
    """What leads back to itself, also through a tuple or arguments, is written as pickle does."""
    graph = make()
    assert written(graph, protocol) == written_by_python(graph, protocol)


@pytest.mark.parametrize("in_band", [True, False])
def test_buffers(in_band):
    """Buffers go in band or out of band as the callback says, and out of band in order."""
    given_out = []

    def callback(buffer):
        given_out.append(bytes(buffer.raw()))
        return in_band

    graph = [pickle.PickleBuffer(b"read only"), pickle.PickleBuffer(bytearray(b"writable"))]
    mine = written(graph, 5, callback=callback)
    assert given_out == [b"read only", b"writable"]
    assert mine == written_by_python(graph, 5, callback)


def test_two_empty_buffers_in_band():
    """Two empty buffers share their bytes, which made pickle._Pickler of 3.11 fail."""
    graph = [pickle.PickleBuffer(b""), pickle.PickleBuffer(b"")]
    assert pickle.loads(written(graph, 5)) == [b"", b""]


def test_buffers_need_protocol_5():
    """A PickleBuffer below protocol 5 is refused, as pickle refuses it."""
    with pytest.raises(pickle.PicklingError, match="protocol >= 5"):
        written(pickle.PickleBuffer(b"x"), 4)


class Asked:
    """Hooks that note what they are asked about and answer for some."""

    answers = True

    def __init__(self, file, protocol):
        super().__init__(file, protocol)
        self.asked = []

    def persistent_id(self, obj):
        self.asked.append(("id", type(obj).__name__))
        return ("kept", 1) if type(obj) is Positional and self.answers else None

    def reducer_override(self, obj):
        self.asked.append(("reduce", type(obj).__name__))
        return (Plain, (), {"was": "slotted"}) if type(obj) is Slotted else NotImplemented


class CAsked(Asked, pickle.Pickler):
    dispatch_table = collections.ChainMap(
        {decimal.Decimal: lambda number: (str, (str(number),))}, copyreg.dispatch_table
    )


class PythonAsked(Asked, PythonPickler):
    dispatch_table = CAsked.dispatch_table
    # This pickler asks about the answer too, and ignores what it is told.
    answers = False


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("pickler_class", [CAsked, PythonAsked])
def test_asks_the_hooks_as_the_pickler_does(pickler_class, protocol):
    """Each hook is asked about the same objects in the same order as by its own pickler."""
    names = ("atoms", "tuples", "sets", "objects", "library", "globals", "types")
    graph = [OBJECTS[name] for name in names]
    alone = pickler_class(io.BytesIO(), protocol)
    alone.dump(graph)
    hooks = pickler_class(io.BytesIO(), protocol)
    mine = written(graph, protocol, hooks)
    assert hooks.asked == alone.asked
    assert b"slotted" in mine


@pytest.mark.parametrize("first", ["dill", "pickle_migrate.stack_pickler"])
def test_dill_changes_nothing(first):
    """dill puts its own functions into the table of pickle._Pickler; none of them is used here."""
    script = f"""
        import {first}
        import dill, io, pickle
        from pickle_migrate.stack_pickler import StackPickler
        file = io.BytesIO()
        graph = [print, int, type(None), {{"a": (range(3), ..., StackPickler)}}]
        StackPickler(None, file, 4, True, None).dump(graph)
        assert pickle.loads(file.getvalue()) == graph
        assert file.getvalue() == pickle.dumps(graph, 4), file.getvalue()
        try:
            StackPickler(None, file, 4, True, None).dump(lambda: 0)
        except pickle.PicklingError:
            print("done")
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    assert subprocess.check_output(command, text=True) == "done\n"


def test_copyreg_table(monkeypatch):
    """A reducer registered with copyreg is used, and the pickler's own table replaces it."""
    monkeypatch.setitem(copyreg.dispatch_table, Plain, lambda obj: (Plain, (), {"by": "copyreg"}))
    assert pickle.loads(written(Plain(), 4)).by == "copyreg"
    hooks = pickle.Pickler(io.BytesIO())
    hooks.dispatch_table = {Plain: lambda obj: (Plain, (), {"by": "own"})}
    assert pickle.loads(written(Plain(), 4, hooks)).by == "own"


def test_extension_codes():
    """A global with an extension code is written by the code."""
    copyreg.add_extension(Plain.__module__, "Plain", 250)
    try:
        assert written(Plain, 2) == written_by_python(Plain, 2)
        assert b"\x82\xfa" in written(Plain, 2)
    finally:
        copyreg.remove_extension(Plain.__module__, "Plain", 250)


@pytest.mark.parametrize(
    "parts",
    [
        "no_such_name",
        (),
        (Plain,),
        (Plain, [], None),
        ("not callable", ()),
        (Plain, (), None, None, None, None, None),
        (copyreg.__newobj__, (Slotted,)),
        (copyreg.__newobj__, (1,)),
        (copyreg.__newobj_ex__, (Slotted, (), {})),
        5,
    ],
)
def test_refuses_what_pickle_refuses(parts):
    """A reducer that gives nonsense raises what pickle raises."""
    obj = Parts(*parts) if isinstance(parts, tuple) else Other(parts)
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)) as theirs:
        written_by_python(obj, 4)
    with pytest.raises(theirs.type):
        written(obj, 4)


class Other:
    def __init__(self, reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


def test_endless_graph_is_refused(monkeypatch):
    """A reducer that makes a new object each time ends in TooDeepError, not in all memory."""
    monkeypatch.setattr(stack_pickler, "DEPTH_LIMIT", 500)

    class Endless:
        def __reduce__(self):
            return (list, ([Endless()],))

    with pytest.raises(TooDeepError) as caught:
        written(Endless(), 4)
    assert caught.value.depth_limit == 500
