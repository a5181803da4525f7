"""Dataclasses, attrs classes and namedtuples: classes whose fields are declared.

Every new release puts a new field first. A state that is read by position would shift all values.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from releases import LOADERS, Releases, fields_of, install

from pickle_migrate.errors import StateError, UnsupportedShapeError

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
CHANGE = """
    Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
    """
POSITIONS = """
    Lineage("shop:C").fields(1, "a", "n")
    """
MAKE = "[C(1, None), C('x', [2]), C(3, 4)]"
EXPECTED = [
    {"b": 1, "z": 9, "n": None},
    {"b": "x", "z": 9, "n": [2]},
    {"b": 3, "z": 9, "n": 4},
]


# --- dataclasses ------------------------------------------------------------------------------


def dataclass_releases(options: str) -> tuple[str, str]:
    old = f"""
    from dataclasses import dataclass
    @versioned(1, unstamped=1)
    @dataclass({options})
    class C:
        a: object
        n: object
    """
    new = f"""
    from dataclasses import dataclass
    @versioned(2, unstamped=1)
    @dataclass({options})
    class C:
        z: int
        n: object
        b: object
    """
    return old, new


def test_dataclass(releases: Releases) -> None:
    """A plain dataclass keeps its fields in ``__dict__``."""
    old, new = dataclass_releases("")
    releases.check(old=old, new=CHANGE + new, make=MAKE, expected=EXPECTED)


def test_frozen_dataclass(releases: Releases) -> None:
    """A frozen dataclass refuses assignment; its state comes back all the same."""
    old, new = dataclass_releases("frozen=True")
    releases.check(old=old, new=CHANGE + new, make=MAKE, expected=EXPECTED)


def test_dataclass_with_slots(releases: Releases) -> None:
    """A dataclass with slots; unregistered, Python 3.11 writes its values by position."""
    old, new = dataclass_releases("slots=True")
    releases.check(
        old=old, new=CHANGE + POSITIONS + new, make=MAKE, expected=EXPECTED, lowest_protocol=2
    )


def test_frozen_dataclass_with_slots(releases: Releases) -> None:
    """Trap: its unregistered state is a bare list by position. A field that is inserted first must
    not shift the values; ``fields`` says what stood where.
    """
    old, new = dataclass_releases("frozen=True, slots=True")
    releases.check(
        old=old, new=CHANGE + POSITIONS + new, make=MAKE, expected=EXPECTED, lowest_protocol=2
    )


def test_dataclass_with_weakref_slot(releases: Releases) -> None:
    """``weakref_slot=True`` adds a slot that is no field."""
    old, new = dataclass_releases("slots=True, frozen=True, weakref_slot=True")
    releases.check(
        old=old, new=CHANGE + POSITIONS + new, make=MAKE, expected=EXPECTED, lowest_protocol=2
    )


def test_keyword_only_dataclass(releases: Releases) -> None:
    """``kw_only`` changes the constructor, and pickle does not call it."""
    old, new = dataclass_releases("kw_only=True")
    releases.check(
        old=old,
        new=CHANGE + new,
        make=MAKE.replace("C(", "mk(").replace("mk", "(lambda a, n: C(a=a, n=n))"),
        expected=EXPECTED,
    )


def test_dataclass_with_initvar_classvar_and_default(releases: Releases) -> None:
    """InitVar and ClassVar are no fields; a default stands on the class, not in the object."""
    releases.check(
        old="""
            from dataclasses import InitVar, dataclass, field
            from typing import ClassVar
            @versioned(1, unstamped=1)
            @dataclass
            class C:
                rate: ClassVar[int] = 5
                a: int
                seed: InitVar[int] = 0
                hidden: int = field(default=3, repr=False, compare=False)
                computed: int = field(init=False)
                def __post_init__(self, seed):
                    self.computed = self.a + seed
            """,
        new="""
            from dataclasses import InitVar, dataclass, field
            from typing import ClassVar
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
            @versioned(2, unstamped=1)
            @dataclass
            class C:
                rate: ClassVar[int] = 6
                z: int
                b: int
                seed: InitVar[int] = 0
                hidden: int = field(default=4, repr=False, compare=False)
                computed: int = field(init=False)
                def __post_init__(self, seed):
                    raise ValueError("pickle does not build objects by __init__")
            """,
        make="[C(1), C(2, seed=10)]",
        expected=[
            {"b": 1, "z": 9, "hidden": 3, "computed": 1},
            {"b": 2, "z": 9, "hidden": 3, "computed": 12},
        ],
    )


def test_missing_field_with_a_class_default(releases: Releases) -> None:
    """Trap: a missing field with a plain default seems to work, because the class attribute
    answers, and is still missing after saving again. AddField puts it into the object.
    """
    releases.check(
        old="""
            from dataclasses import dataclass
            @versioned(1, unstamped=1)
            @dataclass
            class C:
                a: int
            """,
        new="""
            from dataclasses import dataclass
            Lineage("shop:C").upgrade(1, AddField("currency", default="EUR"))
            @versioned(2, unstamped=1)
            @dataclass
            class C:
                a: int
                currency: str = "USD"
            """,
        make="[C(1), C(2)]",
        expected=[{"a": 1, "currency": "EUR"}, {"a": 2, "currency": "EUR"}],
    )


def test_dataclass_that_inherits(releases: Releases) -> None:
    """Base and derived dataclass, each with a lineage; slots and frozen in both."""
    releases.check(
        old="""
            from dataclasses import dataclass
            @versioned(1, unstamped=1)
            @dataclass(frozen=True, slots=True)
            class Base:
                a: int
            @versioned(1, unstamped=1)
            @dataclass(frozen=True, slots=True)
            class C(Base):
                c: int
            """,
        new="""
            from dataclasses import dataclass
            Lineage("shop:Base").upgrade(1, RenameField("a", "b"))
            Lineage("shop:Base").fields(1, "a")
            Lineage("shop:C").upgrade(1, AddField("z", default=9))
            Lineage("shop:C").fields(1, "a", "c")
            @versioned(2, unstamped=1)
            @dataclass(frozen=True, slots=True)
            class Base:
                b: int
            @versioned(2, unstamped=1)
            @dataclass(frozen=True, slots=True)
            class C(Base):
                z: int
                c: int
            """,
        make="[C(1, 2), Base(3), C(4, 5)]",
        expected=[{"b": 1, "z": 9, "c": 2}, {"b": 3}, {"b": 4, "z": 9, "c": 5}],
        lowest_protocol=2,
    )


# --- attrs ------------------------------------------------------------------------------------


def attrs_releases(options: str) -> tuple[str, str]:
    old = f"""
    import attrs
    @versioned(1, unstamped=1)
    @attrs.{options}
    class C:
        a: object
        n: object
    """
    new = f"""
    import attrs
    @versioned(2, unstamped=1)
    @attrs.{options}
    class C:
        z: int
        n: object
        b: object
    """
    return old, new


def test_attrs_class_with_dict(releases: Releases) -> None:
    """``define(slots=False)`` keeps the fields in ``__dict__``."""
    old, new = attrs_releases("define(slots=False)")
    releases.check(old=old, new=CHANGE + new, make=MAKE, expected=EXPECTED)


def test_attrs_class_with_slots(releases: Releases) -> None:
    """``define`` makes slots, and since attrs 22.2 their state is a dict by name."""
    old, new = attrs_releases("define")
    releases.check(old=old, new=CHANGE + new, make=MAKE, expected=EXPECTED)


def test_frozen_attrs_class_with_slots(releases: Releases) -> None:
    """``frozen`` refuses assignment; its state comes back all the same."""
    old, new = attrs_releases("frozen")
    releases.check(old=old, new=CHANGE + new, make=MAKE, expected=EXPECTED)


def test_frozen_attrs_class_with_dict(releases: Releases) -> None:
    """As above, with the fields in ``__dict__``."""
    old, new = attrs_releases("frozen(slots=False)")
    releases.check(old=old, new=CHANGE + new, make=MAKE, expected=EXPECTED)


@pytest.mark.parametrize("slots", ["True", "False"])
def test_attrs_class_that_caches_its_hash(releases: Releases, slots: str) -> None:
    """A cached hash is of the old values, and of the old process: it must not come back."""
    old, new = attrs_releases(f"frozen(cache_hash=True, slots={slots})")
    releases.check(
        old=old.replace("n: object", "n: object = attrs.field(eq=False)"),
        new=CHANGE + new.replace("n: object", "n: object = attrs.field(eq=False)"),
        make="[(hash(c), c)[1] for c in " + MAKE + "]",
        view=lambda obj: (
            {k: v for k, v in fields_of(obj).items() if k != "_attrs_cached_hash"},
            hash(obj) == hash(type(obj)(**{k: getattr(obj, k) for k in obj.__match_args__})),
        ),
        expected=[(fields, True) for fields in EXPECTED],
    )


def test_attrs_class_that_inherits(releases: Releases) -> None:
    """Base and derived attrs class with slots, each with a lineage."""
    releases.check(
        old="""
            import attrs
            @versioned(1, unstamped=1)
            @attrs.define
            class Base:
                a: int
            @versioned(1, unstamped=1)
            @attrs.define
            class C(Base):
                c: int
            """,
        new="""
            import attrs
            Lineage("shop:Base").upgrade(1, RenameField("a", "b"))
            Lineage("shop:C").upgrade(1, AddField("z", default=9))
            @versioned(2, unstamped=1)
            @attrs.define
            class Base:
                b: int
            @versioned(2, unstamped=1)
            @attrs.define
            class C(Base):
                z: int
                c: int
            """,
        make="[C(1, 2), Base(3), C(4, 5)]",
        expected=[{"b": 1, "z": 9, "c": 2}, {"b": 3}, {"b": 4, "z": 9, "c": 5}],
    )


def test_attrs_class_with_private_and_aliased_fields(releases: Releases) -> None:
    """The state has the attribute's name, not the constructor's."""
    releases.check(
        old="""
            import attrs
            @versioned(1, unstamped=1)
            @attrs.define
            class C:
                _a: int
                long: int = attrs.field(alias="short", default=3)
            """,
        new="""
            import attrs
            Lineage("shop:C").upgrade(1, RenameField("_a", "_b"))
            @versioned(2, unstamped=1)
            @attrs.define
            class C:
                long: int
                _b: int
            """,
        make="[C(a=1), C(a=2, short=4)]",
        expected=[{"_b": 1, "long": 3}, {"_b": 2, "long": 4}],
    )


ATTRS_21_4 = sorted((FIXTURES / "pickles" / "attrs_21_4").rglob("pairs.p*.pickle"))


def test_attrs_tuple_state_of_before_22_2_is_in_the_archive() -> None:
    """The test below has files to load, of every protocol."""
    assert {path.name.split(".")[1] for path in ATTRS_21_4} == {f"p{n}" for n in range(6)}


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("path", ATTRS_21_4, ids=lambda path: path.name)
def test_attrs_tuple_state_of_before_22_2(path: Path, loader: str) -> None:
    """Trap: attrs before 22.2 wrote slots by position; these bytes were written by attrs 21.4. Read
    into today's order without the names, ``a`` and ``b`` would be exchanged with no error.
    """
    install(
        {
            "pairs": """
            import attrs
            from pickle_migrate import *
            pair = Lineage("pairs:Pair")
            pair.fields(1, "a", "b")
            pair.upgrade(1, AddField("c", default=None))
            @versioned(2, unstamped=1)
            @attrs.define
            class Pair:
                b: str
                a: str
                c: str | None
            """
        }
    )
    loaded = LOADERS[loader](path.read_bytes())
    assert [fields_of(pair) for pair in loaded] == [
        {"a": "first", "b": "second", "c": None},
        {"a": "third", "b": "fourth", "c": None},
    ]


@pytest.mark.parametrize("loader", LOADERS)
def test_attrs_tuple_state_without_names_is_refused(loader: str) -> None:
    """Nothing says which fields the values by position are: an error that says how to tell."""
    install(
        {
            "pairs": """
            import attrs
            from pickle_migrate import *
            Lineage("pairs:Pair").upgrade(1, AddField("c", default=None))
            @versioned(2, unstamped=1)
            @attrs.define
            class Pair:
                b: str
                a: str
                c: str | None
            """
        }
    )
    with pytest.raises(StateError, match=r"Lineage\('pairs:Pair'\).fields\(1") as caught:
        LOADERS[loader](ATTRS_21_4[0].read_bytes())
    assert (caught.value.ref, caught.value.version) == ("pairs:Pair", 1)


@pytest.mark.parametrize(
    "decorator", ["dataclasses.dataclass(slots=True)", "attrs.define", "attrs.frozen"]
)
def test_decorators_in_the_other_order(releases: Releases, decorator: str) -> None:
    """A decorator that makes the class anew, outside of ``versioned``: the documentation says to
    put it inside, and no value is lost where somebody does not.
    """
    source = f"""
        import attrs, dataclasses
        @{decorator}
        @versioned(VERSION, unstamped=1)
        class C:
            a: int
        """
    changed = source.replace("VERSION", "2").replace("a: int", "z: int\n            b: int")
    releases.check(
        old=source.replace("VERSION", "1"),
        new={"shop.steps": CHANGE, "shop": changed},
        make="[C(1), C(2)]",
        expected=[{"b": 1, "z": 9}, {"b": 2, "z": 9}],
        lowest_protocol=2,
    )


# --- namedtuples ------------------------------------------------------------------------------


def test_namedtuple(stamped_releases: Releases) -> None:
    """Trap: a namedtuple is written by position. Stamped ones are written and read by name."""
    stamped_releases.check(
        old="""
            from collections import namedtuple
            C = versioned(1)(namedtuple("C", "a n"))
            """,
        new="""
            from collections import namedtuple
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
            C = versioned(2)(namedtuple("C", "z n b"))
            """,
        make=MAKE,
        view=lambda obj: (len(obj), obj._asdict()),
        expected=[(3, fields) for fields in EXPECTED],
    )


def test_typed_namedtuple(stamped_releases: Releases) -> None:
    """``typing.NamedTuple``: two fields of one type that changed places."""
    stamped_releases.check(
        old="""
            from typing import NamedTuple
            @versioned(1)
            class C(NamedTuple):
                first: str
                second: str
            """,
        new="""
            from typing import NamedTuple
            Lineage("shop:C").upgrade(1)
            @versioned(2)
            class C(NamedTuple):
                second: str
                first: str
            """,
        make="[C('one', 'two'), C('three', 'four')]",
        view=lambda obj: (tuple(obj), obj.first, obj.second),
        expected=[(("two", "one"), "one", "two"), (("four", "three"), "three", "four")],
    )


def test_subclass_of_a_namedtuple_with_slots(stamped_releases: Releases) -> None:
    """``class C(namedtuple(...))`` with empty slots is a tuple and nothing more."""
    stamped_releases.check(
        old="""
            from collections import namedtuple
            @versioned(1)
            class C(namedtuple("C", "a n")):
                __slots__ = ()
            """,
        new="""
            from collections import namedtuple
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
            @versioned(2)
            class C(namedtuple("C", "z n b")):
                __slots__ = ()
            """,
        make=MAKE,
        view=lambda obj: obj._asdict(),
        expected=EXPECTED,
    )


def test_subclass_of_a_namedtuple_with_dict(stamped_releases: Releases) -> None:
    """A subclass without slots has a ``__dict__`` beside its fields."""
    stamped_releases.check(
        old="""
            from collections import namedtuple
            @versioned(1)
            class C(namedtuple("C", "a n")):
                pass
            def mk(a, n):
                c = C(a, n)
                c.note = [n]
                return c
            """,
        new="""
            from collections import namedtuple
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
            @versioned(2)
            class C(namedtuple("C", "z n b")):
                pass
            """,
        make="[mk(1, None), mk(3, 4), C(5, 6)]",
        view=lambda obj: (obj._asdict(), vars(obj)),
        expected=[
            ({"z": 9, "n": None, "b": 1}, {"note": [None]}),
            ({"z": 9, "n": 4, "b": 3}, {"note": [4]}),
            ({"z": 9, "n": 6, "b": 5}, {}),
        ],
    )


def test_namedtuple_with_its_own_new(stamped_releases: Releases) -> None:
    """A ``__new__`` that takes other arguments gets the fields by position, as from pickle."""
    stamped_releases.check(
        old="""
            from collections import namedtuple
            @versioned(1)
            class C(namedtuple("C", "a n")):
                def __new__(cls, a, n="default"):
                    return super().__new__(cls, a, n)
            """,
        new="""
            from collections import namedtuple
            Lineage("shop:C").upgrade(1, RenameField("a", "b"), AddField("z", default=9))
            @versioned(2)
            class C(namedtuple("C", "z n b")):
                def __new__(cls, z, n, b=None):
                    return super().__new__(cls, z, n, b)
            """,
        make="[C(1), C(2, 3)]",
        view=lambda obj: obj._asdict(),
        expected=[{"z": 9, "n": "default", "b": 1}, {"z": 9, "n": 3, "b": 2}],
    )


def test_namedtuple_in_a_cycle(stamped_releases: Releases) -> None:
    """A namedtuple that holds a list that holds it comes back as plain pickle gives it back."""
    stamped_releases.check(
        old="""
            from typing import NamedTuple
            @versioned(1)
            class C(NamedTuple):
                a: list
            def cycle():
                c = C([])
                c.a.append((c, 1))
                return [c.a, c.a]
            """,
        new="""
            from typing import NamedTuple
            Lineage("shop:C").upgrade(1, RenameField("a", "b"))
            @versioned(2)
            class C(NamedTuple):
                b: list
            """,
        make="cycle()",
        view=lambda obj: (len(obj), obj[0][1], obj[0][0][0] is obj),
        expected=[(1, 1, True), (1, 1, True)],
        copies=False,
    )


def test_namedtuple_of_unstamped_pickles_is_refused() -> None:
    """Nothing can come between an unstamped namedtuple's values and its class: said when it is
    registered, not when wrong values were loaded.
    """
    with pytest.raises(UnsupportedShapeError) as caught:
        install("""
            from collections import namedtuple
            from pickle_migrate import *
            C = versioned(2, unstamped=1)(namedtuple("C", "a n"))
            """)
    assert caught.value.ref == "shop:C"
    assert "unstamped=1" in str(caught.value)
