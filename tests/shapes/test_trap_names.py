"""Names: classes that were renamed, moved, swapped, nested; and who follows their names.

Stamped pickles follow every rename under plain pickle as well. Unstamped ones name the class
itself, so only our loader can come between.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

import pytest
from releases import LOADERS, Releases, fields_of, install, written

import pickle_migrate
from pickle_migrate.errors import AmbiguousRenameError, RenameLoopError, UnknownClassError

Sources = str | Mapping[str, str]


def check(
    releases: Releases,
    old: Sources,
    new: Sources,
    make: str,
    expected: list[tuple[str, dict[str, Any]]],
    lowest_protocol: int = 0,
) -> None:
    """Old objects, and what they are today: the class's module and name, and its fields."""
    module = releases.install_old(old)
    pickles = written(eval(make, vars(module)), 0 if releases.are_stamped else lowest_protocol)
    releases.install_new(new)
    for one in pickles:
        for name, loads in LOADERS.items():
            if releases.are_stamped or name.startswith("pickle_migrate"):
                loaded = loads(one.data)
                found = [(_name_of(obj), fields_of(obj)) for obj in loaded]
                assert found == expected, (str(one), name)
                again = loads(pickle.dumps(loaded, one.protocol))
                assert [(_name_of(obj), fields_of(obj)) for obj in again] == expected


def _name_of(obj: Any) -> str:
    return f"{type(obj).__module__}:{type(obj).__qualname__}"


PURCHASE = """
    @versioned(1, unstamped=1)
    class Purchase:
        def __init__(self, a):
            self.a = a
    """
ORDER = """
    Lineage("shop:Order").upgrade(1, RenameField("a", "b"))
    @versioned(2, unstamped=1)
    class Order:
        pass
    """


def test_class_renamed(releases: Releases) -> None:
    """``renamed_from`` on the lineage."""
    check(
        releases,
        PURCHASE,
        {"shop.names": 'Lineage("shop:Order").renamed_from("shop:Purchase")', "shop": ORDER},
        "[Purchase(1), Purchase('x')]",
        [("shop:Order", {"b": 1}), ("shop:Order", {"b": "x"})],
    )


def test_class_moved_to_another_module(releases: Releases) -> None:
    """The old module is gone."""
    check(
        releases,
        {"shop.old": PURCHASE},
        {
            "shop.models": ORDER.replace("shop:Order", "shop.models:Order")
            + '    Lineage("shop.models:Order").renamed_from("shop.old:Purchase")\n'
        },
        "[Purchase(1), Purchase('x')]",
        [("shop.models:Order", {"b": 1}), ("shop.models:Order", {"b": "x"})],
    )


def test_class_renamed_twice(releases: Releases) -> None:
    """Two old names, each of its own time, and steps that were declared under an old name."""
    check(
        releases,
        PURCHASE,
        """
            Lineage("shop:Deal").upgrade(1, RenameField("a", "b"))
            Lineage("shop:Deal").renamed_from("shop:Purchase")
            Lineage("shop:Order").renamed_from("shop:Deal")
            Lineage("shop:Order").upgrade(2, RenameField("b", "c"))
            @versioned(3, unstamped=1)
            class Order:
                pass
            """,
        "[Purchase(1), Purchase('x')]",
        [("shop:Order", {"c": 1}), ("shop:Order", {"c": "x"})],
    )


def test_rename_of_one_class_in_the_registry(releases: Releases) -> None:
    """``Registry.rename`` with two refs."""
    check(
        releases,
        PURCHASE,
        {
            "shop.names": """
    from pickle_migrate.registry import DEFAULT
    DEFAULT.rename("shop:Purchase", "shop:Order")
    """,
            "shop": ORDER,
        },
        "[Purchase(1), Purchase('x')]",
        [("shop:Order", {"b": 1}), ("shop:Order", {"b": "x"})],
    )


