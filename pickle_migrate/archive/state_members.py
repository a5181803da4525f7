"""Functions that write the members of a list, compiled for instances of one class at one depth.
Part of ``state_text``.

Where pickles hold many objects, they hold lists of instances of one class with values of the same
types. For these the loop itself is compiled, with the text between the values as it stands at this
depth. Any other member is handed to its own writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from pickle_migrate.archive import state_words, yaml_scalars, yaml_text
from pickle_migrate.archive.state_compiled import DEEPEST, RANGES, VALUES, Again, Parts
from pickle_migrate.archive.states import Place

#: Takes members and the place of each; gives the text of each, from its newline on.
Members = Callable[[Iterable[Any], Iterable[Place]], list[str]]

_FUNCTION: Final = """\
def members(values, places):
    parts = []
    for obj, place in zip(values, places):
        if type(obj) is CLASS and len(fields := obj.__dict__) == {count}:
            try:
{gets}            except KeyError:
                parts.append(other(obj, place))
                continue
            if {check}seen.setdefault(id(obj), place) is place:
                parts.append({text})
                continue
        parts.append(other(obj, place))
    return parts
"""
_CALL: Final = "writers[type(v{n})](v{n}, WITHIN, (place, STEP{n}))"


def members_of(parts: Parts, cls: type, pad: str, fields: dict[str, Any]) -> Members:
    """The function for members that are instances of a class with exactly these fields, and values
    of these types; their lines begin with ``pad`` and a dash. Raises Again where that is too deep.
    """
    if len(pad) + 2 > DEEPEST:
        raise Again
    names = sorted(fields)
    kinds = [type(fields[name]) for name in names]
    known: dict[str, Any] = {
        "CLASS": cls,
        "WITHIN": pad + "      ",
        "seen": parts.seen,
        "texts": parts.texts,
        "writers": parts.writers,
        "other": _other(parts, pad),
        **{f"STEP{n}": f".{name}" for n, name in enumerate(names)},
    }
    exec(_code(cls, names, kinds, pad), known)
    made: Members = known["members"]
    return made


def _code(cls: type, names: list[str], kinds: list[type], pad: str) -> str:
    head = yaml_scalars.text_scalar(state_words.ref(cls))
    pieces = [_literal(f"\n{pad}- class: {head}\n{pad}  fields:")]
    checks = []
    for n, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        pieces.append(_literal(f"\n{pad}    {yaml_scalars.word(name)}:"))
        pieces.append(f"f'{VALUES.get(kind, '{{{call}}}').format(n=n, call=_CALL.format(n=n))}'")
        if kind in RANGES:
            checks.append(RANGES[kind].format(n=n) + " and ")
    return _FUNCTION.format(
        count=len(names),
        gets="".join(f"                v{n} = fields[{name!r}]\n" for n, name in enumerate(names)),
        check="".join(checks),
        text=" ".join(pieces),
    )


def _literal(text: str) -> str:
    return "f" + repr(text.replace("{", "{{").replace("}", "}}"))


def _other(parts: Parts, pad: str) -> Callable[[Any, Place], str]:
    within, writers = pad + "  ", parts.writers

    def other(obj: Any, place: Place) -> str:
        return yaml_text.as_item(writers[type(obj)](obj, within, place), pad)

    return other
