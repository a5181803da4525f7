"""What an inspection has to say of a file, as values: a program reads them, the faces show them.

Two things are told apart. ``status``: whether all was read. ``verdict``: what to think of it.
Clean means that all was read and nothing was found; what was not read is never called clean.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from pickle_migrate.findings import DANGER, Finding
from pickle_migrate.refs import GlobalRef
from pickle_migrate.scan_reader import Data
from pickle_migrate.tree_builder import Tree

COMPLETE, INCOMPLETE, DAMAGED, NO_PICKLE = "complete", "incomplete", "damaged", "no pickle"
CLEAN, SUSPICIOUS, DANGEROUS, UNKNOWN, NONE = "clean", "suspicious", "dangerous", "unknown", "none"
_WORST_FIRST: Final = (DANGEROUS, SUSPICIOUS, UNKNOWN, CLEAN, NONE)


@attrs.frozen
class GlobalFound:
    """One global of a pickle and what the policy says of it.

    ``ref`` is as the pickle spells it, ``today`` as an unpickler of Python 3 looks for it, after
    renames. ``use`` is the strongest of ``uses``. ``rule`` is what decided, ``danger`` what a
    dangerous name can do. ``count``: how many opcodes name it.
    """

    ref: GlobalRef
    today: GlobalRef
    offset: int
    uses: tuple[str, ...]
    count: int
    allowed: bool
    rule: str
    remedy: str = ""
    danger: str | None = None
    stamp: str | None = None
    via: str = "find_class"

    @property
    def use(self) -> str:
        """The strongest use."""
        return self.uses[0]

    @property
    def verdict(self) -> str:
        """``allowed`` or ``refused``."""
        return "allowed" if self.allowed else "refused"


@attrs.frozen
class PickleFound:
    """One pickle. ``place`` says where it stands when that is not the file itself: in a member of
    a container, after bytes that were left out, in a value of another pickle. ``offset`` counts
    from the start of that place, and so do the offsets of its globals and findings.

    ``nested`` are pickles in its values; their own place says which. ``steps`` are the migrations
    that it would need, each as a line, as far as declarations are known. ``data`` and ``tree`` are
    for showing it.
    """

    place: str
    offset: int
    size: int
    protocol: int
    status: str
    globals: tuple[GlobalFound, ...] = ()
    findings: tuple[Finding, ...] = ()
    nested: tuple[PickleFound, ...] = ()
    steps: tuple[str, ...] = ()
    opcodes: int = 0
    depth: int = 0
    memo: int = 0
    persistent_ids: int = 0
    buffers: int = 0
    extensions: tuple[int, ...] = ()
    tree: Tree | None = attrs.field(default=None, repr=False, eq=False)
    data: Data = attrs.field(default=b"", repr=False, eq=False)

    @property
    def verdict(self) -> str:
        """What to think of it, its nested pickles included."""
        own = _verdict(self.status, self.findings)
        return worst([own, *(one.verdict for one in self.nested)])

    def all_pickles(self) -> Iterator[PickleFound]:
        """It, and all that are nested in it, at any depth."""
        waiting = [self]
        while waiting:
            one = waiting.pop(0)
            yield one
            waiting[:0] = one.nested


@attrs.frozen
class FileFound:
    """One file. ``wrappings`` names what was around its pickles, outermost first. ``kind`` says
    what it is when it is no pickle. ``findings`` are those of the file itself; offsets count from
    its start, or, within wrappings, from the start of what was unwrapped. ``notes`` are sentences
    on what is worth knowing and no finding. ``error`` says why it could not be read at all.
    """

    path: str
    size: int = 0
    sha256: str = ""
    kind: str = ""
    wrappings: tuple[str, ...] = ()
    pickles: tuple[PickleFound, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    status: str = COMPLETE
    error: str = ""

    @property
    def verdict(self) -> str:
        """What to think of it, all its pickles included."""
        if self.error:
            return UNKNOWN
        own = _verdict(self.status, self.findings)
        return worst([own, *(one.verdict for one in self.pickles)])

    def all_pickles(self) -> Iterator[PickleFound]:
        """All its pickles, nested ones included."""
        for one in self.pickles:
            yield from one.all_pickles()

    def all_findings(self) -> list[Finding]:
        """Those of the file, then those of its pickles."""
        return [*self.findings, *(f for one in self.all_pickles() for f in one.findings)]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found and nothing was left unread."""
        return self.verdict in (CLEAN, NONE)


def worst(verdicts: list[str]) -> str:
    """The worst of some verdicts. What is no pickle says nothing about the others."""
    return min(verdicts, key=_WORST_FIRST.index)


def _verdict(status: str, findings: tuple[Finding, ...]) -> str:
    if any(finding.severity == DANGER for finding in findings):
        return DANGEROUS
    if findings:
        return SUSPICIOUS
    if status == NO_PICKLE:
        return NONE
    return CLEAN if status == COMPLETE else UNKNOWN
