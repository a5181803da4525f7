"""Each rule is shown by running the three readers, and no pickler writes what a rule tells of."""

from __future__ import annotations

import io
import json
import os
import pickle
import pickletools
import struct
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.scan_differences import RULES, Differences, differ, names_differ
from pickle_migrate.scanner import scan, scan_all

PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"


def frame(size):
    return b"\x95" + struct.pack("<Q", size)


class Found:
    """Stands for any global."""


def reader(base):
    class Reader(base):
        def find_class(self, module, name):
            return module, name

        def persistent_load(self, pid):
            return pid

    def read(data):
        value = Reader(io.BytesIO(data)).load()
        return type(value).__name__, repr(value)

    return read


def tools(data):
    return [(op.name, type(arg).__name__, repr(arg)) for op, arg, _ in pickletools.genops(data)]


def reading(read, data):
    """What a reader makes of it, or "refused"."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read(data)
        except Exception:
            return "refused"


IN_C, IN_PYTHON = reader(pickle.Unpickler), reader(pickle._Unpickler)

# Bytes that C takes, by the rule that they meet; and who reads something else.
PYTHON, TOOLS = "pickle._Unpickler", "pickletools"
CASES = [
    ("int-text", b"I010\n.", PYTHON),
    ("int-text", b"I-017\n.", PYTHON),
    ("int-text", b"I001\n.", PYTHON),
    ("int-text", b"I 01\n.", PYTHON),
    ("int-text", b"I+01\n.", PYTHON),
    ("int-text", b"I-0\n.", PYTHON),
    ("int-text", b"I 1\n.", PYTHON),
    ("int-text", b"I12\0zz\n.", PYTHON),
    ("int-text", b"I\0\n.", PYTHON),
    ("int-text", b"I0x10\n.", TOOLS),
    ("int-text", b"I0b11\n.", TOOLS),
    ("int-text", b"I0o17\n.", TOOLS),
    ("long-text", b"L0x10L\n.", TOOLS),
    ("long-text", b"L0b1\n.", TOOLS),
    ("long-text", b"L12\0zzL\n.", PYTHON),
    ("float-text", b"F1.5\0zz\n.", PYTHON),
    ("memo-key-text", b"Np1\0x\n0g1\n.", PYTHON),
    ("string-text", b"S'\xe9'\n.", TOOLS),
    ("global-text", "cm\xe9\nn\n.".encode(), TOOLS),
    ("global-text", b"cm\\x41\nn\n.", TOOLS),
    ("global-text", b"cm \nn\n.", TOOLS),
    ("persid-text", b"Pa\\x41\n.", TOOLS),
    ("frame-in-frame", b"\x80\x04" + frame(11) + frame(2) + b"N.", PYTHON),
]


@pytest.mark.parametrize(("rule", "data", "who"), CASES, ids=lambda part: repr(part)[:30])
def test_readers_differ_where_a_rule_says_so(rule, data, who):
    """The C unpickler takes it; the other reader sees something else, or nothing."""
    assert [f.rule for f in scan(data).differences] == [rule]
    if rule == "string-text":
        assert pickle.loads(data, encoding="latin1") == "\xe9"
    else:
        assert reading(IN_C, data) != "refused"
    if who == PYTHON:
        assert reading(IN_PYTHON, data) != reading(IN_C, data)
    elif rule in ("global-text", "persid-text"):
        seen = reading(tools, data)
        assert seen == "refused" or seen[0][2] not in (repr("m n"), repr("a\\x41"))
    else:
        assert reading(tools, data) == "refused"


def test_a_frame_past_stop_hides_what_follows_in_a_file():
    """The next ``load`` from the file starts after the frame, that from memory after STOP."""
    data = b"\x80\x04" + frame(4) + b"N.I1" + b"I2\n."
    file = io.BytesIO(data)
    pickle.load(file)
    assert pickle.load(file) == 2
    found = scan_all(data[:15] + b".").pickles[0]
    assert [f.rule for f in found.differences] == ["frame-past-stop"]
    assert found.end < file.tell()


def test_the_last_proto_counts():
    """A reader that goes by the first two bytes expects other names."""
    data = b"\x80\x04\x80\x02c__builtin__\nset\n."
    assert pickle.loads(data) is set
    (finding,) = scan(data).differences
    assert (finding.rule, finding.offset, finding.severity) == ("proto-again", 2, "warning")
    with pytest.raises(ModuleNotFoundError):
        pickle.loads(b"\x80\x04c__builtin__\nset\n.")


def test_a_length_that_only_c_reads_as_positive():
    """2 GiB in one BINSTRING: Python's unpickler and pickletools take the length for negative."""
    header = b"T" + struct.pack("<I", (1 << 31) + 5)
    with pytest.raises(pickle.UnpicklingError, match="negative"):
        IN_PYTHON(header)
    with pytest.raises(ValueError, match="< 0"):
        tools(header)


