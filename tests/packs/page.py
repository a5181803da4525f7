"""The page of the docs about packs, made of the cells of a test run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packs.matrix import RUNS, SAME, Cell, results
from packs.readers import FOLDER, ROOT

PATH = ROOT / "docs" / "reference" / "packs-table.md"
_HEAD = """\
# Old pickles of libraries, before and after

Made by a run of `tests/test_packs_table.py`, not by hand. Old releases wrote the pickles in
`fixtures/packs`, under the Python of their time, and said in the same run what was in them:
the values of arrays, frames and indexes, and what each fitted estimator predicts. Each pickle is
read here by a plain `pickle.load` or `joblib.load` in an environment of the reader's releases:
as it is, and after `pickle-migrate upgrade --pack NAME`. A cell says of how many pickles the
values are those that the old release told, before → after.
"""


def text(cases: Sequence[tuple[str, str]]) -> str:
    """The whole page."""
    parts = [_HEAD]
    for pack, library, readers, _ in RUNS:
        here = [reader for reader in readers if (pack, reader) in cases]
        if here:
            parts += _section(pack, library, here)
    return "\n".join(parts) + "\n"


def _section(pack: str, library: str, readers: Sequence[str]) -> Iterable[str]:
    cells = {reader: results(pack, reader) for reader in readers}
    yield f"\n## Pack {pack}\n"
    yield "| written by | " + " | ".join(f"read by {_named(r, library)}" for r in readers) + " |"
    yield "|---" * (len(readers) + 1) + "|"
    for release in sorted({c.release for c in cells[readers[0]]}, key=_order):
        row = [_counts([c for c in cells[reader] if c.release == release]) for reader in readers]
        yield f"| {_spelled(release)} | " + " | ".join(row) + " |"
    left = [cell for reader in readers for cell in cells[reader] if cell.why]
    if left:
        yield "\nWhat is left, and why:\n"
        for why in dict.fromkeys(cell.why for cell in left):
            yield f"- {_files(cell for cell in left if cell.why == why)}: {why}"


def _counts(cells: list[Cell]) -> str:
    before = sum(cell.before == SAME for cell in cells)
    after = sum(cell.after == SAME and not cell.why for cell in cells)
    return f"{before} → {after} of {len(cells)}"


def _named(reader: str, library: str) -> str:
    package = {"sklearn": "scikit-learn"}.get(library, library)
    lines = (FOLDER / f"{reader}.txt").read_text().split()
    return next(line.replace("==", " ") for line in lines if line.startswith(package))


def _spelled(release: str) -> str:
    name, python = release.rsplit("-py", 1)
    return f"{name[: name.rindex('-')]} {name[name.rindex('-') + 1 :]}, Python {python}"


def _order(release: str) -> tuple[int, ...]:
    version = release.rsplit("-py", 1)[0].rsplit("-", 1)[1]
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _files(cells: Iterable[Cell]) -> str:
    names: dict[str, list[str]] = {}
    for cell in cells:
        kind = cell.name.split(".")[0]
        version = cell.release.rsplit("-py", 1)[0].rsplit("-", 1)[1]
        names.setdefault(kind, [])
        if version not in names[kind]:
            names[kind].append(version)
    shown = [f"`{kind}` of {', '.join(found)}" for kind, found in names.items()]
    return "; ".join(shown)
