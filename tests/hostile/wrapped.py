"""Pickles inside of pickles, several in a row, and bytes around them."""

from __future__ import annotations

import functools
import gzip
import struct

from assemble import (
    INERT,
    MALFORMED,
    NONE,
    TOUCH,
    Samples,
    call,
    dct,
    glob,
    lst,
    named,
    number,
    p,
    put,
    raw,
    text,
    touch,
)

wrapped = Samples("wrapped")
add = wrapped.add

PAYLOADS = {n: p(n, call(glob(TOUCH))) for n in (0, 2, 3)} | {n: p(n, touch()) for n in (4, 5)}
PAYLOAD = PAYLOADS[4]

# --- nested in bytes and texts ---

for n, payload in PAYLOADS.items():
    add(
        f"bytes-p{n}",
        f"A pickle of protocol {n} in bytes",
        p(4, lst(raw(payload))),
        inside=(TOUCH,),
        expect=INERT,
    )
add(
    "bytearray",
    "A pickle in a bytearray",
    p(5, b"\x96" + struct.pack("<Q", len(PAYLOAD)) + PAYLOAD),
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "bytes8",
    "A pickle in BINBYTES8",
    p(4, b"\x8e" + struct.pack("<Q", len(PAYLOAD)) + PAYLOAD),
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "binstring",
    "A pickle in a string of Python 2",
    p(1, b"U" + bytes([len(PAYLOADS[0])]) + PAYLOADS[0]),
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "latin1-text",
    "A pickle in a text, as protocol 2 writes bytes",
    p(
        2,
        call(
            glob("_codecs:encode"),
            b"X" + struct.pack("<I", len(PAYLOADS[0])) + PAYLOADS[0],
            b"X\x06\0\0\0latin1",
        ),
    ),
    "_codecs:encode",
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "bytes-in-bytes",
    "A pickle in a pickle in a pickle",
    p(4, raw(p(4, raw(p(4, raw(PAYLOAD)))))),
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "bytes-middle",
    "A pickle in the middle of bytes",
    p(4, raw(b"\0" * 20 + PAYLOAD + b"\0" * 20)),
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "bytes-gzip",
    "A compressed pickle in bytes",
    p(4, raw(gzip.compress(PAYLOAD, mtime=0))),
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "bytes-as-key",
    "A pickle in bytes that are a key",
    p(4, dct((raw(PAYLOAD), NONE))),
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "bytes-to-loads",
    "A pickle in bytes that a call loads",
    p(4, call(named("pickle:loads"), raw(PAYLOAD))),
    "pickle:loads",
)
add(
    "bytes-to-loads-twice",
    "The same, two levels deep",
    p(4, call(named("pickle:loads"), raw(p(4, call(named("_pickle:loads"), raw(PAYLOAD)))))),
    "pickle:loads",
)
add(
    "bytes-in-state",
    "A pickle in the state of an allowed object",
    p(4, call(named("collections:OrderedDict")), text("blob"), raw(PAYLOAD), b"s"),
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "bytes-in-array",
    "A pickle in the bytes of an array",
    p(
        4,
        call(
            named("numpy._core.numeric:_frombuffer"),
            raw(PAYLOAD),
            call(named("numpy:dtype"), text("u1"), b"\x89", b"\x88"),
            b"K" + bytes([len(PAYLOAD)]) + b"\x85",
            text("C"),
        ),
    ),
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "bytes-depth",
    "A hundred pickles, one in the other",
    functools.reduce(lambda inner, _: p(4, raw(inner)), range(100), PAYLOAD),
    expect=INERT,
)
add(
    "text",
    "A text that spells a pickle of protocol 0",
    p(4, text("cposix\nsystem\n(S':'\ntR.")),
    inside=("posix:system",),
    expect=INERT,
)
add(
    "bytes-many",
    "Two thousand pickles in bytes",
    p(4, lst(*(raw(PAYLOAD) for _ in range(2000)))),
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "bytes-nearly",
    "Bytes that begin as a pickle and are none",
    p(4, lst(*(raw(b"\x80\x04" + bytes([n]) * 40) for n in range(256)))),
    expect=INERT,
)

# --- after and before ---

BENIGN = p(4, lst(number(1)))
add("trailing-text", "A benign pickle, then a text", BENIGN + b"# trailing\n", expect=INERT)
add("trailing-zeros", "A benign pickle, then zeros", BENIGN + bytes(512), expect=INERT)
add("trailing-payload", "A benign pickle, then a hostile one", BENIGN + PAYLOAD, TOUCH, later=True)
add(
    "trailing-after-text",
    "A benign pickle, a text, a hostile pickle",
    BENIGN + b"\xff\xff\xff" + PAYLOAD,
    inside=(TOUCH,),
    expect=INERT,
)
add(
    "trailing-tenth",
    "Nine benign pickles, then a hostile one",
    BENIGN * 9 + PAYLOAD,
    TOUCH,
    later=True,
)
add(
    "trailing-cut", "A benign pickle, then one that is cut off", BENIGN + PAYLOAD[:-1], expect=INERT
)
add(
    "row-shared-memo",
    "The second pickle uses the first one's memo",
    p(4, named(TOUCH) + put(0)) + b"h\x00)R.",
    TOUCH,
    later=True,
)
add(
    "row-hidden-name",
    "The first pickle holds the texts, the second names",
    p(4, lst(text("hostile_canary") + put(0), text("touch") + put(1)))
    + b"\x80\x04h\x00h\x01\x93)R.",
    TOUCH,
    later=True,
)
add("leading-zeros", "Zeros, then a pickle", bytes(64) + PAYLOAD, expect=MALFORMED)
add(
    "leading-script",
    "A line of a script, then a pickle",
    b"#!/usr/bin/env python\n" + PAYLOAD,
    expect=MALFORMED,
)
