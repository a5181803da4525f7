"""Inheritance: each class of the MRO has its own version and its own steps."""

from __future__ import annotations

import pickle
import pickletools

import pytest
from releases import LOADERS, Releases, fields_of, install, written

from pickle_migrate.errors import MigrationError, NewerVersionError, StateError, UnstampedError


def stamps_in(data: bytes) -> list[str]:
    """The stamps that a pickle names, read from its opcodes."""
    texts = [arg for _, arg, _ in pickletools.genops(data) if isinstance(arg, str)]
    found = (text.removeprefix("pickle_migrate.stamps ") for text in texts)
    return list(dict.fromkeys(text for text in found if ":" in text and "@" in text))


def test_each_class_has_its_own_lineage(releases: Releases) -> None:
    """Base and derived class at different versions; the base's steps run first."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class Base:
                def __init__(self):
                    self.base = 1
            @versioned(1, unstamped=1)
            class C(Base):
                def __init__(self):
                    super().__init__()
                    self.own = 2
            """,
        new="""
            Lineage("shop:Base").upgrade(1, RenameField("base", "root"))
            Lineage("shop:C").upgrade(1, ConvertField("own", lambda n: [n]))
            @migrates("shop:C", 2)
            def copy_of_root(state):
                state["copy"] = state["root"]
            @versioned(2, unstamped=1)
            class Base:
                pass
            @versioned(3, unstamped=1)
            class C(Base):
                pass
            """,
        make="[C(), Base(), C()]",
        expected=[
            {"root": 1, "own": [2], "copy": 1},
            {"root": 1},
            {"root": 1, "own": [2], "copy": 1},
        ],
    )


def test_only_the_base_is_old(releases: Releases) -> None:
    """The class itself is current; the base it inherits from is not."""
    source = """
        @versioned(VERSION, unstamped=1)
        class Base:
            def __init__(self):
                self.base = 1
        @versioned(1, unstamped=1)
        class C(Base):
            pass
        """
    releases.check(
        old=source.replace("VERSION", "1"),
        new={
            "shop.steps": 'Lineage("shop:Base").upgrade(1, RenameField("base", "root"))',
            "shop": source.replace("VERSION", "2"),
        },
        make="[C(), Base()]",
        expected=[{"root": 1}, {"root": 1}],
    )


def test_a_stamp_names_every_registered_class_of_the_mro() -> None:
    """A scan of the globals tells all versions, without a look at any state."""
    shop = install("""
        from pickle_migrate import *
        @versioned(4)
        class Base: pass
        class Middle(Base): pass
        @versioned(2)
        class C(Middle): pass
        class Free(C): pass
        """)
    assert stamps_in(pickle.dumps(shop.C(), 4)) == ["shop:C@2+shop:Base@4"]
    assert stamps_in(pickle.dumps(shop.Middle(), 4)) == ["shop:Middle@0+shop:Base@4"]
    assert stamps_in(pickle.dumps(shop.Free(), 4)) == ["shop:Free@0+shop:C@2+shop:Base@4"]


def test_version_is_not_inherited(releases: Releases) -> None:
    """Trap: a version read by getattr is inherited. A subclass has no version of its base's."""
    source = """
        @versioned(BASE, unstamped=1)
        class Base:
            def __init__(self):
                self.a = 1
        @versioned(OWN, unstamped=1)
        class C(Base):
            pass
        """
    steps = """
        base = Lineage("shop:Base")
        base.upgrade(1, AddField("base2", default=True))
        base.upgrade(2, AddField("base3", default=True))
        Lineage("shop:C").upgrade(1, AddField("own2", default=True))
        """
    releases.check(
        old=source.replace("BASE", "1").replace("OWN", "1"),
        new={"shop.steps": steps, "shop": source.replace("BASE", "3").replace("OWN", "2")},
        make="[C(), Base()]",
        expected=[
            {"a": 1, "base2": True, "base3": True, "own2": True},
            {"a": 1, "base2": True, "base3": True},
        ],
    )


# --- subclasses that nobody registered --------------------------------------------------------


