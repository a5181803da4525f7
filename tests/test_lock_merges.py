"""What git makes of a lock on two branches: it merges what agrees, and leaves what does not."""

import pytest
from lock_world import NAME, Repository, lock, locked, version

from pickle_migrate.errors import LockError

ORDER, GIFT, CARD = "shop.models:Order", "shop.models:Gift", "shop.models:Card"
V1 = version(1, customer="str", qty="int")
V2 = version(2, customer="str", quantity="int")
BASE = lock(
    locked("a.models:First", version(1, x="int")),
    locked(ORDER, V1),
    locked("z.models:Last", version(1, y="int")),
)


def _with(*more, base=BASE):
    refs = {one.ref for one in more}
    return lock(*(one for one in base.classes if one.ref not in refs), *more)


@pytest.fixture(params=["union", "plain"])
def repository(request, tmp_path):
    """With the line in .gitattributes that the command recommends, and without."""
    made = Repository(tmp_path)
    if request.param == "union":
        made.write(".gitattributes", f"{NAME} merge=union\n")
    made.union = request.param == "union"
    return made


# What both branches made, and what the lock is when they are merged.
AGREE = {
    "new versions of two classes": (
        _with(locked(ORDER, V1, V2)),
        _with(locked("z.models:Last", version(1, y="int"), version(2, y="str"))),
        _with(
            locked(ORDER, V1, V2),
            locked("z.models:Last", version(1, y="int"), version(2, y="str")),
        ),
    ),
    "new versions of two neighbours": (
        _with(locked(ORDER, V1, V2)),
        _with(locked("a.models:First", version(1, x="int"), version(2, x="str"))),
        _with(
            locked(ORDER, V1, V2),
            locked("a.models:First", version(1, x="int"), version(2, x="str")),
        ),
    ),
    "a new class after a new version": (
        _with(locked(ORDER, V1, V2)),
        _with(locked("shop.models:Zebra", version(1, stripes="int"))),
        _with(locked(ORDER, V1, V2), locked("shop.models:Zebra", version(1, stripes="int"))),
    ),
    "new classes far from each other": (
        _with(locked("b.models:B", version(1, b="int"))),
        _with(locked("t.models:T", version(1, t="int"))),
        _with(locked("b.models:B", version(1, b="int")), locked("t.models:T", version(1, t="int"))),
    ),
    "an old name and a new version": (
        _with(locked(ORDER, V1, old_names=("shop.orders:Order",))),
        _with(locked(ORDER, V1, V2)),
        _with(locked(ORDER, V1, V2, old_names=("shop.orders:Order",))),
    ),
    "the same on both": (
        _with(locked(ORDER, V1, V2)),
        _with(locked(ORDER, V1, V2)),
        _with(locked(ORDER, V1, V2)),
    ),
}


@pytest.mark.parametrize(("ours", "theirs", "merged"), AGREE.values(), ids=AGREE)
def test_what_agrees_is_merged(repository, ours, theirs, merged):
    """Without a conflict, with the line in .gitattributes and without it."""
    repository.branches(BASE, ours, theirs)
    assert repository.merge()
    assert repository.read() == merged


NEIGHBOURS = {
    "two new classes at one place": (
        _with(locked(GIFT, version(1, wrapped="bool"))),
        _with(locked(CARD, version(1, text="str"))),
        _with(locked(GIFT, version(1, wrapped="bool")), locked(CARD, version(1, text="str"))),
    ),
    "two new classes with the same fields": (
        _with(locked(GIFT, version(1, text="str"))),
        _with(locked(CARD, version(1, text="str"))),
        _with(locked(GIFT, version(1, text="str")), locked(CARD, version(1, text="str"))),
    ),
    "the first classes of both": (
        lock(locked(GIFT, version(1, text="str"))),
        lock(locked(CARD, version(1, text="str"), version(2, text="int"))),
        lock(
            locked(GIFT, version(1, text="str")),
            locked(CARD, version(1, text="str"), version(2, text="int")),
        ),
    ),
}


@pytest.mark.parametrize("name", NEIGHBOURS)
def test_new_classes_at_one_place_need_the_line_in_gitattributes(repository, name):
    """Two branches that insert at one place are a conflict to git. With ``merge=union`` it keeps
    the lines of both, and no line loses its class by that, since each of them says it.
    """
    ours, theirs, merged = NEIGHBOURS[name]
    repository.branches(lock() if name.startswith("the first") else BASE, ours, theirs)
    assert repository.merge() == repository.union
    if repository.union:
        assert repository.read() == merged
    else:
        with pytest.raises(LockError, match="is a mark of a conflict that git left"):
            repository.read()


CONTRADICT = {
    "a field more": (version(2, customer="str"), version(2, customer="str", qty="int", tax="int")),
    "another type": (version(2, customer="str", qty="str"), version(2, customer="str", qty="bool")),
    "another name": (V2, version(2, customer="str", number="int")),
    "other fields that were seen": (
        version(2, seen=True, customer="", quantity=""),
        version(2, seen=True, customer="", number=""),
    ),
    "another shape": (V2, version(2, state="slots", customer="str", quantity="int")),
    "seen and declared": (V2, version(2, seen=True, customer="", quantity="")),
}


@pytest.mark.parametrize(("mine", "other"), CONTRADICT.values(), ids=CONTRADICT)
def test_two_of_the_same_version_are_noticed(repository, mine, other):
    """Both made version 2: the file that git leaves cannot be read, however it was merged, and the
    error says what to run.
    """
    ours, theirs = _with(locked(ORDER, V1, mine)), _with(locked(ORDER, V1, other))
    repository.branches(BASE, ours, theirs)
    assert repository.merge() == repository.union
    with pytest.raises(LockError, match="pickle-migrate merge"):
        repository.read()


def test_both_changed_what_was_seen_of_a_locked_version(repository):
    """Both saw another attribute of a version that is locked: their digests contradict."""
    base = _with(locked(ORDER, version(1, seen=True, a="")))
    repository.branches(
        base,
        _with(locked(ORDER, version(1, seen=True, a="", b=""))),
        _with(locked(ORDER, version(1, seen=True, a="", c=""))),
    )
    repository.merge()
    with pytest.raises(LockError):
        repository.read()
