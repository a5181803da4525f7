"""Which versions both branches made since they parted."""

import pytest
from lock_world import NAME, Repository, lock, locked, version

from pickle_migrate.errors import LockError
from pickle_migrate.lock.against import lock_at, made_by_both, other_branch, two_heads
from pickle_migrate.lock.toml_text import to_text

ORDER, GIFT = "shop.models:Order", "shop.models:Gift"
V1 = version(1, qty="int")
V2 = version(2, quantity="int")
OTHER = version(2, number="int")
BASE = lock(locked(ORDER, V1))


def _told(*locks):
    return [(str(one.ref), one.version, one.differs) for one in two_heads(*locks)]


def test_both_made_it_differently():
    """The step from 1 to 2 of one branch is not that of the other."""
    found = two_heads(BASE, lock(locked(ORDER, V1, V2)), lock(locked(ORDER, V1, OTHER)))
    (one,) = found
    assert (one.version, one.differs, one.base, one.ours, one.theirs) == (2, True, V1, V2, OTHER)
    assert [change.describe() for change in one.changes] == ["- number: int", "+ quantity: int"]
    assert one.describe() == f"{ORDER}: both branches made version 2, with other fields"


def test_both_made_it_the_same():
    """The fields agree; whether the steps do, nobody knows."""
    ours = lock(locked(ORDER, V1, V2))
    (one,) = two_heads(BASE, ours, ours)
    assert not one.differs
    assert one.describe() == f"{ORDER}: both branches made version 2, with the same fields"


def test_only_one_made_it():
    """Neither ours nor theirs alone is a finding."""
    more = lock(locked(ORDER, V1, V2))
    assert _told(BASE, more, BASE) == []
    assert _told(BASE, BASE, more) == []
    assert _told(more, more, more) == []


def test_several_versions():
    """One branch was two versions ahead: the first of them is the one that clashes."""
    ours = lock(locked(ORDER, V1, V2, version(3, quantity="float")))
    assert _told(BASE, ours, lock(locked(ORDER, V1, OTHER))) == [(ORDER, 2, True)]


def test_an_earlier_version_that_became_known_on_both():
    """Old pickles that came into the archive make no new version."""
    base = lock(locked(ORDER, version(2, qty="int")))
    more = lock(locked(ORDER, version(1, seen=True, number=""), version(2, qty="int")))
    assert _told(base, more, more) == []


def test_a_class_that_is_new_on_both():
    """The same class is a commit that was copied; other fields under one name are not."""
    assert _told(lock(), BASE, BASE) == []
    assert _told(lock(), BASE, lock(locked(ORDER, OTHER))) == []
    assert _told(lock(), BASE, lock(locked(ORDER, version(1, number="int")))) == [(ORDER, 1, True)]


def test_a_locked_version_that_both_accepted_to_be_other():
    """Once is a matter of the branch, twice is not."""
    one = lock(locked(ORDER, version(1, a="int")))
    other = lock(locked(ORDER, version(1, b="int")))
    assert _told(BASE, one, BASE) == []
    assert _told(BASE, one, other) == [(ORDER, 1, True)]
    unknown = lock(locked(ORDER, version(1, seen=True)))
    assert _told(unknown, BASE, BASE) == []


def test_a_class_that_was_renamed_on_one_branch():
    """It is the same class, under the name of each."""
    ours = lock(locked(GIFT, V1, V2, old_names=(ORDER,)))
    theirs = lock(locked(ORDER, V1, OTHER))
    assert _told(BASE, ours, theirs) == [(GIFT, 2, True)]
    assert _told(BASE, theirs, ours) == [(ORDER, 2, True)]


# --- with git -----------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path)
    made.write(".gitattributes", f"{NAME} merge=union\n")
    return made


def _made(repository):
    found = made_by_both(repository.path, "main", repository.read())
    return [(str(one.ref), one.version, one.differs) for one in found]


def test_the_lock_of_another_branch(repository):
    """As it is there, and as it was where both parted."""
    ours, theirs = lock(locked(ORDER, V1, V2)), lock(locked(ORDER, V1, OTHER))
    repository.branches(BASE, ours, theirs)
    found = other_branch(repository.path, "main")
    assert (found.base, found.theirs, found.ours) == (BASE, theirs, None)
    assert lock_at(repository.path, "main") == theirs
    assert _made(repository) == [(ORDER, 2, True)]


def test_a_lock_that_was_not_there(repository):
    """It was empty then."""
    repository.commit()
    repository.git("checkout", "-q", "-b", "ours")
    repository.commit(BASE)
    found = other_branch(repository.path, "main")
    assert (found.base, found.theirs) == (lock(), lock())
    assert _made(repository) == []


def test_a_lock_that_cannot_be_read_there(repository):
    """The error names the commit."""
    repository.write(NAME, "<<<<<<< HEAD\n")
    commit = repository.commit()
    with pytest.raises(LockError, match=f"in commit {commit[:12]}, line 1 is a mark"):
        other_branch(repository.path, "main")


def test_the_merge_that_ci_checks_out(repository):
    """There main is part of the branch already, and the lock says nothing any more: both wrote the
    same lines. What the branch was before is compared.
    """
    both = lock(locked(ORDER, V1, V2))
    repository.branches(BASE, both, both)
    assert _made(repository) == [(ORDER, 2, False)]
    assert repository.merge()
    assert _made(repository) == [(ORDER, 2, False)]


def test_a_merge_that_was_settled(repository):
    """Version 3 was made of what was version 2 on this branch."""
    both = lock(locked(ORDER, V1, V2))
    repository.branches(BASE, both, both)
    repository.merge()
    repository.commit(lock(locked(ORDER, V1, V2, version(3, quantity="int"))))
    assert _made(repository) == []


def test_a_branch_that_merged_in_time(repository):
    """What main made came first, and the branch went on from there."""
    repository.branches(BASE, BASE, lock(locked(ORDER, V1, V2)))
    repository.merge()
    assert _made(repository) == []
    repository.commit(lock(locked(ORDER, V1, V2, version(3, quantity="float"))))
    assert _made(repository) == []


def test_a_merge_in_progress(repository):
    """``MERGE_HEAD`` is a name like any other."""
    ours, theirs = lock(locked(ORDER, V1, V2)), lock(locked(ORDER, V1, OTHER))
    repository.branches(BASE, ours, theirs)
    repository.git("merge", "--no-commit", "--no-ff", "main", check=False)
    found = other_branch(repository.path, "MERGE_HEAD")
    assert (found.base, found.theirs) == (BASE, theirs)
    assert repository.path.read_text() != to_text(ours)
