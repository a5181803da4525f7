"""Where a migration is written: which file, and under which name it is imported.

Reads folders and files; imports nothing, writes nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from pickle_migrate.declared import source_of
from pickle_migrate.errors import RequestError
from pickle_migrate.project import Settings
from pickle_migrate.refs import GlobalRef

#: Names such as m0003_order_quantity: with a letter first, plain ``import`` can name them.
_NUMBERED = re.compile(r"m(\d{4,})_\w+")


@attrs.frozen
class Place:
    """A file for migrations. ``module`` is its name for imports. ``package``: the ``__init__.py``
    that has to import it, and its name; None if it is no new module of a package. ``exists``: the
    file is there, and gets more.
    """

    path: Path
    module: str
    exists: bool
    package: Path | None = None

    @property
    def own(self) -> str:
        """The top package."""
        return self.module.split(".")[0]


def find_place(
    to: str | None, named: Sequence[str], settings: Settings, ref: GlobalRef, name: str
) -> Place:
    """Where the step of a class goes. ``to`` is a file or a module, given as an option; ``named``
    are the modules that the class itself names; then the settings count. ``name`` is that of a new
    module in a package. Raises RequestError when nothing says it.
    """
    if to is not None:
        return _given(to, name)
    modules = [*named, *settings.migrations]
    if not modules:
        file = settings.source or "pyproject.toml"
        table = "" if file.endswith("pickle_migrate.toml") else " under [tool.pickle_migrate]"
        package = f"{ref.module.split('.')[0]}.migrations"
        raise RequestError(
            "nothing says where migrations are written",
            f'Add the line migrations = ["{package}"] to {file}{table}, or give --to FILE or '
            "--to MODULE.",
        )
    best = max(modules, key=lambda one: _nearness(one, ref.module))
    return _of_module(best, name)


def _nearness(module: str, other: str) -> int:
    pairs = zip(module.split("."), other.split("."), strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), 99)


def _given(to: str, name: str) -> Place:
    if not to.endswith(".py") and "/" not in to:
        return _of_module(to, name)
    path = Path(to).absolute()
    if path.is_dir():
        path = path / "__init__.py"
    module = _module_of(path)
    if module is None:
        raise RequestError(
            f"--to {to}: it is in no folder that Python looks for modules in",
            "Name its folder with --path, or give the name of a module.",
        )
    if path.name == "__init__.py" and path.exists():
        return _in_package(path, module, name)
    return Place(path, module, path.exists(), _package_of(path))


def _module_of(path: Path) -> str | None:
    for folder in sorted(map(_absolute, sys.path), key=lambda one: -len(one.parts)):
        if path.is_relative_to(folder):
            parts = path.relative_to(folder).with_suffix("").parts
            parts = parts[:-1] if parts[-1:] == ("__init__",) else parts
            if parts and all(part.isidentifier() for part in parts):
                return ".".join(parts)
    return None


def _absolute(folder: str) -> Path:
    return Path(folder or ".").absolute()


def _of_module(module: str, name: str) -> Place:
    path = source_of(GlobalRef(module, "__name__"))
    if path is not None:
        path = path.absolute()
        return (
            _in_package(path, module, name)
            if path.name == "__init__.py"
            else Place(path, module, True)
        )
    parent, _, last = module.rpartition(".")
    above = None if not parent else source_of(GlobalRef(parent, "__name__"))
    if above is not None and above.name == "__init__.py" and last.isidentifier():
        return Place(above.absolute().with_name(f"{last}.py"), module, False)
    if not parent and last.isidentifier():
        return Place(_absolute(sys.path[0] if sys.path else ".") / f"{last}.py", module, False)
    raise RequestError(
        f"the module {module} for migrations is not there, and neither is a package for it",
        f"Make a package {parent or module}, or give --to FILE.",
    )


def _in_package(init: Path, package: str, name: str) -> Place:
    path = init.with_name(f"{name}.py")
    return Place(path, f"{package}.{name}", path.exists(), init)


def _package_of(path: Path) -> Path | None:
    init = path.with_name("__init__.py")
    return init if not path.exists() and init.exists() and path != init else None


def is_package(place: Place) -> bool:
    """Whether a new module in a package is meant."""
    return place.package is not None


def next_name(folder: Iterable[str], slug: str) -> str:
    """The name of a new module, after those that are there: ``m0003_order_quantity``."""
    numbers = [int(m[1]) for one in folder if (m := _NUMBERED.fullmatch(one.removesuffix(".py")))]
    return f"m{max(numbers, default=0) + 1:04}_{slug}"


def slug_of(words: Iterable[str]) -> str:
    """A short name in lower case with underscores, of the first words that make it long enough."""
    found = ""
    for word in words:
        part = re.sub(r"\W+|^(?=\d)", "_", word.lower()).strip("_")
        if not part or len(found) + len(part) > 40:
            break
        found = f"{found}_{part}" if found else part
    return found or "changes"


def width_of(path: Path) -> int:
    """The line length that the project's ruff or black is set to, or 100."""
    import tomllib

    for folder in path.absolute().parents:
        for name, keys in (
            ("ruff.toml", ("line-length",)),
            (".ruff.toml", ("line-length",)),
            ("pyproject.toml", ("tool", "ruff", "line-length")),
            ("pyproject.toml", ("tool", "black", "line-length")),
        ):
            try:
                found: object = tomllib.loads((folder / name).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            for key in keys:
                found = found.get(key) if isinstance(found, dict) else None
            if isinstance(found, int) and 40 <= found <= 320:
                return found
    return 100
