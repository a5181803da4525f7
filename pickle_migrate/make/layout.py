"""Python source as a person would lay it out: what ruff format and black would leave as it is.

Pure: text and values in, text out. A line is broken at its last bracket; what is inside goes on one
indented line if it fits, else on a line each with a comma at the end. Quotes are double.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable
from typing import Final

import attrs

#: Where a line ends that nobody gave another length for.
WIDTH: Final = 100
_STEP: Final = "    "


@attrs.frozen
class Code:
    """A piece of an expression: ``text``, and after it arguments in brackets, if there are any.

    ``arguments``: name, or empty, and value. ``brackets`` are round for a call; a tuple has no
    ``text``. ``tail`` is what follows the closing bracket, such as another call.
    """

    text: str
    arguments: tuple[tuple[str, Code], ...] | None = None
    tail: Code | None = None

    def flat(self) -> str:
        """All of it on one line."""
        after = "" if self.tail is None else self.tail.flat()
        if self.arguments is None:
            return self.text + after
        inside = ", ".join(_named(name, value.flat()) for name, value in self.arguments)
        comma = "," if not self.text and len(self.arguments) == 1 else ""
        return f"{self.text}({inside}{comma}){after}"


def call(function: str, *arguments: Code | str, **named: Code | str) -> Code:
    """A call; texts stand for themselves."""
    pairs = [("", one) for one in arguments] + list(named.items())
    return Code(function, tuple((n, Code(c) if isinstance(c, str) else c) for n, c in pairs))


def texts(names: Iterable[str]) -> Code:
    """A tuple of texts."""
    return Code("", tuple(("", Code(quoted(name))) for name in names))


def _named(name: str, value: str) -> str:
    return f"{name}={value}" if name else value


def lines(code: Code, width: int = WIDTH, indent: str = "", before: str = "") -> list[str]:
    """The lines of a statement that begins with ``before``, as in ``return ``."""
    return _lines(code, width, indent, before, "")


def _lines(code: Code, width: int, indent: str, before: str, after: str) -> list[str]:
    whole = f"{indent}{before}{code.flat()}{after}"
    last, head = code, before
    while last.tail is not None:
        head += attrs.evolve(last, tail=None).flat()
        last = last.tail
    if len(whole) <= width or not last.arguments:
        return [whole]
    deeper = indent + _STEP
    opening = f"{indent}{head}{last.text}("
    inside = ", ".join(_named(n, c.flat()) for n, c in last.arguments)
    # A tuple is a thing of its own: its items never share a line of their own.
    if last.text and len(deeper) + len(inside) <= width:
        return [opening, deeper + inside, f"{indent}){after}"]
    body = [
        line
        for name, value in last.arguments
        for line in _lines(value, width, deeper, f"{name}=" if name else "", ",")
    ]
    if last.text and len(last.arguments) == 1 and len(body) == 1 and "=" not in inside[:1]:
        body = [body[0].removesuffix(",")] if len(body[0]) - 1 <= width else body
    return [opening, *body, f"{indent}){after}"]


def quoted(text: str) -> str:
    """A text as source, in double quotes unless that takes more backslashes."""
    shown = repr(text)
    if shown.startswith("'") and '"' not in shown:
        return f'"{shown[1:-1]}"'
    return shown


# --- expressions ----------------------------------------------------------------------------------


def expression_text(source: str | ast.expr) -> str:
    """An expression on one line with the usual spaces and double quotes. Raises SyntaxError."""
    tree = ast.parse(source.strip(), mode="eval").body if isinstance(source, str) else source
    text = ast.unparse(tree)
    return _tight_powers(_with_double_quotes(text))


def _with_double_quotes(text: str) -> str:
    found, depth, start = [], 0, (0, 0)
    names = {3: "STRING"}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = names.get(token.type, tokenize.tok_name[token.type])
        if kind == "FSTRING_START":  # a token of its own from Python 3.12 on
            depth, start = depth + 1, start if depth else token.start
        elif kind == "FSTRING_END":
            depth -= 1
            if not depth:
                found.append((start[1], token.end[1]))
        elif kind == "STRING" and not depth:
            found.append((token.start[1], token.end[1]))
    for begin, end in reversed(found):
        text = text[:begin] + _requoted(text[begin:end]) + text[end:]
    return text


def _requoted(literal: str) -> str:
    prefix = literal[: len(literal) - len(literal.lstrip("rbfuRBFU"))]
    rest = literal[len(prefix) :]
    if rest.startswith("'''") or not rest.startswith("'") or '"' in rest or "\\'" in rest:
        return literal
    return f'{prefix}"{rest[1:-1]}"'


_SIMPLE: Final = r"-?(?:[A-Za-z_][\w.]*|\d[\w.]*)"
_POWER: Final = re.compile(rf"(?<![\w.)\]])({_SIMPLE}) \*\* ({_SIMPLE})(?![\w.(\[])")


def _tight_powers(text: str) -> str:
    return _POWER.sub(r"\1**\2", text) if "**" in text else text


# --- imports --------------------------------------------------------------------------------------


@attrs.frozen(order=True)
class Import:
    """``from module import name``, or ``import module`` where the name is empty."""

    module: str
    name: str = ""


def import_lines(
    imports: Iterable[Import], own: str = "", width: int = WIDTH, indent: str = ""
) -> list[str]:
    """The statements, sorted as isort does. ``own`` is the top package of the project itself, whose
    modules stand last.
    """
    import sys

    wanted = sorted(set(imports))
    sections: list[list[str]] = [[], [], []]
    for module in dict.fromkeys(one.module for one in wanted):
        top = module.split(".")[0]
        section = 0 if top in sys.stdlib_module_names else 2 if top == own else 1
        names = sorted({i.name for i in wanted if i.module == module and i.name}, key=_by_kind)
        if any(one == Import(module) for one in wanted):
            sections[section].insert(0, f"{indent}import {module}")
        if names:
            sections[section] += from_lines(module, names, width, indent)
    for part in sections:
        plain = sorted(line for line in part if line.startswith(f"{indent}import "))
        part[:] = plain + [line for line in part if line not in plain]
    found: list[str] = []
    for part in filter(None, sections):
        found += ["", *part] if found else part
    return found


def from_lines(
    module: str, names: Iterable[str], width: int = WIDTH, indent: str = ""
) -> list[str]:
    """``from module import names`` in the order given, on several lines if need be."""
    names = list(names)
    line = f"{indent}from {module} import {', '.join(names)}"
    if len(line) <= width:
        return [line]
    return [
        f"{indent}from {module} import (",
        *(f"{indent}{_STEP}{name}," for name in names),
        f"{indent})",
    ]


def _by_kind(name: str) -> tuple[int, str, str]:
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower(), name


# --- modules --------------------------------------------------------------------------------------


@attrs.frozen
class Written:
    """A piece of a module: top-level blocks of source in order, and the imports that they need."""

    blocks: tuple[str, ...] = ()
    imports: frozenset[Import] = frozenset()

    def __add__(self, other: Written) -> Written:
        return Written(self.blocks + other.blocks, self.imports | other.imports)


def module_text(docstring: str, written: Written, own: str = "", width: int = WIDTH) -> str:
    """A whole module, with a line feed at the end."""
    head = "\n".join(docstring_lines(docstring, width))
    imports = "\n".join(import_lines(written.imports, own, width))
    parts = [part for part in (head, imports) if part]
    return "\n\n".join(parts) + joined(written.blocks, after_imports=bool(parts)) + "\n"


def docstring_lines(text: str, width: int = WIDTH, indent: str = "") -> list[str]:
    """A docstring: its first line, and more of them after an empty one."""
    import textwrap

    first, _, more = text.replace("\\", "\\\\").replace('"""', "'''").partition("\n")
    if first.endswith('"'):
        first += "."
    if not more.strip() and len(indent) + len(first) + 6 <= width:
        return [f'{indent}"""{first}"""']
    room = width - len(indent)
    body = textwrap.wrap(first, room - 3, break_long_words=False, break_on_hyphens=False)
    found = [f'{indent}"""{body[0]}', *(indent + line for line in body[1:])]
    if more.strip():
        found.append("")
    for line in more.strip("\n").splitlines():
        bullet = "  " if line.startswith("- ") else ""
        wrapped = textwrap.wrap(
            line, room, subsequent_indent=bullet, break_long_words=False, break_on_hyphens=False
        )
        found += [indent + part for part in wrapped] or [""]
    return [*found, f'{indent}"""']


def joined(blocks: Iterable[str], *, after_imports: bool = False) -> str:
    """Blocks with the empty lines between them that they need: two around a function."""
    text, before = "", None if not after_imports else ""
    for block in blocks:
        if before is None:
            text = block
        else:
            gap = "\n\n\n" if _is_function(before) or _is_function(block) else "\n\n"
            text += gap + block
        before = block
    return text


def _is_function(block: str) -> bool:
    code = [line for line in block.splitlines() if not line.startswith("#")]
    return bool(code) and code[0].startswith(("def ", "@", "class ", "async "))
