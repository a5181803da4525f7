"""Pickles that look alarming and are ordinary: each must load, and inspect must find nothing.

They are written by real picklers. Large is not hostile, and neither is deep sharing, a name in a
text, or a nested class of the standard library's data.
"""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import fractions
import functools
import pathlib
import pickle
import pickletools
import uuid

from assemble import ALLOWED, EMPTY_TUPLE, Samples, number, p, raw, tup

benign = Samples("benign")


def add(name: str, about: str, data: bytes) -> None:
    """A file that must be allowed."""
    benign.add(name, about, data, expect=ALLOWED)


_ROW = {"id": 1, "name": "Ada", "tags": ["a", "b"], "price": 9.5, "ok": True, "none": None}
_UTC = datetime.UTC
_VALUES = {
    "rows": [{**_ROW, "id": n} for n in range(3)],
    "numbers": [0, -1, 255, 65_535, 2**31, 2**63, -(2**200), 1.5, float("inf"), 1j],
    "texts": ["", "caf\xe9", "\U0001f600", "os.system", "c" * 300, "a\nb", "\x00"],
    "bytes": [b"", b"\x80\x04N", bytes(300), bytearray(b"xyz")],
    "containers": [(), (1,), (1, 2, 3, 4), [], {}, set(), frozenset([1]), {1, 2}],
    "dates": [
        datetime.date(2020, 2, 29),
        datetime.datetime(2020, 1, 1, 2, 3, 4, 5),
        datetime.time(1),
        datetime.timedelta(1, 2, 3),
        datetime.datetime(2020, 1, 1, tzinfo=_UTC),
        datetime.timezone(datetime.timedelta(hours=2)),
    ],
    "exact-numbers": [decimal.Decimal("1.50"), fractions.Fraction(1, 3)],
    "collections": [
        collections.OrderedDict(a=1),
        collections.Counter("aab"),
        collections.deque([1, 2], 5),
        collections.defaultdict(list, a=[1]),
    ],
    "uuid": [uuid.UUID(int=5)],
    "types": [int, str, dict, list, float, object],
    "exceptions": [ValueError("a", 1), KeyError("x")],
    "ranges": [range(5), slice(1, 2, 3)],
    "names-as-data": [
        "builtins",
        "eval",
        "os",
        "system",
        "posix\nsystem\n",
    ],
}
for _n, _value in _VALUES.items():
    for _protocol in (0, 1, 2, 3, 4, 5):
        add(
            f"{_n}-p{_protocol}",
            f"{_n} under protocol {_protocol}",
            pickle.dumps(_value, _protocol),
        )

_shared: list[object] = [1, 2, 3]
_cycle: list[object] = []
_cycle.append(_cycle)
add(
    "small-dicts",
    "20,000 small dicts: 1 MB of ordinary rows",
    pickle.dumps([{"id": n, "name": f"row {n}"} for n in range(20_000)], 4),
)
add(
    "small-dicts-p0",
    "5,000 small dicts under protocol 0",
    pickle.dumps([{"id": n, "name": f"row {n}"} for n in range(5_000)], 0),
)
add(
    "many-dates",
    "10,000 calls of one allowed class",
    pickle.dumps([datetime.date(2000, 1, 1 + n % 28) for n in range(10_000)], 4),
)
add("shared", "One list in 5,000 places", pickle.dumps([_shared] * 5_000, 4))
add("cycle", "A list that holds itself", pickle.dumps([_cycle, 1], 4))
add("tuple-keys", "Tuples as keys", pickle.dumps({(n, (n, str(n))): n for n in range(1000)}, 4))
add(
    "nested-lists",
    "400 levels",
    pickle.dumps(functools.reduce(lambda inner, _: [inner], range(400), None), 4),
)
add("long-text", "One text of a million characters", pickle.dumps("x" * 1_000_000, 4))
add("long-bytes", "One megabyte of bytes", pickle.dumps(bytes(1_000_000), 4))
add("array", "An array of the standard library", pickle.dumps(array.array("d", [1.0, 2.0]), 4))
add("large-number", "A number of 3,000 digits", pickle.dumps(10**3000, 4))
add("large-number-p0", "The same in text", pickle.dumps(10**3000, 0))
add(
    "unordered-memo",
    "Memo keys that leave gaps, as an optimised pickle has them",
    p(2, b"]", b"q\x05", b"h\x05", b"a"),
)
add("no-memo", "A pickle without a memo", pickletools.optimize(pickle.dumps([_ROW] * 50, 4)))
add(
    "paths",
    "Paths",
    pickle.dumps([pathlib.PurePosixPath("a/b"), pathlib.PureWindowsPath("c:/d")], 4),
)
add("empty-frozenset", "A call of frozenset below protocol 4", pickle.dumps(frozenset(), 2))
add(
    "bytes-all-p2",
    "Bytes below protocol 3, by way of _codecs.encode",
    pickle.dumps([bytes([n]) for n in range(256)], 2),
)
add("python2-texts", "Python 2's texts", b"(lp0\nS'a'\np1\nag1\na.")
add("python2-unicode", "Python 2's unicode", b"\x80\x02]q\x00(X\x03\x00\x00\x00abcq\x01h\x01e.")
add(
    "python2-set",
    "Python 2's set",
    b"\x80\x02c__builtin__\nset\nq\x00]q\x01(K\x01K\x02e\x85q\x02Rq\x03.",
)
add(
    "python2-exception",
    "Python 2's exception",
    b"\x80\x02cexceptions\nValueError\nq\x00U\x01a\x85q\x01Rq\x02.",
)
add(
    "python2-object",
    "A plain object by copy_reg._reconstructor",
    b"ccopy_reg\n_reconstructor\n(c__builtin__\nobject\nc__builtin__\nobject\nNtR.",
)


def _arrays() -> dict[str, object]:
    import numpy as np

    return {
        "numpy-floats": np.arange(6, dtype="f8").reshape(2, 3),
        "numpy-big-endian": np.arange(3, dtype=">i4"),
        "numpy-objects": np.array([1, "a", None], dtype=object),
        "numpy-structured": np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
        "numpy-scalars": [np.float64(1.5), np.int32(2), np.bool_(True)],
        "numpy-dates": np.array(["2020-01-01"], dtype="M8[D]"),
        "numpy-texts": np.array(["a", "bc"]),
        "numpy-large": np.zeros(100_000),
        "numpy-masked": np.ma.array([1, 2], mask=[True, False]),
        "numpy-fortran": np.asfortranarray(np.ones((3, 4))),
    }


for _n, _value in _arrays().items():
    for _protocol in (2, 4, 5):
        add(
            f"{_n}-p{_protocol}",
            f"{_n} under protocol {_protocol}",
            pickle.dumps(_value, _protocol),
        )

# As gzip and others would give it: bytes that look like a pickle's, and are user data.
add("bytes-of-opcodes", "Bytes that hold every opcode", p(4, raw(bytes(range(256)))))
add("equal-pairs", "A thousand equal tuples", p(4, b"(", tup(number(1), number(2)) * 1000, b"t"))
add("empty-tuple", "An empty tuple", p(2, EMPTY_TUPLE))
add(
    "three-in-a-row",
    "Three pickles of three picklers",
    b"".join(pickle.dumps([n], 4) for n in range(3)),
)
