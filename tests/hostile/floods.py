"""Many of one thing: files that fill the stack, or would fill a report."""

from __future__ import annotations

import struct
from typing import Any

from assemble import (
    APPENDS,
    DUP,
    EMPTY_LIST,
    EMPTY_TUPLE,
    INERT,
    LIMITED,
    MALFORMED,
    MARK,
    NONE,
    POP,
    REFUSED,
    Samples,
    dct,
    line,
    lst,
    named,
    p,
    repeated,
    text,
)

floods = Samples("floods")


def add(
    name: str, about: str, data: bytes, *names: str, expect: str = LIMITED, **more: Any
) -> None:
    """A file that only a scan may read."""
    floods.add(name, about, data, *names, expect=expect, bomb=True, **more)


# --- what a report would print ---

add("marks", "100,000 marks", p(4, MARK * 100_000, NONE))
add(
    "marks-popped",
    "100,000 marks, taken off again",
    p(4, NONE, MARK * 100_000, POP * 100_000),
)
add(
    "globals-many",
    "5,000 different names",
    p(4, repeated(5_000, lambda i: named(f"hostile.m{i}:n") + POP), NONE),
    expect=REFUSED,
)
add(
    "globals-one",
    "One name, named 10,000 times",
    p(4, (named("hostile_canary:touch") + POP) * 10_000, NONE),
    "hostile_canary:touch",
    expect=REFUSED,
)
add(
    "unresolvable-many",
    "5,000 names that cannot be known",
    p(4, (text("x") + text("id") + b"Q" + b"\x93" + POP) * 5_000, NONE),
    expect=REFUSED,
)
add(
    "persistent-many",
    "50,000 persistent ids",
    p(4, NONE, b"Q" * 50_000),
    expect=REFUSED,
    by_arguments=True,
)
add(
    "extensions-many",
    "10,000 extension codes",
    p(4, repeated(10_000, lambda i: b"\x84" + struct.pack("<I", i + 1000) + POP), NONE),
    expect=REFUSED,
)
add("pickles-many", "5,000 pickles in a row", b"N." * 5_000, expect=INERT)
add("protos-many", "100,000 PROTOs", b"\x80\x04" * 100_000 + b"N.", expect=INERT)
add(
    "frames-many",
    "10,000 empty frames",
    b"\x80\x04" + (b"\x95" + bytes(8)) * 10_000 + b"N.",
    expect=INERT,
)
add(
    "one-long-text",
    "One text of a million control characters",
    p(4, text("\x1b[2J\x07" * 200_000)),
    expect=INERT,
)
add(
    "one-long-line",
    "A line of a million bytes without an end",
    b"V" + b"a" * 1_000_000,
    expect=MALFORMED,
)
add("line-feeds", "200,000 lines of text", p(0, line("V", "x") * 200_000), expect=INERT)
add(
    "unprintable-texts",
    "Texts of control, bidirectional and surrogate characters",
    p(
        4,
        lst(
            *(
                text(chr(c) * 3)
                for c in (0, 7, 8, 27, 0x85, 0x200B, 0x202E, 0x2066, 0xD800, 0xFFFE, 0xE0001)
            )
        ),
    ),
    expect=INERT,
)
add(
    "unprintable-keys",
    "The same as keys",
    p(
        4,
        dct(
            *(
                (text(chr(c) * 3), NONE)
                for c in (0, 7, 8, 27, 0x85, 0x200B, 0x202E, 0x2066, 0xD800, 0xFFFE, 0xE0001)
            )
        ),
    ),
    expect=INERT,
)
add("dup-many", "200,000 values on the stack", p(4, NONE, DUP * 200_000), expect=INERT)
add(
    "empty-tuples",
    "200,000 empty tuples in one",
    p(4, MARK, EMPTY_TUPLE * 200_000, b"t"),
    expect=INERT,
)
add(
    "effects-many",
    "10,000 BUILDs on nothing that is known",
    p(4, NONE, (NONE + b"b") * 10_000),
    expect=REFUSED,
)
add(
    "appends-many",
    "100,000 empty APPENDS",
    p(4, EMPTY_LIST, (MARK + APPENDS) * 100_000),
    expect=INERT,
)
