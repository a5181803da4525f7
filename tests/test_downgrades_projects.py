"""A project in two releases: the new one writes, the old one reads, under several Pythons.

Each class pickles in a way of its own. What the old release must find is written down by hand.
"""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).resolve().parents[1]
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"

OLD = """
    import enum
    from dataclasses import dataclass
    from typing import NamedTuple
    import attrs
    try:
        from pickle_migrate import versioned
    except ImportError:
        def versioned(*args, **kwargs):
            return lambda cls: cls

    @versioned(1, unstamped=1)
    class Plain:
        pass

    @versioned(1, unstamped=1)
    class Sale:
        def secret(self):
            return self.__x

        @versioned(1, unstamped=1)
        class Line:
            pass

    @versioned(1, unstamped=1)
    class Slots:
        __slots__ = ("old", "kept")

    @versioned(1, unstamped=1)
    @dataclass
    class Data:
        old: int

    @versioned(1, unstamped=1)
    @dataclass(frozen=True, slots=True)
    class Frozen:
        kept: int
        old: int

    @versioned(1, unstamped=1)
    @attrs.define
    class Attrs:
        old: int
        kept: int

    @versioned(1)
    class Pair(NamedTuple):
        old: int
        kept: int

    @versioned(1)
    class Grade(enum.Enum):
        LOW = "l"
        HIGH = "h"

    @versioned(1, unstamped=1)
    class Fault(Exception):
        def __init__(self, code, text):
            super().__init__(code, text)

    @versioned(1, unstamped=1)
    class Track(list):
        pass

    @versioned(1, unstamped=1)
    class Table(dict):
        pass

    @versioned(1, unstamped=1)
    class Cell:
        def __new__(cls, row, col):
            self = object.__new__(cls)
            self.row, self.col = row, col
            return self
        def __getnewargs__(self):
            return self.row, self.col

    @versioned(1, unstamped=1)
    class Series:
        def __init__(self, code):
            self.code = code
        def __reduce__(self):
            return Series, (self.code,), {"old": self.old}

    @versioned(1, unstamped=1)
    class Stateful:
        def __getstate__(self):
            return ("v1", self.old)
        def __setstate__(self, state):
            mark, self.old = state
            assert mark == "v1", state

    @versioned(1, unstamped=1)
    class Base:
        pass

    @versioned(1, unstamped=1)
    class Sub(Base):
        pass
"""

