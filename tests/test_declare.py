"""Declaring: ``versioned`` on classes, ``migrates`` on steps, ``Lineage`` for the rest."""

import collections
import copyreg
import enum
import functools
import importlib
import pickle

import attrs
import pytest

import pickle_migrate
from pickle_migrate import AddField, Lineage, Registry, RenameField, migrates, versioned
from pickle_migrate.errors import (
    ArgumentError,
    DuplicateStepError,
    OperationError,
    RefError,
    RenameLoopError,
    UnsupportedShapeError,
    VersionNumberError,
)
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, declaration_of

LOADERS = [pickle.loads, pickle._loads, pickle_migrate.loads]
each_loader = pytest.mark.parametrize("loads", LOADERS, ids=["C", "Python", "pickle_migrate"])
WRONG_VERSIONS = [0, -1, "1", 1.0, True, None, (1,)]


@pytest.fixture
def registry(scratch):
    """Empty. ``scratch`` makes the program forget the classes at the end."""
    return Registry()


def family(registry, name):
    return registry.family(GlobalRef.parse(name))


def step(registry, name="shop:Order", version=1):
    (record,) = family(registry, name)
    return record.steps[version]


def made(name="Order", bases=(), **body):
    return type(name, bases, {"__module__": "shop", "__qualname__": name, **body})


# --- versioned --------------------------------------------------------------------------------


def test_versioned_gives_the_class_itself(registry):
    """With its declaration in its own ``__dict__``, registered."""
    cls = made()
    assert versioned(3, unstamped=1, migrations="shop.steps", registry=registry)(cls) is cls
    declaration = declaration_of(cls)
    assert (declaration.version, declaration.unstamped) == (3, 1)
    assert declaration.migrations == ("shop.steps",)
    assert declaration.registry is registry
    assert list(registry.classes()) == [(GlobalRef("shop", "Order"), cls)]


def test_the_default_registry_is_the_default(scratch):
    """Of all three ways to declare."""
    cls = versioned(1)(made("DeclareDefault"))
    Lineage("shop:DeclareDefault").upgrade(1)
    migrates("shop:DeclareDefault", 2)(lambda state: state)
    assert declaration_of(cls).registry is DEFAULT
    assert set(family(DEFAULT, "shop:DeclareDefault")[0].steps) == {1, 2}


@pytest.mark.parametrize("migrations", [["a", "b"], ("a", "b")])
def test_several_modules_of_migrations(registry, migrations):
    """A list or a tuple of texts; none of them is imported."""
    cls = versioned(1, migrations=migrations, registry=registry)(made())
    assert declaration_of(cls).migrations == ("a", "b")


@pytest.mark.parametrize("version", [v for v in WRONG_VERSIONS if v is not None])
def test_a_wrong_version_is_refused(registry, version):
    """Of the class and of its unstamped pickles; the class stays as it was."""
    cls = made()
    before = dict(vars(cls))
    for arguments in ({"version": version}, {"version": 5, "unstamped": version}):
        with pytest.raises(VersionNumberError, match="shop:Order") as caught:
            versioned(**arguments, registry=registry)(cls)
        assert repr(version) in caught.value.problem
    assert dict(vars(cls)) == before
    assert registry.class_at(GlobalRef("shop", "Order")) is None


def test_unstamped_is_at_most_the_version(registry):
    """Pickles from before the decorator cannot be newer than it."""
    with pytest.raises(VersionNumberError, match="unstamped=3 is above version 2"):
        versioned(2, unstamped=3, registry=registry)(made())


def test_versioned_without_parentheses_is_refused(registry):
    """It would leave a function where the class should be."""
    with pytest.raises(VersionNumberError, match="shop:Order: @versioned stands without a version"):
        versioned(made())


