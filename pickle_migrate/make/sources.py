"""Values and functions as source text, with the imports that the text needs.

Everything that is written is read again before it is used: where no text certainly means the value,
None is given, and whoever asked has to say so. Reads the source files of lambdas; imports nothing,
runs nothing but the ``repr`` of plain values.
"""

from __future__ import annotations

import ast
import builtins
import datetime
import decimal
import enum
import fractions
import inspect
import linecache
import math
import pathlib
import sys
import types
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from pickle_migrate.make.layout import Code, Import, expression_text, quoted


@attrs.frozen
class Spelled:
    """Source text of a value, and the imports for it. ``makes``: the text makes a new object each
    time that could be changed, so it must not be shared.
    """

    code: Code
    imports: frozenset[Import] = frozenset()
    makes: bool = False

    @property
    def text(self) -> str:
        """All of it on one line."""
        return self.code.flat()


def spelled(text: str, *imports: Import, makes: bool = False) -> Spelled:
    """Source text on one line as it stands."""
    return Spelled(Code(text), frozenset(imports), makes)


# --- values ---------------------------------------------------------------------------------------

_BY_REPR: Final[tuple[type, ...]] = (
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.datetime,
)
_BY_TEXT: Final[tuple[type, ...]] = (
    decimal.Decimal,
    fractions.Fraction,
    uuid.UUID,
    pathlib.PurePosixPath,
    pathlib.PosixPath,
)


def value_source(value: object) -> Spelled | None:
    """The source text of a value, or None."""
    kind = type(value)
    if kind is str:
        return spelled(quoted(str(value)))
    if value is None or value is Ellipsis or kind in (bool, int, bytes, complex):
        return spelled(_plain(value))
    if kind is float:
        number = float(value)  # type: ignore[arg-type]
        return spelled(repr(number) if math.isfinite(number) else f'float("{number}")')
    if isinstance(value, enum.Enum):
        return _member(value)
    if kind in (tuple, list, set, frozenset, dict):
        return _container(value)
    return _of_library(value)


def _plain(value: object) -> str:
    return "..." if value is Ellipsis else expression_text(repr(value))


def _member(value: enum.Enum) -> Spelled | None:
    if value.name is None or not value.name.isidentifier():
        return None
    owner = importable(type(value))
    return None if owner is None else spelled(f"{owner.text}.{value.name}", *owner.imports)


def _container(value: Any) -> Spelled | None:
    kind = type(value)
    if kind is dict:
        parts = [value_source(part) for pair in value.items() for part in pair]
    else:
        # A set has no order of its own: the text is the same each time.
        parts = [value_source(part) for part in value]
    if None in parts:
        return None
    known = [part for part in parts if part is not None]
    shown = [part.text for part in known]
    if kind in (set, frozenset):
        shown.sort()
    imports = frozenset(i for part in known for i in part.imports)
    makes = kind is not tuple and kind is not frozenset
    return Spelled(Code(_brackets(kind, shown)), imports, makes or any(p.makes for p in known))


def _brackets(kind: type, shown: list[str]) -> str:
    inside = ", ".join(shown)
    if kind is dict:
        pairs = zip(shown[::2], shown[1::2], strict=True)
        return "{" + ", ".join(f"{key}: {one}" for key, one in pairs) + "}"
    if kind is list:
        return f"[{inside}]"
    if kind is tuple:
        return f"({inside},)" if len(shown) == 1 else f"({inside})"
    if not shown:
        return f"{kind.__name__}()"
    return "{" + inside + "}" if kind is set else f"frozenset({{{inside}}})"


def _of_library(value: object) -> Spelled | None:
    kind = type(value)
    if isinstance(value, datetime.timezone) and value == datetime.UTC:
        return spelled("datetime.UTC", Import("datetime"))
    if kind in _BY_REPR:
        if getattr(value, "tzinfo", None) is not None:
            return None
        return spelled(expression_text(repr(value)), Import("datetime"))
    if kind in _BY_TEXT:
        name = kind.__name__
        return spelled(
            f"{name}({quoted(str(value))})", Import(kind.__module__.split("._")[0], name)
        )
    return None


