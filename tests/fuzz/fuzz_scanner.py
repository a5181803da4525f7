"""Run mutated pickles against the scanner, with the C unpickler as the oracle.

    python tests/fuzz/fuzz_scanner.py --count 10000000 --seed 1 --jobs 2 --folder fuzzed

What counts as a failure: the scan raises anything but its own error, refuses what the C unpickler
accepts, misses a global or what was done with it, or counts otherwise; a process dies or hangs; a
pickle within the default limits makes the C unpickler hang.

Inputs come in batches. A batch is made from the seed and its own number, so that it can
be made again. The folder keeps what is done (``state.json``): the same command goes on where it was
stopped. Each failing input is written there as a file. Exit code 0: no failure, 1: some, 2: it
could not run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import mmap
import os
import resource
import selectors
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

import attrs  # noqa: E402
import mutate  # noqa: E402
import oracle  # noqa: E402
import rows  # noqa: E402

BATCH = 20_000
#: Seconds without progress after which a process counts as hanging. An input takes microseconds.
PATIENCE = 60
ADDRESS_SPACE = 2 * 1024**3
_HEAD = struct.Struct("<QQI")
_SHARED = 1 << 20
Judge = Callable[[bytes], oracle.Verdict]
COUNTS = ("inputs", "scanned", "accepted", "heavy")


# --- the process that fuzzes --------------------------------------------------------------------


class Notebook:
    """Where a fuzzing process says what it is at: shared memory that outlives it."""

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            file.truncate(_SHARED)
            self._memory = mmap.mmap(file.fileno(), _SHARED)

    def note(self, batch: int, index: int, data: bytes) -> None:
        """This input is next."""
        data = data[: _SHARED - _HEAD.size]
        self._memory[: _HEAD.size + len(data)] = _HEAD.pack(batch, index, len(data)) + data

    def read(self) -> tuple[int, int, bytes]:
        """Batch, index and bytes of the input that was noted last."""
        batch, index, size = _HEAD.unpack(self._memory[: _HEAD.size])
        return batch, index, self._memory[_HEAD.size : _HEAD.size + size]


class Batch:
    """One batch while it is made and judged. ``skip``: indexes of inputs that are not judged."""

    def __init__(self, number: int, skip: frozenset[int], notebook: Notebook | None) -> None:
        self.number, self.skip, self.notebook = number, skip, notebook
        self.counts = dict.fromkeys(COUNTS, 0)
        self.failures: list[dict[str, Any]] = []
        self.made = 0

    def run(self, mutator: mutate.Mutator, size: int, judge: Judge) -> None:
        """Make and judge this many inputs."""
        for index in range(self.made, self.made + size):
            tokens = mutator.next()
            data = b"".join(tokens)
            if index in self.skip:
                continue
            if self.notebook is not None:
                self.notebook.note(self.number, index, data)
            verdict = judge(data)
            self._count(verdict, index, data)
            if verdict.accepted:
                mutator.keep(tokens)
        self.made += size

    def _count(self, verdict: oracle.Verdict, index: int, data: bytes) -> None:
        self.counts["inputs"] += 1
        self.counts["scanned"] += verdict.scanned
        self.counts["accepted"] += verdict.accepted
        self.counts["heavy"] += verdict.heavy
        if verdict.problems and len(self.failures) < 20:
            facts = {"data": data.hex(), "problems": verdict.problems}
            self.failures.append({"index": index, **facts})


@attrs.frozen
class Seeds:
    """The pickles that inputs are made from: small ones, and ones of many rows."""

    small: list[mutate.Tokens] = attrs.field(factory=mutate.seeds)
    large: list[mutate.Tokens] = attrs.field(factory=rows.seeds)


def fuzz_batch(
    seeds: Seeds,
    seed: str,
    number: int,
    skip: frozenset[int] = frozenset(),
    size: int = BATCH,
    notebook: Notebook | None = None,
) -> dict[str, Any]:
    """Make and judge one batch: small inputs, and a fiftieth as many of rows."""
    batch = Batch(number, skip, notebook)
    batch.run(mutate.Mutator(seeds.small, f"{seed}/{number}"), size, oracle.judge)
    with rows.strides():
        large = mutate.Mutator(seeds.large, f"{seed}/{number}/rows", longest=rows.LONGEST)
        batch.run(large, size // 50, rows.judge)
    return {"batch": number, **batch.counts, "failures": batch.failures}


def work(seed: str, notebook: Path, size: int) -> None:
    """Fuzz the batches that standard input names, and print a line of JSON for each."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    oracle.register_codes()
    seeds, notes = Seeds(), Notebook(notebook)
    for line in sys.stdin:
        asked = json.loads(line)
        done = fuzz_batch(seeds, seed, asked["batch"], frozenset(asked["skip"]), size, notes)
        print(json.dumps(done), flush=True)


# --- the process that watches ---------------------------------------------------------------------


