"""States of arrays and dtypes are consistent in themselves, or refused. Needs no numpy."""

from __future__ import annotations

import pytest

from pickle_migrate import Policy, loads
from pickle_migrate.errors import PolicyError
from pickle_migrate.numpy_probes import PROBES, Array, Dtype, count_of
from pickle_migrate.policy_checks import Refused

OBJECTS = 63


def dtype(text, state=None):
    made = Dtype(text, False, True)
    if state is not None:
        made.__setstate__(state)
    return made


def simple(flags=0):
    return (3, "<", None, None, None, -1, -1, flags)


I8 = dtype("i8", simple())
OBJECT = dtype("O8", (3, "|", None, None, None, -1, -1, OBJECTS))


def record(fields, size, flags=0):
    return (3, "|", None, tuple(fields), fields, size, 1, flags)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (I8, (1, (2, 3), I8, False, b"x" * 48)),
        (I8, (1, (), I8, False, b"x" * 8)),
        (I8, (1, (0, 2**40), I8, False, b"")),
        (OBJECT, (1, (2,), OBJECT, False, [None, 1])),
        (I8, ((2,), I8, False, b"x" * 16)),
        (I8, (1, (1,), dtype("U3"), False, b"x" * 12)),
        (I8, (1, (1,), I8, False, "x" * 8)),
    ],
)
def test_states_that_numpy_writes(kind, state):
    """Data as long as shape and dtype say; the older form has no version in front."""
    Array().__setstate__(state)


@pytest.mark.parametrize(
    "state",
    [
        (1, (2**30,), OBJECT, False, [None]),
        (1, (2**40,), I8, False, b"x"),
        (1, (2,), OBJECT, False, b"x" * 16),
        (1, (1,), I8, False, [None]),
        (1, (-1,), I8, False, b""),
        (1, (1,) * 65, I8, False, b"x" * 8),
        (1, (True,), I8, False, b"x" * 8),
        (1, 3, I8, False, b"x" * 24),
        (1, (1,), "i8", False, b"x" * 8),
        (1, (1,), I8, False, None),
        (),
        None,
        {},
    ],
)
def test_states_that_allocate_or_lie(state):
    """An array of objects is allocated by its shape; bytes must not pass for objects."""
    with pytest.raises(Refused):
        Array().__setstate__(state)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("i8", simple(1)),
        ("i8", simple(OBJECTS)),
        ("O8", simple(0)),
        ("O8", simple(4)),
        ("V16", record({"a": (OBJECT, 0)}, 16, 0)),
        ("V16", record({"a": (I8, 9)}, 16)),
        ("V16", record({"a": (I8, -8)}, 16)),
        ("V16", record({"a": ("i8", 0)}, 16)),
        ("V16", record({"a": None}, 16)),
        ("V16", (3, "|", (I8, (3,)), None, None, 16, 1, 0)),
        ("V16", (3, "|", ("i8", (2,)), None, None, 16, 1, 0)),
        ("i8", (3, "|", None, ("a",), {"a": (I8, 0)}, 8, 1, 0)),
        ("S5", (3, "|", None, None, None, 1 << 40, 1, 0)),
        ("i8", (9, "<", None, None, None, -1, -1, 0)),
        ("i8", None),
        ("i8", 3),
    ],
)
def test_dtypes_that_lie(text, state):
    """Flags that make pointers of bytes, fields outside of the item, parts that do not add up."""
    made = Dtype(text)
    with pytest.raises(Refused):
        made.__setstate__(state)


@pytest.mark.parametrize("text", ["x8", "i8,i8", "V99999999999", "V2147483647", "", 8, None])
def test_what_is_no_dtype(text):
    """Only what numpy writes itself; a text of its own language could say much more."""
    with pytest.raises(Refused):
        Dtype(text)


def test_dtypes_of_records():
    """Fields with objects, nested ones, parts of a shape, and what a selection of fields keeps."""
    inner = dtype("V16", record({"a": (OBJECT, 0), "b": (I8, 8)}, 16, 27))
    assert inner.objects
    assert dtype("V24", record({"x": (inner, 0), "y": (I8, 16)}, 24, 27)).objects
    assert not dtype("V24", (3, "|", (I8, (3,)), None, None, 24, 1, 0)).objects
    assert dtype("V16", record({"b": (I8, 8)}, 16, 27)).objects
    assert dtype(int, record({"b": (I8, 0)}, 8)).size == 8


@pytest.mark.parametrize("shape", [[1], (1.0,), (-1,), (2**63,), None, 3])
def test_what_is_no_shape(shape):
    """Whole numbers in a tuple."""
    with pytest.raises(Refused):
        count_of(shape)


@pytest.mark.parametrize("core", ["numpy.core", "numpy._core"])
def test_calls(core):
    """Arrays begin empty; scalars and buffers hold their bytes."""
    reconstruct = PROBES[f"{core}.multiarray", "_reconstruct"]
    scalar, frombuffer = (
        PROBES[f"{core}.multiarray", "scalar"],
        PROBES[f"{core}.numeric", "_frombuffer"],
    )
    assert isinstance(reconstruct(object, (0,), b"b"), Array)
    scalar(I8, b"x" * 8)
    frombuffer(b"x" * 16, I8, (2,), "C")
    for call, args in (
        (reconstruct, (object, (2**33,), b"b")),
        (scalar, (I8, b"x")),
        (scalar, (OBJECT, b"x" * 8)),
        (scalar, (I8,)),
        (frombuffer, (b"x" * 16, I8, (3,), "C")),
        (frombuffer, (b"x" * 16, OBJECT, (2,), "C")),
        (PROBES["numpy.ma.core", "_mareconstruct"], (object, object, (9,), b"b")),
    ):
        with pytest.raises(Refused):
            call(*args)


def test_a_bomb_is_refused_before_numpy_is_imported():
    """Also where there is no numpy."""
    data = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
        b"(I1\n(L1073741824L\ntcnumpy\ndtype\n(S'O8'\nI00\nI01\ntR"
        b"(I3\nS'|'\nNNNI-1\nI-1\nI63\ntbI00\n(lp0\ntb."
    )
    with pytest.raises(PolicyError, match="1073741824"):
        loads(data, policy=Policy(presets=["numpy"]))
