"""Stand-ins as users meet them: pickles without their classes, read, edited and written again."""

import collections
import copy
import datetime
import enum
import fractions
import gzip
import io
import json
import pickle
import pickletools
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pickle_migrate
from pickle_migrate import graphs, scanner, shims
from pickle_migrate.errors import ArgumentError, PickleFormatError, ShimError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.shims_reader import build
from pickle_migrate.shims_world import World

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
PROTOCOLS = range(6)


class Plain:
    def __init__(self, **fields):
        vars(self).update(fields)

    class Inner:
        """Nested."""

    def method(self):
        return 1


class Slots:
    __slots__ = ("a", "b")


class Both(Slots):
    pass


class Items(list):
    pass


class Pairs(dict):
    pass


class Colour(enum.Enum):
    RED = 1


class Fault(Exception):
    pass


class NewArgs:
    def __new__(cls, *args, **kwargs):
        self = object.__new__(cls)
        self.seen = [args, kwargs]
        return self

    def __getnewargs_ex__(self):
        return tuple(self.seen[0]), dict(self.seen[1])


Point = collections.namedtuple("Point", "x y")


def made(cls, **fields):
    obj = cls()
    for name, value in fields.items():
        setattr(obj, name, value)
    return obj


def cyclic():
    obj = Plain(name="loop")
    obj.me, obj.others = obj, [obj, {"k": obj}, (obj,)]
    return obj


def recursive_tuple():
    inner = []
    outer = (inner, Plain())
    inner.append(outer)
    outer[1].back = outer
    return outer


SAMPLES = {
    "fields": Plain(qty=3, price=1.5, name="Order"),
    "no fields": Plain(),
    "cycle": cyclic(),
    "recursive tuple": recursive_tuple(),
    "slots": made(Slots, a=1, b=[2]),
    "slots and dict": made(Both, a=1, c=3),
    "list": made(Items, note="x"),
    "list with items": Items([1, Plain(a=1)]),
    "dict": Pairs({"a": Pairs({1: 2})}),
    "enum": [Colour.RED, {Colour.RED: 1}],
    "exception": Fault("a", 2),
    "keyword arguments": NewArgs(1, key=2),
    "namedtuple": Point(1, Point(2, 3)),
    "nested class": Plain.Inner(),
    "classes as values": [Plain, Plain.Inner, len, dict],
    "bound method": Plain(a=1).method,
    "standard types": [
        datetime.datetime(2020, 1, 2, 3, 4),
        fractions.Fraction(1, 3),
        collections.OrderedDict(a=1),
        collections.defaultdict(list, {1: [2]}),
        collections.deque([1], 3),
        range(4),
        slice(1, 2),
        1j,
    ],
    "sets": [{1, 2}, frozenset([3]), {(1, frozenset())}],
    "bytes": [b"", b"\xff\0", bytearray(b"ab")],
    "texts": ["", "e\u0301", "\ud800", "x" * 300, "line\nend"],
    "keys": {Plain: 1, (1, Colour.RED): 2},
    "large": [Plain(blob=b"b" * 70_000), Plain(text="t" * 70_000), Plain(a=1)],
}
NEED_PROTOCOL_2 = {"slots", "slots and dict", "keyword arguments"}


def opcodes(data):
    found = [(op.name, arg) for op, arg, _ in pickletools.genops(data)]
    kept = [(name, arg) for name, arg in found if name not in ("MEMOIZE", "FRAME")]
    return [(n, None if "GET" in n or "PUT" in n else a) for n, a in kept if "PUT" not in n]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_pickle_is_written_as_it_was(name, protocol):
    """What is read and not changed loads as the same objects, at the pickle's own protocol."""
    if name in NEED_PROTOCOL_2 and protocol < 2:
        return
    data = pickle.dumps(SAMPLES[name], protocol)
    graph = shims.loads(data)
    new = shims.dumps(graph)
    assert graph.protocol == scanner.scan(new).protocol
    assert not graphs.differences(pickle.loads(data), pickle.loads(new))
    assert scanner.scan(new).refs == scanner.scan(data).refs


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_written_is_written_the_same_again(protocol):
    """From the second time on the bytes are the same."""
    for name, sample in SAMPLES.items():
        if name not in NEED_PROTOCOL_2 or protocol >= 2:
            new = shims.dumps(shims.loads(pickle.dumps(sample, protocol)))
            if "set" not in name:
                assert shims.dumps(shims.loads(new)) == new, name


