"""Old releases with real packages in real folders, run by real interpreters of other versions.

One process writes with the old release's folder on its path, another one reads with the new
release's. Interpreters that are not installed are skipped; this one always runs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import attrs as attrs_package
import pytest

ROOT = Path(__file__).resolve().parents[2]
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"

# A class of nearly every shape; what Python 2.7 or 3.8 has no words for stands apart.
EVERYWHERE = """
    @versioned(1)
    class Plain(object):
        def __init__(self, a):
            self.a = a

    @versioned(1)
    class Slotted(object):
        __slots__ = ("a", "__private")
        def __init__(self, a):
            self.a, self.__private = a, [a]

    @versioned(1)
    class Both(object):
        __slots__ = ("a", "__dict__")
        def __init__(self, a):
            self.a, self.free = a, None

    @versioned(1)
    class Stateful(object):
        def __init__(self, a):
            self.a, self.lock = a, object()
        def __getstate__(self):
            return ("mark", self.a)
        def __setstate__(self, state):
            self.a = state[1]

    @versioned(1)
    class Failure(ValueError):
        pass

    @versioned(1)
    class Mapping(dict):
        pass

    @versioned(1)
    class Sequence(list):
        pass

    def numbered(cls, *args):
        obj = cls(*args)
        obj.a = 1
        return obj

    def objects():
        return [
            Plain(1), Slotted(1), Both(1), Stateful(1), numbered(Failure, "text", 5),
            numbered(Mapping, {1: 2}), numbered(Sequence, [3, 4]), numbered(Plain, 0),
        ]
    """
NEW_EVERYWHERE = """
    from pickle_migrate import *

    for name in ("Plain", "Slotted", "Both", "Failure", "Mapping", "Sequence"):
        Lineage("shop.models:" + name).upgrade(1, RenameField("a", "b"))

    @migrates("shop.models:Stateful", 1)
    def stateful(state):
        return {"b": state[1]}

    @versioned(2, unstamped=1)
    class Plain:
        pass

    @versioned(2, unstamped=1)
    class Slotted:
        __slots__ = ("b", "__private")
        def private(self):
            return self.__private

    @versioned(2, unstamped=1)
    class Both:
        __slots__ = ("b", "__dict__")

    @versioned(2, unstamped=1)
    class Stateful:
        pass

    @versioned(2, unstamped=1)
    class Failure(ValueError):
        pass

    @versioned(2, unstamped=1)
    class Mapping(dict):
        pass

    @versioned(2, unstamped=1)
    class Sequence(list):
        pass

    def views(loaded):
        plain, slotted, both, stateful, failure, mapping, sequence, second = loaded
        return [
            vars(plain), [slotted.b, slotted.private()], [both.b, vars(both)], vars(stateful),
            [list(failure.args), vars(failure)], [list(mapping.items()), vars(mapping)],
            [list(sequence), vars(sequence)], vars(second),
        ]
    """
EXPECTED_EVERYWHERE: list[Any] = [
    {"b": 1},
    [1, [1]],
    [1, {"free": None}],
    {"b": 1},
    [["text", 5], {"b": 1}],
    [[[1, 2]], {"b": 1}],
    [[3, 4], {"b": 1}],
    {"b": 1},
]
STAMPED_ONLY = """
    import dataclasses, datetime, enum
    from typing import Generic, NamedTuple, TypeVar
    import attrs

    T = TypeVar("T")

    @versioned(1)
    @dataclasses.dataclass(frozen=True, slots=True)
    class Frozen:
        a: int
        n: str = "n"

    @versioned(1)
    @attrs.define
    class Attrs:
        a: int
        n: str = "n"

    @versioned(1)
    class Row(NamedTuple):
        a: int
        n: str = "n"

    @versioned(1)
    class Color(enum.Enum):
        RED = 1

    @versioned(1)
    class Mode(enum.IntFlag):
        READ = 1
        WRITE = 2

    @versioned(1)
    class Day(datetime.date):
        pass

    @versioned(1)
    class Box(Generic[T]):
        def __init__(self, a):
            self.a = a

    @versioned(1)
    class Missing(AttributeError):
        pass

    @versioned(1)
    class Group(ExceptionGroup):
        pass

    class Outer:
        @versioned(1)
        class Inner(Plain):
            pass
        class Free(Inner):
            pass

    def objects():
        return [
            Frozen(1), Attrs(1), Row(1), Color.RED, Mode.READ | Mode.WRITE,
            numbered(Day, 2020, 1, 2), Box[int](1), numbered(Missing, "text"),
            numbered(Group, "many", [KeyError("k")]), Outer.Inner(1), Outer.Free(1),
        ]
    """
NEW_STAMPED_ONLY = """
    import dataclasses, datetime, enum
    from typing import Generic, NamedTuple, TypeVar
    import attrs

    T = TypeVar("T")
    for name in ("Frozen", "Attrs", "Row", "Day", "Box", "Missing", "Group"):
        Lineage("shop.models:" + name).upgrade(1, RenameField("a", "b"))
    Lineage("shop.models:Outer.Inner").upgrade(1, AddField("c", default=2))

    @migrates("shop.models:Color", 1)
    def color(state):
        return {"name": "CRIMSON", "value": 10}

    @migrates("shop.models:Mode", 1)
    def mode(state):
        return {"name": None, "value": state["value"] << 1}

    @versioned(2)
    @dataclasses.dataclass(frozen=True, slots=True)
    class Frozen:
        n: str
        b: int

    @versioned(2)
    @attrs.define
    class Attrs:
        n: str
        b: int

    @versioned(2)
    class Row(NamedTuple):
        n: str
        b: int

    @versioned(2)
    class Color(enum.Enum):
        CRIMSON = 10

    @versioned(2)
    class Mode(enum.IntFlag):
        READ = 2
        WRITE = 4

    @versioned(2)
    class Day(datetime.date):
        pass

    @versioned(2)
    class Box(Generic[T]):
        pass

    @versioned(2)
    class Missing(AttributeError):
        pass

    @versioned(2)
    class Group(ExceptionGroup):
        pass

    class Outer:
        @versioned(2)
        class Inner(Plain):
            pass
        class Free(Inner):
            pass

    def views(loaded):
        frozen, at, row, color, mode, day, box, missing, group, inner, free = loaded
        return [
            [frozen.n, frozen.b], [at.n, at.b], list(row), color.name, int(mode),
            [day.isoformat(), vars(day)], [box.b, str(box.__orig_class__)],
            [list(missing.args), vars(missing)],
            [group.message, repr(group.exceptions), vars(group)],
            [type(inner).__qualname__, vars(inner)], [type(free).__qualname__, vars(free)],
        ]
    """
EXPECTED_STAMPED_ONLY: list[Any] = [
    ["n", 1],
    ["n", 1],
    ["n", 1],
    "CRIMSON",
    6,
    ["2020-01-02", {"b": 1}],
    [1, "shop.models.Box[int]"],
    [["text"], {"b": 1}],
    ["many", "(KeyError('k'),)", {"b": 1}],
    ["Outer.Inner", {"b": 1, "c": 2}],
    ["Outer.Free", {"b": 1, "c": 2}],
]
WRITE = """
    import pickle, sys
    import shop.models
    first = 2 if sys.argv[2] == "unstamped" else 0
    picklers = [pickle.dumps, getattr(pickle, "_dumps", None) or pickle.dumps]
    if sys.version_info[0] == 2:
        import cPickle
        picklers = [pickle.dumps, cPickle.dumps]
    with open(sys.argv[1], "wb") as file:
        for protocol in range(first, pickle.HIGHEST_PROTOCOL + 1):
            for dumps in picklers:
                for _ in range(2):
                    file.write(dumps(shop.models.objects(), protocol))
    """
READ = """
    import io, json, pickle, sys
    import pickle_migrate
    import shop.models
    data = open(sys.argv[1], "rb").read()
    found = []
    for load in (pickle_migrate.load, pickle.load, pickle._load):
        stream = io.BytesIO(data)
        while stream.tell() < len(data):
            loaded = load(stream)
            found.append(shop.models.views(loaded))
            for protocol in (0, 4):
                again = load(io.BytesIO(pickle.dumps(loaded, protocol)))
                found.append(shop.models.views(again))
    json.dump(found, sys.stdout)
    """


def interpreter(version: str) -> str:
    """The command of another Python; skips the test where there is none."""
    if version == HERE:
        return sys.executable
    under_pyenv = [str(path) for path in sorted(PYENV.glob(f"{version}.*/bin/python"))]
    found = [*under_pyenv[-1:], shutil.which(f"python{version}")]
    for command in filter(None, found):
        return command
    pytest.skip(f"no Python {version} here")


def run(command: str, folder: Path, source: str, *arguments: str, packages: str = "") -> str:
    """Run a source in a process that finds the release in that folder, and give what it printed."""
    script = folder / "script.py"
    script.write_text(textwrap.dedent(source), encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(folder), packages]))
    done = subprocess.run(
        [command, str(script), *arguments],
        cwd=folder,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PICKLE_MIGRATE_SETTINGS": "",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def release(folder: Path, *sources: str) -> Path:
    """A package ``shop`` with a module ``models``."""
    package = folder / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    text = "\n".join(map(textwrap.dedent, sources))
    (package / "models.py").write_text(text, encoding="utf-8")
    return folder


def packages() -> str:
    """This package and attrs, for interpreters in which neither is installed."""
    return os.pathsep.join([str(ROOT), str(Path(attrs_package.__file__).parents[1])])


def read_by_this_python(folder: Path, file: Path, *sources: str) -> list[Any]:
    new = release(folder, *sources)
    return list(json.loads(run(sys.executable, new, READ, str(file), packages=packages())))


@pytest.mark.parametrize("version", ["2.7", "3.8", "3.11", "3.12", "3.13"])
def test_unstamped_pickles_of_other_interpreters(version: str, tmp_path: Path) -> None:
    """Written by an old release that knows nothing of this package, from protocol 2 on, which is
    the lowest that holds slots.
    """
    command = interpreter(version)
    lines = [x for x in EVERYWHERE.splitlines() if x.strip() != "@versioned(1)"]
    old = release(tmp_path / "old", "\n".join(lines))
    file = tmp_path / "old.pickle"
    run(command, old, WRITE, str(file), "unstamped")
    found = read_by_this_python(tmp_path / "new", file, NEW_EVERYWHERE)
    protocols = 1 if version == "2.7" else 4
    assert len(found) == protocols * 2 * 2 * 3 * 3
    assert all(views == EXPECTED_EVERYWHERE for views in found), found


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("part", ["everywhere", "stamped only"])
def test_stamped_pickles_of_other_interpreters(version: str, part: str, tmp_path: Path) -> None:
    """Written by an old release with this package, at all protocols."""
    command = interpreter(version)
    header = "from pickle_migrate import versioned\n"
    more = [STAMPED_ONLY] if part == "stamped only" else []
    old = release(tmp_path / "old", header, EVERYWHERE, *more)
    file = tmp_path / "old.pickle"
    run(command, old, WRITE, str(file), "stamped", packages=packages())
    new = [NEW_STAMPED_ONLY] if part == "stamped only" else []
    found = read_by_this_python(tmp_path / "new", file, NEW_EVERYWHERE, *new)
    expected = EXPECTED_STAMPED_ONLY if part == "stamped only" else EXPECTED_EVERYWHERE
    assert len(found) == 6 * 2 * 2 * 3 * 3
    assert all(views == expected for views in found), found


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_other_interpreters_read_what_this_one_wrote(version: str, tmp_path: Path) -> None:
    """The other way round: the new release runs on another Python."""
    command = interpreter(version)
    header = "from pickle_migrate import versioned\n"
    old = release(tmp_path / "old", header, EVERYWHERE, STAMPED_ONLY)
    file = tmp_path / "old.pickle"
    run(sys.executable, old, WRITE, str(file), "stamped", packages=packages())
    new = release(tmp_path / "new", NEW_EVERYWHERE, NEW_STAMPED_ONLY)
    found = json.loads(run(command, new, READ, str(file), packages=packages()))
    assert len(found) == 6 * 2 * 2 * 3 * 3
    assert all(views == EXPECTED_STAMPED_ONLY for views in found), found
