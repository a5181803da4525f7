"""What ``@versioned`` says of a class, read from the source of its module, which is not run.

For pickles that are upgraded without importing anything: unstamped ones tell no version, and a
lineage does not tell which of its versions is the current one. Only literal numbers count, and only
classes whose pickles follow from their source: no bases, no methods that pickle calls, no slots.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path
from typing import Final

import attrs

from pickle_migrate import declared
from pickle_migrate.refs import GlobalRef

_OWN: Final = frozenset(
    [
        *("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__slots__"),
        *("__getnewargs__", "__getnewargs_ex__", "__getinitargs__"),
    ]
)


@attrs.frozen
class SourceClass:
    """A versioned class as its source has it. ``unstamped`` is the version of unstamped pickles;
    None: it has none. ``reason`` says why its states do not follow from the source, or is None.
    """

    version: int
    unstamped: int | None = None
    reason: str | None = None


def source_class(ref: GlobalRef) -> SourceClass | None:
    """The class, if the module's file in the folders of ``sys.path`` declares it with literal
    versions. Reads the file, imports nothing. Raises nothing.
    """
    path = declared.source_of(ref)
    return None if path is None else _classes_in(path).get(ref.qualname)


@functools.lru_cache(maxsize=1_000)
def _classes_in(path: Path) -> dict[str, SourceClass]:
    # Most modules that a pickle names are others, and parsing takes its time.
    tree = declared.parsed(path) if _mentions(path) else None
    if tree is None:
        return {}
    names = declared.names_of_decorator(tree)
    found = {}
    for qualname, node in declared.classes(tree.body, ""):
        others = []
        versioned: ast.Call | None = None
        for decorator in node.decorator_list:
            if declared.is_decorator(decorator, names):
                versioned = decorator if isinstance(decorator, ast.Call) else None
            else:
                others.append(decorator)
        made = None if versioned is None else _made(versioned, node, others)
        if made is not None:
            found[qualname] = made
    return found


def _mentions(path: Path) -> bool:
    try:
        return b"versioned" in path.read_bytes()
    except OSError:
        return False


def _made(call: ast.Call, node: ast.ClassDef, others: list[ast.expr]) -> SourceClass | None:
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if len(call.args) > 1 or None in keywords:
        return None
    version = _number(call.args[0] if call.args else keywords.get("version"))
    if version is None:
        return None
    given = keywords.get("unstamped", ast.Constant(None))
    is_none = isinstance(given, ast.Constant) and given.value is None
    unstamped = None if is_none else _number(given)
    if unstamped is None and not is_none:
        return None
    return SourceClass(version, unstamped, _reason(node, others))


def _number(node: ast.expr | None) -> int | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if type(value) is int and value > 0 else None


def _reason(node: ast.ClassDef, others: list[ast.expr]) -> str | None:
    bases = [ast.unparse(base) for base in node.bases if ast.unparse(base) != "object"]
    if bases or node.keywords:
        return f"has bases or keywords ({', '.join(bases) or 'metaclass'})"
    own = sorted(_OWN & set(_names_in(node.body)))
    if own:
        return f"has a {own[0]} of its own"
    strange = [ast.unparse(other) for other in others if not _is_plain_dataclass(other)]
    return f"is decorated with {strange[0]}" if strange else None


def _names_in(body: list[ast.stmt]) -> list[str]:
    """The names that a class body binds, as far as they are written there."""
    found = []
    for node in body:
        for part in ast.walk(node):
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.append(part.name)
            elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                found.append(part.id)
    return found


def _is_plain_dataclass(node: ast.expr) -> bool:
    """Whether a decorator is ``dataclass`` without slots, which changes nothing for pickle."""
    keywords = node.keywords if isinstance(node, ast.Call) else []
    name = node.func if isinstance(node, ast.Call) else node
    is_dataclass = ast.unparse(name) in ("dataclass", "dataclasses.dataclass")
    return is_dataclass and not any(k.arg in ("slots", None) for k in keywords)
