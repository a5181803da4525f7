"""The registry: which classes, lineages and renames there are, and what a pickle's names mean."""

import copy
import pickle
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate import Lineage, Registry, versioned
from pickle_migrate.errors import (
    AmbiguousRenameError,
    RefError,
    RenameLoopError,
    VersionNumberError,
)
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import (
    DEFAULT,
    Declaration,
    declaration_of,
    fingerprint_of,
    registered_in_mro,
    today_of_name,
)
from pickle_migrate.shapes import MARK

parse = GlobalRef.parse


@pytest.fixture
def registry(scratch):
    """Empty. ``scratch`` makes the program forget the classes at the end."""
    return Registry()


def lineage(registry, name):
    return Lineage(name, registry=registry)


def class_named(name, bases=(), **annotations):
    module, _, qualname = name.partition(":")
    body = {"__module__": module, "__qualname__": qualname}
    if annotations:
        body["__annotations__"] = annotations
    return type(qualname.rpartition(".")[2], bases, body)


def register(registry, name, version, bases=(), **annotations):
    """A versioned class of any name, as if its module had been imported."""
    return versioned(version, registry=registry)(class_named(name, bases, **annotations))


def today(registry, name, version=None, fingerprint=None):
    return str(registry.current_ref(parse(name), version, fingerprint))


def steps_of(registry, name):
    """Version to the ref under which its step was declared, of all that a class's lineage has."""
    return {
        v: str(step.ref)
        for record in registry.family(parse(name))
        for v, step in record.steps.items()
    }


# --- today's name -----------------------------------------------------------------------------


def test_a_name_of_which_nothing_is_declared_is_itself(registry):
    """Whether other renames exist or not."""
    assert today(registry, "m:A", 1) == "m:A"
    registry.rename("n", "k")
    lineage(registry, "n:B").renamed_from("n:C")
    assert today(registry, "m:A", 1) == "m:A"


def test_an_old_name_is_followed_to_the_newest(registry):
    """Declared one by one, as the class was renamed release by release."""
    lineage(registry, "m:B").renamed_from("m:A")
    lineage(registry, "n:C").renamed_from("m:B")
    registry.rename("n", "pack.n")
    assert today(registry, "m:A", 1) == today(registry, "m:B", 2) == "pack.n:C"
    assert today(registry, "m:A") == "pack.n:C"


def test_a_rename_of_a_nested_class_leaves_the_outer_one(registry):
    """And the other way round it takes the inner one along."""
    registry.rename("m:Outer.Inner", "m:Lid")
    registry.rename("n:Outer", "n:Box")
    assert today(registry, "m:Outer") == "m:Outer"
    assert today(registry, "m:Outer.Inner.Deep") == "m:Lid.Deep"
    assert today(registry, "n:Outer.Inner") == "n:Box.Inner"
    assert registry.renames_below(parse("m:Outer"))
    assert not registry.renames_below(parse("n:Outer"))


def test_until_stops_at_its_version(registry):
    """Later pickles of that name mean the class that bears it today."""
    lineage(registry, "m:B").renamed_from("m:A", until=2)
    assert [today(registry, "m:A", v) for v in (None, 1, 2, 3)] == ["m:B", "m:B", "m:B", "m:A"]


def test_the_later_until_of_one_claim_holds(registry):
    """A corrected declaration replaces the one before."""
    lineage(registry, "m:B").renamed_from("m:A", until=1)
    lineage(registry, "m:B").renamed_from("m:A", until=3)
    assert today(registry, "m:A", 3) == "m:B"


SWAPS = [
    {"m:A": "m:B", "m:B": "m:A"},
    {"m:A": "m:B", "m:B": "m:C", "m:C": "m:A"},
    {"m:A": "n:B", "n:B": "k:C", "k:C": "j:D", "j:D": "m:A"},
]


@pytest.mark.parametrize("swap", SWAPS, ids=["two", "three", "four"])
@pytest.mark.parametrize("imported", [0b0000, 0b0001, 0b0010, 0b0101, 0b1010, 0b1111])
def test_names_that_changed_places(registry, swap, imported):
    """Two that swapped, three that rotated: whichever of the classes are imported by now, each old
    name means its heir, and each new pickle means itself.
    """
    for old, new in swap.items():
        lineage(registry, new).renamed_from(old, until=1)
    for number, name in enumerate(swap):
        if imported >> number & 1:
            register(registry, name, 2)
    assert {old: today(registry, old, 1) for old in swap} == swap
    assert {old: today(registry, old) for old in swap} == swap
    assert {old: today(registry, old, 2) for old in swap} == {old: old for old in swap}


