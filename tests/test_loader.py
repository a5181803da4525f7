"""The loader: pickle's own functions, with migrations."""

import array
import copy
import copyreg
import datetime
import decimal
import functools
import gc
import inspect
import io
import mmap
import pickle
import sys
import threading
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pickle_migrate
from pickle_migrate import Lineage, Registry, collector, resolver, versioned
from pickle_migrate.errors import MigrationError, SettingsError, UnknownClassError, UnstampedError
from pickle_migrate.project import VARIABLE, Settings
from pickle_migrate.registry import DEFAULT

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
FUNCTIONS = ["dump", "dumps", "load", "loads", "Pickler", "Unpickler"]
OURS = ["registry", "pause_collector", "policy", "limits", "missing"]
each_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)


class Point:
    """A class that is not versioned."""

    def __init__(self, x=1):
        self.x = x

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)

    def move(self):
        return self.x


# --- as pickle does ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_are_pickle_s_own(name):
    """Names, kinds and defaults; ours are keyword arguments at the end."""
    theirs = list(inspect.signature(getattr(pickle, name)).parameters.values())
    mine = list(inspect.signature(getattr(pickle_migrate, name)).parameters.values())
    added = [p.name for p in mine[len(theirs) :]]
    assert [(p.name, p.kind, p.default) for p in mine[: len(theirs)]] == [
        (p.name, p.kind, p.default) for p in theirs
    ]
    assert added == (["versions", "lossy"] if name in ("dump", "dumps", "Pickler") else OURS)
    assert all(
        p.kind is p.KEYWORD_ONLY and p.default is not p.empty for p in mine if p.name in added
    )


def test_methods_have_pickle_s_own_signatures():
    """So that subclasses can override them, whatever they call the parameters."""
    mine = inspect.signature(pickle_migrate.Unpickler.find_class).parameters
    theirs = inspect.signature(pickle.Unpickler.find_class).parameters
    assert [(p.name, p.kind) for p in mine.values()] == [(p.name, p.kind) for p in theirs.values()]
    assert list(inspect.signature(pickle_migrate.Unpickler.load).parameters) == ["self"]
    assert pickle_migrate.Pickler.dump is pickle.Pickler.dump


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | inner.map(lambda v: (v, v)),
    max_leaves=15,
)


@given(values, st.integers(0, 5))
def test_what_pickle_writes_and_reads_is_the_same(value, protocol):
    """The same bytes, and the same object from them."""
    data = pickle_migrate.dumps(value, protocol)
    assert data == pickle.dumps(value, protocol)
    assert pickle_migrate.loads(data) == value
    assert pickle_migrate.load(io.BytesIO(data)) == value


THINGS = [
    Point(3),
    Point,
    [Point(n) for n in range(3)],
    Point(3).move,
    len,
    [getattr, getattr],
    print,
    datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC),
    decimal.Decimal("1.50"),
    functools.partial(print, 1),
    {1, "two"},
    ValueError("x", 1),
    range(3),
    Ellipsis,
    io.BytesIO,
]


@each_protocol
@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: type(thing).__name__)
def test_other_objects_load_as_pickle_loads_them(thing, protocol):
    """Functions, methods, ``getattr`` itself: what is not ours is left alone."""
    data = pickle.dumps(thing, protocol)
    assert pickle_migrate.dumps(thing, protocol) == data
    mine, theirs = pickle_migrate.loads(data), pickle.loads(data)
    assert type(mine) is type(theirs)
    assert repr(mine).partition(" at 0x")[0] == repr(theirs).partition(" at 0x")[0]
    if isinstance(thing, type) or type(thing) in (type(len), type(Ellipsis)):
        assert mine is theirs


class Sideways:
    """Not a file."""


