"""Larger inputs of many rows, which the scanner reads in long strides, as step by step.

Rows of real objects are changed by the same mutations as small pickles. Each input is scanned in
both ways, and the C unpickler reads it too. The scanner takes strides only in large pickles; here
it takes them wherever it can.
"""

from __future__ import annotations

import collections
import contextlib
import datetime
import pickle
from collections.abc import Iterator
from random import Random

import attrs
import mutate
import oracle

from pickle_migrate import scan_run, scan_skim
from pickle_migrate.errors import LimitError, PickleFormatError
from pickle_migrate.scan_reader import Reader
from pickle_migrate.scanner import Scan, _result

#: Bytes of the longest input that is changed further.
LONGEST = 8_000
_LOWERED = {(scan_run, "_FIRST"): 12, (scan_run, "_WORTH"): 40, (scan_skim, "_FEWEST"): 40}


class Row:
    """An object of a few fields."""

    def __init__(self, *values: object) -> None:
        self.__dict__.update(zip("abcdef", values, strict=False))


class Pair(collections.namedtuple("Pair", "a b")):
    """A tuple with a name."""


def _objects(random: Random) -> list[object]:
    """One graph of rows of each kind."""
    many = range(random.randrange(40, 120))
    texts = [f"text {random.randrange(9)}" for _ in many]
    return [
        [{"id": n, "name": texts[n], "ok": True} for n in many],
        [Row(n, texts[n], None, n * 0.5) for n in many],
        [Row(n, [n, Row(texts[n])]) for n in many],
        [(n, texts[n]) for n in many],
        [[n, -n, n << 40] for n in many],
        {texts[n] + str(n): n for n in many},
        {n: {"a": texts[n]} for n in many},
        set(many),
        [Pair(n, texts[n]) for n in many],
        [datetime.date(2000, 1, 1 + n % 28) for n in many],
        [texts[n].encode() for n in many],
        list(many),
        [random.random() for _ in many],
        [None, *(Row() for _ in many)],
        [collections.OrderedDict(a=n) for n in many],
    ]


def seeds() -> list[mutate.Tokens]:
    """Pickles of rows, by both picklers and all protocols; always the same."""
    random = Random("rows")
    graphs = [graph for _ in range(3) for graph in _objects(random)]
    dumps = (pickle.dumps, pickle._dumps)
    found = [dump(graph, n) for graph in graphs for n in range(6) for dump in dumps]
    return [mutate.tokens_of(data) for data in dict.fromkeys(found)]


@contextlib.contextmanager
def strides() -> Iterator[None]:
    """Have the scanner look for rows at once, and in small pickles."""
    before = {place: getattr(*place) for place in _LOWERED}
    try:
        for (module, name), value in _LOWERED.items():
            setattr(module, name, value)
        yield
    finally:
        for (module, name), value in before.items():
            setattr(module, name, value)


def _outcome(data: bytes, *, skims: bool) -> Scan | PickleFormatError | LimitError:
    reader = Reader(data, 0, None, oracle.LIMITS)
    try:
        scan_run.run(reader, skims=skims)
    except (PickleFormatError, LimitError) as error:
        return error
    return _result(reader)


def judge(data: bytes) -> oracle.Verdict:
    """Scan in both ways and compare; then compare with the C unpickler."""
    try:
        fast, exact = _outcome(data, skims=True), _outcome(data, skims=False)
    except Exception as error:  # any other exception is a defect, whatever it is
        problem = f"the scan raised {type(error).__name__}: {error}"
        return oracle.Verdict((problem,), scanned=False, accepted=False)

    def scanner(data: bytes) -> Scan:
        if isinstance(fast, Scan):
            return fast
        raise fast

    verdict = oracle.judge(data, scanner)
    return attrs.evolve(verdict, problems=(*_differences(fast, exact), *verdict.problems))


def _differences(fast: object, exact: object) -> Iterator[str]:
    if isinstance(fast, Scan) and isinstance(exact, Scan):
        for field in attrs.fields(Scan):
            ours, theirs = getattr(fast, field.name), getattr(exact, field.name)
            if ours != theirs:
                yield f"in strides {field.name} is {ours!r:.200}, step by step {theirs!r:.200}"
    elif (type(fast), str(fast)[:300]) != (type(exact), str(exact)[:300]):
        yield f"in strides {fast!r:.200}, step by step {exact!r:.200}"
