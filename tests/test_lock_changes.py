"""What changed, as values and as lines; what is drift and what is not."""

from pickle_migrate.lock.changes import Change, between, between_classes, between_versions
from pickle_migrate.lock.values import Lock, LockedClass, LockedVersion
from pickle_migrate.refs import GlobalRef

ORDER = GlobalRef("shop.models", "Order")
OLD = GlobalRef("shop.orders", "Order")
GIFT = GlobalRef("shop.models", "Gift")
FIELDS = (("customer", "str"), ("qty", "int"))


def _version(number=1, fields=FIELDS, **more):
    return LockedVersion(number, fields, "00000000", **more)


def _class(*versions, ref=ORDER, **more):
    return LockedClass(ref, versions or (_version(),), **more)


def _kinds(changes):
    return [(one.kind, one.name) for one in changes]


def test_nothing_changed():
    """The same on both sides is no change."""
    assert between_versions(_version(), _version()) == ()
    assert between(Lock((_class(),)), Lock((_class(),))) == ()


def test_fields_in_the_order_of_their_names():
    """Added, removed, and of another type; each says its types."""
    now = _version(fields=(("age", "float"), ("customer", "None | str")))
    found = between_versions(_version(), now)
    assert _kinds(found) == [("added", "age"), ("type", "customer"), ("removed", "qty")]
    assert [one.describe() for one in found] == [
        "+ age: float",
        "~ customer: str -> None | str",
        "- qty: int",
    ]
    assert all(one.is_drift for one in found)


def test_a_field_without_a_type():
    """What is not declared is told as such, and only where the other side is."""
    plain = _version(fields=(("customer", ""), ("qty", "int")))
    (one,) = between_versions(_version(), plain)
    assert one.describe() == "~ customer: str -> not declared"
    assert Change("added", "age").describe() == "+ age"


def test_what_was_seen_has_no_types():
    """A plain class that became a dataclass with the same fields has not changed."""
    seen = _version(fields=(("customer", ""), ("qty", "")), seen=True)
    assert between_versions(seen, _version()) == ()
    assert between_versions(_version(), seen) == ()


def test_what_nobody_knows_differs_in_nothing():
    """Fields that are not known cannot have changed; nor can an unknown shape."""
    unknown = LockedVersion(1, None, None, "unknown")
    assert between_versions(unknown, _version()) == ()
    assert between_versions(_version(), unknown) == ()


def test_the_shape_of_the_state():
    """A ``__getstate__`` of its own changes what a pickle holds, whatever the fields."""
    (one,) = between_versions(_version(), _version(state="own"))
    assert (one.kind, one.before, one.after, one.is_drift) == ("state", "dict", "own", True)
    assert one.describe() == "~ the state: dict -> own"


def test_the_order_of_positions():
    """Fields that change places load exchanged; one that is added alone is told as a field."""
    before = _version(order=("customer", "qty"))
    (one,) = between_versions(before, _version(order=("qty", "customer")))
    assert one.kind == "order"
    assert one.describe() == "~ the order of positional states: customer, qty -> qty, customer"
    assert between_versions(before, _version(order=("customer", "age", "qty"))) == ()


def test_members_of_an_enum():
    """A new member strands no old pickle; a value that means another member, or none, does."""
    before = _version(fields=(("CLEAR", "1"), ("RAIN", "2")), state="enum")
    more = _version(fields=(("CLEAR", "1"), ("FOG", "3"), ("RAIN", "2")), state="enum")
    other = _version(fields=(("CLEAR", "2"), ("RAIN", "1")), state="enum")
    assert [one.is_drift for one in between_versions(before, more)] == [False]
    assert [one.is_drift for one in between_versions(before, other)] == [True, True]
    assert [one.is_drift for one in between_versions(more, before)] == [True]


def test_drift_of_a_class():
    """The fields changed and the version did not."""
    found = between_classes(_class(), _class(_version(fields=(("customer", "str"),))))
    assert (_kinds(found.drift), found.changes, found.version) == ([("removed", "qty")], (), 1)
    assert found.describe() == (
        "shop.models:Order, version 1: changed without a new version",
        "  - qty: int",
    )


def test_a_raised_version_is_no_drift():
    """It tells of what changed."""
    after = _class(_version(), _version(2, (("customer", "str"), ("quantity", "int"))))
    found = between_classes(_class(), after)
    assert (found.drift, found.version) == ((), None)
    assert found.describe() == (
        "shop.models:Order",
        "  version 1 -> 2",
        "  - qty: int",
        "  + quantity: int",
    )


def test_a_lowered_version():
    """Somebody took a version back that the lock knows."""
    found = between_classes(_class(_version(), _version(2)), _class())
    assert _kinds(found.changes) == [("lowered", "")]
    assert found.describe() == ("shop.models:Order", "  version 2 -> 1")


def test_more_is_known_of_earlier_versions():
    """Old pickles that came into the archive fill what nobody knew."""
    before = _class(LockedVersion(2, None), _version(3))
    after = _class(LockedVersion(1, None), _version(2, (("qty", ""),), seen=True), _version(3))
    lines = between_classes(before, after).describe()
    assert lines[1:] == ("  version 1 is in the lock now", "  version 2: 1 field known now")


def test_classes_that_come_and_go():
    """New, gone and moved; what is at its old place by another class is not taken for it."""
    lock = Lock((_class(ref=OLD), _class(ref=GIFT)))
    after = Lock((_class(ref=ORDER, old_names=(str(OLD),)),))
    gone, moved = between(lock, after)
    assert (gone.ref, gone.after, _kinds(gone.changes)) == (GIFT, None, [("gone", "")])
    assert (moved.ref, _kinds(moved.changes)) == (ORDER, [("moved", "")])
    assert moved.describe()[1] == "  moved, was shop.orders:Order"
    (new,) = between(Lock(), Lock((_class(),)))
    assert new.describe() == ("shop.models:Order", "  new, at version 1")


def test_classes_that_exchanged_their_names():
    """Each is matched by the name that it has now: of that name there is another history."""
    one = _class(ref=ORDER, old_names=(str(GIFT),))
    other = _class(ref=GIFT, old_names=(str(ORDER),))
    before = Lock((_class(ref=GIFT), _class(ref=ORDER)))
    assert between(before, Lock((other, one))) == ()


def test_the_version_of_unstamped_pickles():
    """It decides how old pickles are read."""
    (found,) = between(Lock((_class(),)), Lock((_class(unstamped=1),)))
    assert found.describe()[1] == "  unstamped: none -> 1"
    assert found.drift == ()


def test_a_class_that_fills():
    """Fields with defaults may come, and any may go; others and other types may not."""
    before = _version(fill=True)
    more = (*FIELDS, ("tax", "float"))
    after = _version(fields=more, fill=True, fillable=frozenset(["tax"]))
    assert [one.is_drift for one in between_versions(before, after)] == [False]
    assert [one.is_drift for one in between_versions(after, before)] == [False]
    without = _version(fields=more, fill=True, fillable=frozenset())
    assert [one.is_drift for one in between_versions(before, without)] == [True]
    other = _version(fields=(("customer", "str"), ("qty", "str")), fill=True)
    assert [one.is_drift for one in between_versions(before, other)] == [True]
