"""The table of opcodes: complete, and of one mind with pickletools."""

import pickle
import pickletools

import attrs
import pytest

from pickle_migrate import opcodes
from pickle_migrate.opcodes import ALL, BY_CODE, BY_NAME, disagreement

THEIRS = {op.name: op for op in pickletools.opcodes}


def test_every_opcode_of_pickletools_is_there():
    """The table has each opcode that this Python knows, and no other."""
    assert {op.name for op in ALL} == set(THEIRS)
    assert len(ALL) == len(BY_CODE) == len(BY_NAME) == 68


@pytest.mark.parametrize("op", ALL, ids=lambda op: op.name)
def test_agrees_with_pickletools(op):
    """Code, protocol, argument and stack effect are as pickletools has them."""
    assert disagreement(op, THEIRS[op.name]) == ""
    assert BY_CODE[ord(THEIRS[op.name].code)] is op


@pytest.mark.parametrize(
    "change",
    [
        {"name": "POP"},
        {"protocol": 3},
        {"pops": 1},
        {"pushes": 2},
        {"to_mark": True},
        {"fixed": 2},
        {"prefix": 4},
        {"lines": 1},
    ],
    ids=str,
)
def test_a_wrong_row_is_noticed(change):
    """The check is one that can fail: each fact changed on purpose is reported by its name."""
    wrong = attrs.evolve(BY_NAME["BININT1"], **change)
    (fact,) = change
    assert disagreement(wrong, THEIRS["BININT1"]).startswith(fact)


def test_a_wrong_table_is_not_imported(monkeypatch):
    """The check that runs at import refuses a table with a wrong row."""
    wrong = attrs.evolve(BY_NAME["FRAME"], fixed=4)
    monkeypatch.setattr(opcodes, "ALL", (wrong,))
    with pytest.raises(ImportError, match="FRAME: fixed: 4 here, 8 there"):
        opcodes._check()


def test_the_highest_protocol_is_pythons():
    """The protocol above which PROTO is refused is the one that this Python has."""
    assert opcodes.HIGHEST_PROTOCOL == pickle.HIGHEST_PROTOCOL
