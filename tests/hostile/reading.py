"""Bytes that the C unpickler, Python's own one and ``pickletools`` read differently.

Where one of them stops or goes astray and C reads on, what C finds is hidden from the others. Each
of these holds a call of the canary behind the difference, unless it is refused by C too.
"""

from __future__ import annotations

import struct

from assemble import (
    ADDITEMS,
    APPEND,
    APPENDS,
    BUILD,
    CANARY,
    DUP,
    EMPTY_DICT,
    EMPTY_LIST,
    INERT,
    MALFORMED,
    MARK,
    MEMOIZE,
    NONE,
    POP,
    REDUCE,
    SETITEMS,
    STACK_GLOBAL,
    STOP,
    TOUCH,
    TUPLE2,
    TUPLE3,
    Samples,
    call,
    dct,
    frame,
    glob,
    line,
    named,
    number,
    p,
    proto,
    put,
    text,
    touch,
    tup,
)

reading = Samples("reading")
add = reading.add

# --- frames ---

_BODY = touch() + STOP


def framed(size: int, *parts: bytes) -> bytes:
    """A pickle whose frame says that it is ``size`` bytes long."""
    return proto(4) + b"\x95" + struct.pack("<Q", size) + b"".join(parts)


add("frame-short", "The frame ends in the middle of the pickle", framed(4, _BODY), expect=MALFORMED)
add("frame-zero", "A frame of no bytes", framed(0, _BODY), TOUCH)
add("frame-one", "A frame that ends inside an opcode", framed(1, _BODY), TOUCH)
add(
    "frame-beyond-stop",
    "A frame that goes on after STOP",
    framed(len(_BODY) + 4, _BODY, b"tail"),
    TOUCH,
)
add(
    "frame-too-long",
    "A frame that is longer than the data",
    framed(len(_BODY) + 1, _BODY),
    expect=MALFORMED,
)
add("frame-huge", "A frame of 2**62 bytes", framed(1 << 62, _BODY), expect=MALFORMED)
add("frame-negative", "A frame of 2**64 - 1 bytes", framed((1 << 64) - 1, _BODY), expect=MALFORMED)
add("frame-nested", "A frame inside a frame", framed(len(_BODY) + 9, frame(touch() + STOP)), TOUCH)
add(
    "frame-overlapping",
    "A second frame reaches beyond the first",
    framed(12, frame(_BODY)),
    expect=MALFORMED,
)
add("frame-empty-many", "A thousand empty frames", proto(4) + frame(b"") * 1000 + _BODY, TOUCH)
add("frame-low-protocol", "FRAME under protocol 0", frame(_BODY), TOUCH)
add(
    "frame-header-cut",
    "The frame's length is cut off",
    proto(4) + b"\x95\x01\x00",
    expect=MALFORMED,
)
add("frame-splits-text", "A frame ends inside a text", framed(3, _BODY), expect=MALFORMED)
add(
    "frame-splits-line",
    "A frame ends inside a line of GLOBAL",
    framed(5, glob(TOUCH) + b")R."),
    expect=MALFORMED,
)
add("frame-last", "An empty frame just before STOP", proto(4) + touch() + frame(b"") + STOP, TOUCH)


def straddling(hidden: bytes) -> bytes:
    """A text that begins in a frame and ends behind it.

    From memory it is read whole, and what follows it are bytes. From a file that cannot be peeked
    into, C drops the part in the frame and reads the text's length from behind it: the head of the
    bytes goes into the text, and their contents are opcodes.
    """
    head = b"B" + struct.pack("<I", len(hidden))
    inside = b"\x8c\x09" + b"five."
    return framed(len(inside), inside, b"four", head, hidden, STOP)


