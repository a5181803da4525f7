"""What is refused, by which error, with which facts; and that a current object runs no step."""

from __future__ import annotations

import copy
import io
import pickle
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from releases import HEADER, LOADERS, PICKLERS, Releases, fields_of, install, written

import pickle_migrate
from pickle_migrate.errors import (
    DuplicateStepError,
    FieldExistsError,
    FingerprintError,
    GapError,
    MigrationError,
    MissingFieldError,
    NewerVersionError,
    OperationError,
    RefError,
    StampError,
    StateError,
    StepFailedError,
    UnstampedError,
    UnsupportedShapeError,
    VersionNumberError,
)

# A class in two ways: with a __dict__, which C code restores, and with slots and a wrapped state.
DICT = """
    @versioned({version}, unstamped=1)
    class C:
        def __init__(self, a=1):
            self.a = a
    """
SLOTS = """
    @versioned({version}, unstamped=1)
    class C:
        __slots__ = ("a", "b", "c")
        def __init__(self, a=1):
            self.a = a
    """
every_shape = pytest.mark.parametrize("source", [DICT, SLOTS], ids=["dict", "slots"])


def refused(
    releases: Releases,
    source: str,
    steps: str,
    version: int,
    error: type[Exception],
    facts: dict[str, Any],
    old_version: int = 1,
) -> None:
    """Old objects are refused by every loader, with that error and those facts; the error itself
    survives pickle and copy; and the second try is refused as the first one was.
    """
    old = releases.install_old(source.format(version=old_version))
    lowest = 2 if "__slots__" in source and not releases.are_stamped else 0
    pickles = written([old.C(1), old.C(2)], lowest)
    releases.install_new({"shop.steps": steps, "shop": source.format(version=version)})
    for one in pickles:
        for loads in LOADERS.values():
            for _turn in range(2):
                with pytest.raises(error) as caught:
                    loads(one.data)
                found = {name: getattr(caught.value, name) for name in facts}
                assert found == facts
    assert isinstance(caught.value, pickle_migrate.PickleMigrateError)
    survives(caught.value)


def survives(error: Exception) -> None:
    """The error comes back from pickle, copy and deepcopy with the same facts and words."""
    twins = [copy.copy(error), copy.deepcopy(error)]
    for protocol in range(6):
        for loads in LOADERS.values():
            twins.append(loads(pickle.dumps(error, protocol)))
    for twin in twins:
        assert type(twin) is type(error)
        assert twin.args == error.args
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)


@every_shape
def test_gap(releases: Releases, source: str) -> None:
    """A step in the middle is missing."""
    steps = """
        c = Lineage("shop:C")
        c.upgrade(1, RenameField("a", "b"))
        c.upgrade(3, RenameField("b", "c"))
        """
    facts = {"ref": "shop:C", "written": 1, "missing": 2, "current": 4}
    refused(releases, source, steps, 4, GapError, facts)


@every_shape
def test_missing_field(releases: Releases, source: str) -> None:
    """A step needs a field that the old state does not have."""
    steps = 'Lineage("shop:C").upgrade(1, RenameField("lost", "b"))'
    facts = {"ref": "shop:C", "version": 1, "field": "lost", "present": ("a",)}
    refused(releases, source, steps, 2, MissingFieldError, facts)


@every_shape
def test_field_that_would_be_overwritten(releases: Releases, source: str) -> None:
    """A step makes a field that is there already: its value is never lost without a word."""
    steps = 'Lineage("shop:C").upgrade(1, AddField("a", default=0))'
    facts = {"ref": "shop:C", "version": 1, "field": "a"}
    refused(releases, source, steps, 2, FieldExistsError, facts)


@every_shape
def test_step_that_raises(releases: Releases, source: str) -> None:
    """The exception of a function is the cause; the error says which step it was."""
    steps = """
        @migrates("shop:C", 1)
        def divide(state):
            state["a"] / 0
        """
    refused(releases, source, steps, 2, StepFailedError, {"ref": "shop:C", "version": 1})
    data = _old_bytes(releases, source, steps)
    with pytest.raises(StepFailedError, match=r"divide.*ZeroDivisionError") as caught:
        pickle_migrate.loads(data)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def _old_bytes(releases: Releases, source: str, steps: str) -> bytes:
    data = pickle.dumps(releases.install_old(source.format(version=1)).C(1), 4)
    releases.install_new({"shop.steps": steps, "shop": source.format(version=2)})
    return data


