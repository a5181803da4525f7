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
from itertools import count, repeat
from typing import Any, Final

from pickle_migrate.archive import (
    state_compiled,
    state_members,
    state_words,
    yaml_scalars,
    yaml_text,
)
from pickle_migrate.archive.state_compiled import DEEPEST, Again, Write, same
from pickle_migrate.archive.state_members import Members
from pickle_migrate.archive.state_parts import is_plain_instance
from pickle_migrate.archive.states import LONG, Place, Walker, path_text, state_of

#: Where states stand in a record: as members of a list under ``expected:``.
_PAD, _ITEM_PAD = "  ", "    "
# A tuple with a text of at most this many characters has no more than 1,000 values.
_TUPLE_TEXT: Final = 2_000
_TEXTS_KEPT: Final = 50_000
# What dicts with the same few keys are written with is kept.
_MANY_KEYS, _SHAPES_KEPT = 50, 1_000
_TEXT_ONLY: Final = {str}
_NUMBERS: Final = frozenset([int, float, bool, type(None)])
# So many lists of a class at a depth do not pay for compiling a function.
_FEW: Final = 4
_Keys = tuple[tuple[str, str, str], ...]


class _Texts(dict[str, str]):
    """The text of each string, after its key; empty where that depends on the place."""

    def __missing__(self, text: str) -> str:
        if len(self) > _TEXTS_KEPT:
            self.clear()
        plain = len(text) <= LONG and "\n" not in text
        found = self[text] = f" {yaml_scalars.text_scalar(text)}" if plain else ""
        return found


