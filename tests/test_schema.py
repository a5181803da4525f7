"""Schemas: the fields of a class, in text that no Python version changes."""

# Every spelling of a type is tried, the old ones too, and names that stand for nothing.
# ruff: noqa: F821, RUF023, RUF041, UP006, UP007, UP035, UP045

import collections
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import typing
from typing import (
    Annotated,
    Any,
    Callable,
    ClassVar,
    Dict,
    FrozenSet,
    Generic,
    List,
    Literal,
    NamedTuple,
    Optional,
    Set,
    Tuple,
    Type,
    TypeVar,
    Union,
)

import attr
import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.schema import Schema, field_order, schema_of, type_text

T = TypeVar("T")
Ts = typing.TypeVarTuple("Ts")
Money = typing.NewType("Money", int)


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Box(Generic[T]):
    class Lid:
        """A nested class."""


# What the canonical text must be, the text annotations that mean the type, and the type itself.
TYPES = [
    ("int", ["int", "builtins.int", " int "], int),
    ("None", ["None", "NoneType", "types.NoneType"], None),
    ("None", ["None"], type(None)),
    ("Any", ["Any", "typing.Any", "t.Any"], Any),
    ("Decimal", ["Decimal", "decimal.Decimal"], decimal.Decimal),
    ("datetime", ["datetime", "datetime.datetime"], datetime.datetime),
    ("Lid", ["Lid", "Box.Lid"], Box.Lid),
    ("Money", ["Money"], Money),
    ("T", ["T"], T),
    # unions, in any order and spelling, flat and without doubles
    ("None | int", ["Optional[int]", "int | None", "None | int"], Optional[int]),
    ("None | int", ["typing.Optional['int']", "Union[None, int]"], int | None),
    ("int | str", ["str | int", "Union[str, int]", "int | str | int"], Union[int, str]),
    ("None | int | str", ["Optional[int | str]", "Optional[Union[str, int]]"], int | str | None),
    ("int", ["Union[int]", "Union[int, int]", "int | int"], Union[int]),
    # a union inside of a union's member stays there
    ("M | list[A | Z]", ["list[A | Z] | M", "Union[M, List['Z | A']]"], Union["M", List["A | Z"]]),
    (
        "None | dict[int | str, Z]",
        ["Optional[Dict[str | int, Z]]"],
        Optional[Dict[Union[str, int], "Z"]],
    ),
    # generics
    ("list", ["list", "List", "typing.List"], List),
    ("dict", ["dict", "Dict"], Dict),
    ("tuple", ["tuple", "Tuple"], Tuple),
    ("Callable", ["Callable", "collections.abc.Callable"], Callable),
    ("list[int]", ["list[int]", "List[int]", "typing.List['int']"], List[int]),
    ("list[int]", ["list[int]"], list["int"]),
    ("dict[str, list[int]]", ["Dict[str, List[int]]"], dict[str, list[int]]),
    ("set[int]", ["Set[int]", "set[int]", "AbstractSet[int]"], Set[int]),
    ("frozenset[int]", ["FrozenSet[int]"], FrozenSet[int]),
    ("type[Box]", ["Type[Box]", "type['Box']"], Type[Box]),
    ("tuple[int, ...]", ["Tuple[int, ...]", "tuple[int, ...]"], Tuple[int, ...]),
    ("tuple[]", ["Tuple[()]", "tuple[()]"], Tuple[()]),
    ("tuple[int, Unpack[Ts]]", ["tuple[int, *Ts]", "tuple[int, Unpack[Ts]]"], tuple[int, *Ts]),
    (
        "tuple[int, Unpack[tuple[str, ...]]]",
        ["tuple[int, *tuple[str, ...]]"],
        tuple[int, *tuple[str, ...]],
    ),
    ("deque[int]", ["Deque[int]", "collections.deque[int]"], typing.Deque[int]),
    ("defaultdict[str, int]", ["DefaultDict[str, int]"], typing.DefaultDict[str, int]),
    ("Sequence[int]", ["Sequence[int]"], typing.Sequence[int]),
    ("Sequence[int]", ["abc.Sequence[int]"], collections.abc.Sequence[int]),
    ("Box[int]", ["Box[int]", "shop.Box['int']"], Box[int]),
    ("Callable[[int, str], None]", ["Callable[[int, str], None]"], Callable[[int, str], None]),
    ("Callable[[], int]", ["Callable[[], int]"], collections.abc.Callable[[], int]),
    ("Callable[..., int]", ["typing.Callable[..., int]"], Callable[..., int]),
    # literals
    (
        "Literal['a', 'b']",
        ["Literal['b', 'a']", 'typing.Literal["a", "b", "a"]'],
        Literal["b", "a"],
    ),
    (
        "Literal['int | str'] | None",
        ["Optional[Literal['int | str']]"],
        Optional[Literal["int | str"]],
    ),
    (
        "Literal[-1, None, True, b'x']",
        ["Literal[True, None, -1, b'x']"],
        Literal[True, None, -1, b"x"],
    ),
    ("Literal['\\u0378', '\\xe9']", ["Literal['\u0378', 'é']"], Literal["é", "\u0378"]),
    ("Literal[1, 2]", ["Literal[Literal[1], 2]", "Literal[Literal[1, 2]]"], Literal[Literal[1], 2]),
    ("Literal[Colour.RED]", ["Literal[Colour.RED]", "Literal[m.Colour.RED]"], Literal[Colour.RED]),
    # qualifiers
    ("int", ["Annotated[int, 'metres']", "typing.Annotated[int, f(1)]"], Annotated[int, "metres"]),
    (
        "None | int | str",
        ["Annotated[int | None, 1] | str"],
        Union[Annotated[Optional[int], 1], str],
    ),
    ("ClassVar", ["ClassVar", "typing.ClassVar"], ClassVar),
    ("ClassVar[int]", ["ClassVar[int]", "t.ClassVar[int]"], ClassVar[int]),
    ("Final[int]", ["Final[int]"], typing.Final[int]),
    ("InitVar[list[int]]", ["InitVar[List[int]]"], dataclasses.InitVar[List[int]]),
    ("Customer", ["Customer", "'Customer'", "'shop.Customer'"], typing.ForwardRef("Customer")),
]