def test_unregistered_subclass(releases: Releases) -> None:
    """It is stamped by itself as version 0, and its registered base's steps run."""
    source = """
        @versioned(VERSION, unstamped=1)
        class Base:
            def __init__(self, a):
                self.a = a
        class C(Base):
            def __init__(self, a, own):
                super().__init__(a)
                self.own = own
        class Deeper(C):
            pass
        """
    releases.check(
        old=source.replace("VERSION", "1"),
        new={
            "shop.steps": 'Lineage("shop:Base").upgrade(1, RenameField("a", "b"))',
            "shop": source.replace("VERSION", "2"),
        },
        make="[C(1, 2), Deeper(3, 4), Base(5)]",
        expected=[{"b": 1, "own": 2}, {"b": 3, "own": 4}, {"b": 5}],
    )


def test_current_unregistered_subclass_runs_no_step(releases: Releases) -> None:
    """Trap: copyreg matches the exact type, so an unregistered subclass inherits ``__setstate__``
    and no reducer; written by today's code, it must not be migrated as if it were old.
    """
    new = install(
        releases.new_source("""
            @migrates("shop:Base", 1)
            def step(state):
                raise AssertionError("a current object was migrated")
            @versioned(2, unstamped=1)
            class Base:
                def __init__(self, a):
                    self.a = a
            class C(Base):
                pass
            class WithSlots(Base):
                __slots__ = ("s",)
            """)
    )
    objects = [new.C(1), new.C(2), new.WithSlots(3), new.C("x")]
    objects[2].s = 4
    for one in written(objects):
        for loads in LOADERS.values():
            loaded = loads(one.data)
            assert [fields_of(obj) for obj in loaded] == [
                {"a": 1},
                {"a": 2},
                {"a": 3, "s": 4},
                {"a": "x"},
            ]
            assert [type(obj) for obj in loaded] == [new.C, new.C, new.WithSlots, new.C]


@pytest.mark.parametrize(
    "method",
    [
        "def __setstate__(self, state):\n        super().__setstate__(state)",
        "def __setstate__(self, state):\n        self.__dict__.update(state)",
        "def __getstate__(self):\n        return dict(super().__getstate__())",
        "def __getstate__(self):\n        return dict(self.__dict__)",
        "def __reduce_ex__(self, protocol):\n        return super().__reduce_ex__(protocol)",
        "def __reduce__(self):\n        return object.__new__, (C,), dict(self.__dict__)",
        "def __reduce_ex__(self, protocol):\n"
        "        function, args, state, *rest = super().__reduce_ex__(protocol)\n"
        "        return (function, args, dict(state), *rest)",
        "def __getnewargs__(self):\n        return ()",
        "def __copy__(self):\n        return C(self.__dict__.get('a', self.__dict__.get('b')))",
    ],
    ids=lambda text: "-".join(text.split()[1:6]).replace("(self", "")[:40],
)
def test_unregistered_subclass_with_its_own_method(stamped_releases: Releases, method: str) -> None:
    """It overrides one of pickle's methods, with or without ``super()``: no step runs twice, and a
    current object runs none.
    """
    source = f"""
@versioned(VERSION, unstamped=1)
class Base:
    def __init__(self, a):
        self.a = a
    def __setstate__(self, state):
        self.__dict__.update(state)
class C(Base):
    {method}
"""
    if "super().__setstate__" not in method:
        source = source.replace(
            "    def __setstate__(self, state):\n        self.__dict__.update(state)\nclass C",
            "class C",
        )
    stamped_releases.check(
        old=source.replace("VERSION", "1"),
        new={
            "shop.steps": 'Lineage("shop:Base").upgrade(1, RenameField("a", "b"))',
            "shop": source.replace("VERSION", "2"),
        },
        make="[C(1), C(2), C('x')]",
        expected=[{"b": 1}, {"b": 2}, {"b": "x"}],
        copies="__copy__" not in method,
    )


def test_unstamped_subclass_with_its_own_setstate(releases: Releases) -> None:
    """An unregistered subclass whose ``__setstate__`` calls ``super()``, in pickles of any kind."""
    source = """
        @versioned(VERSION, unstamped=1)
        class Base:
            def __init__(self, a):
                self.a = a
            def __setstate__(self, state):
                self.__dict__.update(state)
        class C(Base):
            def __setstate__(self, state):
                super().__setstate__(state)
                self.seen = True
        """
    releases.check(
        old=source.replace("VERSION", "1"),
        new={
            "shop.steps": 'Lineage("shop:Base").upgrade(1, RenameField("a", "b"))',
            "shop": source.replace("VERSION", "2"),
        },
        make="[C(1), C(2)]",
        view=lambda obj: {k: v for k, v in fields_of(obj).items() if k != "seen"},
        expected=[{"b": 1}, {"b": 2}],
    )


