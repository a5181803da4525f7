"""The proof of the packs: pickles that old releases wrote, read by those of today and by some in
between, before and after an upgrade with a pack, by value. ``--write`` is for the page of the docs:

    python tests/test_packs_table.py --write
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from packs import page
from packs.matrix import RUNS, SAME, difference, results

#: NumPy 1.25 has no wheels for newer Pythons.
READERS_LEFT_OUT = {"numpy1"} if sys.version_info >= (3, 12) else set()
CASES = [
    (pack, reader)
    for pack, _, readers, _ in RUNS
    for reader in readers
    if reader not in READERS_LEFT_OUT
]


@pytest.mark.parametrize(("pack", "reader"), CASES)
def test_old_pickles_hold_the_same_after_an_upgrade(pack, reader):
    """Whatever release wrote them; what no rule can mend is known, with its reason."""
    cells = results(pack, reader)
    assert cells
    broken = [cell for cell in cells if cell.after != SAME and not cell.why]
    assert not broken, "\n".join(f"{c.release}/{c.name}: {c.problem}" for c in broken[:20])


@pytest.mark.parametrize(("pack", "reader"), CASES)
def test_upgrades_break_nothing(pack, reader):
    """What was read as it should be before is so after, unless it is refused for a known reason."""
    worse = [c for c in results(pack, reader) if c.before == SAME and c.after != SAME and not c.why]
    assert not worse


def test_without_packs_most_old_pickles_are_not_read():
    """A check that finds nothing wrong before would check nothing."""
    for pack, reader, least in (("sklearn", "today", 700), ("pandas", "today", 350)):
        cells = results(pack, reader)
        assert sum(cell.before != SAME for cell in cells) > least


def test_known_reasons_are_of_use():
    """Each reason in known.yaml is that of a cell which is not as the old release had it."""
    from packs.matrix import _known

    for rule in _known("sklearn"):
        cells = [c for c in results("sklearn", "today") if c.why == rule["why"]]
        assert any(cell.before != SAME or cell.after != SAME for cell in cells), rule


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": [1.0]}, {"a": [1.1]}),
        ({"a": 1}, {}),
        ([1], [1, 2]),
        ("x", "y"),
        (True, 1),
        (None, 0),
        (1.0, "1.0"),
    ],
)
def test_a_false_expectation_is_seen(one, other):
    """The comparison itself can fail."""
    assert difference(one, other)
    assert not difference(one, one)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the page is that of Python 3.11")
def test_the_page_is_what_this_run_gives():
    """The table in the docs is generated: ``python tests/test_packs_table.py --write``."""
    assert page.PATH.read_text(encoding="utf-8") == page.text(CASES)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        page.PATH.write_text(page.text(CASES), encoding="utf-8")
    else:
        sys.exit("usage: python tests/test_packs_table.py --write")
