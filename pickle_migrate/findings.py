"""What a plan or a run has to say, as data: a program reads the fields, ``report`` shows them.

Texts that come from pickles stand here as they are. Whoever shows them escapes them first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from pickle_migrate.errors import PickleMigrateError

#: A message of user code may hold a whole document; this much of it is kept.
MESSAGE_LIMIT = 1_000


@attrs.frozen
class Problem:
    """Why a file is not upgraded: the error's name, what it says, what to do, and its facts."""

    error: str
    what: str
    advice: str = ""
    facts: Mapping[str, Any] = attrs.field(factory=dict)

    @property
    def message(self) -> str:
        """What happened and what to do, as sentences."""
        return f"{self.what} {self.advice}".strip()

    @classmethod
    def of(cls, error: BaseException, doing: str = "") -> Problem:
        """The problem that an exception tells of. ``doing`` says what was tried when a foreign
        exception came, as in "loading"; our own errors say it themselves.
        """
        name = type(error).__name__
        if isinstance(error, PickleMigrateError):
            return cls(name, error.what(), error.advice(), _as_json(error.facts()))
        text = _cut(_text_of(error))
        what = f"{name}: {text}" if text else name
        return cls(name, f"{doing} failed with {what}" if doing else what)


def _as_json(facts: dict[str, Any]) -> dict[str, Any]:
    return {n: list(v) if isinstance(v, tuple) else v for n, v in facts.items()}


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # a user's exception may fail to describe itself
        return ""


def _cut(text: str) -> str:
    return text if len(text) <= MESSAGE_LIMIT else text[:MESSAGE_LIMIT] + "..."


DANGER, WARNING = "danger", "warning"


@attrs.frozen
class Finding:
    """One thing that a scan or a check has to say. ``rule`` is its short fixed name, as in
    ``trailing-data``; ``severity`` is "danger" or "warning". ``offset`` counts bytes from the start
    of the data; None: it has no place there.
    """

    rule: str
    severity: str
    offset: int | None
    message: str


@attrs.frozen
class ClassFound:
    """A class as one pickle holds it, and what it is today.

    ``ref`` and ``today`` are its name in the pickle and its name now, as texts ``module:qualname``.
    ``written`` is the version of its state in the pickle; None: nothing says which. ``current`` is
    the version of the code; None: it is not a versioned class, only its name is of interest.
    ``stamped``: the version stands in the pickle, rather than in ``versioned(unstamped=...)``.
    """

    ref: str
    today: str
    written: int | None = None
    current: int | None = None
    stamped: bool = False

    @property
    def is_renamed(self) -> bool:
        """Whether the pickle spells the name otherwise than the code."""
        return self.ref != self.today

    @property
    def changes(self) -> bool:
        """Whether its version or its name is another one after the upgrade."""
        return self.is_renamed or self.written != self.current

    def describe(self) -> str:
        """As one short phrase: ``shop.models:Order 1 -> 3``."""
        new = f"{self.today} " if self.is_renamed else ""
        if self.current is None:
            return f"{self.ref} -> {self.today}" if new else self.ref
        old = "?" if self.written is None else str(self.written)
        if new or self.changes:
            return f"{self.ref} {old} -> {new}{self.current}"
        return f"{self.ref} {old}"


# --- plans ------------------------------------------------------------------------------------

UPGRADE, CURRENT, REFUSE, NO_PICKLE = "upgrade", "current", "refuse", "not a pickle"


@attrs.frozen
class PicklePlan:
    """One pickle of a file: what it holds, what would be done, and all that is in the way.

    ``steps`` are the migrations in the order of the class they belong to, each as one line.
    ``classes`` are in the order in which the pickle first names them. ``is_old``: the pickle
    would be another one if it were written today. ``watched`` names today's classes whose objects
    carry no version here and need steps. ``let_in``: what the policy of the commands refuses, and
    ``--trust`` allowed.
    """

    protocol: int
    classes: tuple[ClassFound, ...] = ()
    steps: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_old: bool = False
    watched: tuple[str, ...] = ()
    let_in: tuple[str, ...] = ()


@attrs.frozen
class FilePlan:
    """What is to be done with one file. ``path`` is the file as the user named or reached it.

    ``action`` is ``upgrade``, ``current`` (nothing to do), ``refuse`` or ``not a pickle``.
    ``sha256`` is of the whole file as it was read. ``output``: where the new file goes with
    ``--to``. ``way``: how it is upgraded, "spliced" (names alone are edited), "static" (without
    loading) or "live"; empty for a file that is not.
    """

    path: str
    action: str
    codecs: tuple[str, ...] = ()
    pickles: tuple[PicklePlan, ...] = ()
    problems: tuple[Problem, ...] = ()
    sha256: str = ""
    output: str | None = None
    way: str = ""

    def all_problems(self) -> tuple[Problem, ...]:
        """The file's own, then those of its pickles in order, each once."""
        found = [*self.problems, *(p for pickle in self.pickles for p in pickle.problems)]
        return tuple(p for i, p in enumerate(found) if p not in found[:i])

    def all_classes(self) -> tuple[ClassFound, ...]:
        """The classes of all its pickles, each once, in the order in which they turn up."""
        return tuple(dict.fromkeys(c for pickle in self.pickles for c in pickle.classes))

    def all_steps(self) -> tuple[str, ...]:
        """The steps of all its pickles, each once, in the order in which they turn up."""
        return tuple(dict.fromkeys(s for pickle in self.pickles for s in pickle.steps))


# --- results ----------------------------------------------------------------------------------

UPGRADED, COPIED, REFUSED, FAILED = "upgraded", "copied", "refused", "failed"
WOULD_UPGRADE, NOT_REACHED = "would upgrade", "not reached"
#: Results after which the command says that some file failed.
BAD_RESULTS = frozenset([REFUSED, FAILED, NOT_REACHED])


@attrs.frozen
class FileResult:
    """What became of one file. ``result`` is ``upgraded``, ``current``, ``copied`` (with ``--to``,
    a file that was current), ``refused`` (by the plan), ``failed`` (while it was done), ``not a
    pickle``, ``would upgrade`` (``--dry-run``) or ``not reached`` (after an interrupt).
    ``warnings`` are sentences on what could not be kept of a file that was replaced. ``way``: how
    it was upgraded, as in the plan.
    """

    plan: FilePlan
    result: str
    problems: tuple[Problem, ...] = ()
    output: str | None = None
    backup: str | None = None
    warnings: tuple[str, ...] = ()
    way: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether the file was to be upgraded, or should have been a pickle, and is not done."""
        return self.result in BAD_RESULTS