@pytest.mark.parametrize(("canonical", "texts", "real"), TYPES)
def test_a_type_has_one_text(canonical, texts, real):
    """The type itself and every text that spells it give the same, written-down text."""
    assert type_text(real) == canonical
    assert {text: type_text(text) for text in texts} == dict.fromkeys(texts, canonical)


def test_the_canonical_text_is_its_own_canonical_text():
    """Read again as an annotation, it does not change."""
    texts = [canonical for canonical, _, _ in TYPES if canonical != "tuple[]"]
    assert [type_text(text) for text in texts] == texts


@pytest.mark.parametrize("text", ["list[", "a b", "", "\0", "lambda: 0"])
def test_text_that_is_no_type_stays_as_it_is(text):
    """An annotation may hold anything; nothing is evaluated and nothing fails."""
    assert type_text(text) == text


# A type, and a text for it, made side by side.
leaves = st.sampled_from(
    [
        (int, "int"),
        (str, "str"),
        (None, "None"),
        (Box, "shop.Box"),
        (Literal["a | b"], "Literal['a | b']"),
    ]
)


def combined(inner):
    pairs = st.tuples(inner, inner)
    return st.one_of(
        inner.map(lambda a: (Optional[a[0]], f"Optional[{a[1]}]")),
        inner.map(lambda a: (List[a[0]], f"list[{a[1]}]")),
        inner.map(lambda a: (Annotated[a[0], "note"], f"Annotated[{a[1]}, 'note']")),
        inner.map(lambda a: (Tuple[a[0], ...], f"typing.Tuple[{a[1]}, ...]")),
        pairs.map(lambda p: (Union[p[0][0], p[1][0]], f"({p[1][1]}) | {p[0][1]}")),
        pairs.map(lambda p: (Dict[p[0][0], p[1][0]], f"dict[{p[0][1]}, {p[1][1]}]")),
        pairs.map(lambda p: (Callable[[p[0][0]], p[1][0]], f"Callable[[{p[0][1]}], {p[1][1]}]")),
    )


