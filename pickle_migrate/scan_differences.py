"""Where CPython's own readers read a pickle differently.

A pickle may be read by the C unpickler, which ``pickle.load`` is; by ``pickle._Unpickler``, the
same in Python; and by ``pickletools``, which most tools that look into pickles stand on. They
agree on all that picklers write. Each rule names one thing on which they don't: bytes that the C
unpickler takes, and of which another reader sees something else, or refuses.

Texts of numbers are read here as each of the three reads them, and compared. All facts are those of
Modules/_pickle.c, Lib/pickle.py and Lib/pickletools.py, the same from Python 3.8 to 3.13; the tests
run the readers themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from pickle_migrate.findings import WARNING, Finding
from pickle_migrate.scan_texts import is_python_int, octal, to_nul

INT_TEXT: Final = "int-text"
LONG_TEXT: Final = "long-text"
FLOAT_TEXT: Final = "float-text"
KEY_TEXT: Final = "memo-key-text"
STRING_TEXT: Final = "string-text"
GLOBAL_TEXT: Final = "global-text"
PERSID_TEXT: Final = "persid-text"
STRING_LENGTH: Final = "string-length"
FRAME_IN_FRAME: Final = "frame-in-frame"
FRAME_PAST_STOP: Final = "frame-past-stop"
PROTO_AGAIN: Final = "proto-again"

#: What each rule says of the place.
RULES: Final = MappingProxyType(
    {
        INT_TEXT: "the number of INT is spelled so that readers see different ones",
        LONG_TEXT: "the number of LONG is spelled so that readers see different ones",
        FLOAT_TEXT: "the number of FLOAT is spelled so that readers see different ones",
        KEY_TEXT: "a memo key is spelled so that only the C unpickler takes it",
        STRING_TEXT: "STRING holds bytes above 127, which pickletools refuses",
        GLOBAL_TEXT: "the name of a global is one that pickletools shows differently or refuses",
        PERSID_TEXT: "a persistent id is one that pickletools shows differently",
        STRING_LENGTH: "BINSTRING has a length that only the C unpickler reads as positive",
        FRAME_IN_FRAME: "a frame starts inside another one, which Python's unpickler refuses",
        FRAME_PAST_STOP: "a frame goes on after STOP: what follows the pickle in a file is skipped",
        PROTO_AGAIN: "PROTO does not stand first, or stands again: the last one counts",
    }
)


class Differences:
    """The rules that a pickle meets, each with the offset of its first place and a count."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: dict[str, list[int]] = {}

    def note(self, rule: str, at: int) -> None:
        """Note that the opcode at an offset meets a rule."""
        places = self.found.get(rule)
        if places is None:
            self.found[rule] = [at, 1]
        else:
            places[1] += 1

    def findings(self) -> tuple[Finding, ...]:
        """One finding a rule, in the order in which they turned up."""
        return tuple(
            Finding(rule, WARNING, at, RULES[rule] + (f" ({count} times)" if count > 1 else ""))
            for rule, (at, count) in self.found.items()
        )


# --- texts of numbers --------------------------------------------------------------------------


def differ(name: str, line: bytes) -> bool:
    """Whether readers differ on this line of INT, LONG, FLOAT, GET or PUT, which C takes."""
    readers = _READERS[name]
    first, *others = (_value(reader, line) for reader in readers)
    return any(type(other) is not type(first) or repr(other) != repr(first) for other in others)


def _value(reader: Callable[[bytes], object], line: bytes) -> object:
    try:
        return reader(line)
    except ValueError:
        return "refused"


def _int_of(text: bytes, base: int) -> object:
    # Comparing texts will do for a number of more digits than int takes, or takes quickly.
    if len(text) <= 4000:
        return int(text, base)
    if not is_python_int(text, base):
        raise ValueError
    return text


def _c_int(line: bytes) -> object:
    text = to_nul(line)
    number = octal(text)
    value = _int_of(text or b"0", 0) if number is None else number
    # Two characters are a truth value where strtol reads both; it takes no white space at the end.
    is_whole = len(line) == 2 and not text[-1:].isspace()
    return bool(value) if is_whole and value in (0, 1) else value


def _python_int(line: bytes) -> object:
    return line == b"01" if line in (b"00", b"01") else _int_of(line, 0)


def _tools_int(line: bytes) -> object:
    return line == b"01" if line in (b"00", b"01") else _int_of(line, 10)


def _c_long(line: bytes) -> object:
    return _int_of(to_nul(line.removesuffix(b"L")), 0)


def _python_long(line: bytes) -> object:
    return _int_of(line.removesuffix(b"L"), 0)


def _tools_long(line: bytes) -> object:
    return _int_of(line.removesuffix(b"L"), 10)


def _c_float(line: bytes) -> object:
    return float(to_nul(line))


def _c_key(line: bytes) -> object:
    return _int_of(to_nul(line), 10)


def _python_key(line: bytes) -> object:
    return _int_of(line, 10)


_READERS: Final[dict[str, tuple[Callable[[bytes], object], ...]]] = {
    "INT": (_c_int, _python_int, _tools_int),
    "LONG": (_c_long, _python_long, _tools_long),
    "FLOAT": (_c_float, float),
    "GET": (_c_key, _python_key),
    "PUT": (_c_key, _python_key),
}


# --- other texts -------------------------------------------------------------------------------


def names_differ(module: bytes, qualname: bytes, protocol: int) -> bool:
    """Whether ``pickletools`` reads another name in the lines of GLOBAL or INST than C does.

    It takes a backslash for an escape, shows both lines with a space between, and refuses what is
    not ASCII. Protocol 3 writes identifiers that are not ASCII, so these are not told of there.
    """
    names = module, qualname
    if any(b"\\" in name or b" " in name for name in names):
        return True
    if module.isascii() and qualname.isascii():
        return False
    parts = [part for name in names for part in name.decode("utf-8").split(".")]
    return protocol != 3 or not all(part.isidentifier() for part in parts)
