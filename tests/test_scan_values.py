"""What a scan tells, as values."""

from __future__ import annotations

import pickle

import pytest

from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_values import Global, Scans, mapped
from pickle_migrate.scanner import scan, scan_all

REF = GlobalRef("m", "n")


def test_the_strongest_use_comes_first():
    """Instantiated, called, named."""
    found = scan(b"(cm\nn\n(tRcm\nn\n(t\x81cm\nn\nt.").globals[0]
    assert found.uses == ("instantiated", "called", "named")
    assert found.use == "instantiated"
    assert found.count == 3


def test_one_ref_under_two_protocols():
    """It is two globals, since Python 2's names are mapped below protocol 3 only."""
    found = scan(b"\x80\x02cm\nn\n0\x80\x04cm\nn\n)\x81.")
    assert [g.protocol for g in found.globals] == [2, 4]
    assert found.refs == {REF}
    assert found.uses_of(REF) == {"named", "instantiated"}
    assert found.uses_of(GlobalRef("m", "x")) == frozenset()


def test_stamps():
    """Globals of our module of stamps whose name has a colon."""
    stamp = Global(GlobalRef("pickle_migrate.stamps", "m:A@1~00000000"), 0, ("called",), 1, 4, "")
    assert stamp.stamp == "m:A@1~00000000"
    assert Global(GlobalRef("pickle_migrate.stamps", "x"), 0, ("named",), 1, 4, "").stamp is None
    found = scan(b"cpickle_migrate.stamps\nm:A@1~00000000\n.")
    assert found.stamps == ("m:A@1~00000000",)


@pytest.mark.parametrize(
    ("ref", "protocol", "expected"),
    [
        (("__builtin__", "xrange"), 2, ("builtins", "range")),
        (("copy_reg", "x"), 0, ("copyreg", "x")),
        (("m", "n"), 0, ("m", "n")),
        (("__builtin__", "xrange"), 3, ("__builtin__", "xrange")),
    ],
)
def test_names_of_python_2(ref, protocol, expected):
    """Whole names first, then modules; nothing from protocol 3 on."""
    assert mapped(GlobalRef(*ref), protocol) == GlobalRef(*expected)


def test_what_follows():
    """Counted in bytes."""
    found = scan_all(pickle.dumps(1) + b"tail")
    assert isinstance(found, Scans)
    assert found.trailing == 4
