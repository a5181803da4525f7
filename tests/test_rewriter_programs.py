"""Any program of the pickle machine, not only what picklers write, keeps its data and its sharing.

Programs are made at random from opcodes that push, share, double and drop texts and name globals.
The C and the Python unpickler run them with an inert ``find_class``; the rewritten program must
give what the old one gives, with the new names in place of the old.
"""

from __future__ import annotations

import io
import pickle
import struct

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pickle_migrate import rewriter_edits
from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter import renamed
from pickle_migrate.scanner import scan

TEXTS = ["shop", "Order", "h"]


def new_name(ref):
    """One module moves, with a class that stays in it; of another one the classes are renamed."""
    if ref.module == "shop" and ref.qualname != "h":
        return GlobalRef("a.longer.name", ref.qualname)
    return GlobalRef("h", f"{ref.qualname}2") if ref.module == "h" else None


@attrs.frozen
class Ref:
    module: str
    name: str


def load(base, data, new_name=lambda ref: None):
    """What an unpickler makes of a program, with marks in place of globals."""

    class Inert(base):
        def find_class(self, module, name):
            ref = GlobalRef(module, name)
            ref = new_name(ref) or ref
            return Ref(ref.module, ref.qualname)

    return Inert(io.BytesIO(data)).load()


@attrs.define
class Program:
    """A program while it is written, with as much of the stack as is needed to keep it valid."""

    out: bytearray = attrs.field(factory=lambda: bytearray(b"\x80\x04("))
    stack: list = attrs.field(factory=list)
    memo: dict = attrs.field(factory=dict)

    def text(self, text, form):
        raw = text.encode()
        if form == "X":
            self.out += b"X" + struct.pack("<I", len(raw)) + raw
        elif form == "V":
            self.out += b"V" + raw.replace(b"\x01", b"\\u0001") + b"\n"
        else:
            self.out += b"\x8c" + bytes([len(raw)]) + raw
        self.stack.append("text")

    def memoize(self):
        if self.stack:
            self.memo[len(self.memo)] = self.stack[-1]
            self.out += b"\x94"

    def put(self, key, form):
        if self.stack:
            self.memo[key] = self.stack[-1]
            forms = {"q": bytes([key]), "r": struct.pack("<I", key), "p": b"%d\n" % key}
            self.out += form.encode() + forms[form]

    def get(self, number, form):
        if self.memo:
            key = sorted(self.memo)[number % len(self.memo)]
            self.stack.append(self.memo[key])
            forms = {"h": bytes([key]), "j": struct.pack("<I", key), "g": b" +%03d\n" % key}
            self.out += form.encode() + forms[form]

    def dup(self):
        if self.stack:
            self.stack.append(self.stack[-1])
            self.out += b"2"

    def pop(self):
        if self.stack:
            self.stack.pop()
            self.out += b"0"

    def number(self):
        self.stack.append("number")
        self.out += b"Kh"

    def name(self):
        if self.stack[-2:] == ["text", "text"]:
            self.stack[-2:] = ["global"]
            self.out += b"\x93"

    def line_name(self, module, name):
        self.stack.append("global")
        self.out += f"c{module}\n{name}\n".encode()

    def frame(self):
        self.out += b"\x95" + bytes(8)


