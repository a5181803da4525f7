"""What a load of some bytes would do and what is in its way, for the words of a finding."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from pickle_migrate import codecs, resolver, store
from pickle_migrate.findings import PicklePlan, Problem
from pickle_migrate.planner import Planner
from pickle_migrate.scanner import scan_all

#: Errors that say that a name leads nowhere.
NOWHERE = ("UnknownClassError", "ModuleNotFoundError", "ImportError", "AttributeError")


@attrs.frozen
class Story:
    """``steps``: what runs, in lines, each once; ``problems``: all that is in the way; ``missing``:
    those of them that are about a name which leads nowhere.
    """

    steps: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    missing: tuple[Problem, ...] = ()


def story_of(path: str) -> Story:
    """The story of a file of pickles. Imports what the pickles name, as loading does; loads
    nothing. What cannot be scanned has no story.
    """
    try:
        plans = list(_plans(codecs.unwrap(store.read(path).data).payload))
    except KeyboardInterrupt:
        raise
    except BaseException:  # the code of a module that a pickle names, which may call sys.exit()
        return Story()
    problems = dict.fromkeys(_key(problem) for plan in plans for problem in plan.problems)
    told = {_key(problem): problem for plan in plans for problem in plan.problems}
    found = tuple(told[key] for key in problems)
    steps = dict.fromkeys(line for plan in plans for line in _lines(plan))
    missing = tuple(one for one in found if one.error in NOWHERE)
    return Story(tuple(steps), found, missing)


def _key(problem: Problem) -> tuple[str, str]:
    return problem.error, problem.what


def _plans(payload: bytes) -> Iterator[PicklePlan]:
    planner = Planner(resolver.import_ref, resolver.import_migrations)
    for scan in scan_all(payload).pickles:
        yield planner.plan(scan)


def _lines(plan: PicklePlan) -> Iterator[str]:
    for one in plan.classes:
        if one.today and one.today != one.ref:
            yield f"{one.ref} is {one.today} today"
    yield from plan.steps
