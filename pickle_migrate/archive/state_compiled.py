"""Functions that write the instances of one class, compiled for its fields. Part of ``state_text``.

A class's instances nearly always have the same fields with values of the same types. So the
function takes the fields by name, asks whether all types are those of the first instance, and fills
a template with the values. Otherwise it asks each value's type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from pickle_migrate.archive import state_words, yaml_scalars
from pickle_migrate.archive.states import LEVELS, Place, path_text

Write = Callable[[Any, str, Place], str]

# One level of objects adds two spaces or more; beyond this the walk has to count.
DEEPEST: Final = 2 * LEVELS


class Again(Exception):  # noqa: N818 - no error: the graph is described as a whole
    """The fast way does not hold for this graph."""


class Parts(Protocol):
    """What a writer shares with its functions: what was met, texts of strings, other writers."""

    seen: dict[int, Place]
    texts: dict[str, str]
    writers: dict[type, Write]

    def of_instance(self, value: Any, pad: str, path: Place) -> str:
        """An instance with other fields."""
        ...


def same(path: Place) -> str:
    """The text for an object that was met before."""
    return f" {{same: {yaml_scalars.word(path_text(path))}}}"


# Numbers in these ranges are written by Python as YAML wants them.
_LARGE: Final = 1 << 64
#: For each type with a short way: whether a value is of it and can take that way; it stands before
#: ``and``. The text of a string is kept as ``t``.
RANGES: Final[dict[type, str]] = {
    int: f"type(v{{n}}) is int and {-_LARGE} < v{{n}} < {_LARGE}",
    float: "type(v{n}) is float and (0.0001 < v{n} < 1e15 or -1e15 < v{n} < -0.0001)",
    str: "type(v{n}) is str and (t{n} := texts[v{n}])",
    type(None): "v{n} is None",
}
#: The part of a formatted string that writes such a value, after its key.
VALUES: Final[dict[type, str]] = {
    int: " {{v{n}}}",
    float: " {{v{n}!r}}",
    str: "{{t{n}}}",
    type(None): " null",
}
_VALUES: Final[dict[type, str]] = {int: "v{n}", float: "v{n}", str: "t{n}"}
_SLOTS: Final[dict[type, str]] = {int: " %d", float: " %r", str: "%s", type(None): " null"}

_FUNCTION: Final = """\
def write(obj, pad, path):
    fields = obj.__dict__
    if len(fields) != {count}:
        return other(obj, pad, path)
    try:
{gets}    except KeyError:
        return other(obj, pad, path)
    met = seen.setdefault(id(obj), path)
    if met is not path:
        return same(met)
    if {check}:
        return (fast.get(pad) or fast_for(pad)) % ({values})
    return (slow.get(pad) or slow_for(pad)) % ({calls})
"""


def writer_of(parts: Parts, cls: type, fields: dict[str, Any]) -> Write:
    """The function for instances of a class that have exactly these fields, and best for values of
    these types.
    """
    names = sorted(fields)
    kinds = [type(fields[name]) for name in names]
    numbered = list(enumerate(zip(names, kinds, strict=True)))
    checks = [RANGES[kind].format(n=n) for n, (_, kind) in numbered if kind in RANGES]
    values = [
        _VALUES.get(kind, _CALL).format(n=n, name=name)
        for n, (name, kind) in numbered
        if kind is not type(None)
    ]
    code = _FUNCTION.format(
        count=len(names),
        gets="".join(f"        v{n} = fields[{name!r}]\n" for n, (name, _) in numbered),
        check=" and ".join(checks) or "True",
        values="".join(f"{value}, " for value in values),
        calls="".join(f"{_CALL.format(n=n, name=name)}, " for n, (name, _) in numbered),
    )
    fast: dict[str, str] = {}
    slow: dict[str, str] = {}
    known: dict[str, Any] = {
        "seen": parts.seen,
        "texts": parts.texts,
        "writers": parts.writers,
        "other": parts.of_instance,
        "same": same,
        "fast": fast,
        "fast_for": _template(cls, names, [_SLOTS.get(kind, "%s") for kind in kinds], fast),
        "slow": slow,
        "slow_for": _template(cls, names, ["%s" for _ in names], slow),
    }
    exec(code, known)
    made: Write = known["write"]
    return made


_CALL: Final = 'writers[type(v{n})](v{n}, pad + "    ", (path, ".{name}"))'


def _template(
    cls: type, names: list[str], slots: list[str], kept: dict[str, str]
) -> Callable[[str], str]:
    """Makes the template for a place, and keeps it."""
    head = yaml_scalars.text_scalar(state_words.ref(cls)).replace("%", "%%")
    keys = [yaml_scalars.word(name).replace("%", "%%") for name in names]

    def for_place(pad: str) -> str:
        if len(pad) > DEEPEST:
            raise Again
        lines = [f"\n{pad}class: {head}\n{pad}fields:"]
        lines += [f"\n{pad}  {key}:{slot}" for key, slot in zip(keys, slots, strict=True)]
        kept[pad] = "".join(lines)
        return kept[pad]

    return for_place