CALLS = {
    "loads of a str": lambda m: m.loads("abc"),
    "loads of None": lambda m: m.loads(None),
    "loads of a number": lambda m: m.loads(5),
    "loads of a list": lambda m: m.loads([128, 4]),
    "loads of nothing": lambda m: m.loads(b""),
    "loads of one byte": lambda m: m.loads(b"\x80"),
    "loads of two bytes": lambda m: m.loads(b"\x80\x04"),
    "loads of an unknown protocol": lambda m: m.loads(b"\x80\x63."),
    "loads of no pickle": lambda m: m.loads(b"garbage"),
    "loads of a cut pickle": lambda m: m.loads(pickle.dumps(list(range(300)))[:-5]),
    "loads of an absent module": lambda m: m.loads(b"cno_such_module\nC\n."),
    "loads of an absent name": lambda m: m.loads(b"cdatetime\nno_such\n."),
    "loads by keyword": lambda m: m.loads(data=b"N."),
    "loads with an unknown argument": lambda m: m.loads(b"N.", what=1),
    "loads of a persistent id": lambda m: m.loads(b"P7\n."),
    "loads of an encoding": lambda m: m.loads(b"U\x01\xe9.", encoding="no-such"),
    "loads of a byte that is no ASCII": lambda m: m.loads(b"U\x01\xe9."),
    "loads without its buffers": lambda m: m.loads(b"\x80\x05\x97."),
    "load of no file": lambda m: m.load(Sideways()),
    "load of a text file": lambda m: m.load(io.StringIO("N.")),
    "load of a closed file": lambda m: m.load(closed()),
    "dump to no file": lambda m: m.dump(1, Sideways()),
    "dump to a file for reading": lambda m: m.dump(1, io.BufferedReader(io.BytesIO())),
    "dump of a protocol that is not there": lambda m: m.dump(1, io.BytesIO(), 99),
    "dumps of a protocol that is not there": lambda m: m.dumps(1, 99),
    "dumps of no protocol": lambda m: m.dumps(1, "4"),
    "dumps of a lambda": lambda m: m.dumps(lambda: 0),
    "dumps of a lock": lambda m: m.dumps([threading.Lock()]),
    "dumps with buffers too early": lambda m: m.dumps(b"", 4, buffer_callback=print),
    "dumps with too many arguments": lambda m: m.dumps(1, 4, True),
    "Unpickler of no file": lambda m: m.Unpickler(Sideways()),
    "Pickler of no file": lambda m: m.Pickler(Sideways()),
}


def closed():
    file = io.BytesIO(b"N.")
    file.close()
    return file


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_wrong_calls_fail_as_pickle_s_own(call):
    """With the same class of error, so that what a caller catches is caught."""
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - whatever pickle raises
        call(pickle)
    with pytest.raises(type(theirs.value)) as mine:
        call(pickle_migrate)
    assert type(mine.value) is type(theirs.value)


def mapped(data):
    found = mmap.mmap(-1, len(data))
    found[:] = data
    return found


BUFFERS = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "part of a memoryview": lambda data: memoryview(b"??" + data + b"?")[2:-1],
    "memoryview of numbers": lambda data: memoryview(array.array("H", data + bytes(len(data) % 2))),
    "array": lambda data: array.array("B", data),
    "mmap": mapped,
    "PickleBuffer": pickle.PickleBuffer,
    "bytes with more after it": lambda data: data + b"more",
}


@each_protocol
@pytest.mark.parametrize("size", [0, 5000])
@pytest.mark.parametrize("buffer", BUFFERS.values(), ids=BUFFERS)
def test_loads_reads_whatever_has_bytes(buffer, size, protocol):
    """As pickle: any object with a buffer; what follows the pickle is left."""
    value = [Point(2), "x" * size]
    data = pickle.dumps(value, protocol)
    assert pickle_migrate.loads(buffer(data)) == pickle.loads(buffer(data)) == value


class Unpeekable:
    """The least that pickle asks of a file."""

    def __init__(self, data):
        file = io.BytesIO(data)
        self.read, self.readline = file.read, file.readline


