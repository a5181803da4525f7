"""The lines of the lock file, each complete in itself: spelled, found again, and told apart.

A merge by lines puts lines of two branches into one file and knows nothing of tables. So each line
says the class, the version and the field that it is of; wherever it lands, it means the same.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

import attrs

Path = tuple[str, ...]

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES: Final = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_MARKERS: Final = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")


def line(path: Path, value: str | int | bool | tuple[str, ...]) -> str:
    """One line of TOML: a dotted key and its value."""
    if isinstance(value, str):
        text = quoted(value)
    elif isinstance(value, tuple):
        text = f"[{', '.join(map(quoted, value))}]"
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{key(path)} = {text}"


def key(path: Path) -> str:
    """A dotted key, with quotes where TOML needs them."""
    return ".".join(part if _BARE.fullmatch(part) else quoted(part) for part in path)


def quoted(text: str) -> str:
    """A basic string of TOML 1.0, on one line. What cannot be seen is escaped."""
    return f'"{"".join(map(_character, text))}"'


def _character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    number = ord(character)
    escape = f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
    return _ESCAPES.get(character, escape)


@attrs.frozen
class Line:
    """One line of a file: its number from 1, the key that it sets, and the value."""

    number: int
    path: Path
    value: Any


def lines(text: str) -> Iterator[Line]:
    """The lines that set something by themselves, as every line of a lock does; others are left
    out.
    """
    for number, one in enumerate(text.splitlines(), 1):
        try:
            value: Any = tomllib.loads(one)
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        path: list[str] = []
        while isinstance(value, dict) and len(value) == 1:
            (name, value) = next(iter(value.items()))
            path.append(name)
        if path:
            yield Line(number, tuple(path), value)


def line_of(text: str, path: Path) -> int | None:
    """The number of the first line that sets this key or one below it; None if no line does."""
    return next((one.number for one in lines(text) if one.path[: len(path)] == path), None)


def twice(text: str) -> Iterator[tuple[Line, Line]]:
    """Every two lines that cannot both be true: they set one key, or one sets a key and the other a
    key below it; in the order of the second.
    """
    seen: dict[Path, Line] = {}
    above: dict[Path, Line] = {}
    for one in lines(text):
        parts = [one.path[:size] for size in range(1, len(one.path))]
        before = seen.get(one.path) or above.get(one.path)
        before = before or next((seen[part] for part in parts if part in seen), None)
        if before is not None:
            yield before, one
        seen.setdefault(one.path, one)
        for part in parts:
            above.setdefault(part, one)


def marker(text: str) -> int | None:
    """The number of the first line on which git left a mark of a conflict, or None."""
    for number, one in enumerate(text.splitlines(), 1):
        mark = one[:7]
        if mark in _MARKERS and (len(one) == 7 or one[7] == " "):
            return number
    return None
