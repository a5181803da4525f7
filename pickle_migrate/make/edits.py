"""Changes of source files as values: the bytes before and after. Nothing here writes.

Files keep their encoding and their line ends, and every byte that is not spoken of.
"""

from __future__ import annotations

import ast
import difflib
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from pickle_migrate.declared import classes, is_decorator, names_of_decorator
from pickle_migrate.errors import FileError, RequestError
from pickle_migrate.make.layout import (
    WIDTH,
    Import,
    Written,
    from_lines,
    import_lines,
    joined,
    quoted,
)


@attrs.frozen
class Edit:
    """What becomes of one file. ``before`` is None for a file that is not there yet."""

    path: Path
    before: bytes | None
    after: bytes

    def diff(self, shown: str) -> list[str]:
        """The change in lines, as ``diff -u`` shows it. ``shown`` is the path for people."""
        old, new = (b"" if one is None else one for one in (self.before, self.after))
        return list(
            difflib.unified_diff(
                old.decode("utf-8", "replace").splitlines(),
                new.decode("utf-8", "replace").splitlines(),
                "/dev/null" if self.before is None else shown,
                shown,
                lineterm="",
            )
        )


@attrs.define
class Source:
    """The text of a Python file, which edits change. ``text`` has line feeds only."""

    path: Path
    data: bytes
    encoding: str
    newline: str
    text: str
    tree: ast.Module

    @classmethod
    def read(cls, path: Path) -> Source:
        """Read a file. Raises FileError for one that cannot be read or is no Python."""
        try:
            data = path.read_bytes()
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            text = data.decode(encoding)
            newline = "\r\n" if "\r\n" in text else "\n"
            text = text.replace("\r\n", "\n")
            return cls(path, data, encoding, newline, text, ast.parse(text))
        except OSError as error:
            raise FileError(str(path), f"cannot be read: {error.strerror}", "") from error
        except (SyntaxError, ValueError) as error:
            raise FileError(str(path), f"is no Python source: {error}", "Correct it.") from error

    def edit(self) -> Edit:
        """The change, as far as the text was changed."""
        after = self.text.replace("\n", self.newline).encode(self.encoding)
        return Edit(self.path, self.data, after)

    def change(self, text: str) -> None:
        """Take another text. Raises SyntaxError for one that is no Python."""
        self.tree = ast.parse(text)
        self.text = text

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where a node begins and ends, in characters."""
        starts = [0, *(m.end() for m in re.finditer("\n", self.text))]

        def place(line: int, column: int) -> int:
            start = starts[line - 1]
            end = starts[line] if line < len(starts) else len(self.text)
            return start + len(self.text[start:end].encode()[:column].decode())

        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)

    def put(self, node: ast.expr | ast.stmt, text: str) -> None:
        """Put text in the place of a node."""
        start, end = self.span(node)
        self.change(self.text[:start] + text + self.text[end:])

    def names(self) -> frozenset[str]:
        """The names that the module gives something at its top."""
        return frozenset(_bound(self.tree.body))


def _bound(body: Iterable[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((a.asname or a.name.split(".")[0]) for a in node.names)
        else:
            stored = (n for n in ast.walk(node) if isinstance(n, ast.Name))
            yield from (n.id for n in stored if isinstance(n.ctx, ast.Store))


# --- the version of a class -------------------------------------------------------------------


def raise_version(source: Source, qualname: str, old: int, new: int) -> None:
    """Raise the number in ``@versioned(old)`` of a class. Raises RequestError if it stands there in
    any other way than as that number, once.
    """
    where = f"{source.path}, class {qualname}"
    calls = list(_declarations(source.tree, qualname))
    if len(calls) != 1 or not isinstance(calls[0], ast.Call):
        problem = "has several of its own" if len(calls) > 1 else "has none of its own there"
        raise _not_edited(where, f"of @versioned(...) it {problem}", new)
    call = calls[0]
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "version")]
    if len(given) != 1 or not isinstance(given[0], ast.Constant):
        raise _not_edited(where, "its version is no number that stands there as it is", new)
    if given[0].value != old:
        raise _not_edited(where, f"@versioned says {given[0].value!r}, not {old}", new)
    source.put(given[0], str(new))


def _declarations(tree: ast.Module, qualname: str) -> Iterator[ast.expr]:
    """What declares a class: a decorator, or the call in ``versioned(1)(...)``."""
    names = names_of_decorator(tree)
    for name, node in classes(tree.body, ""):
        if name == qualname:
            yield from (d for d in node.decorator_list if is_decorator(d, names))
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Call() as call)):
                is_it = name == qualname
            case ast.Expr(value=ast.Call(func=ast.Call() as call, args=[ast.Name(id=name)])):
                is_it = name == qualname
            case _:
                continue
        if is_it and is_decorator(call, names):
            yield call


def _not_edited(where: str, problem: str, new: int) -> RequestError:
    return RequestError(
        f"{where}: the version cannot be raised by itself: {problem}",
        f"Raise it to {new} yourself, and give --no-edit.",
    )


# --- a module of migrations -------------------------------------------------------------------


def append(source: Source, written: Written, own: str, width: int = WIDTH) -> None:
    """Add imports and blocks to a module. What it imports already is not imported again."""
    for one in sorted(written.imports):
        if not _is_imported(source.tree, one):
            _add_import(source, one, own, width)
    text = source.text.rstrip("\n")
    last = source.tree.body[-1] if source.tree.body else None
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    before = "def" if isinstance(last, kinds) else ""
    blocks = joined(["def x" if before else "x", *written.blocks])
    blocks = blocks.removeprefix("def x" if before else "x")
    if not text:
        blocks = blocks.lstrip("\n")
    source.change(text + blocks + "\n")


def _is_imported(tree: ast.Module, wanted: Import) -> bool:
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=module, level=0) if module == wanted.module:
                known = [a.name for a in node.names if a.asname is None]
            case ast.Import() if not wanted.name:
                known = ["" for a in node.names if a.name == wanted.module and a.asname is None]
            case _:
                continue
        if wanted.name in known:
            return True
    return False


def _add_import(source: Source, wanted: Import, own: str, width: int) -> None:
    for node in source.tree.body if wanted.name else ():
        is_same = isinstance(node, ast.ImportFrom) and node.module == wanted.module
        if not is_same or not isinstance(node, ast.ImportFrom) or node.level:
            continue
        if _is_plain(node) and not _has_comment(source, node):
            names = [wanted.name, *(a.name for a in node.names)]
            imports = [Import(wanted.module, name) for name in names]
            source.put(node, "\n".join(import_lines(imports, own, width)))
            return
    line = "\n".join(import_lines([wanted], own, width))
    _insert_statement(source, wanted, line, own)


def _is_plain(node: ast.ImportFrom) -> bool:
    return all(a.asname is None and a.name != "*" for a in node.names)


def _has_comment(source: Source, node: ast.stmt) -> bool:
    start, end = source.span(node)
    tokens = tokenize.generate_tokens(io.StringIO(source.text[start:end] + "\n").readline)
    return any(token.type == tokenize.COMMENT for token in tokens)


def _insert_statement(source: Source, wanted: Import, line: str, own: str) -> None:
    """Put a new import where isort would: before the first one that sorts after it."""
    body = source.tree.body
    imports = [n for n in body if isinstance(n, ast.Import | ast.ImportFrom)]
    key = _import_key(wanted.module, bool(wanted.name), own)
    earlier = [n for n in imports if _key_of(n, own) <= key]
    if earlier and _key_of(earlier[-1], own)[0] == key[0]:
        _after(source, earlier[-1], "\n" + line)
        return
    later = [n for n in imports if _key_of(n, own) > key]
    if later:
        gap = "\n" if _key_of(later[0], own)[0] == key[0] else "\n\n"
        start, _ = source.span(later[0])
        source.change(source.text[:start] + line + gap + source.text[start:])
        return
    docstring = body[:1] if ast.get_docstring(source.tree) is not None else []
    anchor = imports[-1] if imports else docstring[0] if docstring else None
    if anchor is not None:
        _after(source, anchor, "\n\n" + line)
    else:
        source.change(line + "\n\n" + source.text if source.text.strip() else line + "\n")


def _after(source: Source, node: ast.stmt, text: str) -> None:
    """Put text behind the line in which a statement ends."""
    _, end = source.span(node)
    end = source.text.find("\n", end)
    end = len(source.text) if end < 0 else end
    source.change(source.text[:end] + text + source.text[end:])


def _import_key(module: str, is_from: bool, own: str) -> tuple[int, bool, str]:
    import sys

    top = module.split(".")[0]
    if module == "__future__":
        return -1, is_from, module
    section = 0 if top in sys.stdlib_module_names else 2 if top == own else 1
    return section, is_from, module


def _key_of(node: ast.Import | ast.ImportFrom, own: str) -> tuple[int, bool, str]:
    if isinstance(node, ast.Import):
        return _import_key(node.names[0].name, False, own)
    if node.level:
        return 3, True, node.module or ""
    return _import_key(node.module or "", True, own)


# --- a package of migrations ------------------------------------------------------------------


def import_module_in(source: Source, package: str, module: str, width: int = WIDTH) -> None:
    """Have a package import a new module of its own, as it imports the others: by the statement
    that names them, in ``__all__`` too, or by new ones. A package that finds its modules by itself
    (``pkgutil``, ``importlib``) is left as it is.
    """
    if re.search(r"\bpkgutil\b|\bimportlib\b|__path__", source.text):
        return
    is_first = not _import_with_others(source, package, module, width)
    if is_first:
        line = f"from {package} import {module}"
        _insert_statement(source, Import(package, module), line, package.split(".")[0])
    for node in source.tree.body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id="__all__")], value=ast.List() | ast.Tuple() as all_
            ):
                _add_to_all(source, all_, module, width)
                return
    if is_first and "__all__" not in source.names():
        source.change(f"{source.text.rstrip()}\n\n__all__ = [{quoted(module)}]\n")


def _import_with_others(source: Source, package: str, module: str, width: int) -> bool:
    """Add it to the statement that imports the package's other modules, if there is one."""
    for node in source.tree.body:
        if not isinstance(node, ast.ImportFrom) or not _is_own(node, package):
            continue
        if _is_plain(node) and not _has_comment(source, node):
            origin = "." * node.level + (node.module or "")
            names = _with_name([a.name for a in node.names], module)
            source.put(node, "\n".join(from_lines(origin, names, width)))
            return True
    return False


def _is_own(node: ast.ImportFrom, package: str) -> bool:
    return (node.level == 1 and node.module is None) or (not node.level and node.module == package)


def _with_name(names: list[str], new: str) -> list[str]:
    if new in names:
        return names
    return sorted([*names, new]) if names == sorted(names) else [*names, new]


def _add_to_all(source: Source, node: ast.List | ast.Tuple, name: str, width: int) -> None:
    known = [n.value for n in node.elts if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    if len(known) != len(node.elts) or name in known:
        return
    names = [quoted(one) for one in _with_name(known, name)]
    opening, closing = ("[", "]") if isinstance(node, ast.List) else ("(", ")")
    line = f"{opening}{', '.join(names)}{closing}"
    if len(line) + len("__all__ = ") > width:
        line = "\n".join([opening, *(f"    {one}," for one in names), closing])
    source.put(node, line)