def test_unregistered_subclass_of_a_builtin_and_a_registered_class(
    stamped_releases: Releases,
) -> None:
    """The subclass gets its builtin value from another base."""
    source = """
        @versioned(VERSION, unstamped=1)
        class Base:
            pass
        class C(Base, dict):
            pass
        def mk(a, **items):
            c = C(items)
            c.a = a
            return c
        """
    stamped_releases.check(
        old=source.replace("VERSION", "1"),
        new={
            "shop.steps": 'Lineage("shop:Base").upgrade(1, RenameField("a", "b"))',
            "shop": source.replace("VERSION", "2"),
        },
        make="[mk(1, x=2), mk(3)]",
        view=lambda obj: (dict(obj), vars(obj)),
        expected=[({"x": 2}, {"b": 1}), ({}, {"b": 3})],
    )


@pytest.mark.parametrize("way", ["hooked", "unstamped"])
def test_subclass_that_is_registered_later(way: str) -> None:
    """Pickles from when the subclass was not registered have no version of its own: it has to say
    which one that is.
    """
    Releases(way).check(
        old="""
            @versioned(1, unstamped=1)
            class Base:
                def __init__(self, a):
                    self.a = a
            class C(Base):
                pass
            """,
        new="""
            Lineage("shop:Base").upgrade(1, RenameField("a", "b"))
            Lineage("shop:C").upgrade(1, AddField("own", default=0))
            @versioned(2, unstamped=1)
            class Base:
                pass
            @versioned(2, unstamped=1)
            class C(Base):
                pass
            """,
        make="[C(1), C(2)]",
        expected=[{"b": 1, "own": 0}, {"b": 2, "own": 0}],
    )


def test_subclass_that_is_registered_later_and_does_not_say_so() -> None:
    """Refused; the advice names ``unstamped=``."""
    old = install("""
        from pickle_migrate import *
        @versioned(1)
        class Base: pass
        class C(Base): pass
        """)
    pickles = written(old.C())
    install("""
        from pickle_migrate import *
        @versioned(1)
        class Base: pass
        @versioned(2)
        class C(Base): pass
        """)
    for one in pickles:
        for loads in LOADERS.values():
            with pytest.raises(UnstampedError, match="unstamped=1") as caught:
                loads(one.data)
            assert (caught.value.ref, caught.value.current) == ("shop:C", 2)


def test_base_that_is_registered_after_its_subclass_was() -> None:
    """A decorator called by hand, in another order: the base stands in the subclass's stamps."""
    shop = install("""
        from pickle_migrate import *
        class Base: pass
        @versioned(1)
        class C(Base): pass
        class Free(Base): pass
        versioned(3)(Base)
        """)
    assert stamps_in(pickle.dumps(shop.C(), 4)) == ["shop:C@1+shop:Base@3"]
    assert stamps_in(pickle.dumps(shop.Free(), 4)) == ["shop:Free@0+shop:Base@3"]
    for one in written([shop.C(), shop.Free(), shop.Base()]):
        for loads in LOADERS.values():
            assert [type(obj) for obj in loads(one.data)] == [shop.C, shop.Free, shop.Base]


# --- several bases ----------------------------------------------------------------------------


def test_mixins(releases: Releases) -> None:
    """Two registered mixins beside a registered base, each with its own steps."""
    source = """
        @versioned(VERSION, unstamped=1)
        class Timed:
            time = 0
        @versioned(VERSION, unstamped=1)
        class Named:
            name = ""
        @versioned(VERSION, unstamped=1)
        class C(Timed, Named):
            def __init__(self, a):
                self.time, self.name, self.a = a, a, a
        """
    releases.check(
        old=source.replace("VERSION", "1"),
        new={
            "shop.steps": """
                Lineage("shop:Timed").upgrade(1, ConvertField("time", lambda t: ("s", t)))
                Lineage("shop:Named").upgrade(1, ConvertField("name", str))
                Lineage("shop:C").upgrade(1, RenameField("a", "b"))
                """,
            "shop": source.replace("VERSION", "2"),
        },
        make="[C(1), C(2)]",
        expected=[
            {"time": ("s", 1), "name": "1", "b": 1},
            {"time": ("s", 2), "name": "2", "b": 2},
        ],
    )