# --- functions ------------------------------------------------------------------------------------


def function_source(function: Any) -> Spelled | None:
    """The source text of a function or class, or None: by its name if it can be imported, else the
    text of the lambda that it is.
    """
    found = importable(function)
    if found is not None:
        return found
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if isinstance(function, types.BuiltinMethodType | types.MethodWrapperType):
        # Of a plain value, as "{} {}".format or {1: 2}.get.
        told = value_source(owner)
        return None if told is None else spelled(f"{told.text}.{name}", *told.imports)
    if isinstance(function, types.FunctionType) and function.__name__ == "<lambda>":
        return lambda_source(function)
    return None


def importable(found: Any) -> Spelled | None:
    """The name of a class or function, if it is found again under it; with its import."""
    module = getattr(found, "__module__", None)
    qualname = getattr(found, "__qualname__", None)
    owner = getattr(found, "__objclass__", None)
    if owner is not None and module is None:
        module = owner.__module__
    if not isinstance(qualname, str) or not all(p.isidentifier() for p in qualname.split(".")):
        return None
    if module in ("builtins", None):
        return spelled(qualname) if _walk(builtins, qualname) == found else None
    if module == "__main__" or _walk(sys.modules.get(module), qualname) is not found:
        return None
    public = module.split("._")[0].lstrip("_") or module
    if _walk(sys.modules.get(public), qualname) is found:
        module = public
    return spelled(qualname, Import(module, qualname.split(".")[0]))


def _walk(start: Any, qualname: str) -> Any:
    for name in qualname.split("."):
        start = getattr(start, name, None)
    return start


def lambda_source(function: types.FunctionType) -> Spelled | None:
    """The text of a lambda, from the file in which it stands; None if it cannot be found for
    certain, or uses a variable that is not one of its module.
    """
    if function.__closure__:
        return None
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    same = [node for node in _lambdas("".join(lines)) if _is_same(node, code)]
    texts = {ast.unparse(node) for node in same}
    if len(texts) != 1:
        return None
    return free_names(same[0], function.__globals__)


def _lambdas(source: str) -> Iterator[ast.Lambda]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Lambda))


def _is_same(node: ast.Lambda, code: types.CodeType) -> bool:
    if node.lineno != code.co_firstlineno:
        return False
    made = compile(ast.Expression(node), "<lambda>", "eval")
    inner = next(c for c in made.co_consts if isinstance(c, types.CodeType))
    theirs = (code.co_code, code.co_names, code.co_varnames)
    return (inner.co_code, inner.co_names, inner.co_varnames) == theirs and [
        c for c in inner.co_consts if not isinstance(c, types.CodeType)
    ] == [c for c in code.co_consts if not isinstance(c, types.CodeType)]


def free_names(node: ast.expr, names: dict[str, Any]) -> Spelled | None:
    """An expression with the imports for the names of its module that it uses. ``names`` are that
    module's globals.
    """
    own = {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
    own |= {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    imports = set()
    for used in {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - own:
        if used not in names:
            if not hasattr(builtins, used):
                return None
            continue
        found = import_of(used, names)
        if found is None:
            return None
        imports.add(found)
    return Spelled(Code(expression_text(node)), frozenset(imports))


def import_of(name: str, names: dict[str, Any]) -> Import | None:
    """The import that gives a module's global under the same name elsewhere, or None."""
    found = names[name]
    if isinstance(found, types.ModuleType):
        return Import(found.__name__) if found.__name__ == name else None
    told = importable(found) if callable(found) else None
    if told is not None and told.text == name:
        return next(iter(told.imports), Import("builtins", name))
    module = names.get("__name__")
    return Import(module, name) if isinstance(module, str) and module != "__main__" else None


def takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with this many arguments, as far as it says."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True
    return True