class Worker:
    """One fuzzing process, started anew when it dies or hangs."""

    def __init__(self, seed: str, folder: Path, number: int, size: int) -> None:
        self.seed, self.size = seed, size
        self.path = folder / f"worker-{number}.now"
        self.errors = folder / f"worker-{number}.err"
        self.notebook = Notebook(self.path)
        self.batch = -1
        self.skip: set[int] = set()
        self.seen: tuple[tuple[int, int], float] = ((-1, -1), 0.0)
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        script = str(HERE / "fuzz_scanner.py")
        command = [sys.executable, script, "--seed", self.seed, "--batch", str(self.size)]
        with self.errors.open("ab") as errors:
            return subprocess.Popen(
                [*command, "--work", str(self.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    def give(self, batch: int) -> None:
        """Let it do a batch."""
        if batch != self.batch:
            self.batch, self.skip = batch, set()
        self.seen = ((-1, -1), time.monotonic())
        request = {"batch": batch, "skip": sorted(self.skip)}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

    def is_stuck(self) -> bool:
        """Whether it has been at one input for too long."""
        now = self.notebook.read()[:2]
        if now != self.seen[0]:
            self.seen = (now, time.monotonic())
        return time.monotonic() - self.seen[1] > PATIENCE

    def again(self, what: str) -> dict[str, Any]:
        """End it, start it anew with the same batch but for one input, and give that failure."""
        batch, index, data = self.notebook.read()
        self.stop()
        self.process = self._start()
        if batch == self.batch:
            self.skip.add(index)
        self.give(self.batch)
        return {"index": index, "data": data.hex(), "problems": [f"the process {what}"]}

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()


class Run:
    """A run of many batches, whose state is kept in a folder."""

    def __init__(self, folder: Path, seed: str, count: int, size: int = BATCH) -> None:
        self.folder, self.seed, self.size = folder, seed, size
        self.batches = -(-count // size)
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "state.json"
        self.state: dict[str, Any] = {"seed": seed, "batch": size, "done": [], "failures": 0}
        self.state["seconds"] = 0.0
        self.state |= dict.fromkeys(COUNTS, 0)
        if self.path.exists():
            self.state = json.loads(self.path.read_text())
        if (self.state["seed"], self.state["batch"]) != (seed, size):
            print(f"{folder} holds a run with the seed {self.state['seed']!r}: take another folder")
            sys.exit(2)
        self.todo = sorted(set(range(self.batches)) - set(self.state["done"]), reverse=True)
        self.started = time.monotonic() - self.state["seconds"]

    def run(self, jobs: int) -> int:
        """Do what is left, with this many processes. Gives the exit code."""
        size = self.size
        workers = [
            Worker(self.seed, self.folder, n, size) for n in range(min(jobs, len(self.todo)))
        ]
        try:
            with selectors.DefaultSelector() as waiting:
                for worker in workers:
                    self._next(worker, waiting)
                while waiting.get_map():
                    self._step(waiting)
        finally:
            for worker in workers:
                worker.stop()
        self.tell()
        return 1 if self.state["failures"] else 0

    def _next(self, worker: Worker, waiting: selectors.BaseSelector) -> None:
        if self.todo:
            worker.give(self.todo.pop())
            waiting.register(worker.process.stdout, selectors.EVENT_READ, worker)

    def _step(self, waiting: selectors.BaseSelector) -> None:
        workers = [key.data for key in waiting.get_map().values()]
        for key, _ in waiting.select(1.0):
            worker = key.data
            line = worker.process.stdout.readline()
            waiting.unregister(worker.process.stdout)
            if line:
                self._done(json.loads(line))
                self._next(worker, waiting)
            else:
                self._broken(worker, f"died with {worker.process.wait()}", waiting)
            workers.remove(worker)
        for worker in workers:
            if worker.is_stuck():
                waiting.unregister(worker.process.stdout)
                self._broken(worker, "hung", waiting)

    def _broken(self, worker: Worker, what: str, waiting: selectors.BaseSelector) -> None:
        self._fail(worker.batch, worker.again(what))
        waiting.register(worker.process.stdout, selectors.EVENT_READ, worker)
        self._save()

    def _done(self, result: dict[str, Any]) -> None:
        for name in COUNTS:
            self.state[name] += result[name]
        for failure in result["failures"]:
            self._fail(result["batch"], failure)
        self.state["done"].append(result["batch"])
        self._save()
        if len(self.state["done"]) % 10 == 0:
            self.tell()

    def _fail(self, batch: int, failure: dict[str, Any]) -> None:
        self.state["failures"] += 1
        name = f"failure-{batch}-{failure['index']}"
        (self.folder / f"{name}.pkl").write_bytes(bytes.fromhex(failure["data"]))
        (self.folder / f"{name}.txt").write_text("\n".join(failure["problems"]) + "\n")
        print(f"FAILURE {name}: {failure['problems'][0]}", flush=True)

    def _save(self) -> None:
        self.state["seconds"] = time.monotonic() - self.started
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(self.state))
        beside.replace(self.path)

    def tell(self) -> None:
        """Print how far it is."""
        s = self.state
        rate = s["inputs"] / (time.monotonic() - self.started or 1)
        print(
            f"seed {s['seed']}: {s['inputs']:,} inputs ({rate:,.0f} a second), {s['accepted']:,} "
            f"accepted by C, {s['heavy']:,} beyond the limits, {s['failures']} failures",
            flush=True,
        )


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000_000, help="how many inputs in all")
    parser.add_argument("--seed", default="1", help="a text that all inputs are made from")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--folder", type=Path, default=Path("fuzzed"), help="state and failures")
    parser.add_argument("--batch", type=int, default=BATCH, help="inputs in a batch")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work is not None:
        work(options.seed, options.work, options.batch)
        return 0
    run = Run(options.folder, options.seed, options.count, options.batch)
    return run.run(options.jobs)


if __name__ == "__main__":
    sys.exit(main())
