"""Answers that were given beforehand: in the class, in its fields, and as options.

In the class: ``__pickle_migrate_hints__ = {"renamed": {"quantity": "qty"}}``, new name to old. In a
field of a dataclass or an attrs class: ``metadata={"renamed": "qty"}`` under the key
``"pickle_migrate"``. As options: ``--renamed Order.qty=quantity``. Options go before the class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from pickle_migrate.errors import RequestError
from pickle_migrate.make.sources import value_source
from pickle_migrate.refs import GlobalRef

ATTRIBUTE: Final = "__pickle_migrate_hints__"
METADATA: Final = "pickle_migrate"
_KEYS: Final = ("renamed", "defaults", "converted", "removed", "merged", "split")


@attrs.frozen
class Hints:
    """What is known of the changes of one class. ``renamed``: new name to old one. The others go by
    the field, with source text: ``defaults`` of added fields, ``converted`` by an expression of the
    old value, ``removed`` with the value for the way back (None: there is none). ``merged``: new
    field to the old ones and the expression, ``split``: old field to the new ones and it.
    ``lasting``: the fields whose conversion is told by the class. It stays there after it was of
    use, so it counts only where the type changed.
    """

    renamed: Mapping[str, str] = attrs.field(factory=dict)
    defaults: Mapping[str, str] = attrs.field(factory=dict)
    converted: Mapping[str, str] = attrs.field(factory=dict)
    removed: Mapping[str, str | None] = attrs.field(factory=dict)
    merged: Mapping[str, tuple[tuple[str, ...], str]] = attrs.field(factory=dict)
    split: Mapping[str, tuple[tuple[str, ...], str]] = attrs.field(factory=dict)
    lasting: frozenset[str] = frozenset()

    def over(self, other: Hints) -> Hints:
        """Both together; where they differ, this one's."""
        both = {key: {**getattr(other, key), **getattr(self, key)} for key in _KEYS}
        return Hints(**both, lasting=self.lasting | other.lasting)


@attrs.frozen
class Options:
    """The same as options have it, each text as it was given. See ``hints_for``."""

    renamed: tuple[str, ...] = ()
    default: tuple[str, ...] = ()
    convert: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    split: tuple[str, ...] = ()


# --- options --------------------------------------------------------------------------------------


def hints_for(ref: GlobalRef, cls: type | None, options: Options) -> Hints:
    """All hints for one class. Raises RequestError for one that cannot be read."""
    given = Hints(
        renamed={new: old for old, new in _pairs("--renamed", ref, options.renamed)},
        defaults=dict(_pairs("--default", ref, options.default)),
        converted=dict(_pairs("--convert", ref, options.convert)),
        removed=dict(_removed(ref, options.removed)),
        merged={
            new: (_names(old), expression)
            for old, new, expression in _triples("--merged", ref, options.merged)
        },
        split={
            old: (_names(new), expression)
            for old, new, expression in _triples("--split", ref, options.split)
        },
    )
    if cls is None:
        return given
    told = _of_class(ref, cls)
    lasting = frozenset(told.converted) - given.converted.keys()
    return attrs.evolve(given.over(told), lasting=lasting)


def _mine(option: str, ref: GlobalRef, texts: Iterable[str]) -> Iterable[str]:
    """The texts that speak of this class: ``Order.qty``, ``shop.models:Order.qty``, or ``qty``."""
    for text in texts:
        left, equals, right = text.partition("=")
        owner, dot, name = left.strip().rpartition(".")
        if dot and owner not in (str(ref), ref.qualname, ref.qualname.rpartition(".")[2]):
            continue
        if not name:
            raise RequestError(f"{option} {text}: it names no field", _how(option))
        yield name + equals + right


def _how(option: str) -> str:
    shown = {
        "--renamed": "--renamed Order.qty=quantity",
        "--default": "--default \"Order.currency='EUR'\"",
        "--convert": '--convert "Order.price=Decimal(price)"',
        "--removed": "--removed Order.colour, or --removed \"Order.colour='red'\"",
        "--merged": "--merged \"Keeper.first,last=name:f'{first} {last}'\"",
        "--split": '--split "Reading.wind=wind_from,wind_speed:wind.split()"',
    }
    return f"Write it as {shown[option]}."


def _pairs(option: str, ref: GlobalRef, texts: Iterable[str]) -> Iterable[tuple[str, str]]:
    for text in _mine(option, ref, texts):
        left, equals, right = text.partition("=")
        if not equals or not right.strip():
            raise RequestError(f"{option} {text}: there is nothing after '='", _how(option))
        yield left, right.strip()


