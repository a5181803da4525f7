"""Archived pickles loaded in another process."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate.archive import loads
from pickle_migrate.archive.values import Record
from pickle_migrate.checks import elsewhere
from pickle_migrate.errors import RequestError
from pickle_migrate.project import Settings

SOURCE = """
    import sys
    print("Hello from a module")

    class Words:
        def __setstate__(self, state):
            self.words = list(set(state["words"]))

    class Plain:
        pass
"""


@pytest.fixture
def records(scratch) -> list[Record]:
    module = scratch.module("else_shop", SOURCE)
    words, plain = module.Words(), module.Plain()
    words.words, plain.a = [f"word {n}" for n in range(50)], 1
    made = []
    for name, obj in (("words", words), ("plain", plain)):
        path = scratch.folder / f"{name}.pickle"
        path.write_bytes(pickle.dumps(obj))
        made.append(Record(str(path), ""))
    return made


def test_the_order_of_a_set_is_another_there(records):
    """What modules print is no part of the answer."""
    there = elsewhere.states_elsewhere(records, Settings())
    words, plain = records
    assert there[plain.file] == elsewhere.told(loads.load_record(plain))
    assert there[words.file] != elsewhere.told(loads.load_record(words))


def test_what_does_not_load_there_is_told(records, tmp_path):
    path = tmp_path / "no.pickle"
    path.write_bytes(b"nonsense")
    there = elsewhere.states_elsewhere([Record(str(path), "")], Settings())
    assert there[str(path)].startswith("problem: ")


def test_a_process_that_does_not_answer(scratch):
    """It could not run, and says why."""
    scratch.write("else_exit", "import os; os._exit(3)")
    with pytest.raises(RequestError, match="ended with 3"):
        elsewhere.states_elsewhere([], Settings(), ["else_exit"])
