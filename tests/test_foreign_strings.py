"""Strings of Python 2: text or data by where they stand, never silently wrong."""

from __future__ import annotations

import datetime
import pickle
import subprocess
from pathlib import Path

import pytest

import pickle_migrate
from pickle_migrate import Lineage, Registry, loads
from pickle_migrate.errors import ForeignError

PYTHON_2 = next(iter(sorted(Path("~/.pyenv/versions").expanduser().glob("2.7.*/bin/python"))), None)

WRITTEN = b"""
import datetime, pickle, sys

class Old:
    pass

class New(object):
    def __init__(self):
        self.name = "Zo\\xc3\\xab"

old = Old()
old.when = datetime.datetime(2013, 1, 2, 3, 4, 5, 6)
old.day = datetime.date(2009, 7, 31)
value = [old, New(), {"k\\xc3\\xab": ("t", u"u\\xeb")}, datetime.time(1, 2, 3), set(["m"]), 9L]
for protocol in (0, 1, 2):
    data = pickle.dumps(value, protocol)
    sys.stdout.write("%d\\n" % len(data) + data)
"""


class Old:
    """The class as Python 3 has it."""


New = Old


@pytest.fixture(scope="module")
def written():
    """What Python 2.7 writes, at protocols 0 to 2."""
    if PYTHON_2 is None:
        pytest.skip("there is no Python 2.7")
    out = subprocess.run([PYTHON_2, "-"], input=WRITTEN, capture_output=True, check=True).stdout
    found = []
    while out:
        size, _, out = out.partition(b"\n")
        found.append(out[: int(size)])
        out = out[int(size) :]
    return found


@pytest.fixture
def registry():
    made = Registry()
    pickle_migrate.use_pack("python2", registry=made)
    made.rename("__main__:Old", f"{__name__}:Old")
    made.rename("__main__:New", f"{__name__}:Old")
    return made


@pytest.mark.parametrize("protocol", range(3))
def test_each_string_is_what_it_was(written, registry, protocol):
    """Dates are dates, names and values are text in UTF-8, and no encoding has to be given."""
    old, new, texts, time, members, long = loads(written[protocol], registry=registry)
    assert vars(old) == {
        "when": datetime.datetime(2013, 1, 2, 3, 4, 5, 6),
        "day": datetime.date(2009, 7, 31),
    }
    assert new.name == "Zoë"
    assert texts == {"kë": ("t", "uë")}
    assert (time, members, long) == (datetime.time(1, 2, 3), {"m"}, 9)


def undecodable(where=b"U\x01k"):
    return b"\x80\x02}" + where + b"U\x02\xff\xfes."


def test_a_string_that_is_neither_is_refused_with_its_place(registry):
    """A guess would give a wrong text and no error."""
    with pytest.raises(ForeignError, match=r"'k' in a dict.*not UTF-8"):
        loads(undecodable(), registry=registry)


def test_by_consent_it_is_text_or_bytes(registry):
    """An encoding reads what is not UTF-8; "bytes" leaves it."""
    assert loads(undecodable(), encoding="latin1", registry=registry) == {"k": "ÿþ"}
    assert loads(undecodable(), encoding="bytes", registry=registry) == {"k": b"\xff\xfe"}
    mixed = b"\x80\x02]U\x02\xc3\xabaU\x01\xeba."
    assert loads(mixed, encoding="latin1", registry=registry) == ["ë", "ë"]


def test_a_lineage_says_where_data_stand(registry):
    """Fields of a state, and places among the arguments; all else of the object is text."""
    Lineage(f"{__name__}:Old", registry=registry).byte_strings("jpeg", args=(0,))
    data = b"\x80\x02c__main__\nOld\n)\x81}(U\x04jpegU\x02\xff\xd8U\x04nameU\x02\xc3\xabub."
    assert vars(loads(data, registry=registry)) == {"jpeg": b"\xff\xd8", "name": "ë"}


def test_shared_strings_stay_shared(registry):
    """One string of the pickle is one text."""
    first, second = loads(b"\x80\x02U\x03abcq\x01h\x01\x86.", registry=registry)
    assert first is second


def test_pickles_of_python_3_are_left_alone(registry):
    """At protocol 2, bytes are written by a call, and texts have opcodes of their own."""
    value = {"k": b"\xff\xfe", b"b": "ë", "n": [b"", bytearray(b"\xff")]}
    for protocol in range(3):
        assert loads(pickle.dumps(value, protocol), registry=registry) == value


def test_tuples_in_circles(registry):
    """What cannot be changed in place is made anew, also where it refers to itself."""
    loop = loads(b"\x80\x02]q\x00U\x01ah\x00\x86a.", registry=registry)
    assert loop[0][0] == "a"
    assert loop[0][1] is loop
