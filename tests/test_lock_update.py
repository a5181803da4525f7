"""The next lock: what is added, what is refused, and that nothing is forgotten."""

from hypothesis import given
from hypothesis import strategies as st
from lock_world import lock, locked, version

from pickle_migrate.lock.update import likely_moves, updated
from pickle_migrate.lock.values import LockedVersion
from pickle_migrate.refs import GlobalRef

ORDER, OLD, GIFT = "shop.models:Order", "shop.orders:Order", "shop.models:Gift"
V1 = version(1, qty="int")
V2 = version(2, quantity="int")
UNKNOWN = LockedVersion(1, None, None, "unknown")


def _after(before, today, **more):
    return updated(lock(*before), lock(*today), **more)


def _versions(update, ref=ORDER):
    found = update.after.of(GlobalRef.parse(ref))
    return {one.version: one for one in found.versions}


def test_the_first_lock():
    """It is what the code says."""
    done = _after([], [locked(ORDER, V1)])
    assert done.after == lock(locked(ORDER, V1))
    assert [one.describe() for one in done.changes] == [(ORDER, "  new, at version 1")]
    assert not done.is_current


def test_nothing_to_do():
    """The same again is current."""
    done = _after([locked(ORDER, V1)], [locked(ORDER, V1)])
    assert (done.is_current, done.changes, done.refused) == (True, (), ())


def test_a_new_version():
    """The ones before stay as they were, though the code knows their fields no more."""
    done = _after([locked(ORDER, V1)], [locked(ORDER, UNKNOWN, V2)])
    assert _versions(done) == {1: V1, 2: V2}
    assert done.refused == ()


def test_drift_is_refused():
    """The locked fields stay, and the class is named."""
    changed = locked(ORDER, version(1, quantity="int"))
    done = _after([locked(ORDER, V1)], [changed])
    assert done.after == lock(locked(ORDER, V1))
    assert [one.ref for one in done.refused] == [GlobalRef.parse(ORDER)]
    assert not done.is_current


def test_drift_with_consent():
    """Of that class, or of all."""
    changed = locked(ORDER, version(1, quantity="int"))
    for accept in ({GlobalRef.parse(ORDER)}, None):
        done = _after([locked(ORDER, V1)], [changed], accept=accept)
        assert done.after == lock(changed)
        assert (len(done.refused), len(done.accepted)) == (0, 1)
    done = _after([locked(ORDER, V1)], [changed], accept={GlobalRef.parse(GIFT)})
    assert len(done.refused) == 1


def test_a_class_that_is_gone_stays():
    """Its pickles are still out there."""
    done = _after([locked(ORDER, V1, V2)], [locked(GIFT, V1)])
    assert _versions(done) == {1: V1, 2: V2}
    assert [one.ref for one in done.gone] == [GlobalRef.parse(ORDER)]


def test_a_class_that_moved():
    """Its versions go with it, and its old name is kept."""
    done = _after([locked(OLD, V1)], [locked(ORDER, V1, old_names=(OLD,))])
    assert done.after == lock(locked(ORDER, V1, old_names=(OLD,)))
    assert done.gone == ()
    assert done.changes[0].describe() == (ORDER, f"  moved, was {OLD}")


def test_a_class_that_moved_twice():
    """Names that the code tells no more stay too."""
    first = locked("a:A", V1, old_names=("b:B",))
    done = _after([first], [locked("c:C", V1, old_names=("a:A",))])
    assert done.after == lock(locked("c:C", V1, old_names=("a:A", "b:B")))


def test_a_new_version_under_an_old_name():
    """One branch renamed the class, the other made a version of it: both are one class."""
    before = [locked(ORDER, V1, old_names=(OLD,)), locked(OLD, V2)]
    done = _after(before, [locked(ORDER, UNKNOWN, V2, old_names=(OLD,))])
    assert done.after == lock(locked(ORDER, V1, V2, old_names=(OLD,)))


def test_two_classes_that_contradict_each_other_stay_apart():
    """An old name under which the same version has other fields is not this class's past."""
    before = [locked(ORDER, V1), locked(OLD, version(1, other="int"))]
    done = _after(before, [locked(ORDER, V1, old_names=(OLD,))])
    assert [str(one.ref) for one in done.after.classes] == [ORDER, OLD]


def test_a_name_that_two_classes_had():
    """A class that was split in two: nobody takes its versions over by name alone."""
    today = [locked(ORDER, V1, old_names=(OLD,)), locked(GIFT, V1, old_names=(OLD,))]
    done = _after([locked(OLD, V1)], today)
    assert [str(one.ref) for one in done.after.classes] == [GIFT, ORDER, OLD]


def test_exchanged_names():
    """Each keeps the past of its own name."""
    one = locked(ORDER, V1, old_names=(GIFT,))
    other = locked(GIFT, version(1, x="int"), old_names=(ORDER,))
    done = _after([one, other], [one, other])
    assert done.is_current


def test_what_was_not_known_is_filled():
    """By pickles that came into the archive; that is no drift."""
    seen = version(1, seen=True, qty="")
    done = _after([locked(ORDER, UNKNOWN, V2)], [locked(ORDER, seen, V2)])
    assert _versions(done)[1] == seen
    assert done.refused == ()