def test_diamond(releases: Releases) -> None:
    """The base at the top of a diamond has its steps run once, before all others, and the steps run
    from the end of the MRO to its beginning.
    """
    source = """
        @versioned(VERSION, unstamped=1)
        class Top:
            def __init__(self):
                self.order = []
        @versioned(VERSION, unstamped=1)
        class Left(Top): pass
        @versioned(VERSION, unstamped=1)
        class Right(Top): pass
        @versioned(VERSION, unstamped=1)
        class C(Left, Right): pass
        """
    steps = """
        def note(name):
            return ConvertField("order", lambda order: [*order, name])
        for name in ("C", "Left", "Right", "Top"):
            Lineage(f"shop:{name}").upgrade(1, note(name))
        """
    releases.check(
        old=source.replace("VERSION", "1"),
        new={"shop.steps": steps, "shop": source.replace("VERSION", "2")},
        make="[C(), Left(), C()]",
        expected=[
            {"order": ["Top", "Right", "Left", "C"]},
            {"order": ["Top", "Left"]},
            {"order": ["Top", "Right", "Left", "C"]},
        ],
    )


def test_diamond_with_slots_in_one_branch(releases: Releases) -> None:
    """Slots in one branch, a ``__dict__`` in the other."""
    source = """
        @versioned(VERSION, unstamped=1)
        class Left:
            __slots__ = ("left",)
        @versioned(VERSION, unstamped=1)
        class Right:
            pass
        @versioned(VERSION, unstamped=1)
        class C(Left, Right):
            def __init__(self, a):
                self.left, self.right = a, [a]
        """
    releases.check(
        old=source.replace("VERSION", "1"),
        new={
            "shop.steps": """
                Lineage("shop:Left").upgrade(1, ConvertField("left", str))
                Lineage("shop:Right").upgrade(1, RenameField("right", "r"))
                Lineage("shop:C").upgrade(1)
                """,
            "shop": source.replace("VERSION", "2"),
        },
        make="[C(1), C(2)]",
        expected=[{"left": "1", "r": [1]}, {"left": "2", "r": [2]}],
        lowest_protocol=2,
    )


# --- the MRO changes --------------------------------------------------------------------------


def test_base_inserted_later(releases: Releases) -> None:
    """Trap: a base that was inserted after the data was written has no recorded version. Its
    ``unstamped`` version says from where its steps run.
    """
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
            """,
        new="""
            Lineage("shop:Base").upgrade(1, AddField("base", default="new"))
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped= 1)
            class Base:
                pass
            @versioned(2, unstamped=1)
            class C(Base):
                pass
            """,
        make="[C(1), C(2)]",
        expected=[{"base": "new", "b": 1}, {"base": "new", "b": 2}],
    )


@pytest.mark.parametrize("loader", LOADERS)
def test_base_inserted_later_without_a_version_for_old_pickles(loader: str) -> None:
    """The inserted base does not say which version old pickles have: refused."""
    old = install("""
        from pickle_migrate import *
        @versioned(1)
        class C: pass
        """)
    pickles = written(old.C())
    install("""
        from pickle_migrate import *
        Lineage("shop:Base").upgrade(1, AddField("base", default="new"))
        Lineage("shop:C").upgrade(1)
        @versioned(2)
        class Base: pass
        @versioned(2)
        class C(Base): pass
        """)
    for one in pickles:
        with pytest.raises(StateError, match="unstamped=1") as caught:
            LOADERS[loader](one.data)
        assert caught.value.ref == "shop:Base"


def test_base_inserted_at_its_first_version(releases: Releases) -> None:
    """A base at version 1 has no steps, so there is nothing that could be missing."""
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class C:
                def __init__(self, a):
                    self.a = a
            """,
        new="""
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(1)
            class Base:
                pass
            @versioned(2, unstamped=1)
            class C(Base):
                pass
            """,
        make="[C(1), C(2)]",
        expected=[{"b": 1}, {"b": 2}],
    )


