"""Enums and flags: their members are found again, not built."""

from __future__ import annotations

import enum
import pickle
import textwrap

import pytest
from releases import LOADERS, PROTOCOLS, Releases, install, written

from pickle_migrate import versioned
from pickle_migrate.errors import StateError, UnsupportedShapeError


def name_and_value(member: object) -> tuple[object, object]:
    return member.name, member.value  # type: ignore[attr-defined]


def test_enum(stamped_releases: Releases) -> None:
    """A step sees name and value. One name, and all values, are used anew for something else."""
    stamped_releases.check(
        old="""
            import enum
            @versioned(1)
            class C(enum.Enum):
                RED = 1
                GREEN = 2
            """,
        new="""
            import enum
            @migrates("shop:C", 1)
            def step(state):
                assert set(state) == {"name", "value"}
                state["name"] = {"RED": "CRIMSON", "GREEN": "RED"}[state["name"]]
                state["value"] = {1: 10, 2: 1}[state["value"]]
            @versioned(2)
            class C(enum.Enum):
                CRIMSON = 10
                RED = 1
            """,
        make="[C.RED, C.GREEN, C.RED]",
        view=name_and_value,
        expected=[("CRIMSON", 10), ("RED", 1), ("CRIMSON", 10)],
    )


def test_enum_of_texts(stamped_releases: Releases) -> None:
    """A ``StrEnum`` is a str as well."""
    stamped_releases.check(
        old="""
            import enum
            @versioned(1)
            class C(enum.StrEnum):
                OPEN = "open"
                SHUT = "shut"
            """,
        new="""
            import enum
            Lineage("shop:C").upgrade(1, ConvertField("value", str.upper))
            @versioned(2)
            class C(enum.StrEnum):
                OPEN = "OPEN"
                SHUT = "SHUT"
            """,
        make="[C.OPEN, C.SHUT]",
        view=name_and_value,
        expected=[("OPEN", "OPEN"), ("SHUT", "SHUT")],
    )


def test_enum_with_state_and_init(stamped_releases: Releases) -> None:
    """Members with several values and an ``__init__`` are one object each."""
    stamped_releases.check(
        old="""
            import enum
            @versioned(1)
            class C(enum.Enum):
                A = (1, "x")
                B = (2, "y")
                def __init__(self, number, text):
                    self.number = number
            """,
        new="""
            import enum
            @migrates("shop:C", 1)
            def step(state):
                state["value"] = state["value"][0]
            @versioned(2)
            class C(enum.Enum):
                A = 1
                B = 2
            """,
        make="[C.A, C.B]",
        view=name_and_value,
        expected=[("A", 1), ("B", 2)],
    )


def test_enum_alias(stamped_releases: Releases) -> None:
    """A member that became an alias of another one is that other one."""
    stamped_releases.check(
        old="""
            import enum
            @versioned(1)
            class C(enum.Enum):
                A = 1
                B = 2
            """,
        new="""
            import enum
            @migrates("shop:C", 1)
            def step(state):
                state["value"] = 1
            @versioned(2)
            class C(enum.Enum):
                A = 1
                B = 1
            """,
        make="[C.A, C.B]",
        view=name_and_value,
        expected=[("A", 1), ("A", 1)],
    )


def test_nested_enum(stamped_releases: Releases) -> None:
    """An enum inside a class."""
    stamped_releases.check(
        old="""
            import enum
            class Outer:
                @versioned(1)
                class C(enum.Enum):
                    A = 1
            """,
        new="""
            import enum
            color = Lineage("shop:Outer.C")
            color.upgrade(1, ConvertField("value", str), ConvertField("name", str.lower))
            class Outer:
                @versioned(2)
                class C(enum.Enum):
                    a = "1"
            """,
        make="[Outer.C.A, Outer.C.A]",
        view=name_and_value,
        expected=[("a", "1"), ("a", "1")],
    )


def test_int_flag_and_its_composites(stamped_releases: Releases) -> None:
    """Members of an IntFlag, combinations that have no name, zero, and a bit that moved."""
    stamped_releases.check(
        old="""
            import enum
            @versioned(1)
            class C(enum.IntFlag):
                READ = 1
                WRITE = 2
            """,
        new="""
            import enum
            @migrates("shop:C", 1)
            def step(state):
                state["value"] *= 4
                state["name"] = None
            @versioned(2)
            class C(enum.IntFlag):
                READ = 4
                WRITE = 8
            """,
        make="[C.READ, C.READ | C.WRITE, C(0), C.WRITE]",
        view=lambda obj: (int(obj), type(obj).READ in obj, type(obj).WRITE in obj),
        expected=[(4, True, False), (12, True, True), (0, False, False), (8, False, True)],
    )


def test_flag_and_its_composites(stamped_releases: Releases) -> None:
    """As above for ``Flag``, which is no int."""
    stamped_releases.check(
        old="""
            import enum
            @versioned(1)
            class C(enum.Flag):
                READ = enum.auto()
                WRITE = enum.auto()
            """,
        new="""
            import enum
            @migrates("shop:C", 1)
            def step(state):
                return {"name": None, "value": state["value"] << 1}
            @versioned(2)
            class C(enum.Flag):
                LIST = enum.auto()
                READ = enum.auto()
                WRITE = enum.auto()
            """,
        make="[C.READ, C.READ | C.WRITE, C(0)]",
        view=lambda obj: obj.value,
        expected=[2, 6, 0],
    )


