"""Fields of a class that declares none: what its ``__init__`` sets, whatever the arguments, and
those of bases that it calls.

Read from source, which is not run. A field that every new object gets, and that no pickle of this
version was ever seen with, came after the version was locked.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pickle_migrate import declared
from pickle_migrate.lock.values import Lock, LockedClass
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import DEFAULT, Registry
from pickle_migrate.shapes import MARK


def unlocked_fields(locked: LockedClass, lock: Lock, registry: Registry = DEFAULT) -> list[str]:
    """The fields that the class sets today and that its newest locked version does not have, in the
    order of the source; none where that cannot be told: the class is not registered, declares its
    fields, has a state of its own making, or was never seen.
    """
    cls, head = registry.class_at(locked.ref), locked.head
    if cls is None or head.fields is None or not head.seen or head.state != "dict":
        return []
    known = set(_locked_names(cls, lock))
    if not known:
        return []
    return [
        name
        for name in dict.fromkeys(_set_in_inits(cls, lock))
        if name not in known and not hasattr(cls, name)
    ]


def _locked_names(cls: type, lock: Lock) -> Iterator[str]:
    for kind in cls.__mro__:
        locked = lock.of(GlobalRef.of(kind))
        if locked is not None and locked.head.fields is not None:
            yield from (name for name, _ in locked.head.fields)


def _set_in_inits(cls: type, lock: Lock) -> Iterator[str]:
    """Names that ``__init__`` of the class, and of each base that it leads to, sets. A versioned
    base whose fields are locked is looked at by itself.
    """
    for kind in cls.__mro__:
        ref = GlobalRef.of(kind)
        node = _class_node(ref) if "<locals>" not in ref.qualname else None
        function = None if node is None else _init_of(node)
        if node is None or function is None:
            if "__init__" in vars(kind):
                return  # written by somebody else, in C or by a decorator
            continue
        if kind is cls:
            yield from _set_in_init(node, function)
        elif not _is_locked(kind, ref, lock):
            # Private names would need the name of the base.
            yield from (n for n in _set_in_init(node, function) if not n.startswith("__"))
        if not any(map(_is_call_of_init, ast.walk(function))):
            return


def _is_locked(cls: type, ref: GlobalRef, lock: Lock) -> bool:
    locked = lock.of(ref)
    return MARK in vars(cls) and locked is not None and locked.head.fields is not None


def _class_node(ref: GlobalRef) -> ast.ClassDef | None:
    path = declared.source_of(ref)
    tree = None if path is None else declared.parsed(path)
    if tree is None:
        return None
    return next((n for name, n in declared.classes(tree.body, "") if name == ref.qualname), None)


def _init_of(node: ast.ClassDef) -> ast.FunctionDef | None:
    made = (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
    return next(made, None)


def _set_in_init(node: ast.ClassDef, function: ast.FunctionDef) -> Iterator[str]:
    """Names that ``__init__`` assigns to ``self`` in its outermost block."""
    taken_back = {n.attr for n in ast.walk(node) if _is_deleted(n) and isinstance(n, ast.Attribute)}
    yield from (name for name in _assigned(function) if name not in taken_back)


def _is_call_of_init(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "__init__"
    )


def _is_deleted(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Del)


def _assigned(function: ast.FunctionDef) -> Iterator[str]:
    arguments = [*function.args.posonlyargs, *function.args.args]
    if not arguments:
        return
    for statement in function.body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        else:
            continue
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            for part in parts:
                match part:
                    case ast.Attribute(value=ast.Name(id=name), attr=attr):
                        if name == arguments[0].arg:
                            yield attr