def test_what_is_declared_is_not_replaced_by_what_was_seen():
    """An instance may not have all fields."""
    done = _after([locked(ORDER, V1, V2)], [locked(ORDER, version(1, seen=True, x=""), V2)])
    assert _versions(done)[1] == V1


def test_what_was_seen_grows():
    """Of an earlier version without a word."""
    before = locked(ORDER, version(1, seen=True, a=""), V2)
    today = locked(ORDER, version(1, seen=True, state="slots", b=""), V2)
    done = _after([before], [today])
    assert _versions(done)[1] == version(1, seen=True, state="dict or slots", a="", b="")


def test_what_was_seen_of_the_newest_version():
    """Fewer fields are no change, for nobody sees all instances; one more is one."""
    before = locked(ORDER, version(1, seen=True, a="", b=""))
    assert _after([before], [locked(ORDER, version(1, seen=True, a=""))]).is_current
    more = _after([before], [locked(ORDER, version(1, seen=True, c=""))])
    assert [one.describe() for one in more.refused[0].drift] == ["+ c"]
    done = _after([before], [locked(ORDER, version(1, seen=True, c=""))], accept=None)
    assert _versions(done)[1] == version(1, seen=True, a="", b="", c="")


def test_a_plain_class_without_pickles():
    """What the lock knows of its fields stays."""
    before = locked(ORDER, version(1, seen=True, a=""))
    done = _after([before], [locked(ORDER, LockedVersion(1, None, None, "dict"))])
    assert done.is_current


def test_a_plain_class_that_became_a_dataclass():
    """The same fields are declared now: no drift, and their types come in."""
    before = locked(ORDER, version(1, seen=True, qty=""))
    done = _after([before], [locked(ORDER, V1)])
    assert _versions(done)[1] == V1
    other = _after([before], [locked(ORDER, version(1, quantity="int"))])
    assert len(other.refused) == 1


def test_a_dataclass_that_became_a_plain_class():
    """Its fields stay as they were declared; a new shape would be drift."""
    plain = LockedVersion(1, None, None, "dict")
    done = _after([locked(ORDER, V1)], [locked(ORDER, plain)])
    assert _versions(done)[1].fields == V1.fields
    own = LockedVersion(1, None, None, "own")
    assert len(_after([locked(ORDER, V1)], [locked(ORDER, own)]).refused) == 1


def test_a_version_that_was_taken_back():
    """The lock keeps it, and says so."""
    done = _after([locked(ORDER, V1, V2)], [locked(ORDER, V1)])
    assert _versions(done) == {1: V1, 2: V2}
    assert [one.ref for one in done.behind] == [GlobalRef.parse(ORDER)]
    assert not done.is_current


def test_a_new_member_of_an_enum():
    """No old pickle has it: it is taken in without a word."""
    before = version(1, state="enum", CLEAR="1")
    done = _after(
        [locked(ORDER, before)], [locked(ORDER, version(1, state="enum", CLEAR="1", FOG="2"))]
    )
    assert (done.refused, len(_versions(done)[1].fields)) == ((), 2)
    other = _after([locked(ORDER, before)], [locked(ORDER, version(1, state="enum", CLEAR="2"))])
    assert len(other.refused) == 1


def test_likely_moves():
    """A guess for a word to the user: the same name elsewhere, or the same fields."""
    moved = _after([locked(OLD, V1)], [locked(ORDER, V2)])
    assert [(str(a), str(b)) for a, b in likely_moves(moved)] == [(OLD, ORDER)]
    renamed = _after([locked(GIFT, V1)], [locked(ORDER, V1)])
    assert [(str(a), str(b)) for a, b in likely_moves(renamed)] == [(GIFT, ORDER)]
    assert likely_moves(_after([locked(GIFT, V1)], [locked(ORDER, V2)])) == []


_FIELDS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["int", "str"]), max_size=3)


@st.composite
def _classes(draw, refs=("m:A", "m:B", "n:C")):
    chosen = draw(st.sets(st.sampled_from(refs)))
    found = []
    for ref in sorted(chosen):
        newest = draw(st.integers(1, 3))
        versions = []
        for number in range(draw(st.integers(1, newest)), newest + 1):
            kind = draw(st.sampled_from(["declared", "seen", "unknown"]))
            if kind == "unknown":
                versions.append(LockedVersion(number, None, None, "dict"))
            else:
                versions.append(version(number, seen=kind == "seen", **draw(_FIELDS)))
        olds = draw(st.sets(st.sampled_from(refs)).map(lambda names: sorted(names)))
        found.append(locked(ref, *versions, old_names=tuple(n for n in olds if n != ref)))
    return found


@given(_classes(), _classes(), st.booleans())
def test_nothing_is_ever_forgotten(before, today, accept):
    """Every version of every class stays, under its name or under one that has it as an old one."""
    done = _after(before, today, accept=None if accept else ())
    for one in before:
        kept = [
            new for new in done.after.classes if new.ref == one.ref or str(one.ref) in new.old_names
        ]
        numbers = {v.version for new in kept for v in new.versions}
        assert {v.version for v in one.versions} <= numbers


@given(_classes(), _classes())
def test_doing_it_twice_changes_nothing(before, today):
    """With consent, the second run is current, unless the code is behind."""
    first = _after(before, today, accept=None)
    second = updated(first.after, lock(*today), accept=None)
    assert second.after == first.after
    assert second.refused == ()
