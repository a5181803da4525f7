"""Plain data to YAML and back: one text for the same data, which a reviewer can read.

``write`` is our own, so that the text is the same under every release of PyYAML and Python.
``read`` is PyYAML's safe loader, with what it lets pass refused: a key that stands twice, and
values that are no plain data, such as a date without quotes.

How it is written
    Mappings and lists stand in blocks, two spaces a level. In one line stand: a mapping with one
    key whose value is a single one (``{datetime: "2015-03-01T06:30:00"}``), a list of at most
    ``SHORT_LIST`` numbers, and what is empty. A text of several lines is a literal block where
    it can be. The order of keys is that of the mapping.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pickle_migrate.archive import yaml_scalars as scalars
from pickle_migrate.errors import ArgumentError, ContentError

if TYPE_CHECKING:
    import yaml

#: So many numbers stand in one line.
SHORT_LIST: Final = 12
_NUMBERS: Final = (int, float, bool, type(None))
# libyaml refuses these; PyYAML's own scanner takes them.
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def write(data: Any) -> str:
    """The YAML text of plain data: None, bool, int, float, str, and lists and dicts (with str keys)
    of these. Ends with a newline. Raises ArgumentError for anything else.
    """
    text = after_mark(data, "")
    return text[1:] + "\n"


def after_mark(data: Any, pad: str) -> str:
    """The text that follows ``key:`` or stands for a whole document: a space and a single value, or
    a newline and lines that begin with ``pad``. Without a newline at its end.
    """
    one = in_line(data)
    if one is not None:
        return " " + one
    if type(data) is str:
        lines = scalars.literal_lines(data)
        if lines is None:
            return " " + scalars.quoted(data)
        within = pad or "  "
        return " " + "\n".join([lines[0], *(within + x if x else "" for x in lines[1:])])
    if isinstance(data, Mapping):
        return "".join(_entry(key, value, pad) for key, value in data.items())
    if isinstance(data, list | tuple):
        return items(data, pad)
    problem = "it holds None, bool, int, float, str, lists, and dicts with keys that are str"
    raise ArgumentError(f"data of the type {type(data).__qualname__}", problem)


def items(values: Sequence[Any], pad: str) -> str:
    """The lines of a list, each after a newline."""
    within = pad + "  "
    return "".join([as_item(after_mark(value, within), pad) for value in values])


def as_item(text: str, pad: str) -> str:
    """A text from ``after_mark``, made for two more spaces, as a member of a list."""
    return f"\n{pad}- {text[len(pad) + 3 :]}" if text[0] == "\n" else f"\n{pad}-{text}"


def _entry(key: Any, value: Any, pad: str) -> str:
    if type(key) is not str:
        raise ArgumentError(f"a key of the type {type(key).__qualname__}", "keys are str")
    text = scalars.word(key)
    if len(text) > scalars.LONGEST_KEY:
        return f"\n{pad}? {text}\n{pad}:{after_mark(value, pad + '  ')}"
    return f"\n{pad}{text}:{after_mark(value, pad + '  ')}"


def in_line(data: Any) -> str | None:
    """What stands in one line, or None."""
    kind = type(data)
    if kind is str and "\n" in data:
        return None
    one = scalars.scalar(data)
    if one is not None:
        return one
    if kind is list or kind is tuple:
        return short_list(data)
    if kind is dict and len(data) <= 1:
        return _short_mapping(data)
    return None


def short_list(values: Sequence[Any]) -> str | None:
    """A list of a few numbers in one line; None for any other."""
    if len(values) > SHORT_LIST or not all(type(value) in _NUMBERS for value in values):
        return None
    return "[" + ", ".join(str(scalars.scalar(value)) for value in values) + "]"


def _short_mapping(mapping: Mapping[Any, Any]) -> str | None:
    for key, value in mapping.items():
        one = scalars.scalar(value, inside=True)
        if one is None or type(key) is not str:
            return None
        text = scalars.word(key)
        return None if len(text) > scalars.LONGEST_KEY else f"{{{text}: {one}}}"
    return "{}"


# --- reading ----------------------------------------------------------------------------------


def read(text: str) -> Any:
    """The plain data of a YAML text. Raises ContentError, which says in which line: not YAML, a key
    that stands twice, a value that is no plain data. Runs nothing that the text names.
    """
    import yaml

    loader = _loader(_SURROGATE.search(text) is not None)(text)
    try:
        return loader.get_single_data()
    except yaml.YAMLError as error:
        raise ContentError(_said(error), "Correct it, or put the text in quotes.") from error
    except RecursionError as error:
        raise ContentError("it is nested too deep to be read", "Write it flatter.") from error
    except ValueError as error:  # a number with too many digits
        raise ContentError(f"a value cannot be read: {error}", "Put it in quotes.") from error
    finally:
        loader.dispose()


def _said(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
    return f"{place}{problem}"


@cache
def _loader(pure: bool) -> type[yaml.SafeLoader]:
    import yaml

    base: Any = yaml.SafeLoader if pure else getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """PyYAML's loader of plain data, stricter."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            _require_single_keys(self, node)
            return super().construct_mapping(node, deep)

    for name in ("timestamp", "binary", "set", "omap", "pairs"):
        Loader.add_constructor(f"tag:yaml.org,2002:{name}", _no_plain_data)
    # The own constructor of mappings asks for the method that is overridden here.
    return Loader


def _require_single_keys(loader: Any, node: Any) -> None:
    import yaml

    seen = set()
    for key, _ in getattr(node, "value", ()):
        if key.tag == "tag:yaml.org,2002:merge":
            continue
        if key.tag != "tag:yaml.org,2002:str" or not isinstance(key, yaml.ScalarNode):
            problem = "a key is a text; put it in quotes"
        elif key.value in seen:
            problem = f"the key {key.value!r} stands twice"
        else:
            seen.add(key.value)
            continue
        raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)


def _no_plain_data(loader: Any, node: Any) -> Any:
    import yaml

    kind = node.tag.rpartition(":")[2]
    problem = f"a {kind} is no plain data; a text stands in quotes"
    raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