for n, hidden in (
    ("call", touch()),
    ("build", named("fractions:Fraction") + tup(NONE, dct((text("mark"), NONE))) + BUILD),
    (
        "build-newborn",
        call(named("collections:OrderedDict")) + tup(NONE, dct((text("__class__"), NONE))) + BUILD,
    ),
    ("environ", named("os:environ") + text("HOSTILE_MARK") + text("1") + b"s"),
):
    add(
        f"frame-straddled-{n}",
        "A text that begins in a frame and ends behind it hides opcodes",
        straddling(hidden),
        expect=MALFORMED,
    )

# --- PROTO ---

add("proto-missing", "No PROTO at all", touch() + STOP, TOUCH)
add("proto-in-the-middle", "PROTO in the middle", proto(2) + touch() + proto(4) + STOP, TOUCH)
add("proto-hundred", "A hundred PROTOs", proto(4) * 100 + touch() + STOP, TOUCH)
add(
    "proto-falling",
    "PROTO 5, 4, 3, 2, 1, 0",
    b"".join(proto(n) for n in range(5, -1, -1)) + touch() + STOP,
    TOUCH,
)
add("proto-six", "Protocol 6", proto(6) + touch() + STOP, expect=MALFORMED)
add("proto-255", "Protocol 255", proto(255) + touch() + STOP, expect=MALFORMED)
add(
    "proto-understated",
    "PROTO 0 and opcodes of protocol 5",
    proto(0) + touch() + POP + b"\x96" + struct.pack("<Q", 1) + b"x" + STOP,
    TOUCH,
)
add("proto-cut", "PROTO without its byte", b"\x80", expect=MALFORMED)

# --- numbers as text ---

for n, code, spelling in (
    ("octal", "I", "010"),
    ("octal-negative", "I", "-0777"),
    ("hex", "I", "0x10"),
    ("binary", "I", "0b11"),
    ("underscore", "I", "1_000"),
    ("space", "I", " 1"),
    ("space-after", "I", "1 "),
    ("plus", "I", "+1"),
    ("nul", "I", "1\0junk"),
    ("only-nul", "I", "\0"),
    ("cr", "I", "1\r"),
    ("bool-01", "I", "01"),
    ("bool-00", "I", "00"),
    ("bool-001", "I", "001"),
    ("big", "I", "9" * 30),
    ("long-without-l", "L", "1"),
    ("long-hex", "L", "0x1fL"),
    ("long-underscore", "L", "1_0L"),
    ("long-nul", "L", "1\0L"),
    ("long-space", "L", " 1L"),
    ("long-octal", "L", "0o17L"),
    ("float-inf", "F", "inf"),
    ("float-nan", "F", "nan"),
    ("float-nul", "F", "1.5\0junk"),
    ("float-no-digits", "F", "1."),
    ("float-exponent", "F", "1e5"),
):
    add(
        f"number-{n}",
        f"{code} reads {spelling[:20]!r}",
        p(0, line(code, spelling), POP, glob(TOUCH), b")R"),
        TOUCH,
    )
for n, code, spelling in (
    ("empty", "I", ""),
    ("letters", "I", "x"),
    ("octal-nine", "I", "09"),
    ("big-octal", "I", "0" + "7" * 30),
    ("two", "I", "1 2"),
    ("long-empty", "L", ""),
    ("long-only-l", "L", "L"),
    ("long-two-l", "L", "1LL"),
    ("float-empty", "F", ""),
    ("float-underscore", "F", "1_0.0"),
    ("float-space", "F", " 1.0"),
    ("float-overflow", "F", "1e999"),
    ("float-hex", "F", "0x1p3"),
    ("float-cr", "F", "1.5\r"),
):
    add(
        f"number-{n}",
        f"{code} refuses {spelling!r}",
        p(0, line(code, spelling), POP, glob(TOUCH), b")R"),
        expect=MALFORMED,
    )

# --- texts as lines ---