@pytest.mark.parametrize(
    "data",
    [
        frame(2) + b"I12\n.",
        frame(2) + b"cos\nsystem\n.",
        frame(2) + b"M\x01\x02.",
        frame(3) + b"\x8c\x03abc.",
        frame(11) + frame(3) + b"N0N.",
        frame(5) + frame(2) + b"N.",
    ],
)
def test_an_argument_that_goes_beyond_its_frame_is_refused(data):
    """C reads other bytes there from a file than from memory: no answer would be right."""
    data = b"\x80\x04" + data
    from_memory = reading(pickle.loads, data)
    assert reading(IN_C, data) != ("int", repr(from_memory))
    with pytest.raises(PickleFormatError, match="end of its frame"):
        scan(data)


@pytest.mark.parametrize(
    "data",
    [
        frame(1) + b"I12\n.",
        frame(1) + b"M\x01\x02.",
        frame(2) + b"\x8c\x03abc.",
        frame(1) + b"N" + frame(2) + b"0N.",
        frame(1) + frame(2) + b"N.",
        frame(0) + b"N.",
    ],
)
def test_arguments_may_begin_where_a_frame_ends(data):
    """There all readers go on behind it."""
    data = b"\x80\x04" + data
    assert reading(IN_C, data) == reading(IN_PYTHON, data) != "refused"
    assert scan(data).differences == ()


NUMBERS = st.text("0123456789abxo_+-. \t\r\0LeE", max_size=6).map(str.encode)


@given(st.sampled_from(["I", "L", "F"]), NUMBERS)
def test_numbers_are_compared_as_the_readers_read_them(opcode, line):
    """For any text: accepted as C accepts it, and told of if another reader differs."""
    data = opcode.encode() + line + b"\n."
    in_c = reading(IN_C, data)
    try:
        found = scan(data)
    except PickleFormatError:
        assert in_c == "refused"
        return
    assert in_c != "refused"
    seen = reading(tools, data)
    same = in_c == reading(IN_PYTHON, data) == (seen if seen == "refused" else seen[0][1:])
    assert bool(found.differences) == (not same)


def test_one_finding_a_rule():
    """However often: with the first place and the count."""
    (finding,) = scan(b"I010\n0" * 3 + b"N.").differences
    assert finding.offset == 0
    assert finding.message.endswith("(3 times)")
    differences = Differences()
    differences.note("int-text", 7)
    assert differences.findings()[0].message == RULES["int-text"]


def test_identifiers_of_protocol_3():
    """It writes names that are not ASCII with GLOBAL, as Python's pickler does."""
    assert not names_differ("m\xe9".encode(), b"n", 3)
    assert names_differ("m\xe9".encode(), b"n", 2)
    assert names_differ("m\xa0".encode(), b"n", 3)


def test_numbers_of_any_length_are_compared_in_time():
    """No text is computed that ``int`` would refuse."""
    assert not differ("LONG", b"-" + b"0" * 100_000)
    assert differ("INT", b"0x" + b"1" * 100_000)


WRITE = """
import sys, pickle, json, base64
try:
    import cPickle
except ImportError:
    cPickle = None
class Old:
    pass
class New(object):
    pass
o, n = Old(), New()
o.x, n.x = 1, [True, False, None]
graph = [o, n, 0, 1, -1, 255, -(2**31), 2**31, 2**63, -2**70, 2**900, 0.0, 0.1, -1.5e-300, 1e22,
    float("inf"), float("nan"), "text", u"t\\xe9xt\\u20ac", b"bytes", "a'b\\"c\\n\\t\\\\",
    (), (1,), (1, 2, 3, 4), {}, {"k": o}, set([1]), frozenset([2]), complex(1, 2), New, len,
    [[]] * 3, "x" * 70000, b"y" * 70000]
out = []
dumpers = [pickle.dumps, getattr(pickle, "_dumps", pickle.dumps)]
if cPickle:
    dumpers.append(cPickle.dumps)
for dumps in dumpers:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        out.append(base64.b64encode(dumps(graph, protocol)).decode())
print(json.dumps(out))
"""


@pytest.mark.parametrize("version", ["2.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"])
def test_ordinary_pickles_meet_no_rule(version, tmp_path):
    """All protocols, C and Python picklers, frames, long bytes, every kind of number and text."""
    import base64

    commands = [*sorted(PYENV.glob(f"{version}.*/bin/python"))]
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        commands = [Path(sys.executable)]
    if not commands:
        pytest.skip(f"no Python {version} here")
    script = tmp_path / "write.py"
    script.write_text(WRITE)
    done = subprocess.run([commands[-1], script], capture_output=True, check=True, text=True)
    for text in json.loads(done.stdout):
        found = scan(base64.b64decode(text))
        assert found.differences == ()
        assert {e.kind for e in found.effects} <= {"build"}