@pytest.mark.parametrize("target", [len, lambda: 0, "shop:Order", None, 5])
def test_only_a_class_can_be_versioned(registry, target):
    """Not a function, an instance or a name."""
    with pytest.raises(RefError) as caught:
        versioned(1, registry=registry)(target)
    assert caught.value.text == repr(target)


@pytest.mark.parametrize("migrations", [5, None, ["a", 5], ("",), "", {"a": "b"}, b"a"])
def test_wrong_modules_of_migrations_are_refused(migrations):
    """When the decorator is called, not when the first old pickle turns up."""
    if migrations == "":
        migrations = [""]
    with pytest.raises(ArgumentError, match=r"versioned\(migrations=.*names a module"):
        versioned(1, migrations=migrations)


@pytest.mark.parametrize(
    "declare",
    [
        lambda wrong: versioned(1, registry=wrong),
        lambda wrong: Lineage("shop:Order", registry=wrong),
        lambda wrong: migrates("shop:Order", 1, registry=wrong)(len),
    ],
)
@pytest.mark.parametrize("wrong", ["shop", 5, Registry])
def test_a_wrong_registry_is_refused(declare, wrong):
    """The class Registry itself, for example."""
    with pytest.raises(ArgumentError, match=r"it is no Registry\(\)"):
        declare(wrong)


@pytest.mark.parametrize("cls", [int, list, object, type, Exception, type(None), functools.partial])
def test_classes_written_in_c_are_refused(cls):
    """They take no attributes; a subclass can be versioned. Nothing is left on them."""
    with pytest.raises(UnsupportedShapeError, match=r"written in C.*Make a subclass") as caught:
        versioned(1)(cls)
    assert caught.value.ref == str(GlobalRef.of(cls))
    assert not hasattr(cls, "__pickle_migrate__")


@pytest.mark.parametrize("cls", [int, list, dict, Exception, OSError])
def test_a_subclass_of_a_builtin_class_can_be_versioned(registry, cls):
    """As the error says."""
    mine = versioned(1, registry=registry)(made("Mine", (cls,)))
    assert declaration_of(mine).version == 1


def test_enums_and_namedtuples_have_no_older_unstamped_pickles(registry):
    """Those give their values straight to the class, where no step can come between."""
    pair = collections.namedtuple("pair", "a")
    for cls, word in [(enum.Enum("Colour", "RED"), "an Enum"), (pair, "a namedtuple")]:
        with pytest.raises(UnsupportedShapeError, match=word) as caught:
            versioned(2, unstamped=1, registry=registry)(cls)
        assert "Leave out unstamped=1" in caught.value.remedy
        assert versioned(2, unstamped=2, registry=registry)(cls) is cls


def test_a_class_with_a_reducer_of_the_application_is_refused(registry):
    """copyreg has one place for each class."""
    cls = made()
    copyreg.pickle(cls, lambda obj: (cls, ()))
    try:
        with pytest.raises(UnsupportedShapeError, match=r"copyreg.*__reduce__"):
            versioned(1, registry=registry)(cls)
    finally:
        del copyreg.dispatch_table[cls]


@each_loader
@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "decorator", ["dataclass(slots=True)", "dataclass(slots=True, frozen=True)", "define", "frozen"]
)
def test_a_decorator_above_that_makes_a_new_class(scratch, loads, protocol, decorator):
    """``dataclass(slots=True)`` and attrs copy the class that was versioned; the copy is the one
    that counts, for current and for old pickles.
    """
    source = """
        from dataclasses import dataclass
        from attrs import define, frozen
        rename = RenameField("qty", "quantity")
        Lineage("dec_above:Order").upgrade(1, rename, AddField("note", "old"))
        @{decorator}
        @versioned({version})
        class Order:
            {fields}
        """
    first = source.format(decorator=decorator, version=1, fields="qty: int")
    old = pickle.dumps(scratch.module("dec_above", first).Order(3), protocol)
    second = source.format(decorator=decorator, version=2, fields="note: str; quantity: int")
    order = scratch.module("dec_above", second).Order
    current = order("new", 4)
    assert loads(pickle.dumps(current, protocol)) == current
    assert loads(old) == order("old", 3)
    assert type(loads(old)) is order


