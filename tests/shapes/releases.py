"""Two releases of an application, as source text: the old one writes pickles, the new one reads.

The old release's own classes write the old bytes. Its module is installed under a name, dumps, and
then the new release's module takes its place. Nothing of today's classes is there when the old ones
write, and no old class is there when today's ones read.

The releases are written once, with ``@versioned(N, unstamped=1)``, and tried in three ways:

- ``stamped``: ``, unstamped=1`` is left out of both. The new classes carry no hook for unstamped
  pickles, so pickle's C code does most of the work.
- ``hooked``: as written. The new classes carry the hook, and the pickles are stamped.
- ``unstamped``: the old release is written without the decorator and without this package.
"""

from __future__ import annotations

import contextlib
import copy
import copyreg
import importlib
import pickle
import re
import sys
import textwrap
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import attrs

import pickle_migrate
from pickle_migrate import hooks, resolver
from pickle_migrate.errors import StaticError
from pickle_migrate.registry import DEFAULT
from pickle_migrate.scanner import scan_all
from pickle_migrate.static_plan import StaticPlanner
from pickle_migrate.static_upgrade import check, row_of, upgraded

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
PICKLERS: dict[str, Callable[[Any, int], bytes]] = {
    "C pickler": pickle.dumps,
    "Python pickler": pickle._dumps,  # type: ignore[attr-defined]
    "pickle_migrate.dumps": pickle_migrate.dumps,
}


def static_loads(data: bytes) -> Any:
    """What a static upgrade gives, loaded by plain pickle; where none is offered, as ``loads``."""
    planner = StaticPlanner(resolver.import_ref)
    row = row_of(data, scan_all(data).pickles, planner)
    if row.reasons or any(p.shown.problems or not p.shown.is_old for p in row.plans):
        return pickle_migrate.loads(data)
    try:
        new = upgraded(row, row.way(None), encoding="ASCII", protocol=None)
    except StaticError:
        return pickle_migrate.loads(data)
    check(new, row, planner)
    return pickle.loads(new)


LOADERS: dict[str, Callable[[bytes], Any]] = {
    "pickle_migrate.loads": pickle_migrate.loads,
    "pickle.loads": pickle.loads,
    "pickle._loads": pickle._loads,  # type: ignore[attr-defined]
    "a static upgrade": static_loads,
}
HEADER = "from pickle_migrate import *\n"
_DECORATOR = re.compile(r"^[ \t]*@versioned\(.*\)\n", re.MULTILINE)
View = Callable[[Any], Any]
_installed: set[str] = set()


@contextlib.contextmanager
def isolation() -> Iterator[None]:
    """Start without releases, and put the default registry back at the end."""
    tables = _registry_tables()
    before = [dict(table) for table in tables]
    for table in tables:
        table.clear()
    try:
        yield
    finally:
        forget()
        for table, content in zip(tables, before, strict=True):
            table.update(content)


def forget() -> None:
    """Take away all releases: a new process would know nothing of them."""
    for cls in list(hooks._entries):
        del hooks._entries[cls]
        copyreg.dispatch_table.pop(cls, None)
    for table in _registry_tables():
        table.clear()
    _uninstall(_installed)
    _installed.clear()
    resolver._found.clear()
    resolver.use_settings(None)
    DEFAULT.generation += 1


def _registry_tables() -> list[dict[Any, Any]]:
    return [DEFAULT._records, DEFAULT._classes, DEFAULT._old_names, DEFAULT._renames._rules]


# --- installing -------------------------------------------------------------------------------


def install(sources: str | Mapping[str, str]) -> types.ModuleType:
    """Run a release's source as the module ``shop``, or as the modules that a mapping names, in its
    order. The release that was there is forgotten, as in a new process. Gives the last module.
    """
    modules = {"shop": sources} if isinstance(sources, str) else dict(sources)
    forget()
    _installed.update(modules)
    for name in sorted(modules.keys() | {p for module in modules for p in _parents(module)}):
        _new_module(name)
    return [_run(sys.modules[name], source) for name, source in modules.items()][-1]