class Writer(state_compiled.Parts):
    """Writes the states of one pickle after the other. Not for several threads at once."""

    def __init__(self) -> None:
        self.seen: dict[int, Place] = {}
        self._walker = Walker()
        self._walker.seen = self.seen
        self.texts: dict[str, str] = _Texts()
        self.writers: dict[type, Write] = _Writers(self)
        self._compiled: dict[tuple[type, tuple[str, ...]], Write] = {}
        self._members: dict[tuple[type, str], Members | int | None] = {}
        self._keys: dict[tuple[Any, ...], _Keys] = {}

    def text(self, objects: tuple[Any, ...]) -> str:
        """The text of these objects' states, as it stands in a record after ``expected:``."""
        return "".join([self._item(obj) for obj in objects])

    def _item(self, obj: Any) -> str:
        self.seen.clear()
        try:
            members = self._members_for(obj, _PAD)
            if members is not None:
                return members((obj,), ("$",))[0]
            return yaml_text.as_item(self.writers[type(obj)](obj, _ITEM_PAD, "$"), _PAD)
        except (Again, RecursionError):
            return yaml_text.as_item(yaml_text.after_mark(state_of(obj), _ITEM_PAD), _PAD)
        finally:
            self._walker.kept.clear()

    # --- atoms --------------------------------------------------------------------------------

    def of_str(self, value: Any, pad: str, path: Place) -> str:
        """A text; a long one or one of several lines depends on the place."""
        return self.texts[value] or self.walked(value, pad, path)

    def of_int(self, value: Any, pad: str, path: Place) -> str:
        """A whole number."""
        return f" {yaml_scalars.int_scalar(value)}"

    def of_float(self, value: Any, pad: str, path: Place) -> str:
        """A number with a point."""
        return f" {yaml_scalars.float_scalar(value)}"

    def of_bool(self, value: Any, pad: str, path: Place) -> str:
        """True or False."""
        return " true" if value else " false"

    def of_none(self, value: Any, pad: str, path: Place) -> str:
        """None."""
        return " null"

    def of_date(self, value: Any, pad: str, path: Place) -> str:
        """A date."""
        return f' {{date: "{value.isoformat()}"}}'

    def of_datetime(self, value: Any, pad: str, path: Place) -> str:
        """A date with time."""
        if value.tzinfo is not None or value.fold:
            return self.walked(value, pad, path)
        return f' {{datetime: "{value.isoformat()}"}}'

    def of_enum(self, value: Any, pad: str, path: Place) -> str:
        """A member of an enum."""
        ref = self.texts[state_words.ref(type(value))]
        return f"\n{pad}class:{ref}\n{pad}name:{self.texts[value.name]}"

    # --- containers ---------------------------------------------------------------------------

    def of_list(self, value: Any, pad: str, path: Place) -> str:
        """A list."""
        known = self.seen.get(id(value))
        if known is not None:
            return same(known)
        self.seen[id(value)] = path
        return self._sequence(value, pad, path)

    def of_tuple(self, value: Any, pad: str, path: Place) -> str:
        """A plain tuple."""
        if id(value) in self.seen:
            raise Again
        text = f"\n{pad}tuple:{self._sequence(value, pad + '  ', path)}"
        if len(text) > _TUPLE_TEXT:
            raise Again
        return text

    def of_dict(self, value: Any, pad: str, path: Place) -> str:
        """A dict; with other keys than texts it goes through the walk."""
        known = self.seen.get(id(value))
        if known is not None:
            return same(known)
        if set(map(type, value)) != _TEXT_ONLY:
            return self.walked(value, pad, path)
        names = tuple(value)
        keys = self._keys.get(names) or self._keys_of(names)
        if not keys:  # one is too long
            return self.walked(value, pad, path)
        self.seen[id(value)] = path
        return f"\n{pad}dict:{self._named(value, keys, pad + '  ', path)}"

    def _named(self, mapping: Any, keys: _Keys, pad: str, path: Place) -> str:
        """What a mapping of names is written as."""
        if len(pad) > DEEPEST:
            raise Again
        if len(keys) == 1:
            name, key, _ = keys[0]
            value = mapping[name]
            one = yaml_scalars.scalar(value, inside=True)
            if one is not None and (type(value) is not str or len(value) <= LONG):
                return f" {{{key}: {one}}}"
        writers, within = self.writers, pad + "  "
        parts = []
        for name, key, step in keys:
            value = mapping[name]
            parts.append(f"\n{pad}{key}:{writers[type(value)](value, within, (path, step))}")
        return "".join(parts)

    def _keys_of(self, names: tuple[Any, ...]) -> _Keys:
        """Sorted, each name with its key and its step; none where a key is no short text."""
        keys: _Keys = ()
        if all(len(name) <= LONG for name in names):
            keys = tuple((name, yaml_scalars.word(name), f".{name}") for name in sorted(names))
            if any(len(key) > yaml_scalars.LONGEST_KEY for _, key, _ in keys):
                keys = ()
        if len(names) <= _MANY_KEYS:
            if len(self._keys) > _SHAPES_KEPT:
                self._keys.clear()
            self._keys[names] = keys
        return keys

    def _sequence(self, values: Any, pad: str, path: Place) -> str:
        if len(pad) > DEEPEST:
            raise Again
        if len(values) <= yaml_text.SHORT_LIST and (not values or type(values[0]) in _NUMBERS):
            one = yaml_text.short_list(values)
            if one is not None:
                return f" {one}"
        members = self._members_for(values[0], pad) if values else None
        if members is not None:
            return "".join(members(values, zip(repeat(path), count(), strict=False)))
        writers, within, cut = self.writers, pad + "  ", len(pad) + 3
        parts = []
        for number, value in enumerate(values):
            text = writers[type(value)](value, within, (path, number))
            parts.append(f"\n{pad}- {text[cut:]}" if text[0] == "\n" else f"\n{pad}-{text}")
        return "".join(parts)

    # --- instances ----------------------------------------------------------------------------

    def of_instance(self, value: Any, pad: str, path: Place) -> str:
        """A plain instance, by the function for its class and the names of its fields."""
        cls, fields = type(value), value.__dict__
        key = cls, tuple(fields)
        write = self._compiled.get(key)
        if write is None:
            write = self._compiled[key] = self._function(cls, fields)
            # The next instance is asked for these fields first.
            self.writers[cls] = write
        return write(value, pad, path)

    def _members_for(self, value: Any, pad: str) -> Members | None:
        """The function for members like this one, once there have been a few."""
        key = type(value), pad
        known = self._members.get(key, 0)
        if not isinstance(known, int):
            return known
        self._members[key] = known + 1
        if known >= _FEW:
            simple = is_plain_instance(key[0]) and _is_simple(value.__dict__)
            made = state_members.members_of(self, *key, value.__dict__) if simple else None
            self._members[key] = made
        return None

    def _function(self, cls: type, fields: dict[Any, Any]) -> Write:
        if not _is_simple(fields):
            return self.walked
        return state_compiled.writer_of(self, cls, fields)

    def walked(self, value: Any, pad: str, path: Place) -> str:
        """Anything, through the walk. Its level is the highest that this place can have."""
        walker = self._walker
        state = walker.walk(value, path_text(path), (len(pad) - len(_ITEM_PAD)) // 2)
        if walker.later:
            walker.later.clear()
            walker.parts = 0
            raise Again
        return yaml_text.after_mark(state, pad)


def _is_simple(fields: dict[Any, Any]) -> bool:
    """Whether there are functions for such fields."""
    return len(fields) > 1 and all(type(n) is str and n.isidentifier() for n in fields)


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
