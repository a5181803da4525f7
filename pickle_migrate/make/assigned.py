"""The fields of a plain class, as far as its source says: what its methods assign to ``self``.

For classes that declare nothing. Reads source files; runs nothing.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Collection, Iterator

import attrs

from pickle_migrate.declared import classes, parsed, source_of
from pickle_migrate.refs import GlobalRef
from pickle_migrate.shapes import MARK


@attrs.frozen
class Assigned:
    """``always``: what ``__init__`` assigns. ``ever``: what any method does. In order. ``sure``: no
    field comes in another way, as far as the source says: no ``setattr``, no ``__dict__``, and all
    bases have a source.
    """

    always: tuple[str, ...]
    ever: tuple[str, ...]
    sure: bool = True


def assigned_fields(cls: type, unlocked: Collection[GlobalRef] = ()) -> Assigned | None:
    """What the methods of a class and of its bases assign; fields of versioned bases are not the
    class's own, and are in ``ever`` alone, but for the bases ``unlocked``, of which nobody knows
    the fields by themselves. None if the source of the class is not there, or no ``__init__`` is.
    """
    kinds = [k for k in cls.__mro__ if k.__module__ != "builtins"]
    parts = {k: _of_class(k) for k in kinds}
    own = [k for k in kinds if k is cls or MARK not in vars(k) or GlobalRef.of(k) in unlocked]
    mine = [part for k in own if (part := parts[k]) is not None]
    if not kinds or parts[cls] is None or not any(part.always for part in mine):
        return None
    return Assigned(
        tuple(dict.fromkeys(n for part in mine for n in part.always)),
        tuple(dict.fromkeys(n for part in parts.values() if part for n in part.ever)),
        all(part is not None and part.sure for part in parts.values()),
    )


def _of_class(cls: type) -> Assigned | None:
    """The same of one class's own body."""
    node = class_node(GlobalRef.of(cls)) if "<locals>" not in cls.__qualname__ else None
    if node is None:
        return None
    methods = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    made = [m for m in methods if m.name == "__init__"]
    always = dict.fromkeys(n for m in made for n in _assigned(m) if _is_stored(cls, n))
    ever = dict.fromkeys(n for m in methods for n in _assigned(m) if _is_stored(cls, n))
    return Assigned(tuple(always), tuple(ever), not any(map(_is_dynamic, methods)))


def _is_dynamic(method: ast.AST) -> bool:
    for node in ast.walk(method):
        match node:
            case ast.Name(id="setattr" | "vars") | ast.Attribute(attr="__dict__" | "__setattr__"):
                return True
    return False


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