@pytest.mark.parametrize("maker", ["dataclass(slots=True)", "dataclass", "define"])
def test_the_order_of_the_decorators_keeps_the_fingerprint(scratch, maker):
    """Above or below what makes the class: the fields are the same."""
    source = """
        from dataclasses import dataclass
        from typing import ClassVar
        from attrs import define
        {}
        {}
        class Order:
            qty: int
            note: "str" = ""
            shared: ClassVar[int] = 0
        """
    lines = ["@versioned(1)", f"@{maker}"]
    found = set()
    for pair in (lines, lines[::-1]):
        order = scratch.module("dec_order", source.format(*pair)).Order
        found.add(order(1).__reduce_ex__(2)[0].written.head.fingerprint)
    assert len(found) == 1
    assert None not in found


def test_versioned_again_replaces_the_declaration(registry):
    """A class decorated twice has the outer one; nothing is called twice."""
    cls = made(a=1)
    versioned(1, registry=registry)(cls)
    versioned(2, unstamped=1, registry=registry)(cls)
    assert declaration_of(cls).version == 2
    assert cls().__reduce_ex__(2)[0].text == "shop:Order@2"


# --- migrates ---------------------------------------------------------------------------------


def test_migrates_gives_the_function_itself(registry):
    """It can be called and tested as before."""

    def up(state):
        return {**state, "x": 1}

    assert migrates("shop:Order", 1, registry=registry)(up) is up
    assert step(registry).apply({"a": 2}) == {"a": 2, "x": 1}


@pytest.mark.parametrize("target", ["shop:Order", GlobalRef("shop", "Order"), made()])
def test_what_a_lineage_may_be_of(registry, target):
    """A text, a ref or the class; nothing is imported."""
    migrates(target, 1, registry=registry)(lambda state: state)
    assert Lineage(target, registry=registry).ref == step(registry).ref
    assert repr(Lineage(target)) == "Lineage('shop:Order')"


@pytest.mark.parametrize("target", ["shop.Order", "", None, 5, len])
def test_what_it_may_not_be_of(target):
    """The error shows it."""
    with pytest.raises(RefError):
        Lineage(target)
    with pytest.raises(RefError):
        migrates(target, 1)(len)


@pytest.mark.parametrize("version", WRONG_VERSIONS)
def test_a_step_starts_from_a_version(registry, version):
    """So does everything else that is said of one."""
    lineage = Lineage("shop:Order", registry=registry)
    for declare in (
        lambda: lineage.upgrade(version),
        lambda: migrates("shop:Order", version, registry=registry)(len),
        lambda: lineage.fields(version, "a"),
        lambda: lineage.accept_fingerprint(version, "aa"),
        lambda: lineage.finish(version, len),
        lambda: lineage.renamed_from("shop:Old", until=version if version is not None else 0),
    ):
        with pytest.raises(VersionNumberError, match="shop:Order"):
            declare()
    assert [record.versions() for record in family(registry, "shop:Order")] in ([], [[]])


@pytest.mark.parametrize("function", [5, "up", None, RenameField])
def test_a_step_is_a_function_or_an_operation(registry, function):
    """Not a name, and not an operation without its arguments."""
    for declare in (
        lambda: migrates("shop:Order", 1, registry=registry)(function),
        lambda: Lineage("shop:Order", registry=registry).upgrade(1, function),
    ):
        with pytest.raises(OperationError):
            declare()
    assert family(registry, "shop:Order") == []


def test_migrates_for_constructor_arguments(registry):
    """With ``arguments=True`` the function changes those, and the state stays."""

    def up(args, kwargs):
        return args[::-1], kwargs

    migrates("shop:Order", 1, arguments=True, registry=registry)(up)
    assert step(registry).arguments is up
    assert step(registry).apply({"a": 1}) == {"a": 1}