def test_int_enum(stamped_releases: Releases) -> None:
    """An ``IntEnum`` is an int as well."""
    stamped_releases.check(
        old="""
            import enum
            @versioned(1)
            class C(enum.IntEnum):
                LOW = 1
                HIGH = 2
            """,
        new="""
            import enum
            Lineage("shop:C").upgrade(1, ConvertField("value", lambda value: value * 10))
            @versioned(2)
            class C(enum.IntEnum):
                LOW = 10
                HIGH = 20
            """,
        make="[C.LOW, C.HIGH]",
        view=lambda obj: (obj.name, int(obj)),
        expected=[("LOW", 10), ("HIGH", 20)],
    )


def test_unregistered_enum_of_a_registered_base(stamped_releases: Releases) -> None:
    """A base without members has a version, and the enum that has them inherits its steps."""
    source = """
        import enum
        @versioned({})
        class Base(enum.Enum):
            pass
        class C(Base):
            A = {}
        """
    stamped_releases.check(
        old=source.format(1, 1),
        new={
            "shop.steps": 'Lineage("shop:Base").upgrade(1, ConvertField("value", str))',
            "shop": source.format(2, "'1'"),
        },
        make="[C.A, C.A]",
        view=name_and_value,
        expected=[("A", "1"), ("A", "1")],
    )


@pytest.mark.parametrize("function", ["pickle_by_enum_name", "pickle_by_global_name"])
def test_enum_whose_values_cannot_be_pickled(stamped_releases: Releases, function: str) -> None:
    """With one of enum's own functions as ``__reduce_ex__``, the name alone is the state."""
    source = f"""
        import enum
        @versioned(1)
        class C(enum.Enum):
            A = (lambda: 1,)
            __reduce_ex__ = enum.{function}
        """
    stamped_releases.check(
        old=source,
        new='@migrates("shop:C", 1)\ndef step(state):\n    assert state == {"name": "A"}\n'
        + '    state["name"] = "B"\n'
        + textwrap.dedent(source).replace("A =", "B =").replace("versioned(1)", "versioned(2)"),
        make="[C.A, C.A]",
        view=lambda obj: obj.name,
        expected=["B", "B"],
    )


def test_current_flags_keep_their_names(stamped_releases: Releases) -> None:
    """A composite's name is made by Python and differs between its releases: it is not compared."""
    source = """
        import enum
        @versioned(1)
        class C(enum.IntFlag):
            READ = 1
            WRITE = 2
            BOTH = 3
        """
    stamped_releases.check(
        old=source,
        new=source,
        make="[C.READ | C.WRITE, C.READ, C(0), C(8)]",
        view=int,
        expected=[3, 1, 0, 8],
    )


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("member", ["A", "B"])
def test_a_value_used_anew_is_refused(loader: str, member: str) -> None:
    """Trap: Python writes enums by value, and a value that is used anew loads as another member.
    Without a new version it is still noticed, since the stamp's pickle has the name too.
    """
    old = install("""
        import enum
        from pickle_migrate import *
        @versioned(1)
        class C(enum.Enum):
            A = 1
            B = 2
        """)
    pickles = written(getattr(old.C, member))
    install("""
        import enum
        from pickle_migrate import *
        @versioned(1)
        class C(enum.Enum):
            NEW = 1
        """)
    for one in pickles:
        with pytest.raises(StateError, match=f"the member '{member}'") as caught:
            LOADERS[loader](one.data)
        assert caught.value.ref == "shop:C"


def test_enum_by_name_or_by_value() -> None:
    """Trap: Python writes enums by value up to 3.10, by name in early 3.11, by value again later.
    With a stamp both stand in the pickle whatever Python does.
    """
    old = install("""
        import enum
        from pickle_migrate import *
        @versioned(1)
        class C(enum.Enum):
            LONG_NAME = "long value"
        """)
    for protocol in PROTOCOLS:
        data = pickle.dumps(old.C.LONG_NAME, protocol)
        assert b"LONG_NAME" in data
        assert b"long value" in data


def test_enum_of_unstamped_pickles_is_refused() -> None:
    """An unstamped pickle gives the value straight to the class: said when it is registered."""
    with pytest.raises(UnsupportedShapeError) as caught:
        install("""
            import enum
            from pickle_migrate import *
            @versioned(2, unstamped=1)
            class C(enum.Enum):
                A = 1
            """)
    assert caught.value.ref == "shop:C"


def test_unstamped_enum_of_the_current_version(releases: Releases) -> None:
    """An enum that did not change yet may be registered, and its older pickles load."""
    source = """
        import enum
        @versioned(1, unstamped=1)
        class C(enum.Enum):
            A = 1
            B = 2
        """
    releases.check(
        old=source,
        new=source,
        make="[C.A, C.B]",
        view=name_and_value,
        expected=[("A", 1), ("B", 2)],
    )


def test_enums_of_a_script_and_of_a_function() -> None:
    """What cannot be imported by name is written as enum itself writes it."""

    @versioned(1)
    class Sky(enum.Enum):
        RAIN = 3

    @versioned(1)
    class Quality(enum.IntFlag):
        SUSPECT = 1
        MISSING = 2

    cloudpickle = pytest.importorskip("cloudpickle")
    members = [Sky.RAIN, Quality.SUSPECT | Quality.MISSING, Quality(0)]
    again = pickle.loads(cloudpickle.dumps(members))
    assert [(type(m).__name__, m.value) for m in again] == [
        ("Sky", 3),
        ("Quality", 3),
        ("Quality", 0),
    ]
    assert [m.__reduce_ex__(4)[1] for m in members] == [(3,), (3,), (0,)]
