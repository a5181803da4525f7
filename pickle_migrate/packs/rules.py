"""How packs say their rules: fields to set, objects to make anew. One version a class, told by what
its state lacks, so that a rule holds for all releases whose pickles look alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

from pickle_migrate.declare import Lineage
from pickle_migrate.foreign.view import View
from pickle_migrate.operations import Rebuild
from pickle_migrate.registry import Registry

#: Gives the fields to set, by what an object's fields are. It changes nothing itself.
Changes: TypeAlias = Callable[[View, dict[Any, Any]], Iterable[tuple[str, Any]]]
#: Gives what is to stand in an object's place.
Maker: TypeAlias = Callable[[View], Any]
#: Says whether an object is to be made anew.
Needed: TypeAlias = Callable[[View], bool]

_OLD, _NOW = 1, 2


def _always(view: View) -> bool:
    return True


class _Gone:
    """Says that a field is to go."""

    __slots__ = ()


GONE: Final = _Gone()


class Rules:
    """The rules for a library's classes, several for a class, in the order of mention. A class may
    have rules for its fields, and one by which some of its objects are made anew.
    """

    def __init__(self) -> None:
        self._fields: dict[str, list[Changes]] = {}
        self._makers: dict[str, tuple[Maker, Needed]] = {}

    def of(self, *refs: str) -> Callable[[Changes], Changes]:
        """Decorate a rule for the fields of some classes."""

        def note(rule: Changes) -> Changes:
            for ref in refs:
                self._fields.setdefault(ref, []).append(rule)
            return rule

        return note

    def anew(self, make: Maker, *refs: str, needed: Needed = _always) -> None:
        """Let objects of some classes, or what functions give, be made anew where it is needed."""
        self._makers.update(dict.fromkeys(refs, (make, needed)))

    def declare(self, registry: Registry) -> None:
        """Declare all rules, one lineage for each class."""
        for ref in {**self._fields, **self._makers}:
            _declare(registry, ref, self._fields.get(ref, []), *self._makers.get(ref, (None, None)))


def _declare(
    registry: Registry,
    ref: str,
    rules: list[Changes],
    make: Maker | None,
    needed: Needed | None,
) -> None:
    def version_of(view: View) -> int:
        if make is not None and needed is not None and needed(view):
            return _OLD
        return _OLD if _changes(view, rules) else _NOW

    def mend(view: View) -> Any:
        _set(view, _changes(view, rules))
        return make(view) if make is not None and needed is not None and needed(view) else None

    mend.__qualname__ = f"the rules for {ref}"
    lineage = Lineage(ref, version_of=version_of, registry=registry)
    lineage.upgrade(_OLD, Rebuild(mend))


def _changes(view: View, rules: list[Changes]) -> dict[str, Any]:
    """The fields that rules set, where a state is a dict. A rule sees what those before it set."""
    state = view.state
    if type(state) is not dict:
        return {}
    seen, found = dict(state), dict[str, Any]()
    for rule in rules:
        for name, value in list(rule(view, seen)):
            if value is not GONE:
                seen[name] = found[name] = value
            elif seen.pop(name, GONE) is not GONE:
                found[name] = GONE
    return found


def _set(view: View, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if value is GONE:
            view.state.pop(name, None)
        else:
            view.state[name] = value


def missing(table: dict[str, Any]) -> Changes:
    """The fields of a table that an object lacks."""

    def rule(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
        return ((name, value) for name, value in table.items() if name not in state)

    return rule


def renamed(**names: str) -> Changes:
    """Fields that have another name today: new to old. The old ones stay, for older readers."""

    def rule(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
        for new, old in names.items():
            if new not in state and old in state:
                yield new, state[old]

    return rule


def revalued(field: str, **values: Any) -> Changes:
    """Values of a field that have another name today: old to new."""

    def rule(view: View, state: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
        value = state.get(field)
        if isinstance(value, str) and value in values:
            yield field, values[value]

    return rule