def _removed(ref: GlobalRef, texts: Iterable[str]) -> Iterable[tuple[str, str | None]]:
    for text in _mine("--removed", ref, texts):
        left, equals, right = text.partition("=")
        yield left, right.strip() if equals else None


def _triples(option: str, ref: GlobalRef, texts: Iterable[str]) -> Iterable[tuple[str, str, str]]:
    for text in texts:
        left, equals, right = text.partition("=")
        new, colon, expression = right.partition(":")
        # The class stands before the first of several names.
        first, comma, others = left.partition(",")
        for one in _mine(option, ref, [first]):
            if not (equals and new.strip() and colon and expression.strip()):
                problem = f"{option} {text}: it is not old=new:expression"
                raise RequestError(problem, _how(option))
            yield one + comma + others, new.strip(), expression.strip()


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


# --- in the class ---------------------------------------------------------------------------------


def _of_class(ref: GlobalRef, cls: type) -> Hints:
    given = vars(cls).get(ATTRIBUTE, {})
    if not isinstance(given, Mapping):
        raise _wrong(ref, f"{given!r} is no dict")
    for key, value in given.items():
        if key not in _KEYS:
            raise _wrong(ref, f"{key!r} is none of {', '.join(_KEYS)}")
        if not isinstance(value, Mapping) and key != "removed":
            raise _wrong(ref, f"{key!r} is a dict, not {value!r}")
    removed = given.get("removed", {})
    if not isinstance(removed, Mapping):
        removed = dict.fromkeys(_texts(ref, removed))
    own = Hints(
        renamed=dict(given.get("renamed", {})),
        defaults={n: _value(ref, v) for n, v in given.get("defaults", {}).items()},
        converted={n: _expression(ref, v) for n, v in given.get("converted", {}).items()},
        removed={n: None if v is None else _value(ref, v) for n, v in removed.items()},
        merged={n: _several(ref, v) for n, v in given.get("merged", {}).items()},
        split={n: _several(ref, v) for n, v in given.get("split", {}).items()},
    )
    return own.over(_of_fields(ref, cls))


def _of_fields(ref: GlobalRef, cls: type) -> Hints:
    renamed, defaults, converted = {}, {}, {}
    for name, metadata in _metadata(cls):
        told = metadata.get(METADATA)
        if told is None:
            continue
        if not isinstance(told, Mapping) or not set(told) <= {"renamed", "default", "converted"}:
            problem = f"the metadata of {name} is a dict with 'renamed', 'default' or 'converted'"
            raise _wrong(ref, problem)
        if "renamed" in told:
            renamed[name] = str(told["renamed"])
        if "default" in told:
            defaults[name] = _value(ref, told["default"])
        if "converted" in told:
            converted[name] = _expression(ref, told["converted"])
    return Hints(renamed, defaults, converted)


def _metadata(cls: type) -> Iterable[tuple[str, Mapping[Any, Any]]]:
    own = vars(cls)
    if "__attrs_attrs__" in own:
        yield from ((a.name, a.metadata) for a in own["__attrs_attrs__"])
    elif "__dataclass_fields__" in own:
        yield from ((f.name, f.metadata) for f in own["__dataclass_fields__"].values())


def _wrong(ref: GlobalRef, problem: str) -> RequestError:
    return RequestError(
        f"{ref}.{ATTRIBUTE}: {problem}", f"Correct it; {ATTRIBUTE} is for hints to make alone."
    )


def _texts(ref: GlobalRef, given: Any) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, tuple | list | set) or not all(isinstance(n, str) for n in names):
        raise _wrong(ref, f"{given!r} names no fields")
    return tuple(names)


def _expression(ref: GlobalRef, given: Any) -> str:
    if isinstance(given, str):
        return given
    raise _wrong(ref, f"{given!r} is an expression as a text, such as 'Decimal(price)'")


def _value(ref: GlobalRef, given: Any) -> str:
    found = value_source(given)
    if found is None:
        raise _wrong(ref, f"a {type(given).__name__} has no source text: use --default")
    return found.text


def _several(ref: GlobalRef, given: Any) -> tuple[tuple[str, ...], str]:
    if isinstance(given, tuple | list) and len(given) == 2 and isinstance(given[1], str):
        return _texts(ref, given[0]), given[1]
    raise _wrong(ref, f"{given!r} is a pair of field names and an expression as a text")