def test_two_steps_from_one_version_are_refused(registry):
    """The error names both places: function and line, module and line."""

    @migrates("shop:Order", 1, registry=registry)
    def _(state):
        return state

    first = _.__code__.co_firstlineno
    with pytest.raises(DuplicateStepError) as caught:

        @migrates("shop:Order", 1, registry=registry)
        def _(state):
            return {}

    where = f"{__name__}:test_two_steps_from_one_version_are_refused.<locals>._, line"
    assert caught.value.first == f"{where} {first}"
    assert caught.value.second.startswith(f"{where} ")
    assert caught.value.second != caught.value.first
    with pytest.raises(DuplicateStepError, match=rf"{__name__}, line \d+"):
        Lineage("shop:Order", registry=registry).upgrade(1)


def test_two_steps_without_code_of_their_own_are_two(registry):
    """Of a partial, the line that declares it is the place."""
    up = functools.partial(dict, x=1)
    migrates("shop:Order", 1, registry=registry)(up)
    with pytest.raises(DuplicateStepError, match=rf"{__name__}, line \d+.*{__name__}, line \d+"):
        migrates("shop:Order", 1, registry=registry)(functools.partial(dict, x=2))


def test_declaring_again_at_the_same_place_is_no_second_step(registry):
    """A function of declarations that is called twice."""
    for default in (1, 2):
        Lineage("shop:Order", registry=registry).upgrade(1, AddField("x", default=default))
        migrates("shop:Order", 2, registry=registry)(lambda state: state)
    assert step(registry).apply({}) == {"x": 2}


# --- reload -----------------------------------------------------------------------------------

RELOADED = """
    {above}
    @versioned(2)
    class Order:
        pass
    order = Lineage("dec_reload:Order")
    order.upgrade(1, AddField("x", default={default}))
    order.finish(1, lambda obj: vars(obj).update(seen=vars(obj).get("seen", 0) + 1))
    @migrates("dec_reload:Other", 1)
    def up(state):
        state["x"] = {default}
"""


@pytest.mark.parametrize("above", ["", "import os\n    import re"], ids=["same place", "moved"])
def test_a_reloaded_module_replaces_what_it_declared(scratch, above):
    """Also when an edit moved its lines: the step is the new one, and nothing runs twice."""
    old = scratch.module("dec_reload", "@versioned(1)\nclass Order: pass\n").Order()
    data = pickle.dumps(old)
    module = scratch.module("dec_reload", RELOADED.format(above="", default=1))
    assert pickle_migrate.loads(data).x == 1
    scratch.write("dec_reload", RELOADED.format(above=above, default=2))
    importlib.reload(module)
    again = pickle_migrate.loads(data)
    assert (type(again), again.x, again.seen) == (module.Order, 2, 1)
    assert step(DEFAULT, "dec_reload:Other").apply({}) == {"x": 2}


def test_a_module_imported_anew_replaces_what_it_declared(scratch):
    """As a test suite does that takes modules out of ``sys.modules``."""
    scratch.module("dec_reload", RELOADED.format(above="", default=1))
    scratch.module("dec_reload", RELOADED.format(above="import re", default=2))
    assert step(DEFAULT, "dec_reload:Order").apply({}) == {"x": 2}


def test_another_module_does_not_replace_it(scratch):
    """That would hide a merge of two branches."""
    scratch.module("dec_reload", RELOADED.format(above="", default=1))
    with pytest.raises(DuplicateStepError, match=r"dec_reload, line \d+.*dec_second, line \d+"):
        scratch.module("dec_second", "Lineage('dec_reload:Order').upgrade(1)\n")


# --- the rest of a lineage --------------------------------------------------------------------