@each_protocol
@pytest.mark.parametrize(
    "wrap", [io.BytesIO, lambda d: io.BufferedReader(io.BytesIO(d)), Unpeekable]
)
def test_several_pickles_in_one_file(scratch, wrap, protocol):
    """Each load reads one, and not a byte more."""
    order = scratch.module("load_shop", "@versioned(1)\nclass Order: pass\n").Order
    values = [order(), {"a": list(range(1000))}, "text" * 1000, Point(5)]
    file = wrap(b"".join(pickle.dumps(value, protocol) for value in values))
    assert type(pickle_migrate.load(file)) is order
    assert [pickle_migrate.load(file) for _ in values[1:]] == values[1:]
    with pytest.raises(EOFError):
        pickle_migrate.load(file)


def test_one_unpickler_reads_what_one_pickler_wrote(scratch):
    """The memo goes on from one pickle to the next."""
    scratch.module("load_shop", "@versioned(1)\nclass Order: pass\n")
    order = sys.modules["load_shop"].Order()
    file = io.BytesIO()
    pickler = pickle_migrate.Pickler(file)
    pickler.dump([order])
    pickler.dump([order, order])
    file.seek(0)
    unpickler = pickle_migrate.Unpickler(file)
    (first,), (second, third) = unpickler.load(), unpickler.load()
    assert first is second is third


def test_python_2_strings(scratch):
    """``encoding``, ``errors`` and ``fix_imports`` are handed on."""
    data = b"\x80\x02U\x01\xe9."
    assert pickle_migrate.loads(data, encoding="latin1") == "é"
    assert pickle_migrate.loads(data, encoding="bytes") == b"\xe9"
    assert pickle_migrate.loads(data, errors="ignore") == ""
    assert pickle_migrate.load(io.BytesIO(data), encoding="latin1", errors="strict") == "é"
    moved = b"c__builtin__\nxrange\n(I3\ntR."
    assert pickle_migrate.loads(moved) == range(3)
    with pytest.raises(ModuleNotFoundError):
        pickle_migrate.loads(moved, fix_imports=False)
    assert b"__builtin__" in pickle_migrate.dumps(range, 2)
    assert b"builtins" in pickle_migrate.dumps(range, 2, fix_imports=False)


def test_buffers_outside_of_the_pickle():
    """Protocol 5's, through all four functions."""
    value, kept = [pickle.PickleBuffer(b"abc"), pickle.PickleBuffer(bytearray(b"de"))], []
    data = pickle_migrate.dumps(value, 5, buffer_callback=kept.append)
    file = io.BytesIO()
    pickle_migrate.dump(value, file, 5, buffer_callback=kept.append)
    assert file.getvalue() == data
    assert len(kept) == 4
    assert list(map(bytes, pickle_migrate.loads(data, buffers=kept[:2]))) == [b"abc", b"de"]
    file.seek(0)
    assert list(map(bytes, pickle_migrate.load(file, buffers=iter(kept[:2])))) == [b"abc", b"de"]


class Shelf:
    """Objects with persistent ids, by a subclass of either class."""

    class Pickler(pickle_migrate.Pickler):
        """Writes."""

        def persistent_id(self, obj):
            return ("shelf", obj.x) if type(obj) is Point else None

    class Unpickler(pickle_migrate.Unpickler):
        """Reads."""

        def persistent_load(self, pid):
            return Point(pid[1])


@pytest.mark.parametrize("protocol", PROTOCOLS[1:])
def test_persistent_ids_of_a_subclass(scratch, protocol):
    """Between versioned objects, old and new."""
    old = scratch.module("load_shop", "@versioned(1)\nclass Order: pass\n").Order()
    old.point = Point(4)
    file = io.BytesIO()
    Shelf.Pickler(file, protocol).dump([old, old.point])
    file.seek(0)
    scratch.module("load_shop", "@versioned(2)\nclass Order: pass\n")
    Lineage("load_shop:Order").upgrade(1, pickle_migrate.RenameField("point", "place"))
    order, point = Shelf.Unpickler(file).load()
    assert order.place == point == Point(4)


