"""Which classes carry ``@versioned``, read from the source of their modules, which is not run.

The commands let a pickle name registered classes. Which those are, only the program knows that
imports them; a command would have to import a module to learn whether it may. So it reads: a class
is declared when the source of its module, as it stands in the folders of ``sys.path``, decorates it
with ``versioned``, or derives it there from one that is. What is declared in other ways (by a call,
in a module that only an import hook finds) has to be imported first, with ``--import``.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

from pickle_migrate.refs import GlobalRef

_PACKAGE, _DECORATOR = "pickle_migrate", "versioned"


def is_declared(ref: GlobalRef) -> bool:
    """Whether the source of a module declares this class. Reads the file, and imports nothing."""
    path = source_of(ref)
    return path is not None and ref.qualname in _declared_in(path)


def source_of(ref: GlobalRef) -> Path | None:
    """The file of a ref's module, or None. Imports nothing."""
    parts = ref.module.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    return _source_of(tuple(parts), tuple(sys.path))


@functools.lru_cache(maxsize=10_000)
def _source_of(parts: tuple[str, ...], folders: tuple[str, ...]) -> Path | None:
    """The file that an import of the module would run, as far as folders tell."""
    for folder in folders:
        if not {parts[0], f"{parts[0]}.py"} & _entries(folder or ".", _changed(folder or ".")):
            continue
        base = Path(folder or ".").joinpath(*parts)
        for path in (base / "__init__.py", base.with_name(f"{base.name}.py")):
            with contextlib.suppress(OSError):  # a pickle may name what no file can be called
                if path.is_file():
                    return path
    return None


def _changed(folder: str) -> int:
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0


@functools.lru_cache(maxsize=1_000)
def _entries(folder: str, changed: int) -> frozenset[str]:
    """What a folder holds. A pickle may name thousands of modules: most are not even there."""
    try:
        return frozenset(path.name for path in Path(folder).iterdir())
    except OSError:
        return frozenset()


@functools.lru_cache(maxsize=1_000)
def _declared_in(path: Path) -> frozenset[str]:
    tree = parsed(path)
    if tree is None:
        return frozenset()
    names = names_of_decorator(tree)
    found: set[str] = set()
    for qualname, node in classes(tree.body, ""):
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        if any(is_decorator(d, names) for d in node.decorator_list) or bases & found:
            found.add(qualname)
    return frozenset(found)


def parsed(path: Path) -> ast.Module | None:
    """The source of a module, or None if it is none. Runs nothing."""
    try:
        return ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError):
        return None


def names_of_decorator(tree: ast.Module) -> frozenset[str]:
    """What the module calls ``versioned``, by its imports from this package."""
    return frozenset(
        _DECORATOR if alias.name == "*" else alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == _PACKAGE
        for alias in node.names
        if alias.name in (_DECORATOR, "*")
    )


def is_decorator(node: ast.expr, names: frozenset[str]) -> bool:
    """Whether a decorator is ``versioned``, called or not."""
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Name):
        return node.id in names
    return isinstance(node, ast.Attribute) and node.attr == _DECORATOR


def classes(body: list[ast.stmt], outer: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """The classes of a module in order, those in classes and in branches among them."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield f"{outer}{node.name}", node
            yield from classes(node.body, f"{outer}{node.name}.")
        elif isinstance(node, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                yield from classes(getattr(node, part, []), outer)
