"""The lock that the code says: each class with its own fields, and what pickles show besides."""

import enum
import pickle
from dataclasses import dataclass, field
from typing import NamedTuple

import attrs
import pytest

from pickle_migrate import Lineage, Registry, RenameField, versioned
from pickle_migrate.lock.seen import Sighting, sightings_in
from pickle_migrate.lock.today import lock_of
from pickle_migrate.lock.values import LockedVersion
from pickle_migrate.refs import GlobalRef
from pickle_migrate.stamps import StampedClass, StampText

HERE = __name__


@pytest.fixture
def registry():
    return Registry()


def _ref(name):
    return GlobalRef(HERE, name)


def _sighting(name, *fields, version=None, bases=(), word="dict", fingerprint=None, count=0):
    """What a pickle shows of a class of this module."""
    written = None
    if version is not None:
        classes = [StampedClass(_ref(name), version, fingerprint)]
        classes += [StampedClass(_ref(base), number) for base, number in bases]
        written = StampText(tuple(classes))
    named = None if word == "positional" else tuple(sorted((one, "") for one in fields))
    return Sighting(_ref(name), written, named, word, count)


def _only(registry, *sightings):
    (one,) = lock_of(registry, sightings).classes
    return one


def _names(version):
    return None if version.fields is None else [name for name, _ in version.fields]


def test_declared_fields(registry):
    """Of dataclasses, attrs, annotations, slots and namedtuples; with fingerprint and shape."""

    @versioned(2, registry=registry)
    @dataclass
    class Data:
        qty: int
        name: "str | None" = None

    @versioned(1, registry=registry)
    @attrs.define
    class Attrs:
        b: list[int]
        a: str

    @versioned(1, registry=registry)
    class Slots:
        __slots__ = ("x",)

    @versioned(1, registry=registry)
    class Tide(NamedTuple):
        low: float
        high: float

    found = {one.ref.qualname.rpartition(".")[2]: one for one in lock_of(registry).classes}
    assert found["Data"].head.fields == (("name", "None | str"), ("qty", "int"))
    assert found["Slots"].head.fields == (("x", ""),)
    assert (found["Tide"].head.order, found["Tide"].head.state) == (None, "namedtuple")
    for one in found.values():
        assert not one.head.seen
        assert one.head.fingerprint is not None
    assert [one.version for one in found["Data"].versions] == [2]


def test_a_class_that_fills(registry):
    """Which of its fields have defaults is known of the code, and stands in no file."""

    @versioned(1, fill=True, registry=registry)
    @dataclass
    class Order:
        qty: int
        tax: float = 0.0
        notes: list = field(default_factory=list)

    head = _only(registry).head
    assert (head.fill, head.fillable) == (True, {"tax", "notes"})


def test_members_of_an_enum(registry):
    """They are its fields: a value that means another member strands what was pickled."""

    @versioned(1, registry=registry)
    class Sky(enum.Enum):
        CLEAR = 1
        FOG = 2

    head = _only(registry).head
    assert (head.fields, head.state) == ((("CLEAR", "1"), ("FOG", "2")), "enum")


def test_inheritance(registry):
    """Each class has its own version and its own fields."""

    @versioned(1, registry=registry)
    @dataclass
    class Base:
        code: str

    @versioned(3, registry=registry)
    @dataclass
    class Child(Base):
        qty: int

    child, base = sorted(lock_of(registry).classes, key=lambda one: -one.head.version)
    assert (_names(child.head), _names(base.head)) == (["qty"], ["code"])


class Reading:
    def __init__(self):
        self.when = 1
        self.__raw = 2


class RainReading(Reading):
    def __init__(self):
        super().__init__()
        self.rain = 3


def test_a_plain_class(registry):
    """It declares nothing: until a pickle of its version is there, its fields are not known."""
    versioned(1, registry=registry)(Reading)
    assert _only(registry).head == LockedVersion(1, None, None, "dict")
    seen = sightings_in(pickle.dumps(Reading()))
    assert _only(registry, *seen).head == LockedVersion(
        1, (("__raw", ""), ("when", "")), None, "dict", seen=True
    )


def test_a_plain_subclass_has_what_its_base_has_not(registry):
    """Private fields of the base are the base's, under the name that the pickle has for them."""
    versioned(1, registry=registry)(Reading)
    versioned(1, registry=registry)(RainReading)
    seen = sightings_in(pickle.dumps([Reading(), RainReading()]))
    found = {one.ref.qualname: one.head for one in lock_of(registry, seen).classes}
    assert _names(found["Reading"]) == ["__raw", "when"]
    assert _names(found["RainReading"]) == ["rain"]


def test_fields_are_a_union_over_instances(registry):
    """An attribute that is not always there is a field, whatever the order of the pickles."""
    versioned(1, registry=registry)(Reading)
    pair = _sighting("Reading", "when"), _sighting("Reading", "when", "note")
    assert _names(_only(registry, *pair).head) == ["note", "when"]
    assert _only(registry, *pair) == _only(registry, *reversed(pair))