def test_find_class_of_a_subclass():
    """It may forbid, and ask ours for the rest."""

    class Careful(pickle_migrate.Unpickler):
        def find_class(self, module_name, global_name):
            if global_name == "len":
                raise pickle.UnpicklingError("forbidden")
            return super().find_class(module_name, global_name)

    assert Careful(io.BytesIO(pickle.dumps(Point(2)))).load() == Point(2)
    with pytest.raises(pickle.UnpicklingError, match="forbidden"):
        Careful(io.BytesIO(pickle.dumps(len))).load()


# --- renames ----------------------------------------------------------------------------------

NESTED = """
    class Outer:
        class Inner:
            class Deep:
                pass
        def method(self):
            return 1
    def function():
        return {!r}
"""


def nested(scratch, name, word="old"):
    return scratch.module(name, NESTED.format(word))


@each_protocol
def test_a_renamed_class_that_is_not_versioned(scratch, protocol):
    """It carries no stamp; the loader looks its name up."""
    old = nested(scratch, "load_old")
    data = [pickle.dumps(old.Outer(), protocol), pickle.dumps(old.Outer, protocol)]
    scratch.remove("load_old")
    new = nested(scratch, "load_new")
    with pytest.raises(ModuleNotFoundError):
        pickle_migrate.loads(data[0])
    DEFAULT.rename("load_old:Outer", "load_new:Outer")
    assert type(pickle_migrate.loads(data[0])) is new.Outer
    assert pickle_migrate.loads(data[1]) is new.Outer
    with pytest.raises(ModuleNotFoundError):
        pickle.loads(data[0])


@each_protocol
def test_a_moved_module(scratch, protocol):
    """Its classes, nested ones and functions; also methods, which pickle by ``getattr``."""
    old = nested(scratch, "load_old.part")
    things = [old.Outer(), old.Outer.Inner(), old.Outer.Inner.Deep, old.function]
    things.append(old.Outer().method)
    data = pickle.dumps(things, protocol)
    scratch.remove("load_old.part")
    new = nested(scratch, "load_new.part", "new")
    DEFAULT.rename("load_old", "load_new")
    found = pickle_migrate.loads(data)
    assert [type(found[0]), type(found[1])] == [new.Outer, new.Outer.Inner]
    assert found[2] is new.Outer.Inner.Deep
    assert (found[3](), found[4]()) == ("new", 1)


@each_protocol
@pytest.mark.parametrize("outer_stays", [True, False])
def test_a_renamed_nested_class(scratch, protocol, outer_stays):
    """Below protocol 4 it is asked for in its outer class, which may be gone by now."""
    old = nested(scratch, "load_old")
    data = pickle.dumps([old.Outer.Inner(), old.Outer.Inner.Deep], protocol)
    scratch.remove("load_old")
    if outer_stays:
        scratch.module("load_old", "class Outer:\n    pass\n")
    new = scratch.module("load_new", "class Lid:\n    class Deep:\n        pass\n")
    DEFAULT.rename("load_old:Outer.Inner", "load_new:Lid")
    lid, deep = pickle_migrate.loads(data)
    assert type(lid) is new.Lid
    assert deep is new.Lid.Deep


@each_protocol
def test_a_nested_class_of_which_only_the_inner_one_moved(scratch, protocol):
    """Its outer class and its siblings stay where they are."""
    old = nested(scratch, "load_old")
    data = pickle.dumps([old.Outer(), old.Outer.Inner(), old.Outer().method], protocol)
    kept = scratch.module(
        "load_old",
        "class Outer:\n    class Inner: pass\n    def method(self): return 2\n",
    )
    new = scratch.module("load_new", "class Deep: pass\n")
    DEFAULT.rename("load_old:Outer.Inner.Deep", "load_new:Deep")
    outer, inner, method = pickle_migrate.loads(data)
    assert [type(outer), type(inner), method()] == [kept.Outer, kept.Outer.Inner, 2]
    assert new.Deep is not None


