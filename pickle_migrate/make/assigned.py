"""The fields of a plain class, as far as its source says: what its methods assign to ``self``.

For classes that declare nothing. Reads source files; runs nothing.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

import attrs

from pickle_migrate.declared import classes, parsed, source_of
from pickle_migrate.refs import GlobalRef


@attrs.frozen
class Assigned:
    """``always``: what ``__init__`` assigns. ``ever``: what any method does. In order."""

    always: tuple[str, ...]
    ever: tuple[str, ...]


def assigned_fields(cls: type) -> Assigned | None:
    """What the methods of a class assign, its own body only; None if its source is not there."""
    node = class_node(GlobalRef.of(cls))
    if node is None:
        return None
    methods = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    made = [m for m in methods if m.name == "__init__"]
    always = dict.fromkeys(n for m in made for n in _assigned(m) if _is_stored(cls, n))
    ever = dict.fromkeys(n for m in methods for n in _assigned(m) if _is_stored(cls, n))
    return Assigned(tuple(always), tuple(ever)) if made else None


def _is_stored(cls: type, name: str) -> bool:
    return not isinstance(inspect.getattr_static(cls, name, None), property)


def class_node(ref: GlobalRef) -> ast.ClassDef | None:
    """The statement of a class in its source."""
    path = source_of(ref)
    tree = None if path is None else parsed(path)
    if tree is None:
        return None
    return next((n for name, n in classes(tree.body, "") if name == ref.qualname), None)


def _assigned(method: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    arguments = [*method.args.posonlyargs, *method.args.args]
    if not arguments:
        return
    own = arguments[0].arg
    for node in ast.walk(method):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name, ctx=ast.Store()):
                if owner == own:
                    yield name