def test_earlier_versions(registry):
    """From steps, from ``unstamped`` and from pickles; what nobody knows is told as such."""
    versioned(4, unstamped=1, registry=registry)(Reading)
    one = _only(
        registry,
        _sighting("Reading", "text"),
        _sighting("Reading", "note", version=3, fingerprint="0abc"),
    )
    assert one.unstamped == 1
    assert [(v.version, _names(v), v.known, v.fingerprint) for v in one.versions] == [
        (1, ["text"], "seen", None),
        (2, None, "unknown", None),
        (3, ["note"], "seen", "0abc"),
        (4, None, "unknown", None),
    ]
    assert [v.state for v in one.versions] == ["dict", "unknown", "dict", "dict"]


def test_versions_that_only_steps_know(registry):
    """The first step says where the lineage begins."""
    versioned(4, registry=registry)(Reading)
    Lineage(_ref("Reading"), registry=registry).upgrade(2, RenameField("a", "b"))
    assert [v.version for v in _only(registry).versions] == [2, 3, 4]


def test_an_accepted_fingerprint(registry):
    """It is that of the version if there is but one."""
    versioned(3, registry=registry)(Reading)
    lineage = Lineage(_ref("Reading"), registry=registry)
    lineage.accept_fingerprint(1, "aa").accept_fingerprint(2, "bb").accept_fingerprint(2, "cc")
    assert [v.fingerprint for v in _only(registry).versions] == ["aa", None, None]


@pytest.mark.parametrize(("unstamped", "order"), [(2, ("b", "a")), (1, None), (None, None)])
def test_todays_order_of_positions(registry, unstamped, order):
    """It matters where unstamped pickles are of today's version; those with stamps go by name."""

    @versioned(2, unstamped=unstamped, registry=registry)
    @attrs.define
    class Attrs:
        b: int
        a: str

    assert _only(registry).head.order == order


def test_the_order_of_positions(registry):
    """What the lineage says of it names the values that pickles have."""

    @versioned(2, unstamped=1, registry=registry)
    @attrs.define
    class Pair:
        b: str
        a: str

    ref = GlobalRef.of(Pair)
    Lineage(ref, registry=registry).fields(1, "a", "b")
    first = _only(registry).at(1)
    assert (_names(first), first.order, first.state) == (["a", "b"], ("a", "b"), "positional")
    seen = Sighting(ref, None, None, "positional", 1)
    assert _names(_only(registry, seen).at(1)) == ["a"]


def test_old_names(registry):
    """Of the lineage, of renames of packages, and as pickles spell it."""
    versioned(2, unstamped=1, registry=registry)(Reading)
    Lineage(_ref("Reading"), registry=registry).renamed_from(f"{HERE}:Look")
    registry.rename("weather.old", HERE)
    old = Sighting(GlobalRef("weather.old", "Look"), None, (("_Look__raw", ""),), "dict")
    one = _only(registry, old)
    assert one.old_names == (f"{HERE}:Look", "weather.old:Look")
    assert _names(one.at(1)) == ["__raw"]


def test_several_shapes_of_one_version(registry):
    """Python 2 wrote dicts where a slotted class writes a pair."""

    @versioned(2, unstamped=1, registry=registry)
    class Sensor:
        __slots__ = ("serial",)

    ref = GlobalRef.of(Sensor)
    seen = [Sighting(ref, None, (("serial", ""),), word) for word in ("slots", "dict")]
    assert _only(registry, *seen).at(1).state == "dict or slots"


def test_bases_in_a_stamp(registry):
    """The versions of the bases are told by it, and those alone."""
    versioned(2, registry=registry)(Reading)
    versioned(3, registry=registry)(RainReading)
    seen = [
        _sighting("Reading", "text", version=1),
        _sighting("RainReading", "text", "rain_in", version=2, bases=[("Reading", 1)]),
    ]
    found = {one.ref.qualname: one for one in lock_of(registry, seen).classes}
    assert _names(found["RainReading"].at(2)) == ["rain_in"]
    assert _names(found["Reading"].at(1)) == ["text"]


def test_pickles_of_unknown_classes(registry):
    """Of what is not registered, or whose version nobody knows, nothing is told."""
    versioned(2, registry=registry)(Reading)
    seen = [_sighting("Reading", "text"), _sighting("Nobody", "x"), _sighting("Nobody", version=3)]
    assert _only(registry, *seen) == _only(registry)


def test_a_newer_version_than_the_code(registry):
    """A pickle of a later release, or of another branch, makes no version."""
    versioned(1, registry=registry)(Reading)
    assert [v.version for v in _only(registry, _sighting("Reading", "x", version=5)).versions] == [
        1
    ]


def test_names_that_lineages_exchanged(registry):
    """Which class an old pickle is of is the renames' to say."""

    @versioned(2, unstamped=1, registry=registry)
    class Digest:
        pass

    @versioned(2, unstamped=1, registry=registry)
    class Bulletin:
        pass

    digest, bulletin = GlobalRef.of(Digest), GlobalRef.of(Bulletin)
    Lineage(digest, registry=registry).renamed_from(bulletin, until=1)
    Lineage(bulletin, registry=registry).renamed_from(digest, until=1)
    seen = [
        Sighting(bulletin, None, (("text", ""),), "dict"),
        Sighting(digest, None, (("title", ""),), "dict"),
    ]
    found = {one.ref: one for one in lock_of(registry, seen).classes}
    assert _names(found[digest].at(1)) == ["text"]
    assert _names(found[bulletin].at(1)) == ["title"]


def test_an_empty_registry(registry):
    """No class, no lock."""
    assert lock_of(registry).classes == ()
