"""What a policy answers: verdicts on names and refusals of what a scan holds, as values."""

from __future__ import annotations

from typing import Final

import attrs

from pickle_migrate.errors import PolicyError
from pickle_migrate.refs import GlobalRef

GETATTR: Final = GlobalRef("builtins", "getattr")

#: Rules that are none of the user's: nothing allows the name; it is not known; what it is today is
#: not known; it stands behind a number.
NOT_LISTED, STANDS_ALONE, RENAMES = "not listed", "no name", "renames"
EXTENSIONS = "extension codes"
#: What a rename of the user's leads to is a class of the user's too.
MOVED = "renames to"


@attrs.frozen
class Verdict:
    """The answer for one ref. ``rule`` names what decided: a rule as it was written, a preset
    (``preset numpy``), or ``not listed``. ``remedy`` says how to allow it; empty if it is allowed.
    ``group``: the rule names a package or a pattern, so what the name leads to has to be defined
    within what is allowed; ``classes``: it has to be a class; ``member``: a member of an enum.
    Whoever resolves it looks.
    """

    allowed: bool
    rule: str
    remedy: str = ""
    group: bool = False
    classes: bool = False
    member: bool = False


# Only as nested classes need it: whoever loads puts a checked one in its place.
OF_CLASSES: Final = Verdict(True, "getattr of classes")
BARE: Final = Verdict(False, "getattr", "There is no way to allow getattr itself.")


@attrs.frozen
class Refusal:
    """One thing in a scan that a policy refuses. ``ref`` is as the pickle spells it, None where
    there is no name. ``offset`` counts bytes from the start of the data. ``problem`` is a phrase
    that follows the ref.
    """

    ref: GlobalRef | None
    offset: int
    rule: str
    problem: str
    remedy: str = ""

    def error(self) -> PolicyError:
        """The refusal as an exception."""
        ref = "" if self.ref is None else str(self.ref)
        return PolicyError(ref, self.offset, self.rule, self.problem, self.remedy)