@each_protocol
def test_a_rename_that_only_the_migrations_know(scratch, protocol):
    """They are imported when a name is not there, for nested classes too."""
    old = nested(scratch, "load_old")
    data = [pickle.dumps(thing, protocol) for thing in (old.Outer.Inner(), old.Outer.Inner.Deep)]
    scratch.module("load_old", "class Outer: pass\n")
    new = scratch.module("load_new", "class Lid:\n    class Deep: pass\n")
    scratch.write(
        "load_steps",
        "Registry.rename\nLineage('load_new:Lid').renamed_from('load_old:Outer.Inner')\n"
        "Lineage('load_new:Lid.Deep').renamed_from('load_old:Outer.Inner.Deep')\n",
    )
    resolver.use_settings(Settings(migrations=("load_steps",)))
    assert type(pickle_migrate.loads(data[0])) is new.Lid
    assert pickle_migrate.loads(data[1]) is new.Lid.Deep


@each_protocol
def test_a_renamed_class_that_was_versioned_since(scratch, protocol):
    """An unstamped pickle under the old name has the steps of the lineage."""
    old = scratch.module("load_old", "class Purchase: pass\n").Purchase()
    old.qty = 3
    data = pickle.dumps(old, protocol)
    scratch.remove("load_old")
    source = """
        @versioned(2, unstamped=1)
        class Order: pass
        order = Lineage("load_new:Order").renamed_from("load_old:Purchase")
        order.upgrade(1, RenameField("qty", "quantity"))
        """
    new = scratch.module("load_new", source)
    found = pickle_migrate.loads(data)
    assert (type(found), vars(found)) == (new.Order, {"quantity": 3})


@each_protocol
def test_a_nested_class_of_a_renamed_class(scratch, protocol):
    """It goes along, whether its outer class was renamed for all pickles or by its lineage."""
    old = nested(scratch, "load_old")
    data = pickle.dumps([old.Outer.Inner(), old.Outer.Inner.Deep, old.Outer()], protocol)
    scratch.remove("load_old")
    source = NESTED.format("new").replace("Outer", "Box")
    new = scratch.module("load_new", source)
    mine = Registry()
    Lineage("load_new:Box", registry=mine).renamed_from("load_old:Outer")
    DEFAULT.rename("load_old:Outer", "load_new:Box")
    for registry in (mine, DEFAULT):
        inner, deep, box = pickle_migrate.loads(data, registry=registry)
        assert [type(inner), deep, type(box)] == [new.Box.Inner, new.Box.Inner.Deep, new.Box]


@each_protocol
def test_a_nested_class_that_left_a_renamed_class(scratch, protocol):
    """Its own rename counts, as it was spelled when the pickle was written."""
    old = nested(scratch, "load_old")
    data = pickle.dumps([old.Outer(), old.Outer.Inner(), old.Outer.Inner.Deep], protocol)
    scratch.remove("load_old")
    new = scratch.module("load_new", "class Box: pass\nclass Lid:\n    class Deep: pass\n")
    DEFAULT.rename("load_old:Outer", "load_new:Box")
    DEFAULT.rename("load_old:Outer.Inner", "load_new:Lid")
    box, lid, deep = pickle_migrate.loads(data)
    assert [type(box), type(lid), deep] == [new.Box, new.Lid, new.Lid.Deep]


