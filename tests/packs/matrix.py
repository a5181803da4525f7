"""Library, written by, read by, before and after: each old pickle is read as it is, upgraded by
the command with its pack, and read again. What is read is compared with what the old release said.
"""

from __future__ import annotations

import fnmatch
import json
import math
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs
import yaml

from packs.readers import FACTS, FOLDER, ROOT, alone, answers, python_of

#: Pack, its library's folder, who reads, what is allowed beside the pack's own names.
RUNS = (
    ("numpy", "numpy", ("today", "middle"), ()),
    ("numpy1", "numpy", ("numpy1",), ()),
    ("scipy", "scipy", ("today", "middle"), ()),
    ("pandas", "pandas", ("today", "middle"), ()),
    ("sklearn", "sklearn", ("today", "middle"), ("functools:partial", "pandas.*")),
)
_ALSO = {"sklearn": ("pandas",)}
#: Each runs one program at a time.
WORKERS = 4
SAME, OTHER, FAILS = "same", "other values", "fails"


@attrs.frozen
class Cell:
    """One pickle, one reader: how it went before and after, and what was wrong."""

    release: str
    name: str
    before: str
    after: str
    was: str = ""
    problem: str = ""
    why: str = ""


def results(pack: str, reader: str) -> list[Cell]:
    """The cells of a pack and a reader, computed once in a test run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    kept = Path(tempfile.gettempdir()) / f"pickle-migrate-packs-{run}-{pack}.json"
    with alone(pack):
        if not kept.exists():
            found = {
                name: [attrs.asdict(cell) for cell in cells]
                for name, cells in _computed(pack).items()
            }
            kept.write_text(json.dumps(found))
    return [Cell(**fields) for fields in json.loads(kept.read_text())[reader]]


def _computed(pack: str) -> dict[str, list[Cell]]:
    _, library, readers, _ = next(run for run in RUNS if run[0] == pack)
    known = _known(library)
    pythons = {reader: python_of(reader) for reader in readers}
    olds = sorted((FACTS / library).glob("*-py*"))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:

        def cells_of(old: Path) -> dict[str, list[Cell]]:
            new = Path(folder, old.name)
            encoding = "latin1" if old.name.endswith("py2.7") else "ASCII"
            refused = _upgraded(pack, old, new, encoding)
            return {
                reader: _of_release(old, new, python, encoding, refused, known)
                for reader, python in pythons.items()
            }

        found = list(pool.map(cells_of, olds))
    return {reader: [cell for one in found for cell in one[reader]] for reader in readers}


def _of_release(
    old: Path, new: Path, python: Path, encoding: str, refused: dict[str, str], known: list[dict]
) -> list[Cell]:
    expected = json.loads((old / "expected.json").read_text())["expected"]
    names = sorted(expected)
    before = answers(python, [(old / name, encoding) for name in names])
    there = [name for name in names if name not in refused]
    after = dict(
        zip(there, answers(python, [(new / name, encoding) for name in there]), strict=True)
    )
    cells = []
    for name, was in zip(names, before, strict=True):
        rule = _rule(known, old.name, name)
        told = _verdict(expected[name], was, ())
        if name in refused:
            now = ("refused", refused[name])
        else:
            now = _verdict(expected[name], after[name], ())
        why = ""
        if rule and now[0] != SAME and _explains(rule, expected[name], after.get(name)):
            why = rule["why"]
        cells.append(Cell(old.name, name, told[0], now[0], told[1], now[1], why))
    return cells


def _explains(rule: dict, expected: object, told: dict | None) -> bool:
    """Whether a known reason is for what happened: all but what it names is the same, or the whole
    file was refused (``told`` is None).
    """
    skip = tuple(rule.get("except", ()))
    if told is None:
        return not skip
    return bool(skip) and _verdict(expected, told, skip)[0] == SAME


def _upgraded(pack: str, old: Path, new: Path, encoding: str) -> dict[str, str]:
    """Upgrade a folder by the command; gives what it refused, and why."""
    allowed = next(run[3] for run in RUNS if run[0] == pack)
    packs = [part for one in (pack, *_ALSO.get(pack, ())) for part in ("--pack", one)]
    command = [sys.executable, "-m", "pickle_migrate", "upgrade", str(old), *packs, "--json"]
    command += ["--encoding", encoding, "--to", str(new)]
    command += [part for one in allowed for part in ("--allow", one)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    found = {}
    for file in json.loads(done.stdout)["files"]:
        if file["result"] in ("refused", "failed"):
            problems = [problem["message"] for problem in file["problems"]]
            found[Path(file["path"]).name] = problems[0] if problems else file["result"]
    return found


# --- comparing ------------------------------------------------------------------------------------


def _known(library: str) -> list[dict]:
    rules = yaml.safe_load((FOLDER / "known.yaml").read_text())
    return rules.get(library, [])


def _rule(known: list[dict], release: str, name: str) -> dict | None:
    for rule in known:
        for pattern in rule["files"]:
            if fnmatch.fnmatch(f"{release}/{name}", pattern):
                return rule
    return None


def _verdict(expected: object, told: dict, skip: tuple[str, ...]) -> tuple[str, str]:
    if "failed" in told:
        return FAILS, told["error"]
    found = difference(expected, told["facts"], skip)
    return (OTHER, found) if found else (SAME, "")


def difference(one: object, other: object, skip: tuple[str, ...] = (), place: str = "") -> str:
    """Where two facts differ first, beyond what computing in another order makes; "" if nowhere.

    What only ``other`` has is no difference: today's releases say more. ``skip``: keys left out.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        for key, value in one.items():
            if key in skip:
                continue
            if key not in other:
                return f"{place}: lacks {key}"
            if found := difference(value, other[key], skip, f"{place}.{key}"):
                return found
        return ""
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return f"{place}: {len(one)} items, {len(other)} items"
        pairs = enumerate(zip(one, other, strict=True))
        found = (difference(a, b, skip, f"{place}[{at}]") for at, (a, b) in pairs)
        return next((text for text in found if text), "")
    return "" if _same(one, other) else f"{place}: {one!r}, {other!r}"


def _same(one: object, other: object) -> bool:
    numbers = (int, float)
    if isinstance(one, bool) or isinstance(other, bool) or not isinstance(one, numbers):
        return type(one) is type(other) and one == other
    if not isinstance(other, numbers):
        return False
    return one == other or math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)
