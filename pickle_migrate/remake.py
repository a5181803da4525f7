"""Bytes of old pickles in, bytes of today's pickles out: load, dump, read back, compare.

Loading runs the code that the pickles name, and the migrations. Nothing here opens a file.

Several pickles in a row: when one Pickler wrote them, the later ones refer to objects of the
earlier ones. Such a row is read with one Unpickler and written with one Pickler. All others are
read and written one by one, so that whoever reads them one by one still can.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs

from pickle_migrate import deep, graphs, loader
from pickle_migrate.errors import PickleFormatError, StateError, VerificationError
from pickle_migrate.findings import PicklePlan
from pickle_migrate.graph_parts import Reader
from pickle_migrate.hooks import entry_of
from pickle_migrate.policy import Policy
from pickle_migrate.readers import Restorer
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import declaration_of
from pickle_migrate.resolver import import_ref, settings
from pickle_migrate.scanner import Scan, Scans, scan_all
from pickle_migrate.stack_pickler import StackPickler

PlanPickle = Callable[[Scan], PicklePlan]
_DIFFERENCES_SHOWN = 3
# As in deep: with a higher recursion limit, the C pickler of 3.11 may crash beyond its stack.
_C_STACK_LEVELS = 15_000


@attrs.frozen
class Row:
    """The pickles of one file, scanned and planned, and the policy that they are loaded under."""

    payload: bytes = attrs.field(repr=False)
    scans: tuple[Scan, ...]
    plans: tuple[PicklePlan, ...]
    policy: Policy | None = None

    @property
    def shares_memo(self) -> bool:
        """Whether one Pickler wrote them, and later ones refer to objects of earlier ones."""
        return any(scan.carries_memo for scan in self.scans)


def remade(row: Row, plan: PlanPickle, *, encoding: str, protocol: int | None) -> bytes:
    """The same pickles as today's code writes them.

    ``encoding`` is for the 8-bit strings of Python 2. ``protocol``: None keeps that of each pickle.
    The result is checked: it is read back and equals what was loaded, and each class in it is
    current. Raises VerificationError, StateError, what loading and dumping raise, and whatever the
    code of migrations and classes raises.
    """
    if settings().write:  # for a rolling deploy; files are brought up to date all the same
        from pickle_migrate.downgrades.asking import writing_today

        with writing_today():
            return _remade(row, plan, encoding, protocol)
    return _remade(row, plan, encoding, protocol)


def _remade(row: Row, plan: PlanPickle, encoding: str, protocol: int | None) -> bytes:
    objects = load(row, encoding)
    new = dump(row, objects, protocol)
    check(new, objects, row.shares_memo, plan, row.policy)
    return new


def check(
    new: bytes,
    objects: Sequence[Any],
    shares_memo: bool,
    plan: PlanPickle,
    policy: Policy | None = None,
) -> None:
    """Raise VerificationError unless ``new`` holds these objects, each class as it is today."""
    row = Row(new, *_scanned(scan_all(new), len(objects), plan), policy)
    for pickle_plan in row.plans:
        for problem in pickle_plan.problems:
            raise VerificationError(f"would be refused itself: {problem.what.rstrip('.')}")
        if pickle_plan.is_old:
            olds = [c.describe() for c in pickle_plan.classes if c.changes or not c.stamped]
            raise VerificationError(f"is still not current ({', '.join(olds)})")
    again = load(attrs.evolve(row, scans=_with_memo(row.scans, shares_memo)), "ASCII")
    pairs = [(objects, again)] if shares_memo else zip(objects, again, strict=True)
    for old, read in pairs:
        found = graphs.differences(old, read, limit=_DIFFERENCES_SHOWN)
        if found:
            what = "reads back as something else than was written"
            raise VerificationError(what, tuple(map(str, found)))


def _scanned(
    scans: Scans, count: int, plan: PlanPickle
) -> tuple[tuple[Scan, ...], tuple[PicklePlan, ...]]:
    if scans.trailing or len(scans.pickles) != count:
        raise VerificationError(f"holds {len(scans.pickles)} pickles where {count} were written")
    return scans.pickles, tuple(plan(scan) for scan in scans.pickles)


def _with_memo(scans: tuple[Scan, ...], shares_memo: bool) -> tuple[Scan, ...]:
    return tuple(attrs.evolve(scan, carries_memo=shares_memo) for scan in scans)


# --- loading ----------------------------------------------------------------------------------


def load(row: Row, encoding: str) -> list[Any]:
    """The objects of all pickles, migrated. Raises StateError for objects that no step reached."""
    if not any(plan.watched for plan in row.plans):
        return list(_loaded(row, encoding))
    with _recording() as restored:
        objects = list(_loaded(row, encoding))
    for obj, plan in zip(objects, row.plans, strict=True):
        watched = frozenset(import_ref(GlobalRef.parse(ref)) for ref in plan.watched)
        if watched:
            _require_restored(obj, watched, restored)
    return objects


def _loaded(row: Row, encoding: str) -> Iterator[Any]:
    if not row.shares_memo:
        for scan in row.scans:
            data = row.payload[scan.start : scan.end]
            yield loader.loads(data, encoding=encoding, policy=row.policy)
        return
    stream = io.BytesIO(row.payload)
    unpickler = loader.Unpickler(stream, encoding=encoding, policy=row.policy)
    for scan in row.scans:
        yield unpickler.load()
        if stream.tell() != scan.end:
            raise PickleFormatError("it ends elsewhere than it was found to end", scan.end)


@contextlib.contextmanager
def _recording() -> Iterator[dict[int, Any]]:
    """Note each object whose state passed through the steps of its class, by its id."""
    restored: dict[int, Any] = {}
    restore, setstate_for = Restorer.restore_raw, Restorer.setstate_for

    def restore_raw(self: Restorer, obj: Any, raw: Any) -> None:
        restore(self, obj, raw)
        restored[id(obj)] = obj

    setattr(Restorer, "restore_raw", restore_raw)  # noqa: B010
    # The faster way around it would not be seen.
    setattr(Restorer, "setstate_for", lambda *_, **__: None)  # noqa: B010
    try:
        yield restored
    finally:
        setattr(Restorer, "restore_raw", restore)  # noqa: B010
        setattr(Restorer, "setstate_for", setstate_for)  # noqa: B010


def _require_restored(root: Any, watched: frozenset[type], restored: dict[int, Any]) -> None:
    # An object that had no attributes, or whose __getstate__ gave None, has no BUILD in the pickle.
    # The loader finds those that stand in the memo. For any other no step ran, and dumping it would
    # stamp it as migrated.
    for obj in _objects(root):
        if type(obj) in watched and id(obj) not in restored and _had_no_state(obj):
            cls = type(obj)
            raise StateError(
                str(GlobalRef.of(cls)),
                declaration_of(cls).unstamped or 0,
                "the pickle holds an object without any state, for which no migration could run",
                "Load the file in a program, give such objects their new fields, and dump it.",
            )


def _had_no_state(obj: Any) -> bool:
    shape = entry_of(type(obj)).shape
    # An object with fields that no pickle restored was made by a step, unless the class decides by
    # itself what its state is.
    return shape.kind.getstate is not None or not shape.take_fields(obj)


def _objects(root: Any) -> Iterator[Any]:
    """Every object of a graph once, without recursion. What cannot be taken apart ends there."""
    reader, seen, waiting = Reader(), {id(root)}, [root]
    while waiting:
        obj = waiting.pop()
        yield obj
        try:
            parts = reader.parts(obj)
        except Exception:
            continue
        inner = [*parts.fields.values(), *parts.elements, *parts.members]
        inner += [part for pair in parts.pairs for part in pair]
        for part in inner:
            if id(part) not in seen:
                seen.add(id(part))
                waiting.append(part)


# --- dumping ----------------------------------------------------------------------------------


def dump(row: Row, objects: Sequence[Any], protocol: int | None) -> bytes:
    """The objects of a row as pickles again, in one memo where they shared one. ``protocol``: None
    keeps that of each.
    """
    protocols = [scan.protocol if protocol is None else protocol for scan in row.scans]
    if row.shares_memo:
        return _dump_as_one(objects, max(protocols))
    pairs = zip(objects, protocols, strict=True)
    return b"".join(deep.dumps(obj, number) for obj, number in pairs)


def _dump_as_one(objects: Sequence[Any], protocol: int) -> bytes:
    """All pickles as one Pickler writes them, also when one is too deep for the C pickler."""
    if sys.version_info >= (3, 12) or sys.getrecursionlimit() <= _C_STACK_LEVELS:
        file = io.BytesIO()
        pickler = pickle.Pickler(file, protocol)
        with contextlib.suppress(RecursionError):
            for obj in objects:
                pickler.dump(obj)
            return file.getvalue()
    file = io.BytesIO()
    stack_pickler = StackPickler(pickle.Pickler(io.BytesIO(), protocol), file, protocol, True, None)
    for obj in objects:
        stack_pickler.dump(obj)
    return file.getvalue()