def test_package_renamed_by_prefix_with_nested_classes(releases: Releases) -> None:
    """Trap: a nested class is one ``find_class("m", "O.I")`` from protocol 4 on, and ``getattr(O,
    "I")`` by REDUCE below. A whole package moved, and both ways end at the new class.
    """
    old = {
        "shop.old": "",
        "shop.old.models": """
            class Outer:
                @versioned(1, unstamped=1)
                class Inner:
                    def __init__(self, a):
                        self.a = a
            @versioned(1, unstamped=1)
            class Top:
                def __init__(self, a):
                    self.a = a
            """,
    }
    new = {
        "shop.names": """
            from pickle_migrate.registry import DEFAULT
            DEFAULT.rename("shop.old", "shop.core.new")
            """,
        "shop.core.new": "",
        "shop.core.new.models": """
            Lineage("shop.core.new.models:Outer.Inner").upgrade(1, RenameField("a", "b"))
            class Outer:
                @versioned(2, unstamped=1)
                class Inner:
                    pass
            @versioned(1, unstamped=1)
            class Top:
                pass
            """,
    }
    check(
        releases,
        old,
        new,
        "[Outer.Inner(1), Top(2), Outer.Inner(3)]",
        [
            ("shop.core.new.models:Outer.Inner", {"b": 1}),
            ("shop.core.new.models:Top", {"a": 2}),
            ("shop.core.new.models:Outer.Inner", {"b": 3}),
        ],
    )


def test_package_that_moved_into_itself(releases: Releases) -> None:
    """``shop`` became ``shop.core``: what starts with the old name must not move again."""
    check(
        releases,
        {"shop.models": PURCHASE},
        {
            "shop.names": """
                from pickle_migrate.registry import DEFAULT
                DEFAULT.rename("shop", "shop.core")
                """,
            "shop.core.models": PURCHASE,
        },
        "[Purchase(1), Purchase(2)]",
        [("shop.core.models:Purchase", {"a": 1}), ("shop.core.models:Purchase", {"a": 2})],
    )


def test_nested_class_that_became_a_class_of_the_module(releases: Releases) -> None:
    """``Outer.Inner`` is ``Inner`` now, and ``Outer`` is gone: nothing to call getattr on."""
    check(
        releases,
        """
            class Outer:
                class Middle:
                    @versioned(1, unstamped=1)
                    class Inner:
                        def __init__(self, a):
                            self.a = a
            """,
        """
            Lineage("shop:Inner").renamed_from("shop:Outer.Middle.Inner")
            Lineage("shop:Inner").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class Inner:
                pass
            """,
        "[Outer.Middle.Inner(1), Outer.Middle.Inner(2)]",
        [("shop:Inner", {"b": 1}), ("shop:Inner", {"b": 2})],
    )


def test_class_that_became_nested(releases: Releases) -> None:
    """The other way round, with the outer class renamed as well."""
    check(
        releases,
        PURCHASE,
        """
            Lineage("shop:Shop.Order").renamed_from("shop:Purchase")
            Lineage("shop:Shop.Order").upgrade(1, RenameField("a", "b"))
            class Shop:
                @versioned(2, unstamped=1)
                class Order:
                    pass
            """,
        "[Purchase(1), Purchase(2)]",
        [("shop:Shop.Order", {"b": 1}), ("shop:Shop.Order", {"b": 2})],
    )


def test_outer_class_renamed(releases: Releases) -> None:
    """A rename of the outer class takes what is nested in it along."""
    check(
        releases,
        """
            class Outer:
                @versioned(1, unstamped=1)
                class Inner:
                    def __init__(self, a):
                        self.a = a
            """,
        {
            "shop.names": """
                from pickle_migrate.registry import DEFAULT
                DEFAULT.rename("shop:Outer", "shop:Shell")
                """,
            "shop": """
                class Shell:
                    @versioned(1, unstamped=1)
                    class Inner:
                        pass
                """,
        },
        "[Outer.Inner(1), Outer.Inner(2)]",
        [("shop:Shell.Inner", {"a": 1}), ("shop:Shell.Inner", {"a": 2})],
    )


@pytest.mark.parametrize("protocol", range(6))
def test_unstamped_pickle_of_a_renamed_class_under_plain_pickle(protocol: int) -> None:
    """As the documentation says: plain pickle asks nobody for the names of unstamped pickles. It
    raises, and our loader reads them.
    """
    releases = Releases("unstamped")
    data = pickle.dumps(releases.install_old(PURCHASE).Purchase(1), protocol)
    releases.install_new(
        {"shop.names": 'Lineage("shop:Order").renamed_from("shop:Purchase")', "shop": ORDER}
    )
    for loads in (pickle.loads, pickle._loads):  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match="Purchase"):
            loads(data)
    assert vars(pickle_migrate.loads(data)) == {"b": 1}