@every_shape
def test_step_that_gives_no_state(releases: Releases, source: str) -> None:
    """A step that returns something that is no state for the class is refused where it is put."""
    steps = """
        @migrates("shop:C", 1)
        def wrong(state):
            return ["not", "fields"]
        """
    refused(releases, source, steps, 2, StateError, {"ref": "shop:C"})


@every_shape
def test_newer_version(stamped_releases: Releases, source: str) -> None:
    """A pickle that newer code wrote."""
    facts = {"ref": "shop:C", "written": 5, "current": 2}
    steps = 'Lineage("shop:C").upgrade(1, AddField("b", default=0))'
    refused(stamped_releases, source, steps, 2, NewerVersionError, facts, old_version=5)


def test_fingerprint_of_another_branch(stamped_releases: Releases) -> None:
    """Trap: two branches both add a version 2, and git merges them cleanly. The fingerprint in the
    pickle tells which of them wrote it; ``accept_fingerprint`` takes it all the same.
    """
    source = HEADER + "@versioned(2)\nclass C:\n    __slots__ = ({fields})\n"
    theirs = install(source.format(fields="'a', 'discount'"))
    obj = theirs.C()
    obj.a, obj.discount = 1, 2
    digest = vars(theirs.C)["__pickle_migrate__"].fingerprint
    pickles = written([obj])
    ours = install(source.format(fields="'a', 'rebate'"))
    expected = (vars(ours.C)["__pickle_migrate__"].fingerprint,)
    for one in pickles:
        for loads in LOADERS.values():
            with pytest.raises(FingerprintError, match="accept_fingerprint") as caught:
                loads(one.data)
            error = caught.value
            assert (error.ref, error.version) == ("shop:C", 2)
            assert (error.written, error.expected) == (digest, expected)
    survives(caught.value)
    install(source.format(fields="'a', 'discount', 'rebate'"))
    pickle_migrate.Lineage("shop:C").accept_fingerprint(2, digest)
    for one in pickles:
        for loads in LOADERS.values():
            assert [fields_of(c) for c in loads(one.data)] == [{"a": 1, "discount": 2}]


def test_fingerprint_of_an_older_version_that_nobody_described(stamped_releases: Releases) -> None:
    """What fields an older version had is not known by itself, so nothing is held against it."""
    stamped_releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                a: int
                def __init__(self, a): self.a = a
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class C:
                b: int
            """,
        make="[C(1), C(2)]",
        expected=[{"b": 1}, {"b": 2}],
    )


def test_fingerprint_of_an_older_version_that_somebody_described(
    stamped_releases: Releases,
) -> None:
    """With the accepted fingerprints of an older version written down, another one is refused."""
    old = stamped_releases.install_old("""
        @versioned(1, unstamped=1)
        class C:
            a: int
        """)
    data = pickle.dumps(old.C())
    digest = vars(old.C)["__pickle_migrate__"].fingerprint
    for accepted in ("0badc0de", digest):
        new = stamped_releases.install_new(f"""
            Lineage("shop:C").accept_fingerprint(1, {accepted!r})
            Lineage("shop:C").upgrade(1, AddField("b", default=2))
            @versioned(2, unstamped=1)
            class C:
                b: int
            """)
        for loads in LOADERS.values():
            if accepted == digest:
                assert type(loads(data)) is new.C
                continue
            with pytest.raises(FingerprintError) as caught:
                loads(data)
            assert (caught.value.version, caught.value.expected) == (1, ("0badc0de",))


@every_shape
def test_unstamped_pickle_and_nothing_says_its_version(source: str) -> None:
    """A pickle from before the decorator, and no ``unstamped=``: refused by our loader whatever the
    class is like, and by plain pickle where the class carries a hook.
    """
    old = Releases("unstamped").install_old(source.format(version=1))
    pickles = written([old.C(1), old.C(2)], 2 if source is SLOTS else 0)
    Releases("stamped").install_new(
        {
            "shop.steps": 'Lineage("shop:C").upgrade(1, AddField("b", default=0))',
            "shop": source.format(version=2),
        }
    )
    loaders = LOADERS if source is SLOTS else {"ours": pickle_migrate.loads}
    for one in pickles:
        for loads in loaders.values():
            with pytest.raises(UnstampedError, match="unstamped=1") as caught:
                loads(one.data)
            assert (caught.value.ref, caught.value.current) == ("shop:C", 2)
    survives(caught.value)


def test_unstamped_pickle_of_the_first_version_needs_nothing(releases: Releases) -> None:
    """At version 1 there is no older one: nothing has to be said about unstamped pickles."""
    releases.check(
        old=DICT.format(version=1),
        new=DICT.format(version=1).replace(", unstamped=1", ""),
        make="[C(1), C(2)]",
        expected=[{"a": 1}, {"a": 2}],
    )


def test_damaged_stamps() -> None:
    """A stamp's name that nobody writes is refused with its text, and imports nothing."""
    for text in ("shop:C@", "shop:C@x", "shop:C@1~XYZ", "shop:C@1+", "shop:C@9999999999"):
        data = b"cpickle_migrate.stamps\n" + text.encode() + b"\n."
        for loads in LOADERS.values():
            with pytest.raises(StampError) as caught:
                loads(data)
            assert caught.value.text == text
    survives(caught.value)
    assert "shop" not in sys.modules