KEYS = st.sampled_from([0, 1, 2, 10, 50, 104, 148])
STEPS = st.one_of(
    st.tuples(st.just("text"), st.sampled_from(TEXTS), st.sampled_from("XV\x8c")),
    st.tuples(st.just("memoize")),
    st.tuples(st.just("put"), KEYS, st.sampled_from("qrp")),
    st.tuples(st.just("get"), st.integers(0, 20), st.sampled_from("hjg")),
    st.tuples(st.just("dup")),
    st.tuples(st.just("pop")),
    st.tuples(st.just("number")),
    st.tuples(st.just("name")),
    st.tuples(
        st.just("line_name"), st.sampled_from(["shop", "h"]), st.sampled_from(["Order", "2"])
    ),
    st.tuples(st.just("frame")),
)
# What picklers write, more often than chance would.
NAMED = st.tuples(st.sampled_from(TEXTS), st.booleans(), st.sampled_from(TEXTS), st.booleans()).map(
    lambda t: [
        ("text", t[0], "\x8c"),
        *([("memoize",)] if t[1] else []),
        ("text", t[2], "\x8c"),
        *([("memoize",)] if t[3] else []),
        ("name",),
    ]
)
AGAIN = st.tuples(st.integers(0, 5), st.sampled_from(TEXTS), st.booleans()).map(
    lambda t: [
        ("get", t[0], "h"),
        ("text", t[1], "\x8c"),
        *([("memoize",)] if t[2] else []),
        ("name",),
    ]
)
DATA = st.integers(0, 5).map(lambda key: [("get", key, "h")])
PROGRAMS = st.lists(st.one_of(NAMED, AGAIN, DATA, STEPS.map(lambda step: [step])), max_size=10)


def written(parts):
    program = Program()
    for part in parts:
        for method, *arguments in part:
            getattr(program, method)(*arguments)
    return bytes(program.out + b"t.")


@settings(max_examples=500, deadline=None)
@given(PROGRAMS)
def test_a_program_keeps_its_data(parts):
    """Both unpicklers, every way to share a text, and names that stay beside names that change."""
    data = written(parts)
    new = renamed(data, lambda g: new_name(g.ref))
    for base in (pickle.Unpickler, pickle._Unpickler):
        assert load(base, new) == load(base, data, new_name)
    assert scan(new).memo == scan(data).memo


@settings(max_examples=200, deadline=None)
@given(PROGRAMS)
def test_a_program_with_many_names(parts):
    """Where there are too many to be looked at together, the same holds."""
    data = written(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rewriter_edits, "_MOST_SITES", 0)
        new = renamed(data, lambda g: new_name(g.ref))
    assert load(pickle.Unpickler, new) == load(pickle.Unpickler, data, new_name)


@settings(max_examples=200, deadline=None)
@given(PROGRAMS)
def test_a_program_there_and_back(parts):
    """One module for another and back again."""
    data = written(parts)
    there = renamed(
        data, lambda g: GlobalRef("x.shop", g.ref.qualname) if g.ref.module == "shop" else None
    )
    back = renamed(
        there, lambda g: GlobalRef("shop", g.ref.qualname) if g.ref.module == "x.shop" else None
    )
    assert load(pickle.Unpickler, back) == load(pickle.Unpickler, data)


@pytest.mark.parametrize(
    "body",
    [
        # The module's text is doubled, by opcodes that end as BINGET 50 would.
        b"\x8c\x04shopq\x32q\x68\x32\x8c\x05Order\x93",
        # It gets a second key, by opcodes that end as BINGET would.
        b"\x8c\x04shopq\x05r\x01\x02\x68\x05\x8c\x05Order\x93j\x01\x02\x68\x05",
        b"\x8c\x04shopq\x0ap5\0h\n\x8c\x05Order\x93h\x05",
        # The text is data first.
        b"\x8c\x04shop\x94\x8c\x05Order\x94h\x00h\x01\x93",
        # The name is fetched by a number that is written in another way.
        b"\x8c\x04shop\x94\x8c\x05Order\x94\x93g +0_1\0rest\n",
    ],
)
def test_opcodes_that_look_like_others(body):
    """Bytes are read backwards at one place; what only looks like GET must not be taken for it."""
    data = b"\x80\x04(" + body + b"t."
    new = renamed(data, lambda g: new_name(g.ref))
    for base in (pickle.Unpickler, pickle._Unpickler):
        try:
            expected = load(base, data, new_name)
        except ValueError:
            continue  # a number that only C reads
        assert load(base, new) == expected
