"""Small files that cost much memory or time by a number that they name.

None of these may be read by a plain unpickler. Numbers are as small as the technique allows: what
counts is that the cost is out of all proportion to the size.
"""

from __future__ import annotations

import struct

from assemble import (
    INERT,
    MALFORMED,
    MARK,
    NONE,
    REFUSED,
    Samples,
    call,
    line,
    named,
    number,
    p,
    put,
    raw,
    repeated,
    text,
    tup,
)

bombs = Samples("bombs")
add = bombs.add_bomb


# Whose names the standard presets allow, for good reasons: their arguments are the matter.
_ALLOWED_NAMES = frozenset({
    "bytearray", "bytes", "range-list", "range-set", "range-tuple", "range-frozenset", "deque",
    "counter", "dtype", "reconstruct", "frombuffer", "fraction", "int-digits", "complex-text",
})  # fmt: skip

# --- memory by a number ---

for n, key in (("million", 10**6), ("hundred-million", 10**8), ("highest", 2**32 - 1)):
    add(
        f"memo-{n}",
        f"LONG_BINPUT {key:,} in an empty memo",
        p(2, NONE, b"r" + struct.pack("<I", key)),
    )
add("memo-text", "PUT 10**9 in protocol 0", p(0, NONE, line("p", "1000000000")))
add("memo-text-long-max", "PUT 2**63 - 1", p(0, NONE, line("p", str(2**63 - 1))))
add(
    "memo-doubling",
    "Keys that double, each of which grows the memo",
    p(2, NONE, repeated(24, lambda i: put(1 << (i + 7)))),
)
add(
    "memo-hidden-in-row",
    "The second pickle of a file has the high key",
    p(2, NONE) + p(2, NONE, put(10**8)),
    later=True,
)
for n, opcode, width in (
    ("binbytes8", b"\x8e", 8),
    ("binunicode8", b"\x8d", 8),
    ("bytearray8", b"\x96", 8),
    ("binbytes", b"B", 4),
    ("binunicode", b"X", 4),
    ("long4", b"\x8b", 4),
    ("frame", b"\x95", 8),
):
    length = (1 << 31) - 1 if width == 4 else 1 << 33
    claimed = opcode + length.to_bytes(width, "little")
    add(
        f"length-{n}",
        f"{length:,} bytes are claimed and 3 are there",
        b"\x80\x05" + claimed + b"abc.",
        expect=MALFORMED,
    )
    highest = opcode + b"\xff" * width
    add(
        f"length-{n}-highest",
        "The highest length is claimed",
        b"\x80\x05" + highest + b"abc.",
        expect=MALFORMED,
    )
for n, ref, *args in (
    ("bytearray", "builtins:bytearray", number(2**33)),
    ("bytes", "builtins:bytes", number(2**33)),
    ("range-list", "builtins:list", call(named("builtins:range"), number(2**33))),
    ("range-set", "builtins:set", call(named("builtins:range"), number(2**33))),
    ("range-tuple", "builtins:tuple", call(named("builtins:range"), number(2**33))),
    ("range-frozenset", "builtins:frozenset", call(named("builtins:range"), number(2**33))),
    ("deque", "collections:deque", call(named("builtins:range"), number(2**33))),
    ("counter", "collections:Counter", call(named("builtins:range"), number(2**33))),
    (
        "ordered-dict",
        "collections:OrderedDict",
        call(
            named("builtins:zip"),
            call(named("builtins:range"), number(2**33)),
            call(named("builtins:range"), number(2**33)),
        ),
    ),
    ("ndarray", "numpy:ndarray", tup(number(2**20), number(2**20))),
    ("dtype", "numpy:dtype", text("V2147483647")),
    (
        "reconstruct",
        "numpy._core.multiarray:_reconstruct",
        named("numpy:ndarray"),
        tup(number(2**33)),
        raw(b"b"),
    ),
    ("zeros", "numpy:zeros", number(2**33)),
    (
        "frombuffer",
        "numpy._core.numeric:_frombuffer",
        raw(b"x"),
        named("builtins:int"),
        tup(number(2**33)),
        text("C"),
    ),
    ("str-multiply", "operator:mul", text("x"), number(2**33)),
    ("ljust", "builtins:str.ljust", text("x"), number(2**33)),
    ("format-width", "builtins:format", number(1), text("99999999999d")),
    ("repeat", "collections:deque", call(named("itertools:repeat"), NONE, number(2**33))),
):
    add(
        f"allocate-{n}",
        f"{ref} allocates by a number",
        p(4, call(named(ref), *args)),
        ref,
        expect=REFUSED,
        by_arguments=n in _ALLOWED_NAMES,
    )