NEW = """
    import enum
    from dataclasses import dataclass
    from typing import NamedTuple
    import attrs
    from pickle_migrate import *

    @versioned(2, unstamped=1)
    class Plain:
        pass

    @versioned(2, unstamped=1)
    class _Order:
        def __init__(self):
            self.__x = 5

        @versioned(1)
        class Line:
            pass

    @versioned(2, unstamped=1)
    class Slots:
        __slots__ = ("new", "kept", "added")

    @versioned(2, unstamped=1)
    @dataclass
    class Data:
        new: int
        added: str = ""

    @versioned(2, unstamped=1)
    @dataclass(frozen=True, slots=True)
    class Frozen:
        new: int
        kept: int

    @versioned(2, unstamped=1)
    @attrs.define
    class Attrs:
        new: int
        kept: int
        added: list = attrs.field(factory=list)

    @versioned(2)
    class Pair(NamedTuple):
        kept: int
        new: int

    @versioned(2)
    class Grade(enum.Enum):
        LOW = 1
        HIGH = 2

    @versioned(2, unstamped=1)
    class Fault(Exception):
        def __init__(self, text, code):
            super().__init__(text, code)

    @versioned(2, unstamped=1)
    class Track(list):
        pass

    @versioned(2, unstamped=1)
    class Table(dict):
        pass

    @versioned(2, unstamped=1)
    class Cell:
        def __new__(cls, place):
            self = object.__new__(cls)
            self.place = place
            return self
        def __getnewargs__(self):
            return (self.place,)

    @versioned(2, unstamped=1)
    class Series:
        def __init__(self, code):
            self.code = code
        def __reduce__(self):
            return Series, (self.code,), {"new": self.new}

    @versioned(2, unstamped=1)
    class Stateful:
        def __getstate__(self):
            return {"new": self.new}
        def __setstate__(self, state):
            self.new = state["new"]

    @versioned(2, unstamped=1)
    class Base:
        pass

    @versioned(1, unstamped=1)
    class Sub(Base):
        pass

    NAMES = "Plain Slots Data Frozen Attrs Pair Track Table Series Base"
    for name in NAMES.split():
        extra = [AddField("added", default="")] if name == "Data" else []
        extra = [AddField("added", factory=list)] if name in ("Slots", "Attrs") else extra
        Lineage(f"shop.models:{name}").upgrade(1, RenameField("old", "new"), *extra)
    Lineage("shop.models:Frozen").fields(1, "kept", "old")
    order = Lineage("shop.models:_Order").renamed_from("shop.models:Sale", until=1)
    order.upgrade(1, RenameField("old", "new"))
    Lineage("shop.models:_Order.Line").renamed_from("shop.models:Sale.Line", until=1)

    def grade_back(state):
        state["value"] = {1: "l", 2: "h"}[state["value"]]

    @migrates(Grade, 1, inverse=grade_back)
    def grade(state):
        state["value"] = {"l": 1, "h": 2}[state["value"]]

    def swap(state):
        state["args"] = state["args"][::-1]

    migrates(Fault, 1, inverse=swap)(swap)
    Lineage(Cell).upgrade(
        1,
        MergeFields(("row", "col"), "place", lambda row, col: (row, col), inverse=tuple),
        arguments=lambda args, kwargs: ((args,), {}),
    ).downgrade(1, arguments=lambda args, kwargs: (args[0], {}))

    @migrates(Stateful, 1, inverse=lambda state: ("v1", state["new"]))
    def stateful(state):
        return {"new": state[1]}

    def filled(obj, **fields):
        for name, value in fields.items():
            setattr(obj, name, value)
        return obj

    def objects():
        order = filled(_Order(), new=1)
        order.line = filled(_Order.Line(), order=order)
        plain = filled(Plain(), new=1)
        plain.me = [plain]
        return {
            "plain": plain,
            "order": order,
            "slots": filled(Slots(), new=1, kept=2, added=[]),
            "data": Data(1),
            "frozen": Frozen(1, 2),
            "attrs": Attrs(1, 2),
            "pair": Pair(kept=2, new=1),
            "grade": Grade.HIGH,
            "fault": Fault("text", 7),
            "track": filled(Track([1, 2]), new=1),
            "table": filled(Table({1: 2}), new=1),
            "cell": Cell((3, 4)),
            "series": filled(Series("x"), new=1),
            "stateful": filled(Stateful(), new=1),
            "sub": filled(Sub(), new=1, own=2),
        }
"""

WRITE = """
import json, sys
from pathlib import Path
import pickle_migrate
from pickle_migrate.errors import DowngradeError
from shop import models
target, version, protocol = json.loads(sys.argv[1])
names = [name for name, cls in vars(models).items() if hasattr(cls, "__pickle_migrate__")]
versions = {f"shop.models:{name}": version for name in names}
versions["shop.models:Sub"] = min(version, 1)
versions["shop.models:_Order.Line"] = min(version, 1)
refused = {}
for name, obj in models.objects().items():
    try:
        Path(target, name).write_bytes(pickle_migrate.dumps(obj, protocol, versions=versions))
    except DowngradeError as error:
        refused[name] = error.problem
print(json.dumps(refused))
"""

