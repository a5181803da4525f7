"""What ``@versioned`` says of a class, read from source that is never run."""

import sys

import pytest

from pickle_migrate.refs import GlobalRef
from pickle_migrate.static_source import SourceClass, source_class

RUNS = "raise RuntimeError('run')\n"


@pytest.fixture
def read(scratch):
    """What the source of a class ``C`` says."""
    count = iter(range(100))

    def read(source, qualname="C"):
        name = f"source_of_{next(count)}"
        scratch.write(name, source + "\n" + RUNS)
        found = source_class(GlobalRef(name, qualname))
        assert name not in sys.modules
        return found

    return read


@pytest.mark.parametrize(
    ("decorator", "version", "unstamped"),
    [
        ("@versioned(3)", 3, None),
        ("@versioned(3, unstamped=2)", 3, 2),
        ("@versioned(version=1, unstamped=None)", 1, None),
        ("@versioned(3, unstamped=1, migrations=MODULES)", 3, 1),
    ],
)
def test_literal_versions(read, decorator, version, unstamped):
    """Of a plain class."""
    assert read(f"{decorator}\nclass C: a = 1") == SourceClass(version, unstamped)
    assert read(f"{decorator}\nclass C(object):\n    def m(self): pass") == SourceClass(
        version, unstamped
    )


@pytest.mark.parametrize(
    "source",
    [
        "@versioned(N)\nclass C: pass",
        "@versioned(1, unstamped=N)\nclass C: pass",
        "@versioned(*a)\nclass C: pass",
        "@versioned(1, **a)\nclass C: pass",
        "@versioned\nclass C: pass",
        "@versioned(True)\nclass C: pass",
        "class C: pass",
        "def C(): pass",
        "C = versioned(1)(object)",
        "not python",
    ],
)
def test_what_only_running_it_would_tell(read, source):
    """Then the source says nothing."""
    assert read(source) is None


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("class C(Base): pass", "has bases or keywords (Base)"),
        ("class C(metaclass=M): pass", "has bases or keywords (metaclass)"),
        ("class C:\n    __slots__ = ('a',)", "has a __slots__ of its own"),
        ("class C:\n    def __setstate__(self, s): pass", "has a __setstate__ of its own"),
        ("class C:\n    if 1:\n        __reduce__ = f", "has a __reduce__ of its own"),
        ("@define\nclass C: pass", "is decorated with define"),
        ("@dataclass(slots=True)\nclass C: pass", "is decorated with dataclass(slots=True)"),
        ("@dataclass\nclass C: pass", None),
        ("@dataclasses.dataclass(frozen=True)\nclass C: pass", None),
    ],
)
def test_states_that_do_not_follow_from_the_source(read, source, reason):
    """The reason names what it is."""
    assert read(f"@versioned(2)\n{source}").reason == reason


def test_nested_classes(read):
    """By their qualified name."""
    assert read("class O:\n    @versioned(2)\n    class C: pass", "O.C") == SourceClass(2)


def test_modules_that_are_not_there():
    """Nothing is said of them, and nothing imported."""
    assert source_class(GlobalRef("no_such_module_here", "C")) is None
    assert source_class(GlobalRef("", "C")) is None
    assert source_class(GlobalRef("collections", "OrderedDict")) is None