def _uninstall(names: Collection[str]) -> None:
    roots = {name.partition(".")[0] for name in names}
    for name in [n for n in sys.modules if n.partition(".")[0] in roots]:
        del sys.modules[name]


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _new_module(name: str) -> None:
    module = types.ModuleType(name)
    module.__path__ = []  # every one may have modules below it
    sys.modules[name] = module
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, module)


def _run(module: types.ModuleType, source: str) -> types.ModuleType:
    exec(compile(textwrap.dedent(source), f"<{module.__name__}>", "exec"), vars(module))
    return module


# --- writing and reading ----------------------------------------------------------------------


@attrs.frozen
class Written:
    """One pickle, and what wrote it, byte for byte the same."""

    data: bytes
    protocol: int
    picklers: tuple[str, ...]

    def __str__(self) -> str:
        return f"protocol {self.protocol}, {' and '.join(self.picklers)}"


def written(obj: Any, lowest_protocol: int = 0) -> list[Written]:
    """The object, by every pickler at every protocol from the lowest on that can hold it."""
    found = []
    for protocol in range(lowest_protocol, PROTOCOLS.stop):
        by_data: dict[bytes, list[str]] = {}
        for name, dumps in PICKLERS.items():
            by_data.setdefault(dumps(obj, protocol), []).append(name)
        found += [Written(data, protocol, tuple(names)) for data, names in by_data.items()]
    return found


def fields_of(obj: Any) -> dict[str, Any]:
    """What stands in the object's ``__dict__`` and its slots, by the names in the code."""
    found = dict(getattr(obj, "__dict__", {}))
    for cls in type(obj).__mro__:
        slots = vars(cls).get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if name.startswith("__") and not name.endswith("__"):
                name = f"_{cls.__name__.lstrip('_')}{name}"
            if name not in ("__dict__", "__weakref__") and hasattr(obj, name):
                found[name] = getattr(obj, name)
    return found


@attrs.frozen
class Releases:
    """How the two releases are registered: ``stamped``, ``hooked`` or ``unstamped``."""

    way: str

    @property
    def are_stamped(self) -> bool:
        return self.way != "unstamped"

    def old_source(self, source: str) -> str:
        source = textwrap.dedent(source)
        if self.are_stamped:
            return HEADER + self._decorators(source)
        return _DECORATOR.sub("", source)

    def new_source(self, source: str) -> str:
        return HEADER + self._decorators(textwrap.dedent(source))

    def _decorators(self, source: str) -> str:
        return source.replace(", unstamped=1", "") if self.way == "stamped" else source

    def install_old(self, sources: str | Mapping[str, str]) -> types.ModuleType:
        """Make the old release the one that is imported."""
        return install(_each(self.old_source, sources))

    def install_new(self, sources: str | Mapping[str, str]) -> types.ModuleType:
        """Make the new release the one that is imported."""
        return install(_each(self.new_source, sources))

    def check(
        self,
        *,
        old: str | Mapping[str, str],
        new: str | Mapping[str, str],
        make: str,
        expected: Sequence[Any],
        view: View = fields_of,
        lowest_protocol: int = 0,
        copies: bool = True,
    ) -> None:
        """The whole life of some objects: written, copied and read again by the old release; read,
        written again and copied by the new one.

        ``make`` is an expression that gives a list of objects, in the old release's module;
        ``expected`` is what ``view`` gives for each of them in the new release, written by hand.
        The first object stands in the list a second time, and must come back as one object.
        ``lowest_protocol`` is the lowest at which the unregistered old class can be pickled.
        """
        found = Problems(view)
        module = self.install_old(old)
        objects = eval(make, vars(module))
        objects.append(objects[0])
        pickles = written(objects, 0 if self.are_stamped else lowest_protocol)
        before = [view(obj) for obj in objects]
        for one in pickles:
            assert (b"pickle_migrate" in one.data) is self.are_stamped
            found.read(f"old release, {one}", one.data, before)
        if copies:
            found.copies("old release", objects, before)
        self.install_new(new)
        after = [*expected, expected[0]]
        for one in pickles:
            for name, loaded in found.read(str(one), one.data, after):
                for pickler in one.picklers:
                    again = PICKLERS[pickler](loaded, one.protocol)
                    assert b"pickle_migrate" in again
                    if again not in found.good:
                        found.read(f"{one}, {name}, written again by {pickler}", again, after)
        if copies and found.last is not None:
            found.copies("new release", found.last, after)
        found.raise_if_any()