@given(st.recursive(leaves, combined, max_leaves=8))
def test_any_type_and_its_spelling_agree(pair):
    """However types are put together, the text annotation and the type give one text."""
    real, spelling = pair
    assert type_text(real) == type_text(spelling) == type_text(type_text(real))


@given(
    st.lists(st.sampled_from(["int", "list[A | Z]", "dict[M, B | C]", "'None | X'"]), min_size=1)
)
def test_the_order_of_a_union_does_not_count(members):
    """Nor does how often a member stands in it."""
    expected = type_text(" | ".join(sorted(set(members))))
    assert type_text(" | ".join(members)) == expected
    assert type_text(f"Union[{', '.join(reversed(members))}]") == expected


def test_different_types_differ():
    """Brackets are not lost: these are four types."""
    texts = ["list[A | Z] | M", "list[A | M] | Z", "list[A] | M | Z", "list[A | M | Z]"]
    assert len({type_text(text) for text in texts}) == len(texts)


# --- the fields of a class --------------------------------------------------------------------


class Plain:
    def __init__(self):
        self.anything = 1


class Annotations:
    zeta: int
    alpha: "Optional[str]" = None
    shared: ClassVar[int] = 0
    spelled: "typing.ClassVar[int]" = 0
    __private: int


class Slots:
    __slots__ = ("__dict__", "__private", "__weakref__", "b", "a")
    a: int
    __private: int


class OneSlot:
    __slots__ = "amount"


@dataclasses.dataclass
class Data:
    b: int
    a: list[str] = dataclasses.field(default_factory=list)
    start: dataclasses.InitVar[int] = 0
    count: ClassVar[int] = 0
    _: dataclasses.KW_ONLY
    key: str = ""


@dataclasses.dataclass
class MoreData(Data):
    c: float = 0
    a: tuple[str, ...] = ()


@attrs.define
class Attrs:
    b: int
    a: "list[str]" = attrs.Factory(list)
    shared: ClassVar[int] = 0


@attrs.define
class MoreAttrs(Attrs):
    c: float = 0


@attr.s
class OldAttrs:
    b = attr.ib()
    a = attr.ib(type=int)


class Record(NamedTuple):
    b: int
    a: "str" = ""


class RecordChild(Record):
    __slots__ = ()


Bare = collections.namedtuple("Bare", ["b", "a"])

DECLARED = [
    (Plain, None),
    (RecordChild, None),
    (Annotations, [("__private", "int"), ("alpha", "None | str"), ("zeta", "int")]),
    (Slots, [("__private", "int"), ("a", "int"), ("b", "")]),
    (OneSlot, [("amount", "")]),
    (Data, [("a", "list[str]"), ("b", "int"), ("key", "str")]),
    (MoreData, [("a", "tuple[str, ...]"), ("c", "float")]),
    (Attrs, [("a", "list[str]"), ("b", "int")]),
    (MoreAttrs, [("c", "float")]),
    (OldAttrs, [("a", "int"), ("b", "")]),
    (Record, [("a", "str"), ("b", "int")]),
    (Bare, [("a", ""), ("b", "")]),
]


@pytest.mark.parametrize(
    ("cls", "fields"), DECLARED, ids=lambda value: getattr(value, "__name__", "")
)
def test_the_fields_that_a_class_declares_itself(cls, fields):
    """Sorted by name; nothing of its bases, no class variables, no arguments of __init__ alone."""
    schema = schema_of(cls)
    assert (None if schema is None else list(schema.fields)) == fields


def test_a_type_whose_name_begins_like_a_class_variable_is_a_field():
    """Only ClassVar itself is left out."""

    class C:
        kind: "ClassVariant"
        other: "InitVariable[int]"

    assert [name for name, _ in schema_of(C).fields] == ["kind", "other"]


