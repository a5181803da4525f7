"""Every error that pickle_migrate raises.

Each error says what happened, where, and what to do. The facts are attributes, so a program can
act on them without reading the sentence. Every error survives pickling and copying: its ``args``
are its fields, in order.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any, ClassVar, dataclass_transform

_MISSING = object()


@dataclass_transform()
class PickleMigrateError(Exception):
    """Base of all errors of this package. ``str(error)`` is a sentence for a person.

    A child class names its facts as annotated fields; they are given by position or by name, and
    are attributes. Not an attrs class: twenty of those would be a sixth of this package's import
    time.
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls._fields += tuple(name for name in vars(cls).get("__annotations__", ()))

    def __init__(self, *values: Any, **named: Any) -> None:
        given = dict(zip(self._fields, values, strict=False)) | named
        facts = {name: given.get(name, getattr(self, name, _MISSING)) for name in self._fields}
        if (
            len(values) + len(named) != len(given)
            or _MISSING in facts.values()
            or not (given.keys() <= facts.keys())
        ):
            names = ", ".join(self._fields)
            raise TypeError(f"{type(self).__name__} takes the fields {names}, not {given}")
        super().__init__(*facts.values())
        vars(self).update(facts)

    def __str__(self) -> str:
        return " ".join(part for part in (self.what(), self.advice()) if part)

    def facts(self) -> dict[str, Any]:
        """The facts by name, in the order of the fields."""
        return {name: getattr(self, name) for name in self._fields}

    def what(self) -> str:
        """What happened and where, as one or two sentences."""
        return type(self).__name__

    def advice(self) -> str:
        """What to do about it, as one sentence; empty when there is nothing to add."""
        return ""


# --- what a user declares ---------------------------------------------------------------------


class DeclarationError(PickleMigrateError):
    """Something that the program declares cannot be right. Raised when it is declared."""


class RefError(DeclarationError):
    """A text that should name a class is not of the form ``module:qualname``."""

    text: str

    def what(self) -> str:
        return f"{self.text!r} does not name a class."

    def advice(self) -> str:
        return "Write it as 'module:qualname', for example 'shop.models:Order'."


class VersionNumberError(DeclarationError):
    """A version is not a whole number from 1 up, or two versions contradict each other."""

    ref: str
    problem: str

    def what(self) -> str:
        return f"{self.ref}: {self.problem}."

    def advice(self) -> str:
        return "Versions are whole numbers from 1; unstamped= is at most the current version."


class UnsupportedShapeError(DeclarationError):
    """A class pickles in a way that cannot be versioned as asked."""

    ref: str
    problem: str
    remedy: str

    def what(self) -> str:
        return f"{self.ref} cannot be versioned: {self.problem}."

    def advice(self) -> str:
        return self.remedy


class DuplicateStepError(DeclarationError):
    """Two different migrations of one class start from the same version."""

    ref: str
    version: int
    first: str
    second: str

    def what(self) -> str:
        return (
            f"{self.ref} has two migrations from version {self.version}: "
            f"one at {self.first}, one at {self.second}."
        )

    def advice(self) -> str:
        return "Keep one, or renumber the later one and raise the class's version."


class RenameLoopError(DeclarationError):
    """Renames lead round in a circle and end at no class."""

    refs: tuple[str, ...]

    def what(self) -> str:
        return f"Renames go round in a circle: {' -> '.join(self.refs)}."

    def advice(self) -> str:
        return "Remove one of them; the newest name is renamed to nothing."


class AmbiguousRenameError(DeclarationError):
    """A name is one class's today and was another's before, and nothing says until when."""

    ref: str
    candidates: tuple[str, ...]

    def what(self) -> str:
        return f"{self.ref} may mean any of {', '.join(self.candidates)}."

    def advice(self) -> str:
        return (
            "Say up to which version the old name holds: "
            f"Lineage(...).renamed_from({self.ref!r}, until=N)."
        )


class OperationError(DeclarationError):
    """A declared operation, or a chain of them, contradicts itself."""

    operation: str
    problem: str

    def what(self) -> str:
        return f"{self.operation}: {self.problem}."

    def advice(self) -> str:
        return "Correct the operation, or the one that it contradicts."


class SettingsError(DeclarationError):
    """A settings file cannot be read or holds a wrong value."""

    path: str
    problem: str

    def what(self) -> str:
        return f"Settings in {self.path}: {self.problem}."

    def advice(self) -> str:
        return "Correct it there; nothing was loaded."


# --- what a pickle turns out to need ----------------------------------------------------------


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
        return (
            f"{self.ref}: the step from version {self.version} ({self.operation}) needs the field "
            f"{self.field!r}, and the state has {_listing(self.present)}."
        )

    def advice(self) -> str:
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


# --- bytes and files --------------------------------------------------------------------------


class PickleFormatError(PickleMigrateError, pickle.UnpicklingError):
    """Bytes are not a pickle, or a damaged one. ``offset`` counts bytes from the start."""

    problem: str
    offset: int

    def what(self) -> str:
        return f"Not a complete pickle: {self.problem} at byte {self.offset}."

    def advice(self) -> str:
        return "Take the bytes from another copy; nothing was loaded from these."


class FileError(PickleMigrateError):
    """A file was not read or not written. The file is as it was."""

    path: str
    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"{self.path}: {self.problem}."

    def advice(self) -> str:
        return self.remedy


class CompressionError(PickleMigrateError):
    """Compressed bytes were not taken apart: damaged, cut short, followed by others, too large."""

    codec: str
    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"The {self.codec} data {self.problem}."

    def advice(self) -> str:
        return self.remedy


class ContentError(PickleMigrateError):
    """A file holds something else than pickles, or pickles that only their program can read."""

    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"The file {self.problem}."

    def advice(self) -> str:
        return self.remedy


class RequestError(PickleMigrateError):
    """A command was asked for something that it cannot begin. Nothing was changed."""

    problem: str
    remedy: str = ""

    def what(self) -> str:
        return f"{self.problem}."

    def advice(self) -> str:
        return self.remedy


class VerificationError(PickleMigrateError):
    """A new pickle was read back and is not what was to be written. It was not put in place.

    ``differences`` say where, the first few of them.
    """

    problem: str
    differences: tuple[str, ...] = ()

    def what(self) -> str:
        where = f": {'; '.join(self.differences)}" if self.differences else ""
        return f"The new pickle {self.problem}{where}."

    def advice(self) -> str:
        return "The file was left as it was."


class TooDeepError(PickleMigrateError, pickle.PicklingError, RecursionError):
    """A graph is nested too deep to be written again. ``depth_limit`` is what was tried. Also a
    RecursionError, which is what pickle raises then.
    """

    depth_limit: int = 0

    def what(self) -> str:
        return "The objects are nested too deep to be pickled."

    def advice(self) -> str:
        return "Give the class a __getstate__ that flattens the chain, then load and dump again."


def _listing(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names) if names else "no fields"