def test_base_removed_later(releases: Releases) -> None:
    """Trap: a removed base leaves its version and its fields behind. The class's next version says
    what becomes of them.
    """
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class Base:
                base = 0
            @versioned(1, unstamped=1)
            class C(Base):
                def __init__(self, a):
                    self.base, self.a = 5, a
            """,
        new="""
            Lineage("shop:C").upgrade(1, RemoveField("base"))
            @versioned(2, unstamped=1)
            class C:
                pass
            """,
        make="[C(1), C(2)]",
        expected=[{"a": 1}, {"a": 2}],
    )


@pytest.mark.parametrize("loader", LOADERS)
def test_base_removed_without_a_new_version(loader: str) -> None:
    """The class kept its version, so nobody said what becomes of the base's fields: refused."""
    old = install("""
        from pickle_migrate import *
        @versioned(3)
        class Base: pass
        @versioned(1)
        class C(Base): pass
        """)
    pickles = written(old.C())
    install("""
        from pickle_migrate import *
        @versioned(1)
        class C: pass
        """)
    for one in pickles:
        with pytest.raises(StateError, match=r"renamed_from\('shop:Base'\)") as caught:
            LOADERS[loader](one.data)
        assert caught.value.ref == "shop:C"


def test_base_renamed(releases: Releases) -> None:
    """A stamp's base is found under its new name, and its steps run from the written version;
    its private attributes are renamed with it.
    """
    releases.check(
        old="""
            @versioned(1, unstamped=1)
            class Base:
                pass
            @versioned(1, unstamped=1)
            class C(Base):
                def __init__(self, a):
                    self._Base__secret, self.a = "hidden", a
            """,
        new="""
            root = Lineage("shop:Root")
            root.renamed_from("shop:Base")
            root.upgrade(1, AddField("root", default=True))
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2, unstamped=1)
            class Root:
                def secret(self):
                    return self.__secret
            @versioned(2, unstamped=1)
            class C(Root):
                pass
            """,
        make="[C(1), C(2)]",
        view=lambda obj: (
            obj.secret() if hasattr(obj, "secret") else "hidden",
            {k: v for k, v in fields_of(obj).items() if "secret" not in k},
        ),
        expected=[("hidden", {"root": True, "b": 1}), ("hidden", {"root": True, "b": 2})],
    )


def test_private_attributes_of_a_renamed_class(stamped_releases: Releases) -> None:
    """Trap: private attributes are stored under the class's name, so renaming the class renames its
    private state. Its methods find them under the new name.
    """
    old = stamped_releases.install_old("""
        @versioned(1, unstamped=1)
        class Purchase:
            def __init__(self, a):
                self.__secret = a
        """)
    pickles = written([old.Purchase(1), old.Purchase(2)])
    stamped_releases.install_new("""
        Lineage("shop:Order").renamed_from("shop:Purchase")
        Lineage("shop:Order").upgrade(1, AddField("z", default=9))
        @versioned(2, unstamped=1)
        class Order:
            def read(self):
                return self.__secret
        """)
    for one in pickles:
        for loads in LOADERS.values():
            loaded = loads(one.data)
            assert [obj.read() for obj in loaded] == [1, 2]
            assert [vars(obj) for obj in loaded] == [
                {"_Order__secret": 1, "z": 9},
                {"_Order__secret": 2, "z": 9},
            ]


def test_newer_base(stamped_releases: Releases) -> None:
    """A base that is newer in the pickle than in the code is refused, though the class is known."""
    source = """
        from pickle_migrate import *
        @versioned({base})
        class Base: pass
        @versioned(1)
        class C(Base): pass
        """
    new = install(source.format(base=3))
    pickles = written(new.C())
    install(source.format(base=2))
    for one in pickles:
        for loads in LOADERS.values():
            with pytest.raises(NewerVersionError) as caught:
                loads(one.data)
            error = caught.value
            assert (error.ref, error.written, error.current) == ("shop:Base", 3, 2)


def test_all_problems_of_all_classes_are_errors_of_one_family() -> None:
    """Whatever is wrong about any class of the MRO, a caller catches MigrationError."""
    for error in (NewerVersionError, StateError, UnstampedError):
        assert issubclass(error, MigrationError)
        assert issubclass(error, pickle.UnpicklingError)