for n, opcode in (
    ("string-latin1", b"S'\xe9'\n"),
    ("string-line-feed", b"S'\\n'\n"),
    ("string-quote-inside", b"S'a'b'\n"),
    ("string-other-quotes", b'S"\'"\n'),
    ("string-octal", b"S'\\141'\n"),
    ("string-nul", b"S'a\0b'\n"),
    ("string-bad-escape", b"S'\\q'\n"),
    ("string-empty", b"S''\n"),
    ("unicode-latin1", b"V\xe9\n"),
    ("unicode-backslash", b"V\\\n"),
    ("unicode-cr", b"Va\r\n"),
    ("unicode-empty", b"V\n"),
    ("unicode-nul", b"Va\0b\n"),
    ("unicode-half-surrogate", b"V\\ud800\n"),
):
    add(
        f"text-{n}",
        "A text that readers disagree about",
        p(0, opcode, POP, glob(TOUCH), b")R"),
        TOUCH,
    )
for n, opcode in (
    ("string-unquoted", b"Sabc\n"),
    ("string-one-quote", b"S'\n"),
    ("string-mixed-quotes", b"S'a\"\n"),
    ("string-space-after", b"S'a' \n"),
    ("string-cr", b"S'a'\r\n"),
    ("string-half-escape", b"S'\\x4'\n"),
    ("unicode-bad-escape", b"V\\u12\n"),
    ("unicode-too-high", b"V\\Uffffffff\n"),
    ("binstring-negative", b"T\xff\xff\xff\xff"),
    ("long4-negative", b"\x8b\xff\xff\xff\xff"),
    ("binunicode-cut", b"X\x10\x00\x00\x00abc"),
    ("persid-not-ascii", b"P\xe9\n"),
    ("unknown-opcode", b"\xff"),
    ("nul-opcode", b"\0"),
):
    add(
        f"text-{n}",
        "A text that C refuses",
        p(0, opcode, POP, glob(TOUCH), b")R"),
        expect=MALFORMED,
    )
add(
    "unicode-surrogates",
    "BINUNICODE with surrogates in UTF-8",
    p(4, b"\x8c\x03\xed\xa0\x80", POP, touch()),
    TOUCH,
)
add(
    "binfloat-nan",
    "BINFLOAT with a payload in a NaN",
    p(4, b"G\x7f\xf0\xde\xad\xbe\xef\x00\x01", POP, touch()),
    TOUCH,
)
add("long1-empty", "LONG1 of no bytes", p(4, b"\x8a\x00", POP, touch()), TOUCH)
add(
    "long1-padded",
    "LONG1 with bytes that add nothing",
    p(4, b"\x8a\xff" + b"\0" * 255, POP, touch()),
    TOUCH,
)
add("long4-empty", "LONG4 of no bytes", p(4, b"\x8b\0\0\0\0", POP, touch()), TOUCH)
add(
    "bytearray8",
    "BYTEARRAY8 under protocol 2",
    p(2, b"\x96" + struct.pack("<Q", 3) + b"abc", POP, glob(TOUCH), b")R"),
    TOUCH,
)

# --- the stack and the memo ---