@each_protocol
def test_stamps_of_nested_classes_follow_the_outer_one(scratch, protocol):
    """And so do the steps that were declared under the old name."""
    source = """
        class {outer}:
            @versioned({version})
            class Inner:
                pass
        """
    old = scratch.module("load_old", source.format(outer="Outer", version=1)).Outer.Inner()
    old.a = 1
    data = pickle.dumps(old, protocol)
    scratch.remove("load_old")
    new = scratch.module("load_new", source.format(outer="Box", version=2))
    Lineage("load_new:Box").renamed_from("load_old:Outer")
    Lineage("load_old:Outer.Inner").upgrade(1, pickle_migrate.RenameField("a", "b"))
    for loads in (pickle.loads, pickle._loads, pickle_migrate.loads):
        found = loads(data)
        assert (type(found), vars(found)) == (new.Box.Inner, {"b": 1})


def test_a_rename_to_nowhere_is_named(scratch):
    """With both names."""
    data = pickle.dumps(nested(scratch, "load_old").Outer)
    DEFAULT.rename("load_old:Outer", "load_gone:Outer")
    with pytest.raises(UnknownClassError, match=r"load_old:Outer.*renamed to load_gone:Outer"):
        pickle_migrate.loads(data)


@each_protocol
def test_getattr_that_is_a_value(protocol):
    """The loader looks at its calls, so it gives one of its own; it is as good as Python's."""
    found = pickle_migrate.loads(pickle.dumps(functools.partial(getattr), protocol)).func
    assert (found == getattr, found != len) == (True, True)
    assert (hash(found), repr(found)) == (hash(getattr), repr(getattr))
    assert found("text", "upper")() == "TEXT"
    assert found("text", "no_such", 5) == 5
    with pytest.raises(AttributeError, match="no_such"):
        found("text", "no_such")
    for again in (copy.copy(found), pickle.loads(pickle_migrate.dumps(found, protocol))):
        assert again is getattr


def test_getattr_that_is_a_value_keeps_nothing_alive():
    """Neither the unpickler nor what it loaded."""
    loaded = pickle_migrate.loads(pickle.dumps([getattr, Point()]))
    found, point = loaded[0], weakref.ref(loaded[1])
    gc.disable()
    try:
        del loaded
        assert point() is None
    finally:
        gc.enable()
    assert found("text", "upper")() == "TEXT"


# --- settings and registries ------------------------------------------------------------------


def test_renames_of_the_settings_hold(scratch, tmp_path, monkeypatch):
    """They are read at the first load that needs a name."""
    data = pickle.dumps(nested(scratch, "load_old").Outer())
    scratch.remove("load_old")
    new = nested(scratch, "load_new")
    path = tmp_path / "s.toml"
    path.write_text('renames = {load_old = "load_new"}')
    monkeypatch.setenv(VARIABLE, str(path))
    assert type(pickle_migrate.loads(data)) is new.Outer


def test_wrong_settings_are_told_at_a_load(scratch, tmp_path, monkeypatch):
    """Unless the pickle names nothing."""
    path = tmp_path / "s.toml"
    path.write_text("renames = 5")
    monkeypatch.setenv(VARIABLE, str(path))
    assert pickle_migrate.loads(pickle.dumps([1, "a"])) == [1, "a"]
    with pytest.raises(SettingsError, match="renames must be a table"):
        pickle_migrate.loads(pickle.dumps(Point()))


@each_protocol
def test_a_registry_of_one_s_own(scratch, protocol):
    """Its renames hold for this load, stamped or not, and those of the default one do not."""
    module = scratch.module("load_shop", "class A: pass\nclass B: pass\nclass C: pass\n")
    data = pickle.dumps(module.A(), protocol)
    mine = Registry()
    mine.rename("load_shop:A", "load_shop:B")
    DEFAULT.rename("load_shop:A", "load_shop:C")
    assert type(pickle_migrate.loads(data, registry=mine)) is module.B
    assert type(pickle_migrate.load(io.BytesIO(data), registry=mine)) is module.B
    assert type(pickle_migrate.Unpickler(io.BytesIO(data), registry=mine).load()) is module.B
    assert type(pickle_migrate.loads(data)) is module.C