def test_nothing_is_imported_or_called():
    """A pickle that would write a file, in a process of its own that counts all that is done."""
    script = """
import sys
from pickle_migrate import shims
data = b"cos\\nsystem\\n(S'touch here'\\ntR.", b"cantigravity\\nx\\n."
seen = []
sys.addaudithook(lambda event, args: seen.append((event, args)))
for one in data:
    graph = shims.loads(one)
    new = shims.dumps(graph)
    repr(graph), repr(graph.root)
bad = [e for e in seen if e[0] in ("os.system", "open", "subprocess.Popen")]
bad += [e for e in seen if e[0] == "import" and "antigravity" in str(e[1][0])]
print(bad, "antigravity" in sys.modules, new == b"cantigravity\\nx\\np0\\n.", seen != [])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["[]", "False", "True", "True"], done.stderr


# --- looking and editing ----------------------------------------------------------------------


def test_fields_are_seen_and_edited():
    """State is a dict to be changed; the class keeps its name."""
    graph = shims.loads(pickle.dumps([Plain(qty=3), Plain(qty=4)]))
    for order in graph.root:
        assert order.ref == GlobalRef(__name__, "Plain")
        order.state["qty"] += 10
    assert [o.qty for o in pickle.loads(shims.dumps(graph))] == [13, 14]


def test_how_an_object_is_made():
    """``made_by``, ``callee``, ``args`` and ``kwargs`` say what the pickle does for it."""
    new, called = shims.loads(pickle.dumps([NewArgs(1, key=2), Fault("a")], 4)).root
    assert (new.made_by, new.callee, new.args, new.kwargs) == ("new", None, (1,), {"key": 2})
    assert (called.made_by, called.callee, called.args) == ("call", type(called), ("a",))
    called.args = ("b",)
    assert called.args == ("b",)


def test_slots_are_fields_too():
    """The pair of dict and slots shows as one mapping."""
    root = shims.loads(pickle.dumps(made(Both, a=1, c=3))).root
    assert root.fields == {"a": 1, "c": 3}
    assert root.state == ({"c": 3}, {"a": 1})


def test_items_and_pairs():
    """What a subclass of list or dict holds stands apart from its attributes."""
    data = pickle.dumps([Items([1, 2]), Pairs(a=1)])
    graph = shims.loads(data)
    items, pairs = graph.root
    assert (items.items, pairs.pairs, items.state) == ([1, 2], [("a", 1)], shims.NOTHING)
    items.items.append(3)
    pairs.pairs.append(("b", 2))
    assert pickle.loads(shims.dumps(graph)) == [[1, 2, 3], {"a": 1, "b": 2}]


def test_new_objects_are_made_of_stand_in_classes():
    """``ref_class`` gives the class for a ref; called, it writes a call, ``__new__`` an object."""
    graph = shims.loads(pickle.dumps([]))
    cls = graph.ref_class(f"{__name__}:Plain")
    order = cls.__new__(cls)
    order.state = {"qty": 1}
    graph.root += [order, cls]
    back = pickle.loads(shims.dumps(graph))
    assert (back[0].qty, back[1]) == (1, Plain)


def test_objects_of_the_program_may_be_put_in():
    """They are pickled as pickle does."""
    graph = shims.loads(pickle.dumps(Plain(a=1)))
    graph.root.state["when"] = datetime.date(2020, 1, 2)
    graph.root.state["red"] = Colour.RED
    back = pickle.loads(shims.dumps(graph))
    assert (back.when, back.red) == (datetime.date(2020, 1, 2), Colour.RED)


def test_another_protocol():
    """The protocol may be chosen."""
    graph = shims.loads(pickle.dumps(Plain(a=1), 2))
    new = shims.dumps(graph, protocol=5)
    assert new[:2] == b"\x80\x05"
    assert pickle.loads(new).a == 1


def test_repr_is_short_and_escaped():
    """Whatever a pickle holds: huge numbers, itself, and text that steers a terminal."""
    state = {"n": 10**5000, "t": "\x1b[31m" * 99, "\x1b": 1, "d": {1: 2}, "e": 5}
    obj = Plain(**state)
    obj.d = obj
    text = repr(shims.loads(pickle.dumps(obj)).root)
    assert "\x1b" not in text
    assert len(text) < 300
    assert text.startswith(f"<shim {__name__}:Plain n=<int of 16610 bits>, t='\\x1b[31m")
    assert text.endswith("1 more>")
    assert repr(shims.loads(pickle.dumps(Plain)).root) == f"<shim class {__name__}:Plain>"
    assert len(repr(shims.loads(pickle.dumps([obj] * 1000)))) < 200


def test_copies_are_apart():
    """``copy`` and ``deepcopy`` work on stand-ins; classes stay the same."""
    root = shims.loads(pickle.dumps([made(Items, a=[1]), NewArgs(1, k=2)])).root
    shallow, deep = copy.copy(root[0]), copy.deepcopy(root)
    root[0].state["a"].append(2)
    assert shallow.state is root[0].state
    assert (deep[0].state, type(deep[0])) == ({"a": [1]}, type(root[0]))
    assert deep[1].kwargs == {"k": 2}


def test_plain_pickle_refuses_stand_ins():
    """It would write names that mean nothing elsewhere."""
    root = shims.loads(pickle.dumps(Plain())).root
    with pytest.raises(ShimError, match=r"shims\.dumps"):
        pickle.dumps(root)


# --- refusals ---------------------------------------------------------------------------------


def test_damaged_bytes_are_refused_by_the_scan():
    """Nothing is built of them."""
    with pytest.raises(PickleFormatError):
        shims.loads(pickle.dumps(Plain(a=1))[:-3])


def test_what_no_object_can_take_is_a_typed_error():
    """Items for a number, as only damaged or hostile pickles hold them."""
    with pytest.raises(ShimError, match="no object of it can take"):
        shims.loads(b"K\x01K\x02a.")


def test_calls_that_are_dropped_are_told():
    """They cannot be written again, so writing refuses until they are given up."""
    graph = shims.loads(b"cos\nsystem\n(S'ls'\ntR0N.")
    assert [call.ref for call in graph.lost] == [GlobalRef("os", "system")]
    with pytest.raises(ShimError, match="os:system and drops the result"):
        shims.dumps(graph)
    graph.lost = ()
    assert shims.dumps(graph) == b"N."


def test_only_the_first_pickle_is_read():
    """As ``pickle.loads`` does."""
    graph = shims.loads(pickle.dumps(1) + pickle.dumps(2))
    assert graph.root == 1


# --- laws -------------------------------------------------------------------------------------

atoms = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
atoms |= st.binary() | st.sampled_from([Plain, Colour.RED, datetime.date(2020, 1, 2)])


def containers(inner):
    names = st.text("abc_", min_size=1, max_size=3)
    return (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2) | st.integers(), inner, max_size=3)
        | st.builds(lambda fields: Plain(**fields), st.dictionaries(names, inner, max_size=3))
        | st.builds(Items, st.lists(inner, max_size=3))
        | st.builds(lambda items: Fault(*items), st.lists(inner, max_size=2))
        | st.builds(lambda one: [one, one, (one,)], inner)
    )


@settings(max_examples=200, deadline=None)
@given(st.recursive(atoms, containers, max_leaves=20), st.sampled_from(PROTOCOLS), st.booleans())
def test_any_graph_comes_back(obj, protocol, in_python):
    """Over all protocols, both picklers: what is written again loads equal, shared parts shared."""
    pickler = pickle._dumps if in_python else pickle.dumps
    data = pickler(obj, protocol)
    new = shims.dumps(shims.loads(data))
    assert not graphs.differences(pickle.loads(data), pickle.loads(new), limit=1)
    assert scanner.scan(new).protocol == scanner.scan(data).protocol


def corpus():
    """Real old pickles, where they lie beside the repository."""
    manifest = CORPUS / "manifest.json"
    if not manifest.is_file():
        return []
    content = json.loads(manifest.read_text(encoding="utf-8"))
    entries = content if isinstance(content, list) else content.get("files", content)
    return [entry["file"] if isinstance(entry, dict) else entry for entry in entries]


@pytest.mark.parametrize("name", corpus() or [None])
def test_real_old_pickles(name):
    """23 years of pickles, whose classes are not here: each is written with the same content."""
    if name is None:
        pytest.skip("the corpus is not beside the repository")
    raw = (CORPUS / name).read_bytes()
    raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    try:
        scan = scanner.scan(raw)
    except PickleFormatError:
        pytest.skip("it is wrapped in something else")
    world = World()
    graph = build(raw[: scan.end], scan, world, None)
    new = shims.dumps(graph)
    found = scanner.scan(new)
    assert found.refs == scan.refs
    assert found.protocol == scan.protocol
    again = build(new, found, world, None)
    assert not graphs.differences(graph.root, again.root, limit=3)
    assert shims.dumps(again) == new


# --- only what is missing ---------------------------------------------------------------------


class Gone:
    """Taken away while a pickle of it is loaded."""

    class Inner:
        """Nested."""


@pytest.fixture
def gone(monkeypatch):
    """Take ``Gone`` away."""
    return lambda: monkeypatch.delattr(sys.modules[__name__], "Gone")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_only_what_is_missing_is_a_stand_in(gone, protocol):
    """The rest is loaded; all of it is written again, by pickle's own signature."""
    old = Gone()
    old.note, old.when, old.cls = Plain(a=1), datetime.date(2020, 1, 2), Gone
    old.inner, old.shared = Gone.Inner(), old.note
    data = pickle.dumps([old, old.note], protocol)
    true = Gone
    gone()
    with pytest.raises(AttributeError):
        pickle_migrate.loads(data)
    found, note = pickle_migrate.loads(data, missing="shim")
    assert found.ref == GlobalRef(__name__, "Gone")
    assert found.fields["note"] is note
    assert type(note) is Plain
    assert found.fields["when"] == datetime.date(2020, 1, 2)
    assert found.fields["inner"].ref.qualname == "Gone.Inner"
    found.state["more"] = Plain(b=2)
    file = io.BytesIO()
    pickle_migrate.dump([found, note], file, protocol)
    sys.modules[__name__].Gone = true
    back, note = pickle.loads(file.getvalue())
    assert (type(back), back.note is note, back.cls, back.more.b) == (true, True, true, 2)
    assert type(back.inner) is true.Inner
    assert pickle.loads(shims.dumps(found, protocol=protocol)).when == datetime.date(2020, 1, 2)


def test_missing_modules_and_stamps():
    """Modules that are not there, and stamps of classes that are gone."""
    data = b"\x80\x04(cno.such\nThing\n)\x81cpickle_migrate.stamps\nno/such:Order@2\n)R}bt."
    thing, order = pickle_migrate.loads(data, missing="shim")
    assert thing.ref == GlobalRef("no.such", "Thing")
    assert (order.ref, order.version) == (GlobalRef("no.such", "Order"), 2)
    assert (thing.version, repr(order)) == (None, "<shim no.such:Order@2 state <dict of 0>>")
    assert type(order).ref.qualname == "no/such:Order@2"
    assert pickle_migrate.dumps((thing, order), 4).count(b"no/such:Order@2") == 1


def test_missing_is_one_of_two():
    """Anything else is refused at once."""
    with pytest.raises(ArgumentError, match="'raise' or 'shim'"):
        pickle_migrate.loads(b"N.", missing="skip")


def test_plain_pickle_refuses_stand_in_classes_too():
    """As values, which pickle would write by name."""
    root = shims.loads(pickle.dumps([Plain])).root
    with pytest.raises(ShimError, match=r"shims\.dumps"):
        pickle.dumps(root)
