"""Pickles of old interpreters, read and written here without their classes, and read there again.

The interpreter that wrote them says whether it is the same: nothing of it is known to this process.
Interpreters that are not installed are skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pickle_migrate import scanner, shims

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
VERSIONS = ["2.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]

# Plain old Python, so that each of them runs it.
SOURCE = """
    # -*- coding: utf-8 -*-
    import collections, datetime, decimal, io, pickle, sys

    class Plain(object):
        def __init__(self, **fields):
            self.__dict__.update(fields)

    class Old:
        def __init__(self, a=0):
            self.a = a

    class InitArgs:
        def __init__(self, a):
            self.a, self.b = a, []
        def __getinitargs__(self):
            return (self.a,)

    class Slots(object):
        __slots__ = ("a", "b")

    class Items(list):
        pass

    class Pairs(dict):
        pass

    class Text(str):
        pass

    class Fault(ValueError):
        pass

    class Reduced(object):
        def __init__(self, *args):
            self.args = args
        def __reduce__(self):
            return Reduced, self.args, {"args": self.args, "seen": True}

    Point = collections.namedtuple("Point", "x y")

    def made(cls, *args, **fields):
        obj = cls(*args)
        for name in fields:
            setattr(obj, name, fields[name])
        return obj

    def samples(protocol):
        loop = Plain(name="loop")
        loop.me = [loop, {"k": loop}]
        found = [
            Plain(n=1, big=2**70, neg=-3, f=1.5, none=None, yes=True), loop, Old(1), InitArgs(2),
            made(Items, [1, 2], note="x"), made(Pairs, {"a": 1}, note="x"), made(Text, "t", a=1),
            Fault("a", 2), Reduced(1, 2), Point(1, Point(2, 3)), Plain, len,
            datetime.datetime(2001, 2, 3, 4, 5, 6), datetime.date(2001, 2, 3),
            decimal.Decimal("1.50"), collections.OrderedDict([("b", 1), ("a", 2)]),
            collections.defaultdict(list, {"k": [1]}), collections.deque([1, 2], 5),
            set([1, 2]), frozenset([3]), complex(1, 2), bytearray(b"ab"), b"by\\xfftes", b"",
            u"t\\xe9xt\\u20ac", u"", "plain", (), (1,), (1, 2, 3, 4), {(1, "k"): Plain()},
            [Plain(shared=loop)] * 3,
        ]
        if protocol >= 2:
            found.append(made(Slots, a=1))
        return found

    def view(obj, seen):
        if id(obj) in seen:
            return "=%d" % seen[id(obj)]
        if isinstance(obj, (list, tuple, dict, collections.deque)) or hasattr(obj, "__dict__") or (
            hasattr(obj, "__slots__")
        ):
            seen[id(obj)] = len(seen)
        parts = [type(obj).__name__]
        if isinstance(obj, dict):
            items = list(obj.items()) if isinstance(obj, collections.OrderedDict) else sorted(
                obj.items(), key=lambda pair: repr(pair[0])
            )
            parts += [[view(k, seen), view(v, seen)] for k, v in items]
        elif isinstance(obj, (set, frozenset)):
            parts.append(sorted(map(repr, obj)))
        elif isinstance(obj, (list, tuple, collections.deque)):
            parts += [view(one, seen) for one in obj]
        elif isinstance(obj, type) or type(obj).__name__ in (
            "classobj", "function", "builtin_function_or_method"
        ):
            return obj.__name__
        elif isinstance(obj, ValueError):
            parts.append(repr(obj.args))
        elif not hasattr(obj, "__dict__") and not hasattr(obj, "a"):
            parts.append(repr(obj))
        if hasattr(obj, "__slots__") and hasattr(obj, "a"):
            parts.append(obj.a)
        state = getattr(obj, "__dict__", None)
        if isinstance(state, dict):
            parts += [[name, view(state[name], seen)] for name in sorted(state)]
        return parts

    def dumpers():
        yield pickle.dumps
        if sys.version_info[0] == 2:
            import cPickle
            yield cPickle.dumps
        else:
            yield pickle._dumps

    def names():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            for number, dumps in enumerate(dumpers()):
                yield "%d.%d" % (protocol, number), protocol, dumps

    if __name__ == "__main__":
        if sys.argv[1] == "write":
            for name, protocol, dumps in names():
                with io.open(name, "wb") as file:
                    file.write(dumps(samples(protocol), protocol))
        else:
            wrong = []
            for name, protocol, dumps in names():
                with io.open(name, "rb") as file, io.open(name + ".new", "rb") as new:
                    first, second = pickle.loads(file.read()), pickle.loads(new.read())
                if view(first, {}) != view(second, {}):
                    wrong.append((name, view(first, {}), view(second, {})))
            print(repr(wrong))
"""


def interpreter(version: str) -> str | None:
    """The path of an interpreter of that version, or None."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    found = sorted(PYENV.glob(f"{version}.*/bin/python"))
    return str(found[-1]) if found else None


@pytest.mark.parametrize("version", VERSIONS)
def test_pickles_of_an_old_interpreter_come_back_to_it(version, tmp_path):
    """Every protocol and both of its picklers: with the same opcodes for all that has a meaning."""
    python = interpreter(version)
    if python is None:
        pytest.skip(f"Python {version} is not installed")
    script = tmp_path / "old_samples.py"
    script.write_text(textwrap.dedent(SOURCE).lstrip(), encoding="utf-8")
    run = [python, str(script)]
    # Hash seeds differ, and with them the order of sets.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([*run, "write"], cwd=tmp_path, check=True, env=environment)
    files = sorted(path for path in tmp_path.iterdir() if path.suffix in (".0", ".1"))
    assert len(files) >= 6
    for path in files:
        data = path.read_bytes()
        new = shims.dumps(shims.loads(data))
        old, found = scanner.scan(data), scanner.scan(new)
        assert (found.protocol, found.refs) == (old.protocol, old.refs)
        path.with_name(f"{path.name}.new").write_bytes(new)
    done = subprocess.run(
        [*run, "read"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
