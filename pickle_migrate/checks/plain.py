"""Fields of a class that declares none: what its ``__init__`` sets, whatever the arguments.

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
        for name in dict.fromkeys(_set_in_init(locked.ref))
        if name not in known and not hasattr(cls, name)
    ]


def _locked_names(cls: type, lock: Lock) -> Iterator[str]:
    for kind in cls.__mro__:
        locked = lock.of(GlobalRef.of(kind))
        if locked is not None and locked.head.fields is not None:
            yield from (name for name, _ in locked.head.fields)


def _set_in_init(ref: GlobalRef) -> Iterator[str]:
    """Names that ``__init__`` assigns to ``self`` in its outermost block."""
    path = declared.source_of(ref)
    tree = None if path is None else declared.parsed(path)
    if tree is None:
        return
    node = next((n for name, n in declared.classes(tree.body, "") if name == ref.qualname), None)
    if node is None:
        return
    taken_back = {n.attr for n in ast.walk(node) if _is_deleted(n) and isinstance(n, ast.Attribute)}
    for function in node.body:
        if isinstance(function, ast.FunctionDef) and function.name == "__init__":
            yield from (name for name in _assigned(function) if name not in taken_back)


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
