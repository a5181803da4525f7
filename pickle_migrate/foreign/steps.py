"""The steps of classes of others, taken on a graph of stand-ins.

Theory of operation
    Each object is looked at when all its parts were, so a step finds parts that are up to date, but
    for circles. What takes an object's place is noted, and swapped in wherever the old one is
    referred to: when the parts of a node are put back, and in a last round for what lay in circles.
"""

from __future__ import annotations

import copy
from typing import Any, Final

import attrs

from pickle_migrate.errors import (
    ForeignError,
    MigrationError,
    NewerVersionError,
    StateError,
)
from pickle_migrate.fieldrules import FieldOperation, Operation, called
from pickle_migrate.findings import ClassFound
from pickle_migrate.foreign import keywords, walk
from pickle_migrate.foreign.view import PickleView, View
from pickle_migrate.lineage import LineageRecord, VersionOf
from pickle_migrate.migration import Migration
from pickle_migrate.operations import Rebuild
from pickle_migrate.refs import GlobalRef
from pickle_migrate.routes import steps_between
from pickle_migrate.shapes import by_position, is_positional, named_by_text
from pickle_migrate.shims_classes import Shim

#: The ref of a lineage for every object for which no other is declared.
ANY: Final = GlobalRef("*", "*")


@attrs.frozen(eq=False)
class Told:
    """What is declared for one ref, and how the version of an object is told."""

    ref: GlobalRef
    version_of: VersionOf
    records: list[LineageRecord]

    @property
    def head(self) -> int:
        """The version after the last step."""
        return max((v + 1 for record in self.records for v in record.steps), default=1)

    def version(self, view: View) -> int | None:
        """The version that an object has. Raises ForeignError for one that is none."""
        try:
            version = self.version_of(view)
        except MigrationError:
            raise
        except Exception as error:
            problem = f"its version cannot be told ({type(error).__name__}: {error})"
            raise ForeignError(str(view.written), problem) from error
        if version is not None and (type(version) is not int or version < 1):
            problem = f"version_of gave {version!r}, which is no version and not None"
            raise ForeignError(str(view.written), problem)
        return version

    def fields(self, version: int) -> tuple[str, ...] | None:
        """The declared order of the fields of states by position."""
        orders = [record.field_orders for record in self.records]
        return next((order[version] for order in orders if version in order), None)


@attrs.define(eq=False)
class Run:
    """One run over the pickles of a file. ``steps`` and ``classes``: what it did, to be shown."""

    pickle: PickleView
    steps: dict[str, None] = attrs.field(factory=dict)
    classes: dict[ClassFound, None] = attrs.field(factory=dict)
    _told: dict[GlobalRef, Told | None] = attrs.field(factory=dict)
    _routes: dict[tuple[GlobalRef, int], list[Migration]] = attrs.field(factory=dict)
    _swaps: walk.Swaps = attrs.field(factory=walk.Swaps)
    _known: set[int] = attrs.field(factory=set)

    def __call__(self, roots: list[Any]) -> None:
        """Bring all objects below the roots up to date; a root itself may be replaced in the list.

        Raises MigrationError's children, and ForeignError.
        """
        nodes = list(walk.each_after_its_parts(roots))
        self.pickle._shims[:] = [node for node in nodes if isinstance(node, Shim)]
        self._known = set(map(id, nodes))
        for node in nodes:
            new = self._swaps.put(node) if self._swaps else node
            if isinstance(new, Shim):
                new = self._brought_up(new)
            if new is not node:
                self._keep_inside(node, new)
                self._swaps.add(node, new)
        self._swaps.settle(roots)

    def is_needed(self, roots: list[Any]) -> GlobalRef | None:
        """The ref of an object that has steps to take, if there is one. Changes nothing."""
        nodes = list(walk.each_after_its_parts(roots))
        self.pickle._shims[:] = [node for node in nodes if isinstance(node, Shim)]
        for node in [keywords.shown(shim) or shim for shim in self.pickle._shims]:
            told = self._told_of(node)
            if told is not None:
                version = told.version(View(node, self.pickle))
                if version is not None and version < told.head:
                    return node.ref
        return None

    # --- replacing --------------------------------------------------------------------------------

    def _keep_inside(self, old: Any, new: Any) -> None:
        """Where what takes an object's place holds that object, let it hold a copy: otherwise it
        would come to hold itself.
        """
        twin = copy.copy(old) if isinstance(old, Shim) else old
        waiting, seen = [new], {id(new)}
        while waiting and twin is not old:
            node = waiting.pop()
            for part in walk.parts_of(node) if walk.is_node(node) else ():
                if id(part) not in self._known and id(part) not in seen:
                    seen.add(id(part))
                    waiting.append(part)
            if walk.is_node(node):
                walk.put(node, lambda part: twin if part is old else part)

    # --- one object -------------------------------------------------------------------------------

    def _told_of(self, shim: Shim) -> Told | None:
        ref = shim.ref
        if ref not in self._told:
            self._told[ref] = told_of(ref, self.pickle)
        return self._told[ref]

    def _brought_up(self, shim: Shim) -> Any:
        as_written = keywords.shown(shim)
        if as_written is None:
            return self._taken_steps(shim)
        new = self._taken_steps(as_written)
        if new is not as_written:
            return new
        keywords.put_back(shim, new)
        return shim

    def _taken_steps(self, shim: Shim) -> Any:
        told = self._told_of(shim)
        view = View(shim, self.pickle)
        version = None if told is None else told.version(view)
        if told is None or version is None:
            return shim
        head = told.head
        if version > head:
            raise NewerVersionError(str(view.written), version, head)
        if version == head:
            return shim
        new: Any = shim
        self._named_fields(view, told.fields(version), version)
        for step in self._steps_of(told, view, version):
            new = taken(step, new, self.pickle)
            if not isinstance(new, Shim):
                break
        return new

    def _steps_of(self, told: Told, view: View, version: int) -> list[Migration]:
        """The steps from a version on, noted the first time. Raises GapError."""
        key = view.written, version
        if key not in self._routes:
            steps, gaps = steps_between(told.ref, version, told.head, told.records)
            if gaps:
                raise gaps[0]
            self.classes[ClassFound(str(view.written), str(view.ref), version, told.head)] = None
            self.steps.update(dict.fromkeys(step.describe() for step in steps))
            self._routes[key] = steps
        return self._routes[key]

    @staticmethod
    def _named_fields(view: View, names: tuple[str, ...] | None, version: int) -> None:
        """A state by position as a dict, where the lineage says which fields it has."""
        if names is not None and view.has_state and is_positional(view.state):
            view.state = by_position(str(view.written), view.state, version, names)