def test_nothing_is_evaluated_or_imported():
    """A text annotation may name what is not there."""

    class C:
        x: "no.such.module.Thing[1 / 0]"

    assert schema_of(C).fields == (("x", "Thing[1 / 0]"),)


def test_the_order_of_the_decorators_changes_no_field():
    """Registration may look at a class before dataclass or attrs do; the fields are the same."""

    def body():
        return {
            "__annotations__": {
                "b": int,
                "a": "list[str]",
                "start": dataclasses.InitVar[int],
                "count": ClassVar[int],
                "_": dataclasses.KW_ONLY,
                "key": str,
            },
            "count": 0,
        }

    before = schema_of(type("C", (), body()))
    after = schema_of(dataclasses.dataclass(slots=True)(type("C", (), body())))
    assert before == after == schema_of(Data)


@pytest.mark.parametrize("name", ["Old", "_New", "Newer"])
def test_renaming_a_class_keeps_its_fingerprint(name):
    """Though private fields are stored under the class's name."""
    scope = {}
    exec(f"class {name}:\n    __total: int\n    __slots__ = ('__rest',)", scope)
    assert schema_of(scope[name]).fields == (("__rest", ""), ("__total", "int"))


POSITIONAL = [
    (Data, ("b", "a", "key")),
    (MoreData, ("b", "a", "key", "c")),
    (MoreAttrs, ("b", "a", "c")),
    (OldAttrs, ("b", "a")),
    (RecordChild, ("b", "a")),
    (Bare, ("b", "a")),
    (Slots, None),
    (Annotations, None),
]


@pytest.mark.parametrize(("cls", "order"), POSITIONAL, ids=lambda x: getattr(x, "__name__", ""))
def test_the_order_of_a_positional_state(cls, order):
    """As the class declares its fields, those of its bases first."""
    assert field_order(cls) == order


# --- fingerprints -----------------------------------------------------------------------------

# Written down, so that no Python version and no edit changes them unseen: pickles hold them.
FINGERPRINTS = {
    Annotations: "b0110477",
    Slots: "2fbefae5",
    OneSlot: "bc8d54ea",
    Data: "593599db",
    MoreData: "e5b8c277",
    Attrs: "a4df9f32",
    OldAttrs: "cbd170f6",
    Record: "d711a983",
    Bare: "b00da85b",
}


@pytest.mark.parametrize("cls", FINGERPRINTS, ids=lambda cls: cls.__name__)
def test_fingerprints_never_change(cls):
    """On every Python version they are the digits that are written down here."""
    assert schema_of(cls).fingerprint() == FINGERPRINTS[cls]


def test_every_type_together_has_one_fingerprint():
    """All types of this module as fields of one schema: one digest stands for all their texts."""
    fields = tuple((f"f{n:02}", type_text(real)) for n, (_, _, real) in enumerate(TYPES))
    assert Schema(fields).fingerprint() == "0edc6ce6"


def test_the_text_that_is_hashed():
    """A mark of the format, then a line for each field. Written down, for other programs."""
    schema = Schema((("a", "int"), ("b", "")))
    assert schema.canonical_text() == "pickle_migrate schema 1\na: int\nb: "
    assert schema.fingerprint() == "cbd170f6"


schemas = st.builds(
    Schema,
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["", "int", "str"])),
        unique_by=lambda f: f[0],
    )
    .map(sorted)
    .map(tuple),
)


@given(schemas, schemas)
def test_fingerprints_are_equal_exactly_if_the_fields_are(one, other):
    """A name or a type that differs is seen; eight hexadecimal digits in any case."""
    assert (one.fingerprint() == other.fingerprint()) == (one == other)
    assert len(one.fingerprint()) == 8
    assert int(one.fingerprint(), 16) >= 0


def test_moving_a_field_s_type_keeps_the_fingerprint():
    """The same class name from another module is the same type."""

    def schema(module):
        kind = type("Money", (), {"__module__": module})
        return schema_of(type("C", (), {"__annotations__": {"total": kind}}))

    assert schema("shop.money") == schema("shop.finance")
