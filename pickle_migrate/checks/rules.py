"""What a check can find: the rules by name, and what each says in a line.

The names are stable. docs/reference/checks.md says of each what it is, why it matters and what to
do; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DRIFT: Final = "drift"
NOT_LOCKED: Final = "not-locked"
GONE: Final = "gone"
OLDER_THAN_LOCK: Final = "older-than-lock"
SAME_VERSION: Final = "same-version"
GAP: Final = "gap"
NO_SAMPLE: Final = "no-sample"
CANNOT_WRITE: Final = "cannot-write"
EMPTY_ARCHIVE: Final = "empty-archive"
NOT_READ: Final = "not-read"
NO_PICKLE: Final = "no-pickle"
BYTES_CHANGED: Final = "bytes-changed"
MISSING_REF: Final = "missing-ref"
DOES_NOT_LOAD: Final = "does-not-load"
OTHER_STATE: Final = "other-state"
NOT_DETERMINISTIC: Final = "not-deterministic"
TOUCHES_OTHERS: Final = "touches-others"
NOT_NOTICED: Final = "not-noticed"
SETTINGS: Final = "settings"
MODULE: Final = "module"
LOCK: Final = "lock"
RECORD: Final = "record"
AGAINST: Final = "against"

#: Name to what it says.
RULES: Final[Mapping[str, str]] = {
    DRIFT: "The fields or the state of a class changed, and its version did not.",
    NOT_LOCKED: "The lock does not have this class, or not its version.",
    GONE: "The lock has a class that the code no longer has, under no name.",
    OLDER_THAN_LOCK: "The code has an older version of a class than the lock.",
    SAME_VERSION: "Two branches both made this version of a class.",
    GAP: "A step is missing between a version that there was and today's.",
    NO_SAMPLE: "No archived pickle holds this version of a class.",
    CANNOT_WRITE: "What earlier code reads cannot be written, or reads back as something else.",
    EMPTY_ARCHIVE: "There is no archived pickle at all.",
    NOT_READ: "A file in the archive that no record describes, so that nobody reads it.",
    NO_PICKLE: "A record without the pickle that it describes.",
    BYTES_CHANGED: "The bytes of an archived pickle are not those that were archived.",
    MISSING_REF: "An archived pickle names what is neither registered, renamed nor importable.",
    DOES_NOT_LOAD: "An archived pickle does not load.",
    OTHER_STATE: "An archived pickle loads with a state other than its recorded one.",
    NOT_DETERMINISTIC: "The same bytes give another state each time.",
    TOUCHES_OTHERS: "A step changes an object other than its own.",
    NOT_NOTICED: "The self-test broke something on purpose, and no check noticed.",
    SETTINGS: "The settings cannot be used.",
    MODULE: "A module that the settings name cannot be imported.",
    LOCK: "The lock cannot be read.",
    RECORD: "The record of an archived pickle cannot be read.",
    AGAINST: "The other branch cannot be compared with.",
}