for n, body in (
    ("stop-on-empty", b""),
    ("pop-empty", POP),
    ("dup-empty", DUP),
    ("dup-on-mark", NONE + MARK + DUP),
    ("reduce-empty", REDUCE),
    ("reduce-below-mark", named(TOUCH) + MARK + b")" + REDUCE),
    ("build-empty", BUILD),
    ("append-below-mark", EMPTY_LIST + MARK + NONE + APPEND),
    ("appends-no-mark", EMPTY_LIST + APPENDS),
    ("appends-no-list", MARK + NONE + APPENDS),
    ("setitems-odd", EMPTY_DICT + MARK + NONE + SETITEMS),
    ("additems-no-mark", b"\x8f" + ADDITEMS),
    ("tuple-no-mark", NONE + b"t"),
    ("tuple2-below-mark", NONE + MARK + NONE + TUPLE2),
    ("tuple3-short", NONE + NONE + TUPLE3),
    ("dict-odd", MARK + NONE + b"d"),
    ("obj-empty", MARK + b"o"),
    ("newobj-short", NONE + b"\x81"),
    ("stack-global-short", text("os") + STACK_GLOBAL),
    ("get-unset", b"h\x05"),
    ("get-text-unset", b"g5\n"),
    ("get-negative", NONE + put(0) + b"g-1\n"),
    ("put-negative", NONE + b"p-1\n"),
    ("put-empty-stack", put(0)),
    ("put-on-mark", NONE + MARK + put(0)),
    ("put-letters", NONE + b"px\n"),
    ("put-two-to-the-63", NONE + b"p9223372036854775808\n"),
    ("memoize-empty", MEMOIZE),
    ("pop-mark-none", NONE + b"1"),
    ("stop-on-mark", NONE + MARK),
    ("ext-zero", b"\x82\x00"),
    ("ext-negative", b"\x84\xff\xff\xff\xff"),
    ("ext-cut", b"\x84\x01"),
    ("readonly-empty", b"\x98"),
    ("binpersid-empty", b"Q"),
    ("frozenset-no-mark", NONE + b"\x91"),
):
    add(
        f"stack-{n}",
        "The stack or the memo does not hold what an opcode takes",
        p(4, body),
        expect=MALFORMED,
    )
add(
    "stack-left-over",
    "Values are left on the stack at STOP",
    p(4, touch(), touch(), number(1)),
    TOUCH,
)
add("stack-mark-left", "A mark is left below the value at STOP", p(4, MARK, touch()), TOUCH)
add(
    "stack-appends-nothing",
    "APPENDS of no items",
    p(4, EMPTY_LIST, MARK, APPENDS, POP, touch()),
    TOUCH,
)
add(
    "stack-append-to-foreign",
    "APPENDS of no items on what is no list",
    p(4, NONE, MARK, APPENDS, POP, touch()),
    TOUCH,
)
add(
    "stack-setitems-nothing",
    "SETITEMS of no items on what is no dict",
    p(4, NONE, MARK, SETITEMS, POP, touch()),
    TOUCH,
)
add(
    "memo-key-huge-text",
    "PUT with 5,000 digits",
    p(0, NONE, line("p", "1" * 5000)),
    expect=MALFORMED,
)
add("stop-missing", "STOP is missing", p(4, touch())[:-1], expect=MALFORMED)
add("stop-twice", "A pickle of one opcode follows STOP", p(4, touch()) + b"N.", TOUCH)
add("empty", "An empty file", b"", expect=MALFORMED)
add("only-stop", "STOP and nothing else", b".", expect=MALFORMED)
add("only-none", "The smallest pickle", b"N.", expect=INERT)
add("line-feed-first", "A line feed in front of a pickle", b"\n" + p(4, touch()), expect=MALFORMED)
add(
    "bom-first",
    "A byte order mark in front of a pickle",
    b"\xef\xbb\xbf" + p(0, glob(TOUCH)),
    expect=MALFORMED,
)
add("utf16", "A pickle in UTF-16", p(0, glob(TOUCH)).decode().encode("utf-16-le"), expect=MALFORMED)

_WHOLE = p(
    2,
    MARK,
    glob(TOUCH),
    number(70_000),
    b"I12\n",
    line("V", CANARY),
    put(3),
    b"t",
    call(glob(TOUCH), b"h\x03"),
    b"\x86",
)
for cut in range(2, len(_WHOLE), 3):
    add(
        f"truncated-{cut:03}",
        f"A pickle that ends after {cut} bytes",
        _WHOLE[:cut],
        expect=MALFORMED,
    )
_FRAMED = p(4, named(TOUCH), text("a"), b"\x85R", b"\x8e" + struct.pack("<Q", 4) + b"abcd", b"\x86")
for cut in range(2, len(_FRAMED), 4):
    add(
        f"truncated-framed-{cut:03}",
        f"A framed pickle that ends after {cut} bytes",
        _FRAMED[:cut],
        expect=MALFORMED,
    )
