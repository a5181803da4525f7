"""How objects of one class become a reduce tuple of an older version.

The class's own reducer gives the tuple of today; its state, its arguments and its stamp go back.
Everything is decided before the tuple is given, so that pickle writes nothing of an object that
cannot be written. ``copy`` never comes here: a copy equals its original.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pickle_migrate import stamps
from pickle_migrate.compiler import compile_chain
from pickle_migrate.downgrades.losses import lost_fields
from pickle_migrate.downgrades.native import native_form
from pickle_migrate.downgrades.plan import Backward, StepBack, way_of
from pickle_migrate.entries import Entry, is_by_value
from pickle_migrate.errors import DowngradeError, PickleMigrateError
from pickle_migrate.fieldrules import listed
from pickle_migrate.readers import is_wrapped, unmangled
from pickle_migrate.refs import GlobalRef
from pickle_migrate.registry import declaration_of, registered_in_mro
from pickle_migrate.stamps import Stamp, StampedClass, StampText

Asked = tuple[int, GlobalRef]
"""A version, and the name by which it was asked for."""


class Way:
    """The way back of one class's objects, with those of its versioned bases."""

    def __init__(self, entry: Entry, asked: Mapping[type, Asked], *, may_lose: bool) -> None:
        self.entry = entry
        self.may_lose = may_lose
        self.classes = registered_in_mro(entry.cls)
        self.plans = {k: way_of(k, *asked[k]).check() for k in self.classes if k in asked}
        head = self.plans.get(entry.cls)
        self.version = entry.declaration.version if head is None else head.version
        self.unstamped = head is not None and head.version == 0
        # Loading takes the bases first, so the way back takes them last.
        self.steps = tuple(step for k in self.plans for step in self.plans[k].steps)
        self.prefixes = _prefixes(self.plans)
        self._sure = compile_chain(tuple(step.migration for step in self.steps))
        self._is_sure = may_lose or all(step.lossy for step in self.steps)
        self.stamp = None if self.unstamped else self._stamp()

    @property
    def is_open(self) -> bool:
        """Whether anything is written otherwise than today."""
        today = self.stamp is self.entry.stamp
        return bool(self.steps or self.prefixes) or self.unstamped or not today

    # --- the stamp --------------------------------------------------------------------------------

    def _stamp(self, *, plain: bool = False) -> Stamp:
        """The stamp of the older version, the very one that pickle finds when it looks for it.
        ``plain``: for a state that is no pair.
        """
        today = self.entry.stamp.written
        written = StampText(
            tuple(found for k in self.classes if (found := self._stamped(k)) is not None),
            wrapped=today.wrapped and not plain,
            whole=today.whole,
        )
        if is_by_value(self.entry.cls):
            self._require_name("a class of a script or of a function is written by its own name")
            return stamps.version_only(written)
        text = written.encode()
        try:
            made: Any = self.entry.newborn(text, written)
        except PickleMigrateError as error:
            raise self.refusal(f"this code could not read it again: {error.what()}") from error
        try:
            found = getattr(stamps, text)
        except PickleMigrateError:
            found = None
        if found is not made:
            stamps.write_as(made)
        stamp: Stamp = made
        return stamp

    def _stamped(self, k: type) -> StampedClass | None:
        plan, declaration = self.plans.get(k), declaration_of(k)
        if plan is None:
            return StampedClass(GlobalRef.of(k), declaration.version, declaration.fingerprint)
        if not plan.version:
            return None  # a base that the reader does not know as a versioned class
        return StampedClass(plan.name or plan.ref, plan.version, plan.fingerprint)

    def _require_name(self, reason: str) -> None:
        plan = self.plans.get(self.entry.cls)
        if plan is not None and plan.name not in (None, plan.ref):
            raise self.refusal(f"it was called {plan.name} then, and {reason}")

    # --- one object -------------------------------------------------------------------------------

    def reduce(self, obj: Any) -> Any:
        """The reduce tuple of an object, at the older version. Raises DowngradeError."""
        reduced = self.entry.reduce(obj)
        if isinstance(reduced, str):  # a global: there is no state to take back
            return reduced
        if self.unstamped:
            self._require_name("pickle writes a class by the name that it has")
            return native_form(obj, self)
        make, args, *rest = reduced
        stamp: Any = self.stamp if type(make) is Stamp else make
        if self.entry.stamp.written.whole and type(make) is Stamp:
            return (stamp, (self.back(dict(args[0])),), *rest)
        state: Any = rest[0] if rest else None
        args = self.args_back(args)
        if is_wrapped(state):
            inner = self.back(state[1])
            args = _exception_args(self.entry, args, state[1], inner)
            rest[0] = (self.stamp, inner, *state[2:])
        elif type(make) is Stamp:
            rest[0] = self.back(state)
        else:
            raise self.refusal("a class of a script or of a function is written without a version")
        return (stamp, args, *rest)

    def reduced_plainly(self, reduced: tuple[Any, ...]) -> tuple[Any, ...]:
        """A reduce tuple with a plain state, taken back."""
        _, args, *rest = reduced
        if rest:
            rest[0] = self.back(rest[0])
        return (self._stamp(plain=True), self.args_back(args), *rest)

    def back(self, state: Any) -> Any:
        """A state, taken back. The given one is not changed. Raises DowngradeError."""
        if not self.steps and not self.prefixes:
            return state
        if state is None:
            if not self.entry.shape.kind.has_dict or not self.steps:
                return None
            state = {}
        if self.prefixes and type(state) is dict:
            state = unmangled(dict(state), self.prefixes)
        if self._is_sure:
            try:
                return self._sure(state)
            except DowngradeError:
                raise
            except Exception as error:
                raise self._failure("the way back fails", error) from error
        for step in self.steps:
            state = self._step_back(step, state)
        return state

    def _step_back(self, step: StepBack, newer: Any) -> Any:
        try:
            older = step.back(newer)
        except DowngradeError:
            raise
        except Exception as error:
            where = f"the way back from {step.migration.source} to {step.version} fails"
            raise self._failure(where, error) from error
        if step.lossy:
            return older
        try:
            lost = lost_fields(step, newer, older)
        except DowngradeError:
            raise
        except Exception as error:
            where = f"the older state, of version {step.version}, cannot be upgraded again"
            raise self._failure(where, error) from error
        if lost:
            ref = str(step.migration.ref)
            raise self.refusal(
                f"the way back from {step.migration.source} to {step.version} would lose the value "
                f"of {listed(lost)}",
                f"If it may be lost, say so: Lineage({ref!r}).downgrade({step.version}, "
                "lossy=True); or lossy='allow' in the call, --lossy with the command.",
            )
        return older

    def _failure(self, where: str, error: Exception) -> DowngradeError:
        """The error for what goes wrong in functions of steps."""
        said = error.what() if isinstance(error, PickleMigrateError) else f"{error!r}"
        return self.refusal(f"{where}: {said.rstrip('.')}", _AS_IT_IS)

    def args_back(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The constructor arguments as our reducers write them, taken back."""
        functions = [step.migration.arguments for step in self.steps if step.migration.arguments]
        if not functions:
            return args
        given, keywords, *how = (*args, None, None)[: max(2, len(args))] if args else ((), None)
        for function in functions:
            try:
                given, keywords = function(tuple(given), dict(keywords or {}))
            except Exception as error:
                where = "the function for its constructor arguments fails"
                raise self._failure(where, error) from error
        return (tuple(given), dict(keywords) or None, *how)

    def refusal(self, problem: str, remedy: str = "") -> DowngradeError:
        """The error for an object that cannot be written so."""
        ref, current = str(GlobalRef.of(self.entry.cls)), self.entry.declaration.version
        return DowngradeError(ref, self.version, current, problem, remedy)


_AS_IT_IS = "Correct the way back for such an object, or write the current version."


def _prefixes(plans: Mapping[type, Backward]) -> list[tuple[str, str]]:
    """Private attributes hold the class's name: pairs of today's prefix and the one of then."""
    pairs = []
    for k, plan in plans.items():
        name = plan.name.qualname.rpartition(".")[2] if plan.name is not None else k.__name__
        if name.lstrip("_") != k.__name__.lstrip("_"):
            pairs.append((f"_{k.__name__.lstrip('_')}__", f"_{name.lstrip('_')}__"))
    return pairs


def _exception_args(entry: Entry, args: tuple[Any, ...], newer: Any, older: Any) -> tuple[Any, ...]:
    # An exception is made with its args, which its state holds too.
    if entry.shape.kind.build != "exception" or args[2:] != (True,):
        return args
    if type(older) is not dict or older.get("args") == newer.get("args"):
        return args
    return (tuple(older.get("args", ())), *args[1:])
