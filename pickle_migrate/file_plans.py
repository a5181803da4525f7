"""Plans for files: read them, take compression off, scan them, and have each pickle planned.

Changes nothing. Planning imports the modules that pickles name; see ``planner``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from pickle_migrate import codecs, loader, resolver, signatures, store
from pickle_migrate.discovery import Found
from pickle_migrate.errors import ContentError, FileError, PickleFormatError
from pickle_migrate.findings import (
    CURRENT,
    NO_PICKLE,
    REFUSE,
    UPGRADE,
    FilePlan,
    Problem,
)
from pickle_migrate.foreign import outer
from pickle_migrate.limits import UPGRADE_LIMITS
from pickle_migrate.planner import Planner
from pickle_migrate.policy import Policy
from pickle_migrate.scanner import Scans, scan_all
from pickle_migrate.static_plan import StaticPlanner
from pickle_migrate.static_upgrade import LIVE, STATIC
from pickle_migrate.ways import Ways, Wishes

MayReplace = Callable[[store.Snapshot], None]

# A file of such a name was meant to be a pickle, so that one which is none is worth a word.
_PICKLE_SUFFIXES = (".pickle", ".pkl", ".pck", ".pcl")


def plan_files(
    found: Iterable[Found],
    to: str | None = None,
    may_replace: MayReplace | None = None,
    the_ways: Ways | None = None,
) -> Iterator[FilePlan]:
    """The plan for each file, in the given order. With ``to``, each gets its output below that
    folder. ``may_replace`` raises FileError for a file that could not be replaced in its place.
    Imports what the pickles name, as far as ``the_ways`` do; None: ``new_ways()``. Writes nothing.
    """
    the_ways = the_ways or new_ways()
    for one in found:
        output = str(Path(to, one.relative)) if to is not None else None
        yield attrs.evolve(plan_file(one, the_ways, may_replace), output=output)


def new_ways(
    wishes: Wishes | None = None, policy: Policy | None = None, *, static: bool = False
) -> Ways:
    """The ways of a run. ``policy``: what may be imported; None: all. ``static``: nothing is loaded
    and nothing imported that pickles name, only what the settings name.
    """
    wishes = wishes or Wishes()
    migrations = _guarded(resolver.import_migrations)
    if static:
        migrations(())
        return Ways(None, StaticPlanner(import_migrations=migrations), wishes)
    planner = new_planner(policy)
    static_planner = StaticPlanner(planner.import_ref, read_source=lambda ref: None)
    return Ways(planner, static_planner, wishes, loader.load_parts)


def new_planner(policy: Policy | None = None) -> Planner:
    """A planner for the default registry, which imports through the resolver."""
    resolve, migrations = _guarded(resolver.import_ref), _guarded(resolver.import_migrations)
    return Planner(resolve, migrations, policy=policy)


def _guarded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """As ``function``; but a module that calls sys.exit() fails to import, and ends nothing."""

    def call(argument: Any) -> Any:
        try:
            return function(argument)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise ImportError(f"it raised {type(error).__name__}") from error

    return call


def plan_file(found: Found, the_ways: Ways, may_replace: MayReplace | None = None) -> FilePlan:
    """The plan for one file, without its output. Raises nothing but KeyboardInterrupt."""
    if found.error is not None:
        return FilePlan(found.path, REFUSE, problems=(Problem.of(found.error),))
    try:
        snapshot = store.read(found.path)
        sha256 = digest(snapshot.data)
        unwrapped = codecs.unwrap(snapshot.data)
        plan = FilePlan(found.path, CURRENT, unwrapped.codecs, sha256=sha256)
        plan = _plan_payload(plan, unwrapped.payload, found, the_ways)
        if may_replace is not None and plan.action == UPGRADE:
            may_replace(snapshot)
        return plan
    except Exception as error:
        return FilePlan(found.path, REFUSE, problems=(Problem.of(error, "reading"),))


def _plan_payload(plan: FilePlan, payload: bytes, found: Found, the_ways: Ways) -> FilePlan:
    around = outer.taken_off(payload, the_ways.registry)
    if around is not None:
        payload = around.plain
    try:
        scans = scan_all(payload, limits=UPGRADE_LIMITS)
    except PickleFormatError as error:
        return _plan_other(plan, payload, error, found)
    if scans.trailing and not _is_expected(found) and _is_by_chance(payload, scans):
        return attrs.evolve(plan, action=NO_PICKLE)
    pickles, way = the_ways.plan(payload, scans.pickles, found.path)
    problems = (Problem.of(_trailing(scans)),) if scans.trailing else ()
    plan = attrs.evolve(plan, pickles=pickles, problems=problems)
    if plan.all_problems():
        return attrs.evolve(plan, action=REFUSE)
    is_old = any(pickle_plan.is_old for pickle_plan in pickles)
    if around is not None and (is_old or around.is_old):
        is_old, way = True, LIVE if way == LIVE else STATIC
    return attrs.evolve(plan, action=UPGRADE, way=way) if is_old else plan


def upgraded(payload: bytes, the_ways: Ways, place: str) -> tuple[bytes, str]:
    """The bytes of a file's pickles at today's versions, and which way they went; what stands
    around them is taken off and put back. ``place``: the path of the file. Raises what
    ``Ways.upgraded`` and ``outer`` do.
    """
    around = outer.taken_off(payload, the_ways.registry)
    if around is None:
        return the_ways.upgraded(payload, place)
    new, way = the_ways.upgraded(around.plain, place)
    if new == around.plain and not around.is_old:
        return payload, way
    return around.put_back(new), LIVE if way == LIVE else STATIC


def _plan_other(plan: FilePlan, payload: bytes, error: PickleFormatError, found: Found) -> FilePlan:
    """The plan for what is no pickle: passed over when it lies in a folder and never was one."""
    kind = signatures.recognise(payload)
    is_expected = _is_expected(found)
    if kind is not None and kind not in signatures.NEVER_PICKLES:
        remedy = "Take the pickles out of it, upgrade them, and put them back."
        problem = Problem.of(ContentError(f"is {kind}, which is not read here", remedy))
        return attrs.evolve(plan, action=REFUSE, problems=(problem,))
    if payload[:1] == b"\x80" or (kind is None and is_expected):
        return attrs.evolve(plan, action=REFUSE, problems=(Problem.of(error),))
    no_pickle = ContentError(f"is {kind}, not a pickle")
    problems = (Problem.of(no_pickle),) if is_expected else ()
    return attrs.evolve(plan, action=NO_PICKLE, problems=problems)


def _is_expected(found: Found) -> bool:
    """Whether someone takes the file for a pickle: it was named itself, or is called one."""
    name = Path(found.path).name.lower()
    if name.endswith(".yaml"):  # as a record of the archive, NAME.pickle.yaml
        return found.explicit
    return found.explicit or any(f"{suffix}." in f"{name}." for suffix in _PICKLE_SUFFIXES)


def _is_by_chance(payload: bytes, scans: Scans) -> bool:
    """Whether the pickles that were found may be something else: "N. America" begins with one."""
    return payload[:1] != b"\x80" and not any(scan.globals for scan in scans.pickles)


def _trailing(scans: Scans) -> ContentError:
    count = "1 byte" if scans.trailing == 1 else f"{scans.trailing} bytes"
    return ContentError(
        f"holds {count} after its last pickle, from byte {scans.end} on, which are no pickle",
        "They would be lost. joblib keeps arrays there: upgrade such a file with joblib's own load "
        "and dump. Otherwise take them off, if you know what they are.",
    )


def refuse_collisions(plans: Sequence[FilePlan]) -> list[FilePlan]:
    """The same plans, where files that would be written to one place are refused."""
    places = [Path(p.output).resolve() if p.output and is_written(p) else None for p in plans]
    counts = Counter(places)
    return [
        _refuse_collision(plan, counts[place]) if place is not None else plan
        for plan, place in zip(plans, places, strict=True)
    ]


def is_written(plan: FilePlan) -> bool:
    """Whether the plan says that the file, or a copy of it, is to be written."""
    return plan.action in (UPGRADE, CURRENT)


def _refuse_collision(plan: FilePlan, count: int) -> FilePlan:
    if count < 2:
        return plan
    problem = FileError(
        plan.path,
        f"{count} files would be written to {plan.output}",
        "Upgrade them one at a time, each to a folder of its own.",
    )
    return attrs.evolve(plan, action=REFUSE, problems=(*plan.problems, Problem.of(problem)))


def digest(data: bytes) -> str:
    """The sha256 of a file's bytes."""
    return hashlib.sha256(data).hexdigest()
