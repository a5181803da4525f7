"""Stand-ins that change as they are built and written."""

import pickle

import pytest

from pickle_migrate import AddField, Lineage, Registry, RemoveField, versioned
from pickle_migrate.errors import StaticError
from pickle_migrate.hooks import entry_of
from pickle_migrate.refs import GlobalRef
from pickle_migrate.routes import route_for
from pickle_migrate.scanner import scan
from pickle_migrate.shims_reader import build
from pickle_migrate.shims_writer import written
from pickle_migrate.stamps import MODULE, StampText
from pickle_migrate.static_plan import Change
from pickle_migrate.static_states import states_of
from pickle_migrate.static_world import StaticTable, StaticWorld

REF = GlobalRef("m", "C")
OLD, NEW = GlobalRef(MODULE, "m:C@1"), GlobalRef(MODULE, "m:C@2")
C = b"\x80\x02cm\nC\nq\0"
STAMP = b"\x80\x02cpickle_migrate.stamps\nm:C@1\nq\0"
WRAPPED = b"\x80\x02cpickle_migrate.stamps\nm:C@1!\nq\0"


def entry(body=None, bases=()):
    registry = Registry()
    cls = type("C", bases, {"__module__": "m", "__qualname__": "C", **(body or {})})
    Lineage(REF, registry=registry).upgrade(1, AddField("x", default=1))
    versioned(2, unstamped=1, registry=registry)(cls)
    return entry_of(cls)


def run(data, **keywords):
    """What becomes of a pickle with ``m:C``, or one of its stamps, in it."""
    mine = entry(**keywords)
    found = {}
    for ref in (REF, OLD, GlobalRef(MODULE, "m:C@1!")):
        text = None if ref is REF else StampText.decode(ref.qualname)
        states = states_of(ref, mine, route_for(mine.cls, text), unstamped=text is None)
        now = GlobalRef(MODULE, mine.stamp.text)
        found[ref] = Change(REF, states, now) if text is None else Change(now, states)
    world = StaticWorld(changes=found)
    graph = build(data, scan(data), world, "ASCII")
    return written([graph.root], scan(data).protocol, StaticTable())


def names(data):
    return {str(ref) for ref in scan(data).refs}


@pytest.mark.parametrize("make", [b")\x81", b"(cm\nC\no"])
def test_unstamped_objects_are_made_by_their_stamp(make):
    """NEWOBJ and OBJ without arguments."""
    data = C + b")\x81}q\1X\1\0\0\0aK\1sb." if make != b"(cm\nC\no" else make + b"}X\1\0\0\0aK\1sb."
    new = run(data)
    assert names(new) == {str(NEW)}
    assert b"X\x01\x00\x00\x00x" in new


@pytest.mark.parametrize(
    "data",
    [
        b"ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nobject\nNtR}b.",
        b"ccopyreg\n__newobj__\n(cm\nC\ntR}b.",
        b"ccopyreg\n__newobj_ex__\n(cm\nC\n(t}tR}b.",
    ],
)
def test_constructors_of_copyreg(data):
    """They do what NEWOBJ does."""
    assert names(run(data)) == {str(NEW)}


def test_objects_without_state():
    """Pickle wrote none, and the stamp's form has one."""
    new = run(C + b")\x81.")
    assert names(new) == {str(NEW)}
    assert new.count(b"b.") == 1


def test_the_class_as_a_value():
    """It keeps its own name beside its objects."""
    assert names(run(C + b")\x81}b" + b"h\0\x86.")) == {str(NEW), "m:C"}


def test_stamped_objects():
    """Called, with a state or a pair of stamp and state."""
    assert names(run(STAMP + b")R}b.")) == {str(NEW)}
    new = run(WRAPPED + b")Rh\0}\x86b.", body={"__slots__": ("x",)})
    assert {name.partition("~")[0] for name in names(new)} == {str(NEW)}
    assert new.count(b"!") == 1
    new = run(STAMP + b")R}b.", body={"__slots__": ("x",)})
    assert {name.partition("~")[0] for name in names(new)} == {str(NEW)}
    assert new.count(b"!") == 1
    new = run(WRAPPED + b")Rh\0}\x86b.")
    assert names(new) == {str(NEW)}


def test_items_of_a_dict_subclass_stay():
    """They are no state."""
    new = run(WRAPPED + b")R(K\1K\2uh\0}\x86b.", bases=(dict,))
    assert b"K\x01K\x02s" in new


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (C + b"K\1\x85\x81}b.", "is made with arguments"),
        (C + b")R}b.", "is made by a call"),
        (C + b")\x81}b}b.", "gets two states"),
        (C + b")\x81K\1a}b.", "has items"),
        (C + b")\x81K\1a.", "is changed in an odd way"),
        (C + b")\x81}bK\1a.", "is changed in an odd way"),
        (C + b")\x81K\1b.", "has a state that is an object"),
        (b"ccopy_reg\n_reconstructor\n(cm\nC\nc__builtin__\nlist\n(ltR}b.", "with arguments"),
        (STAMP + b"K\1\x85R}b.", "is made with arguments"),
        (STAMP + b")R.", "has a stamp and no state"),
        (STAMP + b")R}bK\1a.", "is changed in an odd way"),
        (b"(cpickle_migrate.stamps\nm:C@1\no}b.", "is made in an odd way"),
    ],
)
def test_what_no_pickler_writes_of_such_a_class(data, reason):
    """Only the class could say what it means."""
    with pytest.raises(StaticError, match=reason):
        run(data)


def test_a_shared_state_becomes_two():
    """An object makes its state its own, and two would share it."""
    new = run(C + b")\x81}q\1X\1\0\0\0aK\1sb" + b"h\0)\x81h\1b\x86.")
    assert new.count(b"X\x01\x00\x00\x00x") == 1
    assert new.count(b"h\x01") == 0 or new.count(b"}") == 2
    assert new.count(b"}") == 2


def test_plain_stand_ins_are_written_as_ever():
    """Only what changes does."""
    data = pickle.dumps([1, {2}], 4)
    assert run(data) == data


def test_what_a_step_drops_was_not_dropped_by_the_pickle():
    """A call whose result the pickle drops is written again; a field that a step removes is not."""
    registry = Registry()
    cls = type("C", (), {"__module__": "m", "__qualname__": "C"})
    Lineage(REF, registry=registry).upgrade(1, RemoveField("a"))
    versioned(2, unstamped=1, registry=registry)(cls)
    mine = entry_of(cls)
    states = states_of(REF, mine, route_for(cls, None), unstamped=True)
    change = Change(REF, states, GlobalRef(MODULE, mine.stamp.text))
    # The field holds an object that is made of the class D, and D is a value too.
    data = C + b")\x81}(X\1\0\0\0acm\nf\ncm\nD\nq\1\x85RX\1\0\0\0bh\1ub."
    world = StaticWorld(changes={REF: change})
    graph = build(data, scan(data), world, "ASCII")
    assert graph.lost == ()
    new = written([graph.root], 2, StaticTable())
    assert names(new) == {str(NEW), "m:D"}
    assert world.kept == []
