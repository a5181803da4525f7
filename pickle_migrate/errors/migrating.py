"""Errors in what a pickle turns out to need."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

from pickle_migrate.errors.base import PickleMigrateError


class MigrationError(PickleMigrateError, pickle.UnpicklingError):
    """A pickle could not be migrated. Also a ``pickle.UnpicklingError``, so that drop-in callers
    that catch pickle's own error catch it. The object that was being loaded is not returned.
    """


class GapError(MigrationError):
    """A step that is needed is missing."""

    ref: str
    written: int
    missing: int
    current: int

    def what(self) -> str:
        return (
            f"{self.ref}: the pickle holds version {self.written}, the code is at version "
            f"{self.current}, and no migration leads from {self.missing} to {self.missing + 1}."
        )

    def advice(self) -> str:
        return (
            f"Declare it: Lineage({self.ref!r}).upgrade({self.missing}, ...) or "
            f"@migrates({self.ref!r}, {self.missing}). If it is declared in a module of its own, "
            "name that module in versioned(migrations=...), in [tool.pickle_migrate] migrations, "
            "or with --import."
        )


class ForeignError(MigrationError):
    """A pickle holds objects of a class of others that its lineage or pack cannot bring up to date.
    ``ref`` is the class as the pickle spells it, empty where it is no single one.
    """

    ref: str
    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"{self.ref}: {self.problem}." if self.ref else f"The pickle: {self.problem}."

    def advice(self) -> str:
        return self.remedy


class NewerVersionError(MigrationError):
    """A pickle was written by newer code than this."""

    ref: str
    written: int
    current: int

    def what(self) -> str:
        return (
            f"{self.ref}: the pickle holds version {self.written}, but this code only knows "
            f"versions up to {self.current}."
        )

    def advice(self) -> str:
        return "Deploy the newer code here, or have the newer code write the older version."


class FingerprintError(MigrationError):
    """A pickle's version number is known, but its schema is another one: it was made on another
    branch, or fields changed and the version did not.
    """

    ref: str
    version: int
    written: str
    expected: tuple[str, ...]

    def what(self) -> str:
        return (
            f"{self.ref}: version {self.version} in the pickle has the fingerprint {self.written}, "
            f"in this code {' or '.join(self.expected)}. The number is the same and the fields "
            "differ."
        )

    def advice(self) -> str:
        return (
            "If two branches both made this version, renumber one. If a field changed, raise the "
            "version. If both mean the same state, say so: "
            f"Lineage({self.ref!r}).accept_fingerprint({self.version}, {self.written!r})."
        )


class MissingFieldError(MigrationError):
    """A step needs a field that the state does not have."""

    ref: str
    version: int
    field: str
    operation: str
    present: tuple[str, ...]

    def what(self) -> str:
        if self.operation.startswith("fill=True"):
            return (
                f"{self.ref}: a pickle of version {self.version} lacks the field {self.field!r} "
                f"({self.operation}); it has {_listing(self.present)}."
            )
        return (
            f"{self.ref}: the step from version {self.version} ({self.operation}) needs the field "
            f"{self.field!r}, and the state has {_listing(self.present)}."
        )

    def advice(self) -> str:
        if self.operation.startswith("fill=True"):
            return (
                "Give the field a default in the class, or raise the version and add the field in "
                "a step: AddField(name, default=...)."
            )
        return "Correct the field's name, or give the operation a default for pickles without it."


class FieldExistsError(MigrationError):
    """A step would overwrite a field that the state already has."""

    ref: str
    version: int
    field: str
    operation: str

    def what(self) -> str:
        return (
            f"{self.ref}: the step from version {self.version} ({self.operation}) makes the field "
            f"{self.field!r}, and the state has one already; its value would be lost."
        )

    def advice(self) -> str:
        return "Remove or rename the existing field first, or choose another name."


class UnknownFieldError(MigrationError):
    """A migrated state has fields for which the class has no place."""

    ref: str
    version: int
    fields: tuple[str, ...]
    known: tuple[str, ...]

    def what(self) -> str:
        return (
            f"{self.ref}: the state, migrated from version {self.version}, has "
            f"{_listing(self.fields)}, for which the class has no place; it has "
            f"{_listing(self.known)}."
        )

    def advice(self) -> str:
        return "Add a step that removes or renames them, so that no value is dropped unseen."


class StepFailedError(MigrationError):
    """A migration function or a converter raised. ``__cause__`` is its exception."""

    ref: str
    version: int
    step: str
    reason: str

    def what(self) -> str:
        return (
            f"{self.ref}: the step from version {self.version} ({self.step}) failed: {self.reason}."
        )

    def advice(self) -> str:
        return "Correct the step for such a state; the exception's cause shows where it failed."


class StateError(MigrationError):
    """A state has a form that this class's pickles cannot have."""

    ref: str
    version: int
    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"{self.ref}, version {self.version}: {self.problem}."

    def advice(self) -> str:
        return self.remedy


class UnstampedError(MigrationError):
    """A pickle from before the class was registered, and nothing says which version it has."""

    ref: str
    current: int

    def what(self) -> str:
        return f"{self.ref}: this pickle carries no version."

    def advice(self) -> str:
        return (
            "If it was written before the class was registered, say which version that was: "
            f"@versioned({self.current}, unstamped=1)."
        )


class UnknownClassError(MigrationError):
    """A pickle names a class that cannot be found, or a stamp one that is not registered.
    ``version`` is the stamp's, 0 if there is none.
    """

    ref: str
    version: int
    reason: str

    def what(self) -> str:
        version = f" at version {self.version}" if self.version else ""
        return f"The pickle holds {self.ref}{version}, and {self.reason}."

    def advice(self) -> str:
        return (
            "If the class was renamed or moved, say so: "
            f"Lineage('new.module:NewName').renamed_from({self.ref!r}), in a module that is "
            "imported or named in [tool.pickle_migrate] migrations."
        )


class StampError(MigrationError):
    """A stamp's text is not one that pickle_migrate writes."""

    text: str
    problem: str

    def what(self) -> str:
        return f"The stamp {self.text!r} cannot be read: {self.problem}."

    def advice(self) -> str:
        return "The pickle is damaged, or was written by a newer pickle_migrate: upgrade it."


class DowngradeError(MigrationError):
    """An object cannot be written at an older version. ``version`` is the one that was asked for, 0
    for a pickle without a stamp; ``current`` is 0 where there is no such class here. Nothing was
    written.
    """

    ref: str
    version: int
    current: int
    problem: str
    remedy: str = ""

    def what(self) -> str:
        here = f", version {self.current} here," if self.current else ""
        how = f"at version {self.version}" if self.version else "without a stamp"
        return f"{self.ref}{here} cannot be written {how}: {self.problem}."

    def advice(self) -> str:
        return self.remedy


def _listing(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names) if names else "no fields"
