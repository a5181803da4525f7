r"""Single values as YAML: numbers and texts, so that every reader of YAML 1.1 gives them back.

YAML 1.1 takes many plain texts for something else: ``no`` for False, ``1:30`` for ninety,
``2020-01-01`` for a date, ``1e3`` or ``0x1`` for a number in some readers, ``=`` and ``<<`` for
marks of its own. So a text stands plain only where it begins with a letter and is none of YAML's
words; all else is quoted. Characters that a reviewer cannot see, or that turn the direction of a
line, are written as escapes.

Sources: https://yaml.org/type/ (the types of YAML 1.1), PyYAML's resolver.py and reader.py.
"""

from __future__ import annotations

import re
from typing import Any, Final

# Characters that stand as they are. Fixed here: str.isprintable knows more of them with each
# Python. Left out are controls, separators, invisible and turning marks, private use, surrogates.
_SEEN: Final = (
    r" -~\u00a1-\u00ac\u00ae-\u061b\u061d-\u1680\u1681-\u17b3\u17b6-\u180a\u1810-\u1fff"
    r"\u2010-\u2027\u2030-\u205e\u2070-\ud7ff\uf900-\ufdcf\ufdf0-\ufdff\ufe20-\ufefe"
    r"\uff01-\uff9f\uffa1-\uffef"
    r"\U00010000-\U0001bc9f\U0001d000-\U0001d172\U0001d17b-\U0001ffef\U00020000-\U0003ffef"
)
_UNSEEN: Final = re.compile(rf'[^{_SEEN}]|["\\]')
# Plain in a block: what follows ": " or "- " up to the end of the line.
_PLAIN: Final = re.compile(
    r"(?:[A-Za-z_$/\u00c0-\u024f]|\.\.?/)"
    rf"(?:(?![\"\\#:])[{_SEEN}]|:(?=[^ ])(?=[{_SEEN}])|(?<! )\#)*"
)
#: Plain anywhere, also between brackets and as a key.
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*(?: [A-Za-z0-9_.\-]+)*")
_WORDS_OF_YAML: Final = frozenset(["y", "n", "yes", "no", "true", "false", "on", "off", "null"])
# As other readers than PyYAML take them.
_NUMBERS: Final = frozenset(["inf", "nan", "infinity"])
# Beyond this many bits a number is written in hexadecimal: Python refuses long decimal ones.
_DECIMAL_BITS: Final = 2_000
#: Longer keys need a line that begins with "? ".
LONGEST_KEY: Final = 500


def quoted(text: str) -> str:
    """A text in double quotes, in one line of characters that can be seen."""
    return '"' + _UNSEEN.sub(_escape, text) + '"'


def _escape(found: re.Match[str]) -> str:
    char = found.group()
    known = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char)
    if known is not None:
        return known
    number = ord(char)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _is_own_word(text: str) -> bool:
    lower = text.lower()
    return lower in _WORDS_OF_YAML or lower in _NUMBERS


def text_scalar(text: str) -> str:
    """A text as it stands after ``key: `` or ``- `` in a block."""
    if _PLAIN.fullmatch(text) and text[-1] not in " :" and not _is_own_word(text):
        return text
    return quoted(text)


def word(text: str) -> str:
    """A text as it stands as a key, or between brackets."""
    return text if _WORD.fullmatch(text) and not _is_own_word(text) else quoted(text)


def literal_lines(text: str) -> list[str] | None:
    """The lines of a text of several lines, for a literal block; None where it cannot stand so.
    The first is the block's mark.
    """
    lines = text.split("\n")
    mark = "|-"
    if lines[-1] == "" and len(lines) > 1:
        mark = "|"
        lines.pop()
    if len(lines) < 2 and mark == "|-":
        return None
    if not lines[0] or not lines[-1] or lines[0][0] == " ":
        return None
    for line in lines:
        if line and (_UNSEEN.sub(_kept, line) != line or line.isspace()):
            return None
    return [mark, *lines]


def _kept(found: re.Match[str]) -> str:
    return found.group() if found.group() in '"\\' else ""


def int_scalar(number: int) -> str:
    """A whole number. ``bool`` is none here."""
    return str(number) if number.bit_length() <= _DECIMAL_BITS else hex(number)


def float_scalar(number: float) -> str:
    """A number with a point, such that YAML 1.1 takes it for one: 1e16 is ``1.0e+16``."""
    text = repr(number)
    if "n" in text:  # nan, inf, -inf
        return {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}[text]
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text


def scalar(value: Any, *, inside: bool = False) -> str | None:
    """A single value in one line, or None for what is no single value. ``inside``: between
    brackets.
    """
    kind = type(value)
    if kind is str:
        return word(value) if inside else text_scalar(value)
    if kind is int:
        return int_scalar(value)
    if kind is float:
        return float_scalar(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    return None
