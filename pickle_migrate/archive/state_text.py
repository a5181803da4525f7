"""The text of states at the speed of a check: from objects to YAML without data in between.

``Writer.text`` gives what ``yaml_text`` writes of ``states.state_of``, to the character; the tests
hold the two together. A check of an archive makes this text of every pickle and compares it with
the text in the record, so that nothing is parsed as long as they are equal.

Theory of operation
    For each class of plain instances and the names of its fields, one function is compiled: it
    takes the fields by name and fills a template. Texts of strings are kept. Whatever has no
    writer of its own goes through the walk of ``states``, with the same memory of what was met.
    A graph that is too deep for one part, or has a heavy tuple, is described again as a whole.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable
from typing import Any, Final

from pickle_migrate.archive import state_words, yaml_scalars, yaml_text
from pickle_migrate.archive.state_parts import is_plain_instance
from pickle_migrate.archive.states import LEVELS, LONG, Walker, state_of

Write = Callable[[Any, str, str], str]

#: Where states stand in a record: as members of a list under ``expected:``.
_PAD, _ITEM_PAD = "  ", "    "
# One level of objects adds two spaces or more; beyond this the walk has to count.
_DEEPEST: Final = 2 * LEVELS
# A tuple with a text of at most this many characters has no more than 1,000 values.
_TUPLE_TEXT: Final = 2_000
_TEXTS_KEPT: Final = 50_000


class _Again(Exception):  # noqa: N818 - no error: the graph is described as a whole
    """The fast way does not hold for this graph."""


class _Texts(dict[str, str]):
    """The text of each string, after its key; empty where that depends on the place."""

    def __missing__(self, text: str) -> str:
        if len(self) > _TEXTS_KEPT:
            self.clear()
        plain = len(text) <= LONG and "\n" not in text
        found = self[text] = f" {yaml_scalars.text_scalar(text)}" if plain else ""
        return found


class Writer:
    """Writes the states of one pickle after the other. Not for several threads at once."""

    def __init__(self) -> None:
        self._seen: dict[int, str] = {}
        self._walker = Walker()
        self._walker.seen = self._seen
        self._texts = _Texts()
        self._writers = _Writers(self)
        self._compiled: dict[tuple[type, tuple[str, ...]], Write] = {}
        self._keys: dict[str, str] = {}

    def text(self, objects: tuple[Any, ...]) -> str:
        """The text of these objects' states, as it stands in a record after ``expected:``."""
        return "".join([yaml_text.as_item(self._state(obj), _PAD) for obj in objects])

    def _state(self, obj: Any) -> str:
        seen = self._seen
        seen.clear()
        try:
            return self._writers[type(obj)](obj, _ITEM_PAD, "$")
        except (_Again, RecursionError):
            return yaml_text.after_mark(state_of(obj), _ITEM_PAD)
        finally:
            self._walker.kept.clear()

    # --- atoms --------------------------------------------------------------------------------

    def of_str(self, value: Any, pad: str, path: str) -> str:
        """A text; a long one or one of several lines depends on the place."""
        return self._texts[value] or self.walked(value, pad, path)

    def of_int(self, value: Any, pad: str, path: str) -> str:
        """A whole number."""
        return f" {yaml_scalars.int_scalar(value)}"

    def of_float(self, value: Any, pad: str, path: str) -> str:
        """A number with a point."""
        return f" {yaml_scalars.float_scalar(value)}"

    def of_bool(self, value: Any, pad: str, path: str) -> str:
        """True or False."""
        return " true" if value else " false"

    def of_none(self, value: Any, pad: str, path: str) -> str:
        """None."""
        return " null"

    def of_date(self, value: Any, pad: str, path: str) -> str:
        """A date."""
        return f' {{date: "{value.isoformat()}"}}'

    def of_datetime(self, value: Any, pad: str, path: str) -> str:
        """A date with time."""
        if value.tzinfo is not None or value.fold:
            return self.walked(value, pad, path)
        return f' {{datetime: "{value.isoformat()}"}}'

    def of_enum(self, value: Any, pad: str, path: str) -> str:
        """A member of an enum."""
        name = self._texts[value.name]
        return f"\n{pad}class: {yaml_scalars.text_scalar(state_words.ref(type(value)))}\n{pad}name:{name}"

    # --- containers ---------------------------------------------------------------------------

    def of_list(self, value: Any, pad: str, path: str) -> str:
        """A list."""
        known = self._seen.get(id(value))
        if known is not None:
            return _same(known)
        self._seen[id(value)] = path
        return self._sequence(value, pad, path)

    def of_tuple(self, value: Any, pad: str, path: str) -> str:
        """A plain tuple."""
        if id(value) in self._seen:
            raise _Again
        text = f"\n{pad}tuple:{self._sequence(value, pad + '  ', path)}"
        if len(text) > _TUPLE_TEXT:
            raise _Again
        return text

    def of_dict(self, value: Any, pad: str, path: str) -> str:
        """A dict; with other keys than texts it goes through the walk."""
        known = self._seen.get(id(value))
        if known is not None:
            return _same(known)
        if not value:
            self._seen[id(value)] = path
            return f"\n{pad}dict: {{}}"
        if not all([type(key) is str and len(key) <= LONG for key in value]):
            return self.walked(value, pad, path)
        self._seen[id(value)] = path
        return f"\n{pad}dict:{self._named(value, sorted(value), pad + '  ', path)}"

    def _named(self, mapping: Any, names: Any, pad: str, path: str) -> str:
        """What a mapping of names is written as."""
        if len(pad) > _DEEPEST:
            raise _Again
        keys = self._keys
        if len(names) == 1:
            value = mapping[names[0]]
            one = yaml_scalars.scalar(value, inside=True)
            if one is not None and (type(value) is not str or len(value) <= LONG):
                return f" {{{self._key(names[0])}: {one}}}"
        writers, within, parts = self._writers, pad + "  ", []
        for name in names:
            value = mapping[name]
            key = keys.get(name) or self._key(name)
            parts.append(f"\n{pad}{key}:{writers[type(value)](value, within, f'{path}.{name}')}")
        return "".join(parts)

    def _key(self, name: str) -> str:
        key = yaml_scalars.word(name)
        if len(key) > yaml_scalars.LONGEST_KEY:
            raise _Again
        if len(self._keys) > _TEXTS_KEPT:
            self._keys.clear()
        self._keys[name] = key
        return key

    def _sequence(self, values: Any, pad: str, path: str) -> str:
        if len(pad) > _DEEPEST:
            raise _Again
        if len(values) <= yaml_text.SHORT_LIST:
            one = yaml_text.short_list(values)
            if one is not None:
                return f" {one}"
        writers, within, cut = self._writers, pad + "  ", len(pad) + 3
        parts, number = [], 0
        for value in values:
            text = writers[type(value)](value, within, f"{path}[{number}]")
            number += 1
            parts.append(f"\n{pad}- {text[cut:]}" if text[0] == "\n" else f"\n{pad}-{text}")
        return "".join(parts)

    # --- instances ----------------------------------------------------------------------------

    def of_instance(self, value: Any, pad: str, path: str) -> str:
        """A plain instance, by the function for its class and the names of its fields."""
        cls = type(value)
        fields = value.__dict__
        key = cls, tuple(fields)
        write = self._compiled.get(key)
        if write is None:
            write = self._compiled[key] = self._function(cls, tuple(fields))
        return write(value, pad, path)

    def _function(self, cls: type, names: tuple[str, ...]) -> Write:
        if len(names) < 2 or not all(type(n) is str and n.isidentifier() for n in names):
            return self.walked
        return _compiled(self, cls, sorted(names))

    def walked(self, value: Any, pad: str, path: str) -> str:
        """Anything, through the walk. Its level is the highest that this place can have."""
        walker = self._walker
        state = walker.walk(value, path, (len(pad) - len(_ITEM_PAD)) // 2)
        if walker.later:
            walker.later.clear()
            walker.parts = 0
            raise _Again
        return yaml_text.after_mark(state, pad)


def _same(path: str) -> str:
    return f" {{same: {yaml_scalars.word(path)}}}"


class _Writers(dict[type, Write]):
    """The writer of each type, found when the first such value turns up."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.update(
            {
                str: writer.of_str,
                int: writer.of_int,
                float: writer.of_float,
                bool: writer.of_bool,
                type(None): writer.of_none,
                datetime.date: writer.of_date,
                datetime.datetime: writer.of_datetime,
                list: writer.of_list,
                tuple: writer.of_tuple,
                dict: writer.of_dict,
            }
        )

    def __missing__(self, kind: type) -> Write:
        writer = self._writer
        if issubclass(kind, enum.Enum) and not issubclass(kind, enum.Flag):
            found: Write = writer.of_enum
        elif is_plain_instance(kind):
            found = writer.of_instance
        else:
            found = writer.walked
        self[kind] = found
        return found


_FIELD: Final = """\
    value = fields[{name!r}]
    kind = value.__class__
    if kind is str:
        t{number} = texts[value] or of_str(value, within, f"{{path}}.{name}")
    elif kind is int and -LARGE < value < LARGE:
        t{number} = f" {{value}}"
    else:
        t{number} = writers[kind](value, within, f"{{path}}.{name}")
"""
_FUNCTION: Final = """\
def write(obj, pad, path):
    known = seen.get(id(obj))
    if known is not None:
        return same(known)
    if len(pad) > DEEPEST:
        raise Again
    seen[id(obj)] = path
    fields = obj.__dict__
    within = pad + "    "
{fields}
    return f"{template}"
"""


def _compiled(writer: Writer, cls: type, names: list[str]) -> Write:
    """The function for one class whose instances have exactly these fields."""
    fields = "".join(_FIELD.format(name=name, number=n) for n, name in enumerate(names))
    head = yaml_scalars.text_scalar(state_words.ref(cls))
    keys = [yaml_scalars.word(name) for name in names]
    lines = [
        f"\\n{{pad}}class: {_braced(head)}\\n{{pad}}fields:",
        *(f"\\n{{pad}}  {_braced(key)}:{{t{n}}}" for n, key in enumerate(keys)),
    ]
    names_known: dict[str, Any] = {
        "seen": writer._seen,
        "texts": writer._texts,
        "of_str": writer.of_str,
        "writers": writer._writers,
        "same": _same,
        "Again": _Again,
        "DEEPEST": _DEEPEST,
        "LARGE": 1 << 64,
    }
    exec(_FUNCTION.format(fields=fields, template="".join(lines)), names_known)
    made: Write = names_known["write"]
    return made


def _braced(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("{", "{{").replace("}", "}}")