@each_protocol
def test_stamps_in_a_registry_of_one_s_own(scratch, protocol):
    """Two applications whose names clash."""
    source = """
        MINE = Registry()
        @versioned({version}, registry=MINE)
        class {name}:
            pass
        """
    old = scratch.module("load_shop", source.format(version=1, name="Order")).Order()
    old.a = 1
    data = pickle.dumps(old, protocol)
    module = scratch.module("load_shop", source.format(version=2, name="Sale"))
    lineage = Lineage("load_shop:Sale", registry=module.MINE).renamed_from("load_shop:Order")
    lineage.upgrade(1, pickle_migrate.RenameField("a", "b"))
    found = pickle_migrate.loads(data, registry=module.MINE)
    assert (type(found), vars(found)) == (module.Sale, {"b": 1})
    with pytest.raises(UnknownClassError):
        pickle_migrate.loads(data)


# --- the collector ----------------------------------------------------------------------------


class Watching:
    """Looks at the collector while it is loaded."""

    seen = []

    def __setstate__(self, state):
        self.seen.append(gc.get_threshold()[0])
        if state == "fail":
            raise ZeroDivisionError

    def __reduce__(self):
        return Watching, (), self.state

    def __init__(self, state="fine"):
        self.state = state


@pytest.fixture
def watched():
    """Dumps a large graph with one object that watches; the threshold of before is checked."""
    before = gc.get_threshold(), gc.isenabled()
    Watching.seen.clear()

    def dumped(state):
        return pickle.dumps([Watching(state), ["x"] * collector.PAYS_FROM])

    yield dumped
    assert (gc.get_threshold(), gc.isenabled()) == before


def test_the_collector_is_paused_while_a_graph_is_loaded(watched):
    """And not before or after."""
    threshold = gc.get_threshold()[0]
    pickle_migrate.loads(watched("fine"))
    pickle_migrate.load(io.BytesIO(watched("fine")))
    assert all(seen > 1_000_000 > threshold for seen in Watching.seen)
    assert len(Watching.seen) == 2


def test_the_collector_s_state_is_back_after_an_exception(watched):
    """Of the loaded code, and of a pickle that is cut."""
    with pytest.raises(ZeroDivisionError):
        pickle_migrate.loads(watched("fail"))
    with pytest.raises((EOFError, pickle.UnpicklingError)):
        pickle_migrate.load(io.BytesIO(watched("fine")[:-3]))


def test_the_pause_can_be_left_out(watched):
    """``pause_collector=False`` leaves the collector alone."""
    threshold = gc.get_threshold()[0]
    pickle_migrate.loads(watched("fine"), pause_collector=False)
    pickle_migrate.load(io.BytesIO(watched("fine")), pause_collector=False)
    pickle_migrate.Unpickler(io.BytesIO(watched("fine")), pause_collector=False).load()
    assert Watching.seen == [threshold] * 3


def test_the_finishing_stage_runs_with_the_collector_on(scratch, watched):
    """It is code of the user's, after the load."""
    cls = scratch.module("load_shop", "@versioned(1)\nclass Order: pass\n").Order
    data = pickle.dumps([cls(), ["x"] * collector.PAYS_FROM])
    scratch.module("load_shop", "@versioned(2)\nclass Order: pass\n")
    lineage, seen = Lineage("load_shop:Order").upgrade(1), []
    lineage.finish(1, lambda order: seen.append(gc.get_threshold()[0]))
    pickle_migrate.loads(data)
    assert seen == [gc.get_threshold()[0]]


# --- the rest ---------------------------------------------------------------------------------