def told_of(ref: GlobalRef, pickle: PickleView) -> Told | None:
    """What is declared for a ref that a pickle spells; None if nothing is for classes of others."""
    for one in dict.fromkeys((pickle.today(ref), ref, ANY)):
        records = pickle.registry.family(one)
        for record in records:
            if record.version_of is not None:
                return Told(one, record.version_of, records)
    return None


# --- one step -------------------------------------------------------------------------------------


def taken(step: Migration, shim: Shim, pickle: PickleView) -> Any:
    """What a step makes of an object: the same stand-in, changed, or what takes its place."""
    place = str(step.ref), step.source
    new: Any = shim
    for operation in step.operations:
        view = View(new, pickle)
        if isinstance(operation, Rebuild):
            given = called(operation, place, operation.function, view)
            given = given.shim if isinstance(given, View) else given
            if given is not None:
                new = given
        else:
            _change_state(view, operation, place)
        if not isinstance(new, Shim):
            return new
    if step.arguments is not None:
        _change_arguments(View(new, pickle), step, place)
    return new


def _change_state(view: View, operation: Operation, place: tuple[str, int]) -> None:
    """Let an operation change a state in the form that it has: a dict, or dict and slots."""
    state = view.state
    if not view.has_state and isinstance(operation, FieldOperation):
        state = {}  # pickle writes no state for an object without attributes
    if isinstance(operation, FieldOperation) and _is_pair(state):
        view.state = _in_pair(state, operation, place)
        return
    if type(state) is dict:
        state = named_by_text(state)
    elif isinstance(operation, FieldOperation) and not view.has_state:
        pass
    elif isinstance(operation, FieldOperation) and is_positional(state):
        ref, version = place
        problem = f"the pickle holds {len(state)} values by position, not fields by name"
        raise StateError(ref, version, problem, f"Say Lineage({ref!r}).fields({version}, ...).")
    new = operation.apply(state, *place)
    if new or view.has_state:
        view.state = new


def _is_pair(state: Any) -> bool:
    """Whether a state is what classes with slots give: a dict or None, and the slots."""
    if type(state) is not tuple or len(state) != 2:
        return False
    return type(state[1]) is dict and (state[0] is None or type(state[0]) is dict)


def _in_pair(
    state: tuple[Any, Any], operation: FieldOperation, place: tuple[str, int]
) -> tuple[Any, Any]:
    own, slots = state
    new = operation.apply({**(own or {}), **slots}, *place)
    if own is None:
        return None, new
    mine = {name: value for name, value in new.items() if name in own}
    return mine, {name: value for name, value in new.items() if name not in own}


def _change_arguments(view: View, step: Migration, place: tuple[str, int]) -> None:
    """Let a step change the arguments."""
    assert step.arguments is not None
    args, kwargs = view.args, dict(view.kwargs)
    given = called(Rebuild(step.arguments), place, step.arguments, args, kwargs)
    if not isinstance(given, tuple) or len(given) != 2 or type(given[1]) is not dict:
        raise StateError(*place, "arguments= gives a pair: the arguments, and those by keyword")
    new_args, new_kwargs = tuple(given[0]), given[1]
    if len(new_args) != len(args) or any(a is not b for a, b in zip(new_args, args, strict=True)):
        view.args = new_args
    if new_kwargs or kwargs:
        view.kwargs.clear()
        view.kwargs.update(new_kwargs)
