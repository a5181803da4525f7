"""How names are written, at each protocol."""

from __future__ import annotations

import pickle
import sys
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import ContentError
from pickle_migrate.refs import GlobalRef
from pickle_migrate.rewriter_spell import Dialect, check, lines, push
from pickle_migrate.scanner import Global, scan

NAMED = Global(GlobalRef("shop", "Order"), 7, ("named",), 1, 0, "find_class")
PROTOCOLS = st.integers(0, 5)


def program(protocol, body):
    return (b"\x80" + bytes([protocol]) if protocol >= 2 else b"") + body + b"."


def dialect(protocol, **options):
    return Dialect(protocol, protocol if protocol >= 2 else 0, **options)


@given(st.text(), PROTOCOLS)
def test_a_text_is_read_as_it_was(text, protocol):
    """Also with backslashes, line feeds, NULs and what is no ASCII; at its own protocol."""
    data = program(protocol, dialect(protocol).text(text))
    assert pickle.loads(data) == pickle._loads(data) == text
    assert scan(data).protocol == protocol or protocol < 2


@pytest.mark.parametrize("length", [255, 256])
def test_long_texts(length):
    """More than 255 bytes need a longer length."""
    opcode = dialect(4).text("x" * length)[:1]
    assert opcode == (b"\x8c" if length < 256 else b"X")


@given(PROTOCOLS)
def test_tuples(protocol):
    """Of one value and of two, without opcodes of a higher protocol."""
    number = b"I1\n"
    for made, expected in (
        (dialect(protocol).single(number), (1,)),
        (dialect(protocol).pair(number, number), (1, 1)),
    ):
        assert pickle.loads(program(protocol, made)) == expected
        assert scan(program(protocol, made)).protocol == protocol or protocol < 2


@pytest.mark.parametrize("protocol", range(6))
def test_a_name_of_any_depth(protocol, monkeypatch):
    """Below protocol 4, GLOBAL reads no dots, so that getattr is called for each of them."""
    module = types.ModuleType("shop")
    module.A = type("A", (), {"B": type("B", (), {"Ç": type("Ç", (), {})})})
    monkeypatch.setitem(sys.modules, "shop", module)
    for name, found in (("A", module.A), ("A.B", module.A.B), ("A.B.Ç", module.A.B.Ç)):
        data = program(protocol, push(GlobalRef("shop", name), dialect(protocol), NAMED))
        assert pickle.loads(data) is pickle._loads(data) is found
        assert GlobalRef("shop", name) in scan(data).refs


def test_lines():
    """Both end with a line feed."""
    assert lines(GlobalRef("shop", "Örder"), "utf-8", NAMED) == "shop\nÖrder\n".encode()
    for ref, encoding in (
        (GlobalRef("shop", "Örder"), "ascii"),
        (GlobalRef("shop\n", "Order"), "utf-8"),
        (GlobalRef("shop", "\udc80"), "utf-8"),
    ):
        with pytest.raises(ContentError, match="names shop:Order at byte 7"):
            lines(ref, encoding, NAMED)


@pytest.mark.parametrize(
    ("ref", "protocol", "is_refused"),
    [
        ("Queue:Job", 2, True),
        ("Queue:Job", 3, False),
        ("dbm:Job", 0, True),
        ("queue:Job", 2, False),
        ("__builtin__:set", 2, False),
        ("itertools:izip", 2, False),
        ("exceptions:ValueError", 2, False),
        ("shop:Order", 0, False),
    ],
)
def test_names_that_readers_map(ref, protocol, is_refused):
    """Those of Python 2 that no module of Python 3 can bear are what they are; others are not."""
    ref = GlobalRef.parse(ref)
    check(ref, dialect(protocol, fix_imports=False), NAMED)
    if is_refused:
        with pytest.raises(ContentError, match="take the new name for"):
            check(ref, dialect(protocol), NAMED)
    else:
        check(ref, dialect(protocol), NAMED)


def test_empty_names():
    """No opcode of lines holds them, and no module is called so."""
    for ref in (GlobalRef("", "Order"), GlobalRef("shop", "")):
        with pytest.raises(ContentError, match="empty"):
            check(ref, dialect(4), NAMED)