def test_an_error_of_migration_is_pickle_s_own_error(scratch):
    """``except pickle.UnpicklingError`` goes on to work."""
    cls = scratch.module("load_shop", "class Order: pass\n").Order
    data = pickle.dumps(cls())
    scratch.module("load_shop", "@versioned(2)\nclass Order: pass\n")
    with pytest.raises(pickle.UnpicklingError) as caught:
        pickle_migrate.loads(data)
    assert isinstance(caught.value, MigrationError)
    assert isinstance(caught.value, UnstampedError)


def test_several_objects_of_one_class_are_all_migrated(scratch):
    """The pickle names their class once and remembers it."""
    cls = scratch.module("load_shop", "@versioned(1)\nclass Order: pass\n").Order
    orders = [cls() for _ in range(3)]
    for number, order in enumerate(orders):
        order.a = number
    data = pickle.dumps(orders)
    scratch.module("load_shop", "@versioned(2)\nclass Order: pass\n")
    Lineage("load_shop:Order").upgrade(1, pickle_migrate.RenameField("a", "b"))
    assert [vars(order) for order in pickle_migrate.loads(data)] == [{"b": n} for n in range(3)]


def test_threads_load_and_dump_at_once(scratch):
    """Old pickles and new ones, each thread its own graphs."""
    cls = scratch.module("load_shop", "@versioned(1)\nclass Order: pass\n").Order
    old = cls()
    old.a = 1
    data = pickle.dumps([old] * 3 + [[old]])
    new = scratch.module("load_shop", "@versioned(2)\nclass Order: pass\n").Order
    lineage, failed = Lineage("load_shop:Order"), []
    lineage.upgrade(1, pickle_migrate.RenameField("a", "b"))
    start = threading.Barrier(4)

    def work():
        start.wait()
        try:
            for number in range(100):
                first, second, third, (again,) = pickle_migrate.loads(data)
                assert first is second is third is again
                assert (type(first), vars(first)) == (new, {"b": 1})
                assert vars(pickle.loads(pickle_migrate.dumps(first))) == {"b": 1}
                if number % 20 == 0:
                    lineage.accept_fingerprint(1, f"{number:x}")
        except BaseException as error:
            failed.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []


def test_extension_codes_load(scratch):
    """After its first load, pickle's own cache answers for an extension code."""
    cls = scratch.module("load_shop", "class Order: pass\n").Order
    copyreg.add_extension("load_shop", "Order", 0x7A_0001)
    try:
        data = pickle.dumps(cls(), 4)
        assert [type(pickle_migrate.loads(data)) for _ in range(2)] == [cls, cls]
    finally:
        copyreg.remove_extension("load_shop", "Order", 0x7A_0001)
        copyreg.clear_extension_cache()


def test_a_versioned_class_loads_by_plain_pickle_what_ours_wrote(scratch):
    """And the other way round: the pickles are the same."""
    registry = Registry()
    scratch.module("load_shop", "class Order: pass\n")
    cls = versioned(1, registry=registry)(sys.modules["load_shop"].Order)
    order = cls()
    order.a = 1
    assert pickle_migrate.dumps(order) == pickle.dumps(order)
    assert vars(pickle.loads(pickle_migrate.dumps(order))) == {"a": 1}
    assert vars(pickle_migrate.loads(pickle.dumps(order))) == {"a": 1}


def test_a_lineage_of_a_module_not_imported_yet_wins_over_a_rule_for_packages(scratch):
    """A rule of the settings moves the whole module; the steps know the class's new name."""
    scratch.module("load_shop", "class Order: pass\n")
    data = pickle.dumps(sys.modules["load_shop"].Order(), 2)
    scratch.remove("load_shop")
    scratch.write("load_store", "@versioned(1, unstamped=1)\nclass Purchase: pass\n")
    scratch.write(
        "load_renames", 'Lineage("load_store:Purchase").renamed_from("load_shop:Order")\n'
    )
    resolver.use_settings(
        Settings(migrations=("load_renames",), renames={"load_shop": "load_store"})
    )
    assert type(pickle_migrate.loads(data)).__name__ == "Purchase"
