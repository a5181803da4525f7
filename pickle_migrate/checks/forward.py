"""Whether older code reads what today's code writes: the modes ``forward`` and ``full``.

Older code is not there to be asked. But what it reads can be written, by going the steps backwards,
and read again. Loads archived pickles, which runs their code; writes in memory only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import attrs

from pickle_migrate import dumper, loader
from pickle_migrate.archive import loads
from pickle_migrate.archive.state_compare import differences
from pickle_migrate.archive.states import state_of
from pickle_migrate.archive.values import Record
from pickle_migrate.checks import places
from pickle_migrate.checks.classes import finding
from pickle_migrate.checks.material import Material
from pickle_migrate.checks.modes import Mode
from pickle_migrate.checks.rules import CANNOT_WRITE
from pickle_migrate.checks.values import CheckFinding
from pickle_migrate.downgrades.plan import Backward, backward
from pickle_migrate.errors import DowngradeError
from pickle_migrate.findings import Problem
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry
from pickle_migrate.scanner import scan
from pickle_migrate.stamps import StampText

#: Archived pickles whose objects are written at one version of one class.
TRIED: Final = 10
Told = dict[GlobalRef, list[CheckFinding]]


def check_forward(material: Material, mode: Mode, *, thorough: bool = False) -> Told:
    """The findings of each class of which an older version cannot be written. ``thorough``: with
    the objects of every archived pickle, rather than ``TRIED`` of each class and version.
    """
    told: Told = {}
    for now in material.today.classes:
        for version in mode.written(material.versions(now.ref), now.head.version):
            way = backward(now.ref, _asked(now.ref, version, material), material.registry)
            found = [_in_the_way(way, version, problem) for problem in way.problems]
            if not found:
                found = list(_tried(way, version, material, None if thorough else TRIED))
            if found:
                told.setdefault(now.ref, []).extend(found)
    return told


def _asked(ref: GlobalRef, version: int, material: Material) -> int:
    """The version to ask for: 0 where code of that version knew no stamps."""
    now = material.today.of(ref)
    if now is None or now.unstamped != version:
        return version
    records = material.samples.by_version.get(ref, {}).get(version, [])
    held = [one for r in records for one in material.samples.of[r.file] if one.ref == ref]
    return version if any(one.stamped for one in held if one.version == version) else 0


def _in_the_way(way: Backward, version: int, problem: DowngradeError) -> CheckFinding:
    found = finding(
        CANNOT_WRITE,
        way.ref,
        f"What code of version {version} reads cannot be written: {problem.problem}.",
        problem.remedy,
        version=version,
    )
    return attrs.evolve(found, details=tuple(step.describe() for step in way.steps))


def _tried(
    way: Backward, version: int, material: Material, most: int | None
) -> Iterator[CheckFinding]:
    """Write the objects of archived pickles at the older version, and read them again. The first
    that fails is told.
    """
    records = material.samples.up_to(way.ref, way.current)
    for record in records[:most]:
        loaded = loads.load_record(record)
        if loaded.problem is not None:  # told by the check of that pickle, if the mode asks
            continue
        for obj in loaded.objects:
            problem = _written_and_read(obj, way, material.registry)
            if problem is not None:
                yield _failed(way, version, record, problem)
                return


def _written_and_read(obj: Any, way: Backward, registry: Registry) -> Problem | None:
    """What is wrong with an object at an older version; None if nothing is."""
    try:
        data = dumper.dumps(obj, 4, versions={way.ref: way.version})
        again = loader.loads(data)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Problem.of(error, "writing it and reading it again")
    stamped = _stamped_at(data, way, registry)
    if stamped is not None:
        return Problem("", stamped)
    if any(step.lossy for step in way.steps):  # it may be another one, by consent
        return None
    lines = differences(state_of(obj), state_of(again))
    if lines:
        what = "It reads back as something else than was written"
        return Problem("", f"{what}:\n" + "\n".join(lines))
    return None


def _stamped_at(data: bytes, way: Backward, registry: Registry) -> str | None:
    """Read, without loading, which version the class has in a pickle; what is wrong with that."""
    for named in scan(data).globals:
        if named.stamp is None:
            continue
        for one in StampText.decode(named.stamp).classes:
            # Two classes may have exchanged their names: the version says whose this one is.
            today = registry.current_ref(one.ref, one.version or None, one.fingerprint)
            if today == way.ref and one.version != way.version:
                return f"It was written at version {one.version} of {one.ref}."
    return None


def _failed(way: Backward, version: int, record: Record, problem: Problem) -> CheckFinding:
    shown = places.shown(record.file)
    first, *lines = problem.what.split("\n")
    what = (
        f"What code of version {version} reads was written with the objects of {shown}, and that "
        f"failed. {first}"
    )
    advice = problem.advice or (
        f"Correct the way back: Lineage({str(way.ref)!r}).downgrade({version}, ...)"
    )
    found = finding(CANNOT_WRITE, way.ref, what, advice, version=version, pickle=shown)
    steps = [f"  {step.describe()}" for step in way.steps]
    details = (*lines, "The way back:", *steps) if steps else tuple(lines)
    return attrs.evolve(found, details=details)