def test_a_moved_package_with_names_that_swapped_in_it(registry):
    """The package's rename comes first, then the class's own."""
    registry.rename("old", "m")
    lineage(registry, "m:A").renamed_from("m:B", until=1)
    lineage(registry, "m:B").renamed_from("m:A", until=1)
    assert (today(registry, "old:A", 1), today(registry, "old:B", 1)) == ("m:B", "m:A")
    assert today(registry, "old:A", 2) == "m:A"
    register(registry, "m:A", 2)
    register(registry, "m:B", 2)
    assert (today(registry, "old:A", 1), today(registry, "old:B", 1)) == ("m:B", "m:A")


def test_an_old_name_that_leads_to_one_that_swapped(registry):
    """The chase ends at the first name that a class bears today."""
    lineage(registry, "m:B").renamed_from("m:A")
    lineage(registry, "m:B").renamed_from("m:C", until=2)
    lineage(registry, "m:C").renamed_from("m:B", until=2)
    assert today(registry, "m:A", 1) == "m:B"


def test_a_reused_name_without_until_is_settled_by_what_is_registered(registry):
    """Only an unstamped pickle, or the first version, is surely the older class's."""
    lineage(registry, "m:B").renamed_from("m:A")
    register(registry, "m:A", 3)
    register(registry, "m:B", 3)
    assert today(registry, "m:A") == today(registry, "m:A", 1) == "m:B"
    assert today(registry, "m:A", 4) == "m:A"
    with pytest.raises(AmbiguousRenameError):
        today(registry, "m:A", 2)


def test_fingerprints_tell_who_had_the_name(registry):
    """Where both classes declare their fields."""
    lineage(registry, "m:B").renamed_from("m:A")
    own = register(registry, "m:A", 2, x=int)
    heir = register(registry, "m:B", 2, y=str)
    assert today(registry, "m:A", 2, fingerprint_of(own)) == "m:A"
    assert today(registry, "m:A", 2, fingerprint_of(heir)) == "m:B"


def test_circles_are_refused(registry):
    """A name that is its own old name when declared, one through a module when asked."""
    with pytest.raises(RenameLoopError):
        lineage(registry, "m:A").renamed_from("m:A")
    lineage(registry, "m:A").renamed_from("n:A")
    registry.rename("m", "n")
    with pytest.raises(RenameLoopError) as caught:
        today(registry, "m:A")
    assert {"m:A", "n:A"} <= set(caught.value.refs)
    with pytest.raises(RefError):
        registry.rename("m:A", "n")


names = st.sampled_from(["a:X", "a:Y", "b:X", "b:Y", "a.b:X"])
claims = st.tuples(names, names, st.none() | st.integers(1, 3))
rules = st.tuples(*[st.sampled_from(["a", "b", "a.b", "c", "a:X", "b:Y", "c:X"])] * 2)


@given(
    st.lists(claims, max_size=5), st.lists(rules, max_size=3), st.lists(names, max_size=2), names
)
def test_following_always_ends(claimed, renamed, registered, asked):
    """Whatever is declared: at a name, or with an error that says what is wrong."""
    registry = Registry()
    for old, new, until in claimed:
        if old != new:
            lineage(registry, new).renamed_from(old, until=until)
    for old, new in renamed:
        try:
            registry.rename(old, new)
        except (RefError, RenameLoopError):
            continue
    for name in registered:
        cls, declaration = class_named(name), Declaration(2, None, (), registry)
        setattr(cls, MARK, declaration)
        registry.add_class(cls, declaration)
    for version in (None, 1, 2, 3, 4):
        try:
            found = registry.current_ref(parse(asked), version)
        except (AmbiguousRenameError, RenameLoopError):
            continue
        assert isinstance(found, GlobalRef)
    assert isinstance(registry.family(parse(asked)), list)
    assert parse(asked) not in registry.old_names(parse(asked))


# --- a class's lineage ------------------------------------------------------------------------