# --- nothing half-migrated is returned --------------------------------------------------------


@every_shape
def test_nothing_half_migrated_stays_behind(releases: Releases, source: str) -> None:
    """A load that failed in its third object leaves nothing behind that spoils the next load: not
    for the same bytes, once the step is corrected, and not for others.
    """
    steps = """
        @migrates("shop:C", 1)
        def step(state):
            if state["a"] == BAD:
                raise ValueError("bad")
            state["b"] = state.pop("a")
        """
    old = releases.install_old(source.format(version=1))
    lowest = 2 if source is SLOTS and not releases.are_stamped else 0
    pickles = written([old.C(n) for n in range(5)], lowest)
    releases.install_new(
        {"shop.steps": "BAD = 2\n" + textwrap.dedent(steps), "shop": source.format(version=2)}
    )
    for one in pickles:
        for loads in LOADERS.values():
            sys.modules["shop.steps"].BAD = 2
            with pytest.raises(StepFailedError):
                loads(one.data)
            sys.modules["shop.steps"].BAD = None
            assert [fields_of(obj) for obj in loads(one.data)] == [{"b": n} for n in range(5)]


@every_shape
def test_failed_step_leaves_the_pickled_state_alone(releases: Releases, source: str) -> None:
    """Three steps of which the last fails: what a program catches and looks at is no object with
    the first two done.
    """
    seen: list[Any] = []
    old = releases.install_old(source.format(version=1))
    pickles = written(old.C(1), 2 if source is SLOTS and not releases.are_stamped else 0)
    releases.install_new(
        {
            "shop.steps": """
                c = Lineage("shop:C")
                c.upgrade(1, RenameField("a", "b"))
                c.upgrade(2, RenameField("lost", "c"))
                """,
            "shop": source.format(version=3),
        }
    )
    new = sys.modules["shop"].C

    def spy(data: bytes) -> None:
        unpickler = pickle_migrate.Unpickler(io.BytesIO(data))
        try:
            unpickler.load()
        except MissingFieldError:
            seen.extend(obj for obj in unpickler.memo.copy().values() if type(obj) is new)

    for one in pickles:
        spy(one.data)
    assert seen
    assert all("b" not in fields_of(obj) for obj in seen)


# --- current objects --------------------------------------------------------------------------

POISONED = """
    @migrates("shop:C", 1)
    def step(state):
        raise AssertionError("a current object was migrated")
    @versioned(2, unstamped=1)
    class C{bases}:
        {slots}
        def __init__(self, a=None):
            self.a = a
    """


@pytest.mark.parametrize(
    ("bases", "slots"),
    [("", ""), ("", "__slots__ = ('a',)"), ("(dict)", ""), ("(Exception)", ""), ("(int)", "")],
    ids=["dict", "slots", "dict subclass", "exception", "int"],
)
def test_current_stamped_objects_never_run_a_step(
    stamped_releases: Releases, bases: str, slots: str
) -> None:
    """Trap: what today's code wrote must not be taken for old. The only step raises."""
    source = POISONED.format(bases=bases, slots=slots)
    if bases:
        source = source.replace("def __init__(self, a=None):\n            self.a = a", "pass")
    shop = stamped_releases.install_new(source)
    one, two = shop.C(), shop.C()
    one.a, two.a = [1], [2]
    for pickled in written([one, two, one]):
        for loads in LOADERS.values():
            loaded = loads(pickled.data)
            assert [obj.a for obj in loaded] == [[1], [2], [1]]
            assert loaded[0] is loaded[2]


