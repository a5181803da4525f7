"""Pickles of attrs classes with slots, which kept values by position before attrs 22.2.

Such a state is a bare tuple, in the order that the fields had when it was written. attrs still
reads it, by the order that they have today: after a field was added or moved, every value lands in
another field, and no error says so. Which classes of a pickle are such, only the pickle tells; in
which order their fields were, only you. Source: attr/_make.py, ``_make_getstate_setstate``,
releases 17.1 to 26.1.
"""

from __future__ import annotations

import sys
from typing import Final

from pickle_migrate.declare import Lineage
from pickle_migrate.errors import ForeignError
from pickle_migrate.foreign.steps import ANY
from pickle_migrate.foreign.view import View
from pickle_migrate.operations import Rebuild
from pickle_migrate.packs.values import Pack, Rule
from pickle_migrate.registry import Registry
from pickle_migrate.shapes import is_positional

#: Libraries whose own classes give tuples; none of them is attrs.
_OTHERS: Final = frozenset(["numpy", "pandas", "scipy", "sklearn"]) | sys.stdlib_module_names


def _version_of(view: View) -> int | None:
    """1 for what may be an object of such a class: made without arguments, its state a tuple."""
    if view.made_by != "new" or view.args or view.kwargs or type(view.state) is not tuple:
        return None
    registry = view.pickle.registry
    if not is_positional(view.state) or registry.class_at(view.ref) is not None:
        return None  # versioned classes tell the order of their fields, or refuse
    if registry.pack_of(view.ref) is not None or _top(view) in _OTHERS:
        return None
    return 1


def _top(view: View) -> str:
    return view.ref.module.partition(".")[0]


def _by_name(view: View) -> None:
    """Give the values their names."""
    count = len(view.state)
    records = view.pickle.registry.family(view.ref)
    orders = {names for record in records for names in record.field_orders.values()}
    fitting = {names for names in orders if len(names) == count}
    if len(fitting) != 1:
        known = "several orders of fields fit" if fitting else "nothing says which they are"
        raise ForeignError(
            str(view.written),
            f"holds {count} values by position, as attrs before 22.2 wrote them, and {known}",
            f"Name the fields in the order that they had: Lineage({str(view.ref)!r}).fields(1, "
            "...). If it is no class of attrs, and its own __getstate__ gives a tuple: "
            f"Lineage({str(view.ref)!r}, version_of=lambda view: None).",
        )
    view.state = dict(zip(fitting.pop(), view.state, strict=True))


def _positions(registry: Registry) -> None:
    Lineage(ANY, version_of=_version_of, registry=registry).upgrade(1, Rebuild(_by_name))


PACK: Final = Pack(
    "attrs",
    "attrs classes with slots, whose values stood by position",
    rules=(
        Rule(
            "a state by position gets the names that Lineage.fields declares, and is refused "
            "without",
            "attrs 17.1 to 22.1, classes with slots",
            "any attrs, silently wrong once fields were added, moved or removed",
            declare=_positions,
        ),
    ),
)