def test_names_that_swapped(stamped_releases: Releases) -> None:
    """Trap: two classes that swap names make a naive chase loop for ever. What is written at
    version 1 under a name is the other class today; what is written today is not touched.
    """
    check(
        stamped_releases,
        """
            @versioned(1, unstamped=1)
            class Alpha:
                def __init__(self): self.was = "alpha"
            @versioned(1, unstamped=1)
            class Beta:
                def __init__(self): self.was = "beta"
            """,
        """
            alpha, beta = Lineage("shop:Alpha"), Lineage("shop:Beta")
            alpha.renamed_from("shop:Beta", until=1)
            beta.renamed_from("shop:Alpha", until=1)
            alpha.upgrade(1, AddField("now", default="Alpha"))
            beta.upgrade(1, AddField("now", default="Beta"))
            @versioned(2, unstamped=1)
            class Alpha: pass
            @versioned(2, unstamped=1)
            class Beta: pass
            """,
        "[Alpha(), Beta(), Alpha()]",
        [
            ("shop:Beta", {"was": "alpha", "now": "Beta"}),
            ("shop:Alpha", {"was": "beta", "now": "Alpha"}),
            ("shop:Beta", {"was": "alpha", "now": "Beta"}),
        ],
    )


def test_names_that_swapped_in_unstamped_pickles() -> None:
    """Unstamped means: from before the decorator, and so from before the swap."""
    check(
        Releases("unstamped"),
        """
            @versioned(1, unstamped=1)
            class Alpha:
                def __init__(self): self.was = "alpha"
            @versioned(1, unstamped=1)
            class Beta:
                def __init__(self): self.was = "beta"
            """,
        """
            Lineage("shop:Alpha").renamed_from("shop:Beta", until=1)
            Lineage("shop:Beta").renamed_from("shop:Alpha", until=1)
            Lineage("shop:Alpha").upgrade(1, AddField("now", default="Alpha"))
            Lineage("shop:Beta").upgrade(1, AddField("now", default="Beta"))
            @versioned(2, unstamped=1)
            class Alpha: pass
            @versioned(2, unstamped=1)
            class Beta: pass
            """,
        "[Alpha(), Beta()]",
        [
            ("shop:Beta", {"was": "alpha", "now": "Beta"}),
            ("shop:Alpha", {"was": "beta", "now": "Alpha"}),
        ],
    )


def test_names_that_swapped_without_until(stamped_releases: Releases) -> None:
    """Without ``until`` the versions decide where they can: version 1 is from before the swap."""
    check(
        stamped_releases,
        """
            @versioned(1, unstamped=1)
            class Alpha:
                def __init__(self): self.was = "alpha"
            @versioned(1, unstamped=1)
            class Beta:
                def __init__(self): self.was = "beta"
            """,
        """
            Lineage("shop:Alpha").renamed_from("shop:Beta")
            Lineage("shop:Beta").renamed_from("shop:Alpha")
            Lineage("shop:Alpha").upgrade(1, AddField("now", default="Alpha"))
            Lineage("shop:Beta").upgrade(1, AddField("now", default="Beta"))
            @versioned(2, unstamped=1)
            class Alpha: pass
            @versioned(2, unstamped=1)
            class Beta: pass
            """,
        "[Alpha(), Beta()]",
        [
            ("shop:Beta", {"was": "alpha", "now": "Beta"}),
            ("shop:Alpha", {"was": "beta", "now": "Alpha"}),
        ],
    )


def test_name_used_anew_by_another_class(stamped_releases: Releases) -> None:
    """Trap: a rename may be true for some versions only. ``Order`` became ``Invoice``, and later
    another class got the name ``Order``.
    """
    check(
        stamped_releases,
        """
            @versioned(2, unstamped=1)
            class Order:
                def __init__(self): self.old = True
            """,
        """
            Lineage("shop:Invoice").renamed_from("shop:Order", until=2)
            Lineage("shop:Invoice").upgrade(2, AddField("paid", default=False))
            @versioned(3)
            class Invoice: pass
            @versioned(5)
            class Order: pass
            """,
        "[Order(), Order()]",
        [("shop:Invoice", {"old": True, "paid": False})] * 2,
    )