def test_modules_of_migrations_are_imported_for_old_pickles_only(
    releases: Releases, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """The module that ``versioned(migrations=...)`` names is imported when the first old pickle
    turns up, under plain pickle too, and never for current ones.
    """
    (tmp_path / "lazy_steps.py").write_text(
        "from pickle_migrate import *\nLineage('shop:C').upgrade(1, RenameField('a', 'b'))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    old_source = DICT.format(version=1)
    new_source = DICT.format(version=2).replace(
        "unstamped=1)", 'unstamped=1, migrations="lazy_steps")'
    )
    if releases.way == "stamped":
        new_source = new_source.replace("unstamped=1, ", "")
    old = pickle.dumps([releases.install_old(old_source).C(1)] * 2)
    for loads in LOADERS.values():
        shop = releases.install_new(new_source)
        sys.modules.pop("lazy_steps", None)
        current = pickle.dumps(shop.C(5))
        assert vars(loads(current)) == {"a": 5}
        assert vars(copy.deepcopy(shop.C(5))) == {"a": 5}
        assert "lazy_steps" not in sys.modules
        assert [vars(obj) for obj in loads(old)] == [{"b": 1}, {"b": 1}]
        assert "lazy_steps" in sys.modules
    sys.modules.pop("lazy_steps", None)


# --- declarations -----------------------------------------------------------------------------


def test_duplicate_step() -> None:
    """Two different steps from one version: refused where the second is declared, naming both."""
    with pytest.raises(DuplicateStepError) as caught:
        install("""
            from pickle_migrate import *
            @migrates("shop:C", 1)
            def first(state): ...
            @migrates("shop:C", 1)
            def second(state): ...
            """)
    error = caught.value
    assert (error.ref, error.version) == ("shop:C", 1)
    assert error.first.startswith("shop:first")
    assert error.second.startswith("shop:second")
    survives(error)


def test_duplicate_step_under_two_names(stamped_releases: Releases) -> None:
    """One step under the old name and another one under the new: refused when they meet."""
    data = pickle.dumps(stamped_releases.install_old(DICT.format(version=1)).C(1))
    stamped_releases.install_new("""
        Lineage("shop:C").upgrade(1, RenameField("a", "b"))
        Lineage("shop:D").renamed_from("shop:C")
        Lineage("shop:D").upgrade(1, RenameField("a", "c"))
        @versioned(2, unstamped=1)
        class D: pass
        """)
    for loads in LOADERS.values():
        with pytest.raises(DuplicateStepError) as caught:
            loads(data)
        assert (caught.value.ref, caught.value.version) == ("shop:D", 1)


@pytest.mark.parametrize(
    ("declare", "error"),
    [
        (lambda: pickle_migrate.versioned(0)(type("C", (), {})), VersionNumberError),
        (lambda: pickle_migrate.versioned(True)(type("C", (), {})), VersionNumberError),
        (lambda: pickle_migrate.versioned("1")(type("C", (), {})), VersionNumberError),
        (lambda: pickle_migrate.versioned(1, unstamped=2)(type("C", (), {})), VersionNumberError),
        (lambda: pickle_migrate.versioned(2, unstamped=0)(type("C", (), {})), VersionNumberError),
        (lambda: pickle_migrate.versioned(1)(lambda: 0), RefError),
        (lambda: pickle_migrate.versioned(1)(int), UnsupportedShapeError),
        (lambda: pickle_migrate.migrates("shop.C", 1)(print), RefError),
        (lambda: pickle_migrate.Lineage("shop"), RefError),
        (lambda: pickle_migrate.Lineage("shop:C").upgrade(0), VersionNumberError),
        (lambda: pickle_migrate.Lineage("shop:C").fields(1, "a", "a"), VersionNumberError),
        (lambda: pickle_migrate.RenameField("a", "a"), OperationError),
        (
            lambda: pickle_migrate.Lineage("shop:C").upgrade(
                1, pickle_migrate.RemoveField("a"), pickle_migrate.RenameField("a", "b")
            ),
            OperationError,
        ),
    ],
)
def test_wrong_declarations(declare: Callable[[], Any], error: type[Exception]) -> None:
    """What cannot be right is refused at the door, and the error survives as all errors do."""
    with pytest.raises(error) as caught:
        declare()
    survives(caught.value)


def test_every_migration_error_is_an_unpickling_error() -> None:
    """Drop-in callers that catch pickle's own error catch ours."""
    assert issubclass(MigrationError, pickle.UnpicklingError)
    assert issubclass(MigrationError, pickle_migrate.PickleMigrateError)
    assert set(PICKLERS) == {"C pickler", "Python pickler", "pickle_migrate.dumps"}
