"""Expressions that a person gives: a value, or how one value becomes another.

An expression may name what its class's module can name, builtins, and a few types of the standard
library that need no import here. Nothing of it is run.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from pickle_migrate.make.layout import Code, Import, expression_text
from pickle_migrate.make.sources import Spelled, import_of

#: Types that are written without saying where they are from.
WELL_KNOWN: Final = {
    "Counter": "collections",
    "OrderedDict": "collections",
    "defaultdict": "collections",
    "deque": "collections",
    "Decimal": "decimal",
    "Fraction": "fractions",
    "Path": "pathlib",
    "PurePosixPath": "pathlib",
    "SimpleNamespace": "types",
    "UUID": "uuid",
    "date": "datetime",
    "timedelta": "datetime",
    "timezone": "datetime",
}
_MODULES: Final = ("datetime", "decimal", "json", "math", "operator", "re", "uuid")


@attrs.frozen
class Expression:
    """One line of source. ``names``: the variables of it that are fields. ``is_function``: it is
    the name of something to call.
    """

    source: Spelled
    names: frozenset[str] = frozenset()
    is_function: bool = False


class WrongExpression(ValueError):  # noqa: N818 - a message for who typed it
    """An expression that cannot be taken; its text says why."""


def parse(text: str, module: Mapping[str, Any], variables: Iterable[str] = ()) -> Expression:
    """Read an expression. ``module`` are the globals of the class's module, ``variables`` the names
    that stand for values. ``package.module:name`` is a function of any module. Raises
    WrongExpression.
    """
    ref = _function_ref(text)
    if ref is not None:
        return ref
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise WrongExpression(f"{text.strip()!r} is no expression of Python: {reason}") from None
    known = frozenset(variables)
    own = _bound(node)
    imports, used = set[Import](), set[str]()
    for name in sorted({n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - own):
        if name in known:
            used.add(name)
        else:
            imports |= _import_for(name, module)
    is_function = not used and _is_callable(node, module)
    makes = isinstance(node, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.Call)
    source = Spelled(Code(expression_text(node)), frozenset(imports), makes)
    return Expression(source, frozenset(used), is_function)


def _function_ref(text: str) -> Expression | None:
    module, colon, name = text.strip().partition(":")
    if not colon or not all(part.isidentifier() for part in f"{module}.{name}".split(".")):
        return None
    imports = frozenset({Import(module, name.split(".")[0])})
    return Expression(Spelled(Code(name), imports), is_function=True)


def _bound(node: ast.expr) -> set[str]:
    own = {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
    return own | {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }


def _import_for(name: str, module: Mapping[str, Any]) -> set[Import]:
    if name in module:
        found = import_of(name, dict(module))
        return set() if found is None or found.module == "builtins" else {found}
    if hasattr(builtins, name):
        return set()
    if name in WELL_KNOWN:
        return {Import(WELL_KNOWN[name], name)}
    if name in _MODULES:
        return {Import(name)}
    raise WrongExpression(
        f"the name {name!r} is not known: import it in the module of the class, or write the whole "
        "of it as module:name"
    )


def _is_callable(node: ast.expr, module: Mapping[str, Any]) -> bool:
    match node:
        case ast.Lambda():
            return True
        case ast.Name(id=name):
            if name in module:
                return callable(module[name])
            return name in WELL_KNOWN or callable(getattr(builtins, name, None))
        case ast.Attribute(value=value, attr=attr):
            owner = _value_of(value, module)
            return owner is not None and callable(getattr(owner, attr, None))
    return False


def _value_of(node: ast.expr, module: Mapping[str, Any]) -> Any:
    match node:
        case ast.Name(id=name):
            found = module.get(name, getattr(builtins, name, None))
            known = sys.modules.get(name) if name in _MODULES else None
            return known if found is None else found
        case ast.Attribute(value=value, attr=attr):
            owner = _value_of(value, module)
            return getattr(owner, attr, None) if owner is not None else None
        case ast.Constant(value=value):
            return value
    return None
