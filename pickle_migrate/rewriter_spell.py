"""How a name is written in a pickle: as GLOBAL, as two texts and STACK_GLOBAL, or by ``getattr``.

What reads what (CPython's Modules/_pickle.c, 3.8 to 3.13, and Lib/pickle.py, which agree here):

    ==============  =========================  =====================  =====================
    opcode          its two texts are          dots in the name lead  since
    ==============  =========================  =====================  =====================
    GLOBAL          lines of UTF-8             from PROTO 4 on        protocol 0
    INST            lines of ASCII             from PROTO 4 on        protocol 0
    STACK_GLOBAL    any two texts              from PROTO 4 on        protocol 4
    ==============  =========================  =====================  =====================

Python's picklers refuse to *write* a name that is not ASCII below protocol 3; every Python 3 reads
it all the same, and Python 2 has no such names. Below protocol 4 a class in a class is written as
a call, ``getattr(Outer, "Inner")``, which all readers understand. Below protocol 3 a reader takes
names for those of Python 2 and maps them (``fix_imports``), see ``scanner.mapped``.

Texts and refs in, bytes out; nothing is imported.
"""

from __future__ import annotations

import struct
from typing import Final

import attrs

from pickle_migrate.errors import ContentError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scanner import Global, mapped

#: Python 2's own modules, whose names no module of Python 3 can bear.
_PYTHON_2_ONLY: Final = frozenset(["__builtin__", "copy_reg"])


@attrs.frozen
class Dialect:
    """How one place of a pickle is written. ``highest``: the protocol of the pickle, which says
    what opcodes it may have. ``declared``: what PROTO said before that place, 0 without one, which
    says how readers look names up. ``fix_imports``: new names are those of Python 3, and must not
    be taken for Python 2's. ``has_dots``: names with dots are written as they are, at any protocol.
    """

    highest: int
    declared: int
    fix_imports: bool = True
    has_dots: bool = False

    def text(self, text: str) -> bytes:
        """The opcode that pushes a text, without its memo key."""
        if self.highest == 0:
            return b"V" + _raw_unicode_escaped(text) + b"\n"
        raw = text.encode("utf-8", "surrogatepass")
        if self.highest >= 4 and len(raw) < 256:
            return b"\x8c" + bytes([len(raw)]) + raw
        return b"X" + struct.pack("<I", len(raw)) + raw

    def pair(self, first: bytes, second: bytes) -> bytes:
        """What pushes a tuple of two values, from what pushes each."""
        return first + second + b"\x86" if self.highest >= 2 else b"(" + first + second + b"t"

    def single(self, first: bytes) -> bytes:
        """What pushes a tuple of one value."""
        return first + b"\x85" if self.highest >= 2 else b"(" + first + b"t"

    @property
    def getattr_ref(self) -> GlobalRef:
        """How this place names ``getattr``, as picklers do."""
        return GlobalRef("__builtin__" if self.declared < 3 else "builtins", "getattr")

    def by_getattr(self, ref: GlobalRef) -> bool:
        """Whether the ref cannot be named at once, but only by a call of ``getattr``."""
        return self.declared < 4 and not self.has_dots and "." in ref.qualname


def push(ref: GlobalRef, dialect: Dialect, named: Global) -> bytes:
    """The opcodes that push what a ref names. ``named`` is what stood there, for the error.

    Raises ContentError when no opcode of this protocol can name it.
    """
    if dialect.by_getattr(ref):
        outer, _, inner = ref.qualname.rpartition(".")
        owner = push(GlobalRef(ref.module, outer), dialect, named)
        args = dialect.pair(owner, dialect.text(inner))
        return push(dialect.getattr_ref, dialect, named) + args + b"R"
    check(ref, dialect, named)
    if dialect.highest >= 4:
        return dialect.text(ref.module) + dialect.text(ref.qualname) + b"\x93"
    return b"c" + lines(ref, "utf-8", named)


def lines(ref: GlobalRef, encoding: str, named: Global) -> bytes:
    """The two lines of GLOBAL ("utf-8") or INST ("ascii"). Raises ContentError."""
    try:
        raw = f"{ref.module}\n{ref.qualname}\n".encode(encoding)
    except UnicodeEncodeError:
        problem = f"is written by an opcode that takes {encoding.upper()} only"
        raise refused(named, ref, problem) from None
    if raw.count(b"\n") != 2:
        raise refused(named, ref, "is written on lines, and the new name has a line feed")
    return raw


def check(ref: GlobalRef, dialect: Dialect, named: Global) -> None:
    """Raise ContentError for a name that readers of this place would take for another one."""
    if not ref.module or not ref.qualname:
        raise refused(named, ref, "needs a name, and a part of the new one is empty")
    today = mapped(ref, dialect.declared) if dialect.fix_imports else ref
    if today != ref and not _is_python_2(ref):
        problem = f"has protocol {dialect.declared}, where readers take the new name for {today}"
        raise refused(named, ref, problem)


def _is_python_2(ref: GlobalRef) -> bool:
    from _compat_pickle import NAME_MAPPING

    return ref.module in _PYTHON_2_ONLY or (ref.module, ref.qualname) in NAME_MAPPING


def refused(named: Global, ref: GlobalRef, problem: str) -> ContentError:
    """The error of a name that cannot be put in place of another."""
    return ContentError(
        f"names {named.ref} at byte {named.offset}, and {ref} cannot stand there: that place "
        f"{problem}",
        "Load it with pickle_migrate and dump it with protocol 4 or higher, which can name it.",
    )


def _raw_unicode_escaped(text: str) -> bytes:
    # As Lib/pickle.py: what raw-unicode-escape leaves alone, and the line must not hold.
    for char in "\\\0\n\r\x1a":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode("raw-unicode-escape")