def test_the_family_has_the_steps_of_all_names(registry):
    """Declared under the name that the class had then, through several renames."""
    lineage(registry, "m:A").upgrade(1)
    lineage(registry, "m:B").upgrade(2).renamed_from("m:A")
    lineage(registry, "n:C").upgrade(3).renamed_from("m:B")
    assert steps_of(registry, "n:C") == {1: "m:A", 2: "m:B", 3: "n:C"}
    assert steps_of(registry, "m:A") == {1: "m:A"}


def test_the_family_crosses_renames_of_modules(registry):
    """A package that moved brings its classes' steps along."""
    lineage(registry, "old.a:A").upgrade(1)
    lineage(registry, "new.a:A").upgrade(2)
    registry.rename("old", "new")
    registry.rename("k:A", "k:B")
    lineage(registry, "k:A.Inner").upgrade(1)
    assert steps_of(registry, "new.a:A") == {1: "old.a:A", 2: "new.a:A"}
    assert steps_of(registry, "k:B.Inner") == {1: "k:A.Inner"}


def test_the_family_takes_an_old_name_s_steps_up_to_until(registry):
    """What was declared for later versions belongs to the class that bears the name today."""
    lineage(registry, "m:A").upgrade(1).upgrade(2).upgrade(3).accept_fingerprint(1, "aa")
    lineage(registry, "m:A").fields(3, "x").finish(3, len)
    lineage(registry, "m:B").renamed_from("m:A", until=2)
    (part,) = registry.family(parse("m:B"))
    assert (set(part.steps), set(part.fingerprints)) == ({1, 2}, {1})
    assert (part.field_orders, part.finishers) == ({}, {})


@pytest.mark.parametrize("imported", [False, True])
def test_classes_that_swapped_keep_their_own_steps(registry, imported):
    """Each lineage is written under the name that its class has today."""
    for new, old in [("m:A", "m:B"), ("m:B", "m:A")]:
        lineage(registry, new).upgrade(1).renamed_from(old, until=1)
        if imported:
            register(registry, new, 2)
    assert steps_of(registry, "m:A") == {1: "m:A"}
    assert steps_of(registry, "m:B") == {1: "m:B"}


def test_a_later_declaration_is_in_the_family(registry):
    """Nothing is remembered for longer than it is true."""
    lineage(registry, "m:B").renamed_from("m:A")
    assert steps_of(registry, "m:B") == {}
    lineage(registry, "m:A").upgrade(1)
    assert steps_of(registry, "m:B") == {1: "m:A"}
    register(registry, "m:A", 2)
    assert steps_of(registry, "m:B") == {}


def test_old_names_of_all_renames(registry):
    """The last one first; private attributes are stored under them."""
    lineage(registry, "n:D").renamed_from("m:C")
    lineage(registry, "m:C").renamed_from("m:B")
    registry.rename("m:A", "m:B")
    registry.rename("k", "m")
    assert list(map(str, registry.old_names(parse("n:D")))) == ["m:C", "m:B", "m:A"]
    assert registry.old_names(parse("m:A")) == []


def test_old_names_end_at_a_name_that_another_class_bears(registry):
    """What that one was called before is its own affair."""
    lineage(registry, "m:B").renamed_from("m:A", until=1)
    lineage(registry, "m:A").renamed_from("m:X")
    register(registry, "m:A", 2)
    assert list(map(str, registry.old_names(parse("m:B")))) == ["m:A"]


# --- classes ----------------------------------------------------------------------------------


def test_classes_are_listed_in_the_order_of_registration(registry):
    """Subclasses that nobody registered are not among them."""
    base = register(registry, "m:Base", 1)
    other = register(registry, "m:Other", 2)
    child = class_named("m:Child", (base,))
    assert child().__reduce_ex__(2)[0].text == "m:Child@0+m:Base@1"
    assert list(registry.classes()) == [(parse("m:Base"), base), (parse("m:Other"), other)]
    assert registry.class_at(parse("m:Child")) is child
    assert registry.holder(parse("m:Child")) is None


def test_a_class_of_the_same_name_takes_the_place(registry):
    """A reloaded module, a class defined twice."""
    register(registry, "m:A", 1)
    again = register(registry, "m:A", 2)
    assert list(registry.classes()) == [(parse("m:A"), again)]
    assert registry.holder(parse("m:A")).version == 2