def test_every_method_gives_the_lineage(registry):
    """So that calls can be chained; ``finish`` gives its function, to be told apart later."""
    lineage = Lineage("shop:Order", registry=registry)
    same = lineage.upgrade(1).renamed_from("shop:Old").fields(1, "a").accept_fingerprint(1, "aa")
    assert same is lineage
    assert lineage.finish(1, len) is len


def test_lineages_of_one_class_are_one(registry):
    """They may be written in any number of modules."""
    Lineage("shop:Order", registry=registry).upgrade(1)
    Lineage(made(), registry=registry).upgrade(2)
    assert family(registry, "shop:Order")[0].versions() == [1, 2]


def test_a_step_may_hold_operations_and_functions(registry):
    """In their order; none at all means that nothing in the state changes."""
    lineage = Lineage("shop:Order", registry=registry)
    lineage.upgrade(1, RenameField("a", "b"), lambda state: {**state, "c": state["b"]}).upgrade(2)
    assert step(registry).apply({"a": 1}) == {"b": 1, "c": 1}
    assert step(registry, version=2).apply({"a": 1}) == {"a": 1}


@pytest.mark.parametrize("names", [("a", "a"), ("a", 5), (None,), ("a", ["b"])])
def test_fields_of_a_version_are_different_names(registry, names):
    """Each is a text."""
    with pytest.raises(VersionNumberError, match=r"fields\(1, \.\.\.\) names each field"):
        Lineage("shop:Order", registry=registry).fields(1, *names)
    assert family(registry, "shop:Order") == []


@pytest.mark.parametrize("digest", ["", "XY", "AB", "1f0c 77ab", 5, None, b"aa"])
def test_a_fingerprint_is_hexadecimal(registry, digest):
    """As it stands in stamps and in the error; anything else would never be met."""
    with pytest.raises(ArgumentError, match="hexadecimal digits"):
        Lineage("shop:Order", registry=registry).accept_fingerprint(1, digest)


@pytest.mark.parametrize("function", [5, None, "finish"])
def test_a_finisher_is_a_function(registry, function):
    """Checked here, for it would fail at the end of some load."""
    with pytest.raises(ArgumentError, match="takes a function"):
        Lineage("shop:Order", registry=registry).finish(1, function)


def test_old_names_are_checked_before_any_is_kept(registry):
    """One wrong name of several leaves nothing half declared."""
    lineage = Lineage("shop:Order", registry=registry)
    with pytest.raises(RefError):
        lineage.renamed_from("shop:Old", "wrong")
    assert registry.old_names(lineage.ref) == []
    with pytest.raises(RenameLoopError):
        lineage.renamed_from("shop:Order")


def test_old_names_may_be_classes_and_refs(registry):
    """As everywhere."""
    lineage = Lineage("shop:Order", registry=registry)
    lineage.renamed_from(made("Old"), GlobalRef("shop", "Older"), "shop:Oldest", until=2)
    assert [ref.qualname for ref in registry.old_names(lineage.ref)] == ["Old", "Older", "Oldest"]
    assert registry.current_ref(GlobalRef("shop", "Old"), 3) == GlobalRef("shop", "Old")


def test_attrs_classes_are_versioned_below_and_above(registry):
    """``define`` makes a new class; above it the decorator sees that one."""
    cls = versioned(1, registry=registry)(attrs.define(made(__annotations__={"a": int})))
    assert declaration_of(cls).fingerprint is not None
    assert pickle_migrate.registry.fingerprint_of(cls) == declaration_of(cls).fingerprint


def test_the_version_of_unstamped_pickles_of_a_class_that_is_gone(registry):
    """It is a version like any other, and the last one said counts."""
    lineage = Lineage("shop:Gone", registry=registry)
    assert lineage.unstamped(1).unstamped(2) is lineage
    [record] = registry.family(GlobalRef("shop", "Gone"))
    assert record.unstamped == 2
    for wrong in (0, "1", None):
        with pytest.raises(VersionNumberError, match="is not a version"):
            lineage.unstamped(wrong)
