"""Where in the repository a thing is declared, for annotations: files relative to the working
directory, lines from 1. Source is read and parsed; nothing is imported or run.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import attrs

from pickle_migrate import declared
from pickle_migrate.refs import GlobalRef


@attrs.frozen
class Place:
    """A file, and perhaps a line of it; an empty path where nobody knows."""

    path: str = ""
    line: int | None = None


def shown(path: str | os.PathLike[str]) -> str:
    """A path as people know it: relative to the working directory if it is below, with ``/``."""
    absolute = Path(path).absolute()
    try:
        return absolute.relative_to(Path.cwd()).as_posix()
    except (ValueError, FileNotFoundError):
        return str(absolute)


def of_class(ref: GlobalRef) -> Place:
    """Where a class is declared: the line of its ``class``, below its decorators."""
    path = declared.source_of(ref)
    if path is None:
        return Place()
    tree = declared.parsed(path)
    nodes = declared.classes(tree.body, "") if tree is not None else ()
    line = next((node.lineno for name, node in nodes if name == ref.qualname), None)
    return Place(shown(path), line)


_ORIGIN = re.compile(r"(?P<module>[^:,]+)(?::[^,]*)?, line (?P<line>\d+)")


def of_step(origin: str) -> Place:
    """Where a migration is declared, from its ``origin``."""
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        return Place()
    path = declared.source_of(GlobalRef(found["module"], "__name__"))
    return Place() if path is None else Place(shown(path), int(found["line"]))


def of_function(function: object) -> Place:
    """Where a function is written, as far as its code tells."""
    code = getattr(function, "__code__", None)
    return Place() if code is None else Place(shown(code.co_filename), code.co_firstlineno)
