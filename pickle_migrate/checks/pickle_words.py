"""What a check says of an archived pickle: findings in words, with the place of the record."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from pickle_migrate.archive.values import Record
from pickle_migrate.checks import places
from pickle_migrate.checks.plans import NOWHERE, story_of
from pickle_migrate.checks.rules import (
    BYTES_CHANGED,
    DOES_NOT_LOAD,
    MISSING_REF,
    NOT_DETERMINISTIC,
    OTHER_STATE,
    TOUCHES_OTHERS,
)
from pickle_migrate.checks.values import BROKEN, CheckFinding
from pickle_migrate.checks.watching import Touch
from pickle_migrate.findings import Problem


def _finding(rule: str, record: Record, subject: str, what: str, advice: str) -> CheckFinding:
    place = places.shown(record.record_path)
    return CheckFinding(
        rule, BROKEN, subject, what, advice, place, record.line, facts={"path": subject}
    )


def bytes_changed(record: Record, subject: str) -> CheckFinding:
    """The bytes are not those of the record."""
    what = f"Its bytes are not those that were archived: its sha256 is not {record.sha256[:12]}..."
    advice = (
        "Take the file back: git checkout -- FILE. If git changed its line ends, write '*.pickle "
        "binary' into .gitattributes. A pickle that is meant to be another one is archived anew."
    )
    return _finding(BYTES_CHANGED, record, subject, what, advice)


def cannot_be_read(record: Record, subject: str, error: OSError) -> CheckFinding:
    """The file itself cannot be read."""
    what = f"The file cannot be read: {error.strerror}."
    return _finding(DOES_NOT_LOAD, record, subject, what, "Give it back its rights.")


def does_not_load(record: Record, subject: str, problem: Problem) -> Iterator[CheckFinding]:
    """Why it does not load: names that lead nowhere, and all else that is in the way."""
    story = story_of(record.file)
    for one in story.missing:
        found = _finding(MISSING_REF, record, subject, one.what, one.advice)
        yield attrs.evolve(found, facts={**found.facts, **one.facts})
    if story.missing and problem.error in NOWHERE:  # that is what the load said, too
        return
    others = [
        one for one in story.problems if one not in story.missing and one.what != problem.what
    ]
    details = (*(f"also: {one.what}" for one in others), *_step_lines(story.steps, "Steps:"))
    found = _finding(DOES_NOT_LOAD, record, subject, problem.what, problem.advice)
    facts = {**found.facts, "error": problem.error, **problem.facts}
    yield attrs.evolve(found, details=details, facts=facts)


def other_state(record: Record, subject: str, lines: list[str]) -> CheckFinding:
    """It loads with another state; the difference, and the steps that ran."""
    story = story_of(record.file)
    what = "It loads with another state than its record says."
    advice = (
        "If the record is right, correct the step. If the new state is right, accept it: "
        f"pickle-migrate archive --accept {subject}"
    )
    found = _finding(OTHER_STATE, record, subject, what, advice)
    details = (*lines, *_step_lines(story.steps, "Steps that ran:"))
    return attrs.evolve(
        found, details=details, facts={**found.facts, "difference": lines, "steps": story.steps}
    )


def _step_lines(steps: tuple[str, ...], title: str) -> tuple[str, ...]:
    return (title, *(f"  {step}" for step in steps)) if steps else ()


def differs(record: Record, subject: str, lines: tuple[str, ...], where: str = "") -> CheckFinding:
    """Two loads of the same bytes gave different states. ``where`` says where the second was."""
    story = story_of(record.file)
    what = f"The same bytes gave another state the second time{where}."
    advice = (
        "A step must compute what it gives from the state alone: no clock, no random number, no "
        "counter, no order of a set."
    )
    found = _finding(NOT_DETERMINISTIC, record, subject, what, advice)
    return attrs.evolve(found, details=(*lines, *_step_lines(story.steps, "Steps that ran:")))


def touches(record: Record, subject: str, touch: Touch) -> CheckFinding:
    """A step changed an object other than its own."""
    step = touch.step
    does = "gives every object the same one," if touch.shared else "changes"
    what = (
        f"The step of {step.ref} from {step.source} to {step.target} ({touch.operation}) {does} "
        f"{touch.changed}."
    )
    advice = (
        "What one object changes in it, all of them have. Put a copy into the state."
        if touch.shared
        else "Whether that object is migrated by then depends on the order in the pickle. Put a "
        "changed copy into the state; what needs neighbours is for the finishing stage: "
        f"Lineage({str(step.ref)!r}).finish({step.version}, function)"
    )
    found = _finding(TOUCHES_OTHERS, record, subject, what, advice)
    place = places.of_step(step.origin)
    facts = {**found.facts, "step": step.describe(), "origin": step.origin}
    if place.path:
        return attrs.evolve(found, path=place.path, line=place.line, facts=facts)
    return attrs.evolve(found, facts=facts)
