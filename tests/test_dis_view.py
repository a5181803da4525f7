"""The disassembly: what each opcode names, refers to or makes; bounded whatever it is given."""

from __future__ import annotations

import datetime
import pickle
import pickletools

from pickle_migrate import policy
from pickle_migrate.dis_view import dis_lines
from pickle_migrate.discovery import Found
from pickle_migrate.inspect_file import inspect_data
from pickle_migrate.inspect_pickle import Options


def lines(data: bytes, limit: int = 1000):
    found = inspect_data(data, Found("f", "f", explicit=True), Options(policy.for_command()))
    return [line.plain for pickle in found.pickles[:1] for line in dis_lines(pickle, limit)]


def test_names_memo_keys_and_calls_are_resolved():
    """As a person would look them up by hand."""
    day = datetime.date(2020, 1, 2)
    text = "\n".join(lines(pickle.dumps([day, day, "x"], 4)))
    assert "STACK_GLOBAL     datetime:date  allowed" in text
    assert "REDUCE           -> datetime:date(...)" in text
    assert "-> datetime:date(...)" in text.split("BINGET")[1]
    text = "\n".join(lines(b"cos\nsystem\n(S'id'\ntR."))
    assert "os:system  refused: it starts processes" in text


def test_every_opcode_is_there():
    """At the offset at which pickletools sees it."""
    for protocol in range(6):
        data = pickle.dumps([datetime.date(2020, 1, 2), {"a": (1, 2.5, b"c", None)}], protocol)
        shown = [line.split()[:2] for line in lines(data)[1:]]
        assert shown == [[str(at), op.name] for op, _, at in pickletools.genops(data)]


def test_the_lines_are_bounded():
    """Their number, their width, and their indentation."""
    data = b"\x80\x02" + b"(" * 300_000 + b"N."
    found = lines(data, 50)
    assert len(found) == 52
    assert found[-1] == "  ... 299,953 more opcodes: --limit shows more"
    assert max(map(len, found)) < 120
    wide = lines(b"X\xa0\x86\x01\0" + b"\x1b" * 100_000 + b".")
    assert all(len(line) < 500 and line.isprintable() for line in wide)
    numbers = lines(b"L" + b"9" * 4000 + b"L\n.")
    assert "a number of 4001 digits" in numbers[1]


def test_damage_ends_it():
    """With the reason at its offset."""
    found = lines(pickle.dumps([datetime.date(2020, 1, 2)], 0)[:-1])
    assert found[-1].endswith("the data ends before STOP")


def test_persistent_ids_extensions_and_arrays():
    """What is no plain value is named."""
    text = "\n".join(lines(b"(Pone\nK\x02Q\x82\x05l."))
    assert "persistent id 'one'" in text
    assert "persistent id 2" in text
    assert "extension code 5" in text
