"""Two locks made one: nothing is lost, and what both numbered alike is renumbered."""

import attrs
from hypothesis import given
from hypothesis import strategies as st
from lock_world import lock, locked, version

from pickle_migrate.lock.merging import merged
from pickle_migrate.lock.values import LockedVersion
from pickle_migrate.refs import GlobalRef

ORDER, GIFT, NEW = "shop.models:Order", "shop.models:Gift", "shop.sales:Order"
V1 = version(1, qty="int", name="str")
V2 = version(2, quantity="int", name="str")
OTHER = version(2, qty="int", title="str")
BASE = lock(locked(ORDER, V1))


def _unknown(number):
    return LockedVersion(number, None, None, "dict")


def test_what_only_one_branch_made():
    """New classes and versions of both."""
    ours = lock(locked(ORDER, V1, V2))
    theirs = lock(locked(ORDER, V1), locked(GIFT, V1))
    done = merged(BASE, ours, theirs)
    assert done.renumbered == ()
    assert done.lock == lock(locked(ORDER, V1, V2), locked(GIFT, V1))
    assert merged(BASE, theirs, ours).lock == done.lock


def test_both_made_version_2():
    """Theirs keeps the number; what is in ours then, the merged code says."""
    done = merged(BASE, lock(locked(ORDER, V1, V2)), lock(locked(ORDER, V1, OTHER)))
    assert done.lock == lock(locked(ORDER, V1, OTHER, _unknown(3)))
    (one,) = done.renumbered
    assert (dict(one.numbers), one.base, one.theirs, one.head) == ({2: 3}, 1, 2, 3)
    assert [c.describe() for c in one.mine] == ["- qty: int", "+ quantity: int"]
    assert [c.describe() for c in one.others] == ["- name: str", "+ title: str"]
    assert one.touched_by_both == ()
    assert one.differs
    assert not merged(BASE, *[lock(locked(ORDER, V1, V2))] * 2).renumbered[0].differs


def test_both_changed_one_field():
    """That is told, for the step of ours does not find it any more."""
    other = version(2, number="int", name="str")
    done = merged(BASE, lock(locked(ORDER, V1, V2)), lock(locked(ORDER, V1, other)))
    assert done.renumbered[0].touched_by_both == ("qty",)


def test_several_versions_on_both():
    """All of ours follow all of theirs."""
    ours = lock(locked(ORDER, V1, V2, version(3, a="int")))
    theirs = lock(locked(ORDER, V1, OTHER, version(3, b="int"), version(4, c="int")))
    done = merged(BASE, ours, theirs)
    assert dict(done.renumbered[0].numbers) == {2: 5, 3: 6}
    assert [one.version for one in done.lock.classes[0].versions] == [1, 2, 3, 4, 5, 6]


def test_a_class_that_both_made():
    """Under one name, with other fields: ours comes after theirs."""
    done = merged(lock(), lock(locked(ORDER, V1)), lock(locked(ORDER, version(1, x="int"))))
    assert dict(done.renumbered[0].numbers) == {1: 2}
    assert merged(lock(), BASE, BASE).lock == BASE


def test_names_and_unstamped_of_both():
    """A rename on one branch and a version on the other."""
    ours = lock(locked(NEW, V1, old_names=(ORDER,)))
    theirs = lock(locked(ORDER, V1, V2, unstamped=1))
    expected = lock(locked(NEW, V1, V2, old_names=(ORDER,), unstamped=1))
    assert merged(BASE, ours, theirs).lock == expected
    assert merged(BASE, theirs, ours).lock == expected


def test_a_renamed_class_of_which_both_made_a_version():
    """It is told under the name that this branch has for it."""
    ours = lock(locked(ORDER, V1, V2))
    theirs = lock(locked(NEW, V1, OTHER, old_names=(ORDER,)))
    done = merged(BASE, ours, theirs)
    assert [str(one.ref) for one in done.renumbered] == [ORDER]
    assert done.lock == lock(locked(NEW, V1, OTHER, _unknown(3), old_names=(ORDER,)))


def test_what_one_branch_learned_of_an_earlier_version():
    """Fields that were not known before."""
    base = lock(locked(ORDER, _unknown(1), V2))
    ours = lock(locked(ORDER, version(1, seen=True, qty=""), V2))
    assert merged(base, ours, base).lock == ours
    assert merged(base, base, ours).lock == ours


_VERSIONS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3)


@given(_VERSIONS, _VERSIONS, _VERSIONS)
def test_every_version_is_in_it(first, ours, theirs):
    """Theirs as they are, ours as many as there were, in a row without a hole."""

    def locked_as(names):
        fields = [*first, *names]
        return lock(
            locked(ORDER, *(version(n, **{name: "int"}) for n, name in enumerate(fields, 1)))
        )

    base, mine, other = locked_as([]), locked_as(ours), locked_as(theirs)
    done = merged(base, mine, other)
    versions = {one.version: one for one in done.lock.of(GlobalRef.parse(ORDER)).versions}
    for one in other.classes[0].versions:
        assert versions[one.version] == one
    assert sorted(versions) == list(range(1, len(first) + len(theirs) + len(ours) + 1))


def test_both_changed_a_class_that_fills():
    """Fields of both, under the same version; one that is gone on either branch is gone."""

    def filled(**fields):
        return attrs.evolve(version(1, **fields), fill=True)

    base = lock(locked(ORDER, filled(a="int", b="int")))
    ours = lock(locked(ORDER, filled(a="int", b="int", mine="int")))
    theirs = lock(locked(ORDER, filled(a="int", theirs="int")))
    done = merged(base, ours, theirs)
    assert done.renumbered == ()
    assert done.lock == lock(locked(ORDER, filled(a="int", mine="int", theirs="int")))
    other = lock(locked(ORDER, filled(a="int", b="int", mine="str")))
    assert len(merged(base, ours, other).renumbered) == 1


def test_both_saw_more_of_a_version():
    """Pickles that came into the archive on both branches: nobody has to give way."""
    base = lock(locked(ORDER, version(1, seen=True, a=""), V2))
    ours = lock(locked(ORDER, version(1, seen=True, a="", b=""), V2))
    theirs = lock(locked(ORDER, version(1, seen=True, state="slots", a="", c=""), V2))
    done = merged(base, ours, theirs)
    assert done.renumbered == ()
    seen = version(1, seen=True, state="dict or slots", a="", b="", c="")
    assert done.lock == lock(locked(ORDER, seen, V2))