def test_name_that_may_mean_two_classes(stamped_releases: Releases) -> None:
    """Neither version nor fingerprint can tell: refused, with ``until=`` as the advice."""
    old = stamped_releases.install_old("""
        @versioned(2, unstamped=1)
        class Order: pass
        """)
    pickles = written(old.Order())
    stamped_releases.install_new("""
        Lineage("shop:Invoice").renamed_from("shop:Order")
        for version in (1, 2):
            Lineage("shop:Invoice").upgrade(version)
            Lineage("shop:Order").upgrade(version)
        @versioned(3, unstamped=1)
        class Invoice: pass
        @versioned(3, unstamped=1)
        class Order: pass
        """)
    for one in pickles:
        for loads in LOADERS.values():
            with pytest.raises(AmbiguousRenameError, match="until=") as caught:
                loads(one.data)
            assert caught.value.ref == "shop:Order"
            assert set(caught.value.candidates) == {"shop:Order", "shop:Invoice"}


def test_name_claimed_by_two_lineages(stamped_releases: Releases) -> None:
    """Two classes both say that they had the name: refused."""
    old = stamped_releases.install_old(PURCHASE)
    data = pickle.dumps(old.Purchase(1))
    stamped_releases.install_new("""
        Lineage("shop:A").renamed_from("shop:Purchase")
        Lineage("shop:B").renamed_from("shop:Purchase")
        @versioned(1)
        class A: pass
        @versioned(1)
        class B: pass
        """)
    for loads in LOADERS.values():
        with pytest.raises(AmbiguousRenameError) as caught:
            loads(data)
        assert set(caught.value.candidates) == {"shop:A", "shop:B"}


def test_registry_of_its_own(stamped_releases: Releases) -> None:
    """Renames and steps of another registry count for its own classes and for loads that are given
    it, and for no others.
    """
    old = stamped_releases.install_old(PURCHASE)
    data = pickle.dumps([old.Purchase(1), old.Purchase(2)])
    new = stamped_releases.install_new("""
        mine = Registry()
        Lineage("shop:Order", registry=mine).renamed_from("shop:Purchase")
        @migrates("shop:Order", 1, registry=mine)
        def step(state):
            state["b"] = state.pop("a")
        @versioned(2, unstamped=1, registry=mine)
        class Order:
            pass
        """)
    loaded = pickle_migrate.loads(data, registry=new.mine)
    assert [vars(obj) for obj in loaded] == [{"b": 1}, {"b": 2}]
    for loads in LOADERS.values():
        with pytest.raises(UnknownClassError):
            loads(data)
        assert [vars(obj) for obj in loads(pickle.dumps(loaded))] == [{"b": 1}, {"b": 2}]


def test_rename_loop_of_rules() -> None:
    """A rename that closes a circle is refused when it is declared; the rules stay as they were."""
    registry = pickle_migrate.Registry()
    registry.rename("a", "b")
    registry.rename("b", "c")
    with pytest.raises(RenameLoopError) as caught:
        registry.rename("c", "a")
    assert caught.value.refs[0] == caught.value.refs[-1]
    with pytest.raises(RenameLoopError):
        registry.rename("m:A", "m:A")
    assert str(registry.current_ref(pickle_migrate.Lineage("a.x:C").ref)) == "c.x:C"


def test_rename_loop_of_a_lineage_and_a_rule(stamped_releases: Releases) -> None:
    """The lineage leads there and the rule leads back: refused, with all names of the circle."""
    old = stamped_releases.install_old(PURCHASE)
    data = pickle.dumps(old.Purchase(1))
    install("""
        from pickle_migrate import *
        from pickle_migrate.registry import DEFAULT
        Lineage("shop:Order").renamed_from("shop:Purchase")
        DEFAULT.rename("shop:Order", "shop:Purchase")
        """)
    for loads in LOADERS.values():
        with pytest.raises(RenameLoopError) as caught:
            loads(data)
        assert set(caught.value.refs) == {"shop:Order", "shop:Purchase"}


