"""A short run of the fuzzer, always the same, and proof that it would find what it looks for."""

from __future__ import annotations

import copyreg
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import fuzz_scanner
import mutate
import oracle
import pytest
import rows

from pickle_migrate.errors import PickleFormatError
from pickle_migrate.scan_skim import Skimmer
from pickle_migrate.scanner import Scan, scan

SCRIPT = Path(__file__).parent / "fuzz_scanner.py"


@pytest.fixture
def registered() -> Iterator[None]:
    """Names for extension codes and Python 2's copyreg, as a fuzzing process has them."""
    oracle.register_codes()
    yield
    for code in oracle.CODES:
        copyreg.remove_extension(oracle.CODE_MODULE, f"code{code}", code)
    del sys.modules["copy_reg"]


def fuzz(folder: Path, *options: str) -> tuple[int, dict, str]:
    """Run the command: its exit code, the state that it leaves, and what it prints."""
    command = [sys.executable, str(SCRIPT), "--folder", str(folder), "--jobs", "1", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    state = folder / "state.json"
    return done.returncode, json.loads(state.read_text()) if state.exists() else {}, done.stdout


def test_twenty_thousand_inputs(tmp_path: Path):
    """None crashes the scan, hides a global from it, or is refused and read by C."""
    code, state, shown = fuzz(tmp_path, "--count", "20000", "--seed", "tests")
    assert code == 0, shown
    assert state["inputs"] == 20_400
    # A fuzzer whose inputs are all refused checks nothing.
    assert state["accepted"] > 5_000
    assert state["scanned"] > state["accepted"]


def test_it_goes_on_where_it_was_stopped(tmp_path: Path):
    """The same command does only what is left; with another seed it refuses the folder."""
    options = "--batch", "500", "--count"
    assert fuzz(tmp_path, *options, "1000")[1]["inputs"] == 1_020
    code, state, _ = fuzz(tmp_path, *options, "1500")
    assert (code, state["inputs"], state["done"]) == (0, 1_530, [0, 1, 2])
    assert fuzz(tmp_path, *options, "1500", "--seed", "other")[0] == 2


def test_a_batch_can_be_made_again():
    """The same seed and number make the same inputs."""
    pool = mutate.seeds()
    one, two = (mutate.Mutator(pool, "seed/7") for _ in range(2))
    assert [one.next() for _ in range(500)] == [two.next() for _ in range(500)]


def test_seeds_are_many_and_small():
    """All protocols, both picklers, Python 2's, and the small files of the hostile corpus."""
    pool = mutate.seeds()
    assert len(pool) > 1_000
    assert all(sum(map(len, tokens)) <= mutate.LONGEST for tokens in pool)
    starts = {b"".join(tokens)[:2] for tokens in pool}
    assert {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"} <= starts


def evolved(**changes: Callable[[Scan], object]) -> Callable[[bytes], Scan]:
    """A scanner with a defect."""

    def scanner(data: bytes) -> Scan:
        found = scan(data, limits=oracle.LIMITS)
        return attrs.evolve(found, **{name: change(found) for name, change in changes.items()})

    return scanner


def refuses_long(data: bytes) -> Scan:
    """A scanner that refuses what it should take."""
    if len(data) > 100:
        raise PickleFormatError("too long", 0)
    return scan(data)


def fails_on_zero(data: bytes) -> Scan:
    """A scanner that raises what it should not."""
    if b"\0" in data:
        raise IndexError("0")
    return scan(data)


def each(**changes: object) -> Callable[[Scan], object]:
    """All globals of a scan, changed in the same way."""
    return lambda s: tuple(attrs.evolve(g, **changes) for g in s.globals)


DEFECTS = {
    "a global is missed": evolved(globals=lambda s: s.globals[:-1]),
    "mapping is missed": evolved(globals=each(protocol=4)),
    "uses are missed": evolved(globals=each(uses=("named",))),
    "computed names are missed": evolved(unresolvable=lambda s: ()),
    "extensions are missed": evolved(extensions=lambda s: ()),
    "effects are missed": evolved(effects=lambda s: ()),
    "the end is wrong": evolved(end=lambda s: s.end + 1),
    "a memo key is missed": evolved(memo=lambda s: max(s.memo - 1, 0)),
    "a persistent id is missed": evolved(persistent_ids=lambda s: 0),
    "it refuses": refuses_long,
    "it raises": fails_on_zero,
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_scanner_with_a_defect_is_found_out(defect: str, registered: None):
    """Falsified on purpose: each kind of defect is found within a few thousand inputs."""
    mutator = mutate.Mutator(mutate.seeds(), "defects")
    for _ in range(5_000):
        tokens = mutator.next()
        verdict = oracle.judge(b"".join(tokens), DEFECTS[defect])
        if verdict.problems:
            return
        if verdict.accepted:
            mutator.keep(tokens)
    pytest.fail("the defect was not found")


def test_a_process_that_dies_is_told(tmp_path: Path):
    """The input that it was at is a failure, and the batch is done again without it."""
    notebook = fuzz_scanner.Notebook(tmp_path / "now")
    notebook.note(3, 41, b"N.")
    assert fuzz_scanner.Notebook(tmp_path / "now").read() == (3, 41, b"N.")
    worker = fuzz_scanner.Worker("seed", tmp_path, 0, 100)
    try:
        worker.give(3)
        worker.notebook.note(3, 41, b"N.")
        worker.process.kill()
        worker.process.wait()
        failure = worker.again("died")
        assert failure == {"index": 41, "data": b"N.".hex(), "problems": ["the process died"]}
        assert json.loads(worker.process.stdout.readline())["inputs"] == 101
    finally:
        worker.stop()


def test_rows_are_read_in_strides(registered: None, monkeypatch: pytest.MonkeyPatch):
    """Else nothing is compared: a third of the inputs of rows are, for some of their length."""
    strides = []
    take = Skimmer._take
    monkeypatch.setattr(Skimmer, "_take", lambda self, at: strides.append(1) or take(self, at))
    mutator, taken = mutate.Mutator(rows.seeds(), "strides", longest=rows.LONGEST), 0
    with rows.strides():
        for _ in range(100):
            strides.clear()
            assert not rows.judge(b"".join(mutator.next())).problems
            taken += bool(strides)
    assert taken > 20


def test_a_stride_that_counts_wrongly_is_found_out(registered: None):
    """Falsified on purpose: both ways are compared in every field, and in their errors."""
    one = scan(b"N.")
    assert not list(rows._differences(one, one))
    assert list(rows._differences(one, attrs.evolve(one, depth=7)))
    assert list(rows._differences(one, PickleFormatError("", 0)))
    assert list(rows._differences(PickleFormatError("", 1), PickleFormatError("", 0)))
