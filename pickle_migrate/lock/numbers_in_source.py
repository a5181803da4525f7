"""Where the versions of a class stand in source code, and the code with other numbers there.

Nothing is imported: with two steps from one version, the code could not be. What is read is a
number written as such: ``@versioned(2)``, ``Lineage("shop.models:Order").upgrade(1, ...)``, also
through a name that was given the lineage in the same module, and ``@migrates("shop.models:Order",
1)``. The class may be named by its text, or as a class of the module or one that it imports.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from pickle_migrate.declared import classes, is_decorator, names_of_decorator
from pickle_migrate.refs import GlobalRef

# Methods of Lineage whose first argument is the version of a step, or of a state.
_STEPS: Final = frozenset({"upgrade", "downgrade", "finish"})
_STATES: Final = frozenset({"fields", "accept_fingerprint", "unstamped"})


@attrs.frozen
class Number:
    """A version in source code: the number, and where it stands: line from 1, columns in bytes of
    UTF-8. ``kind``: "class" is the decorator's, "step" is where a step starts, "state" any other
    of a lineage. ``text`` is the whole call, spelled the same however it is laid out.
    """

    value: int
    line: int
    start: int
    end: int
    kind: str
    text: str


def numbers_of(source: str, module: str, ref: GlobalRef) -> list[Number]:
    """All versions of a class in the source of a module, in the order of their places. Raises
    SyntaxError.
    """
    tree = ast.parse(source)
    found = [*_of_class(tree, module, ref), *_of_lineage(tree, module, ref)]
    return sorted(found, key=lambda one: (one.line, one.start))


def _of_class(tree: ast.Module, module: str, ref: GlobalRef) -> Iterator[Number]:
    if module != ref.module:
        return
    names = names_of_decorator(tree)
    for qualname, node in classes(tree.body, ""):
        if qualname != ref.qualname:
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and is_decorator(decorator, names):
                yield from _number(_argument(decorator, 0, "version"), "class", decorator)


def _of_lineage(tree: ast.Module, module: str, ref: GlobalRef) -> Iterator[Number]:
    known = _names_of_class(tree, module, ref)
    lineages = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_lineage(node.value, known, frozenset())
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    decorated = {
        id(decorator): ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in node.decorator_list
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if _called(node) == "migrates" and _is_class(_argument(node, 0, "target"), known):
            # Of a function, what it does tells it from another one.
            text = decorated.get(id(node))
            yield from _number(_argument(node, 1, "version"), "step", node, text)
        elif method in _STEPS | _STATES and _is_lineage(node.func, known, frozenset(lineages)):
            kind = "step" if method in _STEPS else "state"
            yield from _number(_argument(node, 0, "version"), kind, node)


def _names_of_class(tree: ast.Module, module: str, ref: GlobalRef) -> frozenset[str]:
    """What an expression that names the class looks like in this module, as ``ast.unparse``."""
    found = {repr(str(ref))}
    if module == ref.module:
        found.add(ref.qualname)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == ref.module and not node.level:
            first, dot, rest = ref.qualname.partition(".")
            found |= {
                f"{alias.asname or alias.name}{dot}{rest}"
                for alias in node.names
                if alias.name == first
            }
        elif isinstance(node, ast.Import):
            found |= {
                f"{alias.asname or alias.name}.{ref.qualname}"
                for alias in node.names
                if alias.name == ref.module
            }
    return frozenset(found)


def _is_class(node: ast.expr | None, known: frozenset[str]) -> bool:
    return node is not None and ast.unparse(node) in known


def _is_lineage(node: ast.expr, known: frozenset[str], names: frozenset[str]) -> bool:
    """Whether an expression gives the lineage of the class: its methods give it again."""
    if isinstance(node, ast.Attribute):
        node = node.value
    while isinstance(node, ast.Call):
        if _called(node) == "Lineage":
            return _is_class(_argument(node, 0, "target"), known)
        if not isinstance(node.func, ast.Attribute):
            return False
        node = node.func.value
    return isinstance(node, ast.Name) and node.id in names


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Name):
        return function.id
    is_ours = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)
    return function.attr if is_ours and isinstance(function, ast.Attribute) else ""


def _argument(node: ast.Call, place: int, name: str) -> ast.expr | None:
    if len(node.args) > place:
        return node.args[place]
    return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)


def _number(
    node: ast.expr | None, kind: str, call: ast.Call, text: str | None = None
) -> Iterator[Number]:
    if not isinstance(node, ast.Constant) or node.end_col_offset is None:
        return
    value = node.value
    if type(value) is int:
        place = (node.lineno, node.col_offset, node.end_col_offset)
        yield Number(value, *place, kind, text or _spelled(call))


def _spelled(call: ast.Call) -> str:
    # Of a chain of calls, the methods before this one are other declarations.
    if isinstance(call.func, ast.Attribute):
        arguments = [ast.unparse(one) for one in (*call.args, *(k.value for k in call.keywords))]
        return f"{call.func.attr}({', '.join(arguments)})"
    return ast.unparse(call)


# --- other numbers ----------------------------------------------------------------------------


@attrs.frozen
class Renumbering:
    """A source with other numbers. ``changed``: old and new number of each that was changed, with
    its place. ``kept``: those of the other branch.
    """

    source: str
    changed: tuple[tuple[Number, int], ...] = ()
    kept: tuple[Number, ...] = ()


def renumbered(
    source: str,
    module: str,
    ref: GlobalRef,
    numbers: Mapping[int, int],
    others: str | None,
) -> Renumbering:
    """The source with the versions of a class renumbered: those of ``numbers``, old to new.

    The decorator's gets the newest of the new numbers. A step that leads to an old number leads to
    the new one. What stands in ``others``, the same file on the other branch, is that branch's and
    stays. Raises SyntaxError.
    """
    newest = max(numbers.values())
    theirs = Counter(
        one.text for one in (numbers_of(others, module, ref) if others is not None else ())
    )
    changed: list[tuple[Number, int]] = []
    kept: list[Number] = []
    for one in numbers_of(source, module, ref):
        new = newest if one.kind == "class" else _new_number(one, numbers)
        if new is None or new == one.value:
            continue
        if one.kind != "class" and theirs[one.text] > 0:
            theirs[one.text] -= 1
            kept.append(one)
            continue
        changed.append((one, new))
    return Renumbering(_edited(source, changed), tuple(changed), tuple(kept))


def _new_number(one: Number, numbers: Mapping[int, int]) -> int | None:
    if one.kind == "step":
        target = numbers.get(one.value + 1)
        return None if target is None else target - 1
    return numbers.get(one.value)


def _edited(source: str, changed: list[tuple[Number, int]]) -> str:
    lines = source.split("\n")
    for one, new in sorted(changed, key=lambda pair: (pair[0].line, -pair[0].start)):
        line = lines[one.line - 1].encode()
        lines[one.line - 1] = (line[: one.start] + str(new).encode() + line[one.end :]).decode()
    return "\n".join(lines)
