"""New names in bytes that other Pythons wrote, loaded by other Pythons without our package.

Each interpreter writes with an old package of the name ``shop`` on its path and reads with a new
one, ``store``. Interpreters that are not installed are skipped; this one always runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter import renamed
from pickle_migrate.scanner import scan_all

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHON_3 = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]

MODULE = """
    import sys

    class {order}(object):
        def __init__(self, a):
            self.a = a

    class {slotted}(object):
        __slots__ = ("a",)
        def __init__(self, a):
            self.a = a
        def __getstate__(self):
            return [self.a]
        def __setstate__(self, state):
            (self.a,) = state

    class {old_style}:
        def __init__(self, a):
            self.a = a

    class {failure}(ValueError):
        pass

    class {mapping}(dict):
        pass

    def function():
        pass
    """
OLD = {n: n for n in ("order", "slotted", "old_style", "failure", "mapping")}
NEW = {n: f"New_{n}" for n in OLD}

NESTED = """
    class {outer}(object):
        class {inner}(object):
            def __init__(self, a):
                self.a = a
    """

WRITE = """
    import io, pickle, struct, sys
    import {module} as m
    picklers = [pickle.dumps]
    if sys.version_info[0] == 2:
        import cPickle
        picklers.append(cPickle.dumps)
    else:
        picklers.append(pickle._dumps)
    shared = ["{module}", "order"]
    order = m.order(shared)
    cycle = m.order(None)
    cycle.a = cycle
    value = [order, order, m.slotted(shared), m.old_style(1), m.failure("f"), m.mapping(a=order),
             m.order, m.function, "{module}", u"{module}", "order", u"\\u00e9", set([1]), 1j, cycle]
    if {nested}:
        value += [m.outer.inner(3), m.outer.inner, m.outer]
    out = getattr(sys.stdout, "buffer", sys.stdout)
    for dumps in picklers:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            out.write(dumps(value, protocol))
    """

READ = """
    import io, pickle, sys
    import {module} as m
    data = getattr(sys.stdin, "buffer", sys.stdin).read()
    loaders = [pickle.load]
    if sys.version_info[0] == 2:
        import cPickle
        loaders.append(cPickle.load)
    else:
        loaders.append(pickle._load)
    for load in loaders:
        file, count = io.BytesIO(data), 0
        while file.tell() < len(data):
            value = load(file)
            order, again, slotted, old_style, failure, mapping = value[:6]
            assert order is again is mapping["a"] and type(order) is m.New_order, order
            assert type(slotted) is m.New_slotted and slotted.a is order.a
            assert order.a == ["shop.models", "order"], order.a
            assert isinstance(old_style, m.New_old_style) and old_style.a == 1
            assert type(failure) is m.New_failure and failure.args == ("f",)
            assert type(mapping) is m.New_mapping
            assert value[6:8] == [m.New_order, m.function]
            assert value[8:11] == ["shop.models", u"shop.models", "order"]
            assert value[11:14] == [u"\\u00e9", set([1]), 1j]
            assert value[14].a is value[14]
            if len(value) > 15:
                assert type(value[15]) is value[16] is m.New_outer.New_inner
                assert value[17] is m.New_outer
            count += 1
    print(count)
    """


def interpreter(version):
    """The command of another Python; skips the test where there is none."""
    if version == HERE:
        return sys.executable
    under_pyenv = [str(path) for path in sorted(PYENV.glob(f"{version}.*/bin/python"))]
    for command in filter(None, [*under_pyenv[-1:], shutil.which(f"python{version}")]):
        return command
    pytest.skip(f"no Python {version} here")


def run(version, folder, source, data=b""):
    """What a source prints in another Python, with that folder's packages."""
    (folder / "script.py").write_text("# coding: utf-8\n" + textwrap.dedent(source))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [interpreter(version), "-B", "script.py"],
        cwd=folder,
        input=data,
        capture_output=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def release(folder, module, names, *, nested):
    """A package with one module of these names."""
    package, name = module.split(".")
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text("")
    source = textwrap.dedent(MODULE).format(**names)
    if nested:
        inner = {n: f"New_{n}" if names is NEW else n for n in ("outer", "inner")}
        source += textwrap.dedent(NESTED).format(**inner)
    (folder / package / f"{name}.py").write_text(source)
    return folder


def today(named):
    """The renames: another package, and other names in it."""
    if named.ref.module != "shop.models":
        return None
    names = [n if n == "function" else f"New_{n}" for n in named.ref.qualname.split(".")]
    return GlobalRef("store.core", ".".join(names))


@pytest.mark.parametrize(
    ("writer", "readers"),
    [("2.7", ["2.7", HERE]), *((v, list(dict.fromkeys([v, HERE]))) for v in PYTHON_3)],
)
def test_what_another_python_wrote_loads_under_its_new_names(writer, readers, tmp_path):
    """All protocols and both picklers of each Python in one row, read by both its unpicklers."""
    nested = writer != "2.7"
    old = release(tmp_path / "old", "shop.models", OLD, nested=nested)
    new = release(tmp_path / "new", "store.core", NEW, nested=nested)
    data = run(writer, old, WRITE.format(module="shop.models", nested=nested))
    assert renamed(data, lambda g: None) == data
    changed = renamed(data, today)
    count = len(scan_all(data).pickles)
    assert count >= 6
    for reader in readers:
        if (writer, reader) != ("2.7", HERE) or HERE == "2.7":
            assert int(run(reader, new, READ.format(module="store.core"), changed)) == count
        else:
            read = READ.replace("pickle.load]", "lambda f: pickle.load(f, encoding='utf-8')]")
            read = read.replace("pickle._load)", "lambda f: pickle._load(f, encoding='utf-8'))")
            assert int(run(reader, new, read.format(module="store.core"), changed)) == count


@pytest.mark.parametrize("version", PYTHON_3)
@pytest.mark.parametrize("protocol", range(6))
def test_names_that_picklers_would_not_write_are_read_everywhere(version, protocol, tmp_path):
    """A name that is not ASCII, and a class in a class, at a protocol below those that write it."""
    module = "étage"
    (tmp_path / f"{module}.py").write_text(
        textwrap.dedent(NESTED).format(outer="Außen", inner="Ínnen"), encoding="utf-8"
    )
    old = {0: b"cshop\nOrder\n.", 1: b"cshop\nOrder\nq\0.", 2: b"\x80\2cshop\nOrder\n."}
    text = b"\x80%c\x8c\4shop\x8c\5Order\x93."
    data = old.get(protocol) or (b"\x80\3cshop\nOrder\n." if protocol == 3 else text % protocol)
    plain = renamed(data, lambda g: GlobalRef(module, "Außen"))
    dotted = renamed(data, lambda g: GlobalRef(module, "Außen.Ínnen"))
    read = f"""
        import io, pickle, sys
        import {module} as m
        data = sys.stdin.buffer.read()
        for load in (pickle.load, pickle._load):
            file = io.BytesIO(data)
            assert load(file) is m.Außen
            assert load(file) is m.Außen.Ínnen
        """
    run(version, tmp_path, read, plain + dotted)