READ = """
import json, pickle, sys
from pathlib import Path
from shop import models
folder, = json.loads(sys.argv[1])
found = {}
for path in sorted(Path(folder).iterdir()):
    obj = pickle.loads(path.read_bytes())
    def fields(obj):
        kept = dict(getattr(obj, "__dict__", {}))
        for name in getattr(type(obj), "__slots__", ()):
            if name != "__weakref__" and hasattr(obj, name):
                kept[name] = getattr(obj, name)
        return {k: v for k, v in kept.items() if not k.startswith("__objclass")}
    state = fields(obj)
    if path.name == "plain":
        state["me"] = state["me"] == [obj] and state["me"][0] is obj
    if path.name == "order":
        state["line"] = [type(obj.line).__qualname__, obj.line.order is obj]
        state["secret"] = obj.secret()
    if path.name == "pair":
        state = [type(obj).__name__, obj.old, obj.kept]
    if path.name == "grade":
        state = obj.name
    if path.name == "fault":
        state["args"] = obj.args
    if path.name in ("track", "table"):
        state["items"] = list(obj)
    found[path.name] = state
print(json.dumps(found))
"""

EXPECTED = {
    "plain": {"old": 1, "me": True},
    "order": {"old": 1, "_Sale__x": 5, "line": ["Sale.Line", True], "secret": 5},
    "slots": {"old": 1, "kept": 2},
    "data": {"old": 1},
    "frozen": {"old": 1, "kept": 2},
    "attrs": {"old": 1, "kept": 2},
    "pair": ["Pair", 1, 2],
    "grade": "HIGH",
    "fault": {"args": [7, "text"]},
    "track": {"old": 1, "items": [1, 2]},
    "table": {"old": 1, "items": [1]},
    "cell": {"row": 3, "col": 4},
    "series": {"code": "x", "old": 1},
    "stateful": {"old": 1},
    "sub": {"old": 1, "own": 2},
}
#: What cannot be written without a stamp: their steps lead back, and their state is not all.
ONLY_STAMPED = {
    "order",
    "pair",
    "grade",
    "fault",
    "track",
    "table",
    "cell",
    "series",
    "stateful",
}


def interpreter(version):
    if version == HERE:
        return sys.executable
    found = sorted(PYENV.glob(f"{version}.*/bin/python"))
    if not found:
        pytest.skip(f"Python {version} is not installed")
    return str(found[-1])


@pytest.fixture
def project(tmp_path):
    """Both releases, and attrs for interpreters that have no packages."""
    for release, source in (("old", OLD), ("new", NEW)):
        package = tmp_path / release / "shop"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "models.py").write_text(textwrap.dedent(source))
    site = Path(attrs.__file__).parents[1]
    for name in ("attr", "attrs"):
        shutil.copytree(site / name, tmp_path / "site" / name)
    (tmp_path / "out").mkdir()
    return tmp_path


def run(python, code, argument, *paths):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "PICKLE_MIGRATE_SETTINGS": "",
    }
    done = subprocess.run(
        [python, "-c", code, json.dumps(argument)],
        env=environment,
        cwd=paths[0],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("protocol", [0, 2, 5])
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_old_release_reads_version_1_of_every_shape(project, version, protocol):
    """Under each Python that is there, with its own classes and this package."""
    site, out = project / "site", project / "out"
    argument = [str(out), 1, protocol]
    assert run(sys.executable, WRITE, argument, project / "new", ROOT, site) == {}
    assert run(interpreter(version), READ, [str(out)], project / "old", ROOT, site) == EXPECTED


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_a_release_without_this_package_reads_what_has_no_stamp(project, version):
    """Nothing of it is on that process's path. What cannot be written so is refused."""
    site, out = project / "site", project / "out"
    refused = run(sys.executable, WRITE, [str(out), 0, 4], project / "new", ROOT, site)
    assert refused.keys() == ONLY_STAMPED
    found = run(interpreter(version), READ, [str(out)], project / "old", site)
    assert found == {k: v for k, v in EXPECTED.items() if k not in ONLY_STAMPED}
