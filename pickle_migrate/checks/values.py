"""The answer of a check, as values."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import attrs

KEPT: Final = "kept"
BROKEN: Final = "broken"
COULD_NOT_RUN: Final = "could not run"


@attrs.frozen
class CheckFinding:
    """One thing that a check has to say. ``rule`` is its short fixed name, as in ``drift``.

    ``outcome`` is ``BROKEN`` or ``COULD_NOT_RUN``; what is kept needs no finding. ``subject``: the
    ref of a class or the path of an archived pickle. ``what`` says what happened and where,
    ``advice`` what to do, with the command that does it. ``path``, ``line``: the file of the
    repository that an annotation points at. ``details``: lines such as a difference of states.
    ``facts``: the same for programs.
    """

    rule: str
    outcome: str
    subject: str
    what: str
    advice: str = ""
    path: str = ""
    line: int | None = None
    details: tuple[str, ...] = ()
    facts: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class CheckedItem:
    """One thing that was looked at: an archived pickle or a class, and what was found. ``group`` is
    "pickle", "class" or "self-test".
    """

    group: str
    subject: str
    findings: tuple[CheckFinding, ...] = ()

    @property
    def outcome(self) -> str:
        """The worst of its findings; kept without any."""
        outcomes = {found.outcome for found in self.findings}
        return BROKEN if BROKEN in outcomes else COULD_NOT_RUN if outcomes else KEPT


@attrs.frozen
class CheckReport:
    """Everything that a check looked at, in order. ``mode`` is what was asked for."""

    items: tuple[CheckedItem, ...]
    mode: str = "backward-transitive"

    @property
    def outcome(self) -> str:
        """Broken if anything is; else could not run if anything could not; else kept. Nothing
        looked at is broken.
        """
        outcomes = {item.outcome for item in self.items}
        if BROKEN in outcomes or not outcomes:
            return BROKEN
        return COULD_NOT_RUN if COULD_NOT_RUN in outcomes else KEPT

    @property
    def findings(self) -> tuple[CheckFinding, ...]:
        """All findings, in the order of the items."""
        return tuple(found for item in self.items for found in item.findings)

    def counts(self) -> Counter[str]:
        """How many items have each outcome."""
        return Counter(item.outcome for item in self.items)
