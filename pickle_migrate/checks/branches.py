"""Two branches that both made the same next version of a class. Runs git, which changes nothing."""

from __future__ import annotations

from pathlib import Path

import attrs

from pickle_migrate.checks import places
from pickle_migrate.checks.classes import finding
from pickle_migrate.checks.rules import AGAINST, SAME_VERSION
from pickle_migrate.checks.values import COULD_NOT_RUN, CheckedItem, CheckFinding
from pickle_migrate.errors import LockError
from pickle_migrate.lock.against import TwoHeads, made_by_both
from pickle_migrate.lock.update import updated
from pickle_migrate.lock.values import Lock
from pickle_migrate.refs import GlobalRef


def check_branches(
    lock_path: Path, ref: str, lock: Lock, today: Lock
) -> tuple[dict[GlobalRef, list[CheckFinding]], list[CheckedItem]]:
    """The findings of each class of which this branch and ``ref`` both made a version since they
    parted, and an item that says so if that could not be found out. ``lock`` is the file of this
    branch, ``today`` what its code says, which may be ahead of the file; what the file knows of
    earlier versions holds there too.
    """
    try:
        found = {
            (one.ref, one.version): one
            for ours in (updated(lock, today, accept=None).after, lock)
            for one in made_by_both(lock_path, ref, ours)
        }
    except LockError as error:
        shown = places.shown(lock_path)
        problem = CheckFinding(AGAINST, COULD_NOT_RUN, ref, error.what(), error.advice(), shown)
        return {}, [CheckedItem("project", ref, (problem,))]
    told: dict[GlobalRef, list[CheckFinding]] = {}
    for _, one in sorted(found.items()):
        told.setdefault(one.ref, []).append(_both_made(one, ref))
    return told, []


def _both_made(one: TwoHeads, name: str) -> CheckFinding:
    alike = "" if one.differs else ", with the same fields"
    what = f"This branch and {name} both made version {one.version}{alike}."
    advice = (
        "Pickles of one would be taken for the other's. Put yours after theirs: git merge "
        f"{name}, then pickle-migrate merge --against {name}\n"
        "If both are the same change, rebase, so that there is one."
    )
    found = finding(SAME_VERSION, one.ref, what, advice, version=one.version, against=name)
    return attrs.evolve(found, details=tuple(change.describe() for change in one.changes))