def _each(change: Callable[[str], str], sources: str | Mapping[str, str]) -> Any:
    if isinstance(sources, str):
        return change(sources)
    return {name: change(source) for name, source in sources.items()}


@attrs.define
class Problems:
    """What did not come out as expected; all of it, so that one run tells which ways are wrong."""

    view: View
    texts: list[str] = attrs.field(factory=list)
    first: Exception | None = None
    last: list[Any] | None = None  # what was loaded last as expected
    good: set[bytes] = attrs.field(factory=set)  # pickles that every loader read as expected

    def read(self, title: str, data: bytes, expected: list[Any]) -> list[tuple[str, list[Any]]]:
        """Load by each loader and compare. Gives what came as expected, with the loader's name."""
        good = []
        for name, loads in LOADERS.items():
            loaded = self.compare(f"{title}, {name}", lambda loads=loads: loads(data), expected)
            if loaded is not None:
                good.append((name, loaded))
                self.last = loaded
        if len(good) == len(LOADERS):
            self.good.add(data)
        return good

    def compare(self, title: str, load: Callable[[], Any], expected: list[Any]) -> Any:
        """Load, and compare with what is expected. Gives the objects, or None."""
        try:
            loaded = load()
            views = [self.view(obj) for obj in loaded]
        except Exception as error:
            self.first = self.first or error
            self.texts.append(f"{title}: {type(error).__name__}: {error}")
            return None
        if not equal(views, expected):
            self.texts.append(f"{title}: expected {expected}, found {views}")
            return None
        if loaded[-1] is not loaded[0]:
            self.texts.append(f"{title}: one object became two")
        strange = [type(obj) for obj in loaded if not _is_current(type(obj))]
        if strange:
            self.texts.append(f"{title}: not of today's class: {strange}")
        return loaded

    def copies(self, title: str, objects: list[Any], expected: list[Any]) -> None:
        """copy and deepcopy give equal objects that share no ``__dict__`` with the originals."""

        def shallow() -> list[Any]:
            copied = [copy.copy(obj) for obj in objects[:-1]]
            return [*copied, copied[0]]

        for name, how in (("copy", shallow), ("deepcopy", lambda: copy.deepcopy(objects))):
            twins = self.compare(f"{title}, {name}", how, expected)
            for obj, twin in zip(objects, twins or (), strict=False):
                shared = getattr(obj, "__dict__", None) is getattr(twin, "__dict__", obj)
                if twin is not obj and shared:
                    self.texts.append(f"{title}, {name}: the copy shares its __dict__")
        if not equal([self.view(obj) for obj in objects], expected):
            self.texts.append(f"{title}: copying changed the originals")

    def raise_if_any(self) -> None:
        """Raise AssertionError if something was found."""
        if self.texts:
            raise AssertionError("\n".join(self.texts)) from self.first


def equal(left: Any, right: Any) -> bool:
    """Equality that also tells 1 from True and from 1.0, and a dict's subclass from a dict."""
    if type(left) is not type(right):
        return False
    if type(left) in (list, tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    if type(left) is dict:
        return left.keys() == right.keys() and all(equal(left[k], right[k]) for k in left)
    return bool(left == right)


def _is_current(cls: type) -> bool:
    if cls.__module__.partition(".")[0] in sys.builtin_module_names:
        return True
    found: Any = importlib.import_module(cls.__module__)
    for name in cls.__qualname__.split("."):
        if name == "<locals>":
            return True
        found = getattr(found, name)
    return found is cls