@pytest.mark.parametrize(
    ("version", "unstamped"), [(-1, None), ("2", None), (2, 3), (2, 0), (1, 1.0)]
)
def test_wrong_versions_of_a_class_are_refused(registry, version, unstamped):
    """And the class is not kept."""
    with pytest.raises(VersionNumberError):
        registry.add_class(class_named("m:A"), Declaration(version, unstamped, (), registry))
    assert registry.class_at(parse("m:A")) is None


def test_a_declaration_is_the_class_s_own(registry):
    """A subclass does not inherit it: it stands in the class's own ``__dict__``."""
    base = register(registry, "m:Base", 3)
    child = class_named("m:Child", (base,))
    assert declaration_of(base).version == 3
    with pytest.raises(KeyError):
        declaration_of(child)
    assert registered_in_mro(child) == [base]
    grandchild = register(registry, "m:Grandchild", 1, (child,))
    assert registered_in_mro(grandchild) == [grandchild, base]


def test_registries_know_nothing_of_each_other(registry):
    """Two applications whose names clash."""
    other = Registry()
    lineage(registry, "m:B").renamed_from("m:A")
    register(registry, "m:B", 2)
    assert today(other, "m:A") == "m:A"
    assert list(other.classes()) == []
    assert DEFAULT.class_at(parse("m:B")) is None


# --- pickling and threads ---------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(6))
def test_the_default_registry_pickles_by_name(protocol):
    """A class that is written by value brings its declaration, and that its registry."""
    assert pickle.loads(pickle.dumps(DEFAULT, protocol)) is DEFAULT
    assert copy.copy(DEFAULT) is copy.deepcopy(DEFAULT) is DEFAULT


def test_another_registry_is_the_default_one_where_it_is_read(registry):
    """A class that is pickled by value brings it along; a copy is the registry itself."""
    assert pickle.loads(pickle.dumps(registry)) is DEFAULT
    assert copy.deepcopy(registry) is registry


def test_declaring_counts(registry):
    """What was decided before a declaration is decided anew after it."""
    seen = [registry.generation]
    for declare in (
        lambda: registry.rename("a", "b"),
        lambda: lineage(registry, "m:A").renamed_from("m:B"),
        lambda: lineage(registry, "m:A").upgrade(1),
        lambda: lineage(registry, "m:A").fields(1, "x"),
        lambda: lineage(registry, "m:A").accept_fingerprint(1, "aa"),
        lambda: lineage(registry, "m:A").finish(1, len),
        lambda: register(registry, "m:A", 1),
    ):
        declare()
        seen.append(registry.generation)
    assert seen == sorted(set(seen))


def test_threads_may_declare_and_ask_at_once(registry):
    """No declaration is lost, and no question fails."""
    threads, each, failed, start = 6, 60, [], threading.Barrier(6)

    def work(number):
        start.wait()
        try:
            for n in range(each):
                mine = f"m{number}:C{n}"
                lineage(registry, mine).upgrade(1).renamed_from(f"old{number}:C{n}")
                lineage(registry, "shared:C").accept_fingerprint(1, f"{number:x}{n:02x}")
                registry.rename(f"gone{number}.n{n}", f"m{number}.n{n}")
                register(registry, mine, 2)
                registry.old_names(parse(mine))
                registry.renames_below(parse("old0:C0"))
                registry.family(parse(mine))
                list(registry.classes())
        except BaseException as error:
            failed.append(error)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []
    assert len(list(registry.classes())) == threads * each
    (shared,) = registry.family(parse("shared:C"))
    assert len(shared.fingerprints[1]) == threads * each
    for number in range(threads):
        for n in range(each):
            assert today(registry, f"old{number}:C{n}", 1) == f"m{number}:C{n}"
            assert today(registry, f"gone{number}.n{n}:X") == f"m{number}.n{n}:X"
            assert steps_of(registry, f"m{number}:C{n}") == {1: f"m{number}:C{n}"}


def test_a_nested_class_is_found_by_getattr_as_by_its_name(registry):
    """Below protocol 4 a pickle gets it from its outer class; renames lead to the same name."""
    registry.rename("shop:Order", "store:Order")
    registry.rename("store:Order.Line", "store:Row")
    for old, new in (("Order.Line", "Row"), ("Order.Note", "Order.Note")):
        for by_getattr in (False, True):
            found = today_of_name(registry, GlobalRef("shop", old), by_getattr)
            assert found == GlobalRef("store", new)
    other = GlobalRef("shop", "Other.Line")
    assert today_of_name(registry, other, by_getattr=True) == other
