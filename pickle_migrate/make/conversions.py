"""Types of fields, as the lock spells them: which fit, and what leads from one to another."""

from __future__ import annotations

from typing import Final

import attrs


@attrs.frozen
class Conversion:
    """A function by its source text, and the one that leads back, or empty."""

    function: str
    back: str = ""


# What loses nothing: the second function gives back what the first one was given.
_LOSSLESS: Final = {
    ("int", "str"): Conversion("str", "int"),
    ("int", "Decimal"): Conversion("Decimal", "int"),
    ("int", "Fraction"): Conversion("Fraction", "int"),
    ("bool", "int"): Conversion("int", "bool"),
    ("float", "str"): Conversion("repr", "float"),
    ("Decimal", "str"): Conversion("str", "Decimal"),
    ("UUID", "str"): Conversion("str", "UUID"),
    ("Path", "str"): Conversion("str", "Path"),
    ("str", "Path"): Conversion("Path", "str"),
    ("PurePosixPath", "str"): Conversion("str", "PurePosixPath"),
    ("list", "tuple"): Conversion("tuple", "list"),
    ("tuple", "list"): Conversion("list", "tuple"),
    ("set", "frozenset"): Conversion("frozenset", "set"),
    ("frozenset", "set"): Conversion("set", "frozenset"),
    ("bytes", "bytearray"): Conversion("bytearray", "bytes"),
    ("bytearray", "bytes"): Conversion("bytes", "bytearray"),
    ("dict", "OrderedDict"): Conversion("OrderedDict", "dict"),
}
# What a person would do, and what may lose something: one value for two, the order of items.
_USUAL: Final = {
    ("int", "float"): Conversion("float"),
    ("float", "Decimal"): Conversion("lambda value: Decimal(repr(value))", "float"),
    ("list", "set"): Conversion("set", "list"),
    ("set", "list"): Conversion("sorted", "set"),
    ("list", "frozenset"): Conversion("frozenset", "list"),
    ("float", "int"): Conversion("round"),
}


def between(old: str, new: str) -> Conversion | None:
    """What certainly leads from the values of one type to those of another, and back."""
    pair = (_bare(old), _bare(new))
    arguments = (_arguments(old), _arguments(new))
    if pair in _LOSSLESS and (not all(arguments) or _same_items(*arguments)):
        return _LOSSLESS[pair]
    return None


def usual(old: str, new: str) -> Conversion | None:
    """The same, or what is worth proposing though it may lose something."""
    return between(old, new) or _USUAL.get((_bare(old), _bare(new)))


def widens(old: str, new: str) -> bool:
    """Whether each value of the old type is one of the new type."""
    if not old or not new or new in ("Any", "object"):
        return True
    return set(old.split(" | ")) <= set(new.split(" | ")) and "[" not in old + new


def _bare(text: str) -> str:
    return text.partition("[")[0] if " | " not in text else text


def _arguments(text: str) -> str:
    return text.partition("[")[2].removesuffix("]")


def _same_items(old: str, new: str) -> bool:
    return old.removesuffix(", ...") == new.removesuffix(", ...")
