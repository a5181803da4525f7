"""Errors in what a user declares: they are raised when it is declared."""

from __future__ import annotations

from pickle_migrate.errors.base import PickleMigrateError


class DeclarationError(PickleMigrateError):
    """Something that the program declares cannot be right. Raised when it is declared."""


class RefError(DeclarationError):
    """A text that should name a class is not of the form ``module:qualname``."""

    text: str

    def what(self) -> str:
        return f"{self.text!r} does not name a class."

    def advice(self) -> str:
        return "Write it as 'module:qualname', for example 'shop.models:Order'."


class RuleError(DeclarationError):
    """A rule of a policy cannot be read, or a preset is not known."""

    rule: str
    problem: str

    def what(self) -> str:
        return f"The rule {self.rule!r} cannot be used: {self.problem}."

    def advice(self) -> str:
        return (
            "Rules are refs ('shop.models:Order'), packages ('shop.*'), patterns ('shop.*:Order*') "
            "or '*' for everything."
        )


class VersionNumberError(DeclarationError):
    """A version is not a whole number from 1 up, or two versions contradict each other."""

    ref: str
    problem: str

    def what(self) -> str:
        return f"{self.ref}: {self.problem}."

    def advice(self) -> str:
        return "Versions are whole numbers from 1; unstamped= is at most the current version."


class ArgumentError(DeclarationError):
    """A call that declares something has an argument that cannot be meant."""

    call: str
    problem: str

    def what(self) -> str:
        return f"{self.call}: {self.problem}."

    def advice(self) -> str:
        return "Correct the call; nothing was declared."


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