add(
    "allocate-array-state",
    "An array's state claims a shape that its data do not fill",
    p(
        4,
        call(
            named("numpy._core.multiarray:_reconstruct"),
            named("numpy:ndarray"),
            tup(number(0)),
            raw(b"b"),
        ),
        MARK,
        number(1),
        tup(number(2**33)),
        call(named("numpy:dtype"), text("V1"), b"\x89", b"\x88"),
        b"\x89",
        raw(b"x"),
        b"t",
        b"b",
    ),
    "numpy:dtype",
    expect=INERT,
)

# --- time by a number ---

for n, ref, *args in (
    ("fraction", "fractions:Fraction", text("1e99999999")),
    (
        "decimal",
        "decimal:Decimal.__pow__",
        call(named("decimal:Decimal"), text("9" * 50)),
        call(named("decimal:Decimal"), text("9e9")),
    ),
    ("pow", "builtins:pow", number(3), number(10**9)),
    ("shift", "operator:lshift", number(1), number(2**36)),
    ("factorial", "math:factorial", number(10**9)),
    ("regex", "re:compile", text("(" * 80 + "a" + ")*" * 80)),
    ("regex-match", "re:match", text("(a*)*b"), text("a" * 60)),
    ("sleep", "time:sleep", number(10**6)),
    ("exit", "os:_exit", number(0)),
    ("abort", "os:abort"),
    ("sum-range", "builtins:sum", call(named("builtins:range"), number(2**40))),
    ("max-range", "builtins:max", call(named("builtins:range"), number(2**40))),
    (
        "in-range",
        "operator:contains",
        call(
            named("builtins:map"),
            named("builtins:str"),
            call(named("builtins:range"), number(2**40)),
        ),
        text("x"),
    ),
    ("int-digits", "builtins:int", text("9" * 100_000)),
    ("complex-text", "builtins:complex", text("9" * 100_000)),
    ("pbkdf2", "hashlib:pbkdf2_hmac", text("sha256"), raw(b"x"), raw(b"y"), number(10**9)),
    ("scrypt", "hashlib:scrypt", raw(b"x")),
    (
        "permutations",
        "builtins:list",
        call(named("itertools:permutations"), call(named("builtins:range"), number(40))),
    ),
    ("input", "builtins:input"),
    ("infinite", "collections:deque", call(named("itertools:count"))),
):
    add(
        f"busy-{n}",
        f"{ref} takes for ever, or ends the process",
        p(4, call(named(ref), *args)),
        ref,
        expect=REFUSED,
        by_arguments=n in _ALLOWED_NAMES,
    )

# --- digits ---

add("digits-long", "A decimal number of 400,000 digits", p(0, line("L", "9" * 400_000 + "L")))
add("digits-int", "INT with 400,000 digits", p(0, line("I", "9" * 400_000)))
add(
    "digits-hex",
    "LONG in hexadecimal with 400,000 digits, which Python reads in linear time",
    p(0, line("L", "0x" + "f" * 400_000 + "L")),
    expect=INERT,
)
add(
    "digits-many",
    "A thousand numbers of 4,000 digits",
    p(0, MARK, (b"L" + b"9" * 4000 + b"L\n") * 250, b"l"),
    expect=INERT,
)
add(
    "digits-long4",
    "LONG4 of 100,000 bytes, which nobody can print",
    p(2, b"\x8b" + struct.pack("<i", 100_000) + b"\x7f" * 100_000),
    expect=INERT,
)
add(
    "digits-float", "FLOAT with 400,000 digits", p(0, line("F", "9." + "9" * 400_000)), expect=INERT
)
add(
    "digits-underscores",
    "Digits with underscores between them",
    p(0, line("L", "_".join("9" * 200_000) + "L")),
)
add(
    "digits-memo-key",
    "A memo key of 400,000 zeros",
    p(0, NONE, line("p", "0" * 400_000)),
    expect=MALFORMED,
)
