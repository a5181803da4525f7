"""Where two object graphs differ: places as numbers during the walk, and as text for a person."""

from __future__ import annotations

from typing import Any, Final, Literal

from attrs import frozen

from pickle_migrate.graph_atoms import text

# So many steps are shown from the top and from the end of a path, and so many characters.
_FIRST_STEPS: Final = 4
_LAST_STEPS: Final = 12
_PATH_LIMIT: Final = 240


Kind = Literal["type", "value", "length", "missing", "extra", "sharing", "order", "unreadable"]


@frozen
class Difference:
    """One place where two graphs differ.

    path: where, as Python would write it: ``[3].customer.name``; empty for the graphs themselves
    left, right: what stands there, in a few words; empty where nothing does
    kind: what differs. "missing" is in the left graph only, "extra" in the right one only;
    "sharing" is an object that is one in one graph and two in the other; "unreadable" could not
    be compared, and ``left`` and ``right`` say why
    """

    path: str
    left: str
    right: str
    kind: Kind

    def __str__(self) -> str:
        place = self.path or "the object itself"
        return f"{place}: {self.kind}: {self.left or 'nothing'} | {self.right or 'nothing'}"


class Raw(str):
    """A text that is shown as it is."""

    __slots__ = ()


class Key:
    """A step by a key, or to a member of a set; ``form`` is how it is shown."""

    __slots__ = ("form", "key")

    def __init__(self, key: Any, form: str = "[{}]") -> None:
        self.key = key
        self.form = form


#: An index, the name of a field, or one of the above.
Step = int | str | Raw | Key


class Places:
    """The places of one graph. The number 0 is the graph itself.

    A place is the number of the one above and the step from there: two list items, however deep
    the graph is.
    """

    def __init__(self) -> None:
        self._above = [0]
        self._steps: list[Step] = [""]

    def add(self, above: int, step: Step) -> int:
        """The number of a new place."""
        self._above.append(above)
        self._steps.append(step)
        return len(self._above) - 1

    def path(self, place: int) -> str:
        """A place as Python would write it, such as ``[3].customer.name``; long ones are cut."""
        steps: list[Step] = []
        while place:
            steps.append(self._steps[place])
            place = self._above[place]
        steps.reverse()
        left_out = len(steps) - _FIRST_STEPS - _LAST_STEPS
        if left_out > 1:
            middle = Raw(f"…({left_out} more)…")
            steps = [*steps[:_FIRST_STEPS], middle, *steps[-_LAST_STEPS:]]
        path = "".join(map(_shown, steps))
        if len(path) > _PATH_LIMIT:
            half = _PATH_LIMIT // 2
            path = f"{path[:half]}…{path[-half:]}"
        return path


def _shown(step: Step) -> str:
    if isinstance(step, Raw):
        return step
    if isinstance(step, Key):
        return step.form.format(text(step.key))
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f".{text(step)}"