def test_lineages_that_name_each_other_and_have_no_class(stamped_releases: Releases) -> None:
    """That is how a swap looks before its classes are imported; there are none, and it ends."""
    old = stamped_releases.install_old(PURCHASE)
    data = pickle.dumps(old.Purchase(1))
    install("""
        from pickle_migrate import *
        Lineage("shop:Order").renamed_from("shop:Purchase")
        Lineage("shop:Purchase").renamed_from("shop:Order")
        """)
    for loads in LOADERS.values():
        with pytest.raises(UnknownClassError) as caught:
            loads(data)
        assert (caught.value.ref, caught.value.version) == ("shop:Purchase", 1)


def test_class_that_is_gone(stamped_releases: Releases) -> None:
    """A stamp whose class cannot be found: the error names class and version, and what to write."""
    old = stamped_releases.install_old({"shop.old": PURCHASE})
    data = pickle.dumps(old.Purchase(1))
    install("")
    for loads in LOADERS.values():
        with pytest.raises(UnknownClassError, match="renamed_from") as caught:
            loads(data)
        assert (caught.value.ref, caught.value.version) == ("shop.old:Purchase", 1)


def test_class_that_is_not_registered_any_more(stamped_releases: Releases) -> None:
    """The class is there and lost its decorator: refused, since nobody knows its version now."""
    old = stamped_releases.install_old(PURCHASE)
    data = pickle.dumps(old.Purchase(1))
    install("""
        class Purchase: pass
        """)
    for loads in LOADERS.values():
        with pytest.raises(UnknownClassError, match="not registered"):
            loads(data)


def test_shared_text_of_module_name_and_user_data(releases: Releases) -> None:
    """Trap: protocol 4 shares the module-name string with user data through the memo. A rename
    changes what is imported and leaves the data alone.
    """
    old = releases.install_old({"shop.old": PURCHASE})
    module = old.Purchase.__module__
    stamps = "pickle_migrate.stamps"
    pickles = written([module, old.Purchase(module), "Purchase", old.Purchase("Purchase"), stamps])
    releases.install_new(
        {
            "shop": "",
            "shop.models": """
                Lineage("shop.models:Order").renamed_from("shop.old:Purchase")
                Lineage("shop.models:Order").upgrade(1, RenameField("a", "b"))
                @versioned(2, unstamped=1)
                class Order: pass
                """,
        }
    )
    for one in pickles:
        for name, loads in LOADERS.items():
            if releases.are_stamped or name.startswith("pickle_migrate"):
                text, first, word, second, last = loads(one.data)
                assert (text, first.b) == ("shop.old", "shop.old")
                assert (word, second.b) == ("Purchase", "Purchase")
                assert last == "pickle_migrate.stamps"


def test_class_as_a_value(releases: Releases) -> None:
    """A pickle that holds the class itself, as data, beside its objects."""
    old = releases.install_old(PURCHASE)
    pickles = written([old.Purchase, old.Purchase(1), {old.Purchase: 1}])
    new = releases.install_new(
        {
            "shop": ORDER
            + """
    Lineage("shop:Order").renamed_from("shop:Purchase")
    Purchase = Order
    """
        }
    )
    for one in pickles:
        for loads in LOADERS.values():
            cls, obj, by_class = loads(one.data)
            assert cls is new.Order
            assert vars(obj) == {"b": 1}
            assert by_class == {new.Order: 1}


def test_names_with_letters_beyond_ascii(releases: Releases) -> None:
    """Python allows them in names; a stamp is ASCII, and protocols below 3 must hold it."""
    check(
        releases,
        """
            @versioned(1, unstamped=1)
            class Stra\u00dfe:
                def __init__(self, a):
                    self.a = a
            """,
        """
            Lineage("shop:Stra\u00dfe").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class Stra\u00dfe:
                pass
            """,
        "[Stra\u00dfe(1), Stra\u00dfe(2)]",
        [("shop:Stra\u00dfe", {"b": 1}), ("shop:Stra\u00dfe", {"b": 2})],
        lowest_protocol=3,
    )
