"""The 68 opcodes of the pickle machine, as a table.

One row says all that a scan needs: how long the argument is, and what the opcode does to the
stack. The facts are those of CPython's Modules/_pickle.c (3.11 to 3.13), which reads real pickles.
The same facts stand in ``pickletools``, and importing this module compares the two, row by row.
Where ``pickletools`` is wrong about what C does (it reads BINSTRING's length as signed, for one),
the row says what C does.

Rules
    - Arguments come in five forms: none; a fixed number of bytes; a length prefix and that many
      bytes; one line of text; two lines of text.
    - ``pops`` counts values, not the mark. An opcode with ``to_mark`` first takes all values above
      the topmost mark, and the mark.
    - An opcode that changes a value in place (APPEND, BUILD) pops it and pushes it again.
"""

from __future__ import annotations

import pickletools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

HIGHEST_PROTOCOL: Final = 5


@attrs.frozen
class Opcode:
    """One opcode.

    ``code``: its byte. ``fixed``: bytes of a fixed-size argument. ``prefix``: bytes of a length
    prefix, little-endian; ``signed``: the prefix is signed, and a negative one is refused.
    ``lines``: lines of text, each up to its line feed. ``pops``, ``to_mark``, ``pushes``: what it
    does to the stack.
    """

    code: int
    name: str
    protocol: int
    pops: int = 0
    pushes: int = 0
    to_mark: bool = False
    fixed: int = 0
    prefix: int = 0
    signed: bool = False
    lines: int = 0


def _op(code: str, name: str, protocol: int, stack: str, arg: str = "") -> Opcode:
    """A row. ``stack`` is ``pops-pushes``, with ``(`` in front when it goes back to the mark.
    ``arg`` is a number of bytes, ``n4`` for a prefix of 4 bytes, ``s4`` for a signed one, or one
    ``l`` for each line.
    """
    pops, pushes = stack.removeprefix("(").split("-")
    return Opcode(
        code=ord(code),
        name=name,
        protocol=protocol,
        pops=int(pops),
        pushes=int(pushes),
        to_mark=stack.startswith("("),
        fixed=int(arg) if arg.isdigit() else 0,
        prefix=int(arg[1:]) if arg[:1] in ("n", "s") else 0,
        signed=arg.startswith("s"),
        lines=arg.count("l"),
    )


