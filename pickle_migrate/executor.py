"""Upgrading files as planned, one at a time.

Planning has read each file once. Doing reads it a second time, since all files together may be
larger than the memory, and requires the sha256 of the first time: so the bytes that were scanned
are the bytes that are loaded. What goes wrong with one file becomes a problem of that file, which
stays byte for byte as it was, and the others go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from pickle_migrate import codecs, store
from pickle_migrate.errors import FileError, VerificationError
from pickle_migrate.file_plans import digest, is_written, new_ways, upgraded
from pickle_migrate.findings import (
    COPIED,
    CURRENT,
    FAILED,
    NO_PICKLE,
    NOT_REACHED,
    REFUSED,
    UPGRADE,
    UPGRADED,
    WOULD_UPGRADE,
    FilePlan,
    FileResult,
    Problem,
)
from pickle_migrate.foreign import outer
from pickle_migrate.interrupts import Interrupts
from pickle_migrate.policy import Policy
from pickle_migrate.ways import Ways, Wishes


@attrs.frozen
class Options:
    """How files are upgraded.

    ``backup``: keep the old bytes of a file that is replaced. ``encoding`` is for the 8-bit strings
    of Python 2. ``protocol``: None writes each pickle at the protocol that it had. ``policy``: what
    may be resolved; None: all. ``static``: no pickle is loaded, and nothing imported that it names.
    """

    backup: bool = True
    encoding: str = "ASCII"
    protocol: int | None = None
    policy: Policy | None = None
    static: bool = False


def results_of_planning(plans: Iterable[FilePlan]) -> Iterator[FileResult]:
    """What ``carry_out`` would find out without loading anything, for ``--dry-run``."""
    for plan in plans:
        result = WOULD_UPGRADE if plan.action == UPGRADE else _settled(plan)
        yield FileResult(plan, result, plan.all_problems(), way=plan.way)


def _settled(plan: FilePlan) -> str:
    """The result of a file for which nothing is done."""
    if plan.action == NO_PICKLE and not plan.problems:
        return NO_PICKLE
    return CURRENT if plan.action == CURRENT else REFUSED


def carry_out(plans: Iterable[FilePlan], options: Options) -> Iterator[FileResult]:
    """Do what the plans say, one file at a time, and give what became of each, in order.

    Loads pickles, runs migrations, writes files. Raises nothing. After an interrupt the files that
    are not done yet are given as "not reached"; a file is never left half done.
    """
    wishes = Wishes(options.encoding, options.protocol)
    ways = new_ways(wishes, options.policy, static=options.static)
    with Interrupts() as interrupts:
        for plan in plans:
            if interrupts.came:
                yield FileResult(plan, NOT_REACHED)
                continue
            try:
                yield _carry_out(plan, ways, options, interrupts)
            except KeyboardInterrupt:
                interrupts.came = True
                yield FileResult(plan, NOT_REACHED)


def _carry_out(plan: FilePlan, ways: Ways, options: Options, interrupts: Interrupts) -> FileResult:
    if not is_written(plan) or (plan.action == CURRENT and plan.output is None):
        return FileResult(plan, _settled(plan), plan.all_problems())
    try:
        snapshot = store.read(plan.path)
        if digest(snapshot.data) != plan.sha256:
            raise _changed(plan.path)
        if plan.action == CURRENT:
            return _copy(plan, snapshot)
        with interrupts.breakable():
            data, way = _upgraded(snapshot.data, ways, plan.path)
        result = _write(plan, snapshot, data, ways, options)
        return attrs.evolve(result, way=way if result.result == UPGRADED else "")
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return FileResult(plan, FAILED, (_problem_of(error),))


def _problem_of(error: BaseException) -> Problem:
    problem = Problem.of(error, "upgrading")
    if isinstance(error, UnicodeDecodeError):
        advice = "For strings of Python 2, give --encoding: latin1 reads every byte."
        problem = attrs.evolve(problem, advice=advice)
    return problem


def _upgraded(data: bytes, ways: Ways, place: str) -> tuple[bytes, str]:
    unwrapped = codecs.unwrap(data)
    new, way = upgraded(unwrapped.payload, ways, place)
    if new == unwrapped.payload:
        return data, way
    wrapped = codecs.wrap(new, unwrapped.layers)
    if codecs.unwrap(wrapped) != codecs.Unwrapped(new, unwrapped.layers):
        raise VerificationError("is another one when its compression is taken off again")
    return wrapped, way


def _write(
    plan: FilePlan, snapshot: store.Snapshot, data: bytes, ways: Ways, options: Options
) -> FileResult:
    if plan.output is not None:
        return _write_to(plan, plan.output, snapshot, data, ways)
    if data == snapshot.data:
        return FileResult(plan, CURRENT)
    done = store.replace(snapshot, data, backup=options.backup)
    if done.outcome != "ok":
        raise _changed(plan.path)
    return FileResult(plan, UPGRADED, output=plan.path, backup=done.backup, warnings=done.warnings)


def _write_to(
    plan: FilePlan, output: str, snapshot: store.Snapshot, data: bytes, ways: Ways
) -> FileResult:
    try:
        made = store.create(output, data, like=snapshot)
    except FileError:
        # Sets of texts are written in another order each time: the same content, other bytes.
        if not Path(output).is_file() or not _holds_the_same(output, data, ways):
            raise
        made = "same"
    if made == "same":
        return FileResult(plan, CURRENT, output=output)
    return FileResult(plan, COPIED if data == snapshot.data else UPGRADED, output=output)


def _holds_the_same(output: str, data: bytes, ways: Ways) -> bool:
    new, there = codecs.unwrap(data), codecs.unwrap(store.read(output).data)
    plain = [outer.plain_of(one.payload, ways.registry) for one in (new, there)]
    return new.codecs == there.codecs and ways.same(*plain)


def _copy(plan: FilePlan, snapshot: store.Snapshot) -> FileResult:
    assert plan.output is not None
    made = store.create(plan.output, snapshot.data, like=snapshot)
    return FileResult(plan, CURRENT if made == "same" else COPIED, output=plan.output)


def _changed(path: str) -> FileError:
    return FileError(path, "was changed by others meanwhile", "Run the command again.")
