"""The whole check, in one pass: what is there, the classes, the archived pickles, the self-test.

Imports the modules of the settings and loads the archived pickles, which runs their code. Writes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import attrs

from pickle_migrate import resolver
from pickle_migrate.archive import values as kinds
from pickle_migrate.archive.values import Archive, Unread
from pickle_migrate.checks import places
from pickle_migrate.checks.classes import Known, check_classes, with_findings
from pickle_migrate.checks.material import Material, read_material
from pickle_migrate.checks.modes import DEFAULT_MODE, Mode
from pickle_migrate.checks.pickles import Pickles, Step
from pickle_migrate.checks.rules import EMPTY_ARCHIVE, NO_PICKLE, NOT_READ, RECORD
from pickle_migrate.checks.self_test import SelfTest
from pickle_migrate.checks.strays import records_elsewhere
from pickle_migrate.checks.values import (
    BROKEN,
    COULD_NOT_RUN,
    KEPT,
    CheckedItem,
    CheckFinding,
    CheckReport,
)
from pickle_migrate.errors import RequestError
from pickle_migrate.lock import files
from pickle_migrate.lock.values import Lock
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import Registry, declaration_of

Progress = Callable[[str, int], AbstractContextManager[Step]]


@attrs.frozen
class Wishes:
    """What is asked for. ``mode`` None: that of the settings. ``against``: a ref of git.
    ``imports``: modules that were imported besides those of the settings; ``lock_file``: another
    lock than theirs.
    """

    mode: str | None = None
    against: str | None = None
    self_test: bool = False
    thorough: bool = False
    lock_file: Path | None = None
    imports: tuple[str, ...] = ()


def run_check(wishes: Wishes, progress: Progress) -> CheckReport:
    """Check everything that the settings in force name. ``progress(title, total)`` shows how far
    it is. Raises SettingsError, and ArgumentError for a mode that there is not.
    """
    settings = resolver.settings()
    mode = Mode.of(wishes.mode or settings.mode or DEFAULT_MODE)
    material = read_material(settings, wishes.lock_file)
    items = list(_of_project(material))
    _require_classes(material)
    if not material.is_complete:  # every class of that module would be told to be gone
        return CheckReport(tuple(items), mode.name)
    items += unread_items(material.archive)
    if wishes.thorough:
        items += _of_strays(material)
    known = None if material.lock is None else _known(material, material.lock, mode)
    if known is not None:
        items += _of_classes(known, wishes, material)
    records = material.archive.records
    with progress("Checking", len(records)) as step:
        looked = Pickles(material, mode, thorough=wishes.thorough, imports=wishes.imports)
        found = looked.check(step)
    items += found
    if wishes.self_test:
        kept = [one for one, item in zip(records, found, strict=True) if item.outcome == KEPT]
        test = SelfTest(material, mode, kept)
        with progress("Self-test", test.total) as step:
            items += test.check(known, step)
    return CheckReport(tuple(items), mode.name)


def _require_classes(material: Material) -> None:
    """Raise RequestError where nobody said what is to be checked: no settings, and no class."""
    if not material.settings.source and not material.today.classes:
        raise RequestError(
            "there are no settings here, and no versioned class is registered",
            "Go to the folder of the project, or name its settings with --settings; they say where "
            "the classes and the archived pickles are.",
        )


def _of_classes(known: Known, wishes: Wishes, material: Material) -> Iterator[CheckedItem]:
    items = check_classes(known)
    # Only who asks for these pays for them.
    if known.mode.forward:
        from pickle_migrate.checks.forward import check_forward

        items = with_findings(items, check_forward(material, known.mode, thorough=wishes.thorough))
    if wishes.against is not None:
        from pickle_migrate.checks.branches import check_branches

        path = wishes.lock_file or files.path_of(resolver.settings())
        told, problems = check_branches(path, wishes.against, known.lock, known.today)
        yield from problems
        items = with_findings(items, told)
    yield from items


def _known(material: Material, lock: Lock, mode: Mode) -> Known:
    return Known(
        lock,
        material.today,
        material.samples.versions(),
        mode,
        material.lock_path,
        _filled(material.registry),
        material.registry,
    )


def _filled(registry: Registry) -> frozenset[GlobalRef]:
    """The classes that say ``fill=True``."""
    return frozenset(ref for ref, cls in registry.classes() if declaration_of(cls).fill)


# --- what is there ----------------------------------------------------------------------------


def _of_project(material: Material) -> Iterator[CheckedItem]:
    """What could not be had, each as an item of its own, and an archive without a pickle."""
    for found in material.problems:
        yield CheckedItem("project", found.subject, (found,))
    archive = material.archive
    if not archive.records and not any(one.kind == kinds.DAMAGED for one in archive.unread):
        shown = places.shown(archive.root)
        there = material.missing or f"There is no archived pickle in {shown}."
        what = f"{there} So nothing was loaded."
        advice = (
            "Archive what the releases of before wrote: pickle-migrate archive FILE... If they are "
            "elsewhere, correct the setting archive."
        )
        found = CheckFinding(EMPTY_ARCHIVE, BROKEN, shown, what, advice, facts={"path": shown})
        yield CheckedItem("project", shown, (found,))


def _of_strays(material: Material) -> Iterator[CheckedItem]:
    for path in records_elsewhere(material.settings, material.archive.root):
        shown = places.shown(path)
        what = f"This record lies outside of the archive, {places.shown(material.archive.root)}."
        advice = "Move it there with its pickle, or correct the setting archive."
        found = CheckFinding(NOT_READ, BROKEN, shown, what, advice, shown, facts={"path": shown})
        yield CheckedItem("pickle", shown, (found,))


_KINDS = {
    kinds.NO_RECORD: (NOT_READ, BROKEN),
    kinds.UNUSED: (NOT_READ, BROKEN),
    kinds.NO_PICKLE: (NO_PICKLE, BROKEN),
    kinds.DAMAGED: (RECORD, COULD_NOT_RUN),
    kinds.UNREADABLE: (RECORD, COULD_NOT_RUN),
}


def unread_items(archive: Archive) -> Iterator[CheckedItem]:
    """What in the archive nobody reads, or cannot be read; one item for each file."""
    by_path: dict[Path, list[Unread]] = {}
    for one in archive.unread:
        by_path.setdefault(one.path, []).append(one)
    for path, unread in by_path.items():
        shown = places.shown(path)
        findings = []
        for one in unread:
            rule, outcome = _KINDS[one.kind]
            what = f"{one.problem[0].upper()}{one.problem[1:]}."
            facts = {"path": shown, "kind": one.kind}
            findings.append(
                CheckFinding(rule, outcome, shown, what, one.remedy, shown, one.line, facts=facts)
            )
        yield CheckedItem("pickle", shown, tuple(findings))
