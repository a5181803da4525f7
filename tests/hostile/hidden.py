"""Names that stand somewhere else than where they are used: in the memo, below marks, computed."""

from __future__ import annotations

import struct

from assemble import (
    CANARY,
    DUP,
    EMPTY_TUPLE,
    MALFORMED,
    MARK,
    MEMOIZE,
    POP,
    POP_MARK,
    REDUCE,
    STACK_GLOBAL,
    TOUCH,
    Samples,
    call,
    get,
    glob,
    line,
    long_text,
    lst,
    named,
    number,
    p,
    put,
    raw,
    text,
    tup,
)

hidden = Samples("hidden")
add = hidden.add
M, T = text(CANARY), text("touch")
CALLED = EMPTY_TUPLE + REDUCE

# --- the name comes from somewhere else ---

add(
    "memo",
    "Both texts come from the memo",
    p(4, M, put(0), POP, T, put(1), POP, get(0), get(1), STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "memo-memoize",
    "The memo's keys are counted by MEMOIZE",
    p(4, M, MEMOIZE, POP, T, MEMOIZE, POP, get(0), get(1), STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "memo-overwritten",
    "A key is set to a harmless name and then again",
    p(4, text("datetime"), put(0), POP, M, put(0), POP, get(0), T, STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "memo-overwritten-late",
    "A key is changed between two uses",
    p(
        4,
        text("date"),
        put(0),
        POP,
        text("datetime"),
        get(0),
        STACK_GLOBAL,
        POP,
        T,
        put(0),
        POP,
        M,
        get(0),
        STACK_GLOBAL,
        CALLED,
    ),
    TOUCH,
    "datetime:date",
)
add(
    "memo-memoize-after-put",
    "MEMOIZE counts entries, so it overwrites what PUT set",
    p(
        4,
        text("datetime"),
        put(1),
        POP,
        text("x"),
        put(5),
        POP,
        M,
        MEMOIZE,
        POP,
        get(2),
        T,
        STACK_GLOBAL,
        CALLED,
    ),
    TOUCH,
)
add(
    "memo-memoize-collides",
    "MEMOIZE lands on a key that PUT set",
    p(4, text("datetime"), put(1), POP, M, MEMOIZE, POP, get(1), T, STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "memo-long-keys",
    "LONG_BINPUT with a key below 256",
    p(4, M, b"r" + struct.pack("<I", 7), POP, b"h\x07", T, STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "memo-high-key",
    "A key of 60,000 in an empty memo",
    p(4, M, put(60_000), POP, get(60_000), T, STACK_GLOBAL, CALLED),
    TOUCH,
)
for mark, spelled in (
    ("plus", "+1"),
    ("space", " 1"),
    ("underscore", "0_1"),
    ("zeros", "001"),
    ("nul", "1\0 2"),
    ("tab", "\t1"),
):
    add(
        f"memo-text-key-{mark}",
        f"PUT spells the key 1 as {spelled!r}",
        p(
            0,
            line("V", CANARY),
            line("p", spelled),
            POP,
            line("g", "1"),
            long_text("touch"),
            b"\x93",
            CALLED,
        ),
        TOUCH,
    )
    add(
        f"memo-text-get-{mark}",
        f"GET spells the key 1 as {spelled!r}",
        p(
            0,
            line("V", CANARY),
            line("p", "1"),
            POP,
            line("g", spelled),
            long_text("touch"),
            b"\x93",
            CALLED,
        ),
        TOUCH,
    )
add(
    "memo-global",
    "The global itself comes from the memo",
    p(4, named(TOUCH), MEMOIZE, POP, number(1), POP, get(0), CALLED),
    TOUCH,
)
add(
    "memo-global-p0",
    "The same in protocol 0",
    p(0, glob(TOUCH), line("p", "0"), POP, line("g", "0"), CALLED),
    TOUCH,
)
add(
    "dup",
    "DUP gives module and name at once",
    p(4, text("hostile_canary"), DUP, STACK_GLOBAL, CALLED),
    f"{CANARY}:{CANARY}",
)
add("dup-global", "The called global is a duplicate", p(4, named(TOUCH), DUP, CALLED), TOUCH)
add(
    "pop-between",
    "What stands between module and name is popped",
    p(4, M, number(1), POP, T, STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "pop-decoy",
    "A harmless name is popped, another stays",
    p(4, M, text("date"), POP, T, STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "pop-mark-decoy",
    "POP_MARK takes a harmless name away",
    p(4, M, MARK, text("date"), text("x"), POP_MARK, T, STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "pop-pops-mark",
    "POP takes a mark when nothing is above it",
    p(4, M, MARK, POP, T, STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "mark-nested",
    "Names stand below several marks",
    p(4, MARK, MARK, M, T, STACK_GLOBAL, CALLED, b"t", b"t"),
    TOUCH,
)
add(
    "memo-past-pop-mark",
    "A text kept in the memo from below a mark",
    p(4, MARK, M, MEMOIZE, T, MEMOIZE, POP_MARK, get(0), get(1), STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "global-under-list",
    "The global is named inside a list and fetched from the memo",
    p(4, lst(named(TOUCH) + MEMOIZE), POP, get(0), CALLED),
    TOUCH,
)
add(
    "name-in-user-data",
    "User data and the name share one text",
    p(4, lst(M + put(0), T + put(1)), POP, get(0), get(1), STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "args-before-target",
    "Arguments are memoised before the target is named",
    p(4, tup(number(1)), put(3), POP, named(TOUCH), get(3), REDUCE),
    TOUCH,
)
add(
    "second-use-called",
    "A global is first named as data, and called later",
    p(4, lst(named(TOUCH) + put(0), get(0) + CALLED)),
    TOUCH,
)

# --- every opcode that gives a text ---

add("unicode", "UNICODE", p(0, line("V", CANARY), line("V", "touch"), STACK_GLOBAL, CALLED), TOUCH)
add(
    "unicode-escapes",
    "UNICODE with \\u escapes",
    p(0, line("V", "\\u0068ostile_canary"), line("V", "to\\u0075ch"), STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "unicode-long-escapes",
    "UNICODE with \\U escapes",
    p(0, line("V", "\\U00000068ostile_canary"), line("V", "touch"), STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "binunicode",
    "BINUNICODE",
    p(1, long_text(CANARY), long_text("touch"), STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "binunicode8",
    "BINUNICODE8",
    p(4, b"\x8d" + struct.pack("<Q", len(CANARY)) + CANARY.encode(), T, STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "string",
    "STRING, Python 2's text",
    p(0, line("S", f"'{CANARY}'"), line("S", "'touch'"), STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "string-escapes",
    "STRING with escapes",
    p(0, line("S", "'\\x68ostile\\137canary'"), line("S", "'tou\\143h'"), STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "string-double-quotes",
    "STRING in double quotes",
    p(0, line("S", f'"{CANARY}"'), line("S", '"touch"'), STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "binstring",
    "BINSTRING",
    p(
        1,
        b"T" + struct.pack("<I", len(CANARY)) + CANARY.encode(),
        b"U\x05touch",
        STACK_GLOBAL,
        CALLED,
    ),
    TOUCH,
)
add(
    "short-binstring",
    "SHORT_BINSTRING",
    p(1, b"U" + bytes([len(CANARY)]) + CANARY.encode(), b"U\x05touch", STACK_GLOBAL, CALLED),
    TOUCH,
)
add(
    "binstring-latin1",
    "A name in bytes that only the reader's encoding decides",
    p(1, b"U\x03\xe9os", b"U\x05touch", STACK_GLOBAL, CALLED),
)
add(
    "mixed-opcodes",
    "Each text by another opcode",
    p(4, b"U" + bytes([len(CANARY)]) + CANARY.encode(), line("V", "touch"), STACK_GLOBAL, CALLED),
    TOUCH,
)
for n, made in (
    ("call", call(named(f"{CANARY}:give"))),
    ("bytes-decode", call(named("_codecs:decode"), raw(b"touch"), text("ascii"))),
    ("str-call", call(named("builtins:str"), raw(b"touch"), text("ascii"))),
    (
        "join",
        call(call(named("builtins:getattr"), text(""), text("join")), lst(text("to"), text("uch"))),
    ),
    ("chr", call(named("builtins:chr"), number(120))),
    ("persistent", text("id") + b"Q"),
    ("buffer", b"\x97"),
    ("global-text", named("os:name")),
    ("newobj", named("builtins:str") + tup(text("touch")) + b"\x81"),
    ("obj", MARK + named("builtins:str") + text("touch") + b"o"),
    ("memo", call(named("builtins:str"), text("touch")) + MEMOIZE + POP + get(0)),
    ("build", call(named("builtins:str"), text("touch")) + b"}b"),
):
    add(f"computed-{n}", f"The name is computed ({n})", p(5, M, made, STACK_GLOBAL, CALLED))
add(
    "computed-module",
    "The module is computed",
    p(4, call(named("builtins:str"), M), T, STACK_GLOBAL, CALLED),
)
add("not-a-text", "STACK_GLOBAL on a number", p(4, M, number(1), STACK_GLOBAL), expect=MALFORMED)
add("bytes-name", "STACK_GLOBAL on bytes", p(4, M, raw(b"touch"), STACK_GLOBAL), expect=MALFORMED)