ALL: Final = (
    # Numbers, None, booleans.
    _op("I", "INT", 0, "0-1", "l"),
    _op("J", "BININT", 1, "0-1", "4"),
    _op("K", "BININT1", 1, "0-1", "1"),
    _op("M", "BININT2", 1, "0-1", "2"),
    _op("L", "LONG", 0, "0-1", "l"),
    _op("\x8a", "LONG1", 2, "0-1", "n1"),
    _op("\x8b", "LONG4", 2, "0-1", "s4"),
    _op("F", "FLOAT", 0, "0-1", "l"),
    _op("G", "BINFLOAT", 1, "0-1", "8"),
    _op("N", "NONE", 0, "0-1"),
    _op("\x88", "NEWTRUE", 2, "0-1"),
    _op("\x89", "NEWFALSE", 2, "0-1"),
    # Python 2's str: text or bytes, as the reader's ``encoding`` says.
    _op("S", "STRING", 0, "0-1", "l"),
    _op("T", "BINSTRING", 1, "0-1", "n4"),
    _op("U", "SHORT_BINSTRING", 1, "0-1", "n1"),
    # Bytes and buffers.
    _op("B", "BINBYTES", 3, "0-1", "n4"),
    _op("C", "SHORT_BINBYTES", 3, "0-1", "n1"),
    _op("\x8e", "BINBYTES8", 4, "0-1", "n8"),
    _op("\x96", "BYTEARRAY8", 5, "0-1", "n8"),
    _op("\x97", "NEXT_BUFFER", 5, "0-1"),
    _op("\x98", "READONLY_BUFFER", 5, "1-1"),
    # Text.
    _op("V", "UNICODE", 0, "0-1", "l"),
    _op("\x8c", "SHORT_BINUNICODE", 4, "0-1", "n1"),
    _op("X", "BINUNICODE", 1, "0-1", "n4"),
    _op("\x8d", "BINUNICODE8", 4, "0-1", "n8"),
    # Containers.
    _op("]", "EMPTY_LIST", 1, "0-1"),
    _op("a", "APPEND", 0, "2-1"),
    _op("e", "APPENDS", 1, "(1-1"),
    _op("l", "LIST", 0, "(0-1"),
    _op(")", "EMPTY_TUPLE", 1, "0-1"),
    _op("t", "TUPLE", 0, "(0-1"),
    _op("\x85", "TUPLE1", 2, "1-1"),
    _op("\x86", "TUPLE2", 2, "2-1"),
    _op("\x87", "TUPLE3", 2, "3-1"),
    _op("}", "EMPTY_DICT", 1, "0-1"),
    _op("d", "DICT", 0, "(0-1"),
    _op("s", "SETITEM", 0, "3-1"),
    _op("u", "SETITEMS", 1, "(1-1"),
    _op("\x8f", "EMPTY_SET", 4, "0-1"),
    _op("\x90", "ADDITEMS", 4, "(1-1"),
    _op("\x91", "FROZENSET", 4, "(0-1"),
    # The stack itself.
    _op("(", "MARK", 0, "0-0"),
    _op("0", "POP", 0, "1-0"),
    _op("1", "POP_MARK", 1, "(0-0"),
    _op("2", "DUP", 0, "1-2"),
    # The memo.
    _op("g", "GET", 0, "0-1", "l"),
    _op("h", "BINGET", 1, "0-1", "1"),
    _op("j", "LONG_BINGET", 1, "0-1", "4"),
    _op("p", "PUT", 0, "1-1", "l"),
    _op("q", "BINPUT", 1, "1-1", "1"),
    _op("r", "LONG_BINPUT", 1, "1-1", "4"),
    _op("\x94", "MEMOIZE", 4, "1-1"),
    # Globals, and what is made with them.
    _op("c", "GLOBAL", 0, "0-1", "ll"),
    _op("\x93", "STACK_GLOBAL", 4, "2-1"),
    _op("\x82", "EXT1", 2, "0-1", "1"),
    _op("\x83", "EXT2", 2, "0-1", "2"),
    _op("\x84", "EXT4", 2, "0-1", "4"),
    _op("R", "REDUCE", 0, "2-1"),
    _op("b", "BUILD", 0, "2-1"),
    _op("i", "INST", 0, "(0-1", "ll"),
    _op("o", "OBJ", 1, "(0-1"),
    _op("\x81", "NEWOBJ", 2, "2-1"),
    _op("\x92", "NEWOBJ_EX", 4, "3-1"),
    _op("P", "PERSID", 0, "0-1", "l"),
    _op("Q", "BINPERSID", 1, "1-1"),
    # The machine.
    _op("\x80", "PROTO", 2, "0-0", "1"),
    _op("\x95", "FRAME", 4, "0-0", "8"),
    _op(".", "STOP", 0, "1-0"),
)

BY_CODE: Final[Mapping[int, Opcode]] = MappingProxyType({op.code: op for op in ALL})
BY_NAME: Final[Mapping[str, Opcode]] = MappingProxyType({op.name: op for op in ALL})

# pickletools' negative numbers stand for a line of text and for length prefixes.
_PREFIXES: Final = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
# Opcodes that need a value on the stack and leave it: pickletools shows no effect for these.
_PUTS: Final = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})


def disagreement(ours: Opcode, theirs: pickletools.OpcodeInfo) -> str:
    """What a row says differently from ``pickletools``, or an empty text. Runs no user code."""
    before, after = list(theirs.stack_before), list(theirs.stack_after)
    to_mark = pickletools.markobject in before
    if to_mark:
        del before[before.index(pickletools.markobject) :]
    pushes = len(after) - (pickletools.markobject in after)
    puts = int(ours.name in _PUTS)
    size = theirs.arg.n if theirs.arg else 0
    is_line = size == pickletools.UP_TO_NEWLINE
    lines = (2 if "pair" in theirs.arg.name else 1) if theirs.arg and is_line else 0
    pairs = {
        "name": (ours.name, theirs.name),
        "protocol": (ours.protocol, theirs.proto),
        "pops": (ours.pops - puts, len(before)),
        "pushes": (ours.pushes - puts, pushes),
        "to_mark": (ours.to_mark, to_mark),
        "fixed": (ours.fixed, max(size, 0)),
        "prefix": (ours.prefix, _PREFIXES.get(size, 0)),
        "lines": (ours.lines, lines),
    }
    return "; ".join(f"{key}: {a} here, {b} there" for key, (a, b) in pairs.items() if a != b)


def _check() -> None:
    # Opcodes of a newer Python are left out: a scan refuses them by name of their byte.
    theirs = {ord(op.code): op for op in pickletools.opcodes}
    for op in ALL:
        found = disagreement(op, theirs[op.code]) if op.code in theirs else "not there"
        if found:
            raise ImportError(f"the table of opcodes differs from pickletools: {op.name}: {found}")


_check()
