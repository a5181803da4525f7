"""What inspect costs beside loading: ``python tests/benchmarks/bench_inspect.py [megabytes]``.

Pickles of ordinary rows (a list of dicts), each against ``pickle.loads`` of the same bytes,
measured in turn in one run. ``inspect`` is all that the command does for a file but start Python:
hash, scan, search for nested pickles, build the bounded tree, give verdicts, and make the lines.
Twice the size has to cost twice the time: the last line shows the ratio of the two.
"""

from __future__ import annotations

import pickle
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ratios import heading, ratio, row

from pickle_migrate import inspect_report, policy
from pickle_migrate.discovery import Found
from pickle_migrate.inspect_file import inspect_data
from pickle_migrate.inspect_pickle import Options
from pickle_migrate.scanner import scan_all
from pickle_migrate.tree_view import Cut

ROUNDS = 5
BAR = 1.5
ROW_BYTES = 60


def rows(count: int) -> list[dict[str, object]]:
    """Ordinary rows: numbers, texts, a few words that return."""
    source = random.Random(1)
    return [
        {
            "id": number,
            "name": f"customer {number}",
            "price": source.random() * 100,
            "quantity": number % 17,
            "state": source.choice(["open", "paid", "sent"]),
            "note": None,
        }
        for number in range(count)
    ]


def inspect(data: bytes) -> None:
    """All that the command does for one file."""
    options = Options(policy.for_command())
    found = inspect_data(data, Found("rows.pkl", "rows.pkl", explicit=True), options)
    assert found.verdict == "clean", found.findings
    inspect_report.file_lines(found, Cut())


def main() -> None:
    """Print the table."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    heading(f"inspect of {megabytes} MB of rows, relative to pickle.loads")
    made = rows(megabytes * 1_000_000 // ROW_BYTES)
    for protocol in (5, 4, 3, 2):
        data = pickle.dumps(made, protocol)
        label = f"protocol {protocol}, {len(data) / 1e6:.1f} MB"
        loads = lambda data=data: pickle.loads(data)  # noqa: E731
        row(f"inspect, {label}", ratio(lambda data=data: inspect(data), loads, ROUNDS), BAR)
        row(f"  of it the scan, {label}", ratio(lambda data=data: scan_all(data), loads, ROUNDS))
    half = pickle.dumps(made[: len(made) // 2], 4)
    whole = pickle.dumps(made, 4)
    row("twice the size", ratio(lambda: inspect(whole), lambda: inspect(half), ROUNDS), 2.3)


if __name__ == "__main__":
    main()
